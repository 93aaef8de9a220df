"""Made-up texts carry right labels, are many, and those that judge share no sentence with those that teach."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.privacy.names import fill
from core.privacy.names.fill import Filled, Filler
from core.privacy.names.templates import Part, Template, parse, split, templates


@pytest.fixture(scope="module")
def filler() -> Filler:
    return Filler(3)


def test_there_are_many_sentences_with_somebody_in_them_and_many_without() -> None:
    told = [t for t in templates() if any(p.slot in fill.LABELS for p in t.parts)]
    assert len(templates()) >= 400
    assert len({t.key for t in templates()}) == len(templates())
    assert len(told) >= 250
    assert len(templates()) - len(told) >= 100


def test_every_slot_that_is_used_can_be_filled(filler: Filler) -> None:
    for slot in {p.slot for t in templates() for p in t.parts if p.slot}:
        assert all(filler.value(slot) for _ in range(20)), slot


def test_a_slot_that_nobody_knows_is_an_error_not_a_blank(filler: Filler) -> None:
    with pytest.raises(KeyError, match="shoesize"):
        filler.fill(parse("I take {shoesize}", "test"))


def test_the_same_seed_gives_the_same_texts_and_another_seed_others() -> None:
    few = templates()[:40]
    assert Filler(5).texts(few, 40) == Filler(5).texts(few, 40)
    assert Filler(5).texts(few, 40) != Filler(6).texts(few, 40)


def test_labels_stand_exactly_where_the_values_are(filler: Filler) -> None:
    plain = Filler(4, noise=False)
    for _ in range(50):
        made = plain.fill(parse("To {full}, in {city}!", "test"))
        (a, b, person), (c, d, place) = made.spans
        assert (person, place) == ("PERSON", "GPE")
        assert made.text == f"To {made.text[a:b]}, in {made.text[c:d]}!"
    for made in filler.texts(templates(), 400):
        assert all(made.text[a:b].strip() == made.text[a:b] != "" for a, b, _ in made.spans)
        ends = sorted((a, b) for a, b, _ in made.spans)
        assert all(first[1] <= second[0] for first, second in pairwise(ends))


def test_noise_loses_capitals_in_some_texts_and_keeps_them_in_most(filler: Filler) -> None:
    made = [filler.fill(parse("Please tell {first} that I CALLED", "test")).text for _ in range(300)]
    lower = sum(text == text.lower() for text in made) / 300
    assert 0.1 < lower < 0.4


def test_what_judges_shares_no_sentence_and_few_values_with_what_teaches() -> None:
    learn, held = split(templates())
    assert not {t.key for t in learn} & {t.key for t in held}
    assert 0.15 < len(held) / len(templates()) < 0.35
    teach, judge = Filler(1), Filler(2, judge=True)
    places = {teach.value("place") for _ in range(400)} & {judge.value("place") for _ in range(400)}
    assert not places


def test_a_phone_number_is_neither_taught_nor_held_against_the_model(filler: Filler) -> None:
    made = Filler(1, noise=False).fill(parse("Ring {phone} now", "test"))
    [(a, b)] = made.unsure
    assert made.spans == ()
    assert made.text == f"Ring {made.text[a:b]} now"


def test_words_that_teach_nothing_keep_their_place(filler: Filler) -> None:
    made = Filler(1, noise=False).fill(Template((Part("ask "), Part("Zyx", "same"), Part(" today")), "test"))
    assert made == Filled("ask Zyx today", (), ((4, 7),), "ask Zyx today")


@given(st.text(st.sampled_from("ab {}\\n"), max_size=40))
@settings(deadline=None)
def test_text_without_slots_comes_back_as_it_was(text: str) -> None:
    quoted = text.replace("{", "{{").replace("}", "}}")
    assert parse(quoted, "test").key == text.replace("\\n", "\n")
