"""Texts as people type them: no capitals, no punctuation, handles, tags and drawn-out words cost little."""

import pytest

from core.privacy.detect import detector


def persons(text: str) -> list[str]:
    [spans] = detector().detect([text])
    return [text[s.start : s.end] for s in spans if s.type == "PERSON"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my name is hannah fowler", "hannah fowler"),
        ("name: angela schmidt\nphone: 040 898 9331", "angela schmidt"),
        ("written by ronald abbott jr.", "ronald abbott jr."),
        ("her maiden name is abbott", "abbott"),
        ("send it to oliver's address please", "oliver"),
        ("NAME: ANGELA FOWLER", "ANGELA FOWLER"),
    ],
)
def test_a_name_without_capitals_of_its_own_is_found_whole(text: str, name: str) -> None:
    assert name in persons(text)


@pytest.mark.parametrize(
    "text",
    [
        "why is my card not working",
        "the name is required and the price is long overdue",
        "my bank's address changed and the shop's phone is off",
        "how long until my new card comes omg",
    ],
)
def test_ordinary_words_without_capitals_are_no_names(text: str) -> None:
    assert persons(text) == []


def test_a_given_name_does_not_take_the_verb_that_follows_for_a_family_name() -> None:
    assert persons("yesterday margaret strong coffee in hand left") == ["margaret"]
