"""Own rules: a change is tried out on the venture's rows, and counts only once it is kept."""

from typing import Any

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from core import store, ventures
from core.jobs import JobStatus, jobs, submit
from core.privacy.leak.mark import Mark, places
from core.privacy.leak.pick import TextFile, choose
from core.privacy.leak.sheet import Folder
from core.privacy.names import weights
from core.privacy.rulefile import parse
from core.privacy.teach.draft import Draft, fingerprint
from core.settings import Settings
from core.venture import OWN_NAMES, RULES, Venture, load
from pages.shared import frame
from tests.pages.test_leak_page import TEXTS, find, open_page, words


@pytest.fixture
def of(own: Settings) -> Venture:
    file = ventures.create(own, "Mail", {})
    (file.parent / "mail.csv").write_text("text\n" + "".join(f'"{TEXTS[i % 4]}"\n' for i in range(80)))
    row = {"id": "mail", "path": "mail.csv", "text": "text"}
    file.write_text(ventures.put_dataset(file.read_text(encoding="utf-8"), row), encoding="utf-8")
    return load(file)


@pytest.fixture
def draft(of: Venture, own: Settings) -> Draft:
    return Draft(Folder.of(own.var, of.key).path, RULES)


def page(slug: str = "mail") -> AppTest:
    at = open_page(slug).switch_page("pages/privacy/teach.py").run()
    assert not at.exception
    return at


def button(at: AppTest, label: str) -> Any:
    return next(b for b in at.button if b.label == label)


def teach(at: AppTest, **fields: str) -> None:
    for name, value in fields.items():
        at.session_state[f"teach-{name}-mail"] = value
    at.run()
    button(at, "Try it on my rows").click().run()
    assert not at.exception


def ended(of: Venture, kind: str, result: dict[str, Any]) -> None:
    """A job of the venture that ended well with this result."""
    job = submit(frame.store(), frame.config(), kind, venture=of.key)
    with store.writing(frame.store()) as c:
        done = update(store.jobs).where(store.jobs.c.id == job)
        c.execute(done.values(status=JobStatus.DONE, result=result))


def share(value: float, n: int = 50) -> dict[str, float]:
    return {"value": value, "low": value / 2, "high": min(1.0, value + 0.1), "n": n}


def effect_of(of: Venture, text: str, **more: Any) -> dict[str, Any]:
    drawn = {"rows": 80, "total": 80, "changed": 0, "low": 0.0, "high": 0.0, "types": [], "list": []}
    told = {"draft": fingerprint(text), "inputs": of.inputs("privacy"), "reach": [], "labelled": None, "problems": []}
    return told | {"drawn": drawn} | more


def test_before_anything_is_taught_the_page_says_what_it_is_for(of: Venture) -> None:
    at = page()
    assert "So far nothing of yours" in words(at)
    assert not [b for b in at.button if b.label == "Keep it"]


def test_examples_become_a_rule_that_is_tried_and_not_used(of: Venture, draft: Draft) -> None:
    at = page()
    at.text_area(key="teach-examples-mail").set_value("C-10442\nC-93").run()
    assert "“C” then a hyphen then 2 to 5 digits" in words(at)
    teach(at, name="customer number", near="customer, account")
    [rule] = parse(draft.text or "", RULES).recognisers
    assert (rule.type, rule.context, rule.score) == ("CUSTOMER_NUMBER", ["customer", "account"], 0.6)
    assert "**customer number**: “C” then a hyphen then 2 to 5 digits, surer near customer, account" in words(at)
    assert [j.kind for j in jobs(frame.store())] == ["effect"]
    assert not (of.folder / RULES).exists()
    assert "You are trying out a change" in words(at)
    assert at.text_area(key="teach-examples-mail").value == ""


def test_a_broad_form_counts_only_near_its_words(of: Venture, draft: Draft) -> None:
    at = page()
    at.text_area(key="teach-examples-mail").set_value("1234").run()
    assert "Much else looks like that" in words(at)
    at.text_input(key="teach-near-mail").set_value("customer").run()
    assert at.toggle(key="teach-only-mail").value is True
    teach(at, name="customer number")
    [rule] = parse(draft.text or "", RULES).recognisers
    assert rule.score < 0.4


