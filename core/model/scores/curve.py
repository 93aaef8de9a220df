"""How many more labels would it take? A learning curve of the ridge regression on frozen embeddings, and its law.

It stands in for the tuned model, which starts from it, as the logistic regression does where classes are predicted.
Its figure is the mean absolute error, which is what a venture asks of a score.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import Ridge

from core.model import law
from core.model.law import DRAWS, LEVEL, Law, Needed
from core.model.scores.stats import Floats
from core.progress import Progress, silent

LEAST = 20  # rows of the smallest size: fewer say little of a number


@dataclass(frozen=True, slots=True)
class Point:
    """Mean absolute error when `n` rows are learned from: over `draws` subsets, with its standard error."""

    n: int
    mae: float
    error: float
    draws: int


@dataclass(frozen=True, slots=True)
class Curve:
    """Measured points, in the scores' unit, and the law of their errors."""

    points: tuple[Point, ...]
    law: Law

    def needed(self, target: float) -> Needed:
        """The training rows that a mean absolute error of `target` takes."""
        return self.law.needed(target, target, lambda error: f"an error of {error:.3g}")

    def as_json(self) -> dict[str, Any]:
        """Points, and the law with its band at each, as JSON values."""
        points = []
        for p in self.points:
            found = self.law.error(p.n)
            fitted = dict(zip(("law", "low", "high"), found, strict=True)) if found else {}
            points.append({"n": p.n, "mae": p.mae, "error": p.error, "draws": p.draws, **fitted})
        return {"points": points, "law": self.law.as_json(), "level": LEVEL, "reason": self.law.reason}


def learning_curve(
    x: Floats, y: Floats, x_held: Floats, y_held: Floats, penalty: float, seed: int, progress: Progress = silent
) -> Curve:
    """Fit the regression on growing subsets, each inside the next, and the law to its errors on held-out rows.

    Args:
        x: training embeddings (rows, hidden).
        y: their scores (rows,).
        x_held: embeddings of rows that were not learned from (held, hidden).
        y_held: their scores (held,).
        penalty: the regression's, that of the full set.
        seed: decides the subsets.
        progress: told before each fit.
    """
    random = np.random.default_rng(seed)
    wanted = law.sizes(len(x), LEAST)
    orders = [random.permutation(len(x)) for _ in range(DRAWS)]
    points = []
    for done, n in enumerate(wanted):
        progress(done, len(wanted), f"Learning curve · {n:,} rows")
        draws = orders if n < len(x) else orders[:1]
        off = np.stack([np.abs(_fitted(x, y, rows[:n], penalty).predict(x_held) - y_held) for rows in draws])
        points.append(_point(n, off))
    sized, error, spread = np.array([(p.n, p.mae, p.error) for p in points], dtype=np.float64).T
    return Curve(tuple(points), law.fit(sized, error, spread, need=4 * LEAST))


def _fitted(x: Floats, y: Floats, rows: Any, penalty: float) -> Ridge:
    return Ridge(alpha=penalty).fit(x[rows], y[rows])


def _point(n: int, off: Floats) -> Point:
    """The mean of absolute errors (draws, held), and its error from the held-out rows and from the subsets drawn."""
    means, held = off.mean(1), off.shape[1]
    between = float(np.var(means, ddof=1)) / len(means) if len(means) > 1 else 0.0
    within = float(np.var(off.mean(0), ddof=1)) / held if held > 1 else 0.0
    least = 1e-9 * max(float(np.abs(off).max()), 1.0)  # scores that are all predicted to the last digit
    return Point(n, float(means.mean()), max(math.sqrt(within + between), least), len(means))
