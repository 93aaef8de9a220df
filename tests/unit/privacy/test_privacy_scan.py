"""A table is scanned whole or by sample, and the result says what holds what, how surely, and what was not read."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from core.cli.app import app
from core.errors import InputError
from core.privacy.detect import detector
from core.privacy.reading import by_form, outcome
from core.privacy.scan import TableScan, scan
from core.privacy.shapes import TIERS, Tier, shape
from core.privacy.tally import ColumnScan, EntityScan
from core.progress import Cancelled

CARDS = ["4111111111111111", "5555555555554444", "378282246310005", "6011111111111117", "4012888888881881"]


def table(folder: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    path = folder / "data.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def column(result: TableScan, name: str) -> ColumnScan:
    return next(c for c in result.columns if c.name == name)


def entity(result: TableScan, name: str, kind: str) -> EntityScan:
    return next(e for e in column(result, name).entities if e.type == kind)


def test_a_numeric_column_of_card_numbers_is_found(tmp_path: Path) -> None:
    result = scan(table(tmp_path, ["ref", "n"], [(CARDS[i % 5], i) for i in range(40)]))
    cards = entity(result, "ref", "CREDIT_CARD")
    assert (cards.cells, cards.values, cards.label) == (40, 5, True)
    assert column(result, "ref").tier == "patterns"
    assert result.direct_rows == 40


def test_order_numbers_of_which_one_in_ten_passes_as_a_card_are_not_cards(tmp_path: Path) -> None:
    result = scan(table(tmp_path, ["order"], [(4_000_000_000_000_000 + i * 7,) for i in range(300)]))
    cards = entity(result, "order", "CREDIT_CARD")
    assert cards.cells > 10
    assert not cards.label
    assert "random" in cards.note
    assert result.direct_rows == 0


def test_a_number_column_called_ssn_holds_them(tmp_path: Path) -> None:
    result = scan(table(tmp_path, ["ssn"], [(212_540_101 + i * 1_003,) for i in range(30)]))
    assert entity(result, "ssn", "US_SSN").label


def test_nothing_found_in_a_sample_of_3000_is_at_most_a_tenth_of_a_percent(tmp_path: Path) -> None:
    path = table(tmp_path, ["n", "state"], [(i % 9_000, "open") for i in range(40_000)])
    result = scan(path, sample=3_000)
    assert (result.rows, result.scanned, result.complete, result.direct_rows) == (40_000, 3_000, False, 0)
    assert result.direct_share.low == 0
    assert result.direct_share.high == pytest.approx(0.001, rel=0.01)


def test_one_odd_hit_is_shown_and_counted_but_labels_no_column(tmp_path: Path) -> None:
    rows = [(f"order {i} has arrived late",) for i in range(60)]
    rows[41] = ("my ssn is 212-54-8731, please help",)
    result = scan(table(tmp_path, ["note"], rows))
    odd = entity(result, "note", "US_SSN")
    assert (odd.cells, odd.label, odd.counted, odd.note) == (1, False, True, "one odd hit")
    assert (odd.share.value, odd.share.low, odd.share.high) == (1 / 60, 1 / 60, 1 / 60)
    assert column(result, "note").direct == ()
    assert result.direct_rows == 1


def test_one_value_repeated_labels_no_column(tmp_path: Path) -> None:
    result = scan(table(tmp_path, ["help"], [("write to help@example.org",)] * 30))
    hit = entity(result, "help", "EMAIL_ADDRESS")
    assert (hit.cells, hit.label, hit.note) == (30, False, "one value, repeated")
    assert column(result, "help").kind == "constant"


def test_a_browser_called_safari_is_not_a_person(tmp_path: Path) -> None:
    names = ["Safari", "Chrome", "Firefox", "Edge", "Opera", "Brave"]
    result = scan(table(tmp_path, ["browser"], [(names[i % 6],) for i in range(120)]))
    assert column(result, "browser").kind == "category"
    assert column(result, "browser").direct == ()
    assert result.direct_rows == 0


def test_the_receipt_says_what_was_not_searched(tmp_path: Path) -> None:
    rows = [(i / 7, i % 2 == 0, f"2026-01-{i % 28 + 1:02}", "", f"T-{i}") for i in range(1, 31)]
    result = scan(table(tmp_path, ["price", "paid", "day", "left", "id"], rows))
    kinds = {c.name: (c.kind, c.tier, c.scanned, c.skipped) for c in result.columns}
    assert kinds == {
        "price": ("number", "not searched", 0, 30),
        "paid": ("yes or no", "not searched", 0, 30),
        "day": ("date", "by its form", 0, 0),
        "left": ("empty", "not searched", 0, 0),
        "id": ("code", "patterns", 30, 0),
    }
    assert all(c.reason for c in result.columns if c.kind != "empty")
    assert column(result, "left").empty == 30


def test_a_name_among_numbers_is_still_searched_for(tmp_path: Path) -> None:
    rows: list[tuple[object]] = [(i,) for i in range(50)]
    rows[30] = ("see Margaret Thompson, margaret@example.org",)
    result = scan(table(tmp_path, ["amount"], rows))
    assert column(result, "amount").kind == "number"
    assert {e.type for e in column(result, "amount").entities} >= {"PERSON", "EMAIL_ADDRESS"}


def test_rows_in_a_script_that_is_not_read_widen_the_share_upwards(tmp_path: Path) -> None:
    rows = [("ann@example.org",)] * 2 + [("王小明住在北京市",)] * 3 + [("all is well today",)] * 5
    result = scan(table(tmp_path, ["text"], rows))
    assert (result.direct_rows, result.unread_rows) == (2, 3)
    share = result.direct_share
    assert (share.value, share.low, share.high) == (0.2, 0.2, 0.5)
    assert "not in Latin script" in column(result, "text").reason


def test_the_same_sample_is_drawn_again_and_another_seed_draws_another(tmp_path: Path) -> None:
    path = table(tmp_path, ["mail"], [(f"u{i}@example.org" if i % 3 else f"{i}",) for i in range(300)])
    first, again, other = (scan(path, sample=60, seed=s).direct_rows for s in (1, 1, 2))
    assert first == again
    assert {scan(path, sample=60, seed=s).direct_rows for s in range(2, 8)} | {other} != {first}


def test_a_sample_larger_than_the_file_is_the_file(tmp_path: Path) -> None:
    assert scan(table(tmp_path, ["n"], [(1,), (2,)]), sample=10).complete


TEXTS = [
    "ann@example.org",
    "Margaret Thompson called",
    "212-54-8731",
    "7",
    "",
    "hello there",
    "true",
    "2026-01-02",
    "T-1",
]


@cache
def types_in(cell: str, context: str) -> frozenset[str]:
    tier = TIERS[shape(cell)]
    if tier < Tier.PATTERNS:
        return frozenset(h.type for h in by_form(shape(cell)).hits)
    [spans] = detector().detect([cell], context=[context], names=tier == Tier.NAMES)
    return frozenset(h.type for h in outcome(cell, spans, tier).hits)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(TEXTS), st.sampled_from(TEXTS)), min_size=1, max_size=30))
def test_scanning_distinct_values_once_counts_as_scanning_each_cell(
    tmp_path: Path, rows: list[tuple[str, str]]
) -> None:
    rows = [*rows, ("x y", "x y")]
    result = scan(table(tmp_path, ["a", "b"], rows))
    for i, name in enumerate("ab"):
        each = Counter(kind for row in rows for kind in types_in(row[i], name))
        assert {e.type: e.cells for e in column(result, name).entities} == each
        assert column(result, name).distinct == len({row[i] for row in rows} - {""})


def without_times(result: TableScan) -> list[dict[str, Any]]:
    return [{k: v for k, v in c.items() if k != "saved_seconds"} for c in result.as_json()["columns"]]


def test_chunks_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table(tmp_path, ["a", "b"], [(TEXTS[i % 9], TEXTS[i * 5 % 7]) for i in range(50)])
    whole = without_times(scan(path))
    monkeypatch.setattr("core.privacy.source.CHUNK_ROWS", 7)
    assert without_times(scan(path)) == whole
    monkeypatch.setattr("core.privacy.sweep.MEMORY", 0)
    forgetful = scan(path)
    assert [[(e.type, e.cells) for e in c.entities] for c in forgetful.columns] == [
        [(e["type"], e["cells"]) for e in c["entities"]] for c in whole
    ]
    assert "too many values to remember" in forgetful.columns[0].reason


def test_a_file_without_a_header_is_refused_and_its_first_row_not_quoted(tmp_path: Path) -> None:
    for first in ("ann@example.org", "212-54-8731", "2026-01-01"):
        path = table(tmp_path, ["name", first], [("b", "c")])
        with pytest.raises(InputError, match="first row holds data \\(column 2\\)") as error:
            scan(path)
        assert first not in str(error.value)


def test_a_persons_name_as_a_column_name_is_not_shown(tmp_path: Path) -> None:
    assert scan(table(tmp_path, ["Margaret Thompson", "text"], [("b", "c")])).columns[0].name == "column 1"


def test_usual_column_names_are_names(tmp_path: Path) -> None:
    header = (
        "id,Full Name,First Name,customer_email,Phone Number,Date of Birth,SSN,IP address,zip,City,Order No,text,label"
    )
    result = scan(table(tmp_path, header.split(","), [["x"] * 13]))
    assert [c.name for c in result.columns] == header.split(",")


def test_the_json_has_the_documented_shape(tmp_path: Path) -> None:
    path = table(tmp_path, ["mail", "n"], [("ann@example.org", 1), ("bob@example.org", 2)])
    out = json.loads(json.dumps(scan(path, name="data/mails.csv").as_json()))
    assert out["path"] == "data/mails.csv"
    assert len(out["sha256"]) == 64
    assert (out["rows"], out["scanned"], out["complete"]) == (2, 2, True)
    assert out["direct"] == {"rows": 2, "rate": 1.0, "low": 1.0, "high": 1.0}
    assert set(out["columns"][0]) >= {
        "name",
        "kind",
        "cells",
        "distinct",
        "scanned",
        "skipped",
        "tier",
        "reason",
        "entities",
    }
    assert out["columns"][0]["entities"][0] == {
        "type": "EMAIL_ADDRESS",
        "title": "e-mail address",
        "group": "direct",
        "cells": 2,
        "values": 2,
        "rate": 1.0,
        "low": 1.0,
        "high": 1.0,
        "counted": True,
        "label": True,
        "note": "",
        "examples": ["a***@***.***", "b***@***.***"],
    }


def test_progress_only_grows_and_can_stop_the_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.privacy.source.CHUNK_ROWS", 50)
    path = table(tmp_path, ["a", "b"], [(f"word {i}", f"T-{i}") for i in range(200)])
    told: list[float] = []

    def listen(done: float, total: float, note: str = "") -> None:
        told.append(done / total)

    scan(path, progress=listen, sample=160)
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) > 8

    def stop(done: float, total: float, note: str = "") -> None:
        if done > 0.3 * total:
            raise Cancelled

    with pytest.raises(Cancelled):
        scan(path, progress=stop)


def test_a_form_that_always_had_one_answer_is_counted_without_being_read(tmp_path: Path) -> None:
    letters = "abcdefghij"
    mails = ["".join(letters[int(d)] for d in str(i)) + "@example.org" for i in range(2_000)]
    result = scan(table(tmp_path, ["mail"], [(m,) for m in mails]))
    assert entity(result, "mail", "EMAIL_ADDRESS").cells == 2_000
    assert column(result, "mail").distinct == 2_000
    assert column(result, "mail").saved > 1_000
    assert "same answer" in column(result, "mail").reason
    assert (result.direct_share.low, result.direct_share.high) == (1, 1)


def test_one_ssn_among_many_rows_is_found_where_names_are_sampled(tmp_path: Path) -> None:
    names = ["Margaret", "Thomas", "Patricia", "Robert"]
    rows = [
        (f"{names[i % 4]} {chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676)}son",) for i in range(4_000)
    ]
    rows[3_777] = ("ssn 212-54-8731",)
    result = scan(table(tmp_path, ["customer"], rows))
    assert entity(result, "customer", "US_SSN").cells == 1
    assert entity(result, "customer", "US_SSN").share.value == 1 / 4_000
    person = entity(result, "customer", "PERSON")
    assert column(result, "customer").unread > 1_000
    assert person.share.low < person.share.value < person.share.high or person.share.value == 1
    assert person.cells == pytest.approx(person.share.value * 4_000, abs=1)
    assert result.judged is not None
    assert result.judged < 4_000
    assert "rows drawn at random say how many" in column(result, "customer").reason


def test_a_cell_too_long_to_be_read_whole_is_read_in_part_and_told(tmp_path: Path) -> None:
    long = "nothing here " * 6_000 + "ssn 212-54-8731 " + "nothing here " * 400_000
    quiet = "nothing here " * 20_000
    result = scan(table(tmp_path, ["note", "n"], [(long, 1), ("short", 2), (quiet, 3)]))
    assert column(result, "note").cut == 2
    assert (result.direct_rows, result.unread_rows, result.complete) == (1, 1, False)
    assert (result.direct_share.low, result.direct_share.high) == (1 / 3, 2 / 3)
    assert "2 cells above 50,000 characters were read in part" in column(result, "note").reason
    assert entity(result, "note", "US_SSN").cells == 1
    assert result.as_json()["columns"][1]["cut"] == 0


def test_names_of_a_table_of_some_thousand_rows_are_all_read_and_its_shares_exact(tmp_path: Path) -> None:
    rows = [(f"{'Margaret' if i % 3 else 'order'} {chr(97 + i % 26)}{chr(97 + i // 26)}son",) for i in range(650)]
    result = scan(table(tmp_path, ["customer"], rows))
    assert column(result, "customer").unread == 0
    assert (result.judged, result.direct_share.low) == (650, result.direct_share.high)


def test_cities_and_companies_in_columns_named_so_are_no_persons(tmp_path: Path) -> None:
    towns = ["Paris", "London", "Berlin", "Madrid", "Lake Stephen", "East John", "Port Mary", "Rome", "Vienna"]
    firms = ["Miller Ltd", "Smith Inc", "Conley LLC", "Baker and Sons", "Jane Morris", "Acme GmbH", "Globex Corp"]
    rows = [(towns[i % 9], firms[i % 7], towns[i % 9]) for i in range(63)]
    result = scan(table(tmp_path, ["city", "employer", "customer"], rows))
    assert "PERSON" not in {e.type for name in ("city", "employer") for e in column(result, name).direct}
    assert {e.type for e in column(result, "city").entities if e.label} >= {"LOCATION"}
    assert {e.type for e in column(result, "employer").entities if e.label} >= {"ORGANIZATION"}


def test_names_in_a_column_named_for_something_else_are_still_names(tmp_path: Path) -> None:
    names = ["Margaret Thompson", "Robert Miller", "Patricia Nguyen", "Thomas Baker", "Susan Clark", "Ann Lee"]
    result = scan(table(tmp_path, ["company"], [(names[i % 6],) for i in range(60)]))
    assert "PERSON" in {e.type for e in column(result, "company").direct}
    assert result.direct_rows >= 50


def test_codes_of_countries_are_places_in_a_column_for_them_and_nothing_elsewhere(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("country,plan\n" + "DE,DE\nFR,FR\nNLD,NLD\n" * 5)
    country, plan = scan(file).columns
    assert [e.type for e in country.entities] == ["LOCATION"]
    assert country.entities[0].label
    assert not plan.entities


def test_the_command_line_says_where_a_cell_was_too_long_to_be_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id,note\n1," + "word " * 10_001 + "\n2,short\n")
    done = CliRunner().invoke(app, ["privacy", "scan", str(file)])
    assert done.exit_code == 0
    assert "1 too long to be read whole" in next(line for line in done.output.splitlines() if line.startswith("  note"))
