"""A name model is adopted only where it leaks less beyond doubt and flags no more clean texts."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.privacy.names.fill import Filled
from core.privacy.names.judge import LEAST, answers, change, compare

ANN = Filled("ask Ann", ((4, 7, "PERSON"),), (), "ask {first}")
CLEAN = Filled("ask nobody", (), (), "ask nobody")


def named(n: int) -> list[Filled]:
    return [Filled("ask Ann", ((4, 7, "PERSON"),), (), f"ask {i}") for i in range(n)]


def test_half_a_name_left_is_a_leak_and_any_type_covers_it() -> None:
    gold = [ANN, ANN, ANN]
    got = answers(gold, [[(4, 6, "PERSON")], [(0, 7, "LOCATION")], []])
    assert got.leaks == (True, False, True)
    assert got.flagged == (None, None, None)
    assert got.f2 == 0.0


def test_a_text_without_personal_data_is_flagged_or_not_and_never_leaks() -> None:
    got = answers([CLEAN, CLEAN], [[(0, 3, "PERSON")], []])
    assert (got.leaks, got.flagged) == ((None, None), (True, False))


def test_what_nobody_is_sure_of_counts_neither_way() -> None:
    unsure = Filled("ring 555 0100", (), ((5, 13),), "ring {phone}")
    assert answers([unsure], [[(5, 13, "DATE_TIME")]]).flagged == (False,)


def test_f2_is_one_where_all_is_found_and_recall_weighs_more_than_precision() -> None:
    assert answers([ANN], [[(4, 7, "PERSON")]]).f2 == 1.0
    noisy = answers([ANN], [[(4, 7, "PERSON"), (0, 3, "PERSON")]]).f2
    missed = answers([ANN, ANN], [[(4, 7, "PERSON")], []]).f2
    assert noisy > missed


def test_fewer_leaks_and_no_more_flags_is_adopted() -> None:
    gold = [*named(60), CLEAN]
    before = answers(gold, [[]] * 61)
    after = answers(gold, [[(4, 7, "PERSON")]] * 50 + [[]] * 11)
    got = compare(gold, before, after)
    assert got.adopted
    assert got.leak is not None
    assert got.leak.value == pytest.approx(-50 / 60)
    assert got.leak.high < 0


def test_one_more_flagged_clean_text_is_refused_and_said() -> None:
    gold = [*named(60), CLEAN]
    before = answers(gold, [[]] * 61)
    after = answers(gold, [[(4, 7, "PERSON")]] * 60 + [[(0, 3, "PERSON")]])
    got = compare(gold, before, after)
    assert not got.adopted
    assert "flagged" in got.reason


def test_a_gain_within_chance_is_refused() -> None:
    gold = [*named(60), CLEAN]
    before = answers(gold, [[]] * 61)
    after = answers(gold, [[(4, 7, "PERSON")]] + [[]] * 60)
    assert not compare(gold, before, after).adopted


def test_too_few_texts_decide_nothing() -> None:
    gold = [*named(LEAST - 1), CLEAN]
    before = answers(gold, [[]] * LEAST)
    after = answers(gold, [[(4, 7, "PERSON")]] * (LEAST - 1) + [[]])
    got = compare(gold, before, after)
    assert not got.adopted
    assert str(LEAST - 1) in got.reason


def test_many_texts_of_one_sentence_are_worth_one_sentence() -> None:
    """The same sixty answers say less where they come from three sentences than from sixty."""
    before, after = [True] * 60, [i % 3 == 0 for i in range(60)]
    alone = change(before, after, [str(i) for i in range(60)])
    together = change(before, after, [str(i % 3) for i in range(60)])
    assert alone is not None
    assert together is not None
    assert alone.value == together.value
    assert together.high - together.low > alone.high - alone.low


def test_the_interval_of_a_change_holds_the_truth_about_as_often_as_it_says() -> None:
    draw = random.Random(1)
    held = 0
    for _ in range(300):
        before, after, keys = [], [], []
        for key in range(40):
            better = draw.random() < 0.3
            for _ in range(draw.randint(1, 4)):
                before.append(True)
                after.append(not better)
                keys.append(str(key))
        got = change(before, after, keys)
        assert got is not None
        held += got.low <= -0.3 <= got.high
    assert 0.90 <= held / 300 <= 0.99


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.sampled_from("abc")), min_size=1, max_size=40))
@settings(deadline=None)
def test_a_change_turned_round_is_its_negative(rows: list[tuple[bool, bool, str]]) -> None:
    before, after, keys = zip(*rows, strict=True)
    there, back = change(before, after, keys), change(after, before, keys)
    assert there is not None
    assert back is not None
    assert there.value == pytest.approx(-back.value)
    assert there.low == pytest.approx(-back.high)
    assert -1 <= there.low <= there.value <= there.high <= 1
