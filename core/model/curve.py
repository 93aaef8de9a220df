"""How many more labels would it take? A learning curve of the logistic regression on frozen embeddings, and its law.

The regression stands in for the tuned model, which starts from it: it is fitted in seconds where a tuned model takes
minutes, and so says how much the *labels* still limit the accuracy. The law of its error is `core.model.law`'s.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.model import law
from core.model.baseline import fit_one
from core.model.law import DRAWS, LEVEL, Law, Needed
from core.progress import Progress, part, silent


@dataclass(frozen=True, slots=True)
class Point:
    """Accuracy when `n` rows are learned from: the mean over `draws` subsets, and its standard error."""

    n: int
    accuracy: float
    error: float
    draws: int


@dataclass(frozen=True, slots=True)
class Curve:
    """Measured points, and the law of their errors."""

    points: tuple[Point, ...]
    law: Law

    def accuracy(self, n: float) -> tuple[float, float, float] | None:
        """The law's accuracy at n rows with its band, or None where there is no law."""
        found = self.law.error(n)
        if found is None:
            return None
        middle, low, high = (max(0.0, 1 - e) for e in (found[0], found[2], found[1]))
        return middle, low, high

    def needed(self, target: float) -> Needed:
        """The training rows that the target accuracy (0 to 1) takes."""
        return self.law.needed(target, 1 - target, lambda error: f"{100 * (1 - error):.1f} %")

    def as_json(self) -> dict[str, Any]:
        """Points, the law with its band at each, and the level the law tends to, as JSON values."""
        points = []
        for p in self.points:
            law = self.accuracy(p.n)
            fitted = dict(zip(("law", "low", "high"), law, strict=True)) if law else {}
            points.append({"n": p.n, "accuracy": p.accuracy, "error": p.error, "draws": p.draws, **fitted})
        return {"points": points, "law": self.law.as_json(), "level": LEVEL, "reason": self.law.reason}


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
    """The sizes that are tried: at most six on a log scale, from two rows a class up to all rows."""
    return law.sizes(rows, 2 * n_classes)


def fit_law(points: Sequence[Point], n_classes: int = 2) -> Curve:
    """Fit the power law to measured points; without one, and with the reason, where they cannot carry it."""
    told = np.array([(p.n, 1 - p.accuracy, p.error) for p in points], dtype=np.float64)
    n, error, spread = told.T
    return Curve(tuple(points), law.fit(n, error, spread, need=max(8 * n_classes, 40), most=1))


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
