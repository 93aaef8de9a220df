"""Whether a variant lost nothing that matters: a paired test of non-inferiority with a margin fixed beforehand.

A test that finds no difference is no proof of equality, so the question is turned round: can a loss as large as the
margin be ruled out? The margin is a share of the reference's accuracy, as in MLPerf, whose default retention is 99 %.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import norm

from core.model import stats
from core.model.stats import Z80

BoolArray = npt.NDArray[np.bool_]
MARGIN = 0.01
ALPHA = 0.05

PROVEN, NOT_PROVEN, WORSE = "proven", "not proven", "worse"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the paired test says of a variant against its reference, on the same test rows.

    Attributes:
        state: "proven": a loss as large as the limit is ruled out. "worse": the accuracy seen is at least the limit
            below the reference's, and a variant as good as the reference is ruled out (`p_worse` below the level).
            Else "not proven".
        difference: accuracy of the variant minus that of the reference.
        low, high: each a one-sided bound of the difference, at 95 % unless another level was asked for; of this variant
            alone, also after `holm`.
        margin: the largest share of the reference's accuracy that may be lost; fixed beforehand.
        limit: the same as a difference in accuracy.
        n: test rows.
        lost, won: rows that only the reference, or only the variant, answers rightly.
        n_to_settle: rows that would settle it one way or the other in 80 of 100 draws, if difference and share of
            differing answers are truly those seen here; None where it is settled.
        p: one-sided, of a loss as large as the limit; adjusted after `holm`.
        p_worse: one-sided, of no loss at all; adjusted after `holm`.
        said: the receipt in a sentence.
    """

    state: str
    difference: float
    low: float
    high: float
    margin: float
    limit: float
    n: int
    lost: int
    won: int
    n_to_settle: int | None
    p: float
    p_worse: float
    said: str

    def as_json(self) -> dict[str, Any]:
        """The receipt as JSON values."""
        return asdict(self)


def receipt(
    reference_right: BoolArray, variant_right: BoolArray, *, margin: float = MARGIN, alpha: float = ALPHA
) -> Receipt:
    """Hold a variant against its reference: the score test of Tango (Statistics in Medicine 17, 1998, 891-908).

    The reference's accuracy, which turns the relative margin into a difference, is taken as known: for a few thousand
    rows its own error moves the limit by less than a hundredth. The test is an asymptotic one: counted over all tables,
    it says "proven" of a variant that loses just the limit in at most 5.1 % of draws of 1,000 rows or more, and in at
    most 6.1 % of draws of 300 (nominal 5 %; margins of 1 and 2 %, up to 10 % of answers differing).

    Args:
        reference_right: which test rows the reference answers rightly (rows,).
        variant_right: the same of the variant, in the same order.
        margin: above 0 and below 1.
        alpha: level of each one-sided test, below 0.5.

    Raises:
        ValueError: the rows differ in number, there are none, the reference answers none of them rightly, or margin or
            alpha is out of its range.
    """
    n = len(reference_right)
    if len(variant_right) != n or not reference_right.any():
        raise ValueError("both need the answers to the same rows, and the reference at least one that is right")
    if not (0 < margin < 1 and 0 < alpha < 0.5):
        raise ValueError("the margin is above 0 and below 1, the level above 0 and below 0.5")
    won = int((variant_right & ~reference_right).sum())
    lost = int((reference_right & ~variant_right).sum())
    limit = margin * float(reference_right.mean())
    low, high = tango_interval(won, lost, n, alpha)
    plain = Receipt(
        state=NOT_PROVEN,
        difference=(won - lost) / n,
        low=low,
        high=high,
        margin=margin,
        limit=limit,
        n=n,
        lost=lost,
        won=won,
        n_to_settle=None,
        p=float(norm.sf(tango_z(won, lost, n, -limit))),
        p_worse=float(norm.cdf(tango_z(won, lost, n, 0.0))),
        said="",
    )
    return _settled(plain, alpha, alpha)


def holm(receipts: Mapping[str, Receipt], alpha: float = ALPHA) -> dict[str, Receipt]:
    """Correct for looking at several variants: both p-values after Holm (1979), states by the adjusted ones.

    "Proven" and "worse" are two families of tests: each keeps its chance of one false word at `alpha` or below. For
    `n_to_settle` the level is that of the strictest step, alpha / variants, which is on the safe side.

    Args:
        receipts: by variant, as `receipt` gave them.
        alpha: level of the whole family.
    """
    found = list(receipts.values())
    p, p_worse = stats.holm([r.p for r in found]), stats.holm([r.p_worse for r in found])
    return {
        name: _settled(replace(r, p=a, p_worse=b), alpha, alpha / len(found))
        for name, r, a, b in zip(receipts, found, p, p_worse, strict=True)
    }


