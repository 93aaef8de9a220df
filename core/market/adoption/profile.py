"""Profile-likelihood intervals: the values of one parameter that the others can make up for.

A bound is where (RSS(value) - RSS) / s^2 reaches the square of Student's t, as R's confint does for nls. They are as
lopsided as the data make them: the symmetric interval of a standard error is too short above for m. A bound that is
never reached is None: the series does not tell.
"""

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import t as student

from core.market.adoption.curves import Array
from core.market.adoption.fit import Fit

LEVEL = 0.95
_FAR = 9.0  # on a free scale: a factor of 8,000
_CLOSE = 1e-4  # on a free scale: 0.01 %
Bounds = tuple[float | None, float | None]


def intervals(fit: Fit, level: float = LEVEL) -> dict[str, Bounds]:
    """The profile interval of each parameter by its name."""
    return {name: (_end(fit, i, -1, level), _end(fit, i, 1, level)) for i, name in enumerate(fit.problem.names)}


def _end(fit: Fit, index: int, side: int, level: float) -> float | None:
    problem = fit.problem
    best = problem.free(fit.estimate)
    variance = (fit.residual_se / problem.scale) ** 2
    allowed = student.ppf((1 + level) / 2, len(problem.sales) - 3) ** 2 * variance
    lowest = float((problem.residuals(best) ** 2).sum())
    at_best = np.delete(best, index)
    last = at_best

    def beyond(at: float) -> bool:
        nonlocal last
        last, rss = _rest(fit, index, at, last)
        if rss - lowest > allowed:  # it may have been led into another valley
            last, rss = min((last, rss), _rest(fit, index, at, at_best), key=lambda f: f[1])
        return bool(rss - lowest > allowed)

    inside, step = float(best[index]), 0.05
    while not beyond(inside + side * step):
        inside, step = inside + side * step, step * 1.6
        if abs(inside - best[index]) > _FAR:
            return None
    while step > _CLOSE:
        step /= 2
        if not beyond(inside + side * step):
            inside += side * step
    return float(problem.natural(np.insert(last, index, inside + side * step / 2))[index])


def _rest(fit: Fit, index: int, at: float, start: Array) -> tuple[Array, float]:
    """The best other parameters where one is held, and their sum of squares."""
    done = least_squares(
        lambda rest: fit.problem.residuals(np.insert(rest, index, at)),
        start,
        method="lm",
        xtol=1e-9,
        ftol=1e-11,
        max_nfev=60,
    )
    return done.x, float(2 * done.cost)
