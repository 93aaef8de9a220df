"""P(go): the share of the joint draws in which every threshold holds."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.draws import DRAWS, SEED
from core.readiness.joint.holds import Answered, Holds

SCRAMBLINGS = 8


@dataclass(frozen=True, slots=True)
class Chance:
    """P(go).

    Attributes:
        value: share of the draws in which all hold, what nobody measured being a coin toss.
        low: the same where what nobody measured counts as failed: taking evidence away can only lower it.
        high: the same where it counts as held.
        error: standard error of `value` from drawing: numerical only, not what is unknown.
        n: joint draws.
    """

    value: float
    low: float
    high: float
    error: float
    n: int

    def as_json(self) -> dict[str, float]:
        """What `assess --json` prints under p_go."""
        return {"value": self.value, "low": self.low, "high": self.high, "error": self.error}


def together(checks: Sequence[Answered], n: int) -> Holds:
    """Whether all checks hold, draw by draw; shape (n,)."""
    return np.logical_and.reduce([c.holds for c in checks]) if checks else np.zeros(n, dtype=bool)


def chance(checks: Sequence[Answered], error: float, n: int) -> Chance:
    """P(go) of checks answered over the same `n` draws; without a check nothing is known, and it is from 0 to 1."""
    if not checks:
        return Chance(0.5, 0.0, 1.0, 0.0, n)
    known = [c for c in checks if c.known]
    high = float(together(known, n).mean()) if known else 1.0
    low = high if len(known) == len(checks) else 0.0
    return Chance(float(together(checks, n).mean()), low, high, error, n)


def numerical_error(all_hold: Callable[..., Holds], n: int = DRAWS, seed: int = SEED) -> float:
    """Standard error of a share of draws: eight scramblings of n/8 draws, their spread over the root of eight.

    `all_hold(draws, *seeds)` answers for the draws of one seed after the other, shape (draws * seeds,): they are drawn
    together, for NumPy takes about as long for an eighth of them.
    """
    seeds = [(seed, k) for k in range(1, SCRAMBLINGS + 1)]
    each = all_hold(n // SCRAMBLINGS, *seeds).reshape(SCRAMBLINGS, -1).mean(axis=1)
    return float(np.std(each, ddof=1)) / math.sqrt(SCRAMBLINGS)
