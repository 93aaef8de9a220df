"""Asking the ScanCode worker, which is started where none is running."""

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from core.licences.scancode.place import socket_path
from core.licences.weigh import Match

START_S = 120.0  # the index loads in 4 to 20 s, as busy as the machine is
SILENCE_S = 90.0  # the slowest real text takes 3 s
TICK_S = 0.25
ROOT = Path(__file__).resolve().parents[3]

Tick = Callable[[], None]


class ScanCodeUnavailable(Exception):  # noqa: N818 - an answer the caller acts on
    """ScanCode does not start here; the message says why."""


def start(idle_s: float | None = None) -> "subprocess.Popen[bytes] | None":
    """Start a worker unless one answers; returns its process at once, while it loads its index.

    Raises:
        ScanCodeUnavailable: there is no place for its socket.
    """
    try:
        path = socket_path()
    except OSError as error:
        raise ScanCodeUnavailable(str(error)) from None
    if alive():
        return None
    options = [] if idle_s is None else ["--idle", str(idle_s)]
    with open(path.with_suffix(".log"), "wb") as log:
        return subprocess.Popen(  # a session of its own: a job that is cancelled does not end it
            [sys.executable, "-m", "core.licences.scancode.worker", *options],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def read(texts: Sequence[str], tick: Tick = lambda: None) -> Iterator[tuple[int, tuple[Match, ...] | None]]:
    """Have texts read, in the order they are finished: (position, matches), None where one took too long.

    Args:
        texts: what to read.
        tick: called several times a second while waiting; what it raises ends the reading.

    Raises:
        ScanCodeUnavailable: the worker does not start, or died.
    """
    with _waited_for(start(), tick) as line:
        for position, text in enumerate(texts):
            line.sendall(json.dumps({"id": position, "text": text}).encode() + b"\n")
        left = len(texts)
        for answer in _answers(line, tick):
            if "failed" in answer:
                raise ScanCodeUnavailable(str(answer["failed"]))
            found = answer["matches"]
            yield int(answer["id"]), None if found is None else tuple(Match(**m) for m in found)
            left -= 1
            if not left:
                return
    raise ScanCodeUnavailable("its process ended")


@contextlib.contextmanager
def _waited_for(process: "subprocess.Popen[bytes] | None", tick: Tick) -> Iterator[socket.socket]:
    path, begun = socket_path(), time.monotonic()
    while (line := _connect(path)) is None:
        if process is None:  # the one that answered a moment ago has left
            process = start()
        if process is not None and process.poll():
            raise ScanCodeUnavailable(f"its process ended with {process.returncode}")
        if time.monotonic() - begun > START_S:
            raise ScanCodeUnavailable(f"it did not start within {START_S:.0f} s")
        time.sleep(TICK_S)
        tick()
    with line:
        yield line


def _connect(path: Path) -> socket.socket | None:
    line = socket.socket(socket.AF_UNIX)
    try:
        line.connect(str(path))
    except OSError:
        line.close()
        return None
    return line


def _answers(line: socket.socket, tick: Tick) -> Iterator[dict[str, Any]]:
    line.settimeout(TICK_S)
    kept, heard = b"", time.monotonic()
    while time.monotonic() - heard < SILENCE_S + START_S:
        tick()
        try:
            more = line.recv(1 << 20)
        except TimeoutError:
            continue
        if not more:
            return
        heard = time.monotonic()
        *whole, kept = (kept + more).split(b"\n")
        yield from (json.loads(one) for one in whole)


def alive() -> bool:
    """Whether a worker answers now."""
    line = _connect(socket_path())
    if line is not None:
        line.close()
    return line is not None
