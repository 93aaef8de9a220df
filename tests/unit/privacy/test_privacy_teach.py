"""What a founder teaches the search: patterns from examples, a draft in small steps, and what a change would change."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.privacy.leak.mark import Mark, places
from core.privacy.leak.pick import TextFile, choose
from core.privacy.leak.sheet import Folder
from core.privacy.rulefile import Recogniser, parse
from core.privacy.rules import Timed
from core.privacy.teach import draft as edits
from core.privacy.teach import effect
from core.privacy.teach.draft import Draft
from core.privacy.teach.propose import MOST_KINDS, propose
from core.progress import Progress, silent

CODES = st.lists(st.from_regex(r"[A-Za-z]{0,3}[-/ ]?[0-9]{1,5}[A-Z]{0,2}", fullmatch=True), min_size=1, max_size=5)


def fits(pattern: str, text: str) -> list[str]:
    return [m.group() for m in regex.finditer(pattern, text)]


@given(CODES)
def test_a_proposed_pattern_finds_every_example_in_a_sentence_and_in_chinese(examples: list[str]) -> None:
    pattern = propose(examples).pattern
    assert regex.search(pattern, "") is None
    for example in (" ".join(e.split()) for e in examples):
        assert example in fits(pattern, f"it was ({example}), he said")
        assert example in fits(pattern, f"我的{example}号")


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=8))
def test_any_examples_give_a_pattern_that_fits_them_or_are_refused(examples: list[str]) -> None:
    try:
        pattern = propose(examples).pattern
    except InputError:
        return
    for example in (" ".join(e.split()) for e in examples if e.strip()):
        assert regex.search(pattern, example) is not None


@pytest.mark.parametrize(
    ("examples", "also", "never", "words"),
    [
        (["C-1204", "C-77"], "C-981", "D-1204", "“C” then a hyphen then 2 to 4 digits"),
        (["AB12 3456", "CD99 1234"], "XY00 9999", "ABC12 3456", "2 capital letters then 2 digits then a space"),
        (["a3f9c2", "77b0ff"], "12ab34", "please", "6 small letters and digits"),
        (["12345"], "99999", "123456", "5 digits"),
        (["K1-2", "9"], "7", "AB", "or 1 digit"),
    ],
)
def test_a_pattern_fits_others_of_its_kind_and_says_in_words_what_it_fits(
    examples: list[str], also: str, never: str, words: str
) -> None:
    found = propose(examples)
    assert fits(found.pattern, f"see {also} there") == [also]
    assert fits(found.pattern, f"see {never} there") == []
    assert words in found.words


def test_what_has_the_form_of_much_else_is_called_broad() -> None:
    assert [propose([e]).broad for e in ("1234", "X1", "a3f9c2", "C-10442", "4711-0001")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert propose(["a3f9c2", "77b0ff"]).broad


@pytest.mark.parametrize(
    ("examples", "told"),
    [
        ([" ", ""], "at least one example"),
        (["Bluebird", "Redwood"], "list of words"),
        ([f"{'-' * i}1" for i in range(MOST_KINDS + 1)], "different forms"),
        (["1" * 101], "up to 100 characters"),
    ],
)
def test_examples_that_make_no_rule_are_answered_with_what_to_do(examples: list[str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        propose(examples)


STEPS = st.lists(
    st.one_of(
        st.builds(lambda w: ("allow", [w]), st.text(min_size=1, max_size=8)),
        st.builds(lambda w: ("words", w), st.text(min_size=1, max_size=8)),
        st.just(("pattern", r"C-\d{3}")),
        st.builds(lambda v: ("least", round(v, 2)), st.floats(0, 1)),
    ),
    max_size=6,
)


@given(STEPS)
def test_steps_of_a_draft_say_what_was_asked_and_taken_back_they_leave_nothing(steps: list[tuple[str, object]]) -> None:
    text = "# mine\n"
    for kind, value in steps:
        if kind == "allow":
            text = edits.allow(text, value)  # type: ignore[arg-type]
        elif kind == "least":
            text = edits.threshold(text, "PERSON", value)  # type: ignore[arg-type]
        else:
            text = edits.add(text, {"type": "OURS", **({"deny_list": [value]} if kind == "words" else {kind: value})})
    rules = parse(text, "x")
    assert [r.pattern or r.deny_list for r in rules.recognisers] == [
        v if k == "pattern" else [v] for k, v in steps if k in ("pattern", "words")
    ]
    assert rules.allow == list(dict.fromkeys(w for k, v in steps if k == "allow" for w in v))  # type: ignore[attr-defined]
    assert "# mine" in text
    for word in rules.allow:
        text = edits.disallow(text, word)
    for kind in rules.thresholds:
        text = edits.threshold(text, kind, None)
    for _ in rules.recognisers:
        text = edits.remove(text, 0)
    assert parse(text, "x") == parse("", "x")
    assert "# mine" in text


def test_a_draft_is_private_whole_and_refuses_what_means_nothing(tmp_path: Path) -> None:
    draft = Draft(tmp_path / "private", "privacy.toml")
    assert draft.text is None
    draft.put('allow = ["Ann"]\n')
    assert draft.text == 'allow = ["Ann"]\n'
    with pytest.raises(InputError, match=r"line 2: allowed: unknown key") as error:
        draft.put('# note\nallowed = ["Ann"]\n')
    assert "Ann" not in str(error.value)
    assert draft.text == 'allow = ["Ann"]\n'
    [file] = (tmp_path / "private").iterdir()
    assert oct(file.stat().st_mode)[-3:] == "600"
    draft.drop()
    assert draft.text is None


TEXTS = ["call *Ann Miller* now", "tell Bob Singh, at home", "where is C-1204", "all is well"]


def finder(*known: str) -> object:
    def find(texts: Sequence[str], told: Progress = silent) -> list[list[Mark]]:
        return [[Mark(*p, "PERSON", 0.85) for w in known for p in places(t, w)] for t in texts]

    return find


def rows(folder: Path, n: int = 40) -> TextFile:
    (folder / "rows.csv").write_text("ref,text\n" + "".join(f'{i},"{TEXTS[i % 4]}"\n' for i in range(n)))
    return TextFile("rows.csv", folder / "rows.csv", "text")


def test_the_effect_on_labelled_rows_is_that_of_searching_them_twice(tmp_path: Path) -> None:
    file = rows(tmp_path)
    before, after = finder("Ann"), finder("Ann Miller", "Bob Singh", "home")
    sheet = choose([file], before, Folder(tmp_path / "p"), threshold=0.4, detector="t", rows=12)  # type: ignore[arg-type]
    texts = [TEXTS[r.at % 4] for r in sheet.rows]
    truths = {0: "Ann Miller", 1: "Bob Singh"}
    for i, r in enumerate(sheet.rows):
        words = truths.get(r.at % 4)
        sheet = sheet.with_truth(i, [Mark(*p, "PERSON") for p in places(texts[i], words)] if words else [])
    told = effect.on_labelled(sheet, texts, before, after, threshold=0.4)  # type: ignore[arg-type]
    leaking = sum(r.at % 4 in truths for r in sheet.rows)
    assert (told["mended"], told["broken"], told["changed"]) == (leaking, 0, leaking)
    assert told["before"]["leak"]["value"] > 0.4
    assert told["after"]["leak"]["value"] == 0
    assert told["after"]["recall"]["value"] == 1
    assert told["after"]["precision"]["value"] < 1
    bob = next(r for r in told["list"] if r["at"] % 4 == 1)
    assert [(p["shown"], p["right"]) for p in bob["gained"]] == [("B*** ***", True), ("h***", False)]
    assert (bob["was"], bob["now"]) == (True, False)
    assert not any(w in json.dumps(told) for w in ("Ann", "Mill", "Bob", "Sing", "home"))


def test_the_effect_on_drawn_rows_counts_rows_and_pieces_by_type(tmp_path: Path) -> None:
    sample = effect.draw([rows(tmp_path)])
    assert (len(sample.texts), sample.total) == (40, 40)
    assert all(TEXTS[at % 4] == text for (_, at), text in zip(sample.places, sample.texts, strict=True))
    told = effect.on_drawn(sample, finder("Ann"), finder("Bob"), threshold=0.4)  # type: ignore[arg-type]
    assert (told["changed"], told["low"], told["high"]) == (20, 0.5, 0.5)
    assert told["types"] == [{"type": "PERSON", "gained": 10, "lost": 10}]
    none = effect.on_drawn(sample, finder("Ann"), finder("Ann"), threshold=0.4)  # type: ignore[arg-type]
    assert (none["changed"], none["types"], none["list"]) == (0, [], [])


def test_how_far_a_rule_reaches_is_counted_over_all_columns_and_an_endless_one_is_told(tmp_path: Path) -> None:
    file = rows(tmp_path)
    rules = [Recogniser(type="CODE", pattern=r"C-\d+"), Recogniser(type="REF", pattern=r"(?<!\d|-)\d{1,2}(?!\d)")]
    code, ref = effect.reach([file], [Timed(r, i) for i, r in enumerate(rules, 1)])
    assert (code["rows"], code["read"], code["values"]) == (10, 40, 1)
    assert code["columns"] == [{"path": "rows.csv", "name": "text", "cells": 10}]
    assert code["examples"] == ["***-####"]
    assert ref["columns"][0] == {"path": "rows.csv", "name": "ref", "cells": 40}
    (tmp_path / "rows.csv").write_text("text\n" + "a" * 60 + "!\n")
    [endless] = effect.reach([file], [Timed(Recogniser(type="AA", pattern="(a|a)+$"), 1)])
    assert endless["stopped"]


def test_the_words_of_a_rule_are_whole_and_any_case() -> None:
    rule = Recogniser(type="PLACE", deny_list=["Unit 1", "Unit 12"])
    assert [m.group() for m in re.finditer(rule.expression, "unit 12, UNIT 1 and Unit 123")] == ["unit 12", "UNIT 1"]
