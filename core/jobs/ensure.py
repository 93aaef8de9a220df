"""One worker a machine: started when somebody asks for it, gone when there is nothing left to do.

Two locks in the folder of the settings. `worker.lock` is held as long as the worker lives: whoever starts it takes the
lock and hands it down, so there is no moment in which a worker that is just starting looks dead, and the system lets
go of it however the worker dies. `worker.start.lock` is held while somebody starts a worker, and by a worker while it
looks for the last time whether it may go. A job that was queued before `ensure_worker` is therefore either seen by the
worker that wanted to leave, or by the one started after it.
"""

import fcntl
import json
import os
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from core.jobs.kinds import find
from core.jobs.launch import environment, spawn
from core.settings import Settings

_spawned: list[subprocess.Popen[bytes]] = []
_spawned_lock = threading.Lock()
_LOG_MB = 8
_ASKED = "worker.prepare"


def ensure_worker(settings: Settings) -> bool:
    """Start a worker if none is alive on this machine, and tell whether one was started. Cheap when one is."""
    settings.var.mkdir(parents=True, exist_ok=True)
    _reap()
    with starting(settings):
        lock = take(settings)
        if lock is None:
            return False
        try:
            with open(_fresh(log(settings)), "ab") as output:
                worker = spawn(["core.jobs.worker", "--lock", str(lock)], environment(settings), output, keep=(lock,))
        finally:
            os.close(lock)  # the worker's copy keeps it
    with _spawned_lock:
        _spawned.append(worker)
    return True


def prepare(settings: Settings, kind: str, venture: str = "", roots: Sequence[str] = ()) -> None:
    """Ask the worker to have a process ready for a kind of job, where that kind has something to import ahead.

    Args:
        settings: of the worker.
        kind: of the job.
        venture: the key of the one whose page is open, for what the kind can do early; empty for none.
        roots: the folders that the venture's paths must stay in.
    """
    if settings.prepare and find(kind).ahead:
        settings.var.mkdir(parents=True, exist_ok=True)
        words = json.dumps({"kind": kind, "venture": venture, "roots": list(roots)})
        new = settings.var / f"{_ASKED}.{os.getpid()}.{threading.get_ident()}"
        new.write_text(words, encoding="utf-8")
        new.rename(settings.var / _ASKED)


def asked(settings: Settings) -> dict[str, Any]:
    """What `prepare` asked for since the last call, by the names of its arguments; empty where nothing was."""
    try:
        words = (settings.var / _ASKED).read_text(encoding="utf-8")
        (settings.var / _ASKED).unlink()
        told: dict[str, Any] = json.loads(words)
    except (OSError, ValueError):
        return {}
    return told


def take(settings: Settings) -> int | None:
    """Take the lock that says "a worker is alive" and return its descriptor; None where one is."""
    lock = os.open(settings.var / "worker.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def starting(settings: Settings) -> FileLock:
    """The lock around starting a worker and around its leaving."""
    return FileLock(settings.var / "worker.start.lock", timeout=60)


def log(settings: Settings) -> Path:
    """Where the worker's own output goes."""
    return settings.var / "worker.log"


def _fresh(path: Path) -> Path:
    if path.exists() and path.stat().st_size > _LOG_MB * 2**20:
        path.unlink()
    return path


def _reap() -> None:
    """Collect workers that this process started and that ended, so that none stays behind as a zombie."""
    with _spawned_lock:
        _spawned[:] = [worker for worker in _spawned if worker.poll() is None]
