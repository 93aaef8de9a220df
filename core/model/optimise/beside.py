"""The variants of a run, two students' trainings side by side where there are processors for both.

A step of so small a model gains little from a second thread, so each training has a process of its own. This file is
also that process: `python -m core.model.optimise.beside` reads what to make from its input, as JSON, and writes how far
it is, a line each, until somebody stops it or the one who reads is gone.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from threading import Thread
from typing import Any

from core.errors import InputError
from core.model.optimise.variants import DISTILLED, PRUNED, RECIPES, LeftOut, Recipe, make, trained, work
from core.model.serving.rows import check_run
from core.model.threads import sharing, threads
from core.progress import Progress, silent

_TOLD_S = 0.5  # between two words of progress while only the other process works


def make_variants(
    run: Path, test: Path | None, texts: Sequence[str], *, students: bool = True, progress: Progress = silent
) -> list[LeftOut]:
    """Make what a run does not have yet of `RECIPES`; one that fails is returned and does not keep the others back.

    Args:
        run: folder of a finished training of classes.
        test: its test table, of which no text is learnt from.
        texts: real ones, to hold each export against its model.
        students: whether to train pruned and distilled models too, which takes minutes.
        progress: told at least every second or two; what it raises ends the work, and what is made stays.

    Raises:
        InputError: the run is incomplete or changed since.
    """
    check_run(run)
    wanted = [r for r in RECIPES if students or not r.student]
    missing = [s for s in (PRUNED, DISTILLED) if students and not trained(run, s, test)]
    elsewhere = missing[1:] if threads() > 1 else []
    here = [r for r in wanted if r.student not in elsewhere]
    with ExitStack() as stack:
        if elsewhere:
            stack.enter_context(sharing(threads() // 2))
        others = [stack.enter_context(Beside(run, _of(s), test, texts, threads())) for s in elsewhere]
        told = _together(progress, here, others)
        left_out = make(run, here, test, texts, told)
        for other in others:
            left_out += other.wait(told)
    return left_out


def _of(student: str) -> list[Recipe]:
    return [r for r in RECIPES if r.student == student]


def _together(progress: Progress, here: Sequence[Recipe], others: "Sequence[Beside]") -> Progress:
    """How far this process and the others are, all of their work together, and what each is doing."""
    own = sum(work(here))
    whole = own + sum(sum(work(other.recipes)) for other in others)

    def report(done: float, total: float, note: str = "") -> None:
        far = own * done / total + sum(sum(work(o.recipes)) * o.far for o in others)
        progress(far, whole, " · ".join(words for words in (note, *(o.note for o in others)) if words))

    return report


class Beside:
    """Another process that makes some variants; leaving the context ends it, whatever it has reached."""

    def __init__(
        self, run: Path, recipes: Sequence[Recipe], test: Path | None, texts: Sequence[str], n_threads: int
    ) -> None:
        """Start it; `texts` are for the exports' comparison, `n_threads` what it may use."""
        self.recipes, self.far, self.note = recipes, 0.0, ""
        self._ended: dict[str, Any] | None = None
        asked = {"run": str(run), "recipes": [r.name for r in recipes], "test": str(test) if test else None}
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self.pid = self._process.pid
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        with self._process.stdin as told:
            told.write(json.dumps(asked | {"texts": list(texts), "threads": n_threads}))

    def __enter__(self) -> "Beside":
        """Nothing more to do: it works already."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self._listener.join()

    def _listen(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        with self._process.stdout as lines:
            for line in lines:
                told = json.loads(line)
                if "far" in told:
                    self.far, self.note = told["far"], told["note"]
                else:
                    self._ended = told

    def wait(self, progress: Progress) -> list[LeftOut]:
        """Wait for its end; what it could not make, and why.

        Raises:
            InputError: the run changed meanwhile.
        """
        while self._listener.is_alive():
            progress(1, 1, "")
            self._listener.join(_TOLD_S)
        code = self._process.wait()
        self.far, self.note = 1.0, ""
        if self._ended is None:
            why = f"the process that made it ended before it was done (exit code {code}); run it again."
            return [LeftOut(r.name, f"{r.name}: {why}") for r in self.recipes]
        if "error" in self._ended:
            raise InputError(self._ended["error"])
        return [LeftOut(**x) for x in self._ended["left_out"]]


def main() -> None:
    """Make what the input names, with as many threads as it says."""
    told = json.loads(sys.stdin.read())
    lines, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints is none of these lines
    last = 0.0

    def say(**words: Any) -> None:
        lines.write(json.dumps(words) + "\n")
        lines.flush()  # fails once nobody reads any more, which ends this process

    def progress(done: float, total: float, note: str = "") -> None:
        nonlocal last
        if time.monotonic() - last > _TOLD_S / 2:
            last = time.monotonic()
            say(far=done / total, note=note)

    recipes = [r for r in RECIPES if r.name in told["recipes"]]
    test = Path(told["test"]) if told["test"] else None
    try:
        with sharing(told["threads"]):
            left_out = make(Path(told["run"]), recipes, test, told["texts"], progress)
        say(left_out=[asdict(x) for x in left_out])
    except InputError as error:
        say(error=str(error))


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:  # whoever asked is gone
        os._exit(1)  # without another try to write what is left
