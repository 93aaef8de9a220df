"""Names in texts without capitals: found where a name is due, and slips of the keys are none."""

import pytest

from core.privacy.recognisers.gazetteer import towns
from core.privacy.recognisers.typed import Typed


def found(text: str) -> set[tuple[str, str]]:
    return {(text[m.start : m.end], m.type) for m in Typed().find(text)}


@pytest.mark.parametrize(
    ("text", "words", "kind"),
    [
        ("i live near shoreditch, come over", "shoreditch", "LOCATION"),
        ("stuck in manchester again", "manchester", "LOCATION"),
        ("moved to swindon last year", "swindon", "LOCATION"),
        ("meet me at 14 larkspur close, lincoln if you can", "lincoln", "LOCATION"),
        ("we moved here from gdansk in 2015", "gdansk", "LOCATION"),
        ("i work for halden systems and they wont pay", "halden systems", "ORGANIZATION"),
        ("she called the department of work and pensions", "department of work and pensions", "ORGANIZATION"),
        ("born at st thomas hospital", "st thomas hospital", "ORGANIZATION"),
        ("who paid bluepeak trading llc???", "bluepeak trading llc", "ORGANIZATION"),
        ("my uncle raj came", "raj", "PERSON"),
        ("i spoke to a man called ferdinand", "ferdinand", "PERSON"),
        ("its fatima again, still no refund", "fatima", "PERSON"),
        ("wish mr delgado was here", "delgado", "PERSON"),
    ],
)
def test_a_name_is_found_where_one_is_due(text: str, words: str, kind: str) -> None:
    assert (words, kind) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "how do i top up from teh app",
        "my card is blocked in a shop, pls help asap",
        "money gone from my bank tho",
        "what is the limit at an atm",
        "this is sooooo bad",
        "its annoyng that it takes 3 days",
        "Moved to Shoreditch last year",  # the rules for edited text read it
    ],
)
def test_slips_slang_and_edited_text_are_left_alone(text: str) -> None:
    assert not found(text)


def test_towns_are_lower_case_names_of_at_most_three_words() -> None:
    assert {"leeds", "utrecht", "new york"} <= towns()
    assert all(name == name.lower() and len(name.split()) <= 3 for name in towns())
