"""A check passes or fails only when the whole interval says so; the rest is unknown or stale, with its reason."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.evidence import Check, Evidence, Source, Status
from core.readiness.checks import answer, rows_needed
from core.readiness.questions import Question

NOW = datetime(2026, 6, 1, tzinfo=UTC)
Z = 1.959963984540054


def question(**changes: Any) -> Question:
    base: dict[str, Any] = {
        "id": "model.accuracy",
        "room": "model",
        "title": "Right often enough",
        "gate": True,
        "evidence": "model.accuracy",
        "op": "at_least",
        "limit": 0.9,
        "unit": "share",
        "todo": "Raise it.",
    }
    return Question(**(base | changes))


def record(value: float | str | None, low: float | None = None, high: float | None = None, **more: Any) -> Evidence:
    base = {
        "id": "model.accuracy",
        "unit": "share",
        "method": "counted",
        "source": Source("measured"),
        "measured_at": NOW,
    }
    return Evidence(value=value, low=low, high=high, **(base | more))


def said(q: Question, e: Evidence | None, inputs: Any = None) -> Check:
    return answer(q, {e.id: e} if e else {}, inputs, NOW)


def wilson(p: float, n: int) -> tuple[float, float]:
    centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return centre - half, centre + half


@pytest.mark.parametrize(
    ("op", "low", "high", "status"),
    [
        ("at_least", 0.91, 0.95, Status.PASS),
        ("at_least", 0.90, 0.95, Status.PASS),
        ("at_least", 0.80, 0.89, Status.FAIL),
        ("at_least", 0.80, 0.90, Status.UNKNOWN),
        ("at_least", 0.89, 0.92, Status.UNKNOWN),
        ("at_most", 0.80, 0.90, Status.PASS),
        ("at_most", 0.91, 0.95, Status.FAIL),
        ("at_most", 0.90, 0.95, Status.UNKNOWN),
        ("at_least", None, None, Status.PASS),
        ("at_least", 0.85, None, Status.UNKNOWN),
        ("at_least", 0.905, None, Status.PASS),
        ("at_least", None, 0.95, Status.UNKNOWN),
        ("at_least", math.nan, 0.95, Status.UNKNOWN),
    ],
)
def test_the_whole_interval_must_be_on_one_side(op: str, low: float | None, high: float | None, status: Status) -> None:
    known = [b for b in (low, high) if b is not None and not math.isnan(b)]
    value = sum(known) / len(known) if known else 0.93
    assert said(question(op=op), record(value, low, high)).status is status


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.sampled_from(["at_least", "at_most"]))
def test_a_wider_interval_never_answers_what_a_narrower_one_left_open(
    a: float, b: float, limit: float, more: float, op: str
) -> None:
    low, high = sorted((a, b))
    narrow = said(question(op=op, limit=limit), record((low + high) / 2, low, high)).status
    wide = said(question(op=op, limit=limit), record((low + high) / 2, low - more, high + more)).status
    assert wide in (narrow, Status.UNKNOWN)


@settings(deadline=None)
@given(st.floats(allow_nan=True), st.floats(0, 1))
def test_a_figure_never_passes_and_fails_against_the_same_limit(value: float, limit: float) -> None:
    e = record(value)
    both = {said(question(op=op, limit=limit), e).status for op in ("at_least", "at_most")}
    assert both == (
        {Status.PASS} if value == limit else {Status.PASS, Status.FAIL} if math.isfinite(value) else {Status.UNKNOWN}
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, "high"])
def test_what_is_no_number_is_unknown(value: float | str) -> None:
    assert said(question(), record(value)).status is Status.UNKNOWN


def test_an_interval_that_crosses_says_how_many_more_rows_would_settle_it() -> None:
    low, high = wilson(0.906, 1800)
    found = said(question(), record(0.906, low, high, n=1800))
    assert found.status is Status.UNKNOWN
    assert "the interval crosses 90 %" in found.reason
    assert "about 7,900 more test rows" in found.reason
    assert found.todo == "Measure on about 7,900 more test rows."


@settings(deadline=None)
@given(st.integers(20, 5000), st.floats(0.02, 0.98), st.floats(0.05, 0.95))
def test_the_rows_asked_for_are_enough_if_the_share_stays(n: int, p: float, limit: float) -> None:
    low, high = wilson(p, n)
    more = rows_needed(record(p, low, high, n=n), limit)
    if more is None:
        assert not low <= limit <= high or abs(p - limit) < 0.01
    else:
        low, high = wilson(p, n + more)
        assert limit < low or limit > high


def test_rows_are_not_promised_where_the_interval_is_not_one_from_counts() -> None:
    found = said(question(), record(0.906, 0.85, 0.95, n=1800))
    assert "more test rows" not in found.reason
    assert found.todo == "Raise it."


def test_more_rows_are_no_advice_on_the_bad_side_of_the_limit() -> None:
    low, high = wilson(0.894, 1800)
    found = said(question(), record(0.894, low, high, n=1800))
    assert "more test rows would settle it" in found.reason
    assert found.todo == "Raise it."


def test_missing_evidence_is_unknown_and_says_what_to_start() -> None:
    found = said(question(), None)
    assert (found.status, found.reason, found.evidence) == (Status.UNKNOWN, "Not measured yet.", ())
    assert found.todo == "Start the model measurement."


def test_a_room_that_left_other_figures_only_says_so() -> None:
    found = said(question(), record(1.0, id="model.macro_f1"))
    assert found.status is Status.UNKNOWN
    assert "left no such figure" in found.reason


def test_an_unknown_figure_is_unknown_with_its_own_reason() -> None:
    found = said(question(), record(None, reason="the venture names no data set with a label column"))
    assert found.status is Status.UNKNOWN
    assert found.reason == "The venture names no data set with a label column."
    assert found.evidence == ("model.accuracy",)


def test_a_limit_that_the_venture_does_not_state_stays_an_unknown_gate() -> None:
    found = said(question(limit=None, missing="must.accuracy"), record(0.99, 0.98, 1.0))
    assert (found.status, found.gate) == (Status.UNKNOWN, True)
    assert found.reason.startswith("Measured 99 % (95 % interval 98 to 100 %), but")
    assert found.todo == "Say in venture.toml what it must reach: must.accuracy."


def test_a_condition_whose_limit_is_not_stated_is_unknown_and_asks_for_it() -> None:
    found = said(question(gate=False, limit=None, missing="must.macro_f1"), None)
    assert found.status is Status.UNKNOWN
    assert "must.macro_f1" in found.reason
    assert "must.macro_f1" in found.todo


def test_evidence_in_another_unit_is_not_compared() -> None:
    found = said(question(limit=50.0, unit="ms", op="at_most"), record(0.04, unit="s"))
    assert found.status is Status.UNKNOWN
    assert "measured in s" in found.reason


@pytest.mark.parametrize(
    ("value", "status"),
    [("allowed", Status.PASS), ("obligations", Status.PASS), ("blocked", Status.FAIL), ("unknown", Status.UNKNOWN)],
)
def test_a_word_passes_fails_or_is_unknown(value: str, status: Status) -> None:
    q = question(op="is_one_of", limit=("allowed", "obligations"), unit="word")
    found = said(q, record(value, unit="word", reason="foo is GPL-3.0-only"))
    assert found.status is status
    assert "foo is GPL-3.0-only" in found.reason.replace("Foo", "foo")


def test_a_number_where_a_word_is_asked_is_unknown() -> None:
    assert said(question(op="is_one_of", limit=("allowed",)), record(1.0)).status is Status.UNKNOWN


def test_known_is_enough_where_only_that_is_asked() -> None:
    q = question(op="is_known", limit=None)
    assert said(q, record(0.1)).status is Status.PASS
    assert said(q, record(math.nan)).status is Status.UNKNOWN
    assert said(q, record(None, reason="no data")).status is Status.UNKNOWN
    assert said(q, None).status is Status.UNKNOWN


def test_a_changed_input_makes_a_pass_stale_and_is_named() -> None:
    e = record(0.99).with_inputs({"tickets.csv": "a"})
    assert said(question(), e, {"model": {"tickets.csv": "a"}}).status is Status.PASS
    found = said(question(), e, {"model": {"tickets.csv": "b"}})
    assert found.status is Status.STALE
    assert "tickets.csv changed since" in found.reason
    assert found.todo == "Start the model measurement again."


def test_other_rooms_inputs_change_nothing() -> None:
    e = record(0.99).with_inputs({"tickets.csv": "a"})
    assert said(question(), e, {"privacy": {"tickets.csv": "b"}}).status is Status.PASS


def test_expired_evidence_is_stale_even_where_no_input_is_known() -> None:
    e = record(0.99, valid_until=NOW - timedelta(days=1))
    found = said(question(), e)
    assert found.status is Status.STALE
    assert "valid until 2026-05-31 only" in found.reason


def test_stale_evidence_of_an_unknown_is_stale() -> None:
    e = record(None, reason="no data", inputs={"a": "1"})
    found = said(question(), e, {"model": {"a": "2", "b": "1"}})
    assert found.status is Status.STALE
    assert "a, b changed since" in found.reason


def test_how_the_venture_differs_stands_in_the_reason_of_every_answer() -> None:
    q = question(changed="This venture's own limit 2 %, policy says 0.5 %: agreed.")
    for e in (None, record(0.99), record(0.5), record(None, reason="no data")):
        assert said(q, e).reason.endswith("own limit 2 %, policy says 0.5 %: agreed.")


def test_figures_that_differ_never_read_the_same() -> None:
    reason = said(question(), record(0.89996)).reason
    assert "89.996 %; at least 90 % is asked" in reason.replace("90.000", "90")


def test_more_rows_are_no_advice_for_a_file_that_has_the_rows_it_has() -> None:
    low, high = wilson(0.006, 1800)
    e = record(0.006, low, high, n=1800, id="privacy.direct_share")
    q = question(id=e.id, room="privacy", evidence=e.id, op="at_most", limit=0.005)
    assert said(q, e).status is Status.UNKNOWN
    assert "more" not in said(q, e).reason


def test_a_complete_count_is_said_without_an_interval() -> None:
    assert said(question(), record(0.95, 0.95, 0.95, n=20)).reason == "95 % (n = 20); at least 90 % is asked."


@pytest.mark.parametrize(
    ("low", "value", "high", "status"),
    [(0.01, 0.02, 0.03, Status.PASS), (0.0, 0.0, 0.0, Status.FAIL), (-0.01, 0.01, 0.02, Status.UNKNOWN)],
)
def test_no_difference_at_all_is_not_above_zero(low: float, value: float, high: float, status: Status) -> None:
    found = said(question(op="above", limit=0.0), record(value, low=low, high=high))
    assert found.status is status
