"""The room's door: a venture in, four figures out, each with what is behind it."""

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from core.errors import InputError
from core.evidence import Evidence
from core.privacy import first
from core.privacy import measure as door
from core.privacy.measure import measure
from core.venture import Venture, parse

ROWS = "text,intent\nwrite to ann@example.org,mail\nnothing to see,none\nor to bob@example.org,mail\nall is well,none\n"
IDS = [
    "privacy.direct_share",
    "privacy.columns",
    "privacy.entities",
    "privacy.scanned",
    "privacy.k",
    "privacy.unique_share",
]


def venture(folder: Path, **dataset: Any) -> Venture:
    datasets = [{"id": "a", "path": "data/rows.csv", "text": "text", **dataset}]
    return parse({"schema": 1, "name": "Test", "datasets": datasets}, folder / "venture.toml")


def measured(one: Venture, run_dir: Path) -> dict[str, Evidence]:
    records = measure(one, run_dir)
    assert [r.id for r in records] == IDS
    json.dumps([r.as_json(detail=True) for r in records])
    return {r.id.removeprefix("privacy."): r for r in records}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.csv").write_text(ROWS)
    (tmp_path / "data" / "test.csv").write_text("text,intent\nfine,none\ngood,none\n")
    return tmp_path


def test_the_share_of_rows_with_a_direct_identifier_is_measured_over_all_files(folder: Path, tmp_path: Path) -> None:
    out = measured(venture(folder, test="data/test.csv"), tmp_path)
    share = out["direct_share"]
    assert (share.value, share.low, share.high, share.n, share.unit) == (2 / 6, 2 / 6, 2 / 6, 6, "share")
    assert [f["path"] for f in share.detail["files"]] == ["data/rows.csv", "data/test.csv"]
    assert (out["columns"].value, out["columns"].unit) == (1, "columns")
    assert out["columns"].detail["columns"] == [{"path": "data/rows.csv", "name": "text", "types": ["EMAIL_ADDRESS"]}]
    assert (out["entities"].value, out["entities"].unit) == (1, "types")
    assert (out["scanned"].value, out["scanned"].n) == (1, 6)
    assert "Presidio 2." in share.source.detail
    assert (tmp_path / "scan.json").exists()


def test_unique_rows_are_counted_over_the_worst_whole_file_even_where_a_sample_is_scanned(
    folder: Path, tmp_path: Path
) -> None:
    people = "".join(f"all is well,{1950 + i % 40},{'FM'[i % 2]}\n" for i in range(80)) + "all is well,1920,F\n"
    (folder / "data" / "rows.csv").write_text("text,birth_year,sex\n" + people)
    out = measured(venture(folder, test="data/test.csv", sample=10), tmp_path)
    k, unique = out["k"], out["unique_share"]
    assert (k.value, k.unit, k.n) == (1, "rows", 81)
    assert (unique.value, unique.unit, unique.n) == (1 / 81, "share", 81)
    assert unique.reason == "data/rows.csv by birth_year, sex."
    assert [f["k"] for f in k.detail["files"]] == [1, None]


def test_rows_that_nothing_known_tells_apart_leave_k_unknown_with_a_reason(folder: Path, tmp_path: Path) -> None:
    k = measured(venture(folder), tmp_path)["k"]
    assert k.value is None
    assert "No column was recognised" in k.reason


def test_a_file_of_nothing_but_texts_and_answers_has_no_row_alone_by_another_column(
    folder: Path, tmp_path: Path
) -> None:
    alone = measured(venture(folder, label="intent", test="data/test.csv"), tmp_path)["unique_share"]
    assert (alone.value, alone.n) == (0, 6)
    assert "no column beside" in alone.reason