def test_the_store_never_holds_a_word_that_is_taught(of: Venture, own: Settings) -> None:
    at = page()
    teach(at, way="A list of words", name="staff", words="Zebulonia Okonkwo\nWrexling")
    frame.store().dispose()
    kept = b"".join(p.read_bytes() for p in own.var.glob("app.db*"))
    assert b"effect" in kept
    assert b"Zebulonia" not in kept
    assert b"Wrexling" not in kept


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"words": "Bluebird", "way": "A list of words"}, "Say what you call it"),
        ({"name": "project", "way": "A list of words"}, "Say how it is recognised"),
        ({"name": "project", "way": "A pattern I write myself", "pattern": "(a"}, "no regular expression"),
        ({"name": "project", "way": "A pattern I write myself", "pattern": "a*"}, "found everywhere"),
    ],
)
def test_a_rule_that_cannot_be_is_answered_in_words_and_loses_nothing(
    of: Venture, draft: Draft, fields: dict[str, str], told: str
) -> None:
    at = page()
    teach(at, **fields)
    assert told in words(at)
    assert draft.text is None
    assert not jobs(frame.store())
    kept = {"words": "text_area", "pattern": "text_input", "name": "text_input"}
    for name, kind in kept.items():
        if name in fields:
            assert getattr(at, kind)(key=f"teach-{name}-mail").value == fields[name]


def test_words_to_allow_and_thresholds_are_listed_and_can_be_taken_back(of: Venture, draft: Draft) -> None:
    at = page()
    at.radio(key="teach-what-mail").set_value("Something it finds wrongly").run()
    teach(at, allow="parcel\nNorthwind Bank")
    at.radio(key="teach-what-mail").set_value("How sure it must be").run()
    at.number_input(key="teach-least-mail-PERSON").set_value(0.9).run()
    button(at, "Try it on my rows").click().run()
    rules = parse(draft.text or "", RULES)
    assert (rules.allow, rules.thresholds) == (["parcel", "Northwind Bank"], {"PERSON": 0.9})
    assert "**person name** counts from a score of 0.9 on" in words(at)
    while left := [b for b in at.button if b.label == "Take it back"]:
        left[0].click().run()
        assert not at.exception
    assert draft.text is None


def test_what_was_kept_is_searched_by_and_the_labelled_rows_are_searched_again(
    of: Venture, draft: Draft, own: Settings
) -> None:
    private = Folder.of(own.var, of.key)
    source = [TextFile("mail.csv", of.locate("mail.csv"), "text")]
    sheet = choose(source, find, private, threshold=0.4, detector="test", rows=12)
    private.write(sheet.with_truth(0, []))
    draft.put('allow = ["parcel"]\n')
    at = page()
    button(at, "Keep it").click().run()
    assert not at.exception
    assert (of.folder / RULES).read_text() == 'allow = ["parcel"]\n'
    assert draft.text is None
    assert [j.kind for j in jobs(frame.store())] == ["leak"]
    assert "Kept." in "".join(s.value for s in at.success)


def test_a_dropped_change_leaves_the_rules_in_force(of: Venture, draft: Draft) -> None:
    (of.folder / RULES).write_text('allow = ["bank"]\n')
    draft.put('allow = ["parcel"]\n')
    at = page()
    assert "**parcel** is never a finding" in words(at)
    button(at, "Drop it").click().run()
    assert "**bank** is never a finding" in words(at)
    assert draft.text is None


def test_rules_of_the_sample_can_be_tried_but_not_kept(own: Settings) -> None:
    at = page("support-desk")
    at.session_state["teach-name-support-desk"] = "ticket number"
    at.session_state["teach-examples-support-desk"] = "T-10001"
    at.run()
    button(at, "Try it on my rows").click().run()
    assert not at.exception
    assert button(at, "Keep it").disabled
    assert "Duplicate it to keep them" in words(at)


def test_the_effect_is_shown_with_intervals_rows_and_reach(of: Venture, draft: Draft) -> None:
    text = "[[recognisers]]\ntype = \"CODE\"\npattern = 'C-\\d+'\n"
    draft.put(text)
    row = {"path": "mail.csv", "at": 4, "was": True, "now": False, "lost": []}
    row["gained"] = [{"type": "CODE", "shown": "***-####", "right": True}]
    figures = {"leak": share(0.24), "recall": share(0.7), "precision": share(0.9)}
    labelled = {"before": figures, "after": figures | {"leak": share(0.1)}, "rows": 50, "mended": 7, "broken": 0}
    reach = {"type": "CODE", "number": 1, "rows": 20, "read": 80, "total": 80, "low": 0.25, "high": 0.25, "values": 3}
    reach |= {
        "columns": [{"path": "mail.csv", "name": "text", "cells": 20}],
        "examples": ["***-####"],
        "stopped": False,
    }
    told = effect_of(of, text, labelled=labelled | {"changed": 7, "list": [row]}, reach=[reach])
    ended(of, "effect", told)
    at = page()
    said = words(at)
    assert "Rows that still leak: 24 % → 10 %" in said
    assert "7 no longer leak, 0 leak only now" in said
    assert "Fits in 20 of 80 rows (25 %), 3 different values, in text, like ***-####" in said
    [table] = [d.value for d in at.dataframe if "for masking" in d.value]
    assert table.iloc[0].to_dict() == {
        "file": "mail.csv",
        "row": 5,
        "newly found": "code ***-#### ✓ you marked it",
        "no longer found": "",
        "for masking": "no longer leaks",
    }


