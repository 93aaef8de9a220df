"""Least squares for a growth curve: the estimate, its standard errors, and whether the series can tell it at all.

The size m enters linearly, so for each shape its best value is known (variable projection, Golub & Pereyra 1973) and a
coarse grid over the two parameters of shape shows every valley. The best of them are polished in all three parameters.
An estimate need not exist: the sum of squares may fall for ever towards an infinite market or a share of nothing
(Jukic 2010, 2013). That is told, never a point on the rim.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import least_squares

from core.market.adoption.curves import Array, Curve, Form, Scale, bound, free

_P = np.geomspace(1e-7, 0.7, 56)
_Q = np.geomspace(0.004, 6.0, 64)
_RIM_FIRST = (1e-9, 0.98)  # share that buys in the first period: beyond, a valley runs out of what can be
_RIM_PACE = (0.002, 20.0)  # of p + q
_NOTHING = 1e-7  # a p or q below this is none
_VALLEYS = 3
_LARGEST = 1e4  # times what was sold so far


@dataclass(frozen=True)
class Problem:
    """A series and the curve that it is fitted by.

    Attributes:
        sales: of each period, from the first one on; shape (periods,).
    """

    curve: Curve
    form: Form
    sales: Array

    @property
    def names(self) -> tuple[str, str, str]:
        """The parameters in the order in which arrays hold them: two of shape, then m."""
        return (*self.curve.names, "m")

    @property
    def scales(self) -> tuple[Scale, Scale, Scale]:
        """The free scales in the same order."""
        return (*self.curve.scales, "log")

    @cached_property
    def target(self) -> Array:
        """What is fitted: the sales, or their running total."""
        return np.cumsum(self.sales) if self.form == "cumulative" else self.sales

    @cached_property
    def times(self) -> Array:
        """Ends of the periods, 1 to n."""
        return np.arange(1.0, len(self.sales) + 1)

    def unit(self, a: Array, b: Array) -> Array:
        """The fitted curve of a market of size 1."""
        return self.curve.mean(self.times, a, b, self.form)

    def natural(self, z: Array) -> Array:
        """Parameters from their free scales."""
        return np.array([bound(v, s) for v, s in zip(z, self.scales, strict=True)])

    def free(self, natural: Array) -> Array:
        """Parameters on their free scales."""
        return np.array([free(v, s) for v, s in zip(natural, self.scales, strict=True)])

    def residuals(self, z: Array) -> Array:
        """Target minus curve at parameters on their free scales, in units of the target's root mean square."""
        a, b, m = self.natural(z)
        with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
            out = (self.target - m * self.unit(a, b)) / self.scale
        return np.asarray(np.nan_to_num(out, nan=1e6, posinf=1e6, neginf=-1e6))

    @cached_property
    def scale(self) -> float:
        """Root mean square of the target."""
        return float(np.sqrt(np.mean(self.target**2)))


@dataclass(frozen=True, slots=True)
class Fit:
    """A least-squares estimate.

    Attributes:
        estimate: two parameters of shape, then m, in the order of `Problem.names`; so is `se`.
        se: standard errors from the Jacobian at the estimate, as R's nls gives them.
        residual_se: square root of the sum of squares over n - 3, in units of what was fitted.
        peak: period in which sales are highest by the curve.
    """

    problem: Problem
    estimate: Array
    se: Array
    residual_se: float
    peak: float


def fit(problem: Problem) -> Fit | str:
    """The least-squares estimate, or in words why there is none."""
    found = [p for z in _valleys(problem) if (p := _polish(problem, z)) is not None]
    if not found:
        return "the optimiser ended nowhere"
    z, rss = min(found, key=lambda f: f[1])
    if why := _runs_out(problem, z):
        return why
    natural = problem.natural(z)
    jacobian = _jacobian(problem, z)
    freedom = len(problem.sales) - 3
    residual = float(np.sqrt(rss / freedom)) * problem.scale
    if np.linalg.matrix_rank(jacobian / np.linalg.norm(jacobian, axis=0)) < 3:
        return "different parameters fit equally well"
    covariance = np.linalg.inv(jacobian.T @ jacobian) * rss / freedom
    se = np.sqrt(np.diag(covariance)) * _slopes(problem, natural)
    return Fit(problem, natural, se, residual, max(0.0, problem.curve.peak(float(natural[0]), float(natural[1]))))


def _valleys(problem: Problem) -> list[Array]:
    """Where the sum of squares is lowest on the grid, with m at its best: the lowest few local minima."""
    p, q = np.meshgrid(_P, _Q, indexing="ij")
    a, b = problem.curve.shape(p[..., None], q[..., None])
    with np.errstate(all="ignore"):
        g = problem.unit(a, b)
        m = (g @ problem.target) / (g * g).sum(-1)
        rss = ((problem.target - m[..., None] * g) ** 2).sum(-1)
    rss = np.where(np.isfinite(rss) & (m > 0) & (m < _LARGEST * problem.sales.sum()), rss, np.inf)
    padded = np.pad(rss, 1, constant_values=np.inf)
    around = [
        padded[1 + i : rss.shape[0] + 1 + i, 1 + j : rss.shape[1] + 1 + j] for i in (-1, 0, 1) for j in (-1, 0, 1)
    ]
    lowest = np.isfinite(rss) & (rss <= np.minimum.reduce(around))
    places = sorted(zip(*np.nonzero(lowest), strict=True), key=lambda at: rss[at])[:_VALLEYS]
    out = []
    for at in places:
        shape = problem.curve.shape(p[at], q[at])
        out.append(problem.free(np.array([*shape, m[at]])))
    return out


def _polish(problem: Problem, start: Array) -> tuple[Array, float] | None:
    done = least_squares(problem.residuals, start, method="lm", xtol=1e-12, ftol=1e-14, gtol=1e-12, max_nfev=300)
    return (done.x, float(2 * done.cost)) if np.isfinite(done.cost) else None


def _runs_out(problem: Problem, z: Array) -> str:
    """Why a point is no estimate: the valley it lies in goes on beyond what can be."""
    a, b, m = (float(v) for v in problem.natural(z))
    if not np.isfinite([a, b, m]).all() or m > _LARGEST * problem.sales.sum():
        return "the sum of squares still falls towards an infinite market"
    first = float(problem.curve.share(np.asarray(1.0), np.asarray(a), np.asarray(b)))
    inside = _RIM_FIRST[0] < first < _RIM_FIRST[1] and _RIM_PACE[0] < problem.curve.pace(a, b) < _RIM_PACE[1]
    if not inside or min(v for v, s in zip((a, b, m), problem.scales, strict=True) if s != "plain") < _NOTHING:
        return "the sum of squares still falls towards the rim of what the curve can be"
    return ""


def _jacobian(problem: Problem, z: Array) -> Array:
    """Of the residuals on the free scales, by central differences."""
    step = 1e-6
    columns = [(problem.residuals(z + step * e) - problem.residuals(z - step * e)) / (2 * step) for e in np.eye(3)]
    return np.stack(columns, axis=1)


def _slopes(problem: Problem, natural: Array) -> Array:
    """d parameter / d free scale."""
    by_scale = {"log": natural, "logit": natural * (1 - natural), "plain": np.ones(3)}
    return np.array([by_scale[scale][i] for i, scale in enumerate(problem.scales)])
