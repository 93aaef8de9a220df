"""Learning from a few examples of each class, and the settings that are chosen for a person."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_support import labelled_rows

from core.errors import InputError
from core.model.data import Rows
from core.model.recipe import settled
from core.model.shots import few
from core.model.split import Split, split


def parts(n: int = 120) -> Split:
    rows = labelled_rows(n)
    numbers = tuple(range(2, n + 2))
    return split(Rows(tuple(t for t, _ in rows), tuple(c for _, c in rows), numbers), None, 7, "rows.csv")


WHOLE = parts()


@given(shots=st.integers(4, 20), seed=st.integers(0, 50))
def test_each_class_gets_just_so_many_rows_and_the_test_rows_stay(shots: int, seed: int) -> None:
    found = few(WHOLE, shots, seed)
    assert Counter(found.train.labels + found.validation.labels) == dict.fromkeys(range(3), shots)
    assert min(Counter(found.validation.labels).values()) >= 1
    assert found.test == WHOLE.test
    assert not set(found.train.texts) & set(found.validation.texts)
    assert found == few(WHOLE, shots, seed)


def test_every_drawn_row_keeps_its_number_in_the_file() -> None:
    numbers = dict(
        zip(WHOLE.train.texts + WHOLE.validation.texts, WHOLE.train.rows + WHOLE.validation.rows, strict=True)
    )
    found = few(WHOLE, 5, 1)
    assert all(numbers[t] == n for t, n in zip(found.train.texts, found.train.rows, strict=True))


def test_too_few_rows_are_said_by_class() -> None:
    with pytest.raises(InputError, match="different texts to learn from, not 60"):
        few(WHOLE, 60, 1)
    with pytest.raises(InputError, match="at least 4"):
        few(WHOLE, 3, 1)


def test_what_a_person_set_is_kept_and_the_rest_suits_the_data() -> None:
    many, why = settled({"epochs": None}, 10_000, 77)
    scarce, because = settled({"epochs": 3, "learning_rate": None}, 770, 77)
    assert scarce.epochs == 3
    assert (scarce.layer_decay, scarce.label_smoothing) == (1, 0)
    assert many.layer_decay < 1 < 1 + many.label_smoothing
    assert settled({"label_smoothing": 0.0}, 10_000, 77)[0].label_smoothing == 0
    assert settled({"loss": "focal"}, 10_000, 77)[0].label_smoothing == 0
    assert settled({"task": "score"}, 10_000, 1)[0].label_smoothing == 0
    assert "many" in why
    assert (scarce.refit, many.refit) == (True, False)
    assert "learned from too" in because
    assert "few" in because


def test_what_was_chosen_to_suit_a_learning_rate_is_left_out_where_a_person_sets_another() -> None:
    own = settled({"learning_rate": 1e-4, "epochs": 2}, 10_000, 77)[0]
    assert (own.learning_rate, own.epochs, own.layer_decay, own.label_smoothing) == (1e-4, 2, 1, 0)
    assert settled({"epochs": 2}, 10_000, 77)[0].layer_decay < 1
