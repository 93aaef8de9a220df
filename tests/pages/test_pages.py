"""Every page through AppTest: it answers its question in each state a venture can be in, and never with a traceback."""

import io
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook
from streamlit.testing.v1 import AppTest

from core import ventures
from core.evidence import ROOMS, Evidence, Source
from core.jobs import KINDS, get, jobs, submit
from core.privacy.first import Firsts
from core.privacy.source import open_table
from core.settings import Settings
from core.store import append, connect
from core.venture import load

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [
    "pages/readiness/board.py",
    "pages/model/train.py",
    "pages/privacy/scan.py",
    "pages/licences/check.py",
    "pages/market/sizing.py",
    "pages/work/ventures.py",
    "pages/work/jobs.py",
]


def open_page(page: str, **params: str) -> AppTest:
    at = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=30)
    for key, value in params.items():
        at.query_params[key] = value
    at.run()
    return at.switch_page(page).run() if page != PAGES[0] else at


def workbook(rows: list[list[str]]) -> bytes:
    book, held = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(held)
    return held.getvalue()


def words(at: AppTest) -> str:
    kinds = (at.title, at.header, at.subheader, at.markdown, at.caption, at.info, at.error, at.warning, at.success)
    return "\n".join(str(e.value) for kind in kinds for e in kind)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_on_a_venture_with_nothing_measured(own: Settings, page: str) -> None:
    at = open_page(page)
    assert not at.exception
    assert at.title[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_without_any_venture(own: Settings, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.shared.frame.ventures.entries", lambda _settings: [])
    at = open_page(page)
    assert not at.exception
    assert at.title


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_on_a_broken_venture_file_and_names_the_problem(own: Settings, page: str) -> None:
    file = ventures.create(own, "Broken", {})
    file.write_text(file.read_text() + 'colour = "red"\n')
    at = open_page(page, venture="broken")
    assert not at.exception
    if page not in (PAGES[-1],):
        assert "colour: unknown key" in words(at)


def test_the_board_says_not_enough_evidence_and_never_a_number_before_anything_is_measured(own: Settings) -> None:
    at = open_page(PAGES[0])
    assert "NOT ENOUGH EVIDENCE" in words(at)
    assert {m.value for m in at.metric} == {"unknown"}


def test_measure_what_is_due_queues_one_job_a_room_and_only_once(own: Settings) -> None:
    at = open_page(PAGES[0])
    at.button(key="measure-due").click().run()
    assert not at.exception
    queued = jobs(connect(own))
    assert sorted(j.kind for j in queued) == sorted(ROOMS)
    assert all(j.kind in KINDS for j in queued)
    assert at.button(key="measure-due").disabled


def test_a_job_can_be_stopped_from_the_page(own: Settings) -> None:
    at = open_page(PAGES[4])
    at.button(key="start-market").click().run()
    (job,) = jobs(connect(own))
    at.button(key=f"stop-{job.id}").click().run()
    (job,) = jobs(connect(own))
    assert str(job.status) == "cancelled"


def test_a_figure_shows_its_interval_its_n_and_its_evidence(own: Settings) -> None:
    sample = next(e for e in ventures.entries(own) if e.sample)
    of = load(sample.file, ventures.roots(own, sample.file))
    record = Evidence(
        id="model.p95_latency",
        value=12.5,
        unit="ms",
        method="Measured on the test rows, one at a time.",
        source=Source("measured", "torch"),
        low=11.0,
        high=14.0,
        n=300,
    )
    append(connect(own), of.key, [record.with_inputs(of.inputs("model"))], run=None)
    at = open_page(PAGES[0], venture=sample.slug)
    assert not at.exception
    shown = {m.label: m.value for m in at.metric}
    assert shown["Answer time, p95"] == "12.5 ms"
    said = words(at)
    assert "95 %: 11 to 14 ms" in said
    assert "n = 300" in said
    assert "Measured on the test rows" not in said  # until it is asked for
    at.session_state["why-model.p95_latency"] = True  # as a press of Evidence does
    assert "Measured on the test rows" in words(at.run())


def test_stale_evidence_is_called_stale(own: Settings) -> None:
    file = ventures.create(own, "Moves", {"must.p95_ms": 20})
    of = load(file, ventures.roots(own, file))
    record = Evidence("model.p95_latency", 12.5, "ms", "Measured.", Source("measured"), n=300)
    append(connect(own), of.key, [record.with_inputs(of.inputs("model"))])
    assert "figures are stale" not in words(open_page(PAGES[0], venture="moves"))
    ventures.save(own, file, ventures.change(file.read_text(), {"model.epochs": 2}))
    assert "1 figures are stale" in words(open_page(PAGES[0], venture="moves"))


def test_a_new_venture_is_created_from_the_guided_form(own: Settings) -> None:
    at = open_page(PAGES[5])
    at.text_input(key="new-name").set_value("Loan desk")
    at.text_area(key="new-does").set_value("Reads loan requests")
    at.number_input(key="new-accuracy").set_value(92.0)
    next(b for b in at.button if b.label == "Create the venture").click().run()
    assert not at.exception
    made = next(e for e in ventures.entries(own) if e.slug == "loan-desk")
    assert made.venture is not None
    assert made.venture.must.accuracy == 0.92
    assert made.venture.need.does == "Reads loan requests"


def test_an_empty_name_is_answered_in_words_and_creates_nothing(own: Settings) -> None:
    at = open_page(PAGES[5])
    next(b for b in at.button if b.label == "Create the venture").click().run()
    assert any("letter" in e.value for e in at.error)
    assert all(e.sample for e in ventures.entries(own))


def test_a_venture_is_deleted_only_once_it_was_said_twice(own: Settings) -> None:
    file = ventures.create(own, "My idea", {})
    ventures.create(own, "Other idea", {})
    at = open_page("pages/work/ventures.py", venture="my-idea")
    next(b for b in at.button if b.label == "Delete").click().run()
    assert not at.exception
    assert file.exists()
    at.button(key="delete-sure").click().run()
    assert not at.exception
    assert not file.parent.exists()
    assert any("My idea is deleted" in s.value for s in at.success)
    assert (own.ventures / "other-idea" / "venture.toml").exists()


def test_a_venture_that_is_being_measured_cannot_be_deleted(own: Settings) -> None:
    file = ventures.create(own, "My idea", {})
    submit(connect(own), own, "market", venture=str(file))
    at = open_page("pages/work/ventures.py", venture="my-idea")
    next(b for b in at.button if b.label == "Delete").click().run()
    assert any("Stop that first" in w.value for w in at.warning)
    assert not [b for b in at.button if b.key == "delete-sure"]


def test_the_sample_has_no_button_to_delete_it(own: Settings) -> None:
    at = open_page("pages/work/ventures.py", venture="support-desk")
    assert not [b for b in at.button if b.label == "Delete"]


def test_a_wrong_edit_of_the_file_shows_every_problem_and_saves_nothing(own: Settings) -> None:
    file = ventures.create(own, "Edited", {})
    before = file.read_text()
    at = open_page(PAGES[5], venture="edited")
    at.radio(key="view-edited").set_value("The whole file").run()
    at.text_area[-1].set_value(before + "colour = 1\nsize = 2\n")
    next(b for b in at.button if b.label == "Save the file").click().run()
    assert "colour: unknown key" in words(at)
    assert "size: unknown key" in words(at)
    assert file.read_text() == before


def test_an_uploaded_table_becomes_a_data_set(own: Settings) -> None:
    file = ventures.create(own, "Fed", {})
    at = open_page(PAGES[5], venture="fed")
    at.radio(key="view-fed").set_value("Files").run()
    at.file_uploader(key="data-fed").upload("my rows.csv", b"text,label\nhello there friend,a\nbye now,b\n").run()
    next(b for b in at.button if b.label == "Add the table").click().run()
    assert not at.exception
    of = load(file)
    assert of.datasets[0].path == "my-rows.csv"
    assert of.datasets[0].text == "text"


def test_what_the_first_rows_hold_is_shown_while_a_scan_runs(own: Settings) -> None:
    file = ventures.create(own, "Fed", {})
    of = load(file)
    number = submit(connect(own), own, "privacy", venture=of.key)
    at = open_page("pages/privacy/scan.py", venture="fed")
    assert "A first look" not in words(at)
    run = Path(get(connect(own), number).run_dir)
    run.mkdir(parents=True)
    share = {"rate": 0.2, "low": 0.15, "high": 0.26}
    entity = share | {"title": "person name", "examples": ["A*** ***"]}
    look = {"path": "a.csv", "rows": 900, "scanned": 200, "direct": share}
    Firsts(run).add(look | {"columns": [{"name": "text", "entities": [entity]}]})
    at = open_page("pages/privacy/scan.py", venture="fed")
    assert not at.exception
    assert "20 % (15 to 26 %) of its 900 rows hold a direct identifier, by 200 rows." in words(at)
    assert at.dataframe[0].value["what"].tolist() == ["person name"]


def test_a_text_becomes_a_data_set_that_is_only_scanned(own: Settings) -> None:
    file = ventures.create(own, "Fed", {})
    at = open_page("pages/privacy/scan.py", venture="fed")
    at.file_uploader(key="data-fed").upload("notes.txt", b"A first note.\n\nA second one.\n").run()
    assert not at.exception
    assert "only scanned for personal data" in words(at)
    next(b for b in at.button if b.label == "Add the file").click().run()
    assert not at.exception
    assert [(d.path, d.text, d.label) for d in load(file).datasets] == [("notes.txt", "text", "")]


def test_a_workbook_becomes_a_data_set_and_a_damaged_one_does_not(own: Settings) -> None:
    file = ventures.create(own, "Fed", {})
    at = open_page("pages/privacy/scan.py", venture="fed")
    at.file_uploader(key="data-fed").upload("people.xlsx", workbook([["name", "note"], ["a", "a longer text"]])).run()
    assert not at.exception
    next(b for b in at.button if b.label == "Add the file").click().run()
    assert [(d.path, d.text) for d in load(file).datasets] == [("people.xlsx", "note")]
    at = open_page("pages/privacy/scan.py", venture="fed")
    at.file_uploader(key="data-fed").upload("bad.xlsx", workbook([["a"]])[:200]).run()
    assert not at.exception
    assert any("bad.xlsx" in e.value for e in at.error)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("two.csv", b"note,who\nJos\xc3\xa9 wrote,a\nJos\xe9 Ruiz wrote,b\n"),
        ("nul.csv", b"note,who\nall\x00 is well,Ruiz\n"),
        ("wide.csv", "note,who\nall is well,Ruiz\n".encode("utf-16")),
        ("broken.jsonl", b'{"note": "all is well", "who": "a"}\n{"note": "Ruiz\n'),
    ],
)
def test_a_table_with_odd_lines_can_be_scanned_and_what_is_wrong_is_said_without_its_words(
    own: Settings, name: str, content: bytes
) -> None:
    file = ventures.create(own, "Fed", {})
    at = open_page("pages/privacy/scan.py", venture="fed")
    at.file_uploader(key="data-fed").upload(name, content).run()
    assert not at.exception
    [told] = [w.value for w in at.warning]
    assert told.startswith(f"{name}: ")
    assert "Ruiz" not in words(at)
    next(b for b in at.button if b.label == "Add the file").click().run()
    assert not at.exception
    assert [(d.path, d.text, d.label) for d in load(file).datasets] == [(name, "note", "")]


