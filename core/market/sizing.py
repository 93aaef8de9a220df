"""TAM, SAM and SOM as distributions: a product of assumptions, then the shares of it that can be served and won.

Draws are scrambled Sobol points, one dimension per assumption in the order of their ids and with a fixed seed, so the
same figures have the same draws everywhere. The assumptions are taken as independent. Everything is summed as
logarithms, where a product's variance is exactly the sum of its factors' variances: var(ln x_i) / sum is the share of
the spread that an assumption causes.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import qmc

from core.errors import InputError
from core.market.ranges import Array, Range, fit

DRAWS = 2**14
SEED = 7
SCRAMBLINGS = 8
BINS = 40
_FINEST = 2.0**-31  # half the grid of the Sobol points, which may hold 0 itself
LEVELS = ("tam", "sam", "som")


@dataclass(frozen=True, slots=True)
class Assumption:
    """One stated figure as a range, with where it comes from."""

    id: str
    label: str
    unit: str
    p10: float
    p50: float
    p90: float
    source: str = ""
    date: str = ""
    by: str = ""

    @property
    def sourced(self) -> bool:
        """Whether a reader could check it."""
        return bool(self.source or self.by)

    def fitted(self) -> Range:
        """The distribution through its three quantiles."""
        return fit(self.p10, self.p50, self.p90, share=self.unit == "share")


@dataclass(frozen=True, slots=True)
class Market:
    """TAM per year = product of `tam`; SAM = TAM x the shares `sam`; SOM = SAM x the shares `som` (ids each)."""

    tam: tuple[str, ...]
    sam: tuple[str, ...]
    som: tuple[str, ...]
    assumptions: tuple[Assumption, ...]
    currency: str = "USD"
    year: int | None = None

    def factors(self, level: str) -> tuple[str, ...]:
        """The ids that multiply to `level`; none where it or one above it is not stated."""
        out: tuple[str, ...] = ()
        for name in LEVELS[: LEVELS.index(level) + 1]:
            ids = getattr(self, name)
            if not ids:
                return ()
            out += ids
        return out

    @property
    def used(self) -> tuple[Assumption, ...]:
        """The assumptions that a figure rests on, in the order of their ids."""
        ids = {i for level in LEVELS for i in self.factors(level)}
        return tuple(sorted((a for a in self.assumptions if a.id in ids), key=lambda a: a.id))


@dataclass(frozen=True, slots=True)
class Driver:
    """An assumption and the share of a figure's spread that it causes; None where there is no spread."""

    id: str
    label: str
    share_of_variance: float | None
    sourced: bool


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts between edges that are evenly spaced on a log axis; `below` and `above` lie outside the 99 % shown."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    below: int
    above: int


@dataclass(frozen=True, slots=True)
class Size:
    """One figure, in currency per year.

    Attributes:
        mean: the product of the factors' means; None where one has too heavy a tail to have a mean.
        numerical_error: standard error of p50 from drawing, relative: sampling only, not what is unknown.
        drivers: the assumptions behind it, the largest share of the spread first.
    """

    p10: float
    p50: float
    p90: float
    mean: float | None
    numerical_error: float
    histogram: Histogram
    drivers: tuple[Driver, ...]

    @property
    def unsourced_share(self) -> float | None:
        """The share of the spread that rests on assumptions nobody can check; None where there is no spread."""
        if any(d.share_of_variance is None for d in self.drivers):
            return None
        return math.fsum(d.share_of_variance or 0.0 for d in self.drivers if not d.sourced)


@dataclass(frozen=True, slots=True)
class MarketSize:
    """The three figures; SAM and SOM are None where no share leads to them."""

    tam: Size
    sam: Size | None
    som: Size | None
    market: Market
    n: int
    seed: int

    @property
    def narrowest(self) -> Size:
        """The figure that decides: SOM, else SAM, else TAM."""
        return self.som or self.sam or self.tam

    def as_json(self) -> dict[str, Any]:
        """What `market size --json` prints."""
        figures = {name: getattr(self, name) for name in LEVELS}
        keys = ("p10", "p50", "p90", "mean")
        return {
            **{name: {k: getattr(s, k) for k in keys} if s else None for name, s in figures.items()},
            "unit": f"{self.market.currency}/year",
            "year": self.market.year,
            "unsourced_share": self.narrowest.unsourced_share,
            "numerical_error": self.narrowest.numerical_error,
            "n": self.n,
            "seed": self.seed,
            "assumptions": described(self.market, self.narrowest),
        }


def described(market: Market, size: Size | None = None) -> list[dict[str, Any]]:
    """Every assumption with its source, the distribution that was fitted, and its share of the spread of `size`."""
    shares = {d.id: d.share_of_variance for d in size.drivers} if size else {}
    rows = []
    for a in market.assumptions:
        fitted = a.fitted()
        about = {"sourced": a.sourced, "family": fitted.family, "notices": [fitted.notice] if fitted.notice else []}
        rows.append({**asdict(a), **about, "used": a.id in shares, "share_of_variance": shares.get(a.id)})
    return rows


