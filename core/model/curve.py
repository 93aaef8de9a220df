"""How many more labels would it take? A learning curve of the logistic regression on frozen embeddings, and its law.

The regression stands in for the tuned model, which starts from it: it is fitted in seconds where a tuned model takes
minutes, and so says how much the *labels* still limit the accuracy. Its error is fitted with the inverse power law
error = a + b n^-c (Cortes et al. 1993; Hestness et al. 2017, arXiv 1712.00409; Viering & Loog 2022, arXiv 2103.10948),
each size weighted by its variance, with a band from a parametric bootstrap (Efron & Tibshirani 1993, §6.5).
The band knows chance, not a law that changes: rows of another kind than today's may help more or less.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.model.baseline import fit_one
from core.progress import Progress, part, silent

Floats = npt.NDArray[np.float64]
LEVEL = 0.9
SIZES = 6
DRAWS = 3
FARTHEST = 100  # times the rows there are: beyond that a forecast is a guess
_BOOTSTRAP = 1000
_CHI2 = 2.706  # quantile of chi-square with one degree of freedom at LEVEL
_EXPONENTS = np.geomspace(0.05, 2.0, 60)  # Hestness et al. find 0.07 to 0.35; small linear models come near 1


@dataclass(frozen=True, slots=True)
class Point:
    """Accuracy when `n` rows are learned from: the mean over `draws` subsets, and its standard error."""

    n: int
    accuracy: float
    error: float
    draws: int


@dataclass(frozen=True, slots=True)
class Needed:
    """The rows that a target takes.

    Attributes:
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
class Curve:
    """Measured points and the law's parameters: the fit first, then one row (a, b, c) for each bootstrap draw.

    `laws` is empty where there are too few sizes for a fit; `reason` then says so.
    """

    points: tuple[Point, ...]
    laws: Floats
    reason: str = ""

    def accuracy(self, n: float) -> tuple[float, float, float] | None:
        """The law's accuracy at n rows with its band, or None where there is no law."""
        if not len(self.laws):
            return None
        found = np.clip(1 - _law(self.laws, n), 0, 1)
        low, high = np.quantile(found[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return float(found[0]), min(float(low), float(found[0])), max(float(high), float(found[0]))

    def needed(self, target: float) -> Needed:
        """The training rows that the target accuracy (0 to 1) takes."""
        if not len(self.laws):
            return Needed(target, "unknown", self.reason)
        today = self.points[-1].n
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            a, b, c = self.laws.T
            gap = (1 - target) - a
            rows = np.where(gap > 0, np.exp(np.log(np.maximum(b, 1e-12) / np.maximum(gap, 1e-12)) / c), np.inf)
        rows = np.where(np.isfinite(rows) & (rows <= FARTHEST * today), np.maximum(rows, 1), np.inf)
        if rows[0] <= today:
            return Needed(target, "reached", f"The curve is at the target with the {today:,} rows there are.")
        low, high = np.quantile(rows[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="nearest")
        low, high = min(low, rows[0]), max(high, rows[0])
        if not math.isfinite(rows[0]):
            best = f"{100 * (1 - self.laws[0, 0]):.1f} %"
            chance = "" if not math.isfinite(low) else f" The band begins at {math.ceil(low):,} rows, so it may err."
            reason = f"The curve levels off at {best}, or needs more than {FARTHEST} times the rows there are.{chance}"
            return Needed(target, "not reachable on this curve", reason)
        end = f"to {math.ceil(high):,}" if math.isfinite(high) else "or more, without an upper end"
        reason = (
            f"{math.ceil(rows[0]):,} rows in all, {math.ceil(low):,} {end} ({LEVEL:.0%} band), for rows like these."
        )
        top = math.ceil(high) if math.isfinite(high) else None
        return Needed(target, "forecast", reason, math.ceil(rows[0]), math.ceil(low), top)

    def as_json(self) -> dict[str, Any]:
        """Points, the law with its band at each, and the level the law tends to, as JSON values."""
        points = []
        for p in self.points:
            law = self.accuracy(p.n)
            fitted = dict(zip(("law", "low", "high"), law, strict=True)) if law else {}
            points.append({"n": p.n, "accuracy": p.accuracy, "error": p.error, "draws": p.draws, **fitted})
        names = ("a", "b", "c")
        law_json = dict(zip(names, map(float, self.laws[0]), strict=True)) if len(self.laws) else None
        return {"points": points, "law": law_json, "level": LEVEL, "reason": self.reason}


def learning_curve(
    x: Tensor,
    y: Tensor,
    x_held: Tensor,
    y_held: Tensor,
    n_classes: int,
    strength: float,
    seed: int,
    progress: Progress = silent,
) -> Curve:
    """Fit the regression on growing stratified subsets, each inside the next, and fit the law to its errors.

    Args:
        x: training embeddings (rows, hidden).
        y: their classes.
        x_held: embeddings of rows that were not learned from (validation or test).
        y_held: their classes.
        n_classes: classes in all.
        strength: the regression's inverse regularisation, that of the full set.
        seed: decides the subsets.
        progress: told several times a second.
    """
    random = np.random.default_rng(seed)
    wanted = sizes(len(x), n_classes)
    jobs = [(n, d) for n in wanted for d in range(DRAWS if n < len(x) else 1)]
    orders = [torch.from_numpy(_stratified_order(y.numpy(), random)) for _ in range(DRAWS)]
    total = sum(n for n, _ in jobs)
    right: dict[int, list[float]] = {n: [] for n in wanted}
    done = 0
    for n, d in jobs:
        rows = orders[d][:n]
        step = part(progress, done / total, (done + n) / total)
        fitted = fit_one(x[rows], y[rows], n_classes, strength, progress=_named(step, n))
        right[n].append(float((fitted.logits(x_held).argmax(1) == y_held).double().mean()))
        done += n
    return fit_law(_points(right, len(x_held)), n_classes)


def sizes(rows: int, n_classes: int) -> tuple[int, ...]:
    """At most `SIZES` sizes on a log scale, from two rows a class (or a 30th of all) up to all rows."""
    least = max(2 * n_classes, rows // 30, 10)
    if least >= rows:
        return (rows,)
    return tuple(sorted({round(n) for n in np.geomspace(least, rows, SIZES)}))


def fit_law(points: Sequence[Point], n_classes: int = 2) -> Curve:
    """Fit the power law to measured points; without one, and with the reason, where they cannot carry it."""
    points = tuple(points)
    n = np.array([p.n for p in points], dtype=np.float64)
    if len(points) < 4 or n[-1] < 4 * n[0]:
        need = max(8 * n_classes, 40)
        return Curve(points, np.empty((0, 3)), f"Too few rows for a curve: it takes about {need:,} to learn from.")
    error = np.array([1 - p.accuracy for p in points])[None]
    spread = np.array([p.error for p in points])
    best, without = _fit(n, error, spread), _fit(n, error, spread, floor=False)
    loss = [float((((_law(law[0], n) - error[0]) / spread) ** 2).sum()) for law in (best, without)]
    # Points of today's sizes often cannot tell a floor from none; the band then has to hold both kinds of law.
    centres = [best[0], without[0]] if loss[1] - loss[0] < _CHI2 else [best[0]]
    noise = spread * np.random.default_rng(0).normal(size=(_BOOTSTRAP, len(points)))
    draws = np.stack([_law(law, n) for law in centres])[np.arange(_BOOTSTRAP) % len(centres)] + noise
    return Curve(points, np.vstack([best, _fit(n, np.clip(draws, 0, 1), spread)]))


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


def _points(right: dict[int, list[float]], held: int) -> tuple[Point, ...]:
    """Mean accuracy of each size, its error from the held-out rows (binomial, smoothed) and from the subsets drawn."""
    out, between = [], 0.0
    for n, values in right.items():
        mean = float(np.mean(values))
        if len(values) > 1:
            between = float(np.var(values, ddof=1)) / len(values)
        smooth = (mean * held + 1) / (held + 2)
        out.append(Point(n, mean, math.sqrt(smooth * (1 - smooth) / held + between), len(values)))
    return tuple(out)


def _stratified_order(y: npt.NDArray[Any], random: np.random.Generator) -> npt.NDArray[np.int64]:
    """An order of the rows of which every beginning holds each class in about its share."""
    place = np.empty(len(y))
    for c in np.unique(y):
        rows = np.flatnonzero(y == c)
        place[random.permutation(rows)] = (np.arange(len(rows)) + random.uniform(0.25, 0.75)) / len(rows)
    return np.argsort(place, kind="stable").astype(np.int64)


def _named(progress: Progress, n: int) -> Progress:
    return lambda done, total, _="": progress(done, total, f"Learning curve · {n:,} rows")
