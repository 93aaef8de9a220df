"""The leak meter's page: rows are labelled one by one, kept at once, and turned into figures with their intervals."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import ventures
from core.evidence import Evidence, Source
from core.jobs import jobs
from core.privacy.leak import record
from core.privacy.leak.mark import Mark, places
from core.privacy.leak.pick import TextFile, choose
from core.privacy.leak.sheet import Folder, Sheet
from core.settings import Settings
from core.store import append, connect, latest
from core.venture import RULES, Venture, load
from pages.shared import frame

PROJECT = Path(__file__).resolve().parents[2]
TEXTS = ["please call *Ann Miller* $now$ [ok]", "tell Bob Singh, at home", "where is my parcel", "all is well"]


def find(texts: list[str], _told: object) -> list[list[Mark]]:
    """A detector that finds Ann by half, is unsure of Bob, and takes a parcel for a person."""
    known = {"Ann": 0.85, "Bob Singh": 0.2, "parcel": 0.85}
    return [[Mark(*p, "PERSON", s) for w, s in known.items() for p in places(t, w)] for t in texts]


@pytest.fixture
def of(own: Settings) -> Venture:
    file = ventures.create(own, "Mail", {})
    (file.parent / "mail.csv").write_text("text\n" + "".join(f'"{TEXTS[i % 4]}"\n' for i in range(80)))
    row = {"id": "mail", "path": "mail.csv", "text": "text"}
    file.write_text(ventures.put_dataset(file.read_text(encoding="utf-8"), row), encoding="utf-8")
    return load(file)


@pytest.fixture
def private(of: Venture, own: Settings) -> Folder:
    """The venture's private folder with rows chosen."""
    folder = Folder.of(own.var, of.key)
    source = [TextFile("mail.csv", of.locate("mail.csv"), "text")]
    folder.write(choose(source, find, folder, threshold=0.4, detector="test", rows=12))
    return folder


def sheet(private: Folder) -> Sheet:
    found = private.read()
    assert found is not None
    return found


def open_page(slug: str = "mail") -> AppTest:
    at = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    at.query_params["venture"] = slug
    at.run()
    return at.switch_page("pages/privacy/leak.py").run()


def words(at: AppTest) -> str:
    kinds = (at.title, at.markdown, at.caption, at.info, at.error, at.warning)
    return "\n".join(str(e.value) for kind in kinds for e in kind)


def go_to(at: AppTest, private: Folder, text: str) -> int:
    """Open the first row that holds a text, by its place in the file."""
    at_row = next(i for i, r in enumerate(sheet(private).rows) if TEXTS[r.at % 4] == text)
    at.session_state["leak-at-mail"] = at_row
    at.run()
    assert not at.exception
    return at_row


def field(at: AppTest) -> Any:
    return next(t for t in at.text_input if t.label.startswith("Copy it here"))


def save(at: AppTest) -> None:
    at.button(key="leak-save").click().run()
    assert not at.exception


def test_before_any_row_is_chosen_the_page_says_what_it_does_and_keeps(of: Venture) -> None:
    at = open_page()
    assert not at.exception
    assert "Not measured yet" in words(at)
    assert "no text is" in words(at)
    at.button(key="start-leak").click().run()
    assert [j.kind for j in jobs(frame.store())] == ["leak"]


def test_a_row_shows_its_text_as_it_is_with_what_was_found_marked(private: Folder) -> None:
    at = open_page()
    go_to(at, private, TEXTS[0])
    assert r"please call \*:blue-background[Ann] Miller\* \$now\$ \[ok\]" in words(at)


def test_words_that_were_missed_are_marked_by_copying_them(private: Folder) -> None:
    at = open_page()
    i = go_to(at, private, TEXTS[0])
    field(at).set_value("Ann Miller").run()
    assert not at.exception
    assert ":blue-background[Ann Miller]" in words(at)
    save(at)
    start = TEXTS[0].index("Ann")
    truth = sheet(private).rows[i].truth
    assert truth is not None
    assert [(m.start, m.end, m.type) for m in truth] == [(start, start + 10, "PERSON")]


def test_words_that_are_not_in_the_row_are_refused_with_what_to_do(private: Folder) -> None:
    at = open_page()
    field(at).set_value("Nobody Here").run()
    assert any("copy them exactly" in e.value for e in at.error)
    save(at)
    assert sheet(private).labelled == 0
    field(at).set_value("").run()
    save(at)
    assert sheet(private).labelled == 1


def test_words_typed_and_saved_at_once_are_marked(private: Folder) -> None:
    at = open_page()
    i = go_to(at, private, TEXTS[0])
    field(at).set_value("Ann Miller")
    save(at)
    truth = sheet(private).rows[i].truth
    assert truth is not None
    assert [m.end - m.start for m in truth] == [10]


def test_a_piece_that_is_unticked_is_a_false_alarm_and_one_ticked_below_the_threshold_a_miss(private: Folder) -> None:
    at = open_page()
    i = go_to(at, private, TEXTS[2])
    at.checkbox[0].uncheck().run()
    assert ":gray-background[parcel]" in words(at)
    save(at)
    j = go_to(at, private, TEXTS[1])
    assert at.checkbox[0].value is False
    at.checkbox[0].check().run()
    assert ":orange-background[Bob Singh]" in words(at)
    save(at)
    rows = sheet(private).rows
    assert rows[i].truth == ()
    assert [m.type for m in rows[j].truth or ()] == ["PERSON"]


