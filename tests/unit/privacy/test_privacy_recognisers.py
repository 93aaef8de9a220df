"""Each recogniser beside Presidio's own finds what it is for, and not what only looks like it."""

import time
from itertools import product

import pytest

from core.privacy.detect import detector
from core.privacy.recognisers import KINDS
from core.privacy.recognisers.casing import Case, case, recased
from core.privacy.recognisers.plausible import plausible


def found(text: str) -> list[tuple[str, str]]:
    [spans] = detector().detect([text])
    return [(s.type, text[s.start : s.end]) for s in spans]


ALPINE = "5 Buchenallee 7\n Apt. 12\n Neudorf\n Austria 1010"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Ship it to 12 Marlow Street, Springfield, IL 62704 please", "12 Marlow Street, Springfield, IL 62704"),
        (f"My address is {ALPINE}.", ALPINE),
        ("we live at 14 rue lepic apt. 9, lyon, france 69002", "14 rue lepic apt. 9, lyon, france 69002"),
        ("Write to P.O. Box 4411, Boise, ID 83701 today", "P.O. Box 4411, Boise, ID 83701"),
        ("Reply to PSC 4312, Box 880\nAPO AE 09123 by mail", "PSC 4312, Box 880\nAPO AE 09123"),
        ("Meet me at the corner of Elm Street and 5 Mill Road", "the corner of Elm Street and 5 Mill Road"),
        ("He lives at Hauptstrasse 15, Berlin", "Hauptstrasse 15, Berlin"),
        ("send it to 22b baker lane, hull hu5 3qt not the old one", "22b baker lane, hull hu5 3qt"),
        ("i live at 9 station rd leeds ls1 4dy", "9 station rd leeds ls1 4dy"),
        ("i'm at 14 larkspur close, reading if anyone wants it", "14 larkspur close, reading"),
    ],
)  # fmt: skip
def test_an_address_is_one_place_from_its_number_to_its_postcode(text: str, address: str) -> None:
    assert ("LOCATION", address) in found(text)


def test_the_address_that_heads_a_letter_is_read_line_by_line() -> None:
    text = "Ann Lee\n\n12 Marlow Street\n Apt. 9\n Springfield\n Gabon 62704\n\nDear all"
    spans = found(text)
    assert [s for s in spans if s[0] in ("LOCATION", "ZIP_CODE")] == [
        ("LOCATION", "12 Marlow Street"),
        ("LOCATION", "Apt. 9"),
        ("LOCATION", "Springfield"),
        ("LOCATION", "Gabon"),
        ("ZIP_CODE", "62704"),
    ]


def test_a_postcode_alone_is_one() -> None:
    assert ("ZIP_CODE", "62704") in found("my zip code is 62704")
    assert ("ZIP_CODE", "SW1A 2AA") in found("the parcel went to SW1A 2AA instead")
    assert ("ZIP_CODE", "m14 6xq") in found("postcode is m14 6xq thx")
    assert "ZIP_CODE" not in dict(found("it took 62704 steps"))


@pytest.mark.parametrize("text", ["it takes 5 minutes, on average", "we sold 300 units, a record", "room for 2 people"])
def test_a_count_is_no_address(text: str) -> None:
    assert not [kind for kind, _ in found(text) if kind in ("LOCATION", "ZIP_CODE", "PHONE_NUMBER")]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("you can call 73 448 266 after six", "73 448 266"),
        ("They're not answering at 785 8949", "785 8949"),
        ("Fax: 021-4006034", "021-4006034"),
        ("reach her at (11) 4706-6184", "(11) 4706-6184"),
        ("+44 20 7946 0958", "+44 20 7946 0958"),
    ],
)
def test_a_phone_number_of_any_form_is_found_beside_a_word_for_it(text: str, number: str) -> None:
    assert ("PHONE_NUMBER", number) in found(text)


@pytest.mark.parametrize("text", ["order number 123 456 789 arrived", "my invoice no. 44 556 677 is wrong"])
def test_an_order_is_no_phone(text: str) -> None:
    assert "PHONE_NUMBER" not in dict(found(text))


def test_a_card_with_a_misread_digit_is_still_a_card_where_the_text_says_so() -> None:
    assert ("CREDIT_CARD", "4111 1111 1111 1112") in found("my card 4111 1111 1111 1112 was refused")
    assert "CREDIT_CARD" not in dict(found("the part is 4111 1111 1111 1112"))


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("I am 34 years old", "34"),
        ("she is a 7-year-old girl", "7"),
        ("the suspect, aged 51, ran", "51"),
        ("my wife (29F) and I", "29"),
        ("he is 63 y/o", "63"),
        ("I'm 25.", "25"),
        ("my son ollie is 9 and in year 4", "9"),
        ("posting for my mum who's 71", "71"),
    ],
)
def test_an_age_is_found(text: str, age: str) -> None:
    assert ("AGE", age) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "the warranty lasts 2 years",
        "I'm 100% sure",
        "I'm 5 minutes away",
        "a 300 year old oak",
        "my son is 5 minutes away",
        "my wife is 90% sure",
    ],
)
def test_a_span_of_time_or_a_share_is_no_age(text: str) -> None:
    assert "AGE" not in dict(found(text))


