"""Ventures beside each other: which is nearest to GO, where they differ, and the way to the evidence."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import ventures
from core.evidence import Evidence, Source
from core.settings import Settings
from core.store import latest
from core.venture import Venture, load
from pages.shared import frame
from pages.shared.beside import APART, CLOSE, OPEN, ORDER, SAME, Side, ranked, told_apart
from tests.pages.reviewing import FIGURES, keep, open_page, words

COMPARE = "pages/readiness/compare.py"
M = Source("measured")


@pytest.fixture
def other(own: Settings, of: Venture) -> Venture:
    """The same venture with masked data and no blocking package."""
    (entry,) = [e for e in ventures.entries(own) if e.slug == "desk"]
    file = ventures.duplicate(own, entry, "Masked desk")
    venture = load(file, ventures.roots(own, file))
    clean = {
        "privacy.direct_share": replace(FIGURES[3], value=0.0, low=0.0, high=0.002),
        "licences.on_premises": replace(FIGURES[2], value="allowed", reason=""),
    }
    keep(own, venture, [clean.get(e.id, e) for e in FIGURES])
    return venture


def figure(low: float, value: float, high: float, unit: str = "share") -> Evidence:
    return Evidence("model.accuracy", value, unit, "m", M, low=low, high=high, n=100)


def test_the_page_says_which_is_nearest_to_go_and_shows_both_verdicts(
    own: Settings, of: Venture, other: Venture
) -> None:
    at = open_page(COMPARE, of)
    assert not at.exception
    said = words(at)
    assert "“Masked desk” is nearest to GO: NOT ENOUGH EVIDENCE" in said
    assert "“Desk” at NO-GO with P(go) 0 %" in said
    assert "2 of 5 gates fail" in said


def test_what_differs_stands_first_and_each_figure_opens_its_evidence(
    own: Settings, of: Venture, other: Venture
) -> None:
    at = open_page(COMPARE, of)
    said = words(at)
    assert said.index("Rows naming people** :gray[· they differ") < said.index("Answer time, p95** :gray[· the same")
    shown = [(m.label, m.value) for m in at.metric]
    assert ("Desk", "80 %") in shown
    assert ("Masked desk", "0 %") in shown
    assert len(at.get("popover")) >= 2 * 2  # a drawer for each known figure of each venture


def test_checks_answered_differently_are_listed_apart_from_those_alike(
    own: Settings, of: Venture, other: Venture
) -> None:
    at = open_page(COMPARE, of)
    apart, alike = (frame.value for frame in at.dataframe[:2])
    assert set(apart["Check"]) >= {"Training data holds no direct identifiers"}
    assert "Answers come fast enough" in set(alike["Check"])
    assert (alike["Desk"] == alike["Masked desk"]).all()
    assert not (apart["Desk"] == apart["Masked desk"]).any()


def test_one_venture_alone_is_told_how_to_get_a_second(own: Settings) -> None:
    at = open_page(COMPARE, next(e.venture for e in ventures.entries(own) if e.venture))
    assert not at.exception
    assert "There is only one venture so far" in words(at)


def test_a_broken_venture_is_left_out_and_hurts_nothing(own: Settings, of: Venture, other: Venture) -> None:
    file = ventures.create(own, "Broken", {})
    file.write_text(file.read_text() + 'colour = "red"\n')
    at = open_page(COMPARE, of)
    assert not at.exception
    assert "“Masked desk” is nearest to GO" in words(at)
    assert "Left out, because its file needs a correction: broken" in words(at)


def test_scenarios_stand_beside_today(own: Settings, of: Venture) -> None:
    text = ventures.put_scenario(of.file.read_text(), "Names masked", {"privacy.direct_share": 0.0})
    ventures.save(own, of.file, text)
    at = open_page(COMPARE, of)
    assert not at.exception
    rows = at.dataframe[-1].value
    assert list(rows["Scenario"]) == ["as it is today", "Names masked"]
    assert "privacy.direct_share: fail → pass" in rows["Checks that move"][1]
    assert latest(frame.store(), of.key)["privacy.direct_share"].value == 0.8  # nothing was measured, nothing changed


def test_intervals_that_overlap_cannot_be_told_apart() -> None:
    assert told_apart([figure(0.7, 0.8, 0.9), figure(0.85, 0.88, 0.95)]) == CLOSE
    assert told_apart([figure(0.7, 0.8, 0.84), figure(0.85, 0.88, 0.95)]) == APART
    assert told_apart([figure(0.7, 0.8, 0.9), figure(0.7, 0.8, 0.9)]) == SAME
    assert told_apart([figure(0.7, 0.8, 0.9), None]) == OPEN
    assert told_apart([figure(1, 2, 3, "USD/year"), figure(10, 20, 30, "EUR/year")]) == CLOSE


@given(st.lists(st.tuples(st.sampled_from(ORDER), st.none() | st.floats(0, 1)), min_size=1, max_size=6))
def test_a_better_verdict_always_stands_before_a_likelier_one(stands: list[tuple[str, float | None]]) -> None:
    sides = [
        Side(str(k), str(k), {}, (), word, "", {} if p is None else {"p_go": {"value": p, "low": p, "high": p}})
        for k, (word, p) in enumerate(stands)
    ]
    order = [(ORDER.index(s.verdict), -(s.p_go["value"] if s.p_go else -1.0)) for s in ranked(sides)]
    assert order == sorted(order)
