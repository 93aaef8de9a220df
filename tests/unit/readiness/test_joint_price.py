"""Another stated price: a higher one never gains customers, and no part of the market outgrows its whole."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.market.draws import Array, draw, quantity
from core.market.measure import plain
from core.readiness.joint.price import at_new_price
from core.venture import Venture, parse
from tests.unit.readiness.test_joint_world import MARKET, REACH

N = 64
PRICE = {"p10": 0.1, "p50": 0.2, "p90": 0.4}


def venture(times: float = 1.0, *, som: list[str] | None = None, **reach: Any) -> Venture:
    rows = [a | ({k: v * times for k, v in PRICE.items()} if a["id"] == "price" else {}) for a in MARKET["assumptions"]]
    market = MARKET | {"assumptions": rows} | ({"som": som} if som else {})
    base = {"schema": 1, "name": "Desk", "market": market, "reach": reach}
    return parse(base, Path("/nowhere/venture.toml"))


def customers(of: Venture) -> tuple[Array, dict[str, Array]]:
    """Requests a year and the sizes of the market, draw by draw."""
    market = plain(of.market)
    drawn = draw(market, N)
    return quantity(market.beside["demand"], drawn.values, "money.demand"), dict(drawn.figures["bottom_up"])


@st.composite
def elasticities(draw: st.DrawFn) -> dict[str, Any]:
    if not draw(st.integers(0, 4)):
        return {}
    p10, p50, p90 = sorted(draw(st.floats(0.01, 4)) for _ in range(3))
    return {"elasticity": {"p10": p10, "p50": p50, "p90": p90}}


@settings(max_examples=500, deadline=None)
@given(elasticities(), st.floats(0.25, 4), st.floats(0.25, 4))
def test_a_higher_stated_price_never_gains_customers(reach: dict[str, Any], one: float, other: float) -> None:
    stated = venture(**reach)
    cheap, dear = (at_new_price(stated, venture(times, **reach))[0] for times in sorted((one, other)))
    (more, wide), (fewer, narrow) = customers(cheap), customers(dear)
    assert (fewer <= more * (1 + 1e-9)).all()
    for sizes in (wide, narrow):
        assert (sizes["som"] <= sizes["sam"] * (1 + 1e-12)).all()
        assert (sizes["sam"] <= sizes["tam"] * (1 + 1e-12)).all()


def test_the_price_as_stated_changes_nothing_and_demand_follows_the_elasticity() -> None:
    stated = venture(**REACH)
    assert at_new_price(stated, stated) == (stated, None)
    dear, response = at_new_price(stated, venture(2.0, **REACH))
    assert response is not None
    assert (response.times, response.stated) == (2.0, True)
    assert (response.p10, response.p50, response.p90) == pytest.approx((2**-2.0, 2**-1.0, 2**-0.5))
    before, after = customers(stated), customers(dear)
    assert np.median(after[0] / before[0]) == pytest.approx(0.5, rel=0.02)
    assert np.median(after[1]["som"] / before[1]["som"]) == pytest.approx(1.0, rel=0.02), (
        "half the buyers, twice as dear"
    )


def test_without_a_stated_elasticity_a_wide_range_is_taken_and_said() -> None:
    _, response = at_new_price(venture(), venture(2.0))
    assert response is not None
    assert not response.stated
    assert response.p90 - response.p10 > 0.5


def test_a_size_that_does_not_rest_on_the_price_is_left_alone() -> None:
    stated = venture(**REACH)
    budget = {"tam": ["banks", "budget"], "sam": ["open_to_ai"], "som": ["win"]}
    row = {"id": "budget", "label": "Budget", "unit": "USD/bank/year", "p10": 1e3, "p50": 2e3, "p90": 3e3}
    dear = venture(2.0, **REACH).model_dump(exclude_unset=True, by_alias=True)
    dear["market"]["methods"] = {"top_down": budget}
    dear["market"]["assumptions"].append(row)
    found, _ = at_new_price(stated, parse(dear, Path("/nowhere/venture.toml")))
    assert found.market.methods.top_down is not None
    assert found.market.methods.top_down.som == ["win"]
    assert found.market.som != ["win"]
