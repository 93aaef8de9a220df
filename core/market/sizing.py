"""TAM, SAM and SOM as distributions, by every method that is stated, with what they hang on and what they are held to.

A total is a product of assumptions or a formula over them; shares narrow it. Draws are scrambled Sobol points with a
fixed seed, so the same figures have the same draws everywhere (`draws.py`).
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.draws import DRAWS, SEED
from core.errors import InputError
from core.formula import Node
from core.market.draws import Draws, draw, levels, sample, with_formulas
from core.market.evaluation import evaluate
from core.market.reconcile import Held, Reconciliation, held_to, reconcile
from core.market.sensitivity import Sensitivity, sensitivity
from core.market.stated import LEVELS, Market, Method

Array = NDArray[np.float64]
SCRAMBLINGS = 8
BINS = 40
_SHOWN = (0.005, 0.995)  # of the draws: what lies outside would squeeze the rest of a chart


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts between edges that are evenly spaced on a log axis; `below` and `above` lie outside the 99 % shown."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    below: int
    above: int


@dataclass(frozen=True, slots=True)
class Step:
    """A market size on the way from TAM to SOM: after the filter `id`, which is the TAM itself where empty."""

    id: str
    label: str
    level: str
    p10: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True)
class Size:
    """One figure, in currency per year.

    Attributes:
        mean: None where a figure behind it has too heavy a tail to have a mean.
        numerical_error: standard error of p50 from drawing, relative: sampling only, not what is unknown.
    """

    p10: float
    p50: float
    p90: float
    mean: float | None
    numerical_error: float
    histogram: Histogram


@dataclass(frozen=True, slots=True)
class Way:
    """One method's figures, by level, and the steps that lead from the first to the last."""

    name: str
    sizes: Mapping[str, Size]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class MarketSize:
    """A market sized; the first of `ways` is the one whose figures count.

    Attributes:
        hangs_on: what each level of the first way hangs on.
        reconciled: the ways side by side, at each level that two or more state.
        capacity, plan: SOM (or the narrowest figure there is) against them, where they are stated.
    """

    ways: tuple[Way, ...]
    hangs_on: Mapping[str, Sensitivity]
    reconciled: Mapping[str, Reconciliation]
    capacity: Held | None
    plan: Held | None
    market: Market
    n: int
    seed: int

    @property
    def level(self) -> str:
        """The level that decides: SOM, else SAM, else TAM."""
        return list(self.ways[0].sizes)[-1]

    @property
    def tam(self) -> Size:
        """The total market, by the first way."""
        return self.ways[0].sizes["tam"]

    @property
    def sam(self) -> Size | None:
        """The serviceable market, by the first way; None where no share leads to it."""
        return self.ways[0].sizes.get("sam")

    @property
    def som(self) -> Size | None:
        """The obtainable market, by the first way; None where no share leads to it."""
        return self.ways[0].sizes.get("som")

    @property
    def narrowest(self) -> Size:
        """The figure that decides."""
        return self.ways[0].sizes[self.level]

    @property
    def reconciliation(self) -> Reconciliation | None:
        """The ways side by side at the narrowest level that two of them state."""
        return next((self.reconciled[name] for name in reversed(LEVELS) if name in self.reconciled), None)

    @property
    def unsourced_share(self) -> float | None:
        """The share of the deciding figure's spread that rests on figures nobody can check; None without a spread."""
        return self.hangs_on[self.level].unsourced

    def as_json(self) -> dict[str, Any]:
        """What `market size --json` prints."""
        hangs, between = self.hangs_on[self.level], self.reconciliation
        return {
            **_printed(self.ways[0]),
            "methods": {w.name: {**_printed(w), "steps": [asdict(s) for s in w.steps]} for w in self.ways},
            "sensitivity": [{"input": i.id, "first": i.first, "total": i.total} for i in hangs.indices],
            "tornado": [{"input": s.id, "low": s.low, "high": s.high} for s in hangs.swings],
            "unsourced_share": self.unsourced_share,
            "numerical_error": self.narrowest.numerical_error,
            "n": self.n,
            "seed": self.seed,
            "unit": f"{self.market.currency}/year",
            "year": self.market.year,
            "method": self.ways[0].name,
            "reconciliation": reconciled_json(between) if between else None,
            "capacity": asdict(self.capacity) if self.capacity else None,
            "plan": asdict(self.plan) if self.plan else None,
            "assumptions": described(self.market, hangs),
            "notices": list(self.market.notices),
        }


def reconciled_json(found: Reconciliation) -> dict[str, Any]:
    """A comparison of methods as JSON, the pair furthest apart first."""
    pairs = sorted(found.pairs, key=lambda p: -abs(math.log(p.ratio)))
    return {"level": found.level, "overlap": found.overlap, "pairs": [asdict(p) for p in pairs]}


def _printed(way: Way) -> dict[str, Any]:
    keys = ("p10", "p50", "p90", "mean")
    return {name: {k: getattr(s, k) for k in keys} if (s := way.sizes.get(name)) else None for name in LEVELS}


def described(market: Market, hangs: Sensitivity | None = None) -> list[dict[str, Any]]:
    """Every assumption with its source, the distribution that was fitted, and its share of the spread."""
    shares = {i.id: i.total for i in hangs.indices} if hangs else {}
    used = {a.id for a in market.used} if hangs else set()
    rows = []
    for a in market.assumptions:
        fitted = a.fitted()
        about = {"sourced": a.sourced, "family": fitted.family, "notices": [fitted.notice] if fitted.notice else []}
        rows.append({**asdict(a), **about, "used": a.id in used, "share_of_variance": shares.get(a.id)})
    return rows