def test_a_chat_file_is_brought_in_by_the_column_that_the_search_gives_a_role(own: Settings) -> None:
    file = ventures.create(own, "Fed", {})
    turns = b'{"messages": [{"role": "user", "content": "my card is gone"}, {"role": "assistant", "content": "ok"}]}\n'
    at = open_page("pages/privacy/scan.py", venture="fed")
    at.file_uploader(key="data-fed").upload("chat.jsonl", turns).run()
    assert not at.exception
    next(b for b in at.button if b.label == "Add the file").click().run()
    [data] = load(file).datasets
    assert data.text in open_table(file.parent / "chat.jsonl").labels
    assert data.text != "messages"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00broken", b"", b"PK\x05\x06zip"])
def test_a_bad_upload_is_answered_in_words_and_changes_nothing(own: Settings, content: bytes) -> None:
    file = ventures.create(own, "Fed", {})
    before = file.read_text()
    at = open_page(PAGES[5], venture="fed")
    at.radio(key="view-fed").set_value("Files").run()
    at.file_uploader(key="data-fed").upload("rows.csv", content).run()
    add = [b for b in at.button if b.label == "Add the table"]
    if add:
        add[0].click().run()
    assert not at.exception
    assert at.error
    assert file.read_text() == before


def test_an_unknown_job_in_the_address_is_said_plainly(own: Settings) -> None:
    at = open_page(PAGES[4])
    at.button(key="start-market").click().run()
    at = open_page(PAGES[6], job="999")
    assert not at.exception


