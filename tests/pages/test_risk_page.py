"""Could someone be singled out: the page counts whole tables by what the person says that others know."""

import csv
import random
from collections import Counter
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import ventures
from core.evidence import Evidence, Source
from core.settings import Settings
from core.store import append
from core.venture import load
from pages.shared import frame

PROJECT = Path(__file__).resolve().parents[2]
HEADER = ["ref", "birth_date", "sex", "plan", "diagnosis", "text"]


def rows(n: int = 120) -> list[list[str]]:
    draw = random.Random(4)
    return [
        [
            f"R{i}",
            f"{draw.randrange(1940, 2005)}-{draw.randrange(1, 13):02d}-10",
            draw.choice("FM"),
            draw.choice(["free", "paid"]),
            draw.choice(["flu", "asthma"]),
            f"a longer line of words that someone wrote, number {i}",
        ]
        for i in range(n)
    ]


@pytest.fixture
def people(own: Settings) -> str:
    file = ventures.create(own, "People", {})
    with (file.parent / "people.csv").open("w", newline="") as out:
        csv.writer(out).writerows([HEADER, *rows()])
    row = {"id": "people", "path": "people.csv", "text": "text", "label": "plan"}
    file.write_text(ventures.put_dataset(file.read_text(encoding="utf-8"), row), encoding="utf-8")
    return "people"


def open_page(slug: str) -> AppTest:
    at = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    at.query_params["venture"] = slug
    at.run()
    return at.switch_page("pages/privacy/risk.py").run()


def words(at: AppTest) -> str:
    kinds = (at.title, at.markdown, at.caption, at.info, at.error, at.warning)
    return "\n".join(str(e.value) for kind in kinds for e in kind)


def toggle(at: AppTest, column: str) -> object:
    return next(t for t in at.toggle if t.label == column)


def test_the_first_line_counts_the_rows_that_are_alone(people: str) -> None:
    at = open_page(people)
    assert not at.exception
    alone = sum(n == 1 for n in Counter((r[1], r[2]) for r in rows()).values())
    assert f"**Yes.** {alone} of 120 rows" in words(at)
    assert "birth_date, sex" in words(at)
    assert {m.label: m.value for m in at.metric}["Smallest group (k)"] == "1"
    assert "everybody hides among at least k rows" in words(at)


def test_a_column_that_is_switched_off_is_no_longer_counted(people: str) -> None:
    at = open_page(people)
    toggle(at, "birth_date").set_value(False).run()
    assert not at.exception
    least = min(Counter(r[2] for r in rows()).values())
    assert {m.label: m.value for m in at.metric}["Smallest group (k)"] == str(least)
    assert "**Not by these columns.**" in words(at)


def test_saying_less_of_a_column_changes_the_answer(people: str) -> None:
    at = open_page(people)
    next(s for s in at.selectbox if s.label == "How birth_date is kept").set_value("decade").run()
    assert not at.exception
    sizes = Counter((r[1][:3], r[2]) for r in rows())
    assert {m.label: m.value for m in at.metric}["Smallest group (k)"] == str(min(sizes.values()))


def test_the_sensitive_column_is_told_where_a_group_gives_it_away(people: str) -> None:
    at = open_page(people)
    assert "all share one diagnosis" in words(at)
    next(s for s in at.selectbox if s.label.startswith("What should nobody")).set_value("none").run()
    assert "all share one" not in words(at)


def test_what_the_scan_found_decides_which_columns_are_offered(people: str, own: Settings) -> None:
    of = load(own.ventures / "people" / "venture.toml")
    columns = [{"name": "plan", "entities": [{"type": "NRP", "rate": 1.0, "label": True}]}]
    files = [{"path": "people.csv", "rows": 120, "scanned": 120, "columns": columns}]
    made = Evidence(
        "privacy.direct_share", 0.0, "share", "Scanned.", Source("measured"), n=120, detail={"files": files}
    )
    append(frame.store(), of.key, [made.with_inputs(of.inputs("privacy"))])
    at = open_page(people)
    assert not at.exception
    assert "birth_date, sex, plan" in words(at)
    assert "was not scanned yet" not in words(at)


def test_nothing_chosen_is_no_answer_and_never_a_good_one(people: str) -> None:
    at = open_page(people)
    for column in ("birth_date", "sex"):
        toggle(at, column).set_value(False)
    at.run()
    assert not at.exception
    assert "Nothing is chosen yet" in words(at)
    assert not at.metric


def test_a_table_that_cannot_be_read_is_named_with_its_fault(people: str, own: Settings) -> None:
    (own.ventures / "people" / "people.csv").write_bytes(b"")
    at = open_page(people)
    assert not at.exception
    assert any("people.csv" in e.value and "empty" in e.value for e in at.error)


def test_a_venture_without_data_is_told_what_the_page_answers(own: Settings) -> None:
    ventures.create(own, "Bare", {})
    at = open_page("bare")
    assert not at.exception
    assert "Not measured yet" in words(at)
    assert at.file_uploader


def test_no_cell_of_the_table_is_on_the_page(people: str) -> None:
    at = open_page(people)
    shown = words(at) + "".join(str(d.value.to_dict()) for d in at.dataframe)
    assert [c for row in rows() for c in row[1:2] if c in shown] == []
