"""The worker: loads ScanCode's index once, reads texts for whoever connects, and leaves when it was idle.

One JSON document a line each way: `{"id": 1, "text": "..."}` is answered by `{"id": 1, "matches": [...]}`, `null` for a
text that took too long, and `{"failed": "..."}` where ScanCode does not start. Texts are read by children forked after
loading, so that they share the 1.4 GB of the index. Nothing that was read is kept or logged here.
"""

import argparse
import contextlib
import fcntl
import json
import multiprocessing
import os
import socket
import sys
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from core.licences.scancode.place import socket_path

MATCHER = "core.licences.scancode.matcher"  # not imported above: the socket opens first
IDLE_S = 90.0
TOLD_S = 5.0  # how long a worker that cannot read waits to say so
MOST_READERS = 4
WATCH_S = 1.0
LINE_BYTES = 8_000_000


class Worker:
    """Serves one socket until nobody has asked for `idle_s` seconds."""

    def __init__(self, path: Path, idle_s: float) -> None:
        """Serve `path`, and leave after `idle_s` seconds without a guest."""
        self._path, self._idle_s = path, idle_s
        self._pool: ProcessPoolExecutor | None = None
        self._failed = ""
        self._guests, self._last = 0, time.monotonic()
        self._changed = threading.Lock()

    def serve(self) -> None:
        """Answer until idle. The socket is open before the index is loaded, so that callers wait in line."""
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(self._path))
            door.listen(16)
            door.settimeout(0.5)
            self._load()
            self._last = time.monotonic()
            while not self._done():
                with contextlib.suppress(TimeoutError):
                    guest, _ = door.accept()
                    self._enter(1)
                    threading.Thread(target=self._answer, args=(guest,), daemon=True).start()
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _load(self) -> None:
        try:
            matcher = import_module(MATCHER)
            matcher.load()
            readers = min(MOST_READERS, os.cpu_count() or 1)
            forked = multiprocessing.get_context("fork")
            self._pool = ProcessPoolExecutor(readers, forked, initializer=_leave_with, initargs=(os.getpid(),))
            self._pool.submit(matcher.matches, "MIT").result()  # forks the readers while there is one thread
        except Exception as error:  # whatever keeps ScanCode from starting is told to those who ask
            self._failed = f"{type(error).__name__}: {error}"[:300]
            sys.stderr.write(f"ScanCode does not start: {self._failed}\n")

    def _done(self) -> bool:
        patience = min(self._idle_s, TOLD_S) if self._failed else self._idle_s
        with self._changed:
            return self._guests == 0 and time.monotonic() - self._last > patience

    def _enter(self, by: int) -> None:
        with self._changed:
            self._guests += by

    def _asked(self) -> None:
        """Begin to wait anew. Who only looks whether somebody is here asks nothing, and keeps nobody here."""
        with self._changed:
            self._last = time.monotonic()

    def _answer(self, guest: socket.socket) -> None:
        writing = threading.Lock()

        def send(document: dict[str, Any]) -> None:
            with writing, contextlib.suppress(OSError):
                guest.sendall(json.dumps(document).encode() + b"\n")

        try:
            with guest, guest.makefile("rb") as lines:
                if self._failed:
                    send({"failed": self._failed})
                waiting = [self._read(json.loads(line), send) for line in iter(lambda: lines.readline(LINE_BYTES), b"")]
                for future in waiting:
                    future.cancel()  # the caller went away
        except (OSError, ValueError):
            pass
        finally:
            self._enter(-1)

    def _read(self, asked: dict[str, Any], send: Any) -> "Future[Any]":
        def done(future: "Future[Any]") -> None:
            if future.cancelled():
                return
            error = future.exception()
            if error is not None:
                send({"failed": f"{type(error).__name__} while reading a text"})
            else:
                found = future.result()
                send({"id": asked["id"], "matches": None if found is None else [asdict(m) for m in found]})
            self._asked()

        self._asked()
        if self._pool is None:
            return Future()
        future = self._pool.submit(import_module(MATCHER).matches, str(asked["text"]))
        future.add_done_callback(done)
        return future


def _leave_with(parent: int) -> None:
    """End this reader when the worker is gone, however it went: an orphan would hold the index for ever."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_S)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Run one worker; a second one for the same socket leaves at once."""
    parser = argparse.ArgumentParser(prog="python -m core.licences.scancode.worker")
    parser.add_argument("--idle", type=float, default=IDLE_S)
    idle_s = parser.parse_args().idle
    path = socket_path()
    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return
    Worker(path, idle_s).serve()


if __name__ == "__main__":
    main()
