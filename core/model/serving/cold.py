"""What a variant needs to start: run as a process of its own, it answers one text and says what that took.

    python -m core.model.serving.cold FOLDER < text

Prints {"peak_mb": ...}; the time from the start of the process to the answer is for the caller to take.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Timer

from core.model.serving.engine import Engine
from core.model.threads import threads

_LONGEST = 120.0  # seconds


@dataclass(frozen=True, slots=True)
class Cold:
    """A fresh process that answers some texts.

    Attributes:
        seconds: from its start to the first answer.
        peak_mb: its memory at the highest, in MB of a million bytes; None where the system does not tell.
    """

    seconds: float
    peak_mb: float | None


def cold_start(folder: Path, texts: list[str]) -> Cold | None:
    """Start a variant in a fresh process and let it answer `texts`, the first one alone; None if that failed."""
    command = [sys.executable, "-m", "core.model.serving.cold", str(folder)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads())}
    begun = time.perf_counter()
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
        encoding="utf-8",
    ) as process:
        if process.stdin is None or process.stdout is None:
            return None
        late = Timer(_LONGEST, process.kill)
        late.start()
        try:
            process.stdin.write(json.dumps(texts) + "\n")
            process.stdin.close()
            first = process.stdout.readline()
            seconds = time.perf_counter() - begun
            told = json.loads(process.stdout.readline())
        except (OSError, ValueError):  # it ended before it answered
            process.kill()
            return None
        finally:
            late.cancel()
    return Cold(seconds, told["peak_mb"]) if first else None


def main() -> None:
    """Answer the first text, say so, answer the others, and print the highest memory."""
    folder, texts = Path(sys.argv[1]), json.loads(sys.stdin.readline())
    # Imported here and by name, for an ONNX variant must not pay for torch.
    kind = ("onnx", "OnnxEngine") if (folder / "model.onnx").is_file() else ("eager", "Eager")
    engine: Engine = getattr(import_module(f"core.model.serving.{kind[0]}"), kind[1])(folder)
    engine.logits(texts[:1])
    sys.stdout.write("answered\n")
    sys.stdout.flush()
    for text in texts[1:]:
        engine.logits([text])
    sys.stdout.write(json.dumps({"peak_mb": _peak_mb()}) + "\n")


def _peak_mb() -> float | None:
    """The highest resident memory of this process.

    Read from /proc, for `getrusage` also counts what the parent held when this process was split off from it.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        line = next((x for x in status.read_text().splitlines() if x.startswith("VmHWM")), None)
        return int(line.split()[1]) * 1024 / 1e6 if line else None
    if sys.platform == "win32":
        return None
    import resource  # noqa: PLC0415 - Windows has none

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS


if __name__ == "__main__":
    main()
