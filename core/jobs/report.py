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
QUIET_S = 1.0  # after so long without a report a person wants to see that it still works
LOG_S = 10.0


class Reporter:
    """The `Progress` of a job: at most two writes a second, and the last report always lands.

    A report that comes too soon after the last is kept and written by `flush`, which a thread beside calls. Where the
    work says nothing for a while (a library is being loaded), `flush` writes the last report again with the seconds
    since. Each new stage of the work is a line in the log, and
    every ten seconds of a long one.
    """

    def __init__(self, engine: Engine, job_id: int, attempt: int) -> None:
        """Report on one attempt of one job."""
        self._engine, self._job_id, self._attempt = engine, job_id, attempt
        self._lock = threading.Lock()
        self._latest: tuple[float, float, str] | None = None
        self._shown, self._since = (0.0, 0.0, "loading"), time.monotonic()
        self._written = float("-inf")
        self._stage, self._logged = "", self._since
        self._stop = False

    def __call__(self, done: float, total: float, note: str = "") -> None:
        """Take a report. Raises Cancelled where the job was cancelled or is no longer this attempt's."""
        with self._lock:
            self._latest = self._shown = (float(done), float(total), note)
            self._since = time.monotonic()
            stage = re.sub(r"[\d.,%]+", "#", note.partition(" · ")[0])
            if stage != self._stage or self._since - self._logged > LOG_S:
                self._stage, self._logged = stage, self._since
                print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {note}", flush=True)
        self.flush()
        if self._stop:
            raise Cancelled

    def flush(self, *, last: bool = False) -> None:
        """Write what is waiting if half a second has passed, or at once if it is the last."""
        with self._lock:
            if self._latest is None and not last and time.monotonic() - max(self._written, self._since) > QUIET_S:
                done, total, note = self._shown
                self._latest = (done, total, f"{note} · {time.monotonic() - self._since:.0f} s")
            if self._latest is None or (not last and time.monotonic() - self._written < EVERY_S):
                return
            try:
                self._stop |= not queue.progress(self._engine, self._job_id, self._attempt, *self._latest)
                self._latest = None
            except (OperationalError, InterfaceError):
                pass  # a database that is away for a moment is no reason to lose hours of work; the end will tell
            self._written = time.monotonic()
