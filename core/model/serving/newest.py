"""The newest training run of a table, and how its variants serve: what the door hands to and takes from this folder."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.model.base import file_hash
from core.model.optimise.run import Asked, optimise
from core.model.serving.pick import Must
from core.progress import Progress, silent

FILE = "serving.json"


@dataclass(frozen=True, slots=True)
class Table:
    """Labelled rows that a run learned from: the file, its columns, and the test table where there is one."""

    data: Path
    text: str
    label: str
    test: Path | None = None


def serve(
    table: Table, runs: Path, out: Path, must: Must, *, seed: int, make: bool = False, progress: Progress = silent
) -> dict[str, Any]:
    """Time the variants of the newest run of a table, pick one, and measure it under load.

    Args:
        table: what the run learned from.
        runs: folder of run folders.
        out: run folder of this measurement; it is left `serving.json`.
        must: what the pick has to do.
        seed: of texts and arrivals.
        make: make the variants that the run does not have yet.
        progress: told at least every second or two.

    Raises:
        InputError: nothing was trained on this table yet, or what was trained changed since.
    """
    run = trained(runs, table)
    if run is None:
        raise InputError("There is no tuned model for this table yet: train and measure it first.")
    found = optimise(Asked(run, table.test, must, make=make, seed=seed), progress)
    out.mkdir(parents=True, exist_ok=True)
    (out / FILE).write_text(json.dumps(found, indent=2), encoding="utf-8")
    return found


def trained(runs: Path, table: Table) -> Path | None:
    """The newest run that learned from the table, among the folders of `runs`; None if none did."""
    wanted = (file_hash(table.data), table.text, table.label)
    ended = sorted(runs.glob("*/result.json"), key=lambda f: f.stat().st_mtime, reverse=True)
    return next((f.parent for f in ended if _learned_from(f.parent) == wanted), None)


def _learned_from(run: Path) -> tuple[str, str, str] | None:
    try:
        source: dict[str, Any] = json.loads((run / "answer" / "answer.json").read_text(encoding="utf-8"))["source"]
        return source["sha256"], source["text"], source["label"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
