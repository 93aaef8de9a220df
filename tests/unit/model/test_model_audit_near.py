"""Near-duplicates are the pairs that resemble each other enough, all of them, however they are looked for."""

import csv
import random
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model import near
from core.model.data import normalised
from core.model.near import THRESHOLD, find_twins

BANKING = Path(__file__).parents[4] / "shared" / "data" / "banking77"
WORDS = "card loan late fee bank app code lost money transfer account please why when".split()


def shingles(text: str) -> set[str]:
    out = set()
    for word in normalised(text).split():
        padded = f" {word} "
        out |= {padded[i : i + 4] for i in range(max(1, len(padded) - 3))}
    return out


def resemblance(a: str, b: str) -> float:
    x, y = shingles(a), shingles(b)
    return len(x & y) / len(x | y)


@given(
    st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=7).map(" ".join), min_size=1, max_size=40),
    st.sampled_from([0.3, 0.5, 0.75, 1.0]),
)
@settings(max_examples=60, deadline=None)
def test_every_pair_that_reaches_the_threshold_is_found_and_no_other(texts: list[str], threshold: float) -> None:
    made = find_twins(texts, threshold)
    first = [i for i, t in enumerate(texts) if t not in texts[:i]]
    expected = {(a, b) for a, b in combinations(first, 2) if resemblance(texts[a], texts[b]) >= threshold - 1e-9}
    assert {(int(a), int(b)) for a, b in made.pairs} == expected
    for (a, b), similarity in zip(made.pairs, made.similarity, strict=True):
        assert similarity == pytest.approx(resemblance(texts[a], texts[b]))
    assert made.same.tolist() == [texts.index(t) for t in texts]


@given(st.lists(st.lists(st.sampled_from(WORDS[:6]), min_size=1, max_size=5).map(" ".join), min_size=2, max_size=30))
@settings(max_examples=40, deadline=None)
def test_groups_join_what_pairs_join_and_near_means_a_twin_on_the_other_side(texts: list[str]) -> None:
    made = find_twins(texts)
    pairs = {(int(a), int(b)) for a, b in made.pairs}
    assert all(made.group[a] == made.group[b] for a, b in pairs)
    assert all(texts[i] == texts[made.same[i]] and made.group[i] == made.group[made.same[i]] for i in range(len(texts)))
    others = np.arange(len(texts)) % 2 == 0
    for i, answer in enumerate(made.near(others)):
        twins = [j for j in np.flatnonzero(others) if j != i and resemblance(texts[i], texts[j]) >= THRESHOLD - 1e-9]
        assert answer == bool(twins)


def test_case_white_space_and_width_make_no_difference() -> None:
    made = find_twins(["Where is my card?", "where  is my CARD?", "ｗhere is my card?", "something else"])
    assert made.same.tolist() == [0, 0, 0, 3]
    assert len(made.pairs) == 0
    assert made.copies.tolist() == [False, True, True, False]


def test_a_greeting_and_a_typing_error_leave_a_near_duplicate() -> None:
    text = "i paid with my card at the station yesterday and the money was taken twice from my account"
    made = find_twins([text, f"Hi there, {text}", text.replace("station", "staton"), "i lost my card at the station"])
    assert {tuple(p) for p in made.pairs.tolist()} == {(0, 1), (0, 2), (1, 2)}
    assert made.group.tolist() == [0, 0, 0, 3]


@pytest.mark.parametrize("texts", [[], ["?"], ["?", "!", "a", "", "…"], ["卡丢了怎么办", "卡丢了怎么辦呢"]])
def test_texts_too_short_for_a_shingle_are_no_trouble(texts: list[str]) -> None:
    assert len(find_twins(texts).same) == len(texts)


def test_thousands_of_filled_in_forms_form_one_group_in_seconds() -> None:
    form = "Dear team, order {} has not arrived although I paid for express delivery, tell me when it will come please"
    begun = time.process_time()
    made = find_twins([form.format(i * 7919 % 10_000) for i in range(10_000)])
    assert time.process_time() - begun < 30
    assert set(made.group) == {0}
    assert made.near(np.arange(10_000) < 8_000)[8_000:].all()


def test_long_texts_take_time_in_proportion() -> None:
    draw = random.Random(1)
    texts = [" ".join(draw.choices(WORDS, k=20_000)) for _ in range(20)]
    begun = time.process_time()
    find_twins(texts)
    assert time.process_time() - begun < 10


def test_the_listener_hears_it_all_and_may_end_it() -> None:
    heard: list[float] = []
    find_twins(
        [f"text number {i} of many" for i in range(900)], progress=lambda done, total, note="": heard.append(done)
    )
    assert heard == sorted(heard)
    assert len(heard) > 4
    assert heard[-1] == pytest.approx(1)

    def stop(done: float, total: float, note: str = "") -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_twins(["a", "b"], progress=stop)


def test_what_is_found_in_a_crowd_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [" ".join(random.Random(i).choices(WORDS, k=5)) for i in range(300)]
    monkeypatch.setattr(near, "_CROWD", 20)
    made = find_twins(texts)
    assert len(made.pairs) > 20
    for (a, b), similarity in zip(made.pairs, made.similarity, strict=True):
        assert similarity == pytest.approx(resemblance(texts[a], texts[b]))
        assert similarity >= THRESHOLD


def test_a_fifth_of_banking77s_test_questions_nearly_repeat_a_training_question() -> None:
    if not BANKING.is_dir():
        pytest.skip("BANKING77 is not beside the project")
    sides = []
    for name in ("train.csv", "test.csv"):
        with (BANKING / name).open(encoding="utf-8", newline="") as file:
            sides.append([row["text"] for row in csv.DictReader(file)])
    learned = np.arange(len(sides[0]) + len(sides[1])) < len(sides[0])
    assert find_twins(sides[0] + sides[1]).near(learned)[~learned].mean() == pytest.approx(0.191, abs=0.001)
