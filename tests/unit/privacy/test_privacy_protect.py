"""A masked example shows the form of a value and gives nothing of it away."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.privacy.policy import TYPES
from core.privacy.protect import masked

KINDS = st.sampled_from([*TYPES, "NEW_TYPE"])


@given(st.text(min_size=1), KINDS)
@example("***.***", "URL")
@example("###-##-####", "US_SSN")
@example("J*** ***", "PERSON")
@example("…", "US_SSN")
@example("--", "NUMBER")
def test_a_masked_example_shares_no_three_characters_with_the_value(value: str, kind: str) -> None:
    form = masked(value, kind)
    assert form != value
    assert not any(form[i : i + 3] in value for i in range(len(form) - 2))


@given(st.text(min_size=1), KINDS)
def test_a_masked_example_keeps_at_most_the_first_letter(value: str, kind: str) -> None:
    kept = [c for c in masked(value, kind) if c.isalnum()]
    assert len(kept) <= 1
    assert not any(c.isdigit() for c in kept)


@pytest.mark.parametrize(
    ("value", "kind", "form"),
    [
        ("john.smith@example.com", "EMAIL_ADDRESS", "j***@***.***"),
        ("John Smith", "PERSON", "J*** ***"),
        ("212-54-8731", "US_SSN", "###-##-####"),
        ("+1 (415) 555-0132", "PHONE_NUMBER", "+# (###) ###-####"),
        ("4111 1111 1111 1111", "CREDIT_CARD", "#### #### #### ####"),
    ],
)
def test_the_form_can_be_recognised(value: str, kind: str, form: str) -> None:
    assert masked(value, kind) == form
