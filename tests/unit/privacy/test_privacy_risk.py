"""Re-identification: k, unique rows, diversity and what-ifs against a count by hand, pycanon and the laws they obey."""

import csv
import json
import random
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.privacy.risk import Role, assess, encode, of_rows, of_table
from core.privacy.risk.coarsen import band, decade, prefix, year
from core.privacy.risk.columns import found_in
from core.privacy.risk.groups import diversity, grouped

HEADER = ["patient_id", "name", "birth_date", "sex", "zip", "occupation", "visit", "plan", "notes", "diagnosis"]
Table = list[tuple[int, int, int, int]]
TABLES = st.lists(st.tuples(*[st.integers(0, 3)] * 4), min_size=1, max_size=40)


def people(n: int = 300, seed: int = 3) -> list[list[str]]:
    draw = random.Random(seed)
    return [
        [
            f"P-{i:05d}",
            f"{draw.choice('ABCDEFGH')}nna {draw.choice('KLMNO')}ung{i}",
            (date(1930, 1, 1) + timedelta(days=draw.randrange(29_000))).isoformat(),
            draw.choice(["F", "M"]),
            f"{draw.randrange(100, 110)}{draw.randrange(100):02d}",
            draw.choice(["nurse", "clerk", "cook"]),
            (date(2026, 1, 1) + timedelta(days=draw.randrange(90))).isoformat(),
            draw.choice(["free", "paid"]),
            f"the person said on the phone that it was the {i}th time this year and asked for a call",
            draw.choice(["flu", "asthma", "healthy"]),
        ]
        for i in range(n)
    ]


def by_hand(rows: Sequence[Sequence[object]], chosen: Sequence[int]) -> Counter[tuple[object, ...]]:
    return Counter(tuple(row[i] for i in chosen) for row in rows)


def series(rows: Table, chosen: Sequence[int]) -> list[pl.Series]:
    return [pl.Series([row[i] for row in rows], dtype=pl.UInt32) for i in chosen]


