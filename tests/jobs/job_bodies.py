"""Bodies of jobs that behave well and badly, for the tests. Also a module of kinds as PREFLIGHT_KINDS names them."""

import ctypes
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from core.errors import InputError
from core.evidence import Evidence, Source
from core.jobs.kinds import Kind
from core.progress import Cancelled, Progress
from core.venture import Venture

SECRET = "Jane Doe, 555-0100"  # stands for a cell of somebody's data
Params = Mapping[str, Any]


def steps(params: Params, run_dir: Path, progress: Progress) -> dict[str, Any]:
    """Take `n` steps of 0.1 s each and tell every one."""
    for i in range(params["n"]):
        progress(i, params["n"], f"step {i}")
        time.sleep(0.1)
    progress(params["n"] - 1, params["n"], "last words")
    return {"pid": os.getpid()}


def imported(params: Params, run_dir: Path, progress: Progress) -> dict[str, Any]:
    """Whether the process had imported what it was to import ahead."""
    return {"ahead": "colorsys" in sys.modules, "pid": os.getpid(), "input": sys.stdin.read()}


def early(venture: Venture, progress: Progress) -> None:
    """Work for a venture until told to stop, and leave a word of it beside its file."""
    said = venture.folder / "early"
    said.write_text("begun")
    try:
        while True:
            progress(0, 1)
            time.sleep(0.02)
    except Cancelled:
        said.write_text("stopped")
        raise


def silent(params: Params, run_dir: Path, progress: Progress) -> None:
    """Say nothing for long."""
    (run_dir / "pid").write_text(str(os.getpid()))
    time.sleep(120)


def falls_silent(params: Params, run_dir: Path, progress: Progress) -> None:
    """Say two things at once, and then nothing for long."""
    progress(1, 10, "first")
    progress(2, 10, "second")
    time.sleep(120)


def holds_the_lock(params: Params, run_dir: Path, progress: Progress) -> None:
    """Hold Python's lock for `seconds`, as an import or a large pickle does."""
    progress(1, 2, "reading a large file")
    ctypes.PyDLL(None).sleep(params["seconds"])
    progress(2, 2, "read")


GRANDCHILD = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(120)"
)


def stubborn(params: Params, run_dir: Path, progress: Progress) -> None:
    """Ignore SIGTERM, and so does a process of its own."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", GRANDCHILD], stdout=subprocess.PIPE)
    assert child.stdout
    child.stdout.readline()
    (run_dir / "pids").write_text(json.dumps([os.getpid(), child.pid]))
    time.sleep(120)


def litter(params: Params, run_dir: Path, progress: Progress) -> dict[str, Any]:
    """End well and leave a process behind."""
    return {"left": subprocess.Popen(["sleep", "120"]).pid}


def resume(params: Params, run_dir: Path, progress: Progress) -> dict[str, Any]:
    """Count to `n` in a file, 0.1 s each, going on from what is there."""
    file = run_dir / "steps"
    begun_at = len(file.read_text()) if file.exists() else 0
    for i in range(begun_at, params["n"]):
        progress(i, params["n"])
        with file.open("a") as f:
            f.write(".")
        time.sleep(0.1)
    return {"begun_at": begun_at, "steps": len(file.read_text())}


def killed(params: Params, run_dir: Path, progress: Progress) -> None:
    os.kill(os.getpid(), params["signal"])
    time.sleep(120)


def leaves(params: Params, run_dir: Path, progress: Progress) -> None:
    os._exit(7)


def bad_input(params: Params, run_dir: Path, progress: Progress) -> None:
    progress(3, 10, "reading")
    raise InputError("tickets.csv, row 3: the label is empty; fill it in.")


class Row(BaseModel):
    age: int


def invalid(params: Params, run_dir: Path, progress: Progress) -> None:
    Row.model_validate({"age": SECRET})


def crash(params: Params, run_dir: Path, progress: Progress) -> None:
    """Quote a cell in every way in which a library may."""
    try:
        int(SECRET)
    except ValueError:
        logging.getLogger("a.library").exception("could not read a row")
    thread = threading.Thread(target=int, args=(SECRET,))
    thread.start()
    thread.join()
    try:
        {}[SECRET]
    except KeyError as e:
        raise ExceptionGroup(SECRET, [ValueError(SECRET), RuntimeError(SECRET)]) from e


def crash_after_bad_input(params: Params, run_dir: Path, progress: Progress) -> None:
    try:
        int(SECRET)
    except ValueError as e:
        raise InputError("tickets.csv, row 3, column age: not a number.") from e


def environment(params: Params, run_dir: Path, progress: Progress) -> dict[str, Any]:
    return {name: os.environ.get(name) for name in params["names"]}


def greedy(params: Params, run_dir: Path, progress: Progress) -> None:
    bytearray(4 * 2**30)


def fenced(params: Params, run_dir: Path, progress: Progress) -> None:
    """Go on, without a report, after the job was given to somebody else."""
    (run_dir / "pid").write_text(str(os.getpid()))
    while True:
        time.sleep(0.05)


def figure(name: str = "market.tam", **more: Any) -> Evidence:
    return Evidence(name, 5.0, "USD/year", "counted", Source("measured", "a test"), **more)


def measures(venture: Venture, run_dir: Path, progress: Progress, handed: Mapping[str, Evidence]) -> list[Evidence]:
    progress(1, 2, "measuring")
    return [figure(), figure("market.sam", detail={"draws": [1, 2]})]


def measures_half(
    venture: Venture, run_dir: Path, progress: Progress, handed: Mapping[str, Evidence]
) -> list[Evidence]:
    """Bring a second record that no database can hold."""
    return [figure(), figure("market.sam", detail={"draws": float("nan")})]


def measures_elsewhere(
    venture: Venture, run_dir: Path, progress: Progress, handed: Mapping[str, Evidence]
) -> list[Evidence]:
    return [figure("model.accuracy")]


def measures_while_edited(
    venture: Venture, run_dir: Path, progress: Progress, handed: Mapping[str, Evidence]
) -> list[Evidence]:
    """Measure while somebody changes the market table of the venture file."""
    venture.file.write_text(venture.file.read_text().replace("2025", "2026"))
    return [figure()]


def measures_while_another_room_is_edited(
    venture: Venture, run_dir: Path, progress: Progress, handed: Mapping[str, Evidence]
) -> list[Evidence]:
    venture.file.write_text(venture.file.read_text() + "\n[model]\nepochs = 9\n")
    return [figure()]


_PLAIN = (
    steps,
    silent,
    falls_silent,
    stubborn,
    litter,
    killed,
    leaves,
    bad_input,
    invalid,
    crash,
    crash_after_bad_input,
    environment,
    greedy,
    fenced,
)
_MEASURES = (
    measures,
    measures_half,
    measures_elsewhere,
    measures_while_edited,
    measures_while_another_room_is_edited,
)

KINDS = [
    *(Kind(f.__name__, f.__name__, f"job_bodies:{f.__name__}") for f in _PLAIN),
    *(Kind(f.__name__, f.__name__, f"job_bodies:{f.__name__}", room="market") for f in _MEASURES),
    Kind("resume", "resume", "job_bodies:resume", resumable=True),
    Kind("holds_the_lock", "holds the lock", "job_bodies:holds_the_lock"),
    Kind("silent_resumable", "silent", "job_bodies:silent", resumable=True),
    Kind("imported", "imported", "job_bodies:imported", ahead="colorsys"),
    Kind("early", "early", "job_bodies:imported", ahead="colorsys", early="job_bodies:early"),
    Kind("nowhere", "nowhere", "no_such_module:f"),
]
