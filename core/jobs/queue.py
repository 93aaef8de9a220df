"""The queue: every change of a job's row, and the one door to a final state.

    queued ──claim──► running ──finish──► done, failed, cancelled, lost
       │  ▲              │
       │  └───requeue────┘   (resumable, its worker died or was stopped)
       └──cancel──► cancelled

Whoever runs a job names its attempt with every write. A write of an earlier attempt finds no row and does nothing, so
a process that outlived its worker can change neither progress nor result.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from core import store
from core.errors import InputError
from core.jobs.job import LIVE, Job, JobStatus
from core.jobs.kinds import KINDS, find
from core.settings import Settings

MAX_LOSSES = 2  # a third crash under the same job is no accident
STOPPED = "the worker was stopped; run it again"
LOST = "lost: the worker that ran it died; run it again"

_jobs = store.jobs
_c = store.jobs.c


# What pages and the command line call


def submit(
    engine: Engine,
    settings: Settings,
    kind: str,
    *,
    venture: str = "",
    params: Mapping[str, Any] | None = None,
    requested_by: str = "",
) -> int:
    """Queue a job and return its id; where the same kind already waits or runs for the venture, that one's id.

    Raises:
        InputError: there is no such kind, or too many jobs wait already.
    """
    find(kind)
    with store.writing(engine) as c:
        store.one_at_a_time(c)
        twin = sa.select(_c.id).where(_c.kind == kind, _c.venture == venture, _c.status.in_(LIVE))
        found: int | None = c.execute(twin).scalar()
        if found is not None:
            return found
        waiting = c.execute(sa.select(sa.func.count()).where(_c.status == JobStatus.QUEUED)).scalar_one()
        if waiting >= settings.queue_limit:
            raise InputError(
                f"{waiting} jobs wait already, the most that PREFLIGHT_QUEUE_LIMIT allows. Cancel some or let them end."
            )
        row = _NEW | {"kind": kind, "venture": venture, "params": dict(params or {}), "requested_by": requested_by}
        job_id: int = c.execute(sa.insert(_jobs).values(**row, created=store.now(c)).returning(_c.id)).scalar_one()
        c.execute(sa.update(_jobs).where(_c.id == job_id).values(run_dir=str(Path(settings.runs) / str(job_id))))
        return job_id


def get(engine: Engine, job_id: int) -> Job | None:
    """Return a job, or None where there is none of that id."""
    if not 0 < job_id < 2**31:  # an address typed by hand; the databases answer it with an error
        return None
    with store.reading(engine) as c:
        row = c.execute(sa.select(_jobs).where(_c.id == job_id)).first()
    return _job(row) if row else None


def jobs(engine: Engine, *, venture: str | None = None, live: bool | None = None, limit: int = 100) -> list[Job]:
    """Return jobs, newest first; of one venture, or only live (or only ended) ones, where asked."""
    query = sa.select(_jobs).order_by(_c.id.desc()).limit(limit)
    if venture is not None:
        query = query.where(_c.venture == venture)
    if live is not None:
        query = query.where(_c.status.in_(LIVE) if live else _c.status.not_in(LIVE))
    with store.reading(engine) as c:
        return [_job(row) for row in c.execute(query)]


def cancel(engine: Engine, job_id: int) -> bool:
    """Ask a job to stop: one that waits is cancelled at once, one that runs by its worker. False where it had ended.

    Raises:
        InputError: there is no such job.
    """
    if get(engine, job_id) is None:
        raise InputError(f"There is no job {job_id}.")
    with store.writing(engine) as c:
        row = c.execute(sa.select(_c.status).where(_c.id == job_id).with_for_update()).one()
        if row.status == JobStatus.QUEUED:
            return finish(c, job_id, JobStatus.CANCELLED)
        flagged = sa.update(_jobs).where(_c.id == job_id, _c.status == JobStatus.RUNNING).values(cancel=True)
        return c.execute(flagged).rowcount == 1


# What workers and the processes of jobs call


def claim(engine: Engine, owner: str, lease_s: float) -> Job | None:
    """Take the oldest waiting job, or None where none waits. One statement, so no two workers take the same one."""
    with store.writing(engine) as c:
        moment = store.now(c)
        oldest = sa.select(_c.id).where(_c.status == JobStatus.QUEUED).order_by(_c.id).limit(1)
        taken = (
            sa.update(_jobs)
            .where(_c.id == oldest.with_for_update(skip_locked=True).scalar_subquery(), _c.status == JobStatus.QUEUED)
            .values(
                status=JobStatus.RUNNING,
                attempt=_c.attempt + 1,
                owner=owner,
                lease=moment + timedelta(seconds=lease_s),
                started=moment,
                note="starting",
                external_id="",
            )
            .returning(*_c)
        )
        row = c.execute(taken).first()
    return _job(row) if row else None


def launched(engine: Engine, job: Job, external_id: str) -> None:
    """Note what the launcher calls the job's process."""
    with store.writing(engine) as c:
        c.execute(sa.update(_jobs).where(*_own(job.id, job.attempt)).values(external_id=external_id))


def renew(engine: Engine, owner: str, job_ids: Iterable[int], lease_s: float) -> None:
    """Vouch for these jobs of a worker for another `lease_s` seconds; one it lost track of is left to expire."""
    with store.writing(engine) as c:
        until = store.now(c) + timedelta(seconds=lease_s)
        mine = (_c.id.in_(list(job_ids)), _c.owner == owner, _c.status == JobStatus.RUNNING)
        c.execute(sa.update(_jobs).where(*mine).values(lease=until))


