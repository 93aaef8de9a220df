"""Make confidence mean what it says: temperature scaling (Guo et al. 2017, arXiv 1706.04599, §4.2).

One number divides all logits, chosen on the validation rows. It changes no answer, only how sure each one sounds.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from torch import Tensor

from core.model.stats import BINS, RESAMPLES, Bin, Interval, calibration_error, reliability

_RANGE = (0.05, 20.0)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A temperature and what it did on the test rows, each error with its bootstrap interval."""

    temperature: float
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
        names = ("temperature", "n_validation", "n_test")
        return {name: getattr(self, name) for name in names} | errors | curves


def find_temperature(logits: Tensor, labels: Tensor) -> float:
    """The divisor of the logits (rows, classes) that makes the labels (rows,) likeliest; between 0.05 and 20."""
    rows = logits.double().numpy()
    truth = rows[np.arange(len(rows)), labels.numpy()]

    def loss(log_t: float) -> float:
        scaled = rows / np.exp(log_t)
        top = scaled.max(1)
        return float((np.log(np.exp(scaled - top[:, None]).sum(1)) + top - truth / np.exp(log_t)).mean())

    found = minimize_scalar(loss, bounds=tuple(np.log(_RANGE)), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def calibrate(
    validation_logits: Tensor, validation_labels: Tensor, test_logits: Tensor, test_labels: Tensor, seed: int
) -> Calibration:
    """Find the temperature on the validation rows and measure on the test rows what it did.

    Args:
        validation_logits: (rows, classes), of rows that were not learned from.
        validation_labels: their classes (rows,).
        test_logits: (rows, classes).
        test_labels: their classes (rows,).
        seed: of the rows drawn again for the intervals.
    """
    temperature = find_temperature(validation_logits, validation_labels)
    right = (test_logits.argmax(1) == test_labels).numpy()
    sure = [(test_logits.double() / t).softmax(1).amax(1).numpy() for t in (1.0, temperature)]
    return Calibration(
        temperature,
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
