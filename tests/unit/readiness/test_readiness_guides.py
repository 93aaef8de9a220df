"""A guide places a venture only as far as its questions are answered, and each answer names the text it rests on."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from core.errors import InputError
from core.evidence import Evidence, Source
from core.readiness.guides import Placed, load_guide, place, place_all
from core.venture import GUIDES, Venture
from tests.unit.readiness.readiness_support import desk

ACT = load_guide("eu_ai_act")
NO = {q.id: False for q in ACT.questions}


def answering(name: str, answers: dict[str, bool]) -> Venture:
    return desk().model_copy(update={"guides": {name: answers}})


def placed(answers: dict[str, bool], name: str = "eu_ai_act", *known: str) -> Placed:
    found = {i: Evidence(i, 1.0, "share", "m", Source("measured")) for i in known}
    return place(answering(name, answers), name, found)


@pytest.mark.parametrize("name", GUIDES)
def test_every_guide_reads_and_every_question_belongs_to_a_class_and_names_its_text(name: str) -> None:
    guide = load_guide(name)
    classes = {k.id for k in guide.classes}
    assert {q.class_ for q in guide.questions} <= classes
    assert len({q.id for q in guide.questions}) == len(guide.questions)
    assert all(q.rests_on for q in guide.questions)


@pytest.mark.parametrize(
    ("yes", "word"),
    [
        ([], "Minimal risk"),
        (["talks_to_people"], "Transparency duties"),
        (["employment"], "High risk"),
        (["social_scoring"], "Prohibited practice"),
        (["social_scoring", "employment", "makes_content"], "Prohibited practice"),
    ],
)
def test_the_most_severe_yes_counts(yes: list[str], word: str) -> None:
    assert placed(NO | dict.fromkeys(yes, True)).word == word


@settings(deadline=None)
@given(st.sets(st.sampled_from([q.id for q in ACT.questions]), min_size=1))
def test_an_unanswered_question_never_makes_it_milder(left_out: set[str]) -> None:
    answers = {k: v for k, v in NO.items() if k not in left_out}
    found = placed(answers)
    assert found.word == "unknown"
    assert "no answer yet" in found.because
    assert {r.question.id for r in found.open} == left_out


def test_a_measurement_answers_and_a_persons_word_comes_first() -> None:
    measured = placed({}, "nist_ai_rmf", "model.accuracy")
    reply = next(r for r in measured.replies if r.question.id == "accuracy")
    assert (reply.answer, reply.by) == (True, "measured: model.accuracy")
    denied = placed({"accuracy": False}, "nist_ai_rmf", "model.accuracy")
    assert next(r for r in denied.replies if r.question.id == "accuracy").answer is False


def test_the_whole_is_as_ready_as_its_least_ready_part() -> None:
    name = "readiness_levels"
    every = {q.id: True for q in load_guide(name).questions}
    assert placed(every, name).word == "level 6 of 9"
    without = placed(every | {"rights_listed": False}, name)
    assert without.word == "level 0 of 9"
    assert without.because == "The least ready part is Rights, at level 0."


def test_a_step_counts_only_where_all_below_it_are_reached() -> None:
    found = placed({"data_there": False, "data_looked_at": True, "data_private": True}, "readiness_levels")
    assert found.levels["data"] == 0


def test_a_question_or_guide_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="'social' is no question of EU AI Act"):
        placed({"social": True})
    values: Any = desk().model_dump(by_alias=True) | {"guides": {"gdpr": {}}}
    with pytest.raises(ValidationError, match="there is no guide 'gdpr'"):
        Venture.model_validate(values)


def test_without_an_answer_nothing_is_claimed() -> None:
    act, rmf, levels = place_all(desk(), {})
    assert act.word == "unknown"
    assert rmf.word == "0 of 12"
    assert levels.word == "level 0 of 9"
