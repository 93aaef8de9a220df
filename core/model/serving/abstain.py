"""How much a model may answer by itself: it hands what it is unsure of to a person, and errs less on the rest.

Selective classification (El-Yaniv & Wiener 2010; Geifman & El-Yaniv 2017, arXiv 1705.08500): answer only where the
confidence is at least a threshold. *Coverage* is the share answered,
*selective risk* the share of wrong answers among them.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from core.model.stats import Interval, Ints, share

TARGETS = (0.01, 0.02, 0.05)
POINTS = 60
_CONFIDENCE = 0.9  # with which the validation rows must show that the error is at most the target
KEPT, NOT_SHOWN, BROKEN = "kept", "not shown", "broken"


@dataclass(frozen=True, slots=True)
class Confident:
    """Answers to labelled rows: how sure each one sounds (rows,), and whether it is right (rows,)."""

    confidence: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        if len(self.confidence) != len(self.right) or not len(self.right):
            raise ValueError("needs one confidence for each answer, and at least one answer")


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold does on the test rows; both shares with their Wilson interval."""

    threshold: float
    coverage: Interval
    error: Interval
    n: int

    def as_json(self) -> dict[str, Any]:
        """The point as JSON values."""
        c, e = self.coverage, self.error
        told = {"threshold": self.threshold, "n": self.n, "coverage": c.value, "error": e.value}
        return told | {"coverage_low": c.low, "coverage_high": c.high, "error_low": e.low, "error_high": e.high}


@dataclass(frozen=True, slots=True)
class Promise:
    """The most that may be answered alone at an error of at most `target`.

    Attributes:
        at: what the threshold, which the validation rows chose, does on the test rows; None where none was found.
        verdict: "kept" where the whole interval of the test error is at most the target, "broken" where all of it is
            above, else "not shown".
    """

    target: float
    at: Point | None
    verdict: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        """The promise as JSON values."""
        return {
            "target": self.target,
            "verdict": self.verdict,
            "reason": self.reason,
            "at": self.at.as_json() if self.at else None,
        }


@dataclass(frozen=True, slots=True)
class Abstain:
    """The curve on the test rows, from all answered to the surest few, and what can be promised."""

    curve: tuple[Point, ...]
    promises: tuple[Promise, ...]
    n_validation: int
    n_test: int

    def as_json(self) -> dict[str, Any]:
        """The curve as JSON values."""
        curve, promises = [p.as_json() for p in self.curve], [p.as_json() for p in self.promises]
        return asdict(self) | {"curve": curve, "promises": promises}


def confident(logits: npt.NDArray[Any], labels: Sequence[int] | Ints, temperature: float = 1.0) -> Confident:
    """Calibrated confidence of each row's answer, from logits (rows, classes) and its class.

    Args:
        logits: (rows, classes).
        labels: the true classes (rows,).
        temperature: what the logits are divided by, from `calibrate.find_temperature`.
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    exp = np.exp(scaled - scaled.max(1, keepdims=True))
    return Confident((exp / exp.sum(1, keepdims=True)).max(1), scaled.argmax(1) == np.asarray(labels))


def abstain(validation: Confident, test: Confident, targets: Sequence[float] = TARGETS) -> Abstain:
    """Choose a threshold for each target on the validation rows, and see on the test rows what it does.

    Args:
        validation: answers to rows that were not learned from; only they choose.
        test: answers to rows that took part in nothing.
        targets: shares of wrong answers that may be borne.
    """
    ordered = np.sort(test.confidence)
    # A threshold at each of evenly spaced coverages, and no two that answer the same rows.
    at = np.unique(ordered[np.linspace(0, len(ordered) - 1, POINTS).astype(int)])
    curve = tuple(_point(test, float(t)) for t in at)
    promises = tuple(_promise(validation, test, t) for t in targets)
    return Abstain(curve, promises, len(validation.right), len(test.right))


def find_threshold(validation: Confident, target: float) -> float | None:
    """The lowest threshold at which the validation rows show, with 90 % confidence, an error of at most `target`.

    The bound is Clopper & Pearson's (1934), one-sided, at each threshold by itself. Trying many thresholds makes the
    choice a little hopeful, which is why the test rows and not this bound decide what is promised.
    """
    order = np.argsort(-validation.confidence, kind="stable")
    sure, wrong = validation.confidence[order], np.cumsum(~validation.right[order])
    n = np.arange(1, len(order) + 1)
    ends = np.append(sure[1:] != sure[:-1], True)  # rows of equal confidence are answered together or not at all
    bound = np.where(wrong < n, beta.ppf(_CONFIDENCE, wrong + 1, np.maximum(n - wrong, 1e-9)), 1.0)
    good = np.flatnonzero(ends & (bound <= target))
    return float(sure[good[-1]]) if len(good) else None


def rows_for(target: float) -> int:
    """Validation rows without a single error that it takes to show an error of at most `target`."""
    return int(np.ceil(np.log(1 - _CONFIDENCE) / np.log(1 - target)))


def _point(rows: Confident, threshold: float) -> Point:
    answered = rows.confidence >= threshold
    n = int(answered.sum())
    return Point(threshold, share(n, len(answered)), share(int((~rows.right[answered]).sum()), n), n)


def _promise(validation: Confident, test: Confident, target: float) -> Promise:
    threshold = find_threshold(validation, target)
    if threshold is None:
        needed = rows_for(target)
        reason = (
            f"No threshold showed it on the {len(validation.right):,} validation rows: the surest {needed:,} answers "
            "or more would have to be nearly free of errors."
        )
        return Promise(target, None, NOT_SHOWN, reason)
    if not (test.confidence >= threshold).any():
        return Promise(target, None, NOT_SHOWN, "No test row is answered that surely.")
    at = _point(test, threshold)
    low, high = at.error.low or 0.0, at.error.high or 0.0
    verdict = KEPT if high <= target else BROKEN if low > target else NOT_SHOWN
    reason = {
        KEPT: "The whole interval of the error on the test rows is at most the target.",
        BROKEN: "The error on the test rows is above the target: validation and test rows differ.",
        NOT_SHOWN: "The interval of the error on the test rows crosses the target: more test rows would settle it.",
    }[verdict]
    return Promise(target, at, verdict, reason)
