"""The worker: `python -m core.jobs.worker`. Claims jobs, looks after their processes, and settles what others lost.

Pages start it on demand and it ends after `idle_s` without work; in production the same command runs as a service of
its own, so that restarting the dashboard restarts no job.
"""

import argparse
import logging
import os
import secrets
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from core import store
from core.errors import InputError
from core.jobs import ensure, faults, queue
from core.jobs.job import Job, JobStatus
from core.jobs.kinds import KINDS
from core.jobs.launch import Launcher, LocalLauncher
from core.settings import Settings, settings

_TICK_S = 0.2
_HASTE_S = 0.05  # the tick while a process is being stopped: somebody waits for it
_QUIET_S = 1.0  # after so long without a word from a process a person wants to see that it still works
_LINGER_S = 5.0  # how long a process may take to exit after it ended its job
_log = logging.getLogger("worker")


@dataclass
class _Run:
    job: Job
    process: str
    stopping: bool = False
    ended_at: float | None = None
    said: tuple[float, float, str] | None = None  # what the process last said of itself
    said_at: float = 0.0
    shown: str = ""  # the same words with the seconds since, where this worker wrote them
    shown_at: float = 0.0


class Worker:
    """Up to `slots` jobs at a time, each renewed, cancelled and concluded by `tick`."""

    def __init__(self, engine: Engine, config: Settings, launcher: Launcher, lock: int) -> None:
        """Work on the queue of `engine` with processes of `launcher`; `lock` says that this worker is alive."""
        self._engine, self._config, self._launcher, self._lock = engine, config, launcher, lock
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._runs: dict[int, _Run] = {}
        self._renew_at = 0.0
        self._busy_at = time.monotonic()
        self._stop = threading.Event()

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Ask it to end; also the handler of SIGTERM."""
        self._stop.set()

    def work(self) -> None:
        """Work until asked to stop, or until there was nothing to do for `idle_s`."""
        while not self._stop.is_set():
            pause = _TICK_S
            try:
                self.tick()
                if self._idle() and self._left():
                    return
            except SQLAlchemyError as e:
                _log.error("the database did not answer, trying again: %s", type(e).__name__)
                pause = 1.0
            self._stop.wait(_HASTE_S if any(run.stopping for run in self._runs.values()) else pause)
        self._close()

    def tick(self) -> None:
        """One round: processes that ended or must, leases, then new jobs."""
        if self._runs:
            self._busy_at = time.monotonic()
            rows = queue.states(self._engine, self._runs)
            for run in list(self._runs.values()):
                self._attend(run, rows[run.job.id])
        if time.monotonic() >= self._renew_at:
            self._renew_at = time.monotonic() + self._config.lease_s / 3
            if self._runs:
                queue.renew(self._engine, self.owner, self._runs, self._config.lease_s)
            for lost in queue.recover(self._engine):
                _log.warning("job %d lost its worker %s", lost.id, lost.owner)
        while len(self._runs) < self._config.slots and queue.waiting(self._engine):
            job = queue.claim(self._engine, self.owner, self._config.lease_s)
            if job is None:
                break
            self._start(job)
        self._prepare()

    def _prepare(self) -> None:
        """Have a process ready that a page asked for, if it could run at once."""
        told = ensure.asked(self._config)
        kind = KINDS.get(told.get("kind", ""))
        if kind and len(self._runs) < self._config.slots:
            with suppress(OSError):  # the job will be started without
                self._launcher.prepare(kind.ahead, told if kind.early and told["venture"] else None)

    def _start(self, job: Job) -> None:
        _log.info("job %d (%s), attempt %d", job.id, job.kind, job.attempt)
        try:
            process = self._launcher.start(job)
        except OSError as e:
            self._finish(job, JobStatus.FAILED, f"its process could not be started: {e.strerror}")
            return
        self._runs[job.id] = _Run(job, process)
        queue.launched(self._engine, job, process)

    def _attend(self, run: _Run, row: Job) -> None:
        mine = self._mine(run, row)
        code = self._launcher.poll(run.process)
        if code is not None:
            if mine:
                self._conclude(row, code)
            del self._runs[run.job.id]
        elif not run.stopping and (row.cancel if mine else self._overdue(run, row)):
            run.stopping = True
            self._launcher.stop(run.process)
        elif mine:
            self._show_silence(run, row)

    def _show_silence(self, run: _Run, row: Job) -> None:
        """Count the seconds of a process that says nothing.

        Not the process itself: while it imports a library or reads a large pickle, Python lets no thread of it speak.
        """
        now = time.monotonic()
        if row.note != run.shown or run.said is None or (row.done, row.total) != run.said[:2]:
            run.said, run.said_at, run.shown, run.shown_at = (row.done, row.total, row.note), now, row.note, now
        elif now - run.shown_at >= _QUIET_S:
            note = f"{run.said[2]} · {now - run.said_at:.0f} s"
            if queue.still_working(self._engine, row, note):
                run.shown, run.shown_at = note, now

    def _overdue(self, run: _Run, row: Job) -> bool:
        """Whether a process whose job is over should be stopped: at once if it was fenced off, else after a while."""
        if row.attempt != run.job.attempt or row.status not in (JobStatus.DONE, JobStatus.FAILED):
            return True
        run.ended_at = run.ended_at or time.monotonic()
        return time.monotonic() - run.ended_at > _LINGER_S

    def _conclude(self, row: Job, code: int) -> None:
        """Say how a job ended whose process could not."""
        if row.cancel:
            self._finish(row, JobStatus.CANCELLED, "")
        elif code == -signal.SIGKILL:
            self._finish(row, JobStatus.FAILED, "killed, often out of memory")
        elif code < 0:
            self._finish(row, JobStatus.FAILED, f"ended by signal {-code}, {signal.strsignal(-code)} (see log)")
        else:
            self._finish(row, JobStatus.FAILED, f"ended without a result, exit code {code} (see log)")

    def _finish(self, job: Job, status: JobStatus, error: str) -> None:
        with store.writing(self._engine) as c:
            queue.finish(c, job.id, status, attempt=job.attempt, error=error)

    def _idle(self) -> bool:
        return not self._runs and time.monotonic() - self._busy_at >= self._config.idle_s

    def _left(self) -> bool:
        """Leave, unless there is work after all. Who queues a job after this look finds no worker and starts one."""
        with ensure.starting(self._config):
            if queue.busy(self._engine):
                self._busy_at = time.monotonic()
                return False
            os.close(self._lock)
            return True

    def _close(self) -> None:
        """Stop every process; jobs that can go on later are queued again, the others are lost and say so."""
        for run in self._runs.values():
            self._launcher.stop(run.process)
        while None in [self._launcher.poll(run.process) for run in self._runs.values()]:
            time.sleep(_HASTE_S)
        rows = queue.states(self._engine, self._runs)
        with store.writing(self._engine) as c:
            for run in self._runs.values():
                if self._mine(run, rows[run.job.id]):
                    queue.abandon(c, rows[run.job.id], crashed=False)

    @staticmethod
    def _mine(run: _Run, row: Job) -> bool:
        return row.status == JobStatus.RUNNING and row.attempt == run.job.attempt


def main(arguments: list[str]) -> int:
    """Run a worker of this machine; 0 also where one runs already."""
    parser = argparse.ArgumentParser(
        prog="python -m core.jobs.worker", description="Run queued jobs until none is left."
    )
    parser.add_argument("--lock", type=int, default=None, help="an open lock handed down by who started it")
    lock: int | None = parser.parse_args(arguments).lock
    faults.guard_output()
    _log.setLevel(logging.INFO)
    config = settings()
    config.var.mkdir(parents=True, exist_ok=True)
    if lock is None:
        lock = ensure.take(config)
    if lock is None:
        _log.info("a worker of %s runs already", config.var)
        return 0
    os.set_inheritable(lock, False)
    try:
        engine = store.connect(config)
    except InputError as e:
        _log.error("%s", e)
        return 2
    worker = Worker(engine, config, LocalLauncher(config), lock)
    signal.signal(signal.SIGTERM, worker.stop)
    signal.signal(signal.SIGINT, worker.stop)
    _log.info("worker %s, %d slots", worker.owner, config.slots)
    worker.work()
    _log.info("worker %s leaves", worker.owner)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
