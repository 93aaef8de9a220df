"""The live history of a training run: one JSON line a percent of the steps and one an epoch.

Pages read it while the run goes on, so it imports nothing that takes seconds.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = "history.jsonl"
TRIALS = "trials.json"  # in a run's search folder


@dataclass(frozen=True, slots=True)
class Point:
    """What is known at a step: either the loss since the point before, or an epoch's validation.

    Attributes:
        step: steps of the optimiser done, of `of`.
        epoch: epochs done; a whole number where the validation was measured.
        seconds: of training so far, over all attempts.
        loss: mean training loss since the point before.
        rate: learning rate of the encoder's top layer.
        val_loss: mean loss of the validation rows: cross-entropy, or squared error of standardised scores.
        val_accuracy: share of the validation rows answered rightly; None where scores are predicted.
        val_rmse: root mean squared error in the scores' unit; None where classes are.
    """

    step: int
    of: int
    epoch: float
    seconds: float
    loss: float | None = None
    rate: float | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None
    val_rmse: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Its values that are known."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class Journal:
    """The history as it grows, in memory and in a file."""

    def __init__(self, file: Path) -> None:
        """Begin with nothing; the file is not touched before `start`."""
        self.file = file
        self.unfinished = file.with_name(f".{file.name}.tmp")
        self.points: list[Point] = []

    def start(self, points: Sequence[Point] = ()) -> None:
        """Make the file hold these points and no others: a resumed run walks some steps a second time."""
        self.points = list(points)
        self.unfinished.write_text("".join(map(_line, self.points)), encoding="utf-8")
        self.unfinished.replace(self.file)

    def add(self, point: Point) -> None:
        """Append a point."""
        self.points.append(point)
        with self.file.open("a", encoding="utf-8") as f:
            f.write(_line(point))


def read_history(folder: Path) -> tuple[Point, ...]:
    """The points so far of the run in `folder`, in the order of their steps; none before training begins."""
    try:
        lines = (folder / FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    points: list[Point] = []
    for line in lines:
        try:
            points.append(Point(**json.loads(line)))
        except (ValueError, TypeError):
            continue  # the last line of a run that is writing it, or was killed while it did
    return tuple(points)


def live_history(run: Path) -> tuple[str, tuple[Point, ...]]:
    """The points of what a run trains at the moment, and what that is: "" the model that is kept, else in words.

    A search and other seeds train too, each in a folder of its own below the run's; the latest to be written is meant.
    """
    files = {"": run / FILE} | {f"{p.name}": p / FILE for kind in ("search", "seeds") for p in (run / kind).glob("*-*")}
    there = {name: file.stat().st_mtime for name, file in files.items() if file.is_file()}
    if not there:
        return "", ()
    name = max(there, key=lambda n: there[n])
    words = "a trial of the search" if name.startswith("trial-") else name.replace("-", " ")
    return words, read_history(files[name].parent)


def read_trials(run: Path) -> list[dict[str, Any]]:
    """The trials of a run's search that ended so far, as JSON values; none before the first."""
    try:
        return list(json.loads((run / "search" / TRIALS).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return []


def _line(point: Point) -> str:
    return json.dumps(point.as_json()) + "\n"
