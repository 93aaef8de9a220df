"""How far off a predicted score may be: one reach around every prediction, from the validation rows' errors."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.model.scores.stats import Floats
from core.model.stats import Interval, share

LEVEL = 0.9


@dataclass(frozen=True, slots=True)
class Conformal:
    """The interval around a prediction, and how often it held the true score.

    Attributes:
        level: share of new rows that it is meant to hold.
        reach: how far it goes to either side, in the scores' unit; None where the validation rows are too few.
        n: validation rows it was made from.
        coverage: share of the test rows whose true score it holds; None without a reach.
        n_test: test rows.
    """

    level: float
    reach: float | None
    n: int
    coverage: Interval | None
    n_test: int

    @property
    def needed(self) -> int:
        """Validation rows from which on there is an interval of this level."""
        return math.ceil(self.level / (1 - self.level) - 1e-9)

    def as_json(self) -> dict[str, Any]:
        """The interval as JSON values."""
        c = self.coverage
        return {
            "level": self.level,
            "reach": self.reach,
            "n_validation": self.n,
            "coverage": None if c is None else {"value": c.value, "low": c.low, "high": c.high, "n": self.n_test},
        }


def reach_of(errors: Floats, level: float = LEVEL) -> float | None:
    """The absolute error (rows,) that a new row's stays below with probability `level` or more, of like rows.

    The ⌈(n + 1) · level⌉-th smallest: split conformal prediction (Lei, G'Sell, Rinaldo, Tibshirani & Wasserman 2018,
    JASA 113, section 2.2). None where n is too small for it. It holds for any model and any distribution if the rows
    had no part in the fit and come in no order.
    """
    at = math.ceil((len(errors) + 1) * level - 1e-9)
    return float(np.sort(np.abs(errors))[at - 1]) if at <= len(errors) else None


def conformal(off_validation: Floats, off_test: Floats, level: float = LEVEL) -> Conformal:
    """The reach from the errors of the validation rows (rows,), held against those of the test rows.

    The validation rows chose the epoch, which is a small part in the fit: so what it promises is measured.
    """
    reach = reach_of(off_validation, level)
    held = None if reach is None else share(int((np.abs(off_test) <= reach).sum()), len(off_test))
    return Conformal(level, reach, len(off_validation), held, len(off_test))