def sample(ranges: Mapping[str, Range], n: int = DRAWS, seed: int | Sequence[int] = SEED) -> dict[str, Array]:
    """ln of `n` draws (a power of two) of every range, by id; row k of all of them is one joint draw."""
    if n < 2 or n & (n - 1):
        raise ValueError(f"Sobol points come in powers of two, not {n}")
    points = qmc.Sobol(len(ranges), scramble=True, rng=np.random.default_rng(seed)).random(n)
    y = np.clip(points, _FINEST, 1 - _FINEST)
    z = np.log(y) - np.log1p(-y)
    return {name: ranges[name].log_at(z[:, k]) for k, name in enumerate(sorted(ranges))}


def totals(market: Market, draws: Mapping[str, Array]) -> dict[str, Array]:
    """ln of TAM, SAM and SOM in every draw; a figure that is not stated is left out.

    Each starts from the one above it, so rounding cannot lift a part over its whole.
    """
    out: dict[str, Array] = {}
    so_far = np.zeros_like(next(iter(draws.values())))
    for level in LEVELS:
        if market.factors(level):
            for name in getattr(market, level):
                so_far = so_far + draws[name]
            out[level] = so_far
    return out


def size(market: Market, n: int = DRAWS, seed: int = SEED) -> MarketSize:
    """Size the market from `n` draws (a power of two, 16 or more).

    Raises:
        InputError: no TAM, an id nobody states, a narrowing that is not a share, or a figure too large to compute.
    """
    _check(market)
    ranges = {a.id: a.fitted() for a in market.used}
    draws = sample(ranges, n, seed)
    errors = _numerical_errors(market, ranges, n, seed)
    logs = totals(market, draws)
    if max(float(log.max()) for log in logs.values()) > 690 or min(float(log.min()) for log in logs.values()) < -690:
        raise InputError("The assumptions multiply to a figure beyond any market; check their units and zeros.")
    sizes = {level: _summary(market, level, ranges, draws, errors[level]) for level in logs}
    return MarketSize(sizes["tam"], sizes.get("sam"), sizes.get("som"), market, n, seed)


def _check(market: Market) -> None:
    known = {a.id: a for a in market.assumptions}
    if not market.tam:
        raise InputError("No total market: name the assumptions that multiply to it in tam under [market].")
    for name in (*market.tam, *market.sam, *market.som):
        if name not in known:
            raise InputError(f"{name!r} is used under [market] but is not among the assumptions; add it.")
    for name in (*market.sam, *market.som):
        if known[name].unit != "share":
            raise InputError(f'{name!r} narrows the market, so its unit must be "share"; it is {known[name].unit!r}.')


def _numerical_errors(market: Market, ranges: Mapping[str, Range], n: int, seed: int) -> dict[str, float]:
    """Relative standard error of p50: eight independent scramblings of n/8 points, their spread over the root of 8."""
    each = [totals(market, sample(ranges, n // SCRAMBLINGS, (seed, k))) for k in range(1, SCRAMBLINGS + 1)]
    medians = {level: [float(np.median(t[level])) for t in each] for level in each[0]}
    return {level: float(np.std(m, ddof=1)) / math.sqrt(SCRAMBLINGS) for level, m in medians.items()}


def _summary(market: Market, level: str, ranges: Mapping[str, Range], draws: Mapping[str, Array], error: float) -> Size:
    log = totals(market, draws)[level]
    p10, p50, p90 = (_round(v) for v in np.exp(np.quantile(log, (0.1, 0.5, 0.9))))
    times = Counter(market.factors(level))
    means = [ranges[name].mean(power) for name, power in times.items()]
    mean = None if None in means else _round(math.prod(m for m in means if m is not None))
    return Size(p10, p50, p90, mean, error, _histogram(log), _drivers(market, times, draws))


def _round(value: float) -> float:
    """Twelve digits: a fixed 500 stays 500, and platforms whose exp differs in the last bit print the same."""
    return float(f"{value:.12g}")


def _drivers(market: Market, times: Counter[str], draws: Mapping[str, Array]) -> tuple[Driver, ...]:
    used = [a for a in market.used if a.id in times]
    spread = {a.id: a.fitted().family != "fixed" for a in used}  # the variance of a constant column is not exactly 0
    variances = {a.id: float(np.var(draws[a.id])) * times[a.id] ** 2 * spread[a.id] for a in used}
    whole = math.fsum(variances.values())
    out = [Driver(a.id, a.label, variances[a.id] / whole if whole else None, a.sourced) for a in used]
    return tuple(sorted(out, key=lambda d: (-(d.share_of_variance or 0.0), d.id)))


def _histogram(log: Array) -> Histogram:
    low, high = (float(v) for v in np.quantile(log, (0.005, 0.995)))
    if high - low < 1e-9:  # fixed values only: one bar, one per cent wide
        low, high = low - 0.005, high + 0.005
    edges = np.linspace(low, high, BINS + 1)
    counts, _ = np.histogram(log, edges)
    below, above = int((log < low).sum()), int((log > high).sum())
    return Histogram(tuple(np.exp(edges).tolist()), tuple(counts.tolist()), below, above)