def test_words_that_were_below_the_threshold_already_are_ticked_by_copying_them(private: Folder) -> None:
    at = open_page()
    go_to(at, private, TEXTS[1])
    field(at).set_value("Bob Singh").run()
    assert not at.exception
    assert [c.value for c in at.checkbox] == [True]
    assert ":orange-background[Bob Singh]" in words(at)


def test_a_row_opened_again_shows_what_was_saved(private: Folder) -> None:
    at = open_page()
    i = go_to(at, private, TEXTS[0])
    field(at).set_value("Ann Miller").run()
    save(at)
    kept = sheet(private).rows[i].truth
    at.session_state["leak-at-mail"] = i
    at.run()
    assert ":blue-background[Ann Miller]" in words(at)
    save(at)
    assert sheet(private).rows[i].truth == kept


def test_work_is_kept_row_by_row_and_goes_on_where_it_stopped(private: Folder) -> None:
    at = open_page()
    for _ in range(3):
        save(at)
    assert sheet(private).labelled == 3
    again = open_page()
    assert "3 of 12 rows labelled" in "".join(p.proto.text for p in again.get("progress"))
    assert "Row 4 of 12" in words(again)


def test_all_rows_labelled_give_figures_on_the_page_and_on_the_board(private: Folder, of: Venture) -> None:
    at = open_page()
    for _ in range(12):
        save(at)
    shown = {m.label: m.value for m in at.metric}
    assert set(shown) == {"Rows that still leak", "Found of all there is", "Right of all found"}
    kept = latest(frame.store(), of.key)
    assert {"privacy.leak_share", "privacy.recall", "privacy.precision"} <= set(kept)
    leak = kept["privacy.leak_share"]
    assert (leak.value, leak.n) == (0, 12)
    assert leak.high is not None
    assert leak.high > 0.1
    assert "After masking all that is found" in words(at)


def test_what_another_search_of_the_labelled_rows_changed_is_said(private: Folder, of: Venture) -> None:
    at = open_page()
    save(at)
    change = {"mended": 3, "broken": 1, "rows": 50, "before": {"value": 0.14, "low": 0.08, "high": 0.25, "n": 50}}
    made = Evidence(
        "privacy.leak_share", 0.1, "share", "Labelled.", Source("measured"), n=50, detail={"change": change}
    )
    append(frame.store(), of.key, [made.with_inputs(of.inputs("privacy"))])
    said = words(open_page())
    assert "3 rows no longer leak, 1 leak that did not. Before it, 14 % leaked." in said


def test_canaries_that_survived_are_named_by_type(private: Folder, of: Venture) -> None:
    types = [{"type": "PERSON", "planted": 5, "read": 2}, {"type": "US_SSN", "planted": 5, "read": 0}]
    made = Evidence(
        "privacy.canaries", 0.2, "share", "Planted.", Source("measured"), 0.06, 0.51, n=10, detail={"types": types}
    )
    append(frame.store(), of.key, [made.with_inputs(of.inputs("privacy"))])
    at = open_page()
    assert not at.exception
    assert "Still readable: person name 2 of 5." in words(at)
    assert {m.label: m.value for m in at.metric}["Planted values still readable"] == "20 %"


def test_data_that_changed_is_said_and_no_old_row_is_shown(private: Folder, of: Venture) -> None:
    (of.folder / "mail.csv").write_text('text\n"something else"\n')
    at = open_page()
    assert not at.exception
    assert any("choose rows again" in w.value for w in at.warning)
    assert "Ann" not in words(at)


def test_labels_can_be_forgotten(private: Folder) -> None:
    at = open_page()
    save(at)
    at.button(key="leak-forget").click().run()
    assert not at.exception
    assert private.read() is None
    assert "Not measured yet" in words(at)


def test_a_venture_without_data_is_told_what_the_page_answers(own: Settings) -> None:
    ventures.create(own, "Bare", {})
    at = open_page("bare")
    assert not at.exception
    assert "Not measured yet" in words(at)


def test_the_page_works_where_the_recognisers_cannot_be_imported() -> None:
    code = (
        "import sys; sys.modules['presidio_analyzer'] = sys.modules['spacy'] = None\n"
        "import core.privacy.leak.record, core.privacy.leak.pick, pages.shared.leak_charts"
    )
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=dict(os.environ), check=True, timeout=120)


def test_ids_of_the_figures_are_those_that_the_policy_can_name() -> None:
    assert record.IDS == ("privacy.leak_share", "privacy.recall", "privacy.precision")


def test_the_store_holds_no_text_of_the_rows(private: Folder, of: Venture, own: Settings) -> None:
    at = open_page()
    for _ in range(12):
        save(at)
    frame.store().dispose()
    connect(own).dispose()
    kept = b"".join(p.read_bytes() for p in own.var.glob("app.db*"))
    assert b"privacy.leak_share" in kept
    assert not any(w in kept for w in (b"Ann", b"Miller", b"Singh", b"please call"))


def test_rules_that_changed_since_the_search_are_told_and_keep_the_figures_off_the_board(
    private: Folder, of: Venture
) -> None:
    (of.folder / RULES).write_text('allow = ["parcel"]\n', encoding="utf-8")
    at = open_page()
    assert any(f"{RULES} or your own name model changed" in w.value for w in at.warning)
    for _ in sheet(private).rows:
        save(at)
    assert sheet(private).labelled == len(sheet(private).rows)
    assert record.LEAK not in latest(frame.store(), of.key)
    (of.folder / RULES).unlink()
    at.run()
    assert not at.warning
    save(at)
    assert record.LEAK in latest(frame.store(), of.key)
