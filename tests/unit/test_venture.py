"""The venture file: what it accepts, and how it says what is wrong."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.venture import load, load_text, parse
from core.venture_errors import line_of

GOOD = """schema = 1
name = "Idea"
"""


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_text(text, Path("venture.toml"))
    return str(caught.value).splitlines()


def test_a_name_is_enough() -> None:
    assert load_text(GOOD, Path("venture.toml")).distribution.modes == ["saas"]


def test_every_problem_is_named_at_once_with_its_line_and_key() -> None:
    said = problems(
        'schema = 1\nname = ""\ncolour = "red"\n\n[must]\naccuracy = 1.4\np95 = 3\n\n'
        '[[datasets]]\nid = "ok"\npath = "a.csv"\ntext = "t"\n\n[[datasets]]\nid = "two"\npath = "b.csv"\n'
    )
    assert said[0] == "venture.toml has 5 problems:"
    assert said[1].startswith("line 2: name")
    assert said[2].startswith("line 3: colour: unknown key")
    assert said[3].startswith("line 6: must.accuracy")
    assert said[4].startswith("line 7: must.p95")
    assert said[5] == "line 14: datasets.2.text: is missing."


def test_a_misspelt_key_is_answered_with_the_right_one() -> None:
    assert "did you mean 'p95_ms'?" in problems(GOOD + "[must]\np95ms = 3\n")[1]


def test_broken_toml_names_its_line() -> None:
    assert "line 3" in problems(GOOD + "name = = 3\n")[0]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('[distribution]\nmodes = ["sass"]\n', "saas"),
        ('[[dependencies]]\nmanifest = "a"\nenvironment = "current"\n', "either"),
        ("[[dependencies]]\n", "either"),
        ('[[dependencies]]\nsource = "a"\nsbom = "b"\n', "either"),
        ('[[dependencies]]\nsource = "a"\nplatform = "amiga"\n', "linux"),
        ('[market]\ntam = ["nope"]\n', "nope"),
        ('[market]\n[[market.assumptions]]\nid="a"\nlabel="A"\nunit="x"\np10=3\np50=2\np90=1\n', "p10 <= p50"),
        ('[market]\n[[market.assumptions]]\nid="a"\nlabel="A"\nunit="share"\np10=0.1\np50=0.2\np90=1.5\n', "at most 1"),
        ('[market]\nsam=["a"]\n[[market.assumptions]]\nid="a"\nlabel="A"\nunit="x"\np10=1\np50=2\np90=3\n', "share"),
        ('[[datasets]]\nid="a"\npath="p"\ntext="t"\n[[datasets]]\nid="a"\npath="p"\ntext="t"\n', "same id"),
        ('[model]\nunlabelled="a"\n[[datasets]]\nid="a"\npath="p"\ntext="t"\nlabel="l"\n', "there is none"),
    ],
)
def test_contradictions_are_refused_in_words(text: str, word: str) -> None:
    assert word in "\n".join(problems(GOOD + text))


def test_a_missing_file_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"venture\.toml"):
        load(tmp_path / "nowhere")


def test_a_confined_venture_reads_nothing_outside_its_folders(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a,b\n")
    home = tmp_path / "venture"
    home.mkdir()
    (home / "link.csv").symlink_to(tmp_path / "secret.csv")
    of = parse(tomllib.loads(GOOD), home / "venture.toml", (home,))
    for path in ("../secret.csv", str(tmp_path / "secret.csv"), "link.csv", "/etc/passwd"):
        with pytest.raises(InputError, match="leads out of the venture's folder"):
            of.locate(path)


def test_evidence_turns_stale_when_a_file_or_its_table_changes(tmp_path: Path) -> None:
    data = tmp_path / "t.csv"
    data.write_text("text,label\na,b\n")
    text = GOOD + '[[datasets]]\nid="t"\npath="t.csv"\ntext="text"\nlabel="label"\n'
    before = load_text(text, tmp_path / "venture.toml").inputs("model")
    data.write_text("text,label\na,c\nd,e\n")
    assert load_text(text, tmp_path / "venture.toml").inputs("model") != before
    data.unlink()
    assert load_text(text, tmp_path / "venture.toml").inputs("model")["t.csv"] == "missing"
    texts = text + '[[datasets]]\nid="more"\npath="m.csv"\ntext="text"\n[model]\nunlabelled="more"\n'
    assert load_text(texts, tmp_path / "venture.toml").inputs("model")["m.csv"] == "missing"
    other = text.replace('label="label"', 'label="other"')
    assert load_text(other, tmp_path / "venture.toml").inputs("privacy") != before


def test_a_change_of_the_market_leaves_the_model_fresh(tmp_path: Path) -> None:
    one = load_text(GOOD, tmp_path / "venture.toml")
    two = load_text(GOOD + '[market]\ncurrency = "EUR"\n', tmp_path / "venture.toml")
    assert one.inputs("model") == two.inputs("model")
    assert one.inputs("market") != two.inputs("market")


@given(st.text(max_size=300), st.lists(st.one_of(st.text(max_size=8), st.integers(0, 5)), max_size=4))
def test_a_line_is_found_for_any_text_and_any_key(text: str, loc: list[str | int]) -> None:
    assert 1 <= line_of(text, tuple(loc)) <= max(1, len(text.splitlines()))


@given(st.text(max_size=200))
def test_no_text_whatever_crashes_the_reader(text: str) -> None:
    try:
        load_text(text, Path("venture.toml"))
    except InputError as error:
        assert str(error)  # noqa: PT017 - most texts raise nothing
