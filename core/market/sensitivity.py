"""Which figure a market's spread comes from: Sobol indices on the logarithm, and a tornado.

The first-order index is the share of the variance of ln(size) that would go if this figure alone were known; the total
one the share that would stay if all but this one were. Of a product of independent figures both are
var(ln x_i) / var(ln product), without a draw. Otherwise they are estimated from two blocks of Sobol points (A. Saltelli
et al., Computer Physics Communications 181, 2010, table 2: b for the first order, f for the total, after Jansen 1999).

Where figures move together, the first-order index counts what a figure says of the others too, and the total one only
what is its own (T. A. Mara and S. Tarantola, Reliability Engineering and System Safety 107, 2012): a first-order index
may then be larger than a total one.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.draws import SEED, Shape, logits
from core.market.dependence import joined, matrix
from core.market.draws import levels, with_formulas
from core.market.stated import Assumption, Market, Method

Array = NDArray[np.float64]
POINTS = 2**12


@dataclass(frozen=True, slots=True)
class Index:
    """One figure's part in the spread of a market size; both are shares of the variance of its logarithm."""

    id: str
    first: float
    total: float


@dataclass(frozen=True, slots=True)
class Swing:
    """A market size with one figure at its p10 and at its p90, the others at their medians; in currency per year."""

    id: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What a market size hangs on, the largest total first; empty where nothing spreads.

    Attributes:
        unsourced: the share of the spread that would stay if every sourced figure were known; None without a spread.
        exact: computed in closed form, not estimated.
    """

    indices: tuple[Index, ...]
    swings: tuple[Swing, ...]
    unsourced: float | None
    exact: bool


def sensitivity(market: Market, method: Method) -> dict[str, Sensitivity]:
    """What each level of a method hangs on."""
    found: dict[str, tuple[dict[str, Index], float | None, bool]] = {}
    behind = {level: market.behind(method.tree(level)) for level in method.levels}
    products = {level: _exponents(market, method, level) for level in method.levels}
    estimated = [level for level, power in products.items() if power is None]
    for level, power in products.items():
        if power is not None:
            found[level] = (*_closed(behind[level], power), True)
    if estimated:
        found |= {level: (*value, False) for level, value in _estimated(market, method, estimated).items()}
    swings = tornado(market, method)
    return {level: _sorted(*found[level], swings[level]) for level in method.levels}


def spread_of(market: Market, method: Method, level: str, names: Collection[str]) -> float | None:
    """The share of a level's spread that would stay if every figure but these were known; None without a spread."""
    power = _exponents(market, method, level)
    if power is not None:
        indices, _ = _closed(market.behind(method.tree(level)), power)
        return math.fsum(i.total for name, i in indices.items() if name in names) if indices else None
    blocks = _Blocks(market, method)
    wanted = tuple(u.id for u in blocks.free if u.id in names)
    if not blocks.free:
        return None
    if not wanted:
        return 0.0
    return total_effect(blocks.run(last=wanted)[level], blocks.run(wanted, last=wanted)[level])


def _sorted(indices: dict[str, Index], unsourced: float | None, exact: bool, swings: Sequence[Swing]) -> Sensitivity:
    ordered = sorted(indices.values(), key=lambda i: (-i.total, i.id))
    place = {i.id: k for k, i in enumerate(ordered)}
    return Sensitivity(tuple(ordered), tuple(sorted(swings, key=lambda s: place.get(s.id, 99))), unsourced, exact)


def _exponents(market: Market, method: Method, level: str) -> dict[str, int] | None:
    """The powers of a pure product of independent figures; None where it is anything else."""
    powers = market.powers(method.tree(level))
    correlated = {name for c in market.correlated for name in (c.a, c.b)}
    if None in powers.values() or len(correlated & set(powers)) > 1:
        return None
    return {name: power for name, power in powers.items() if power is not None}


def _closed(behind: Sequence[Assumption], power: Mapping[str, int]) -> tuple[dict[str, Index], float | None]:
    variances = {a.id: a.fitted().log_variance() * power[a.id] ** 2 for a in behind}
    whole = math.fsum(variances.values())
    if not whole:
        return {}, None
    indices = {name: Index(name, v / whole, v / whole) for name, v in variances.items()}
    return indices, math.fsum(indices[a.id].total for a in behind if not a.sourced)