def test_titles_and_companies() -> None:
    assert ("TITLE", "Dr.") in found("ask Dr. Hansen about it")
    assert "TITLE" not in dict(found("yes sir, that works"))
    for text in ("Anyone seen dr Patel today?", "luck with dr hargreaves at the clinic", "lives by dr p. abernathy"):
        assert ("TITLE", "dr") in found(text)
    for text in ("ok dr said no", "i have a dr appointment", "MS Word crashed", "ms teams is down"):
        assert "TITLE" not in dict(found(text))
    assert ("TITLE", "Railway signal operator") in found("Ann Lee, the Railway signal operator, said no")
    assert ("ORGANIZATION", "Marlow & Sons") in found("an invoice from Marlow & Sons came")
    assert ("ORGANIZATION", "Veltrop GmbH") in found("the contract with Veltrop GmbH ended")


@pytest.mark.parametrize("when", ["three years", "today", "2019", "two weeks ago", "last month", "the 1990s"])
def test_a_duration_a_year_or_a_relative_day_is_no_date(when: str) -> None:
    assert not plausible("DATE_TIME", when, 0, len(when))
    assert "DATE_TIME" not in dict(found(f"we waited {when} for it"))


@pytest.mark.parametrize("when", ["2007-03-23 18:43:36", "March 3rd, 1984 at 10:15 am", "12/05/1961", "Thursday"])
def test_a_date_is_one_with_its_time(when: str) -> None:
    assert ("DATE_TIME", when) in found(f"it was on {when} as planned")


def test_digits_that_the_model_takes_for_a_date_stay_covered() -> None:
    assert plausible("DATE_TIME", "66298", 0, 5) == [("NUMBER", 0, 5)]


@pytest.mark.parametrize(
    ("kind", "text", "span"),
    [
        ("PERSON", "#Blessed", "Blessed"),
        ("PERSON", "@ann_lee", "ann_lee"),
        ("ORGANIZATION", "the ATM is broken", "ATM"),
        ("PERSON", "\U0001f600\U0001f600", "\U0001f600\U0001f600"),
        ("PERSON", "Phone: 1", "Phone"),
        ("PERSON", "please call back", "call back"),
        ("PERSON", "今天天气很好", "今天天气"),
    ],
)
def test_what_cannot_be_a_name_is_dropped(kind: str, text: str, span: str) -> None:
    at = text.index(span)
    assert not plausible(kind, text, at, at + len(span))


def test_a_name_is_cut_at_the_end_of_its_line_and_loses_its_possessive() -> None:
    text = "Ann Lee's\nPhone: 1"
    assert plausible("PERSON", text, 0, 9) == [("PERSON", 0, 7)]
    assert plausible("PERSON", "Ann Lee\nBob Ray", 0, 15) == [("PERSON", 0, 7), ("PERSON", 8, 15)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my name is kenjiro", "kenjiro"),
        ("MY NAME IS ROBERTA YAMAMURA AND I CANNOT LOG IN", "ROBERTA YAMAMURA"),
        ("she named him joshua", "joshua"),
        ("omg justin is here", "justin"),
        ("Name: Ilkka Virtanen\nPhone: 1", "Ilkka Virtanen"),
        ("but everyone calls me Sandro", "Sandro"),
    ],
)
def test_a_name_is_found_whatever_its_case(text: str, name: str) -> None:
    assert ("PERSON", name) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "i'm happy with the new card",
        "COULD YOU PLEASE SEND ME A NEW CARD AS SOON AS POSSIBLE",
        "this is great, thanks a lot",
        "will you mark this as paid",
        "Hi team, love the new app",
        "3... 2... 1... liftoff!",
    ],
)
def test_a_text_without_names_is_left_alone(text: str) -> None:
    assert not found(text)


def test_case_is_told_and_mended_without_moving_a_character() -> None:
    assert case("hello there, i am ann") is Case.LOWER
    assert case("HELLO THERE, I AM ANN") is Case.UPPER
    assert case("Hello there, I am Ann") is Case.MIXED
    assert recased("hello from tamara in peru") == "Hello from Tamara in Peru"
    assert recased("PLEASE CALL TAMARA NOW") == "Please call Tamara now"
    for text in ("straße İstanbul ŉ ǅ", "İ" * 50, "ﬁ ﬂ ß"):
        assert len(recased(text.lower())) == len(text.lower())


HOSTILE = (
    *(
        "a",
        "1",
        " ",
        "A ",
        "1 ",
        "a.",
        "a-",
        "a'",
        "Aa ",
        "12 Aa ",
        "1 a, ",
        "\n",
        "a\n",
        "1-",
        "(1",
        "+1 ",
        "é",
        "one-",
        "A, ",
    ),
    *(
        "Street ",
        "at 1 A ",
        "corner of A ",
        "Apt. 1 ",
        "name is ",
        "Mr. ",
        "Ltd ",
        "A & ",
        "aged ",
        "a@",
        "http://a:",
        "62",
    ),
    *("password: ", "eyJ", "eyJhbGciOi.", "-----BEGIN PRIVATE KEY-----", "中", "住在中", "北京市", "我叫"),
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_hostile_input_costs_time_in_proportion_to_its_length(kind: type) -> None:
    """100,000 characters of each unpleasant kind: an order of magnitude below what a quadratic search would take."""
    finder = kind()
    list(finder.find("warm up 1"))
    for piece, end in product(HOSTILE, ("", "!")):
        text = (piece * (100_000 // len(piece))) + end
        begun = time.process_time()
        list(finder.find(text))
        assert time.process_time() - begun < 10, piece
