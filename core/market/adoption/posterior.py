"""What a series and published analogues say together, also before the peak, where the series alone cannot tell m.

Shapes have the priors of a new product beside Bass's eleven durables. On the log scale every size m up to 100 times
what was sold so far is as likely as another, so it follows from the sales and the shape. Sales scatter about the curve
in proportion to its height, and half of what one period lies above it is still there the next; how wide they scatter is
integrated out. Draws come from importance sampling on scrambled Sobol points with a fixed seed: round by round with a
multivariate t proposal, the second about the mode, each later one fitted to the draws so far (adaptive multiple
importance sampling, Cornuet et al. 2012).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaincinv, gammaln, ndtri
from scipy.stats import qmc

from core.market.adoption.curves import Array
from core.market.adoption.fit import Problem

LN_P = (-4.3039, 0.7305)  # mean and standard deviation over Bass's eleven durables (1969), by years
LN_Q = (-1.1847, 0.3558)
DURABLES = 11
PERSISTS = 0.5  # of a period's relative deviation, to the next
SCATTER = 0.3  # of sales about the curve, relative, before a series says otherwise
WORTH = 3  # periods that this counts for
DRAWS = 1024
SEED = 7
_POINTS, _ROUNDS, _MOST_ROUNDS = 2048, 4, 12
_ENOUGH = 400  # effective draws
_LIKELY = math.log(100)  # a market more than 100 times what was sold so far is less and less likely
_TAILS = 4.0  # degrees of freedom of the proposals: heavier than any posterior met
_LEAST_ESS = 60
_FLOOR = 1e-3  # of the mean sales: a curve is never thought lower than this

Density = Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class Posterior:
    """Equally likely curves.

    Attributes:
        draws: ln p, ln q and ln m of each, as those of the Bass curve like it; shape (DRAWS, 3), rising in m.
        best: the most likely one.
        effective: draws that as many independent ones are worth before they were drawn again.
    """

    problem: Problem
    draws: Array
    best: Array
    effective: float

    def natural(self, x: Array) -> Array:
        """Draws (n, 3) as the curve's own parameters and m."""
        a, b = self.problem.curve.shape(np.exp(x[:, 0]), np.exp(x[:, 1]))
        return np.stack([a, b, np.exp(x[:, 2])], axis=1)

    def sales(self, horizon: int) -> Array:
        """One future for each draw: sales of the next `horizon` periods; shape (DRAWS, horizon)."""
        n = len(self.problem.sales)
        curve = _heights(self.problem, self.draws, np.arange(n + 1.0, n + horizon + 1))
        astray = self._astray(np.arange(1.0, horizon + 1))
        return self._about(np.multiply(curve, astray), _squares(self.problem, self.draws)[1])

    def launch(self, size: Array, horizon: int) -> Array:
        """Futures of another product that takes the same course in a market of `size` (DRAWS,) from its own launch."""
        shapes = np.concatenate([self.draws[:, :2], np.log(size)[:, None]], axis=1)
        ends = np.arange(1.0, horizon + 1)
        beyond = np.maximum(ends - len(self.problem.sales), 0.0)  # what the series showed of the shape is known
        curve = np.multiply(_heights(self.problem, shapes, ends), self._astray(beyond))
        return self._about(curve, np.zeros(len(shapes)))

    def _astray(self, ahead: Array) -> Array:
        """Factors by which the product may leave this curve for another; shape (draws, periods)."""
        if not self.problem.curve.doubt:
            return np.ones(len(ahead))
        u = qmc.Sobol(1, rng=np.random.default_rng(SEED + 2)).random(len(self.draws))
        z = ndtri(np.clip(u, 2.0**-32, 1 - 2.0**-32))
        return np.asarray(np.exp(self.problem.curve.doubt * z * np.sqrt(ahead)))

    def _about(self, curve: Array, deviation: Array) -> Array:
        """Sales that scatter about curves (draws, periods) as those of the series do, from a last deviation on."""
        points = qmc.Sobol(1 + curve.shape[1], rng=np.random.default_rng(SEED + 1)).random(len(curve))
        u = np.clip(points, 2.0**-32, 1 - 2.0**-32)
        freedom = len(self.problem.sales) + WORTH
        scatter = np.sqrt(_squares(self.problem, self.draws)[0] / (2 * gammaincinv(freedom / 2, u[:, 0])))
        fresh = scatter[:, None] * ndtri(u[:, 1:]) * math.sqrt(1 - PERSISTS**2)
        out = []
        for step in range(curve.shape[1]):
            deviation = PERSISTS * deviation + fresh[:, step]
            out.append(deviation)
        return np.asarray(np.maximum(curve * (1 + np.stack(out, axis=1)), 0.0))