@pytest.mark.parametrize("page", [PAGES[1], PAGES[2]])
def test_a_room_takes_a_table_where_it_is_needed(own: Settings, page: str) -> None:
    file = ventures.create(own, "Fed here", {})
    at = open_page(page, venture="fed-here")
    at.file_uploader(key="data-fed-here").upload("rows.csv", b"text,label\nhello there,a\nbye now,b\n").run()
    next(b for b in at.button if b.label == "Add the table").click().run()
    assert not at.exception
    assert load(file).datasets[0].path == "rows.csv"


def test_the_licence_room_takes_a_requirements_file_where_it_is_needed(own: Settings) -> None:
    file = ventures.create(own, "Ships", {})
    at = open_page(PAGES[3], venture="ships")
    at.file_uploader(key="manifest-ships").upload("requirements.txt", b"click\n").run()
    next(b for b in at.button if b.label == "Add the file").click().run()
    assert not at.exception
    assert load(file).dependencies[0].manifest == "requirements.txt"


def _zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("app/main.py", "x = 1")
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [("code.zip", _zipped(), "source"), ("bom.json", b'{"bomFormat": "CycloneDX"}', "sbom"),
     ("uv.lock", b"version = 1", "manifest")],
)  # fmt: skip
def test_what_ships_is_taken_in_every_form_with_its_platform(
    own: Settings, name: str, content: bytes, form: str
) -> None:
    file = ventures.create(own, "Ships", {})
    at = open_page(PAGES[3], venture="ships")
    at.file_uploader(key="manifest-ships").upload(name, content).run()
    at.selectbox(key="platform-ships").select("macos").run()
    next(b for b in at.button if b.label == "Add the file").click().run()
    assert not at.exception
    (row,) = load(file).dependencies
    assert (getattr(row, form), row.path, row.platform) == (name, name, "macos")
