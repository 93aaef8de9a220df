"""What the three growth curves have in common: a share of all who will ever buy, by time, in three parameters.

A curve has two parameters of shape and the size m of the market. Each has one scale on which it is free (a logarithm
for what must be positive). To be compared and to share priors, every shape can also be given as the p and q of the Bass
curve that reaches a half at the same time and goes from 10 % to 90 % at the same pace.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Form = Literal["srinivasan-mason", "density", "cumulative"]
Scale = Literal["log", "logit", "plain"]
LEAST = 4  # periods: three parameters and one degree of freedom


@dataclass(frozen=True, slots=True)
class Curve:
    """One growth curve. Times are counted in periods; the first period ends at t = 1.

    Attributes:
        names: of the two parameters of shape, as the field writes them.
        scales: on which each of them is free.
        share: (t, a, b) -> F(t), the share that has bought by t; broadcasts.
        density: (t, a, b) -> dF/dt.
        peak: (a, b) -> time of the steepest rise.
        pace: (a, b) -> the p + q of a Bass curve as fast as this one.
        shape: (p, q) -> the two parameters of the curve like that Bass curve.
        begins: what was bought before t = 0 counts as sales of the first period; else F(0) = 0.
        form: in which it is fitted where nothing else is asked.
        doubt: how far products of the other two shapes stray from its forecasts beyond their scatter: a relative
            standard deviation for one period ahead, growing with the root of how many it are.
    """

    name: str
    names: tuple[str, str]
    scales: tuple[Scale, Scale]
    share: Callable[[Array, Array, Array], Array]
    density: Callable[[Array, Array, Array], Array]
    peak: Callable[[float, float], float]
    pace: Callable[[float, float], float]
    shape: Callable[[Array, Array], tuple[Array, Array]]
    begins: bool
    form: Form
    doubt: float = 0.0

    def mean(self, t: Array, a: Array, b: Array, form: Form) -> Array:
        """What m = 1 would sell in the periods that end at `t`; with the form "cumulative", by their end.

        Args:
            t: ends of whole periods, shape (periods,).
            a: first parameter of shape, broadcasting against `t`.
            b: second one.
            form: "srinivasan-mason" is m (F(t) - F(t-1)), Srinivasan & Mason 1986; "density" is m f(t).
        """
        if form == "density":
            return self.density(t, a, b)
        if form == "cumulative":
            return self.share(t, a, b)
        before = self.share(t - 1, a, b)
        return self.share(t, a, b) - (np.where(t > 1, before, 0.0) if self.begins else before)


def half_time(p: Array, q: Array) -> Array:
    """When a Bass curve reaches a half."""
    return np.asarray(np.log(2 + q / p) / (p + q))


def free(value: Array, scale: Scale) -> Array:
    """A parameter on its free scale."""
    if scale == "plain":
        return value
    return np.asarray(np.log(value) - (np.log1p(-value) if scale == "logit" else 0.0))


def bound(value: Array, scale: Scale) -> Array:
    """A parameter from its free scale: the inverse of `free`."""
    if scale == "plain":
        return value
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(value) if scale == "log" else 1 / (1 + np.exp(-value)))
