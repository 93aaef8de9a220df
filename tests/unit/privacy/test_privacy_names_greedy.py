"""The name model read in one NumPy step for all texts gives spaCy's own names."""

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.privacy import engine
from core.privacy.names.greedy import Greedy, Moves

PARTS = [
    "Ann Lee",
    "of",
    "General Electric",
    "met",
    "in New York",
    "on 4 May 2021",
    "\n",
    "  ",
    "for $ 20",
    ".",
    "张伟",
]


@cache
def nlp() -> Any:
    return engine.published()


def named(doc: Any) -> list[tuple[int, int, str]]:
    return [(e.start, e.end, e.label_) for e in doc.ents]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PARTS) | st.text(max_size=8), max_size=9).map(" ".join), max_size=5))
def test_the_names_are_spacys(texts: list[str]) -> None:
    docs = [nlp().make_doc(text) for text in texts]
    Greedy(nlp().get_pipe("ner")).read(docs)
    assert [named(doc) for doc in docs] == [named(nlp()(text)) for text in texts]


def test_new_weights_count_from_the_next_reading_on() -> None:
    pipeline = engine.published()
    greedy = Greedy(pipeline.get_pipe("ner"))
    text = "Ann Lee met Bob Ray in New York."
    before, after = pipeline.make_doc(text), pipeline.make_doc(text)
    greedy.read([before])
    pipeline.get_pipe("ner").model.get_ref("upper").set_param("b", bias_for(pipeline, "O"))
    greedy.read([after])
    assert before.ents
    assert not after.ents


def bias_for(pipeline: Any, letter: str) -> Any:
    """The bias of the last layer, with one step made to win everywhere."""
    ner = pipeline.get_pipe("ner")
    bias = ner.model.get_ref("upper").get_param("b").copy()
    bias[[ner.moves.get_class_name(i) == letter for i in range(ner.moves.n_moves)]] += 1e3
    return bias


@pytest.mark.parametrize(
    ("step", "open_", "last", "space", "allowed"),
    [
        ("O", "", 1, 1, True),
        ("O", "A", 0, 0, False),
        ("B-A", "", 0, 0, True),
        ("B-A", "", 1, 0, False),
        ("B-A", "", 0, 1, False),
        ("I-A", "A", 0, 1, True),
        ("I-A", "A", 1, 0, False),
        ("I-A", "B", 0, 0, False),
        ("L-A", "A", 1, 1, True),
        ("U-A", "", 1, 0, True),
        ("U-A", "", 0, 1, False),
        ("U-", "", 0, 0, False),
    ],
)
def test_only_steps_that_make_whole_names_are_allowed(
    step: str, open_: str, last: int, space: int, allowed: bool
) -> None:
    names = ["O", "U-", *(f"{letter}-{kind}" for kind in "AB" for letter in "BILU")]
    moves = Moves.of(names)
    place = {"A": 0, "B": 1, "": moves.closed}[open_]
    assert bool(moves.allowed[place, last, space, names.index(step)] == 0) is allowed