def progress(engine: Engine, job_id: int, attempt: int, done: float, total: float, note: str) -> bool:
    """Write how far an attempt is. False where it should stop: it was cancelled, or the job is no longer its own."""
    total = total if math.isfinite(total) and total > 0 else 0.0
    done = min(max(done, 0.0), total) if math.isfinite(done) else 0.0
    values = {"done": done, "total": total, "note": _text(note, 200)}
    with store.writing(engine) as c:
        mine = sa.update(_jobs).where(*_own(job_id, attempt), ~_c.cancel).values(**values)
        return c.execute(mine).rowcount == 1


def still_working(engine: Engine, job: Job, note: str) -> bool:
    """Replace the note of a running job whose process is silent. False where it spoke meanwhile: its word stands."""
    unchanged = (*_own(job.id, job.attempt), _c.note == job.note, _c.done == job.done, _c.total == job.total)
    with store.writing(engine) as c:
        return c.execute(sa.update(_jobs).where(*unchanged).values(note=_text(note, 200))).rowcount == 1


def owns(engine: Engine, job_id: int, attempt: int) -> bool:
    """Tell whether the job still runs as this attempt."""
    with store.reading(engine) as c:
        return c.execute(sa.select(_c.id).where(*_own(job_id, attempt))).first() is not None


def states(engine: Engine, job_ids: Iterable[int]) -> dict[int, Job]:
    """The rows of some jobs, by id."""
    with store.reading(engine) as c:
        return {row.id: _job(row) for row in c.execute(sa.select(_jobs).where(_c.id.in_(list(job_ids))))}


def waiting(engine: Engine) -> bool:
    """Tell whether a job waits to be claimed: a read, where asking by a claim would be a write."""
    return _any(engine, _c.status == JobStatus.QUEUED)


def busy(engine: Engine) -> bool:
    """Tell whether any job waits or runs, whoever runs it."""
    return _any(engine, _c.status.in_(LIVE))


def finish(
    connection: Connection,
    job_id: int,
    status: JobStatus,
    *,
    attempt: int | None = None,
    result: Mapping[str, Any] | None = None,
    error: str = "",
) -> bool:
    """End a job: the one door to a final state. False, and nothing written, where it has ended or is not the caller's.

    Args:
        connection: a writing transaction, so that what belongs to the end is kept with it or not at all.
        job_id: the job.
        status: done, failed, cancelled or lost.
        attempt: the running attempt that ends; None ends a job that still waits, which can only be cancelled.
        result: what it made.
        error: why it made nothing.
    """
    if status in LIVE or (attempt is None and status is not JobStatus.CANCELLED):
        raise ValueError(f"a job cannot end as {status} from there")
    own = (_c.id == job_id, _c.status == JobStatus.QUEUED) if attempt is None else _own(job_id, attempt)
    values: dict[str, Any] = {"status": status, "ended": store.now(connection), "lease": None}
    values |= {"result": dict(result or {}), "error": _text(error, 4000)}
    if status is JobStatus.DONE:
        values["done"] = _c.total
    return connection.execute(sa.update(_jobs).where(*own).values(**values)).rowcount == 1


def abandon(connection: Connection, job: Job, *, crashed: bool) -> None:
    """Settle a running job whose worker is gone: cancelled if that was asked, queued again if resumable, else lost.

    A worker that was stopped on purpose (`crashed` False) does not count against the job.
    """
    losses = job.losses + crashed
    kind = KINDS.get(job.kind)
    if job.cancel:
        finish(connection, job.id, JobStatus.CANCELLED, attempt=job.attempt)
    elif kind and kind.resumable and losses <= MAX_LOSSES:
        values = {"status": JobStatus.QUEUED, "owner": "", "lease": None, "losses": losses}
        values["note"] = "interrupted; goes on from where it was"
        connection.execute(sa.update(_jobs).where(*_own(job.id, job.attempt)).values(**values))
    else:
        finish(connection, job.id, JobStatus.LOST, attempt=job.attempt, error=LOST if crashed else STOPPED)


def recover(engine: Engine) -> list[Job]:
    """Settle every running job whose lease ran out, and return them as they were."""
    with store.reading(engine) as c:
        if c.execute(_expired(c)).first() is None:
            return []
    with store.writing(engine) as c:
        found = [_job(row) for row in c.execute(_expired(c).with_for_update(skip_locked=True))]
        for job in found:
            abandon(c, job, crashed=True)
    return found


def _expired(connection: Connection) -> sa.Select[Any]:
    return sa.select(_jobs).where(_c.status == JobStatus.RUNNING, _c.lease < store.now(connection))


def _own(job_id: int, attempt: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (_c.id == job_id, _c.attempt == attempt, _c.status == JobStatus.RUNNING)


def _any(engine: Engine, condition: sa.ColumnElement[bool]) -> bool:
    with store.reading(engine) as c:
        return c.execute(sa.select(_c.id).where(condition).limit(1)).first() is not None


def _job(row: sa.Row[Any]) -> Job:
    values = dict(row._mapping)
    return Job(**values | {"status": JobStatus(values["status"])})


def _text(text: str, most: int) -> str:
    """What both databases can hold: file names may carry bytes that are no text."""
    return text.encode(errors="replace").decode().replace("\0", "")[:most]


_NEW: dict[str, Any] = {
    "status": JobStatus.QUEUED,
    "done": 0.0,
    "total": 0.0,
    "note": "",
    "result": {},
    "error": "",
    "cancel": False,
    "attempt": 0,
    "losses": 0,
    "owner": "",
    "run_dir": "",
    "external_id": "",
}
