"""The cost of a request: idle machines are paid for, busier ones never cost more, and without a rate it is unknown."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.errors import InputError
from core.evidence import Evidence, Source
from core.market.measure import measure
from core.market.unitcost import HOURS, Service, at_scales, comparable, load
from core.venture import parse

RATE, IDS = "model.server_rate", ["market.cost_per_1000", "market.margin", "market.margin_10x", "market.margin_100x"]


def cost(demand: float, rate: float, service: Service) -> Any:
    return load(np.array([demand]), np.array([rate]), service)


@pytest.mark.parametrize(
    ("usd_per_hour", "cost_per_1000"),
    [(0.714, 0.0132), (4.6016 / 4, 0.0213), (2.24208, 0.0415), (1.29, 0.0239), (3.29, 0.0609)],
)
def test_it_is_the_formula_at_50_a_second_and_30_per_cent_of_use(usd_per_hour: float, cost_per_1000: float) -> None:
    """Figures worked out by hand: price an hour / (50 x 3600 x 0.3) x 1000."""
    service = Service(usd_per_hour, 50, None, peak=1, most_busy=1)
    a_year = 50 * 0.3 * HOURS * 3600
    at = cost(a_year, 50, service)
    assert at.utilisation[0] == pytest.approx(0.3)
    assert at.cost[0] == pytest.approx(cost_per_1000, abs=0.00005)


def test_one_machine_runs_for_one_request_and_all_of_it_is_paid() -> None:
    at = cost(1000, 50, Service(0.1, 50, None, peak=3, most_busy=0.7))
    assert at.machines[0] == 1
    assert at.cost[0] == pytest.approx(0.1 * HOURS)


@given(
    demand=st.floats(1, 1e12),
    rate=st.floats(0.1, 1e4),
    peak=st.floats(1, 50),
    busy=st.floats(0.05, 1),
)
def test_machines_bear_the_busiest_hours_and_no_more_of_them_run_than_must(
    demand: float, rate: float, peak: float, busy: float
) -> None:
    at = cost(demand, rate, Service(1.0, rate, None, peak, busy))
    busiest = demand / (HOURS * 3600) * peak
    n = at.machines[0]
    assert n * rate * busy >= busiest * (1 - 1e-9)
    assert n == 1 or (n - 1) * rate * busy < busiest * (1 + 1e-9)
    assert at.utilisation[0] <= busy / peak * (1 + 1e-9)


@given(st.floats(0.01, 1), st.floats(0.01, 1), st.floats(0.1, 1000))
def test_a_machine_that_is_used_more_never_costs_more_a_request(one: float, other: float, rate: float) -> None:
    service = Service(1.0, rate, None, 1, 1)
    less, more = sorted((one, other))
    a_year = rate * HOURS * 3600
    assert cost(a_year * more, rate, service).cost[0] <= cost(a_year * less, rate, service).cost[0] * (1 + 1e-9)


@given(st.floats(1e3, 1e10), st.floats(0.1, 1e3), st.floats(1, 10))
def test_a_faster_machine_at_the_same_price_never_costs_more(demand: float, rate: float, faster: float) -> None:
    service = Service(1.0, rate, None, 4, 0.7)
    assert cost(demand, rate * faster, service).cost[0] <= cost(demand, rate, service).cost[0] * (1 + 1e-9)


@given(st.floats(1e3, 1e9), st.floats(0.001, 10))
def test_the_margin_falls_with_the_cost_and_rises_with_the_price(demand: float, price: float) -> None:
    at = cost(demand, 50, Service(1.0, 50, None, 4, 0.7))
    margin = at.margin(np.array([price]))[0]
    assume(np.isfinite(margin))
    assert margin == pytest.approx(1 - at.cost[0] / 1000 / price)
    assert at.margin(np.array([price * 2]))[0] >= margin


def test_at_more_demand_the_cost_falls_until_machines_are_full() -> None:
    rows = at_scales(np.full(64, 1e7), np.full(64, 0.1), Service(0.1, 20, 25, 3, 0.7))
    assert [r["scale"] for r in rows] == [1, 10, 100]
    middles = [r["cost"]["p50"] for r in rows]
    assert middles[0] > middles[1] > middles[2]
    assert rows[0]["cost"]["p10"] == rows[0]["cost"]["p90"]  # one machine, whatever its rate: nothing is uncertain
    assert rows[2]["cost"]["p10"] < rows[2]["cost"]["p90"]


def test_a_machine_that_nothing_was_measured_on_is_refused_with_the_reason() -> None:
    rows = [
        {"provider": "A", "machine": "small", "vcpu": 1, "accelerator": "", "usd_per_hour": 0.01, "stale": False},
        {"provider": "A", "machine": "gpu", "vcpu": 8, "accelerator": "L4", "usd_per_hour": 0.5, "stale": False},
        {"provider": "B", "machine": "old", "vcpu": 4, "accelerator": "", "usd_per_hour": 0.02, "stale": True},
        {"provider": "B", "machine": "new", "vcpu": 4, "accelerator": "", "usd_per_hour": 0.03, "stale": False},
    ]
    rows = [r | {"read": "2026-01-01"} for r in rows]
    found, _ = comparable(rows, 2)
    assert found is not None
    assert found["machine"] == "new"
    found, said = comparable(rows, 2, "old")
    assert found is not None
    assert "more than 90 days ago" in said
    assert comparable(rows, 2, "gpu") == (None, comparable(rows, 2, "gpu")[1])
    assert "L4: measure it there" in comparable(rows, 2, "gpu")[1]
    assert "small has 1" in comparable(rows, 2, "small")[1]
    assert "no machine called 'none'" in comparable(rows, 2, "none")[1]
    assert "has 16 processors" in comparable(rows, 16)[1]


MARKET: dict[str, Any] = {
    "assumptions": [
        {"id": "firms", "label": "Firms", "unit": "firms", "p10": 90, "p50": 100, "p90": 110},
        {"id": "asked", "label": "Requests", "unit": "requests/firm", "p10": 8e4, "p50": 1e5, "p90": 2e5},
        {"id": "price", "label": "Price", "unit": "USD/request", "p10": 0.001, "p50": 0.002, "p90": 0.003},
    ],
    "tam": ["firms", "asked", "price"],
    "money": {"price": ["price"], "demand": ["firms", "asked"], "peak": 4},
}


def measured(tmp_path: Path, rate: Evidence | None, **market: Any) -> dict[str, Evidence]:
    venture = parse({"schema": 1, "name": "Desk", "market": MARKET | market}, tmp_path / "venture.toml")
    bound = rate.with_inputs(venture.inputs("model")) if rate and not rate.inputs else rate
    return {e.id: e for e in measure(venture, tmp_path, read={RATE: bound} if bound else {})}


def rated(value: float | None = 40.0, **more: Any) -> Evidence:
    return Evidence(RATE, value, "requests/s", "m", Source("measured"), detail={"cores": 2, "not_at": 44.0}, **more)


def test_the_measured_rate_and_a_dated_price_become_cost_and_margin(tmp_path: Path) -> None:
    found = measured(tmp_path, rated())
    assert [i for i in IDS if i in found] == IDS
    first = found[IDS[0]]
    assert isinstance(first.value, float)
    assert first.unit == "USD"
    assert first.low is not None
    assert first.high is not None
    assert first.low <= first.value <= first.high
    assert first.valid_until is None or first.valid_until - datetime.now(UTC) <= timedelta(days=91)
    assert first.detail["machine"]["source"].startswith("https://")
    margins = [found[i].value for i in IDS[1:]]
    assert all(isinstance(m, float) and m < 1 for m in margins)
    assert margins == sorted(margins)


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (None, "No measured rate: press Measure how it serves"),
        (rated(None, reason="No rate that was tried kept p95 under 250 ms."), "kept p95 under 250 ms"),
        (rated(inputs={"venture.toml (model)": "another"}), "changed since"),
    ],
)
def test_without_a_rate_that_still_holds_every_figure_is_unknown(
    tmp_path: Path, rate: Evidence | None, said: str
) -> None:
    found = measured(tmp_path, rate)
    for name in IDS:
        assert found[name].value is None
        assert said in found[name].reason


def test_another_currency_has_a_cost_and_no_margin(tmp_path: Path) -> None:
    rows = [dict(a) for a in MARKET["assumptions"]]
    rows[2]["unit"] = "EUR/request"
    found = measured(tmp_path, rated(), currency="EUR", assumptions=rows)
    assert isinstance(found[IDS[0]].value, float)
    assert "the venture counts in EUR" in found[IDS[1]].reason


@pytest.mark.parametrize(
    ("money", "said"),
    [
        ({"demand": ["price"]}, "price times demand"),
        ({"demand": ["nothing"]}, "nothing"),
        ({"peak": 0.5}, "peak"),
        ({"most_busy": 1.5}, "most_busy"),
    ],
)
def test_what_does_not_come_to_money_a_year_is_refused(tmp_path: Path, money: dict[str, Any], said: str) -> None:
    with pytest.raises((InputError, ValidationError), match=said):
        measured(tmp_path, None, money=MARKET["money"] | money)
