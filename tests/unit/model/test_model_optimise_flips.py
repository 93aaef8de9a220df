"""Flips: every changed answer is listed once, of the right kind, and the counts by class add up."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.optimise.flips import Flips, flips

CLASSES = ("card", "loan", "login")
rows = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)))


def between(answers: list[tuple[int, int, int]]) -> Flips:
    truth, before, after = np.array(answers, dtype=np.int64).reshape(-1, 3).T
    return flips([f"text {i}" for i in range(len(answers))], CLASSES, truth, before, after)


@given(rows)
def test_lost_less_won_is_the_difference_in_right_answers(answers: list[tuple[int, int, int]]) -> None:
    found = between(answers)
    right_before, right_after = (sum(a[0] == a[side] for a in answers) for side in (1, 2))
    assert found.count("lost") - found.count("won") == right_before - right_after
    assert len(found.rows) == sum(was != now for _, was, now in answers)
    assert found.n == len(answers)


@given(rows)
def test_classes_add_up_to_all_flips_and_the_one_that_lost_most_comes_first(
    answers: list[tuple[int, int, int]],
) -> None:
    found = between(answers)
    for kind in ("lost", "won", "other"):
        assert sum(getattr(c, kind) for c in found.by_class) == found.count(kind)
    assert all(a.lost >= b.lost for a, b in pairwise(found.by_class))
    assert len({c.label for c in found.by_class}) == len(found.by_class)


@given(rows)
def test_going_back_turns_lost_into_won(answers: list[tuple[int, int, int]]) -> None:
    there, back = between(answers), between([(t, now, was) for t, was, now in answers])
    assert (there.count("lost"), there.count("won")) == (back.count("won"), back.count("lost"))
    assert there.count("other") == back.count("other")


def test_each_kind_is_told_with_its_text() -> None:
    found = between([(0, 0, 0), (0, 1, 0), (1, 0, 2), (2, 2, 1)])
    assert [(r.text, r.was, r.now, r.truth, r.kind) for r in found.rows] == [
        ("text 3", "login", "loan", "login", "lost"),
        ("text 1", "loan", "card", "card", "won"),
        ("text 2", "card", "login", "loan", "other"),
    ]
    told = json.loads(json.dumps(found.as_json()))
    assert (told["n"], told["lost"], told["won"], told["other"]) == (4, 1, 1, 1)
    assert told["by_class"][0] == {"label": "login", "lost": 1, "won": 0, "other": 0}


def test_equal_answers_leave_nothing_to_list() -> None:
    assert between([(0, 1, 1), (2, 2, 2)]) == Flips((), (), 2)


def test_answers_that_are_missing_are_refused() -> None:
    one, two = np.array([1]), np.array([1, 0])
    with pytest.raises(ValueError, match="argument"):
        flips(["a", "b"], CLASSES, two, two, one)