def size(market: Market, n: int = DRAWS, seed: int = SEED) -> MarketSize:
    """Size the market from `n` draws (a power of two, 16 or more).

    Raises:
        InputError: no method states a total, or the figures cannot be computed (see `draws.draw`).
    """
    if not market.methods:
        raise InputError("No total market: name the assumptions that multiply to it in tam under [market].")
    draws = draw(market, n, seed)
    errors = _numerical_errors(market, n, seed)
    ways = tuple(_way(market, m, draws, errors[m.name]) for m in market.methods)
    first = market.methods[0]
    som = draws.figures[first.name][first.levels[-1]]
    sides = _sides(market, draws)
    return MarketSize(
        ways,
        sensitivity(market, first),
        sides,
        held_to(som, draws.capacity, cap=True) if draws.capacity is not None else None,
        held_to(som, draws.plan, cap=False) if draws.plan is not None else None,
        market,
        n,
        seed,
    )


def _sides(market: Market, draws: Draws) -> dict[str, Reconciliation]:
    """The ways side by side; what closes the gap is sought at the narrowest level that two of them state."""
    shared = [level for level in LEVELS if sum(level in m.levels for m in market.methods) > 1]
    found = {level: reconcile(market, draws, level, close=level == shared[-1]) for level in shared}
    return {level: sides for level, sides in found.items() if sides is not None}


def _numerical_errors(market: Market, n: int, seed: int) -> dict[str, dict[str, float]]:
    """Relative standard error of p50: eight independent scramblings of n/8 points, their spread over the root of 8."""
    seeds = [(seed, k) for k in range(1, SCRAMBLINGS + 1)]
    values = with_formulas(market, sample(market, n // SCRAMBLINGS, *seeds))
    return {
        m.name: {level: _spread_of_medians(sizes, n // SCRAMBLINGS) for level, sizes in levels(m, values).items()}
        for m in market.methods
    }


def _spread_of_medians(sizes: Array, n: int) -> float:
    """Standard error of the mean of ln(median), from blocks of `n`; none where the size is a single number."""
    medians = np.log(np.median(sizes.reshape(-1, n), axis=1)) if sizes.size > 1 else np.zeros(2)
    return float(np.std(medians, ddof=1) / math.sqrt(len(medians)))


def _way(market: Market, method: Method, draws: Draws, errors: Mapping[str, float]) -> Way:
    found = draws.figures[method.name]
    sizes = {level: _size(market, method, level, found[level], errors[level]) for level in method.levels}
    return Way(method.name, sizes, _steps(market, method, draws, sizes))


def _size(market: Market, method: Method, level: str, sizes: Array, error: float) -> Size:
    log = np.log(sizes)
    low, *middle, high = np.quantile(log, (_SHOWN[0], 0.1, 0.5, 0.9, _SHOWN[1])).tolist()
    p10, p50, p90 = (_round(math.exp(v)) for v in middle)
    return Size(p10, p50, p90, _mean(market, method, level, sizes), error, _histogram(log, low, high))


def quantiles(sizes: Array) -> tuple[float, float, float]:
    """p10, p50 and p90 of draws, taken on the logarithm."""
    p10, p50, p90 = (_round(math.exp(v)) for v in np.quantile(np.log(sizes), (0.1, 0.5, 0.9)))
    return p10, p50, p90


def _round(value: float) -> float:
    """Twelve digits: a fixed 500 stays 500, and platforms whose exp differs in the last bit print the same."""
    return float(f"{value:.12g}")


def _mean(market: Market, method: Method, level: str, sizes: Array) -> float | None:
    """Exact for a product of independent figures, else that of the draws; None where a tail has no mean."""
    powers = market.powers(method.tree(level))
    behind = {a.id: a.fitted() for a in market.behind(method.tree(level))}
    means = [behind[name].mean(power if power else 1) for name, power in powers.items()]
    if None in means:
        return None
    if None in powers.values() or market.correlated:
        return _round(float(np.mean(sizes)))
    return _round(_constant(market, method.tree(level)) * math.prod(m for m in means if m is not None))


def _constant(market: Market, tree: Node) -> float:
    """What a pure product comes to with every figure at 1: its plain numbers."""
    ones = {a.id: np.asarray(1.0) for a in market.behind(tree)}
    return float(evaluate(tree, with_formulas(market, ones)))


def _steps(market: Market, method: Method, draws: Draws, sizes: Mapping[str, Size]) -> tuple[Step, ...]:
    """The size after each filter, in order."""
    so_far, out = draws.figures[method.name]["tam"], []
    tam = sizes["tam"]
    out.append(Step("", "Total market", "tam", tam.p10, tam.p50, tam.p90))
    for level in method.levels[1:]:
        names = getattr(method, level)
        for name in names[:-1]:
            so_far = so_far * draws.values[name]
            out.append(Step(name, market.label(name), level, *quantiles(so_far)))
        so_far, size = draws.figures[method.name][level], sizes[level]
        out.append(Step(names[-1], market.label(names[-1]), level, size.p10, size.p50, size.p90))
    return tuple(out)


def _histogram(log: Array, low: float, high: float) -> Histogram:
    if high - low < 1e-9:  # fixed values only: one bar, one per cent wide
        low, high = low - 0.005, high + 0.005
    edges = np.linspace(low, high, BINS + 1)
    inside = log[(log >= low) & (log <= high)]
    place = np.minimum(((inside - low) * (BINS / (high - low))).astype(np.intp), BINS - 1)
    counts = np.bincount(place, minlength=BINS)
    below = int(np.count_nonzero(log < low))
    return Histogram(tuple(np.exp(edges).tolist()), tuple(counts.tolist()), below, log.size - inside.size - below)
