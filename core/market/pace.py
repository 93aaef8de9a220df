"""Does the pace of adoption carry the customers that SOM counts on?

SOM counts everyone whom its shares leave as a customer of its year; a growth curve says how many of them have come by
then. Where both are stated of the same people they are two ways to one figure, and are held against each other as the
methods are: by the area that their distributions share.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.market.draws import Array
from core.market.reconcile import densities
from core.market.stated import Market
from core.market.unitcost import spread
from core.units import percent

AGREE = 0.5  # of two ways to the market, as the policy asks
_LEAST = 1e-9  # of a share reached: its logarithm is taken
Quantiles = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Pace:
    """SOM against what the forecast of adoption leaves of it.

    Attributes:
        overlap: of the distributions of SOM and of SOM at the pace of adoption.
        reached: p10, p50, p90 of the share of all who will ever buy that are customers at the end of the forecast.
        counted: p10, p50, p90 of the customers that SOM counts.
        customers: p10, p50, p90 of those there are at the end of the forecast.
        sentence: for people.
    """

    overlap: float
    reached: Quantiles
    counted: Quantiles
    customers: Quantiles
    sentence: str

    def as_json(self) -> dict[str, Any]:
        """As it stands in the evidence and in `market size --json`."""
        return {name: getattr(self, name) for name in Pace.__slots__}


def comparable(market: Market) -> bool:
    """Whether SOM counts the very people in `potential`: its figures, and all that SOM narrows by, stand in both."""
    tree = market.beside.get("potential")
    method = market.methods[0] if market.methods else None
    if tree is None or method is None or "som" not in method.levels:
        return False
    people, sold = market.powers(tree), market.powers(method.tree("som"))
    same = all(power is not None and sold.get(name) == power for name, power in people.items())
    return same and set(method.som) <= set(people)


def held_to_pace(market: Market, som: Array, customers: Array, potential: Array, said: Mapping[str, Any]) -> Pace:
    """Compare SOM with what of it has come by the end of the forecast.

    Args:
        market: see `comparable`.
        som: draws of it, in currency per year.
        customers: at the end of the forecast, in each future.
        potential: all who will ever buy, in the same futures.
        said: analogue, period and horizon of the forecast.
    """
    reached = customers / potential
    by_then = np.log(som[: len(reached)] * np.maximum(reached, _LEAST))
    shares = densities({"som": np.log(som), "by then": by_then})
    overlap = float(np.minimum(shares["som"], shares["by then"]).sum())
    counted, kept = spread(potential), spread(customers)
    return Pace(overlap, spread(reached), counted, kept, _sentence(market, overlap, counted, kept, said))


def _sentence(market: Market, overlap: float, counted: Quantiles, kept: Quantiles, said: Mapping[str, Any]) -> str:
    whose = f"at the pace of {said['analogue']}" if said["analogue"] else "at the pace of your own series"
    come = f"{kept['p50']:,.3g} ({kept['p10']:,.3g} to {kept['p90']:,.3g}) are there"
    after = f"after {said['horizon']} {said['period']}s"
    told = f"SOM counts {counted['p50']:,.3g} customers; {whose}, {come} {after}: the two agree by {percent(overlap)}"
    if overlap >= AGREE:
        return f"{told}."
    won = " and ".join(f"“{market.label(name)}”" for name in market.methods[0].som)
    if kept["p50"] > counted["p50"]:
        return f"{told} only. Raise {won}, or look for a series that rises more slowly."
    ways = "count SOM for a later year, or bring a series that shows a faster rise"
    return f"{told} only. Lower {won} to what comes by then, {ways}."
