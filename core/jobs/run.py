"""A job's own process: `python -m core.jobs.run ID ATTEMPT`, started by a worker.

With `--ahead MODULE` instead it imports that module and waits until the worker hands it a job, so that a person who
presses a button does not wait for libraries.

It runs the kind's function, says how far it is, and ends the job itself: result, evidence and final state are one
transaction. What it cannot say, because it was killed, its worker says for it.
"""

import faulthandler
import importlib
import json
import os
import resource
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from core import store, venture
from core.errors import InputError
from core.evidence import Evidence
from core.feeds import FEEDS, fed, inputs_of
from core.jobs import faults, queue
from core.jobs.job import Job, JobStatus
from core.jobs.kinds import Kind, find
from core.jobs.launch import AHEAD, WORKER_PID
from core.jobs.report import Reporter
from core.progress import Cancelled, Progress
from core.settings import settings

DAYS_VALID = 90
STOPPED = 3  # exit code of a run that was told to stop; its worker knows why
_WATCH_S = 0.25


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run made: its result, and the evidence that is stored with it under the venture's key."""

    result: Mapping[str, Any]
    venture_key: str = ""
    records: tuple[Evidence, ...] = field(default=())


def main(arguments: list[str]) -> int:
    """Run one attempt of a job; the exit code is 0 where it ended the job, by whatever final state."""
    if arguments[0] == AHEAD:
        arguments = _handed_over(arguments[1])
        if not arguments:
            return 0
    job_id, attempt = map(int, arguments)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a parent that ignores it would have passed that on
    faulthandler.enable()
    faults.guard_output()
    config = settings()
    engine = store.connect(config)
    job = queue.get(engine, job_id)
    if job is None or job.attempt != attempt or job.status != JobStatus.RUNNING:
        return STOPPED
    _say(f"job {job.id} ({job.kind}), attempt {attempt}")
    reporter = Reporter(engine, job_id, attempt)
    guard = Guard(engine, job, reporter, every_s=config.lease_s / 3)
    guard.start()
    try:
        _limit_memory(config.job_memory_mb)
        with _own_folder(Path(job.run_dir), config.lease_s + 5):
            outcome = execute(job, reporter)
        guard.stop()
        reporter.flush(last=True)
        complete(engine, job, outcome)
    except Cancelled:
        _say("stopped")
        return STOPPED
    except Exception as e:
        guard.stop()
        reporter.flush(last=True)
        print(faults.describe(e), file=sys.stderr, flush=True)
        _fail(engine, job, faults.message(e))
    _say("ended")
    return 0


def _handed_over(module: str) -> list[str]:
    """Import a module, then wait for a job's id and attempt; empty where the worker left without one.

    Meanwhile it does what its kind of job can do early, for the venture that the worker names.
    """
    with suppress(Exception):  # the job meets the same error, and tells it in its own log
        importlib.import_module(module)
    told: dict[str, Any] = {}
    with open(0, "rb", buffering=0, closefd=False) as lines:  # no buffer, so that `_until_told` sees what waits
        while "id" not in told:
            line = lines.readline()
            if not line:
                return []
            told = json.loads(line)
            if "id" not in told:
                with suppress(Exception):
                    _do_early(told)
    with open(told["log"], "ab") as log, open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    return [str(told["id"]), str(told["attempt"])]


def _do_early(told: Mapping[str, Any]) -> None:
    kind = find(told["kind"])
    subject = venture.load(Path(told["venture"]), tuple(Path(root) for root in told["roots"]))
    kind.load(kind.early)(subject, _until_told)


def _until_told(done: float, total: float, note: str = "") -> None:
    """Progress that ends the work once the worker has something to say."""
    if select.select([0], [], [], 0)[0]:
        raise Cancelled


def execute(job: Job, progress: Progress) -> Outcome:
    """Call the kind's function and return what it made; nothing is stored yet."""
    kind = find(job.kind)
    if kind.room:
        return measure(kind, job, progress)
    return Outcome(kind.load()(job.params, Path(job.run_dir), progress) or {})


