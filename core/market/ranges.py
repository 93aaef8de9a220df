"""From "10 % chance below, as likely as not, 10 % chance above" to a whole distribution.

A positive quantity is a metalog of its logarithm, a share a metalog of its logit, so no draw is negative and no share
leaves 0..1. The three-term metalog passes through all three quantiles exactly (T. W. Keelin, The Metalog
Distributions, Decision Analysis 13(4), 2016, symmetric-percentile-triplet form). With q the transformed quantiles,
L = ln 9 and r = (q50 - q10) / (q90 - q10):

    a1 = q50;  a2 = (q90 - q10) / 2L;  a3 = (1 - 2r)(q90 - q10) / 0.8 L
    Q(y) = a1 + a2 logit(y) + a3 (y - 1/2) logit(y),  rising everywhere only if 0.166578 < r < 0.833422

Where it would not rise, the range leans too far for it: a lognormal (a share: logit-normal) through p10 and p90 stands
in, and a notice says how far that moved the median.
"""

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.normal import at_logit

Array = NDArray[np.float64]
Family = Literal["fixed", "log-metalog", "logit-metalog", "lognormal", "logit-normal"]
FEASIBLE = (0.166578, 0.833422)  # of r: Keelin 2016, section 4.3
Z90 = 1.2815515655446004  # the standard normal's 90 % quantile
_L = math.log(9)
_SAME = 1e-9  # relative: closer quantiles differ by rounding, which has no shape to fit
_SHOWN = 0.005  # of the median: a smaller move is rounding of what was stated
_HEAVIEST = 0.95  # a log-logistic tail of slope 1 has no mean; just below it the integral says nothing useful
_GRID = np.arange(-700.0, 700.05, 0.1)  # of logit(y); the trapezoid rule on it is exact to rounding for smooth tails
_STEP = float(_GRID[1] - _GRID[0])
_LOG_DENSITY = -np.abs(_GRID) - 2 * np.log1p(np.exp(-np.abs(_GRID)))


@dataclass(frozen=True, slots=True)
class Range:
    """A distribution fitted to p10, p50, p90, which are kept as stated.

    Attributes:
        coefficients: a1, a2, a3 of a metalog; mean, standard deviation, 0 of a (transformed) normal; the logarithm,
            0, 0 of a fixed value.
        most: no draw is larger; 1 for a share.
        notice: what a reader must know of the fit; empty where there is nothing.
    """

    family: Family
    p10: float
    p50: float
    p90: float
    coefficients: tuple[float, float, float]
    most: float = field(default=math.inf)
    notice: str = ""

    def quantile(self, y: Array) -> Array:
        """The values below which shares `y` (inside 0..1, any shape) of the probability lie."""
        return np.exp(self.log_at(np.log(y) - np.log1p(-y)))

    def log_at(self, z: Array) -> Array:
        """ln of the quantile at y = 1 / (1 + e^-z); taking the logit keeps both tails exact."""
        a1, a2, a3 = self.coefficients
        if self.family == "fixed":
            return np.full_like(z, a1)
        if self.family in ("lognormal", "logit-normal"):
            t = a1 + a2 * at_logit(z)
        else:
            t = a1 + (a2 + a3 * np.tanh(z / 2) / 2) * z
        if self.family in ("logit-metalog", "logit-normal"):
            return np.asarray(-np.logaddexp(0.0, -t))
        return np.minimum(t, math.log(self.most))

    def mean(self, power: int = 1) -> float | None:
        """E[x^power] by quadrature over logit(y); None where a tail is too heavy to have one.

        A log-metalog's tail behaves as y -> 1 like (1 - y)^-(a2 + a3/2), as y -> 0 like y^(a2 - a3/2), and so does a
        logit-metalog's lower one: a mean exists only for a slope below 1.
        """
        return _mean(self, power)

    def log_variance(self) -> float:
        """The variance of ln x, by the same quadrature."""
        return 0.0 if self.family == "fixed" else _log_variance(self)

    def share_below(self, value: float) -> float:
        """The probability of less than `value` (> 0), sought over logit(y); of a fixed number 0, 1/2 or 1."""
        log = math.log(value)
        if self.family == "fixed":
            return 0.5 if abs(log - self.coefficients[0]) < _SAME else float(log > self.coefficients[0])
        if log >= math.log(self.most):
            return 1.0
        low, high = -_GRID[-1], _GRID[-1]
        while high - low > 1e-12 * max(1.0, abs(low)):
            between = np.linspace(low, high, 64)
            at = min(max(int(np.searchsorted(self.log_at(between), log)), 1), 63)
            low, high = between[at - 1], between[at]
        return float(1 / (1 + np.exp(-low)))


