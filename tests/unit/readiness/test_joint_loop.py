"""Demand and cost settle where one round changes nothing, and a higher price never gains a customer."""

from dataclasses import replace

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.readiness.joint.graph import Circle
from core.readiness.joint.loop import NEAR, Service, once, settle

positive = st.floats(1e-3, 1e3)


@st.composite
def services(draw: st.DrawFn, n: int = 4) -> Service:
    def column(values: st.SearchStrategy[float]) -> np.ndarray:
        return np.array([draw(values) for _ in range(n)])

    return Service(
        demand=column(positive),
        peak=column(st.floats(1, 10)),
        rate=column(positive),
        work=column(st.floats(1, 8)),
        price_hour=column(st.floats(0.01, 100)),
        price=column(positive),
        elasticity=column(st.floats(0, 4)),
        utilisation=draw(st.floats(0.1, 1)),
        least_margin=draw(st.floats(0, 0.9)),
    )


def desk(demand: float, elasticity: float = 2.0) -> Service:
    one = np.ones(1)
    return Service(demand * one, one, 50 * one, one, 1.0 * one, 2.0 * one, elasticity * one, 0.5, 0.5)


_STEEP = replace(
    desk(1.0, 2.97634242),
    **{name: np.array([value]) for name, value in {"peak": 4.75, "rate": 0.125, "price_hour": 40.0}.items()},
    price=np.array([837.84375]),
    utilisation=0.25,
    least_margin=0.3125,
)


@example(_STEEP)  # whose last round moves less than the one after it
@settings(deadline=None)
@given(services())
def test_where_it_converged_another_round_changes_nothing(service: Service) -> None:
    found = settle(service)
    again = once(service, found.share)
    still = np.abs(again - found.share) < 3 * NEAR
    assert still[found.converged].all()


@settings(deadline=None)
@given(services())
def test_no_cycle_of_cost_leaves_more_demand_than_the_stated_price_does(service: Service) -> None:
    found = settle(service)
    assert (found.share <= 1 + 1e-9).all()
    assert (found.machines >= 1).all()
    assert (found.utilisation <= service.utilisation / service.peak + 1e-9)[found.machines > 1].all()


_SLOW = Service(
    **{name: np.array([value]) for name, value in {"demand": 1.0, "peak": 2.0, "rate": 5.0, "work": 6.0}.items()},
    price_hour=np.array([23.0]),
    price=np.array([1.0]),
    elasticity=np.array([0.5]),
    utilisation=0.25,
    least_margin=0.0,
)


@example(_SLOW, 1.125)  # whose circle does not settle
@settings(max_examples=500, deadline=None)
@given(services(), st.floats(1, 5))
def test_a_dearer_machine_never_gains_customers(service: Service, times: float) -> None:
    """Where the circle settles: of a draw that does not, only that is known, and the verdict says so."""
    before, after = settle(service), settle(replace(service, price_hour=service.price_hour * times))
    settled = before.converged & after.converged
    assert (after.share <= before.share + 3 * NEAR)[settled].all()


@settings(max_examples=500, deadline=None)
@given(services(), st.floats(1, 5), st.floats(1, 5))
def test_a_higher_price_that_has_to_be_charged_never_gains_customers(
    service: Service, share: float, times: float
) -> None:
    """The same state of the circle at a cost that asks for a higher price: fewer stay, or as many."""
    dearer = replace(service, price_hour=service.price_hour * times)
    state = np.full_like(service.demand, share / 5)
    assert (once(dearer, state) <= once(service, state) + 1e-12).all()


@settings(deadline=None)
@given(services(), st.floats(1, 5))
def test_a_larger_model_never_makes_an_answer_cheaper(service: Service, times: float) -> None:
    larger = replace(service, work=service.work * times)
    load = service.demand
    cheap, dear = settle(replace(service, elasticity=0 * load)), settle(replace(larger, elasticity=0 * load))
    assert (dear.cost_per_1000 >= cheap.cost_per_1000 - 1e-9).all()


def test_without_elasticity_it_equals_the_direct_product() -> None:
    found = settle(desk(demand=10.0, elasticity=0.0))
    assert found.share[0] == 1
    assert found.machines[0] == 1
    assert np.isclose(found.cost_per_1000[0], 1000 * 1 / (3600 * 10))
    assert np.isclose(found.margin[0], 1 - (1000 / 36000) / 2.0)


def test_a_dear_machine_and_choosy_customers_have_two_stable_states_and_a_critical_mass() -> None:
    service = replace(desk(demand=5.0, elasticity=3.0), price_hour=np.array([10.0]))
    found = settle(service)
    assert found.states[0] == 2
    critical = found.critical[0] / service.demand
    assert once(service, critical * 0.9)[0] < critical[0] * 0.9  # below it demand dies
    assert once(service, critical * 1.1)[0] > critical[0] * 1.1  # above it demand grows


def tipping() -> Service:
    """Demand for one machine and a half: with one the price holds and customers come, with two it does not."""
    one = np.ones(1)
    return Service(
        demand=1.5 * one,
        peak=one,
        rate=one,
        work=one,
        price_hour=3.6 * one,
        price=1.2 * one,
        elasticity=3 * one,
        utilisation=1.0,
        least_margin=0.0,
    )


def test_demand_that_one_machine_more_or_less_tips_over_never_settles_and_is_told() -> None:
    found = settle(tipping())
    assert not found.converged.any()
    calm = settle(replace(tipping(), demand=np.full(1, 0.9)))
    assert calm.converged.all()


def test_a_circle_that_does_not_settle_says_in_which_draws_and_one_that_does_says_nothing() -> None:
    circle = Circle(converged=0.75, not_converged=(3, 17), two_states=0.0, critical=None)
    assert circle.said.startswith("Demand and cost do not settle in 25.00 % of the joint draws (the first: 3, 17)")
    assert circle.as_json()["not_converged"] == [3, 17]
    assert Circle(1.0, (), 0.0, None).said == ""