def _estimated(
    market: Market, method: Method, wanted: Sequence[str]
) -> dict[str, tuple[dict[str, Index], float | None]]:
    """Sobol indices of several levels at once, from two blocks of points and their crossings."""
    blocks = _Blocks(market, method)
    unsourced = tuple(u.id for u in blocks.free if not u.sourced)
    plain, mixed = blocks.run(last=unsourced), blocks.run(unsourced, last=unsourced)
    return {
        level: (
            {u.id: blocks.index(u.id, level) for u in blocks.free},
            total_effect(plain[level], mixed[level]) if unsourced else 0.0,
        )
        for level in wanted
    }


class _Blocks:
    """Two blocks of points, a and b, and a method's sizes where some figures are taken from b; each computed once."""

    def __init__(self, market: Market, method: Method) -> None:
        self.market, self.method = market, method
        self.used = market.behind(method.tree(method.levels[-1]))
        self.ranges = {u.id: u.fitted() for u in self.used}
        self.free = [u for u in self.used if self.ranges[u.id].family != "fixed"]
        self.all = tuple(u.id for u in self.used)
        self.shape: Shape = (2 * len(self.used), POINTS, SEED)
        z = logits(*self.shape)
        self.column = [{name: 2 * k + side for k, name in enumerate(self.all)} for side in (0, 1)]
        self.x = [{name: self._values(name, z[:, k]) for name, k in side.items()} for side in self.column]
        self.names, self.of = matrix([c for c in market.correlated if {c.a, c.b} <= set(self.all)])
        self.ran: dict[tuple[frozenset[str], tuple[int, ...]], dict[str, Array]] = {}

    def _values(self, name: str, z: Array) -> Array:
        return np.asarray(np.exp(self.ranges[name].log_at(z)))

    def run(
        self, swapped: Collection[str] = (), first: Collection[str] = (), last: Collection[str] = ()
    ) -> dict[str, Array]:
        """ln of each level with `swapped` from block b; of what moves together, `first` leads and `last` follows."""
        names = self.names
        order = tuple(sorted(range(len(names)), key=lambda k: (names[k] not in first) + (names[k] in last)))
        key = (frozenset(swapped), order)
        if key not in self.ran:
            values = {name: self.x[name in swapped][name] for name in self.all}
            columns = {name: self.column[name in swapped][name] for name in names}
            together = joined(self.shape, columns, self.of, order)
            values |= {name: self._values(name, z) for name, z in together.items()}
            found = levels(self.method, with_formulas(self.market, values))
            self.ran[key] = {level: np.log(v) for level, v in found.items()}
        return self.ran[key]

    def index(self, name: str, level: str) -> Index:
        """Both indices of one figure; one that moves with others leads for the first, and follows for the total."""
        first = first_order(*(self.run(s, first=(name,))[level] for s in ((), self.all, (name,))))
        return Index(name, first, total_effect(*(self.run(s, last=(name,))[level] for s in ((), (name,)))))


def first_order(fa: Array, fb: Array, mixed: Array) -> float:
    """Saltelli 2010, table 2 (b), with the mean taken out; cut to 0..1, below which only the estimate's error lies."""
    spread = float(np.var(np.concatenate([fa, fb])))
    centre = float(np.mean(np.concatenate([fa, fb])))
    return min(1.0, max(0.0, float(np.mean((fb - centre) * (mixed - fa))) / spread)) if spread else 0.0


def total_effect(fa: Array, mixed: Array) -> float:
    """Jansen 1999."""
    spread = float(np.var(np.concatenate([fa, mixed])))
    return min(1.0, float(np.mean((fa - mixed) ** 2)) / 2 / spread) if spread else 0.0


def tornado(market: Market, method: Method) -> dict[str, tuple[Swing, ...]]:
    """Each level with one figure after the other at its p10 and its p90."""
    used = [a for a in market.behind(method.tree(method.levels[-1])) if a.p10 < a.p90]
    size = 2 * len(used) + 1
    values = {a.id: np.full(size, a.p50) for a in market.behind(method.tree(method.levels[-1]))}
    for k, a in enumerate(used):
        values[a.id][2 * k], values[a.id][2 * k + 1] = a.p10, a.p90
    found = levels(method, with_formulas(market, values))
    out = {}
    for level, sizes in found.items():
        behind = {a.id for a in market.behind(method.tree(level))}
        swings = [
            Swing(a.id, float(sizes[2 * k]), float(sizes[2 * k + 1])) for k, a in enumerate(used) if a.id in behind
        ]
        out[level] = tuple(swings)
    return out
