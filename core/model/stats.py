"""Intervals and tests for shares and times, each after a named source; no model and no data in here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binom, binomtest

from core.intervals import wilson

Ints = npt.NDArray[np.int64]
RESAMPLES = 4000
BINS = 15


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the bounds of its 95 % interval; a bound is None where the sample cannot give it."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Paired:
    """Two classifiers on the same rows: the difference in accuracy, its interval, and the word for it.

    Attributes:
        delta: accuracy of the model minus that of `against`.
        p: two-sided exact McNemar test.
        won, lost: rows that only the model, or only the other, answered rightly.
        verdict: "better", "not shown to be better" or "worse".
    """

    against: str
    delta: float
    low: float
    high: float
    p: float
    won: int
    lost: int
    n: int
    verdict: str

    def as_json(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        names = ("against", "delta", "low", "high", "p", "verdict", "won", "lost")
        return {name: getattr(self, name) for name in names}


def share(right: int, n: int) -> Interval:
    """A share with its score interval (Wilson 1927)."""
    return Interval(right / n, *wilson(right, n))


def confusion_matrix(truth: Ints, answer: Ints, n_classes: int) -> Ints:
    """Rows counted by true class (row) and answered class (column)."""
    return (
        np.bincount(truth * n_classes + answer, minlength=n_classes**2).reshape(n_classes, n_classes).astype(np.int64)
    )


def macro_f1(confusion: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Mean F1 over the classes that occur as truth or answer; over the last two axes."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1).astype(float)
    both = confusion.sum(-1) + confusion.sum(-2)
    f1 = np.divide(2 * right, both, out=np.zeros_like(right), where=both > 0)
    return np.asarray(f1.sum(-1) / np.maximum((both > 0).sum(-1), 1))


def macro_f1_interval(confusion: Ints, seed: int) -> Interval:
    """Macro-F1 with the percentile interval of rows drawn again (Efron & Tibshirani 1993, ch. 13).

    Drawing rows again is drawing the filled cells of the confusion matrix from a multinomial distribution.
    """
    n, random = int(confusion.sum()), np.random.default_rng(seed)
    cells = np.flatnonzero(confusion)
    draws = random.multinomial(n, confusion.ravel()[cells] / n, size=RESAMPLES)
    values = np.empty(RESAMPLES)
    for start in range(0, RESAMPLES, 200):  # all at once would be large for many classes
        block = draws[start : start + 200]
        full = np.zeros((len(block), confusion.size), dtype=np.int64)
        full[:, cells] = block
        values[start : start + 200] = macro_f1(full.reshape(-1, *confusion.shape))
    low, high = np.quantile(values, [0.025, 0.975])
    value = float(macro_f1(confusion))
    return Interval(value, min(float(low), value), max(float(high), value))


def compare(truth: Ints, model: Ints, other: Ints, against: str, seed: int) -> Paired:
    """Compare two classifiers' answers to the same rows: exact McNemar test (1947), paired bootstrap interval.

    The verdict follows the test at 5 %; a test that does not reject is no proof of equality and is not called one.
    """
    won = int(((model == truth) & (other != truth)).sum())
    lost = int(((model != truth) & (other == truth)).sum())
    n, delta = len(truth), (won - lost) / len(truth)
    p = float(binomtest(won, won + lost, 0.5).pvalue) if won + lost else 1.0
    shares = np.array([won, lost, n - won - lost]) / n
    draws = np.random.default_rng(seed).multinomial(n, shares, size=RESAMPLES)
    low, high = np.quantile((draws[:, 0] - draws[:, 1]) / n, [0.025, 0.975])
    word = "not shown to be better" if p >= 0.05 else "better" if delta > 0 else "worse"
    return Paired(against, delta, min(float(low), delta), max(float(high), delta), p, won, lost, n, word)


def calibration_error(confidence: npt.NDArray[Any], right: npt.NDArray[np.bool_]) -> float:
    """Expected calibration error over 15 equal bins of the top answer's probability (Guo et al. 2017)."""
    which = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(which, weights=confidence - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(confidence))


def percentile(values: Sequence[float], q: float) -> Interval:
    """The q-quantile by nearest rank, with bounds from order statistics (David & Nagaraja 2003, §7.1)."""
    ordered, n = sorted(values), len(values)
    low, high = int(binom.ppf(0.025, n, q)), int(binom.ppf(0.975, n, q)) + 1
    return Interval(
        ordered[max(math.ceil(q * n), 1) - 1],
        ordered[low - 1] if low >= 1 else None,
        ordered[high - 1] if high <= n else None,
    )
