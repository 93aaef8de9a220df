"""A person's own rules: patterns and words are found, allowed words are not, thresholds hold, endless patterns end."""

import time
from pathlib import Path

import pytest

from core.errors import InputError
from core.privacy.detect import Detector, detector
from core.privacy.files import scan_files
from core.privacy.rules import load_rules

POLICY = """
allow = ["anna@acme.com"]
[thresholds]
EMAIL_ADDRESS = 0.2
IP_ADDRESS = 1.0
[[recognisers]]
type = "CUSTOMER_ID"
pattern = 'C-\\d{6}'
score = 0.3
context = ["customer"]
[[recognisers]]
type = "PROJECT"
deny_list = ["Blue Bird", "Bluebird"]
score = 0.9
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "policy.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    return Detector(load_rules(written(tmp_path_factory.mktemp("rules"), POLICY)))


def kinds(finder: Detector, text: str) -> dict[str, str]:
    return {text[s.start : s.end]: s.type for s in finder.detect([text])[0]}


def test_words_of_the_list_are_found_whole_and_in_any_case(ruled: Detector) -> None:
    assert kinds(ruled, "about bluebird and Blue Bird, not bluebirds") == {
        "bluebird": "PROJECT",
        "Blue Bird": "PROJECT",
    }


def test_a_pattern_is_found_where_its_context_supports_it(ruled: Detector) -> None:
    assert kinds(ruled, "the customer is C-123456 here").get("C-123456") == "CUSTOMER_ID"
    assert "CUSTOMER_ID" not in kinds(ruled, "it is C-123456 here").values()


def test_an_allowed_word_is_no_finding_and_its_like_is(ruled: Detector) -> None:
    found = kinds(ruled, "write to Anna@acme.com or ben@acme.com")
    assert found == {"ben@acme.com": "EMAIL_ADDRESS"}


def test_below_its_types_threshold_a_finding_does_not_count(ruled: Detector) -> None:
    text = "the server answers at 192.168.7.14"
    assert kinds(detector(), text).get("192.168.7.14") == "IP_ADDRESS"
    assert "IP_ADDRESS" not in kinds(ruled, text).values()


def test_a_pattern_that_backtracks_for_ever_is_stopped_told_and_the_rest_scanned(tmp_path: Path) -> None:
    endless = "[[recognisers]]\ntype = 'ENDLESS'\npattern = '(?:a|aa)+$'\n"
    policy = written(tmp_path, endless + POLICY[POLICY.index("[[recognisers]]") :])
    data = tmp_path / "rows.csv"
    data.write_text("note\n" + "a" * 60 + "b, customer C-123456\n" + "customer C-654321 asks\n", encoding="utf-8")
    begun = time.perf_counter()
    report = scan_files([data], policy=policy).as_json()
    assert time.perf_counter() - begun < 60
    [message] = [b["message"] for b in report["broken"]]
    assert "recogniser 1 (ENDLESS) took more than 1 s" in message
    assert "aaa" not in message
    assert "CUSTOMER_ID" in {e["type"] for e in report["files"][0]["columns"][0]["entities"]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[recognisers]]\ntype = 'X_ID'\n", "recognisers.1: give either pattern or deny_list"),
        ("[[recognisers]]\ntype = 'X_ID'\npattern = '(a'\n", "recognisers.1: pattern is no regular expression"),
        ("[[recognisers]]\ntype = 'X_ID'\npattern = 'a*'\n", "fits an empty text"),
        ("[thresholds]\nPERSON = 2\n", "line 2: thresholds.PERSON: must be less than or equal to 1"),
        ("alow = []\n", "line 1: alow: unknown key (did you mean 'allow'?)"),
        ("allow = [", "not TOML"),
    ],
)
def test_a_policy_that_means_nothing_is_refused_with_the_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputError, match=r"policy\.toml") as error:
        load_rules(written(tmp_path, text))
    assert told in str(error.value)


def test_a_missing_policy_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_rules(tmp_path / "none.toml")