@lru_cache(maxsize=512)
def _mean(of: Range, power: int) -> float | None:
    _, a2, a3 = of.coefficients
    slope = power * (a2 + a3 / 2) if power > 0 else -power * (a2 - a3 / 2)
    if of.family == "log-metalog" and (math.isinf(of.most) or power < 0) and slope >= _HEAVIEST:
        return None
    if of.family == "logit-metalog" and power < 0 and slope >= _HEAVIEST:
        return None
    return float(np.exp(power * of.log_at(_GRID) + _LOG_DENSITY).sum() * _STEP)


@lru_cache(maxsize=512)
def _log_variance(of: Range) -> float:
    log, weight = of.log_at(_GRID), np.exp(_LOG_DENSITY) * _STEP
    centre = float((log * weight).sum())
    return float(((log - centre) ** 2 * weight).sum())


@lru_cache(maxsize=1024)
def fit(p10: float, p50: float, p90: float, *, share: bool = False, shape: str = "metalog") -> Range:
    """Fit a distribution to three quantiles; equal ones make a fixed value.

    `shape` is "metalog", or "lognormal" for a (logit-)normal through p10 and p90, whatever p50 says.

    Raises:
        InputError: not 0 < p10 <= p50 <= p90, not finite, or a share above 1.
    """
    stated = (p10, p50, p90)
    if not all(math.isfinite(v) for v in stated) or not 0 < p10 <= p50 <= p90 or (share and p90 > 1):
        bound = " <= 1" if share else ""
        raise InputError(f"A range needs 0 < p10 <= p50 <= p90{bound}, got {p10:g}, {p50:g}, {p90:g}; correct it.")
    if p90 - p10 <= _SAME * p10:
        return Range("fixed", *stated, (math.log(p50), 0.0, 0.0), notice="One fixed number: it adds no spread.")
    most = 1.0 if share else math.inf
    if share and p90 < 1:
        return _fit(stated, "logit-metalog", "logit-normal", most, metalog=shape == "metalog")
    return _fit(stated, "log-metalog", "lognormal", most, metalog=shape == "metalog")


def _fit(
    stated: tuple[float, float, float], family: Family, instead: Family, most: float, *, metalog: bool = True
) -> Range:
    logit = family == "logit-metalog"
    q10, q50, q90 = (math.log(v) - (math.log1p(-v) if logit else 0.0) for v in stated)
    notes = (
        [f"p90 = {stated[2]:g} is the most a share can be: the top tenth is exactly 1."] if stated[2] == most else []
    )
    width = q90 - q10
    r = (q50 - q10) / width
    if metalog and FEASIBLE[0] < r < FEASIBLE[1]:
        coefficients = (q50, width / (2 * _L), (1 - 2 * r) * width / (0.8 * _L))
        return Range(family, *stated, coefficients, most, " ".join(notes))
    middle = (q10 + q90) / 2
    median = math.exp(middle) / (1 + math.exp(middle)) if logit else math.exp(middle)
    if metalog:
        notes.insert(0, _moved(stated, instead, median))
    elif abs(median / stated[1] - 1) >= _SHOWN:
        notes.insert(0, f"A {instead} through p10 and p90 has its median at {median:.3g}, not at {stated[1]:g}.")
    return Range(instead, *stated, (middle, width / (2 * Z90), 0.0), most, " ".join(notes))


def _moved(stated: tuple[float, float, float], instead: Family, median: float) -> str:
    p10, p50, p90 = stated
    return (
        f"{p10:g}, {p50:g}, {p90:g} lean too far to one side for one smooth curve through all three; a {instead} "
        f"through p10 and p90 stands in, which moves the median from {p50:g} to {median:.3g} ({median / p50 - 1:+.1%})."
    )
