"""The circle between demand and cost: customers fill machines, full machines make answers cheap, cheap answers keep
customers.

In every joint draw the state x is the share of the demand at the stated price that remains. It goes round once as

    load     = x * demand                                  requests a second
    machines = max(1, ceil(load * peak * work / (rate * utilisation)))
    cost     = 1000 * machines * price_hour / (3600 * load)     of 1,000 requests
    price    = max(stated price, cost / (1 - least margin))     what has to be charged
    g(x)     = (price / stated price) ** -elasticity

and is solved by the damped iteration x <- x/2 + g(x)/2 from full demand and from almost none. Where the two ends meet
elsewhere, both are stable and the point between them that tips is the critical mass.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.draws import Array

ROUNDS = 200
NEAR = 1e-3  # shares of demand that differ by less are the same state
_LEAST = 1e-9  # share of demand below which nobody is left
_HALVINGS = 50


@dataclass(frozen=True, slots=True)
class Service:
    """What serving costs and meets, draw by draw; every array has shape (n,).

    Attributes:
        demand: requests a second, on average, at the stated price.
        peak: how many times the average the busiest hour is, 1 or more.
        rate: requests a second that one machine answers in time.
        work: how many times the work of the measured model one request takes, 1 or more (a larger model: G to C).
        price_hour: of one machine, in currency.
        price: stated price of 1,000 requests, in currency.
        elasticity: by how many per cent demand falls where the price rises by one, 0 or more.
        utilisation: the most that machines are planned to be loaded with, 0 to 1.
        least_margin: gross margin below which the price is raised, below 1.
    """

    demand: Array
    peak: Array
    rate: Array
    work: Array
    price_hour: Array
    price: Array
    elasticity: Array
    utilisation: float
    least_margin: float


@dataclass(frozen=True, slots=True)
class Settled:
    """Where the circle comes to rest, draw by draw.

    Attributes:
        share: of the demand at the stated price that remains, from full demand down.
        load, machines, utilisation, cost_per_1000, price: of that state.
        margin: gross margin of that state at the stated price.
        converged: whether another round would move the state by less than `NEAR`.
        states: 1 or 2 stable states found.
        critical: requests a second above which the larger state is reached; NaN where there is only one state.
    """

    share: Array
    load: Array
    machines: Array
    utilisation: Array
    cost_per_1000: Array
    price: Array
    margin: Array
    converged: NDArray[np.bool_]
    states: NDArray[np.int64]
    critical: Array


def settle(service: Service) -> Settled:
    """Solve the circle in every draw."""
    top = _iterate(service, np.ones_like(service.demand))
    bottom = _iterate(service, np.full_like(service.demand, _LEAST))
    tipping = np.zeros_like(top)
    apart = np.flatnonzero(top - bottom > NEAR)
    tipping[apart] = _tipping(_of(service, apart), bottom[apart], top[apart])
    two = tipping > NEAR  # a business dies of no customers at all: that is no critical mass
    critical = np.where(two, tipping * service.demand, np.nan)
    load = np.maximum(top, _LEAST) * service.demand
    machines = _machines(service, load)
    cost = _cost(service, load, machines)
    return Settled(
        share=top,
        load=load,
        machines=machines,
        utilisation=load * service.work / (machines * service.rate),
        cost_per_1000=cost,
        price=_price(service, cost),
        margin=1 - cost / service.price,
        converged=np.asarray(np.abs(once(service, top) - top) < 2 * NEAR),  # a round takes half of the way
        states=np.where(two, 2, 1),
        critical=critical,
    )


def once(service: Service, share: Array) -> Array:
    """One round: the share of demand that the cost at this share leaves."""
    load = np.maximum(share, _LEAST) * service.demand
    cost = _cost(service, load, _machines(service, load))
    return np.asarray((_price(service, cost) / service.price) ** -service.elasticity)


def _iterate(service: Service, share: Array) -> Array:
    share, moved = share.copy(), np.full_like(share, np.inf)
    left, part = np.arange(len(share)), service  # the draws that still move: most come to rest in a few rounds
    for _ in range(ROUNDS):
        before = share[left]
        after = before / 2 + once(part, before) / 2
        share[left], moved[left] = after, np.abs(after - before)
        left = left[moved[left] >= NEAR / 100]
        if not len(left):
            break
        part = _of(service, left)
    return share


def _tipping(service: Service, low: Array, high: Array) -> Array:
    """Bisect between two stable states for the share from which demand neither grows nor shrinks."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        grows = once(service, middle) > middle
        low, high = np.where(grows, low, middle), np.where(grows, middle, high)
    return high


def _of(service: Service, draws: NDArray[np.int64]) -> Service:
    """Some of the draws."""
    names = ("demand", "peak", "rate", "work", "price_hour", "price", "elasticity")
    return replace(service, **{name: getattr(service, name)[draws] for name in names})


def _machines(service: Service, load: Array) -> Array:
    busy = load * service.peak * service.work / (service.rate * service.utilisation)
    return np.asarray(np.maximum(1.0, np.ceil(busy)))


def _cost(service: Service, load: Array, machines: Array) -> Array:
    return np.asarray(1000 * machines * service.price_hour / (3600 * load))


def _price(service: Service, cost: Array) -> Array:
    return np.asarray(np.maximum(service.price, cost / (1 - service.least_margin)))
