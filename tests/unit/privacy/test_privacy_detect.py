"""The recognisers find what they should, offline, without torch, and two never speak for one character."""

import logging
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.privacy.detect import detector
from core.privacy.spans import OVERLAP, WINDOW, Proof, Span, resolve, windows
from core.settings import PROJECT


def found(text: str, **how: object) -> dict[str, str]:
    [spans] = detector().detect([text], **how)  # type: ignore[arg-type]
    return {s.type: text[s.start : s.end] for s in spans}


def test_an_email_inside_a_long_sentence_is_found() -> None:
    text = "well " * 400 + "you can also write to ann.lee@example.org if nobody answers" + " again" * 400
    assert found(text)["EMAIL_ADDRESS"] == "ann.lee@example.org"


def test_an_address_beyond_the_first_window_is_found_where_it_stands() -> None:
    for before in (WINDOW - 12, WINDOW - OVERLAP - 5, 3 * WINDOW):
        text = "x" * (before - 1) + " ann.lee@example.org."
        [spans] = detector().detect([text], names=False)
        assert [text[s.start : s.end] for s in spans if s.type == "EMAIL_ADDRESS"] == ["ann.lee@example.org"]


@given(st.text(st.sampled_from("ab \n"), max_size=20_000))
@settings(deadline=None)
def test_windows_cover_a_text_without_a_gap(text: str) -> None:
    cuts = list(windows(text))
    assert cuts[0][0] == 0
    assert cuts[-1][1] == len(text)
    assert all(a < b for a, b in cuts) or not text
    assert all(b[0] < a[1] and b[1] > a[1] for a, b in pairwise(cuts))
    assert all(b - a <= WINDOW for a, b in cuts)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("my number is 212-54-8731 thanks", "US_SSN", "212-54-8731"),
        ("charge 4111 1111 1111 1111 please", "CREDIT_CARD", "4111 1111 1111 1111"),
        ("send it to GB33BUKB20201555555555 today", "IBAN_CODE", "GB33BUKB20201555555555"),
        ("call me at (212) 555-0132 tonight", "PHONE_NUMBER", "(212) 555-0132"),
        ("the log says 203.0.113.9 again", "IP_ADDRESS", "203.0.113.9"),
        ("Yesterday Margaret Thompson wrote again.", "PERSON", "Margaret Thompson"),
    ],
)
def test_common_identifiers_are_found(text: str, kind: str, value: str) -> None:
    assert found(text)[kind] == value


def test_words_around_a_number_decide_what_it_is() -> None:
    """Context boosts survive without tagger and lemmatiser, from the text as from the column's name."""
    assert found("the social security number is 212548731")["US_SSN"] == "212548731"
    assert found("212548731", context=["ssn"])["US_SSN"] == "212548731"
    assert "US_SSN" not in found("212548731")
    assert found("212548731", weak=True)


def test_a_letter_with_a_digit_in_public_is_no_drivers_licence() -> None:
    assert "US_DRIVER_LICENSE" not in found("public transport stop A1 is closed, see the policy")
    assert found("her license is D1234567 from there")["US_DRIVER_LICENSE"] == "D1234567"


def test_a_number_is_never_a_person() -> None:
    text = "4 8 15 16 23 42"
    [spans] = detector().detect([text])
    assert not [s for s in spans if s.type == "PERSON"]


def test_an_email_is_not_also_a_web_address() -> None:
    [spans] = detector().detect(["ann.lee@example.org"])
    assert [s.type for s in spans] == ["EMAIL_ADDRESS"]


def test_each_text_of_a_batch_gets_its_own_answer() -> None:
    texts = ["", "ann@example.org", "nothing here", "bob@example.org and ann@example.org"] * 50
    batch = detector().detect(texts)
    assert [len([s for s in spans if s.type == "EMAIL_ADDRESS"]) for spans in batch] == [0, 1, 0, 2] * 50


