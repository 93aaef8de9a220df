"""The law of a learning curve: error = a + b n^-c, and how many rows an error takes by it, each with a band.

The inverse power law of errors by training rows: Cortes et al. 1993; Hestness et al. 2017, arXiv 1712.00409; Viering &
Loog 2022, arXiv 2103.10948. Each size weighs by its variance, and the band is a parametric bootstrap's (Efron &
Tibshirani 1993, §6.5). It knows chance, not a law that changes: rows of another kind may help more or less.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
LEVEL = 0.9
SIZES = 6
DRAWS = 3
FARTHEST = 100  # times the rows there are: beyond that a forecast is a guess
_BOOTSTRAP = 1000
_CHI2 = 2.706  # quantile of chi-square with one degree of freedom at LEVEL
_EXPONENTS = np.geomspace(0.05, 2.0, 60)  # Hestness et al. find 0.07 to 0.35; small linear models come near 1


@dataclass(frozen=True, slots=True)
class Needed:
    """The rows that a target takes.

    Attributes:
        target: what is to be reached, in the curve's own figure.
        state: "reached", "forecast", "not reachable on this curve" or "unknown".
        rows: training rows in all, None unless forecast.
        low, high: the band of `level`; `high` is None where it has no upper end.
    """

    target: float
    state: str
    reason: str
    rows: int | None = None
    low: int | None = None
    high: int | None = None
    level: float = LEVEL

    def as_json(self) -> dict[str, Any]:
        """The forecast as JSON values."""
        names = ("target", "state", "reason", "rows", "low", "high", "level")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Law:
    """The parameters: the fit first, then one row (a, b, c) for each bootstrap draw.

    Attributes:
        laws: (draws + 1, 3); empty where there are too few sizes for a fit, and `reason` says so.
        today: rows there are.
    """

    laws: Floats
    today: int
    reason: str = ""

    def error(self, n: float) -> tuple[float, float, float] | None:
        """The error at n rows with its band, or None where there is no law."""
        if not len(self.laws):
            return None
        found = np.maximum(_law(self.laws, n), 0)
        low, high = np.quantile(found[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return float(found[0]), min(float(low), float(found[0])), max(float(high), float(found[0]))

    def needed(self, target: float, error: float, said: Callable[[float], str]) -> Needed:
        """The training rows that an error takes; `target` is what a person calls it, `said` puts an error in words."""
        if not len(self.laws):
            return Needed(target, "unknown", self.reason)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            a, b, c = self.laws.T
            gap = error - a
            rows = np.where(gap > 0, np.exp(np.log(np.maximum(b, 1e-12) / np.maximum(gap, 1e-12)) / c), np.inf)
        rows = np.where(np.isfinite(rows) & (rows <= FARTHEST * self.today), np.maximum(rows, 1), np.inf)
        if rows[0] <= self.today:
            return Needed(target, "reached", f"The curve is at the target with the {self.today:,} rows there are.")
        low, high = np.quantile(rows[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
        low, high = min(low, rows[0]), max(high, rows[0])
        if not math.isfinite(rows[0]):
            best = said(float(self.laws[0, 0]))
            chance = "" if not math.isfinite(low) else f" The band begins at {math.ceil(low):,} rows, so it may err."
            reason = f"The curve levels off at {best}, or needs more than {FARTHEST} times the rows there are.{chance}"
            return Needed(target, "not reachable on this curve", reason)
        end = f"to {math.ceil(high):,}" if math.isfinite(high) else "or more, without an upper end"
        reason = (
            f"{math.ceil(rows[0]):,} rows in all, {math.ceil(low):,} {end} ({LEVEL:.0%} band), for rows like these."
        )
        top = math.ceil(high) if math.isfinite(high) else None
        return Needed(target, "forecast", reason, math.ceil(rows[0]), math.ceil(low), top)

    def as_json(self) -> dict[str, float] | None:
        """The fitted parameters as JSON values."""
        return dict(zip(("a", "b", "c"), map(float, self.laws[0]), strict=True)) if len(self.laws) else None


def sizes(rows: int, least: int) -> tuple[int, ...]:
    """At most `SIZES` sizes on a log scale, from `least` (or a 30th of all) up to all rows."""
    least = max(least, rows // 30, 10)
    if least >= rows:
        return (rows,)
    return tuple(sorted({round(n) for n in np.geomspace(least, rows, SIZES)}))


def fit(n: Floats, error: Floats, spread: Floats, *, need: int, most: float = math.inf) -> Law:
    """Fit the law to errors (sizes,) measured at n rows each; without one, and with the reason, where they are too few.

    Args:
        n: rows learned from (sizes,), ascending.
        error: mean error at each (sizes,).
        spread: standard error of each (sizes,), above 0.
        need: rows from which on there is a curve, for the reason.
        most: largest error there can be.
    """
    today = int(n[-1])
    if len(n) < 4 or n[-1] < 4 * n[0]:
        return Law(np.empty((0, 3)), today, f"Too few rows for a curve: it takes about {need:,} to learn from.")
    best, without = _fit(n, error[None], spread), _fit(n, error[None], spread, floor=False)
    loss = [float((((_law(law[0], n) - error) / spread) ** 2).sum()) for law in (best, without)]
    # Points of today's sizes often cannot tell a floor from none; the band then has to hold both kinds of law.
    centres = [best[0], without[0]] if loss[1] - loss[0] < _CHI2 else [best[0]]
    noise = spread * np.random.default_rng(0).normal(size=(_BOOTSTRAP, len(n)))
    draws = np.stack([_law(law, n) for law in centres])[np.arange(_BOOTSTRAP) % len(centres)] + noise
    return Law(np.vstack([best, _fit(n, np.clip(draws, 0, most), spread)]), today)


def _fit(n: Floats, error: Floats, spread: Floats, *, floor: bool = True) -> Floats:
    """Weighted least squares of (draws, sizes) errors: for each exponent on a grid, a and b >= 0 in closed form."""
    weight = 1 / spread**2
    best = np.full((len(error), 3), np.nan)
    least = np.full(len(error), np.inf)
    for c in _EXPONENTS:
        u = n**-c
        w, wu, wuu = weight.sum(), weight @ u, weight @ (u * u)
        we, wue = error @ weight, error @ (weight * u)
        b = np.maximum((w * wue - wu * we) / (w * wuu - wu * wu), 0)
        a = (we - b * wu) / w
        if not floor:
            a = np.full_like(a, -1.0)
        b = np.where(a < 0, np.maximum(wue / wuu, 0), b)
        a = np.maximum(a, 0)
        loss = ((a[:, None] + b[:, None] * u - error) ** 2) @ weight
        better = loss < least
        least = np.where(better, loss, least)
        best[better] = np.column_stack([a, b, np.full(len(a), c)])[better]
    return best


def _law(laws: Floats, n: Any) -> Any:
    a, b, c = np.moveaxis(laws, -1, 0)
    return a + b * np.asarray(n, dtype=np.float64) ** -c
