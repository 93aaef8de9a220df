"""What the parts hand to each other: no part is larger than its whole, and nothing unknown ever helps."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evidence import Evidence, Source
from core.market.measure import plain
from core.readiness.joint.graph import PARTS
from core.readiness.joint.review import Review, coordinates, review
from core.readiness.joint.world import Known, World, world
from core.readiness.policy import load_policy
from core.readiness.questions import questions
from core.venture import Venture, parse
from tests.unit.readiness.readiness_support import IDS, fewer, good, records

N = 256
M = Source("measured")
MARKET = {
    "tam": ["banks", "requests", "price"],
    "sam": ["open_to_ai"],
    "som": ["win"],
    "assumptions": [
        {"id": "banks", "label": "Banks", "unit": "banks", "p10": 800, "p50": 1000, "p90": 1200},
        {"id": "requests", "label": "Requests", "unit": "requests/bank/year", "p10": 5e4, "p50": 1e5, "p90": 2e5},
        {"id": "price", "label": "Price", "unit": "USD/request", "p10": 0.1, "p50": 0.2, "p90": 0.4},
        {"id": "open_to_ai", "label": "Open", "unit": "share", "p10": 0.2, "p50": 0.4, "p90": 0.6},
        {"id": "win", "label": "Win", "unit": "share", "p10": 0.02, "p50": 0.05, "p90": 0.1},
    ],
    "money": {"price": "price", "demand": "banks * requests * open_to_ai * win", "peak": 4},
}
REACH = {
    "modes": {"on_premises": {"p10": 0.1, "p50": 0.2, "p90": 0.4}},
    "clean_data": {"p10": 0.2, "p50": 0.4, "p90": 0.7},
    "elasticity": {"p10": 0.5, "p50": 1.0, "p90": 2.0},
    "replace_days": {"p10": 1, "p50": 3, "p90": 10},
}
MUST = {"accuracy": 0.9, "p95_ms": 50, "som": 1000}


def venture(**more: Any) -> Venture:
    base: dict[str, Any] = {
        "schema": 1,
        "name": "Desk",
        "must": MUST,
        "market": MARKET,
        "reach": REACH,
        "distribution": {"modes": ["saas", "on_premises"]},
    }
    return parse(base | more, Path("/nowhere/venture.toml"))


def record(name: str, value: float | str, unit: str, low: float | None = None, high: float | None = None) -> Evidence:
    machine = {"machine": {"usd_per_hour": 0.1}} if name == "market.cost_per_1000" else {}
    return Evidence(name, value, unit, "m", M, low=low, high=high, detail=machine)


GOOD = {
    e.id: e
    for e in (
        record("model.accuracy", 0.95, "share", 0.93, 0.97),
        record("model.p95_latency", 20.0, "ms", 15.0, 25.0),
        record("model.server_rate", 40.0, "requests/s"),
        record("privacy.direct_share", 0.0, "share", 0.0, 0.001),
        record("licences.saas", "allowed", "word"),
        record("licences.on_premises", "obligations", "word"),
        record("licences.blocked", 0.0, "components"),
        record("market.sam", 1e6, "USD/year"),
        record("market.som", 1e5, "USD/year"),
        record("market.cost_per_1000", 0.01, "USD"),
    )
}


@st.composite
def ventures(draw: st.DrawFn, *, sized: bool = False) -> Venture:
    """Ventures that differ in what they ask, how they sell, what they know of their buyers, and in their gates."""
    must = {k: v for k, v in (MUST | {"macro_f1": 0.8, "margin": 0.3}).items() if draw(st.integers(0, 4))}
    modes = draw(st.lists(st.sampled_from(["saas", "on_premises", "internal"]), min_size=1, unique=True))
    gates = draw(st.sets(st.sampled_from(["model.gain", "privacy.scanned", "market.som"]), max_size=2))
    own = [{"id": name, "gate": True, "reason": "so many of ours ask"} for name in sorted(gates)]
    return venture(
        must=must,
        distribution={"modes": modes},
        policy={"checks": own},
        reach={k: v for k, v in REACH.items() if draw(st.booleans())},
        market=MARKET if sized or draw(st.booleans()) else {},
    )


def drawn(evidence: dict[str, Evidence], of: Venture | None = None, **limits: float) -> World:
    of = of or venture()
    market = plain(of.market)
    places = coordinates(of, questions(of, load_policy(of)), market)
    return world(Known(of, evidence, None, None, N, (31,), places, {"privacy.direct_share": 0.005} | limits, market))


def reviewed(evidence: dict[str, Evidence], of: Venture | None = None) -> Review:
    return review(of or venture(), evidence, n=N)


@st.composite
def some(draw: st.DrawFn) -> dict[str, Evidence]:
    out = dict(GOOD)
    for mode in ("saas", "on_premises"):
        word = draw(st.sampled_from(["allowed", "obligations", "blocked", "unknown"]))
        out[f"licences.{mode}"] = record(f"licences.{mode}", word, "word")
    share = draw(st.floats(0, 1))
    out["privacy.direct_share"] = record("privacy.direct_share", share, "share", share / 2, min(1.0, share * 1.5))
    keep = draw(st.sets(st.sampled_from(sorted(out))))
    return {k: out[k] for k in keep}


@settings(max_examples=500, deadline=None)
@given(some(), ventures(sized=True))
def test_in_every_draw_som_is_at_most_sam_and_sam_at_most_tam(evidence: dict[str, Evidence], of: Venture) -> None:
    found = drawn(evidence, of)
    tam, sam, som = found.levels["tam"], found.figures["market.sam"].draws, found.figures["market.som"].draws
    assert (som <= sam * (1 + 1e-12)).all()
    assert (sam <= tam * (1 + 1e-12)).all()


@settings(max_examples=500, deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), some(), ventures(sized=True))
def test_more_personal_data_never_gains_market(
    one: float, other: float, evidence: dict[str, Evidence], of: Venture
) -> None:
    less, more = sorted((one, other))
    with_less, with_more = (
        drawn(evidence | {"privacy.direct_share": record("privacy.direct_share", s, "share")}, of) for s in (less, more)
    )
    assert (with_more.figures["market.som"].draws <= with_less.figures["market.som"].draws).all()


def test_with_nothing_closed_it_is_the_market_rooms_own_product() -> None:
    found = drawn(GOOD)
    assert found.figures["open"].draws == pytest.approx(np.ones(N))
    assert found.figures["usable"].draws == pytest.approx(np.ones(N))
    assert np.array_equal(found.figures["market.som"].draws, found.levels["som"])
    assert found.market is not None
    assert np.array_equal(found.market.inputs["banks"], found.market.values["banks"])


def test_a_closed_way_of_selling_takes_the_customers_that_buy_in_it_only() -> None:
    blocked = GOOD | {"licences.on_premises": record("licences.on_premises", "blocked", "word")}
    share = drawn(blocked).figures["open"]
    assert share.known
    assert float(np.median(share.draws)) == pytest.approx(0.8, abs=0.01)
    unstated = drawn(blocked, venture(reach={})).figures["open"]
    assert not unstated.known
    assert unstated.draws.std() > share.draws.std()


def test_a_model_that_falls_short_makes_answers_dearer() -> None:
    slow = GOOD | {"model.server_rate": record("model.server_rate", 0.05, "requests/s")}  # several machines at work
    cheap = drawn(slow)
    dear = drawn(slow | {"model.accuracy": record("model.accuracy", 0.5, "share")})
    assert cheap.settled is not None
    assert dear.settled is not None
    assert (dear.figures["work"].draws >= 1).all()
    assert dear.settled.cost_per_1000.mean() > cheap.settled.cost_per_1000.mean()


@settings(max_examples=500, deadline=None)
@given(some(), records(), ventures(), st.data())
def test_deleting_a_record_never_makes_more_of_the_graph_known_nor_p_go_surer_nor_leads_to_go(
    market: dict[str, Evidence], others: dict[str, Evidence], of: Venture, data: st.DataObject
) -> None:
    evidence = others | market
    kept = data.draw(fewer(evidence))
    with pytest.MonkeyPatch.context() as quick:  # what this law does not look at would cost most of its time
        quick.setattr("core.readiness.joint.review.numerical_error", lambda *_: 0.0)
        quick.setattr("core.readiness.joint.review.robustness", lambda *_: None)
        before, after = (review(of, e, n=64) for e in (evidence, kept))
    assert after.chance.low <= before.chance.low
    if before.assessment.verdict.word in ("NO-GO", "NOT ENOUGH EVIDENCE"):
        assert after.assessment.verdict.word != "GO"
    for was, now in zip(before.graph.edges, after.graph.edges, strict=True):
        assert now.known <= was.known


def test_the_graph_holds_every_edge_once_with_what_would_fill_it() -> None:
    for evidence in ({}, GOOD):
        edges = reviewed(evidence).graph.edges
        pairs = [(e.source, e.target) for e in edges]
        assert len(set(pairs)) == len(pairs) == 12
        assert {p for pair in pairs for p in pair} == set(PARTS)
        assert all(e.known or e.fills for e in edges)
    known = {(e.source, e.target) for e in reviewed(GOOD).graph.edges if e.known}
    assert ("D", "G") not in known  # nothing measures the privacy tax yet
    assert {("B", "C"), ("E", "F"), ("D", "F"), ("F", "C")} <= known


def test_the_narrowing_goes_down_and_names_who_took_each_slice() -> None:
    blocked = GOOD | {
        "licences.on_premises": record("licences.on_premises", "blocked", "word"),
        "privacy.direct_share": record("privacy.direct_share", 0.8, "share"),
    }
    steps = reviewed(blocked).graph.narrowing
    assert [name for name, _ in steps][:5] == ["tam", "sam", "som", "after licences", "after data"]
    values = [v for _, v in steps]
    assert values == sorted(values, reverse=True)


def test_the_circle_says_how_it_came_to_rest() -> None:
    circle = reviewed(GOOD).graph.circle
    assert circle is not None
    assert circle.converged > 0.99
    assert reviewed(GOOD, venture(market={})).graph.circle is None


def test_checks_that_pass_one_by_one_but_not_together_are_no_go_ahead() -> None:
    alone = venture(must={"accuracy": 0.9, "p95_ms": 50, "som": 2e6})
    rest = {n: record(n, good(n), unit) for n, (unit, _) in IDS.items()}
    every = rest | GOOD | {"market.som": record("market.som", 3e6, "USD/year")}
    found = reviewed(every, alone)
    assert found.chance.low < 0.5
    assert found.assessment.verdict.word == "CONDITIONAL"
    assert "holds together in" in found.assessment.verdict.headline
