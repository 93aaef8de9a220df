"""What the forecast would have said before, held against what then happened."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.market.adoption.curves import LEAST
from core.market.adoption.fit import Problem
from core.market.adoption.posterior import posterior

AHEAD = 3  # periods
_WINDOWS = 10


@dataclass(frozen=True, slots=True)
class Held:
    """One period that was held out: the forecast made after `made_at` periods, and what was sold."""

    made_at: int
    t: int
    sold: float
    p10: float
    p50: float
    p90: float

    @property
    def inside(self) -> bool:
        """Whether the 80 % band holds it."""
        return self.p10 <= self.sold <= self.p90


def backtest(problem: Problem, per_year: float = 1.0) -> tuple[Held, ...]:
    """Forecast up to three periods from earlier ends of the series, ten ends at most, evenly spread."""
    n = len(problem.sales)
    if n <= LEAST:
        return ()
    ends = np.unique(np.linspace(LEAST, n - 1, min(_WINDOWS, n - LEAST)).round().astype(int))
    out = []
    for end in ends.tolist():
        early = problem.sales[:end]
        if not early.any():
            continue
        ahead = min(AHEAD, n - end)
        drawn = posterior(Problem(problem.curve, problem.form, early), per_year).sales(ahead)
        low, middle, high = np.quantile(drawn, (0.1, 0.5, 0.9), axis=0)
        for k in range(ahead):
            sold = float(problem.sales[end + k])
            out.append(Held(end, end + k + 1, sold, float(low[k]), float(middle[k]), float(high[k])))
    return tuple(out)


def told(held: tuple[Held, ...]) -> dict[str, Any]:
    """The backtest as JSON values: share inside the 80 % band, median error of p50 among periods with sales."""
    errors = [abs(h.p50 - h.sold) / h.sold for h in held if h.sold > 0]
    rows = [{k: getattr(h, k) for k in Held.__slots__} | {"inside": h.inside} for h in held]
    return {
        "windows": len({h.made_at for h in held}),
        "held_out": len(held),
        "inside_80": sum(h.inside for h in held) / len(held) if held else None,
        "median_error": float(np.median(errors)) if errors else None,
        "rows": rows,
    }
