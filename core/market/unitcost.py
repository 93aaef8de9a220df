"""What a request costs on machines of one's own, and what is left of its price, as demand grows.

$ per 1,000 requests = machine price / (measured rate x utilisation). Utilisation is no wish: machines are bought whole,
enough of them for the busiest hours, and what they could have answered besides is paid for too. So little demand is
dear, and more demand is cheaper until the machines are as busy as they may be.

Imports numpy alone: a page computes it while a slider moves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
HOURS = 365.25 * 24
SCALES = (1, 10, 100)
_SEED = 41


@dataclass(frozen=True, slots=True)
class Service:
    """How requests are answered.

    Attributes:
        usd_per_hour: of one machine.
        rate: requests a second that one machine was measured to bear.
        not_at: the lowest rate that was measured to be too much; the truth lies between the two. None where none was.
        peak: how many times the average load the busiest hours are.
        most_busy: share of the rate that a machine may be asked for in those hours.
    """

    usd_per_hour: float
    rate: float
    not_at: float | None
    peak: float
    most_busy: float

    def rates(self, n: int) -> Array:
        """`n` draws of the rate, evenly spread between what held and what did not, in an order of their own."""
        if self.not_at is None:
            return np.full(n, self.rate)
        even = (np.random.default_rng(_SEED).permutation(n) + 0.5) / n
        return np.asarray(self.rate + (self.not_at - self.rate) * even)


@dataclass(frozen=True, slots=True)
class Load:
    """What a demand comes to, in every draw.

    Attributes:
        machines: that must run, at least one.
        utilisation: share of what they could answer that is asked of them.
        cost: USD for 1,000 requests.
    """

    machines: Array
    utilisation: Array
    cost: Array

    def margin(self, price: Array) -> Array:
        """Gross margin of machines alone: the share of the price (a request) that is left."""
        return np.asarray(1 - self.cost / (1000 * price))


def load(requests_a_year: Array, rates: Array, service: Service) -> Load:
    """Machines, utilisation and cost of a demand; the arrays broadcast.

    Args:
        requests_a_year: above 0.
        rates: requests a second that one machine bears, above 0.
        service: price, peak and how busy machines may be.
    """
    average = requests_a_year / (HOURS * 3600)
    machines = np.maximum(1.0, np.ceil(average * service.peak / (rates * service.most_busy) - 1e-9))
    utilisation = average / (machines * rates)
    cost = service.usd_per_hour / (rates * 3600 * utilisation) * 1000
    return Load(machines, utilisation, np.asarray(cost))


def at_scales(
    demand: Array, price: Array | None, service: Service, scales: Sequence[float] = SCALES
) -> list[dict[str, Any]]:
    """Cost, margin, machines and utilisation at multiples of the demand, each as p10, p50, p90 over the draws.

    The margin is None where no price can be compared.
    """
    rates = service.rates(len(demand))
    out = []
    for scale in scales:
        at = load(demand * scale, rates, service)
        margin = None if price is None else spread(at.margin(price))
        parts = {name: spread(getattr(at, name)) for name in ("cost", "machines", "utilisation")}
        out.append({"scale": scale, "requests_a_year": spread(demand * scale), **parts, "margin": margin})
    return out


def cost_curve(demand: Array, service: Service, scales: Sequence[float]) -> list[dict[str, float]]:
    """The cost of 1,000 requests at each multiple of the demand, as p10, p50, p90 over the draws."""
    return spreads(load(np.multiply.outer(scales, demand), service.rates(len(demand)), service).cost)


def spread(values: Array) -> dict[str, float]:
    """p10, p50 and p90 of draws."""
    return spreads(values[None])[0]


def spreads(rows: Array) -> list[dict[str, float]]:
    """p10, p50 and p90 of each row's draws."""
    found = np.quantile(rows, (0.1, 0.5, 0.9), axis=1).T.tolist()
    return [dict(zip(("p10", "p50", "p90"), row, strict=True)) for row in found]


def comparable(
    prices: Sequence[Mapping[str, Any]], cores: int, named: str = ""
) -> tuple[Mapping[str, Any] | None, str]:
    """The machine whose price stands for the measured one, and what must be said of it.

    Args:
        prices: rows of the price list: provider, machine, vcpu, accelerator, usd_per_hour, stale, read.
        cores: that the rate was measured on, without an accelerator.
        named: the machine that the venture chose; left out, the cheapest comparable one, fresh rows first.

    Returns:
        The row or None, and a sentence: why there is none, or how the two machines differ.
    """
    fit = [p for p in prices if p["vcpu"] >= cores and not p["accelerator"]]
    if named:
        rows = [p for p in prices if p["machine"] == named]
        if not rows:
            return None, f"data/prices.csv has no machine called {named!r}; choose one of its names, or add the row."
        if rows[0] not in fit:
            also = f" and an {rows[0]['accelerator']}" if rows[0]["accelerator"] else ""
            return None, (
                f"The rate was measured on {cores} processors without an accelerator, and {named} has "
                f"{rows[0]['vcpu']}{also}: measure it there."
            )
        row = rows[0]
    elif fit:
        row = min(fit, key=lambda p: (p["stale"], p["usd_per_hour"]))
    else:
        return None, f"No machine in data/prices.csv has {cores} processors or more and no accelerator."
    said = f"The rate was measured on {cores} processors; {row['machine']} of {row['provider']} has {row['vcpu']}."
    return row, said + (f" Its price was read on {row['read']}, more than 90 days ago." if row["stale"] else "")
