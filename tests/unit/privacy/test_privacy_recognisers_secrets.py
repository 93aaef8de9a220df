"""Secrets are found by their issuer's form or the words before them, and talk about passwords is none.

The keys are made here, from parts, so that no scanner of this repository takes them for real ones.
"""

import base64
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.privacy.detect import detector
from core.privacy.recognisers.secrets import Secrets, entropy

ALNUM = string.ascii_letters + string.digits
MADE = st.text(ALNUM, min_size=36, max_size=36)


def secrets(text: str) -> list[str]:
    return [text[m.start : m.end] for m in Secrets().find(text)]


@given(MADE)
def test_an_issued_token_is_found_whole_inside_a_sentence(body: str) -> None:
    for token in ("gh" + "p_" + body, "sk" + "-proj-" + body, "xox" + "b-" + body, "AI" + "za" + body[:35]):
        assert token in secrets(f"we leaked {token}, revoke it")


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3), MADE)
def test_a_web_token_is_told_by_its_header(claims: dict[str, str], signature: str) -> None:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")

    token = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part({'sub': '1', **claims})}.{signature}"
    assert token in secrets(f"Authorization: {token}")
    assert token not in secrets(f"x {part({'not': 'a header'})}.{part(claims)}.{signature}")


def test_a_private_key_is_one_secret_to_its_end() -> None:
    key = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow" + "IBAAKCAQEA7\n" * 9 + "-----END RSA PRIVATE KEY-----"
    assert secrets(f"here:\n{key}\nthanks") == [key]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("password: hunter2", "hunter2"),
        ("the password is Tr0ub4dor&3!", "Tr0ub4dor&3"),
        ("PASSWORD=correcthorsebatterystaple9", "correcthorsebatterystaple9"),
        ("密码：abc12345", "abc12345"),
    ],
)
def test_a_password_is_found_by_the_word_before_it(text: str, value: str) -> None:
    [spans] = detector().detect([text])
    assert ("SECRET", value) in [(s.type, text[s.start : s.end]) for s in spans]


@pytest.mark.parametrize(
    "text",
    [
        "my password is incorrect",
        "please reset my password today",
        "the token expired yesterday",
        "password: ********",
        "your api key is missing",
        "the secret is patience",
        "pass the salt",
    ],
)
def test_talk_about_secrets_is_no_secret(text: str) -> None:
    assert not secrets(text)


def test_a_password_inside_an_address_is_found() -> None:
    assert secrets("postgres://app:s3cr3tpw@db.example.org/app") == ["s3cr3tpw"]


def test_entropy_is_in_bits_a_character() -> None:
    assert entropy("aaaa") == 0
    assert entropy("abcd") == pytest.approx(2)