def test_a_sample_leaves_an_interval(folder: Path, tmp_path: Path) -> None:
    (folder / "data" / "rows.csv").write_text("text\n" + "ann@example.org\nb c\n" * 200)
    out = measured(venture(folder, sample=100), tmp_path)
    share = out["direct_share"]
    assert out["scanned"].value == 0.25
    assert share.low < 0.5 < share.high  # type: ignore[operator]
    assert share.low < share.value < share.high  # type: ignore[operator]
    assert share.n == 100


def test_one_file_in_two_roles_is_scanned_once(folder: Path, tmp_path: Path) -> None:
    assert measured(venture(folder, test="data/rows.csv"), tmp_path)["scanned"].n == 4


def test_without_a_data_set_every_figure_is_unknown_and_says_what_to_do(tmp_path: Path) -> None:
    records = measure(parse({"schema": 1, "name": "Test"}, tmp_path / "venture.toml"), tmp_path)
    assert [r.id for r in records] == IDS
    assert all(r.value is None and "add one" in r.reason for r in records)


def test_a_broken_file_is_named_as_the_venture_names_it(folder: Path, tmp_path: Path) -> None:
    (folder / "data" / "rows.csv").write_text("")
    with pytest.raises(InputError, match=r"^data/rows.csv: "):
        measure(venture(folder), tmp_path)


def test_rows_that_could_not_be_read_are_said(folder: Path, tmp_path: Path) -> None:
    (folder / "data" / "rows.csv").write_text("text\n王小明住在北京市\nall is well\n")
    share = measured(venture(folder), tmp_path)["direct_share"]
    assert (share.value, share.high) == (0, 0.5)
    assert share.reason.startswith("1 of 2 rows")


def test_the_detail_of_a_very_wide_file_is_bounded(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "SHOWN_COLUMNS", 3)
    header = ",".join(f"c{i}" for i in range(9)) + ",mail"
    (folder / "data" / "rows.csv").write_text(f"{header}\n{'1,' * 9}ann@example.org\n")
    [file] = measured(venture(folder), tmp_path)["direct_share"].detail["files"]
    assert [c["name"] for c in file["columns"]][-1] == "mail"
    assert (len(file["columns"]), file["columns_left_out"]) == (3, 7)


def test_progress_reaches_the_end_and_never_goes_back(folder: Path, tmp_path: Path) -> None:
    told: list[float] = []
    measure(venture(folder, test="data/test.csv"), tmp_path, lambda done, total, note="": told.append(done / total))
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)


def test_every_sheet_of_a_workbook_is_scanned(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["note"])
    book.active.append(["all is well"])
    more = book.create_sheet("More")
    more.append(["mail"])
    for name in ("ann", "bob"):
        more.append([f"{name}@example.com"])
    book.save(tmp_path / "book.xlsx")
    of = parse(
        {"schema": 1, "name": "T", "datasets": [{"id": "a", "path": "book.xlsx", "text": "note"}]}, tmp_path / "v.toml"
    )
    share = measure(of, tmp_path)[0]
    assert [f["path"] for f in share.detail["files"]] == ["book.xlsx [Sheet]", "book.xlsx [More]"]
    assert share.n == 3
    assert share.value == pytest.approx(2 / 3)


def test_a_first_look_is_told_before_all_rows_are_read_and_holds_no_value(folder: Path, tmp_path: Path) -> None:
    lines = [f"{'write to ann@example.org' if i % 4 == 0 else 'all is well'} {i},a" for i in range(600)]
    (folder / "data" / "rows.csv").write_text("text,intent\n" + "\n".join(lines))
    told: list[int] = []

    def progress(done: float, total: float, note: str = "") -> None:
        told.append(len(first.read(tmp_path)) if "600 rows" in note and "columns" not in note else 0)

    measure(venture(folder), tmp_path, progress)
    assert 1 in told
    [look] = first.read(tmp_path)
    assert (look["rows"], look["scanned"]) == (600, first.ROWS)
    assert look["direct"]["low"] < 0.25 < look["direct"]["high"]
    assert "ann@" not in (tmp_path / "first.json").read_text()
