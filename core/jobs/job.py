"""A job as its row says: what was asked for, how far it is, how it ended."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class JobStatus(StrEnum):
    """Where a job stands. Queued and running jobs are live; the other four are final and never change."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"  # its worker died and it could not be started again by itself


LIVE = (JobStatus.QUEUED, JobStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the queue.

    Attributes:
        kind: a name in `kinds.KINDS`; the row never says which code runs.
        venture: the venture's key; there is at most one live job per kind and venture.
        done, total: progress in a unit of the job's own, 0 <= done <= total; total is 0 until it is known.
        note: a few words for a person on what is being done.
        error: why it ended without a result, for a person; never raw data.
        cancel: somebody asked it to stop.
        attempt: how often it was started; the number fences off a process of an earlier attempt.
        losses: how often its worker died under it.
        owner: the worker that runs it: host, process, random.
        lease: until when that worker vouches for it.
        run_dir: its folder for log, checkpoints and artefacts, the same for every attempt.
        external_id: what the launcher calls its process.
    """

    id: int
    kind: str
    venture: str
    params: dict[str, Any]
    status: JobStatus
    done: float
    total: float
    note: str
    result: dict[str, Any]
    error: str
    cancel: bool
    attempt: int
    losses: int
    owner: str
    lease: datetime | None
    run_dir: str
    requested_by: str
    external_id: str
    created: datetime
    started: datetime | None
    ended: datetime | None

    @property
    def live(self) -> bool:
        """Whether it still waits or runs."""
        return self.status in LIVE