def test_the_effect_of_other_rules_or_data_is_not_shown_for_these(of: Venture, draft: Draft) -> None:
    draft.put('allow = ["parcel"]\n')
    ended(of, "effect", effect_of(of, 'allow = ["bank"]\n'))
    at = page()
    assert "drawn at random is masked differently" not in words(at)
    ended(of, "effect", effect_of(of, draft.text or ""))
    at.run()
    assert "drawn at random is masked differently" in words(at)
    (of.folder / "mail.csv").write_text("text\nother\n")
    at.run()
    assert "drawn at random is masked differently" not in words(at)
    button(at, "See what it changes").click().run()
    assert [j.kind for j in jobs(frame.store(), live=True)] == ["effect"]


def test_a_broken_file_is_answered_at_its_line_and_can_be_corrected(of: Venture, draft: Draft) -> None:
    (of.folder / RULES).write_text('# ours\nalow = ["parcel"]\n')
    at = page()
    assert "line 2: alow: unknown key (did you mean 'allow'?)" in words(at)
    at.text_area[0].set_value('# ours\nallow = ["parcel"]\n').run()
    button(at, "Try this file").click().run()
    assert not at.exception
    assert draft.text == '# ours\nallow = ["parcel"]\n'


def test_what_was_marked_as_missed_is_offered_as_examples(of: Venture, own: Settings) -> None:
    private = Folder.of(own.var, of.key)
    source = [TextFile("mail.csv", of.locate("mail.csv"), "text")]
    sheet = choose(source, find, private, threshold=0.4, detector="test", rows=12)
    for i, row in enumerate(sheet.rows):
        missed = [Mark(*p, "PERSON") for p in places(TEXTS[row.at % 4], "Bob Singh")]
        sheet = sheet.with_truth(i, missed)
    private.write(sheet)
    at = page()
    button(at, "person name (1)").click().run()
    assert not at.exception
    assert at.text_area(key="teach-words-mail").value == "Bob Singh"
    assert at.selectbox(key="teach-kind-mail").value == "PERSON"


OUTCOME = {
    "adopted": False,
    "reason": "The share of texts that leak did not fall beyond doubt.",
    "held_out": {
        "before": {"leak": share(0.12, 900), "clean_flagged": share(0.02, 300), "f2": 0.8},
        "after": {"leak": share(0.11, 900), "clean_flagged": share(0.02, 300), "f2": 0.8},
        "leak": {"value": -0.01, "low": -0.03, "high": 0.01, "n": 900},
        "clean": {"value": 0.0, "low": 0.0, "high": 0.0, "n": 300},
        "adopted": False,
        "reason": "",
    },
    "labelled": None,
    "rows": 1500,
    "sentences": 400,
    "texts": 9000,
    "seconds": 180.0,
    "share": 1.0,
}


def names(at: AppTest) -> AppTest:
    at.radio(key="teach-view-mail").set_value("Own name model").run()
    assert not at.exception
    return at


def test_a_name_model_is_trained_on_demand_for_as_long_as_was_said(of: Venture) -> None:
    at = names(page())
    assert "It uses the name model that ships" in words(at)
    at.radio(key="names-minutes-mail").set_value(10.0).run()
    at.button(key="start-names").click().run()
    assert not at.exception
    [job] = jobs(frame.store())
    assert (job.kind, job.params["minutes"]) == ("names", 10.0)


def test_a_training_that_was_not_adopted_says_why_with_both_figures(of: Venture) -> None:
    ended(of, "names", OUTCOME)
    said = words(names(page()))
    assert "**Not adopted.**" in said
    assert "did not fall beyond doubt" in said
    assert "Held-out texts that leak: 12 % → 11 %" in said
    assert "-1.0 points (-3.0 to +1.0)" in said


def test_an_adopted_model_is_said_and_can_be_dropped(of: Venture, own: Settings) -> None:
    file = Folder.of(own.var, of.key).path / OWN_NAMES
    file.parent.mkdir(parents=True)
    before = of.inputs("privacy")
    weights.save(file, {}, {}, {"outcome": OUTCOME | {"adopted": True, "reason": "Fewer texts leak."}})
    adopted = of.inputs("privacy")
    assert adopted != before  # so that the figures of the model that ships are stale
    at = names(page())
    assert "a name model of this venture's own" in words(at)
    assert "**Adopted.**" in words(at)
    at.button(key="names-drop").click().run()
    assert not at.exception
    assert not file.exists()
    assert "It uses the name model that ships" in words(at)
    assert of.inputs("privacy") == before
