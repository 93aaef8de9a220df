"""ScanCode's worker: started on demand, shared by who asks, gone when idle, never in the asking process."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.licences.scancode import client, place, worker
from core.licences.scancode.client import ScanCodeUnavailable
from core.licences.scancode.worker import Worker
from core.licences.weigh import Match

PROJECT = Path(__file__).resolve().parents[3]
MIT = Match("MIT", "text", 100.0, 1, 2, 160)


class Reader:
    """Stands for ScanCode where only the worker's own behaviour is looked at; it is loaded in forked children."""

    @staticmethod
    def load() -> None:
        pass

    @staticmethod
    def matches(text: str) -> tuple[Match, ...] | None:
        if text == "slow":
            time.sleep(0.5)
        if text == "boom":
            raise ValueError("no such rule")
        return None if text == "late" else (MIT,)


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A socket of the test's own, and no process of its own is started."""
    path = Path(f"/tmp/pf-{tmp_path.name[-20:]}-{time.monotonic_ns() % 10**6}.sock")
    monkeypatch.setattr(client, "socket_path", lambda: path)
    monkeypatch.setattr(client, "start", lambda idle_s=None: None)
    monkeypatch.setattr(worker, "import_module", lambda _name: Reader)
    yield path
    path.unlink(missing_ok=True)


def serve(path: Path, idle_s: float) -> threading.Thread:
    """Serve in this process, and come back when the readers are forked: a line opened before lives on in them."""
    served = Worker(path, idle_s)
    begun = served._last
    thread = threading.Thread(target=served.serve, daemon=True)
    thread.start()
    while served._last == begun and thread.is_alive():
        time.sleep(0.01)
    return thread


def test_texts_are_answered_in_any_order_and_the_worker_leaves_when_idle(door: Path) -> None:
    thread = serve(door, 1.0)
    found = dict(client.read(["slow", "a", "late"]))
    assert found == {0: (MIT,), 1: (MIT,), 2: None}
    assert dict(client.read(["b"])) == {0: (MIT,)}, "the next one is served by the same worker"
    thread.join(60)
    assert not thread.is_alive()
    assert not door.exists()


def test_a_guest_that_goes_away_does_not_keep_the_worker(door: Path) -> None:
    thread = serve(door, 0.6)
    for _ in range(50):
        with socket.socket(socket.AF_UNIX) as line:
            try:
                line.connect(str(door))
            except OSError:
                time.sleep(0.1)
                continue
            line.sendall(b'{"id": 0, "text": "slow"}\nnot json\n')
            break
    thread.join(60)
    assert not thread.is_alive()


def test_who_only_looks_whether_a_worker_is_there_does_not_keep_it(door: Path) -> None:
    thread = serve(door, 0.5)
    begun = time.monotonic()
    while thread.is_alive() and time.monotonic() - begun < 20:
        client.alive()
        time.sleep(0.1)
    assert not thread.is_alive()


def test_a_text_that_breaks_the_reader_is_said(door: Path) -> None:
    serve(door, 1.0)
    with pytest.raises(ScanCodeUnavailable, match="ValueError"):
        list(client.read(["boom"]))


def test_a_reader_that_does_not_load_is_said_to_who_asks(door: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_name: str) -> Any:
        raise ValueError("did not find any hooks")

    monkeypatch.setattr(worker, "import_module", broken)
    serve(door, 5.0)
    with pytest.raises(ScanCodeUnavailable, match="did not find any hooks"):
        list(client.read(["a"]))


def test_waiting_can_be_stopped_by_who_asks(door: Path) -> None:
    class Stop(Exception):  # noqa: N818 - what a cancelled job raises
        pass

    ticks = [0]

    def tick() -> None:
        ticks[0] += 1
        if ticks[0] == 3:
            raise Stop

    with pytest.raises(Stop):
        list(client.read(["a"], tick))  # nobody serves


def test_a_process_that_dies_at_once_is_said(door: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = [sys.executable, "-c", "import sys; sys.exit(3)"]
    monkeypatch.setattr(client, "start", lambda idle_s=None: subprocess.Popen(dead))
    with pytest.raises(ScanCodeUnavailable, match="ended with 3"):
        list(client.read(["a"]))


def test_the_socket_lies_where_only_this_user_can_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place.tempfile, "gettempdir", lambda: str(tmp_path))
    path = place.socket_path()
    assert path.parent.stat().st_mode & 0o077 == 0
    assert len(path.name) < 32  # a socket's whole path may have 107 bytes
    path.parent.chmod(0o777)
    with pytest.raises(OSError, match="open to others"):
        place.socket_path()


def test_who_asks_does_not_load_scancode() -> None:
    code = "import sys, core.licences.texts, core.licences.scancode.client; "
    code += "sys.exit(any(m in sys.modules for m in ('licensedcode', 'scancode')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT).returncode == 0


def test_no_reader_outlives_a_worker_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys, time, multiprocessing; from concurrent.futures import ProcessPoolExecutor\n"
        "from core.licences.scancode import worker; worker.WATCH_S = 0.1\n"
        "pool = ProcessPoolExecutor(1, multiprocessing.get_context('fork'), worker._leave_with, (os.getpid(),))\n"
        "print(pool.submit(os.getpid).result(), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        reader = int(killed.stdout.readline())
        killed.kill()
    begun = time.monotonic()
    while _runs(reader) and time.monotonic() - begun < 20:
        time.sleep(0.05)
    assert not _runs(reader)


def _runs(process: int) -> bool:
    """Whether it is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
