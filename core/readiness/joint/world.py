"""What the seven parts hand to each other, draw by draw: from the rooms' evidence and the venture's own words.

Without evidence a quantity takes a wide prior and is marked as not known; nothing that rests on it counts as known.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from core.draws import Array, Seed, joint
from core.evidence import Evidence
from core.market.draws import Draws, draw, quantity
from core.market.ranges import fit
from core.market.stated import Market
from core.readiness.checks import Inputs, why_stale
from core.readiness.joint.holds import COIN, Figure
from core.readiness.joint.loop import Service, Settled, settle
from core.readiness.joint.spread import spread
from core.venture import Venture
from core.venture_market import Figure as Stated

HOURS = 365.25 * 24
READ = (
    "model.accuracy",
    "model.p95_latency",
    "privacy.direct_share",
    "licences.blocked",
    "rate",
    "work",
    "price_hour",
    "elasticity",
    "replace_days",
    "clean_data",
)  # what a world draws beside the policy's figures, the ways of selling and the market
_RATES = (0.1, 1000.0)  # requests a second of one machine, where nobody measured: from a large model to a rule
_HOURLY = (0.03, 10.0)  # USD an hour, from two shared processors to a large accelerator (data/prices.csv)
_WORK = 8.0  # at most so many times the work, where accuracy or speed fall short: an eight times larger model
ELASTICITY = (0.2, 3.0)
_DAYS = (0.5, 20.0)
_OPEN = ("allowed", "obligations")
USD = "USD"


@dataclass(frozen=True, slots=True)
class World:
    """All quantities of one venture, each over the same draws.

    Attributes:
        market: the market room's own draws; None where the venture states no market.
        levels: tam, sam and som before licences and data take their part, in currency a year; those that are stated.
        figures: every other quantity by name, with its unit, and whether it is known.
        settled: where demand and cost come to rest; None where the venture states no price and demand.
    """

    market: Draws | None
    levels: Mapping[str, Array]
    figures: Mapping[str, Figure]
    settled: Settled | None

    @property
    def computed(self) -> dict[str, Figure]:
        """The figures that take the place of a room's record, by its id: what the other parts leave of it."""
        return {name: f for name, f in self.figures.items() if "." in name}


@dataclass(frozen=True, slots=True)
class Known:
    """The evidence that speaks of today's inputs, and the coordinates of the draws.

    Attributes:
        n, seeds: joint draws of each seed; the market's own are the same points in their first dimensions.
        places: the dimension of each quantity.
        limits: what the policy compares a figure with, by its id.
        market: what the venture says of its market, in the market room's terms.
    """

    venture: Venture
    evidence: Mapping[str, Evidence]
    inputs: Inputs | None
    now: datetime | None
    n: int
    seeds: tuple[Seed, ...]
    places: Mapping[str, int]
    limits: Mapping[str, float]
    market: Market

    @property
    def y(self) -> Array:
        """The joint draws, shape (rows, DIMENSIONS)."""
        return joint(self.n, *self.seeds)

    @property
    def rows(self) -> int:
        """Joint draws of all seeds together."""
        return self.n * len(self.seeds)

    def record(self, name: str) -> Evidence | None:
        """The record of a figure, unless it is stale or holds nothing."""
        found = self.evidence.get(name)
        if found is None or found.value is None or why_stale(found, self.inputs, self.now):
            return None
        return found

    def column(self, name: str) -> Array:
        """The coordinate of a quantity."""
        return self.y[:, self.places[name]]

    def number(self, name: str, prior: tuple[float, float], unit: str, column: str) -> Figure:
        """A measured figure, or else a prior that is even on the log scale between two bounds."""
        found = self.record(name)
        draws = spread(found, self.column(column)) if found is not None else None
        if draws is not None:
            return Figure(draws, unit, known=True)
        return Figure(_even(self.column(column), prior), unit, known=False)

    def said(self, part: Stated | None, prior: tuple[float, float], unit: str, column: str) -> Figure:
        """A stated range, or else such a prior."""
        if part is None:
            return Figure(_even(self.column(column), prior), unit, known=False)
        y = self.column(column)
        drawn = fit(part.p10, part.p50, part.p90, share=unit == "share").log_at(np.log(y) - np.log1p(-y))
        return Figure(np.exp(drawn), unit, known=True)


def world(known: Known) -> World:
    """Draw all quantities of a venture.

    Raises:
        InputError: the market cannot be drawn, or has more figures than there are dimensions left.
    """
    market, levels = _market(known)
    figures: dict[str, Figure] = {
        "open": _open_share(known),
        "usable": _usable_share(known),
        "accuracy": known.number("model.accuracy", (0.01, 1.0), "share", "model.accuracy"),
        "rate": known.number("model.server_rate", _RATES, "requests/s", "rate"),
        "work": _work(known),
        "replace": _replace(known),
    }
    reach = figures["open"].draws * figures["usable"].draws
    through = figures["open"].known and figures["usable"].known
    unit = f"{known.venture.market.currency}/year"
    for level in ("sam", "som"):
        if level in levels:
            figures[f"market.{level}"] = Figure(
                levels[level] * reach, unit, through and known.record(f"market.{level}") is not None
            )
    settled = _settled(known, market, figures, reach)
    return World(market, levels, figures, settled)


