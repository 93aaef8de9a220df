"""P(go) and what follows from it: missing evidence never helps, and what would flip the verdict really does."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evidence import Evidence, Source, Status
from core.market.measure import plain
from core.readiness.assess import assess
from core.readiness.joint.review import Review, coordinates, review
from core.readiness.joint.smaa import acceptability, uniform_weights
from core.readiness.policy import load_policy
from core.readiness.questions import questions
from core.readiness.verdict import Word
from tests.unit.readiness.readiness_support import IDS, desk, fewer, good, records

FEW = 256
EVERY = {n: Evidence(n, good(n), u, "m", Source("measured")) for n, (u, _) in IDS.items()}


def reviewed(evidence: dict[str, Evidence]) -> Review:
    return review(desk(), evidence, n=FEW)


@settings(max_examples=500, deadline=None)
@given(records(), st.data())
def test_deleting_evidence_never_raises_the_lower_bound_of_p_go(
    evidence: dict[str, Evidence], data: st.DataObject
) -> None:
    kept = data.draw(fewer(evidence))
    with pytest.MonkeyPatch.context() as quick:  # what this law does not look at would cost most of its time
        quick.setattr("core.readiness.joint.review.numerical_error", lambda *_: 0.0)
        quick.setattr("core.readiness.joint.review.robustness", lambda *_: None)
        before, after = reviewed(evidence), reviewed(kept)
    assert after.chance.low <= before.chance.low
    assert before.chance.low <= before.chance.value <= before.chance.high
    if before.assessment.verdict.word in (Word.NO_GO, Word.NOT_ENOUGH):
        assert after.assessment.verdict.word is not Word.GO


def test_all_good_is_sure_and_nothing_measured_is_anything_from_0_to_1() -> None:
    sure, blank = reviewed(EVERY).chance, reviewed({}).chance
    assert (sure.value, sure.low, sure.high, sure.error) == (1, 1, 1, 0)
    assert (blank.low, blank.high) == (0, 1)
    assert 0 <= blank.value < 0.05  # many coins


def test_p_go_is_the_share_of_draws_with_its_numerical_error() -> None:
    open_ = EVERY | {"model.accuracy": replace(EVERY["model.accuracy"], value=0.91, low=0.89, high=0.93)}
    found = review(desk(), open_).chance
    assert found.value == pytest.approx(0.85, abs=0.02)  # the limit is about one standard error below
    assert found.low == found.high == found.value
    both = open_ | {"model.macro_f1": replace(EVERY["model.macro_f1"], value=0.81, low=0.79, high=0.83)}
    joint = review(desk(), both).chance
    assert joint.value == pytest.approx(found.value**2, abs=0.02)  # two figures that nobody has linked
    assert 0 < joint.error < 0.01


def test_a_stale_figure_leaves_p_go_unknown_below() -> None:
    inputs = {"model": {"data": "2"}}
    evidence = {n: e.with_inputs({"data": "1"}) if e.room == "model" else e for n, e in EVERY.items()}
    found = review(desk(), evidence, inputs, n=FEW).chance
    assert found.low == 0


@settings(max_examples=100, deadline=None)
@given(records())
def test_clearing_the_checks_in_the_order_of_the_flips_leads_to_go(evidence: dict[str, Evidence]) -> None:
    found = reviewed(evidence)
    ways = found.flips
    assert {f.check for f in ways} == {c.id for c in found.assessment.checks if c.status is not Status.PASS}
    assert [f.rank for f in ways] == list(range(1, len(ways) + 1))
    so_far = [f.p_go_so_far for f in ways]
    assert so_far == sorted(so_far)
    if ways:
        assert ways[-1].verdict_so_far == "GO"
        assert all(f.p_go >= found.chance.value for f in ways)


def test_the_limit_that_flips_a_check_flips_it() -> None:
    missed = EVERY | {"model.accuracy": replace(EVERY["model.accuracy"], value=0.85, low=0.83, high=0.87)}
    flip = reviewed(missed).flips[0]
    assert (flip.check, flip.verdict, flip.limit_that_flips) == ("model.accuracy", "GO", 0.83)
    assert flip.distance == pytest.approx(0.05 / 0.9)
    eased = desk().model_copy(update={"must": desk().must.model_copy(update={"accuracy": flip.limit_that_flips})})
    assert assess(eased, missed).verdict.word is Word.GO


def test_the_answer_that_would_change_the_decision_is_worth_most() -> None:
    accuracy = replace(EVERY["model.accuracy"], value=0.9, low=0.88, high=0.92)  # even chances
    scanned = replace(EVERY["privacy.scanned"], value=0.5, low=0.09, high=0.9)  # nearly sure
    best = reviewed(EVERY | {"model.accuracy": accuracy, "privacy.scanned": scanned}).next
    assert [n.check for n in best] == ["model.accuracy", "privacy.scanned"]
    assert best[0].gain == pytest.approx(0.5, abs=0.06)  # from a coin toss to nearly always right


def test_answers_after_a_sure_failure_name_what_must_be_cleared_first() -> None:
    blocked = replace(EVERY["licences.saas"], value="blocked")
    unknown = {n: e for n, e in EVERY.items() if n != "model.gain"}
    best = reviewed(unknown | {"licences.saas": blocked}).next
    assert [n.check for n in best] == ["model.gain"]
    assert best[0].after == ("Licences allow a hosted service (SaaS)",)


def test_a_verdict_far_from_every_limit_stands_and_one_near_a_limit_does_not() -> None:
    firm = reviewed(EVERY).robustness
    near = reviewed(EVERY | {"model.accuracy": replace(EVERY["model.accuracy"], value=0.905)}).robustness
    assert firm.thresholds == 1 or firm.thresholds is None
    assert near.thresholds is not None
    assert 0.4 < near.thresholds < 0.7
    assert firm.weights == 1


def test_what_is_printed_is_json_and_keeps_the_documented_keys() -> None:
    out = reviewed({}).as_json()
    json.dumps(out, allow_nan=False)
    assert set(out["p_go"]) == {"value", "low", "high", "error"}
    assert {"flips", "next", "robustness"} <= set(out)


def test_checks_of_one_figure_share_its_coordinate_and_others_do_not() -> None:
    asked = questions(desk(), load_policy(desk()))
    places = coordinates(desk(), asked, plain(desk().market))
    assert {q.evidence for q in asked} <= set(places)
    assert len(set(places.values())) == len(places)


def test_with_two_alternatives_and_one_criterion_the_better_one_always_comes_first() -> None:
    measured = np.tile(np.array([[[0.9], [0.2]]]), (64, 1, 1))
    found = acceptability(measured, uniform_weights(64, 1))
    assert np.array_equal(found.ranks, [[1, 0], [0, 1]])
    assert found.confidence.tolist() == [1, 0]
    assert np.isnan(found.central[1]).all()


@settings(deadline=None)
@given(st.integers(2, 4), st.integers(1, 4), st.integers(0, 5))
def test_acceptabilities_of_an_alternative_sum_to_one(alternatives: int, criteria: int, seed: int) -> None:
    measured = np.random.default_rng(seed).random((128, alternatives, criteria))
    found = acceptability(measured, uniform_weights(128, criteria))
    assert found.ranks.sum(axis=1) == pytest.approx(np.ones(alternatives))
    assert found.ranks.sum(axis=0) == pytest.approx(np.ones(alternatives))
    first = ~np.isnan(found.central[:, 0])
    assert found.central[first].sum(axis=1) == pytest.approx(np.ones(first.sum()))