def posterior(problem: Problem, per_year: float = 1.0) -> Posterior:
    """Draw curves given the series.

    Args:
        problem: the series and the curve.
        per_year: periods in a year; the priors are by years.
    """
    proposals = [_first_proposal(problem, per_year)]
    points = np.clip(
        qmc.Sobol(4, rng=np.random.default_rng(SEED)).random(_POINTS * 2**4), 2.0**-32, 1 - 2.0**-32
    ).reshape(-1, _POINTS, 4)
    x, target = np.empty((0, 3)), np.empty(0)
    for done, u in enumerate(points[:_MOST_ROUNDS], 1):
        draw, _ = proposals[-1]
        new = draw(u)
        x, target = np.concatenate([x, new]), np.concatenate([target, _log_target(problem, new, per_year)])
        mixture = np.logaddexp.reduce([density(x) for _, density in proposals], axis=0) - math.log(len(proposals))
        share, effective = _weights(target - mixture, 1.0)
        if done >= _ROUNDS and effective >= _ENOUGH:
            break
        near = _about_mode(problem, x[np.argmax(target)], per_year) if done == 1 else None
        proposals.append(near or _fitted(x, target - mixture))
    order = np.argsort(x[:, 2], kind="stable")
    at = np.searchsorted(np.cumsum(share[order]), (np.arange(DRAWS) + 0.5) / DRAWS)
    draws = x[order[np.minimum(at, len(order) - 1)]]
    return Posterior(problem, draws, _best(problem, x[np.argmax(target)], per_year), effective)


def _heights(problem: Problem, x: Array, times: Array) -> Array:
    """The curves at `times`, in sales of the period; shape (draws, periods)."""
    form = "srinivasan-mason" if problem.form == "cumulative" else problem.form
    with np.errstate(all="ignore"):
        a, b = problem.curve.shape(np.exp(x[:, 0]), np.exp(x[:, 1]))
        share = problem.curve.mean(times, a[:, None], b[:, None], form)
        return np.asarray(np.exp(x[:, 2])[:, None] * np.nan_to_num(share, nan=0.0, posinf=0.0))


def _deviations(problem: Problem, x: Array) -> tuple[Array, Array]:
    """Curves kept off zero, and how far sales lie from them, relative; shapes (draws, periods)."""
    curve = _heights(problem, x, problem.times) + _FLOOR * problem.sales.mean()
    return curve, (problem.sales - curve) / curve


def _squares(problem: Problem, x: Array) -> tuple[Array, Array]:
    """Sum of squares of what is new in each period with the prior's share, and the last deviation; shape (draws,)."""
    _, off = _deviations(problem, x)
    return _sum_of_new(off), off[:, -1]


def _sum_of_new(off: Array) -> Array:
    new = (off[:, 1:] - PERSISTS * off[:, :-1]) / math.sqrt(1 - PERSISTS**2)
    return np.asarray(off[:, 0] ** 2 + (new**2).sum(1) + WORTH * SCATTER**2)


def _log_target(problem: Problem, x: Array, per_year: float) -> Array:
    curve, off = _deviations(problem, x)
    likelihood = -np.log(curve).sum(1) - (curve.shape[1] + WORTH) / 2 * np.log(_sum_of_new(off))
    beyond = np.maximum(x[:, 2] - math.log(problem.sales.sum()) - _LIKELY, 0.0)
    return np.asarray(likelihood + _log_prior(x, per_year) - beyond**2 / 2)


def _log_prior(x: Array, per_year: float) -> Array:
    """A new product beside eleven: Student's t with 10 degrees of freedom, as their mean and spread are estimates."""
    freedom = DURABLES - 1
    out = np.zeros(len(x))
    for value, (mean, sd) in zip((x[:, 0], x[:, 1]), (LN_P, LN_Q), strict=True):
        z = (value + math.log(per_year) - mean) / (sd * math.sqrt(1 + 1 / DURABLES))
        out -= (freedom + 1) / 2 * np.log1p(z**2 / freedom)
    return out