def _market(known: Known) -> tuple[Draws | None, Mapping[str, Array]]:
    market = known.market
    if not market.methods:
        return None, {}
    drawn = draw(market, known.n, *known.seeds)
    return drawn, {level: np.broadcast_to(v, known.rows) for level, v in drawn.figures[market.methods[0].name].items()}


def _open_share(known: Known) -> Figure:
    """E to F: customers left where the ways of selling that licences close are taken away."""
    closed = np.zeros(known.rows)
    sure = True
    for mode in dict.fromkeys(known.venture.distribution.modes):
        record = known.record(f"licences.{mode}")
        word = record.value if record is not None else "unknown"
        if word in _OPEN:
            continue
        only = known.said(known.venture.reach.modes.get(mode), (0.01, 1.0), "share", f"mode.{mode}")
        shut = np.ones(known.rows) if word == "blocked" else known.column(f"licences.{mode}") < COIN
        closed = closed + shut * only.draws
        sure = sure and word == "blocked" and only.known
    return Figure(np.maximum(0.0, 1 - closed), "share", sure)


def _usable_share(known: Known) -> Figure:
    """D to F: customers left where those who want no personal data in it are lost, if it is there."""
    record = known.record("privacy.direct_share")
    lost = known.said(known.venture.reach.clean_data, (0.01, 1.0), "share", "clean_data")
    limit = known.limits.get("privacy.direct_share", 0.0)
    draws = spread(record, known.column("privacy.direct_share")) if record is not None else None
    dirty = known.column("privacy.direct_share") < COIN if draws is None else draws > limit
    sure = draws is not None and (lost.known or not dirty.any())
    return Figure(1 - dirty * lost.draws, "share", sure)


def _work(known: Known) -> Figure:
    """G to C: how much larger the model has to be where accuracy or speed fall short; 1 where neither does."""
    short = np.zeros(known.rows, dtype=bool)
    sure = True
    for name, least, most in (
        ("model.accuracy", known.venture.must.accuracy, None),
        ("model.p95_latency", None, known.venture.must.p95_ms),
    ):
        limit = least if least is not None else most
        record = known.record(name)
        draws = spread(record, known.column(name)) if record is not None else None
        if limit is None:
            continue
        sure = sure and draws is not None
        if draws is not None:
            short |= draws < limit if least is not None else draws > limit
    more = np.exp(known.column("work") * math.log(_WORK))
    return Figure(np.where(short, more, 1.0), "times", sure and not short.any())


def _replace(known: Known) -> Figure:
    """E to G: days to replace the components that licences block."""
    count = known.number("licences.blocked", (0.1, 20.0), "components", "licences.blocked")
    days = known.said(known.venture.reach.replace_days, _DAYS, "days", "replace_days")
    none = count.known and not count.draws.any()
    return Figure(count.draws * days.draws, "days", none or (count.known and days.known))


def _settled(known: Known, market: Draws | None, figures: dict[str, Figure], reach: Array) -> Settled | None:
    money = known.venture.market.money
    if market is None or money is None:
        return None
    prices, of = known.venture.market, known.market
    demand = quantity(of.beside["demand"], market.values, "money.demand")
    price = quantity(of.beside["price"], market.values, "money.price")
    hourly, sure = _hourly(known)
    elasticity = known.said(known.venture.reach.elasticity, ELASTICITY, "per cent", "elasticity")
    n = known.rows
    found = settle(
        Service(
            demand=np.maximum(demand * reach / (HOURS * 3600), 1e-12),
            peak=np.full(n, money.peak),
            rate=figures["rate"].draws,
            work=figures["work"].draws,
            price_hour=hourly,
            price=1000 * price,
            elasticity=elasticity.draws,
            utilisation=money.most_busy,
            least_margin=0.0,
        )
    )
    through = all(figures[k].known for k in ("open", "usable", "rate", "work")) and sure and elasticity.known
    figures["load"] = Figure(found.load, "requests/s", through)
    figures["machines"] = Figure(found.machines, "machines", through)
    figures["market.cost_per_1000"] = Figure(found.cost_per_1000, USD, through)
    if prices.currency == USD:
        figures["market.margin"] = Figure(found.margin, "share", through)
    return found


def _hourly(known: Known) -> tuple[Array, bool]:
    """Price of an hour of the machine that the market room compared."""
    record = known.record("market.cost_per_1000")
    machine = record.detail.get("machine") if record is not None else None
    if machine:
        return np.full(known.rows, float(machine["usd_per_hour"])), True
    return _even(known.column("price_hour"), _HOURLY), False


def _even(y: Array, bounds: tuple[float, float]) -> Array:
    low, high = map(math.log, bounds)
    return np.asarray(np.exp(low + (high - low) * y))
