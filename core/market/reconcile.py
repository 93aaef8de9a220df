"""Do the ways to the market agree, and can what they promise be sold?

Two methods agree as far as their distributions overlap: the overlapping coefficient, the area under the lower of two
densities (H. F. Inman and E. L. Bradley, Communications in Statistics 18, 1989). Where their medians differ, one
figure at a time is held at the value that makes them meet; the figure whose own range makes that value least
surprising is the one to look up next.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.market.draws import Draws, levels, with_formulas
from core.market.ranges import Range
from core.market.stated import Assumption, Market, Method

Array = NDArray[np.float64]
BINS = 64
_SOLVED = 2**11  # draws that a root is sought on, where no closed form gives it, and that candidates are compared on
_REACH = math.log(1000)  # how far beyond its median a figure is moved at most
_STEPS = 40


@dataclass(frozen=True, slots=True)
class Closes:
    """The value of one figure at which two methods' medians meet.

    Attributes:
        value: in the figure's unit.
        p50: the figure as stated.
        below: the share of the figure's own range below that value.
        within: whether the value lies between the stated p10 and p90.
    """

    id: str
    label: str
    value: float
    p50: float
    below: float
    within: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """Two methods at one level: overlap of their distributions, ratio of their medians, and what would close the gap.

    `ratio` is the median of `a` over that of `b`; `closes` is None where no one figure can.
    """

    a: str
    b: str
    overlap: float
    ratio: float
    closes: Closes | None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """All methods that state a level, side by side; `overlap` is that of all of them at once."""

    level: str
    overlap: float
    pairs: tuple[Pair, ...]

    @property
    def widest(self) -> Pair:
        """The pair whose medians are furthest apart."""
        return max(self.pairs, key=lambda p: abs(math.log(p.ratio)))


@dataclass(frozen=True, slots=True)
class Held:
    """SOM against what it is held to: sales capacity, or the plan; money per year.

    Attributes:
        holds: the share of draws in which it holds: capacity reaches SOM, or SOM reaches the plan.
    """

    p10: float
    p50: float
    p90: float
    som: float
    holds: float


def reconcile(market: Market, draws: Draws, level: str, *, close: bool = True) -> Reconciliation | None:
    """Compare the methods at a level; None where fewer than two state it. `close` looks for what closes the gaps."""
    stating = [m for m in market.methods if level in m.levels]
    if len(stating) < 2:
        return None
    logs = {m.name: np.log(draws.figures[m.name][level]) for m in stating}
    middle = {name: float(np.median(v)) for name, v in logs.items()}
    shares = densities(logs)
    pairs = []
    for a, b in combinations(stating, 2):
        shared = float(np.minimum(shares[a.name], shares[b.name]).sum())
        apart = middle[a.name] - middle[b.name]
        closes = _closes(market, draws, (a, b), level) if close and apart else None
        pairs.append(Pair(a.name, b.name, shared, math.exp(apart), closes))
    return Reconciliation(level, float(np.minimum.reduce(list(shares.values())).sum()), tuple(pairs))


def densities(logs: Mapping[str, Array]) -> dict[str, Array]:
    """The share of each one's draws in equal steps of the logarithm, the same steps for all; the rest in the end ones.

    The area under the lowest is their overlap: 1 where they are the same, 0 where they do not meet.
    """
    ends = [np.quantile(v, (0.001, 0.999)) for v in logs.values()]
    low, high = min(float(e[0]) for e in ends), max(float(e[1]) for e in ends)
    step = (high - low) / BINS or 1.0  # single numbers that are equal fall into one step
    return {
        name: np.bincount(np.clip(((v - low) / step).astype(int), 0, BINS - 1), minlength=BINS) / v.size
        for name, v in logs.items()
    }


def _closes(market: Market, draws: Draws, pair: tuple[Method, Method], level: str) -> Closes | None:
    """Of all figures that could close the gap, the one that its own range makes least surprising."""
    trees = [m.tree(level) for m in pair]
    powers = [market.powers(tree) for tree in trees]
    logs = [np.log(draws.figures[m.name][level]) for m in pair]
    middles = {size: [float(np.median(log[:size])) for log in logs] for size in (_SOLVED, None)}

    def closing(figure: Assumption, some: slice) -> Closes | None:
        both = [p.get(figure.id, 0) for p in powers]
        if None in both:
            value = _sought(market, draws, figure, pair, level)
        else:
            drawn = np.log(draws.inputs[figure.id][some])
            whole = zip([log[some] for log in logs], middles[some.stop], strict=True)
            value = _meeting(figure, drawn, list(whole), [p or 0 for p in both])
        if value is None or (figure.unit == "share" and value > 1):
            return None
        below = figure.fitted().share_below(value)
        return Closes(figure.id, figure.label, value, figure.p50, below, figure.p10 <= value <= figure.p90)

    # The first draws tell which one it is, all of them its value.
    found = [(f, c) for f in market.behind(*trees) if (c := closing(f, slice(_SOLVED))) is not None]
    if not found:
        return None
    best, some = min(found, key=lambda it: (_surprise(it[0].fitted(), it[1].value, it[1].below), it[0].id))
    return closing(best, slice(None)) or some


def _surprise(fitted: Range, value: float, below: float) -> float:
    """How far from the middle of its range a value lies, in logits; of a single number, in logarithms beyond any."""
    if fitted.family == "fixed":
        return 1e3 + abs(math.log(value / fitted.p50))
    return abs(math.log(max(below, 1e-300)) - math.log(max(1 - below, 1e-300)))


def _meeting(figure: Assumption, drawn: Array, logs: list[tuple[Array, float]], powers: list[int]) -> float | None:
    """The value at which a factor, held there, makes both medians meet; None where there is none in reach.

    `logs` are the draws of both on the logarithm, each with its median.
    Of a product with x^k, ln(median) at x = v is the median of ln(product) - k ln(x), plus k ln(v).
    """
    if powers[0] == powers[1]:
        return None
    rest = [
        float(np.median(log - power * drawn)) if power else middle
        for (log, middle), power in zip(logs, powers, strict=True)
    ]
    log = (rest[1] - rest[0]) / (powers[0] - powers[1])
    return math.exp(log) if abs(log - math.log(figure.p50)) <= _REACH else None


def _sought(market: Market, draws: Draws, figure: Assumption, pair: tuple[Method, Method], level: str) -> float | None:
    """The same for a figure that is no plain factor, by bisection on the first draws."""
    some = {name: v[:_SOLVED] for name, v in draws.inputs.items()}

    def gap(log: float) -> float:
        try:
            values = with_formulas(market, some | {figure.id: np.full(_SOLVED, math.exp(log))})
            first, second = (np.median(np.log(levels(m, values)[level])) for m in pair)
        except InputError:  # a value at which a market is no longer positive cannot be the answer
            return math.nan
        return float(first - second)

    middle = math.log(figure.p50)
    ends = (middle - _REACH, 0.0 if figure.unit == "share" else middle + _REACH)
    return next((root for end in ends if (root := _root(gap, middle, end)) is not None), None)


def _root(gap: Callable[[float], float], start: float, end: float) -> float | None:
    low, high = start, end
    at_low = gap(low)
    if not at_low * gap(high) <= 0:  # also where one of them is NaN
        return None
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if gap(middle) * at_low > 0:
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)


def held_to(som: Array, other: Array, *, cap: bool) -> Held:
    """SOM against its sales capacity (`cap`: at most) or the plan (at least), draw by draw."""
    p10, p50, p90 = (float(v) for v in np.quantile(other, (0.1, 0.5, 0.9)))
    holds = other >= som if cap else som >= other
    return Held(p10, p50, p90, float(np.median(som)), float(np.mean(holds)))