def _first_proposal(problem: Problem, per_year: float) -> tuple[Density, Density]:
    """Shapes a little wider than the prior's, and the m that fits what was sold so far."""
    middle = np.array([LN_P[0], LN_Q[0]]) - math.log(per_year)
    width = np.array([1.4 * LN_P[1], 1.4 * LN_Q[1], 0.4])

    def size(shape: Array) -> Array:
        ones = np.concatenate([shape, np.zeros((len(shape), 1))], axis=1)
        sold = _heights(problem, ones, problem.times).sum(1)
        return np.asarray(math.log(problem.sales.sum()) - np.log(np.maximum(sold, 1e-300)))

    def draw(u: Array) -> Array:
        z = ndtri(u[:, :3]) * width
        shape = middle + z[:, :2]
        return np.concatenate([shape, (size(shape) + z[:, 2])[:, None]], axis=1)

    def density(x: Array) -> Array:
        off = np.concatenate([x[:, :2] - middle, (x[:, 2] - size(x[:, :2]))[:, None]], axis=1) / width
        return np.asarray(-0.5 * (off**2).sum(1) - np.log(width).sum() - 1.5 * math.log(2 * math.pi))

    return draw, density


def _weights(log_weights: Array, power: float) -> tuple[Array, float]:
    """Weights that sum to 1, flattened by a power below 1, and how many equal ones they are worth."""
    w = np.exp(power * (log_weights - log_weights.max()))
    w /= w.sum()
    return w, float(1 / (w**2).sum())


def _fitted(x: Array, log_weights: Array) -> tuple[Density, Density]:
    """A multivariate t about the weighted draws; weights of few draws are flattened until enough of them count."""
    power = 1.0
    w, effective = _weights(log_weights, power)
    while effective < _LEAST_ESS and power > 0.01:
        power *= 0.7
        w, effective = _weights(log_weights, power)
    mean = w @ x
    off = x - mean
    return _student(mean, 1.3 * (w[:, None] * off).T @ off + 1e-9 * np.eye(3))


def _about_mode(problem: Problem, start: Array, per_year: float) -> tuple[Density, Density] | None:
    """A multivariate t with the curvature of the posterior at its mode; None where that is no peak."""
    mode = _best(problem, start, per_year)
    step = 1e-3 * np.eye(3)
    moves = np.array([s * a + t * b for a in step for b in step for s in (1, -1) for t in (1, -1)])
    signs = np.array([s * t for _ in range(9) for s in (1, -1) for t in (1, -1)])
    curvature = (_log_target(problem, mode + moves, per_year) * signs).reshape(3, 3, 4).sum(-1) / 4e-6
    try:
        np.linalg.cholesky(-curvature)
    except np.linalg.LinAlgError:
        return None
    return _student(mode, 1.3 * np.linalg.inv(-curvature))


def _student(mean: Array, covariance: Array) -> tuple[Density, Density]:
    """Draws from unit points (n, 4), and the log density, of a multivariate t."""
    root = np.linalg.cholesky(covariance)
    constant = gammaln((_TAILS + 3) / 2) - gammaln(_TAILS / 2) - 1.5 * math.log(_TAILS * math.pi)

    def draw(u: Array) -> Array:
        stretch = np.sqrt(_TAILS / (2 * gammaincinv(_TAILS / 2, u[:, 3])))
        return np.asarray(mean + (ndtri(u[:, :3]) * stretch[:, None]) @ root.T)

    def density(x: Array) -> Array:
        z = np.linalg.solve(root, (x - mean).T)
        far = np.log1p((z**2).sum(0) / _TAILS)
        return np.asarray(constant - (_TAILS + 3) / 2 * far - np.log(np.diag(root)).sum())

    return draw, density


def _best(problem: Problem, start: Array, per_year: float) -> Array:
    """The mode, from the best draw."""
    done = minimize(
        lambda x: -float(_log_target(problem, x[None], per_year)[0]),
        start,
        method="Nelder-Mead",
        options={"xatol": 1e-4, "fatol": 1e-6, "maxfev": 400},
    )
    return np.asarray(done.x)