def measure(kind: Kind, job: Job, progress: Progress) -> Outcome:
    """Let a room measure a venture and bind its evidence to the inputs it was drawn from.

    Raises:
        InputError: the venture cannot be read, or an input changed while it was being measured.
    """
    file = Path(job.params.get("venture") or job.venture)
    roots = tuple(Path(root) for root in job.params.get("roots", ()))
    subject = venture.load(file, roots)
    before, read = _follows_from(kind.room, subject)
    handed = (read,) if read is not None else ()
    start = time.monotonic()
    records: list[Evidence] = kind.load()(subject, Path(job.run_dir), progress, *handed)
    seconds = time.monotonic() - start
    after, _ = _follows_from(kind.room, venture.load(file, roots))
    if changed := sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)):
        raise InputError(
            f"Changed while it was being measured: {', '.join(changed)}. Nothing was stored; run it again."
        )
    if foreign := sorted(record.id for record in records if record.room != kind.room):
        raise ValueError(f"{kind.name} measured another room's figures: {', '.join(foreign)}")
    bound = tuple(record.with_inputs(before, days_valid=DAYS_VALID) for record in records)
    return Outcome({"evidence": [r.id for r in bound], "seconds": round(seconds, 3)}, subject.key, bound)


def _follows_from(room: str, subject: venture.Venture) -> tuple[dict[str, str], dict[str, Evidence] | None]:
    """What a room's evidence follows from, and the records of other rooms that its door is handed, if it reads any."""
    if room not in FEEDS:
        return subject.inputs(room), None
    records = store.latest(store.connect(settings()), subject.key, detail=True)
    return inputs_of(room, subject, records), fed(room, records)


def complete(engine: Engine, job: Job, outcome: Outcome) -> None:
    """Store the evidence and end the job as done, in one transaction.

    Raises:
        Cancelled: the job is no longer this attempt's; nothing is stored.
    """
    with store.writing(engine) as c:
        store.append_to(c, outcome.venture_key, outcome.records, run=job.id)
        if not queue.finish(c, job.id, JobStatus.DONE, attempt=job.attempt, result=outcome.result):
            raise Cancelled


def _fail(engine: Engine, job: Job, error: str) -> None:
    with store.writing(engine) as c:
        queue.finish(c, job.id, JobStatus.FAILED, attempt=job.attempt, error=error)


class Guard(threading.Thread):
    """Watches beside the work: kills the process group when its worker died or the job is no longer its own.

    The work itself may be deep in a library and report nothing for long, so this cannot wait for its next report.
    """

    def __init__(self, engine: Engine, job: Job, reporter: Reporter, *, every_s: float) -> None:
        """Watch one attempt; look at its row every `every_s` seconds."""
        super().__init__(name="guard", daemon=True)
        self._engine, self._job, self._reporter, self._every_s = engine, job, reporter, every_s
        self._worker = int(os.environ.get(WORKER_PID, 0))  # absent where a launcher of another machine started it
        self._over = threading.Event()

    def run(self) -> None:
        """Watch until told to stop."""
        look_at = time.monotonic() + self._every_s
        while not self._over.wait(_WATCH_S):
            if self._worker and os.getppid() != self._worker:
                _end_group("its worker died")
            try:
                self._reporter.flush()
                if time.monotonic() >= look_at:
                    look_at = time.monotonic() + self._every_s
                    if not queue.owns(self._engine, self._job.id, self._job.attempt) and not self._over.is_set():
                        _end_group("the job is no longer its own")
            except SQLAlchemyError:
                continue  # the database is away; the next look will tell

    def stop(self) -> None:
        """Stop watching: the work is done and only its end is left to write."""
        self._over.set()
        self.join()


def _end_group(why: str) -> None:
    _say(f"stopped: {why}")
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def _own_folder(folder: Path, wait_s: float) -> Iterator[None]:
    """Hold the run's folder, so that an earlier attempt that is still ending cannot write into it beside this one.

    Raises:
        InputError: it does not end within `wait_s` seconds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=wait_s)
    except Timeout:
        raise InputError(
            "An earlier attempt of this job still runs and cannot be stopped; end it, run again."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _limit_memory(megabytes: int) -> None:
    if megabytes:
        try:
            resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))
        except (ValueError, OSError):
            _say("this system sets no limit on memory; PREFLIGHT_JOB_MEMORY_MB has no effect")


def _say(text: str) -> None:
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
