"""Watching jobs from outside: the end of a log, and waiting on the command line."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy.engine import Engine

from core.errors import InputError
from core.jobs import queue
from core.jobs.ensure import ensure_worker, log
from core.jobs.job import Job, JobStatus
from core.jobs.launch import LOG
from core.settings import Settings

_TAIL_BYTES = 64 * 1024
_POLL_S = 0.2
_ENSURE_S = 1.0
_MOST_STARTS = 5  # of a worker, without one job taken: then it is broken, not unlucky


def tail(job: Job, lines: int = 200) -> str:
    """The last lines of a job's log, at most 64 KiB; empty where there is none yet."""
    try:
        with open(Path(job.run_dir) / LOG, "rb") as f:
            size = f.seek(0, os.SEEK_END)
            f.seek(max(0, size - _TAIL_BYTES))
            text = f.read().decode(errors="replace")
    except OSError:
        return ""
    # A progress bar rewrites its line: what was there before the last return is of no use.
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.strip("\n").split("\n")[-lines:])


def _nobody(job: Job) -> None:
    """Listen to nothing."""


def wait(
    engine: Engine, settings: Settings, ids: Sequence[int], on_progress: Callable[[Job], None] = _nobody
) -> list[Job]:
    """Wait until jobs have ended, keep a worker alive meanwhile, and return them in the order asked for.

    `on_progress` gets each job when it is first seen and whenever its row changed. A KeyboardInterrupt is the caller's:
    the jobs go on.

    Raises:
        InputError: there is no such job, or the worker cannot start.
    """
    seen: dict[int, Job] = {}
    starts, ensure_at = 0, 0.0
    while True:
        rows = queue.states(engine, ids)
        if missing := [i for i in ids if i not in rows]:
            raise InputError(f"There is no job {missing[0]}.")
        for job_id, job in rows.items():
            if _visible(seen.get(job_id)) != _visible(job):
                seen[job_id] = job
                on_progress(job)
        if not any(job.live for job in rows.values()):
            return [rows[i] for i in ids]
        if any(job.status == JobStatus.RUNNING for job in rows.values()):
            starts = 0
        if time.monotonic() >= ensure_at:
            starts += ensure_worker(settings)
            ensure_at = time.monotonic() + _ENSURE_S
        if starts > _MOST_STARTS:
            raise InputError(f"The worker that runs jobs ends as soon as it starts. Its log says why: {log(settings)}")
        time.sleep(_POLL_S)


def _visible(job: Job | None) -> tuple[object, ...]:
    return (job.status, job.done, job.total, job.note, job.cancel, job.attempt) if job else ()
