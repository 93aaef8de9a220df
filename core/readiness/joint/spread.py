"""From a record's value and interval to draws of what the true figure may be."""

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np

from core.draws import Array
from core.evidence import Evidence
from core.normal import at_logit

Scale = tuple[Callable[[Array], Array], Callable[[Array], Array]]  # to where it is about symmetric, and back


def spread(record: Evidence, y: Array) -> Array | None:
    """Draws of a record's figure at the probabilities `y`; None where the record holds no finite number.

    Two half-normals that meet at the value and have the bounds of the record's interval at its own level (the
    two-piece normal: Wallis 2014, Statistical Science 29(1)), on the scale of the logit for a share, of the logarithm
    for what is positive. A record without an interval is a point; one with an open side has only the other.
    """
    value = record.value
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    low, high = _bounds(record, float(value))
    if low == high:
        return np.full_like(y, float(value))
    there, back = _scale(record.unit, low, high)
    at_low, middle, at_high = there(np.array([low, float(value), high]))
    z = at_logit(_logit(y)) / NormalDist().inv_cdf((1 + record.level) / 2)
    return back(middle + z * np.where(z < 0, middle - at_low, at_high - middle))


def _bounds(record: Evidence, value: float) -> tuple[float, float]:
    low = value if record.low is None or not math.isfinite(record.low) else min(record.low, value)
    high = value if record.high is None or not math.isfinite(record.high) else max(record.high, value)
    return low, high


def _scale(unit: str, low: float, high: float) -> Scale:
    if unit == "share" and 0 < low and high < 1:
        return _logit, _share
    if unit == "share" and low >= 0:
        return _same, lambda t: np.clip(t, 0.0, 1.0)
    if low > 0:
        return np.log, np.exp
    return (_same, lambda t: np.maximum(t, 0.0)) if low == 0 else (_same, _same)


def _same(x: Array) -> Array:
    return x


def _logit(y: Array) -> Array:
    return np.asarray(np.log(y) - np.log1p(-y))


def _share(t: Array) -> Array:
    return np.asarray(np.exp(-np.logaddexp(0.0, -t)))
