"""Canaries: values that are known to be there must not be readable in a masked export."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.privacy.leak.canary import EACH, KINDS, Canary, check_export, masked_text, plant, readable
from core.privacy.leak.mark import Mark, places


def nothing(texts: Sequence[str]) -> list[list[Mark]]:
    return [[] for _ in texts]


def everything(texts: Sequence[str]) -> list[list[Mark]]:
    return [[Mark(0, len(text), "SECRET")] if text else [] for text in texts]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "rows.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([["ref", "text"], *([f"R{i}", "where is my parcel, please?"] for i in range(60))])
    return file


def test_without_masking_every_canary_is_read(table: Path, tmp_path: Path) -> None:
    found = check_export(table, "text", tmp_path / "out.csv", nothing)
    assert found.read == found.planted == EACH * len(KINDS)
    assert dict(found.types) == dict.fromkeys(KINDS, (EACH, EACH))


def test_with_everything_masked_none_is_read(table: Path, tmp_path: Path) -> None:
    found = check_export(table, "text", tmp_path / "out.csv", everything)
    assert found.read == 0
    assert found.as_json()["high"] > 0.05


def test_of_a_large_table_some_rows_are_enough(table: Path, tmp_path: Path) -> None:
    found = check_export(table, "text", tmp_path / "out.csv", nothing, most=40)
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 41
    assert found.read == EACH * len(KINDS)


def test_a_search_that_knows_one_type_lets_the_others_through(table: Path, tmp_path: Path) -> None:
    def mails(texts: Sequence[str]) -> list[list[Mark]]:
        words = [[w.rstrip(".") for w in t.split() if "@" in w] for t in texts]
        return [
            [Mark(*p, "EMAIL_ADDRESS") for w in ws for p in places(t, w)] for t, ws in zip(texts, words, strict=True)
        ]

    found = check_export(table, "text", tmp_path / "out.csv", mails)
    assert found.types["EMAIL_ADDRESS"] == (EACH, 0)
    assert found.types["CREDIT_CARD"] == (EACH, EACH)


def test_the_real_search_masks_what_has_check_digits_and_the_table_itself_is_left_alone(
    table: Path, tmp_path: Path
) -> None:
    from core.privacy.detect import detector

    def find(texts: Sequence[str]) -> list[list[Mark]]:
        return [[Mark(s.start, s.end, s.type, s.score) for s in spans] for spans in detector().detect(texts)]

    before = table.read_bytes()
    found = check_export(table, "text", tmp_path / "out.csv", find)
    assert table.read_bytes() == before
    for kind in ("EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE", "IP_ADDRESS"):
        assert found.types[kind] == (EACH, 0), kind


@pytest.mark.parametrize(
    ("row", "read"),
    [
        ("my card 4000-1234-5678-9010", True),
        ("my card 4000 1234 ****", True),
        ("my card #### #### 9010", False),
        ("my card ****", False),
    ],
)
def test_a_piece_that_is_left_is_read_however_it_is_written(row: str, read: bool) -> None:
    assert readable(Canary("CREDIT_CARD", 0, "4000123456789010"), row, row) is read


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=5))
def test_masking_changes_nothing_outside_the_marks(text: str, spans: list[tuple[int, int]]) -> None:
    marks = [Mark(a, min(a + n, len(text)), "SECRET") for a, n in spans if a < len(text)]
    out = masked_text(text, marks)
    first, last = min((m.start for m in marks), default=len(text)), max((m.end for m in marks), default=0)
    assert out.startswith(text[:first])
    assert out.endswith(text[last:])


def test_the_same_seed_plants_the_same_values_each_in_a_row_of_its_own() -> None:
    texts = ["hello"] * 50
    one, two = plant(texts, seed=3), plant(texts, seed=3)
    assert one == two
    assert len({c.row for c in one[1]}) == len(one[1])
    assert all(c.value in one[0][c.row] for c in one[1])


def test_few_rows_hold_several_canaries_and_none_is_refused() -> None:
    texts, canaries = plant(["hello", ""], each=1)
    assert len(canaries) == len(KINDS)
    assert all(c.value in texts[c.row] for c in canaries)
    with pytest.raises(InputError, match="no row to plant"):
        plant([])


def test_a_column_that_is_not_there_is_named(table: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"rows\.csv: has no column note; its columns are ref, text"):
        check_export(table, "note", tmp_path / "out.csv", nothing)