@pytest.mark.parametrize(
    "text", ["\ud800 ann@example.org", "\x00 ann@example.org", "\u2028ann@example.org", " " * 9_000, "a" * 9_000]
)
def test_odd_characters_break_nothing(text: str) -> None:
    assert ("EMAIL_ADDRESS" in found(text)) == ("@" in text)


def test_the_work_is_told_as_it_goes() -> None:
    told: list[int] = []
    texts = ["a quiet sentence about nothing much"] * 300
    detector().detect(texts, names=False, tick=told.append)
    assert len(told) >= 3
    assert told == sorted(told)
    assert told[-1] == sum(map(len, texts))


SPANS = st.builds(
    lambda start, length, kind, score, proof: Span(start, min(start + length, 40), kind, score, proof),
    st.integers(0, 39),
    st.integers(1, 20),
    st.sampled_from(["PERSON", "PHONE_NUMBER", "URL"]),
    st.sampled_from([0.05, 0.4, 0.85, 1.0]),
    st.sampled_from(Proof),
)


@given(st.text(st.sampled_from("aB1 .-"), min_size=40, max_size=40), st.lists(SPANS, max_size=6))
def test_resolving_overlaps_uncovers_no_letter_and_leaves_no_overlap(text: str, spans: list[Span]) -> None:
    kept = resolve(text, spans)
    assert all(a.end <= b.start for a, b in pairwise(kept))
    strong = {c for s in spans if not s.weak for c in range(s.start, s.end) if text[c].isalnum()}
    assert strong <= {c for s in kept if not s.weak for c in range(s.start, s.end)}
    assert {s.type for s in kept} <= {s.type for s in spans}


def test_check_digits_outrank_patterns_and_patterns_the_name_model() -> None:
    name, phone, card = (
        Span(0, 10, k, 0.9, p) for k, p in zip(("PERSON", "PHONE_NUMBER", "CREDIT_CARD"), Proof, strict=True)
    )
    assert resolve("0123456789", [name, phone, card]) == [card]
    assert resolve("0123456789", [name, phone]) == [phone]


def test_a_failure_inside_a_recogniser_quotes_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(text: str, *args: object, **how: object) -> None:
        raise ValueError(f"did not find {text}")

    monkeypatch.setattr(detector()._engine, "found", fail)
    with pytest.raises(RuntimeError, match="16 characters") as error:
        detector().detect(["Margaret T. 4711"])
    assert "Margaret" not in str(error.value)
    assert error.value.__suppress_context__


def test_debug_logging_shows_no_word_of_a_text(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        detector().detect(["the phone of Zebulon Quarterstaff is 212-555-0132"])
    assert "Quarterstaff" not in caplog.text.title()


SCAN = """
import socket, sys, tempfile, pathlib
def no(*a, **k): raise AssertionError("the network was asked")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = no
from core.privacy.scan import scan
path = pathlib.Path(tempfile.mkdtemp()) / "a.csv"
path.write_text("text\\nwrite to ann.lee@example.co.uk\\nsee https://example.org/a\\n")
print(scan(path).direct_rows, *(n in sys.modules for n in ("torch", "transformers")))
import tldextract
print(tldextract.extract.suffix_list_urls)
import importlib.util
print(importlib.util.find_spec("torch") is not None)
"""


def test_a_scan_imports_no_torch_asks_no_network_and_leaves_torch_importable() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCAN], cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n") == ["1 False False", "()", "True", ""]


def test_a_code_of_letters_and_digits_is_no_phone_number_and_one_with_an_extension_is() -> None:
    codes = ["ORD-303456", "SKU4155550123", "tel:+14155550123", "415-555-0123x22", "call +1 415 555 0123"]
    found = [{s.type for s in spans} for spans in detector().detect(codes, names=False)]
    assert ["PHONE_NUMBER" in kinds for kinds in found] == [False, False, True, True, True]
