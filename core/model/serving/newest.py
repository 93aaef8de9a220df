"""The newest training run of a table, and how its variants serve: what the door hands to and takes from this folder."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError
from core.model.base import file_hash
from core.model.serving.engine import Engine
from core.model.serving.pick import Must
from core.model.serving.report import Variant, report
from core.model.serving.rows import check_run
from core.model.serving.run import engines_of, run_rows
from core.progress import Progress, part, silent

FILE = "serving.json"
_CHUNK = 256  # texts of the accuracy run between two words of progress


@dataclass(frozen=True, slots=True)
class Table:
    """Labelled rows that a run learned from: the file, its columns, and the test table where there is one."""

    data: Path
    text: str
    label: str
    test: Path | None = None


def serve(table: Table, runs: Path, out: Path, must: Must, *, seed: int, progress: Progress = silent) -> dict[str, Any]:
    """Time the variants of the newest run of a table, pick one, and measure it under load.

    Args:
        table: what the run learned from.
        runs: folder of run folders.
        out: run folder of this measurement; it is left `serving.json`.
        must: what the pick has to do.
        seed: of texts and arrivals.
        progress: told at least every second or two.

    Raises:
        InputError: nothing was trained on this table yet, or what was trained changed since.
    """
    run = trained(runs, table)
    if run is None:
        raise InputError("There is no tuned model for this table yet: train and measure it first.")
    check_run(run)
    progress(0, 1, "Reading the rows of the run")
    rows = run_rows(run, table.test)
    engines = engines_of(run)
    variants = [
        _variant(e, rows.test, part(progress, 0.3 * i / len(engines), 0.3 * (i + 1) / len(engines)))
        for i, e in enumerate(engines)
    ]
    found = report(variants, rows, must, seed=seed, progress=part(progress, 0.3, 1)).as_json()
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


def _variant(engine: Engine, texts: Sequence[str], progress: Progress) -> Variant:
    logits = []
    for start in range(0, len(texts), _CHUNK):
        progress(start, len(texts), f"Answering the test rows · {engine.name}")
        logits.append(engine.logits(texts[start : start + _CHUNK]))
    size = sum(f.stat().st_size for f in engine.folder.rglob("*") if f.is_file()) / 1e6
    return Variant(engine, np.concatenate(logits), size)
