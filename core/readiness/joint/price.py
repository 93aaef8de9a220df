"""What a price other than the stated one does to demand: the venture's elasticity, drawn with everything else.

The file states demand and SOM at the price beside them. At k times that price the demand is k ** -elasticity times as
large (constant elasticity, as in `core.readiness.joint.loop`). The copy states this factor as one more range, a metalog
of its logarithm: that is ln k times one of the elasticity, so in every draw a higher price leaves no more than a lower
one, once draws of an elasticity below zero are cut off at none. Where the price falls, the last share that SOM wins by
is that many times as large, at most all.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.market.evaluation import evaluate
from core.market.measure import plain
from core.readiness.joint.world import ELASTICITY
from core.units import CONSTANTS
from core.venture import Venture
from core.venture_market import METHODS, Assumption, Formula, Market

FACTOR = "zzz_at_the_new_price"  # the last of the ids: the other figures keep their draws
KEPT = "zzz_kept_at_the_new_price"
_SAME = 1e-6  # prices that differ by less are the same


@dataclass(frozen=True, slots=True)
class Response:
    """How demand takes another price.

    Attributes:
        times: the new price by the stated one, both at the medians of the figures they are made of.
        p10, p50, p90: of the demand at the new price by that at the stated one.
        stated: whether the venture states its elasticity; else a wide range is taken.
    """

    times: float
    p10: float
    p50: float
    p90: float
    stated: bool

    def as_json(self) -> dict[str, float | bool]:
        """What `whatif --json` prints under demand_at_price."""
        return asdict(self)


def at_new_price(before: Venture, after: Venture) -> tuple[Venture, Response | None]:
    """`after` with the demand that its price leaves of the one that `before` states; as it is where no price moved."""
    old, new = _price(before.market), _price(after.market)
    if not old or not new or abs(new / old - 1) < _SAME:
        return after, None
    response, by = _response(after, new / old)
    return after.model_copy(update={"market": _answering(after.market, response, by)}), response


def _price(market: Market) -> float | None:
    """The price of a request at the medians of what it is made of; None where none is stated."""
    of = plain(market)
    tree = of.beside.get("price")
    if tree is None:
        return None
    values = {name: np.asarray(value) for name, (value, _) in CONSTANTS.items()}
    values |= {a.id: np.asarray(a.p50) for a in market.assumptions}
    for name, formula in of.formulas.items():
        values[name] = evaluate(formula, values)
    return float(evaluate(tree, values))


def _response(venture: Venture, times: float) -> tuple[Response, str]:
    """The factor on demand, and who says so."""
    said = venture.reach.elasticity
    if said is None:
        low, high = map(math.log, ELASTICITY)
        ends = [math.exp(low + (high - low) * q) for q in (0.1, 0.5, 0.9)]
    else:
        ends = [said.p10, said.p50, said.p90]
    p10, p50, p90 = sorted(times**-e for e in ends)
    return Response(times, p10, p50, p90, said is not None), said.by or said.source if said else ""


def _answering(market: Market, response: Response, by: str) -> Market:
    """The market in which fewer, or more, buy at the new price: its demand, and SOM of the ways that rest on it."""
    fewer = response.times > 1
    ends = {"p10": response.p10, "p50": response.p50, "p90": response.p90}
    factor = Assumption(id=FACTOR, label="What the new price leaves", unit="x", by=by, **ends)
    money = market.money
    assert money is not None  # noqa: S101 - it has a price
    changed: dict[str, Any] = {
        "assumptions": [*market.assumptions, factor],
        "money": money.model_copy(update={"demand": _times(money.demand)}),
    }
    bounded = f"{'min' if fewer else 'max'}(1, {FACTOR})"
    own = {KEPT: Formula(id=KEPT, label=factor.label, formula=bounded)}
    if market.som and _rests_on_price(market, market.tam):
        changed["som"] = _won(market.som, fewer, own)
    ways = {
        name: way.model_copy(update={"som": _won(way.som, fewer, own)})
        for name in METHODS
        if (way := getattr(market.methods, name)) is not None and way.som and _rests_on_price(market, way.tam)
    }
    changed["methods"] = market.methods.model_copy(update=ways)
    return market.model_copy(update=changed | {"formulas": [*market.formulas, *own.values()]})


def _times(demand: list[str] | str) -> list[str] | str:
    return f"({demand}) * {KEPT}" if isinstance(demand, str) else [*demand, KEPT]


def _won(som: list[str], fewer: bool, own: dict[str, Formula]) -> list[str]:
    """The shares that SOM wins by, at the new price; where more buy, the last one is a formula of its own."""
    if fewer:
        return [*som, KEPT]
    *others, last = som
    name = f"{KEPT}_{last}"
    own[name] = Formula(id=name, label=f"{last} at the new price", formula=f"min(1, {last} * {KEPT})", unit="share")
    return [*others, name]


def _rests_on_price(market: Market, tam: list[str] | str) -> bool:
    """Whether a total is counted in requests at this price, and not in budgets or what it saves."""
    of, tree = plain(market), market.tree(tam)
    return bool({a.id for a in of.behind(of.beside["price"])} & {a.id for a in of.behind(tree)})
