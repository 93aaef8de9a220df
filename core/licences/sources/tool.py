"""Running uv or npm: an argument list and no shell, a folder of its own, no input, and an end in sight."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.progress import Progress

_WAIT_S = 0.2
_SAID = "said.txt"


class TooSlow(Exception):  # noqa: N818 - an answer the caller acts on
    """The tool did not end in time."""


def run(
    command: Sequence[str], work: Path, environment: Mapping[str, str], seconds: float, progress: Progress, note: str
) -> tuple[int, str]:
    """Run a tool to its end: its exit status, and what it said.

    Whatever ends the wait, a cancelled job or the time, ends the tool with all that it started.

    Raises:
        TooSlow: it took longer than `seconds`.
        OSError: it cannot be started.
    """
    with (work / _SAID).open("wb") as said:
        process = subprocess.Popen(  # arguments are ours, as a list; what a person's file names stands in files
            list(command), cwd=work, env=dict(environment), stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            start_new_session=True,
        )  # fmt: skip
        try:
            begun = time.monotonic()
            while process.poll() is None:
                waited = time.monotonic() - begun
                if waited > seconds:
                    raise TooSlow(f"no answer in {seconds:.0f} s")
                progress(min(waited / 10, 0.95), 1, note)
                time.sleep(_WAIT_S)
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode, (work / _SAID).read_text("utf-8", "replace")
