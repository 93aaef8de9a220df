"""Intervals and tests for shares and times, each after a named source; no model and no data in here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binom, binomtest

from core.intervals import Z95, wilson

Ints = npt.NDArray[np.int64]
RESAMPLES = 4000
Z80 = 0.8416212335729143  # standard normal quantile at 0.8, the power
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
        detectable: the least true difference in accuracy that this test would have found in 80 of 100 draws of as many
            rows, at the share of differing answers seen here; None where no answer differs, so nothing is known.
        rows_needed: test rows after which a true difference of the size seen would be found as often; None at none.
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
    detectable: float | None = None
    rows_needed: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        names = ("against", "delta", "low", "high", "p", "verdict", "won", "lost", "n", "detectable", "rows_needed")
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
    bounds = min(float(low), delta), max(float(high), delta)
    discordant = (won + lost) / n
    seen = smallest_detectable(n, discordant) if won + lost else None
    needed = rows_needed(abs(delta), discordant) if won != lost else None
    return Paired(against, delta, *bounds, p, won, lost, n, word, seen, needed)


def rows_needed(delta: float, discordant: float) -> int:
    """Pairs that let McNemar's test at 5 % find a true difference with 80 % power (Connor 1987, p. 209).

    Args:
        delta: the difference in accuracy, above 0.
        discordant: the share of rows that exactly one of the two answers rightly, at least `delta`.

    Raises:
        ValueError: no such pair of shares.
    """
    if not 0 < delta <= discordant <= 1:
        raise ValueError("a difference is above 0 and at most the share of differing answers")
    root = Z95 * math.sqrt(discordant) + Z80 * math.sqrt(discordant - delta**2)
    return math.ceil((root / delta) ** 2)


def smallest_detectable(n: int, discordant: float) -> float:
    """The least difference that `n` pairs find with 80 % power: Connor's equation solved for the difference.

    At most `discordant` (all differing answers on one side): with fewer than about ten differing answers the test can
    find no more than that, and the bound is then too kind.
    """
    low, high = 0.0, discordant
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if middle > 0 and rows_needed(middle, discordant) <= n else (middle, high)
    return high


def holm(p: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down adjusted p-values (1979), in the order given: compare each with 5 % as if it stood alone."""
    order = sorted(range(len(p)), key=lambda i: p[i])
    adjusted, highest = [0.0] * len(p), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, p[i] * (len(p) - rank)))
        adjusted[i] = highest
    return tuple(adjusted)


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of similar confidence: the range, their mean confidence, and the share of right ones."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: Interval

    def as_json(self) -> dict[str, Any]:
        """The bin as JSON values."""
        a = self.accuracy
        names = {"from": self.low, "to": self.high, "n": self.n, "confidence": self.confidence}
        return names | {"accuracy": a.value, "low": a.low, "high": a.high}


def reliability(confidence: npt.NDArray[Any], right: npt.NDArray[np.bool_], bins: int = BINS) -> tuple[Bin, ...]:
    """The calibration curve in equal bins of confidence (Guo et al. 2017); bins without answers are left out."""
    which = np.minimum((np.asarray(confidence) * bins).astype(int), bins - 1)
    return tuple(
        Bin(
            b / bins,
            (b + 1) / bins,
            int(at.sum()),
            float(confidence[at].mean()),
            share(int(right[at].sum()), int(at.sum())),
        )
        for b in range(bins)
        if (at := which == b).any()
    )


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