def least_rows(accuracy: float, margin: float = MARGIN, alpha: float = ALPHA) -> int:
    """Test rows below which no receipt can say "proven", not even of a variant that changes no answer at all."""
    return rows_to_settle(0.0, 0.0, margin * accuracy, alpha)


def tango_z(won: int, lost: int, n: int, difference: float) -> float:
    """Tango's score statistic of a true difference, equations 24 to 26 with `difference` = -Δ; above 0 if more is seen.

    The variance is taken where the difference holds, at the likeliest share of lost rows given that it does, so it is
    sound with few differing answers, and with none.

    Args:
        won: rows that only the variant answers rightly.
        lost: rows that only the reference answers rightly.
        n: all rows.
        difference: of accuracies, variant minus reference, from -1 to 1.
    """
    variance = n * _variance(won / n, lost / n, difference)
    above = won - lost - n * difference
    if variance <= 0:  # only a difference of 0, 1 or -1 leaves no room for chance
        return math.copysign(math.inf, above) if above else 0.0
    return above / math.sqrt(variance)


def tango_interval(won: int, lost: int, n: int, alpha: float = ALPHA) -> tuple[float, float]:
    """The one-sided lower and the one-sided upper bound of the difference, each of level 1 - alpha."""
    z, seen = float(norm.isf(alpha)), (won - lost) / n

    def above(difference: float) -> float:
        return tango_z(won, lost, n, difference)

    low = -1.0 if seen == -1 else float(brentq(lambda d: min(above(d), 1e9) - z, -1, seen, xtol=1e-12))
    high = 1.0 if seen == 1 else float(brentq(lambda d: max(above(d), -1e9) + z, seen, 1, xtol=1e-12))
    return low, high


def rows_to_settle(difference: float, discordant: float, limit: float, alpha: float = ALPHA) -> int:
    """Rows with which a true difference and share of differing answers give "proven", or else "worse", with power 80 %.

    The score test's own sample size: n = ((z_alpha · σ0 + z_beta · σ1) / distance)², σ0 a row's standard deviation
    under the hypothesis to be rejected, σ1 that under the truth (Connor 1987 has it for a hypothesis of 0).

    Args:
        difference: in accuracy, variant minus reference.
        discordant: the share of rows that exactly one of the two answers rightly, at least |difference|.
        limit: the largest loss of accuracy allowed, above 0; a difference at or below it can only be shown worse.
        alpha: level of the one-sided test.
    """
    tested = -limit if difference > -limit else 0.0
    won, lost = (discordant + difference) / 2, (discordant - difference) / 2
    under, truly = _variance(won, lost, tested), max(discordant - difference**2, 0.0)
    root = float(norm.isf(alpha)) * math.sqrt(under) + Z80 * math.sqrt(truly)
    return math.ceil((root / abs(difference - tested)) ** 2)


def _variance(won: float, lost: float, difference: float) -> float:
    """A row's variance under a true difference, from the shares of won and lost rows."""
    b = -won - lost + (2 - won + lost) * difference
    c = -lost * difference * (1 - difference)
    q = (math.sqrt(max(b * b - 8 * c, 0.0)) - b) / 4
    return 2 * q + difference * (1 - difference)


def _settled(r: Receipt, alpha: float, strict: float) -> Receipt:
    """State, rows still needed and sentence that follow from the p-values at a level."""
    if r.p < alpha:
        state = PROVEN
    elif r.difference <= -r.limit and r.p_worse < alpha:
        state = WORSE
    else:
        state = NOT_PROVEN
    needed = None
    if state == NOT_PROVEN:
        discordant = (r.won + r.lost) / r.n
        needed = max(rows_to_settle(r.difference, discordant, r.limit, strict), r.n + 1)
    return replace(r, state=state, n_to_settle=needed, said=_sentence(r, state, needed))


def _sentence(r: Receipt, state: str, needed: int | None) -> str:
    kept, rows = f"{100 * (1 - r.margin):.4g} % of the accuracy", f"{r.n:,} test rows"
    seen = f"{_points(abs(r.difference))} {'higher' if r.difference > 0 else 'lower'}" if r.difference else "equal"
    if state == PROVEN:
        most = "any loss" if r.low >= 0 else f"a loss of more than {_points(-r.low)}"
        return f"Keeps at least {kept}: {seen} on {rows}, and {most} is ruled out."
    if state == WORSE:
        return f"Worse: {seen} on {rows}, where {_points(r.limit)} may be lost; this is more than chance."
    return f"Not shown to keep {kept}: {seen} on {rows}; about {needed:,} test rows would settle it."


def _points(share: float) -> str:
    return f"{100 * share:.2f} points"
