"""How a job's process says how far it is, and learns that it should stop."""

import re
import threading
import time
from datetime import UTC, datetime

from sqlalchemy.engine import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from core.jobs import queue
from core.progress import Cancelled

EVERY_S = 0.5
LOG_S = 10.0


class Reporter:
    """The `Progress` of a job: at most two writes a second, and the last report always lands.

    A report that comes too soon after the last is kept and written by `flush`, which a thread beside calls. Each new
    stage of the work is a line in the log, and every ten seconds of a long one.
    """

    def __init__(self, engine: Engine, job_id: int, attempt: int) -> None:
        """Report on one attempt of one job."""
        self._engine, self._job_id, self._attempt = engine, job_id, attempt
        self._lock = threading.Lock()
        self._latest: tuple[float, float, str] | None = None
        self._written = float("-inf")
        self._stage, self._logged = "", time.monotonic()
        self._stop = False

    def __call__(self, done: float, total: float, note: str = "") -> None:
        """Take a report. Raises Cancelled where the job was cancelled or is no longer this attempt's."""
        with self._lock:
            self._latest = (float(done), float(total), note)
            stage = re.sub(r"[\d.,%]+", "#", note.partition(" · ")[0])
            if stage != self._stage or time.monotonic() - self._logged > LOG_S:
                self._stage, self._logged = stage, time.monotonic()
                print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {note}", flush=True)
        self.flush()
        if self._stop:
            raise Cancelled

    def flush(self, *, last: bool = False) -> None:
        """Write what is waiting if half a second has passed, or at once if it is the last."""
        with self._lock:
            if self._latest is None or (not last and time.monotonic() - self._written < EVERY_S):
                return
            try:
                self._stop |= not queue.progress(self._engine, self._job_id, self._attempt, *self._latest)
                self._latest = None
            except (OperationalError, InterfaceError):
                pass  # a database that is away for a moment is no reason to lose hours of work; the end will tell
            self._written = time.monotonic()
