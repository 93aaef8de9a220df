"""From a series to what is said of it: parameters with their doubt, bands of what comes, and how such bands did before.

Least squares is used where the series itself tells the parameters: there is an estimate, the peak lies within the
series, and the profile interval of m ends below five times m. Elsewhere the parameters are the likeliest under the
analogues' priors. The bands always come from the posterior, for even a good estimate is one line among many.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import InputError
from core.market.adoption import backtest
from core.market.adoption.bass import BASS
from core.market.adoption.curves import Array, Curve, Form
from core.market.adoption.fit import Problem, fit
from core.market.adoption.gompertz import GOMPERTZ
from core.market.adoption.logistic import LOGISTIC
from core.market.adoption.periods import PERIODS
from core.market.adoption.posterior import Posterior, posterior
from core.market.adoption.profile import Bounds, intervals

CURVES: dict[str, Curve] = {c.name: c for c in (BASS, GOMPERTZ, LOGISTIC)}
FORMS: tuple[Form, ...] = ("srinivasan-mason", "density", "cumulative")
HORIZON = 5
INSTEAD = "The figures are the likeliest given the series and priors from Bass's eleven durables (1969)."
_WITHIN = 5.0  # times m: a wider interval tells no size


@dataclass(frozen=True, slots=True)
class Estimate:
    """The parameters of a curve, by name.

    Attributes:
        identified: they are the least-squares estimate; else the likeliest under the priors.
        reason: why plain least squares is refused; empty where it is not.
        values: of the parameters.
        se: standard errors; where not identified, the posterior's standard deviations.
        interval: 95 %: profile likelihood; where not identified, the posterior's quantiles.
        residual_se: of what was fitted, in its units.
    """

    identified: bool
    reason: str
    values: dict[str, float]
    se: dict[str, float]
    interval: dict[str, Bounds]
    residual_se: float


@dataclass(frozen=True, slots=True)
class Adoption:
    """A series, its curve, and what comes.

    Attributes:
        bands: p10, p50, p90 of the sales of each period to come; shape (3, horizon).
        held: the backtest.
    """

    problem: Problem
    estimate: Estimate
    posterior: Posterior
    bands: Array
    held: tuple[backtest.Held, ...]

    def as_json(self) -> dict[str, Any]:
        """What `market adoption --json` prints; p and q are null for curves that have none, which name their own."""
        of = self.estimate
        named = {"p": None, "q": None} | of.values
        first = len(self.problem.sales) + 1
        return {
            "model": self.problem.curve.name,
            "form": self.problem.form,
            **named,
            "se": of.se,
            "interval": {name: list(bounds) for name, bounds in of.interval.items()},
            "residual_se": of.residual_se,
            "identified": of.identified,
            "forecast": [
                {"t": first + k, "p10": low, "p50": middle, "p90": high}
                for k, (low, middle, high) in enumerate(self.bands.T.tolist())
            ],
            "backtest": backtest.told(self.held),
        }


def problem(sales: Array, model: str = "bass", form: str | None = None) -> Problem:
    """A series and the curve to fit it by; the form is the curve's own where none is named.

    Raises:
        InputError: there is no such curve or form.
    """
    if model not in CURVES:
        raise InputError(f"--model {model}: must be one of {', '.join(CURVES)}.")
    curve = CURVES[model]
    if form is not None and form not in FORMS:
        raise InputError(f"--form {form}: must be one of {', '.join(FORMS)}.")
    return Problem(curve, next((f for f in FORMS if f == form), curve.form), sales)


def adoption(of: Problem, *, period: str = "year", horizon: int = HORIZON, test: bool = True) -> Adoption:
    """Fit, forecast and test a series.

    Args:
        of: see `problem`.
        period: how long a period is, one of PERIODS: the analogues are by years.
        horizon: periods to forecast.
        test: try the forecast on earlier ends of the series, which takes most of the time.

    Raises:
        InputError: no such period.
    """
    if period not in PERIODS:
        raise InputError(f"--period {period}: must be one of {', '.join(PERIODS)}.")
    per_year = float(PERIODS[period])
    drawn = posterior(of, per_year)
    bands = np.quantile(drawn.sales(horizon), (0.1, 0.5, 0.9), axis=0)
    return Adoption(of, estimate(of, drawn), drawn, bands, backtest.backtest(of, per_year) if test else ())


def estimate(of: Problem, drawn: Posterior) -> Estimate:
    """The least-squares estimate where the series tells it, else the likeliest of the posterior."""
    found = fit(of)
    if isinstance(found, str):
        return _likeliest(drawn, f"There is no least-squares estimate: {found}.")
    n = len(of.sales)
    if found.peak > n:
        why = f"By least squares the peak would be in period {found.peak:.0f}, after the {n} there are: m is a guess."
        return _likeliest(drawn, why)
    bounds = intervals(found)
    above = bounds["m"][1]
    if above is None or above > _WITHIN * found.estimate[2]:
        why = "The series fits markets of very different size nearly equally well: m has no useful upper bound."
        return _likeliest(drawn, why)
    return Estimate(True, "", _by_name(of, found.estimate), _by_name(of, found.se), bounds, found.residual_se)


def _by_name(of: Problem, values: Array) -> dict[str, float]:
    return dict(zip(of.names, values.tolist(), strict=True))


def _likeliest(drawn: Posterior, reason: str) -> Estimate:
    of = drawn.problem
    best = drawn.natural(drawn.best[None])[0]
    natural = drawn.natural(drawn.draws)
    low, high = np.quantile(natural, (0.025, 0.975), axis=0).tolist()
    bounds: dict[str, Bounds] = dict(zip(of.names, zip(low, high, strict=True), strict=True))
    rss = float(((of.target - best[2] * of.unit(best[0], best[1])) ** 2).sum())
    residual = float(np.sqrt(rss / (len(of.sales) - 3)))
    return Estimate(False, reason, _by_name(of, best), _by_name(of, natural.std(0)), bounds, residual)
