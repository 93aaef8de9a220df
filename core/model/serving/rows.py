"""What a finished run holds: its result, and the rows it learned from and was measured on."""

import json
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.model.base import file_hash
from core.model.classifier import WEIGHTS
from core.model.data import read_rows
from core.model.serving.evidence import UNPROVEN
from core.model.shots import few
from core.model.split import Split, split


def check_run(run: Path) -> dict[str, Any]:
    """The result of a finished run whose model is still the one that was measured.

    Raises:
        InputError: it has not ended, is not of classes, or its model changed since.
    """
    try:
        told: dict[str, Any] = json.loads((run / "result.json").read_text(encoding="utf-8"))
        sha256 = told["model"]["weights_sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{run.name}: no training of classes has ended here; train it, or name another run.") from None
    if told.get("task") == "score":
        raise InputError(f"{run.name}: its model predicts scores. {UNPROVEN}")
    weights = run / "model" / WEIGHTS
    if not weights.is_file():
        raise InputError(f"{run.name}: model/{WEIGHTS} is missing, so the run is incomplete; train it again.")
    if file_hash(weights) != sha256:
        raise InputError(f"{run.name}: model/{WEIGHTS} changed since it was trained and measured; train it again.")
    return told


def run_parts(run: Path, test: Path | None) -> Split:
    """The rows of a run, from its data file and its test table.

    Args:
        run: folder of a finished training.
        test: the test table; where left out, the one that the run was measured with, if it is where it was.

    Raises:
        InputError: the data file is gone or changed, or the run had a test table that is not named or not the same.
    """
    try:
        source = json.loads((run / "answer" / "answer.json").read_text(encoding="utf-8"))["source"]
        made_from = json.loads((run / "run.json").read_text(encoding="utf-8"))
        result = json.loads((run / "result.json").read_text(encoding="utf-8"))
        file, text, label = Path(source["file"]), source["text"], source["label"]
        seed, rows_sha256 = int(made_from["config"]["seed"]), made_from["rows"]
        learned = result["n_train"] + result["n_validation"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{run.name}: does not say what it was trained on; train it again.") from None
    if not file.is_file():
        raise InputError(f"{file.name}: the table that {run.name} was trained on is not where it was; put it back.")
    if file_hash(file) != source["sha256"]:
        raise InputError(f"{file.name}: changed since {run.name} was trained on it; train again, or put it back.")
    kept = Path(source["test"]) if "test" in source else None
    test = test or (kept if kept and kept.is_file() else None)
    held = read_rows(test, text, label) if test else None
    parts = split(read_rows(file, text, label), held, seed, file.name)
    same = _same(parts, rows_sha256, learned, seed)
    if same is None:
        wrong = f"{test.name} is not the test table that" if test else "--test: name the test table with which"
        raise InputError(f"{wrong} {run.name} was measured.")
    return same


def _same(parts: Split, sha256: str, learned: int, seed: int) -> Split | None:
    """The rows of the run, also where it learned from a few of each class only; None where these are others."""
    if parts.sha256 == sha256:
        return parts
    shots, left = divmod(learned, len(parts.classes))
    try:
        fewer = few(parts, shots, seed)
    except InputError:
        return None
    return fewer if left == 0 and fewer.sha256 == sha256 else None
