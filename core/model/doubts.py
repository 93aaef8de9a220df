"""What might make a good accuracy worth less: a class that is missed, labels that are wrong, weights that never return.

Imports nothing that takes seconds, so that the door can name these figures before it measures them.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.evidence import Evidence, Source
from core.intervals import wilson

WORST, SUSPECT, AGAIN = "model.worst_class", "model.suspect_share", "model.reproduced"
IDS = {WORST: "share"}  # of classes alone, and of a training
LOOK_IDS = {SUSPECT: "share"}
RUN_IDS = {AGAIN: "word"}  # of every training, of classes or scores
SAME, DIFFERENT = "same", "different"
METHODS = {
    WORST: "Share of its test rows that the class answered worst has right (recall). The bounds are the least lower "
    "and the least upper one of all classes' Wilson 95 % intervals, so a class with few test rows widens them.",
    SUSPECT: "Rows whose label is probably wrong, of all rows, by confident learning (Northcutt et al. 2021) with "
    "out-of-fold probabilities of the logistic regression; Wilson 95 % interval.",
    AGAIN: "SHA-256 of the tuned weights, held against that of the newest earlier run from the same rows, settings and "
    "base model.",
}


def worst_class(per_class: Sequence[Mapping[str, Any]], source: Source) -> Evidence:
    """The recall of the class that is answered worst; unknown where a class has no test row.

    Args:
        per_class: of each class its "label", its test rows "n" and its "recall".
        source: what measured it.
    """
    empty = [str(c["label"]) for c in per_class if not c["n"]]
    if empty or not per_class:
        reason = f"Without a test row: {', '.join(empty[:5])}." if empty else "There is no class."
        return Evidence(WORST, None, IDS[WORST], METHODS[WORST], source, reason=reason)
    bounds = [wilson(c["recall"] * c["n"], c["n"]) for c in per_class]
    worst = min(per_class, key=lambda c: (c["recall"], -c["n"]))
    low, high = min(b[0] for b in bounds), min(b[1] for b in bounds)
    return Evidence(
        WORST,
        worst["recall"],
        IDS[WORST],
        METHODS[WORST],
        source,
        low=low,
        high=max(high, worst["recall"]),
        n=worst["n"],
        reason=f"It is {worst['label']}.",
        detail={"label": worst["label"]},
    )


def suspect_share(suspects: int | None, rows: int, source: Source) -> Evidence:
    """The share of rows whose label is probably wrong; unknown where labels were not looked at."""
    if suspects is None or not rows:
        return Evidence(
            SUSPECT, None, LOOK_IDS[SUSPECT], METHODS[SUSPECT], source, reason="The labels were not looked at."
        )
    low, high = wilson(suspects, rows)
    return Evidence(SUSPECT, suspects / rows, LOOK_IDS[SUSPECT], METHODS[SUSPECT], source, low=low, high=high, n=rows)


def reproduced(run: Path, source: Source) -> Evidence:
    """Whether a finished run gave the same weights as the newest earlier one beside it that is made from the same."""
    made_from, weights = _told(run)
    beside = sorted(run.parent.glob("*/result.json"), key=lambda f: f.stat().st_mtime, reverse=True)
    others = (_told(f.parent) for f in beside if f.parent != run)
    earlier = next((w for made, w in others if made is not None and made == made_from and w), "")
    if not earlier or not weights:
        reason = "No earlier run from the same rows and settings is kept: train once more to see whether it returns."
        return Evidence(AGAIN, None, RUN_IDS[AGAIN], METHODS[AGAIN], source, reason=reason)
    detail = {"weights_sha256": weights, "earlier": earlier}
    same = SAME if weights == earlier else DIFFERENT
    return Evidence(AGAIN, same, RUN_IDS[AGAIN], METHODS[AGAIN], source, n=2, detail=detail)


def _told(run: Path) -> tuple[Any, str]:
    """What a run is made from, and the hash of its weights; None and "" where a file is not to be read."""
    try:
        made_from = json.loads((run / "run.json").read_text(encoding="utf-8"))
        result = json.loads((run / "result.json").read_text(encoding="utf-8"))
        return made_from, str(result["model"]["weights_sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None, ""