def write(path: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@given(TABLES, st.sets(st.integers(0, 2)))
def test_groups_are_those_counted_by_hand(rows: Table, chosen: set[int]) -> None:
    found, sizes = grouped(series(rows, sorted(chosen)), len(rows)), by_hand(rows, sorted(chosen))
    assert found.k == min(sizes.values())
    assert found.unique == sum(n == 1 for n in sizes.values())
    assert found.classes == len(sizes)
    assert sum(n for _, _, n in found.sizes) == len(rows)
    for least, most, n in found.sizes:
        assert n == sum(s for s in sizes.values() if least <= s and (most is None or s <= most))


@given(TABLES, st.sets(st.integers(0, 2)))
def test_diversity_is_that_counted_by_hand(rows: Table, chosen: set[int]) -> None:
    values = defaultdict(list)
    for row in rows:
        values[tuple(row[i] for i in sorted(chosen))].append(row[3])
    found = diversity(series(rows, sorted(chosen)), series(rows, [3])[0], "d", len(rows))
    assert found.l == min(len(set(v)) for v in values.values())
    assert found.told == sum(len(v) for v in values.values() if len(set(v)) == 1)


@given(TABLES)
def test_knowing_one_more_column_never_hides_anybody_better(rows: Table) -> None:
    for most in (3, 2, 1):
        more, fewer = grouped(series(rows, range(most)), len(rows)), grouped(series(rows, range(most - 1)), len(rows))
        assert more.k <= fewer.k
        assert more.unique >= fewer.unique
        assert more.classes >= fewer.classes


def test_columns_too_many_for_one_key_are_grouped_alike() -> None:
    draw = random.Random(1)
    rows = [(draw.randrange(2**31), draw.randrange(2**31), draw.randrange(2)) for _ in range(500)]
    rows += rows[:200]
    wide = [pl.Series([r[i] for r in rows], dtype=pl.UInt32) for i in range(3)]
    assert grouped(wide, len(rows)).unique == 300
    assert diversity(wide[:2], wide[2], "d", len(rows)).told == 700


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_saying_less_never_raises_the_share_of_unique_rows(seed: int) -> None:
    table = encode(HEADER, [people(60, seed)])
    risk = assess(table, table.proposed)
    for what_if in risk.what_ifs:
        assert what_if.after.unique <= risk.groups.unique
        assert what_if.after.k >= risk.groups.k


def test_a_what_if_is_what_the_change_gives_when_it_is_made() -> None:
    rows = people()
    table = encode(HEADER, [rows])
    risk = assess(table, ["birth_date", "sex", "zip"])
    made = {"year": 2, "prefix": 4}
    for way, column in made.items():
        changed = [[r[2][:4] if way == "year" else r[2], r[3], r[4][:3] if way == "prefix" else r[4]] for r in rows]
        sizes = by_hand(changed, range(3))
        (after,) = [w.after for w in risk.what_ifs if w.way.id == way and w.column == HEADER[column]]
        assert (after.k, after.unique) == (min(sizes.values()), sum(n == 1 for n in sizes.values()))
        chosen = dict.fromkeys(["birth_date", "sex", "zip"], "") | {HEADER[column]: way}
        assert assess(table, chosen).groups == after


def test_all_columns_at_their_coarsest_are_one_of_the_what_ifs() -> None:
    rows = people()
    risk = assess(encode(HEADER, [rows]), ["birth_date", "sex", "zip"])
    (after,) = [w.after for w in risk.what_ifs if w.way.id == "all"]
    sizes = Counter((r[2][:3], r[3], r[4][:3]) for r in rows)
    assert (after.k, after.unique) == (min(sizes.values()), sum(n == 1 for n in sizes.values()))


def test_what_others_know_is_proposed_and_what_is_masked_anyway_is_not() -> None:
    table = encode(HEADER, [people()])
    assert table.proposed == ("birth_date", "sex", "zip", "occupation", "visit")
    roles = {c.name: (c.role, c.kind) for c in table.columns}
    assert roles["patient_id"] == (Role.OUT, "direct")
    assert roles["name"] == (Role.OUT, "direct")
    assert roles["notes"] == (Role.OUT, "text")
    assert roles["plan"] == (Role.POSSIBLE, "category")
    assert [c.name for c in table.columns if c.sensitive] == ["diagnosis"]


@pytest.mark.parametrize(
    ("values", "role", "kind"),
    [
        ([f"{1930 + i % 70}-03-{1 + i % 28:02d}" for i in range(200)], Role.LIKELY, "birth"),
        ([f"2026-03-{1 + i % 28:02d}" for i in range(200)], Role.LIKELY, "date"),
        ([f"{1930 + i % 70}-03-{1 + i % 28:02d} 00:00:00" for i in range(200)], Role.LIKELY, "birth"),
        (["male", "Female"] * 100, Role.LIKELY, "gender"),
        ([f"SW{1 + i % 9} {i % 10}AB" for i in range(200)], Role.LIKELY, "postcode"),
        ([f"00000000-0000-4000-8000-{i // 2:012d}" for i in range(200)], Role.OUT, "unique"),
        ([str(i * 7919) for i in range(200)], Role.OUT, "unique"),
        ([f"{i % 150}.5" for i in range(300)], Role.POSSIBLE, "number"),
        (["same"] * 200, Role.OUT, "constant"),
    ],
)
def test_a_column_whose_name_says_nothing_is_told_by_its_values(values: list[str], role: Role, kind: str) -> None:
    (column,) = encode(["c7"], [[[v] for v in values]]).columns
    assert (column.role, column.kind) == (role, kind)


@pytest.mark.parametrize(
    ("header", "likely"),
    [
        ("ID,DOB,Sex,ZipCode,MaritalStatus,Department,Salary", "DOB Sex ZipCode MaritalStatus Department"),
        ("id,age,workclass,education-num,native-country,hours-per-week", "age workclass education-num native-country"),
        ("PassengerId,Survived,Pclass,Name,Sex,Age,Fare", "Sex Age"),
        ("Geburtsdatum,Geschlecht,PLZ,Wohnort,Beruf,Konto", "Geburtsdatum Geschlecht PLZ Wohnort Beruf"),
        ("姓名,性别,出生日期,邮编,职业,诊断", "性别 出生日期 邮编 职业"),
        ("email,phone_number,first_name,page,stage,package", ""),
    ],
)
def test_names_of_columns_as_tables_have_them_are_understood(header: str, likely: str) -> None:
    columns = header.split(",")
    rows = [[f"v{(i * (j + 3)) % 23}" for j in range(len(columns))] for i in range(400)]
    assert encode(columns, [rows]).proposed == tuple(likely.split())


def test_what_the_scan_found_tells_a_column_whose_name_says_nothing() -> None:
    rows = [[f"Town {i % 40}", f"Person {i}"] for i in range(200)]
    scan = [
        {"name": "c1", "entities": [{"type": "LOCATION", "rate": 0.9, "label": True}]},
        {"name": "c2", "entities": [{"type": "PERSON", "rate": 0.95, "label": True}]},
    ]
    one, two = encode(["c1", "c2"], [rows], found=found_in(scan)).columns
    assert (one.role, one.kind) == (Role.LIKELY, "place")
    assert (two.role, two.kind) == (Role.OUT, "direct")
    assert encode(["c1", "c2"], [rows]).proposed == ()


def test_cells_that_differ_in_case_or_white_space_alone_are_the_same_to_an_outsider() -> None:
    found = of_rows(["city", "sex"], [["Oslo", "f"], [" oslo", "F"], ["Bergen", "m"], ["BERGEN ", "M"]])
    assert (found["k"], found["unique_share"]) == (2, 0)


def test_a_postcode_that_differs_in_most_rows_is_kept_however_many_rows_there_are() -> None:
    draw = random.Random(2)
    rows = [[str(draw.randrange(10_000, 99_999)), f"k{i}"] for i in range(12_000)]
    zipped, key = encode(["zip", "other"], [rows]).columns
    assert (zipped.role, key.role) == (Role.LIKELY, Role.OUT)


@pytest.mark.parametrize(
    ("step", "value", "coarse"),
    [
        (year, "1984-02-29", "1984"),
        (year, "29.2.1984", "1984"),
        (year, "unknown", "unknown"),
        (decade, "02/29/1984", "1980s"),
        (prefix, "SW1 4AB", "SW1"),
        (band, "37", "30 to 39"),
        (band, "104", "90+"),
        (band, "old", "old"),
    ],
)
def test_a_coarser_value_keeps_what_it_says_and_leaves_alone_what_it_cannot_read(
    step: object, value: str, coarse: str
) -> None:
    assert step(value) == coarse  # type: ignore[operator]


def test_a_table_file_gives_k_and_the_columns_and_no_value_of_it(tmp_path: Path) -> None:
    rows = people()
    found = of_table(write(tmp_path / "people.csv", rows))
    sizes = by_hand(rows, [2, 3, 4, 5, 6])
    assert found["quasi_identifiers"] == ["birth_date", "sex", "zip", "occupation", "visit"]
    assert found["k"] == min(sizes.values())
    assert found["unique_share"] == sum(n == 1 for n in sizes.values()) / len(rows)
    assert found["diversity"]["column"] == "diagnosis"
    text = json.dumps(found)
    cells = {c for row in rows for c in row if len(c) > 4}
    assert [c for c in cells if c in text] == []


def test_a_table_without_anything_that_others_know_is_unknown_and_never_safe() -> None:
    found = of_rows(["sku", "price"], [[f"a{i % 4}", str(i % 3)] for i in range(40)])
    assert (found["k"], found["unique_share"], found["quasi_identifiers"]) == (None, None, [])
    assert "No column was recognised" in found["reason"]


def test_a_column_that_was_left_out_cannot_be_asked_for() -> None:
    with pytest.raises(InputError, match=r"patient_id: cannot be used.*birth_date"):
        assess(encode(HEADER, [people(30)]), ["patient_id"])


def test_it_is_imported_without_the_recognisers() -> None:
    code = (
        "import core.privacy.risk, sys; print([m for m in ('torch', 'presidio_analyzer', 'spacy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


PYCANON = """
import sys
import pandas as pd
from pycanon import anonymity
frame = pd.read_csv(sys.argv[1], dtype=str)
qi = sys.argv[3].split(",")
print(anonymity.k_anonymity(frame, qi), anonymity.l_diversity(frame, qi, [sys.argv[2]]))
"""


@pytest.mark.network
@pytest.mark.parametrize("chosen", ["sex", "sex,occupation", "birth_date,sex,zip"])
def test_k_and_l_are_those_of_pycanon(tmp_path: Path, chosen: str) -> None:
    """In an environment of its own: pycanon pins older pandas, numpy and scipy than the house runs on."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed, so pycanon cannot be fetched beside")
    file = write(tmp_path / "people.csv", people())
    command = [uv, "run", "--quiet", "--no-project", "--isolated", "--python", sys.executable, "--with", "pycanon"]
    done = subprocess.run(
        [*command, "python", "-c", PYCANON, str(file), "diagnosis", chosen],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        cwd=tmp_path,
    )
    if done.returncode and "ModuleNotFoundError" not in done.stderr and "Traceback" not in done.stderr:
        pytest.skip("pycanon cannot be fetched from the package index")
    table = encode(HEADER, [people()])
    risk = assess(table, chosen.split(","), sensitive="diagnosis")
    assert risk.diversity is not None
    assert done.stdout.split() == [str(risk.groups.k), str(risk.diversity.l)], done.stderr
