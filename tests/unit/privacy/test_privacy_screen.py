"""The screen spares recognisers that cannot match, and no finding."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from presidio_analyzer.predefined_recognizers import PhoneRecognizer

from core.privacy import engine
from core.privacy.screen import NOTHING, Need, digits_in, need, needs
from core.settings import PROJECT
from tests import bench_privacy

LABELLED = PROJECT.parent / "shared" / "data" / "pii"
NOISE = st.text(st.sampled_from("aB7 -./:@#\n٣é"), max_size=6)


@cache
def built() -> Any:
    return engine.build()


PATTERNS = [
    (r, p.regex) for r in built().registry.recognizers for p in getattr(r, "patterns", ()) if needs(r) != (NOTHING,)
]


def found(results: Iterable[Any]) -> set[tuple[object, ...]]:
    return {(r.start, r.end, r.entity_type, r.score, r.analysis_explanation.recognizer) for r in results if r.score}


@pytest.mark.parametrize(
    ("expression", "least"),
    [
        (r"\b[A-Z]{2}\d{6}\b", Need(6)),
        (r"(\d{3}-){2}\d{4}", Need(10, frozenset("-"))),
        (r"a@\w+(?:\.\w+)+", Need(0, frozenset("@."))),
        (r"(?:12|3)[- ]?\d*", Need(1)),
        (r"(?=\d{9})(?<!@)x", NOTHING),
        (r"[\d.]{5}", NOTHING),
        (r"(", NOTHING),
    ],
)
def test_what_an_expression_needs_is_read_off_it(expression: str, least: Need) -> None:
    assert need(expression) == least


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_text_that_fits_a_pattern_passes_its_screen(data: st.DataObject) -> None:
    recogniser, pattern = data.draw(st.sampled_from(PATTERNS))
    flags = re.DOTALL | re.MULTILINE | re.IGNORECASE
    hit = data.draw(st.from_regex(re.compile(pattern, flags)))
    text = data.draw(NOISE) + hit + data.draw(NOISE)
    assert recogniser in built()._screen.passes(text)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(["ann@example.org", "212-54-8731", "4111 1111 1111 1111", "Bern", "::1", "A1"]) | NOISE)
)
def test_the_screened_engine_finds_what_presidios_own_pass_finds(parts: list[str]) -> None:
    agree(" ".join(parts))


@pytest.mark.skipif(not LABELLED.is_dir(), reason="the labelled texts are not beside the project")
def test_the_screened_engine_agrees_on_labelled_texts() -> None:
    for text, _, _ in bench_privacy.read(LABELLED)[::40]:
        agree(text)


@pytest.mark.skipif(not LABELLED.is_dir(), reason="the labelled texts are not beside the project")
def test_reference_mode_ends_names_where_the_defaults_parser_ends_a_sentence() -> None:
    whole = engine.Reference()
    rows = [text for text, _, _ in bench_privacy.read(LABELLED)]
    crossing = [text for text in rows if text.count("\n>") > 2][:12]
    nlp = whole._names.nlp["en"]
    for text, answer in zip(crossing, whole.answers(crossing), strict=True):
        assert {(s, e) for s, e, _, score in answer if score == 0.85} >= {
            (n.start_char, n.end_char) for n in nlp(text).ents if n.label_ == "PERSON"
        }


def agree(text: str) -> None:
    how = {"score_threshold": 0.0, "return_decision_process": True, "context": ["phone"]}
    [words] = built().nlp_engine.read([text])
    whole = built().analyze(text, "en", nlp_artifacts=words, **how)
    assert found(built().found(text, words, context=["phone"])) == found(whole)


def test_no_telephone_number_that_may_be_valid_is_shorter_than_the_screen_says() -> None:
    """With its country's code, or the sign for abroad, for any region; without it for those that Presidio asks for."""
    for region in phonenumbers.SUPPORTED_REGIONS:
        numbers: Any = phonenumbers.PhoneMetadata.metadata_for_region(region)
        shortest = min(numbers.general_desc.possible_length)
        code = len(str(phonenumbers.country_code_for_region(region)))
        assert code + shortest >= engine.SHORTEST_PHONE, region  # after a plus, which is read alike in every region
        assert 2 + code + shortest >= engine.SHORTEST_ELSEWHERE, region
        if region in PhoneRecognizer.DEFAULT_SUPPORTED_REGIONS:
            least = engine.SHORTEST_PHONE if region == engine.SHORT_REGION else engine.SHORTEST_ELSEWHERE
            assert shortest >= least, region


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["+49", "0049", "(0)", "112", "1234", "555", "0132", "020 7946", " ", "-", ".", "x12", "ext. 7"]
        )
        | NOISE,
        max_size=7,
    )
)
def test_phones_are_found_in_every_form_in_which_presidio_finds_them(parts: list[str]) -> None:
    text = "".join(parts)
    quick, whole = engine.QuickPhone(), PhoneRecognizer()
    assert {(r.start, r.end) for r in quick.analyze(text, ["PHONE_NUMBER"])} == {
        (r.start, r.end) for r in whole.analyze(text, ["PHONE_NUMBER"])
    }


def test_digits_of_any_script_are_counted() -> None:
    assert digits_in("4 ٣ ५ ² x") == 3
