"""Make confidence mean what it says: temperature scaling (Guo et al. 2017, arXiv 1706.04599, §4.2).

One number divides all logits, chosen on the validation rows. It changes no answer, only how sure each one sounds. Of
few rows the best divisor is partly luck, so it is taken only where it is better by more than one standard error.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.nn.functional import cross_entropy

from core.model.stats import BINS, RESAMPLES, Bin, Interval, calibration_error, reliability

_RANGE = (0.05, 20.0)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A temperature and what it did on the test rows, each error with its bootstrap interval.

    Attributes:
        temperature: what the logits are divided by; 1 leaves them as they are.
        fitted: the one that fits the validation rows best, taken or not.
        reason: why it was taken, or not.
    """

    temperature: float
    fitted: float
    reason: str
    before: Interval
    after: Interval
    curve_before: tuple[Bin, ...]
    curve: tuple[Bin, ...]
    n_validation: int
    n_test: int

    def as_json(self) -> dict[str, Any]:
        """The calibration as JSON values."""
        errors = {
            name: {"ece": e.value, "low": e.low, "high": e.high}
            for name, e in (("before", self.before), ("after", self.after))
        }
        curves = {
            "curve_before": [b.as_json() for b in self.curve_before],
            "curve": [b.as_json() for b in self.curve],
        }
        names = ("temperature", "fitted", "reason", "n_validation", "n_test")
        return {name: getattr(self, name) for name in names} | errors | curves


def find_temperature(logits: Tensor, labels: Tensor) -> float:
    """The divisor of the logits (rows, classes) that makes the labels (rows,) likeliest; between 0.05 and 20."""

    def loss(log_t: float) -> float:
        return float(_surprise(logits, labels, float(np.exp(log_t))).mean())

    found = minimize_scalar(loss, bounds=tuple(np.log(_RANGE)), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def worth(logits: Tensor, labels: Tensor, temperature: float) -> tuple[float, str]:
    """The temperature to take, this one or 1, and why.

    It is taken where the mean negative log-likelihood of the labels (rows,) falls by more than one standard error of
    the paired difference, row by row (the one-standard-error rule: Breiman et al. 1984, section 3.4.3).
    """
    gains = _surprise(logits, labels, 1.0) - _surprise(logits, labels, temperature)
    if (n := len(gains)) < 2:
        return 1.0, f"{n} validation row is too few to tell whether a temperature helps."
    gain, error = float(gains.mean()), float(gains.std(ddof=1)) / math.sqrt(n)
    measured = f"{gain:.2g} (standard error {error:.2g}, {n:,} validation rows)"
    if gain > error:
        return temperature, f"A temperature of {temperature:.2f} lowers the validation loss by {measured}."
    return 1.0, f"Confidence is left as it is: the best temperature, {temperature:.2f}, would gain only {measured}."


def _surprise(logits: Tensor, labels: Tensor, temperature: float) -> npt.NDArray[np.float64]:
    """Negative log-likelihood of each label (rows,), in nats."""
    surprise: npt.NDArray[np.float64] = cross_entropy(logits.double() / temperature, labels, reduction="none").numpy()
    return surprise


def calibrate(
    validation_logits: Tensor, validation_labels: Tensor, test_logits: Tensor, test_labels: Tensor, seed: int
) -> Calibration:
    """Find the temperature on the validation rows, take it where it is worth it, and measure on the test rows.

    Args:
        validation_logits: (rows, classes), of rows that were not learned from.
        validation_labels: their classes (rows,).
        test_logits: (rows, classes).
        test_labels: their classes (rows,).
        seed: of the rows drawn again for the intervals.
    """
    fitted = find_temperature(validation_logits, validation_labels)
    temperature, reason = worth(validation_logits, validation_labels, fitted)
    right = (test_logits.argmax(1) == test_labels).numpy()
    sure = [(test_logits.double() / t).softmax(1).amax(1).numpy() for t in (1.0, temperature)]
    return Calibration(
        temperature,
        fitted,
        reason,
        _interval(sure[0], right, seed),
        _interval(sure[1], right, seed),
        reliability(sure[0], right),
        reliability(sure[1], right),
        len(validation_labels),
        len(test_labels),
    )


def _interval(confidence: npt.NDArray[Any], right: npt.NDArray[np.bool_], seed: int) -> Interval:
    """The calibration error with the percentile interval of rows drawn again.

    The error of few rows is too large by chance, and that of rows drawn again larger still (Roelofs et al. 2022,
    arXiv 2012.08668): the interval is shifted back by that known excess, and still holds the figure itself.
    """
    which = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gap, n = confidence - right, len(confidence)
    value = calibration_error(confidence, right)
    random = np.random.default_rng(seed)
    draws = np.empty(RESAMPLES // 4)
    for i in range(len(draws)):
        again = random.integers(0, n, n)
        draws[i] = np.abs(np.bincount(which[again], weights=gap[again], minlength=BINS)).sum() / n
    low, high = np.quantile(draws, [0.025, 0.975]) - (draws.mean() - value)
    return Interval(value, min(max(float(low), 0.0), value), max(float(high), value))
