"""Errors of predicted scores and their differences, each with its interval; no model and no data in here."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.model.stats import RESAMPLES, Interval

Floats = npt.NDArray[np.float64]
_CELLS = 1_000_000  # counts that are held at a time: 8 MB


@dataclass(frozen=True, slots=True)
class Errors:
    """Predicted scores against true ones, each with a percentile bootstrap interval (Efron & Tibshirani 1993, ch. 13).

    Attributes:
        rmse: root of the mean squared error.
        mae: mean absolute error.
        spearman: rank correlation; None where all predictions, or all scores, are equal.
    """

    rmse: Interval
    mae: Interval
    spearman: Interval | None

    def as_json(self) -> dict[str, Any]:
        """The errors as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Gain:
    """How much smaller the model's RMSE is than that of `against`, on the same rows; above 0 the model is better.

    The verdict follows the paired bootstrap's 95 % interval: "better" or "worse" where it leaves out 0.
    """

    against: str
    delta: float
    low: float
    high: float
    verdict: str
    n: int

    def as_json(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        return asdict(self)


def errors(truth: Floats, predicted: Floats, seed: int) -> Errors:
    """RMSE, MAE and Spearman's correlation of predictions (rows,) with their intervals, from rows drawn again."""
    off = predicted - truth
    both = np.stack([np.square(off), np.abs(off)], 1)
    related = bool(np.ptp(truth) > 0 and np.ptp(predicted) > 0)
    orders = [np.unique(side, return_inverse=True)[1] for side in (truth, predicted)] if related else []
    means, ranks = [], []
    for drawn in _draws(len(truth), seed):
        means.append(drawn @ both / len(truth))
        if related:
            ranks.append(_spearman(orders[0], orders[1], drawn))
    squares, sizes = np.concatenate(means).T
    once = np.ones((1, len(truth)))
    return Errors(
        _interval(rmse(off), np.sqrt(squares)),
        _interval(float(np.abs(off).mean()), sizes),
        _interval(float(_spearman(orders[0], orders[1], once)[0]), np.concatenate(ranks)) if related else None,
    )


def rmse_interval(truth: Floats, predicted: Floats, seed: int) -> Interval | None:
    """RMSE alone; None where there are no rows."""
    if not len(truth):
        return None
    squares = np.square(predicted - truth)
    drawn = np.concatenate([np.sqrt(times @ squares / len(truth)) for times in _draws(len(truth), seed)])
    return _interval(rmse(predicted - truth), drawn)


def gain(truth: Floats, model: Floats, other: Floats, against: str, seed: int) -> Gain:
    """Compare two models' predictions (rows,) of the same rows, drawn again together."""
    both = np.stack([np.square(other - truth), np.square(model - truth)], 1)
    drawn = np.concatenate([np.sqrt(times @ both / len(truth)) for times in _draws(len(truth), seed)])
    found = _interval(rmse(other - truth) - rmse(model - truth), drawn[:, 0] - drawn[:, 1])
    low, high = found.low or 0.0, found.high or 0.0
    verdict = "better" if low > 0 else "worse" if high < 0 else "not shown to be better"
    return Gain(against, found.value, low, high, verdict, len(truth))


def rmse(off: Floats) -> float:
    """Root of the mean square of errors (rows,)."""
    return float(np.sqrt(np.square(off).mean()))


def _draws(n: int, seed: int) -> Iterator[Floats]:
    """How often each row came up when n rows were drawn again, the same for the same seed: blocks of (draws, rows)."""
    random = np.random.default_rng(seed)
    most = max(1, min(100, _CELLS // n))
    for start in range(0, RESAMPLES, most):
        draws = min(most, RESAMPLES - start)
        which = random.integers(0, n, (draws, n)) + n * np.arange(draws)[:, None]
        yield np.bincount(which.ravel(), minlength=draws * n).reshape(draws, n).astype(np.float64)


def _interval(value: float, drawn: Floats) -> Interval:
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Interval(value, min(float(low), value), max(float(high), value))


def _spearman(truth: npt.NDArray[Any], predicted: npt.NDArray[Any], drawn: Floats) -> Floats:
    """Correlation of the ranks in each draw (draws,), equal values sharing theirs; NaN where a draw has no spread.

    Args:
        truth: the place of each row's score among the different ones, from 0 (rows,).
        predicted: the same of the predictions.
        drawn: how often each row counts (draws, rows).
    """
    a, b = (_ranks(side, drawn) for side in (truth, predicted))
    length = np.sqrt((drawn * a * a).sum(1) * (drawn * b * b).sum(1))
    return np.asarray(np.divide((drawn * a * b).sum(1), length, out=np.full(len(drawn), np.nan), where=length > 0))


def _ranks(place: npt.NDArray[Any], drawn: Floats) -> Floats:
    """Ranks (draws, rows) about their mean."""
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    owners = np.add.reduceat(drawn[:, order], starts, axis=1)
    middle = owners.cumsum(1) - (owners - 1) / 2
    return np.asarray(middle[:, place] - (drawn.sum(1, keepdims=True) + 1) / 2)
