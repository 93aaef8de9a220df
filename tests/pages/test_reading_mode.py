"""The reading mode: five screens in large type, each from the records and the review that the board shows."""

import json
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.settings import Settings
from core.venture import Venture, load
from pages.shared.look import number
from pages.shared.story import STORY
from tests.pages.reviewing import FIGURES, PROJECT, keep, open_page, words

MEETING = "pages/readiness/meeting.py"


def slide(at: AppTest) -> dict[str, Any]:
    """What is on the screen."""
    assert not at.exception
    (shown,) = at.get("bidi_component")
    told: dict[str, Any] = json.loads(shown.proto.json)
    return told


def texts(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False)


def opened(of: Venture) -> AppTest:
    return open_page(MEETING, of)


def test_the_story_goes_through_problem_evidence_risks_money_ask(own: Settings, of: Venture) -> None:
    at = opened(of)
    names = [slide(at)["name"]]
    while not at.button(key="turn-next").disabled:
        at.button(key="turn-next").click().run()
        names.append(slide(at)["name"])
    assert names == ["Problem", "Evidence", "Risks", "Money", "Ask"]
    at.button(key="turn-back").click().run()
    assert slide(at)["name"] == "Money"


def test_arrow_keys_turn_and_escape_leaves(own: Settings, of: Venture) -> None:
    at = opened(of)
    keys = {name: at.button(key=f"turn-{name}").proto.shortcut for name in ("back", "next", "leave")}
    assert keys == {"back": "left", "next": "right", "leave": "escape"}
    at.button(key="turn-leave").click().run()
    assert not at.exception
    assert at.title[0].value == of.name  # the board again


def test_there_is_nothing_to_fill_in_and_nothing_beside_the_story(own: Settings, of: Venture) -> None:
    at = opened(of)
    assert [b.label for b in at.button] == ["Back", "Next", "Leave"]
    assert not [*at.selectbox, *at.slider, *at.text_input, *at.sidebar.children.values()]


@pytest.mark.parametrize("show", list(STORY))
def test_the_address_names_the_slide_and_a_wrong_one_begins_at_the_first(own: Settings, of: Venture, show: str) -> None:
    at = open_page("", of)
    at.query_params["show"] = show
    assert slide(at.switch_page(MEETING).run())["name"].lower() == show
    at.query_params["show"] = "../etc"
    assert slide(at.run())["name"] == "Problem"


def test_every_slide_says_one_sentence_and_where_its_figures_come_from(own: Settings, of: Venture) -> None:
    at = opened(of)
    for name in STORY:
        at.query_params["show"] = name
        told = slide(at.run())
        assert told["says"].endswith(".")
        assert told["source"]
        assert told["figures"] or told["bars"] or told["steps"]


def test_no_figure_differs_from_the_board(own: Settings, of: Venture) -> None:
    board = open_page("", of)
    shown = {m.label: m.value for m in board.metric}
    at = open_page(MEETING, of)
    at.query_params["show"] = "evidence"
    figures = {f["label"]: f for f in slide(at.run())["figures"]}
    assert figures["95 of 100 answers within"]["value"] == shown["Answer time, p95"]
    assert figures["Rows that name people"]["value"] == shown["Rows naming people"]
    assert figures["Rows that name people"]["under"] == "95 %: 78 to 82 % · n\u00a0=\u00a02,050"
    at.query_params["show"] = "ask"
    ask = slide(at.run())
    assert ask["figures"][0]["value"] == shown["P(go)"]
    assert ask["says"].startswith("NO-GO today")
    assert "NO-GO" in words(board)


def test_what_is_not_known_is_said_to_be_unknown_and_why(own: Settings, of: Venture) -> None:
    at = opened(of)
    at.query_params["show"] = "evidence"
    (right,) = [f for f in slide(at.run())["figures"] if f["label"] == "Right answers"]
    assert (right["value"], right["under"], right["state"]) == ("unknown", "not measured yet", "unknown")


def test_a_review_of_other_figures_is_not_shown(own: Settings, of: Venture) -> None:
    of.file.write_text(of.file.read_text().replace("epochs = 2", "epochs = 3"))  # the model's figures are stale now
    at = opened(load(of.file))
    at.query_params["show"] = "ask"
    told = slide(at.run())
    assert told["figures"][0]["value"] == "unknown"
    assert number(0.0, "share") not in texts(told)


def test_a_venture_with_nothing_measured_can_be_read_too(own: Settings) -> None:
    at = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run().switch_page(MEETING).run()
    for name in STORY:
        at.query_params["show"] = name
        assert slide(at.run())["says"]
    assert "NOT ENOUGH EVIDENCE" in slide(at)["says"]


def test_one_deed_that_clears_two_checks_is_one_step(own: Settings, of: Venture) -> None:
    keep(own, of, [replace(FIGURES[2], id="licences.saas")])  # blocked there, too
    at = opened(of)
    at.query_params["show"] = "ask"
    steps = [s["text"] for s in slide(at.run())["steps"]]
    assert len(steps) == len(set(steps))
