"""A cell's form decides how it is searched; nothing that could hold an identifier goes unsearched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.privacy.shapes import TIERS, Shape, Tier, foreign, name_words, shape, shapes

EXAMPLES = {
    Shape.EMPTY: ["", "  "],
    Shape.FLAG: ["true", "No", "n"],
    Shape.AMOUNT: ["42", "0", "-3.50", "$1,200.00", "12 %", "0.0000123", "1.5e-7", "99.1234567"],
    Shape.NUMBER: ["212-54-8731", "123456789", "4111 1111 1111 1111", "+1 (415) 555-0132", "300.1.2.3", "555.123.4567"],
    Shape.IP: ["10.0.0.1", "255.255.255.255"],
    Shape.DATE: ["2026-11-23", "23.11.2026", "2026-11-23T10:15:00Z"],
    Shape.UUID: ["6f1c1f9e-2b57-4a53-9c57-0d8a5a9a2f10"],
    Shape.CODE: ["T-10001", "card_lost", "ann@example.org", "https://example.org/a"],
    Shape.TEXT: ["Ann", "Ann Lee", "my card 4111 1111 1111 1111 is lost", "我叫王小明"],
}


@pytest.mark.parametrize(("kind", "cell"), [(k, c) for k, cells in EXAMPLES.items() for c in cells])
def test_a_cell_is_told_by_its_form(kind: Shape, cell: str) -> None:
    assert shape(cell) == kind


@given(st.text(st.sampled_from("0123456789"), min_size=5))
def test_five_digits_or_more_are_always_searched(digits: str) -> None:
    assert TIERS[shape(digits)] >= Tier.PATTERNS


@given(st.text(min_size=1), st.sampled_from(["ann@example.org", "212-54-8731", "Ann Lee"]))
def test_an_identifier_in_a_cell_is_always_searched_for(around: str, inside: str) -> None:
    assert TIERS[shape(f"{around} {inside} {around}")] >= Tier.PATTERNS


CELLS = st.text(st.sampled_from("0149.,-/: TtYyes€$%@_ab\t\n\x1c٣é王"), max_size=14) | st.text(max_size=8)


@given(st.lists(CELLS | st.sampled_from([c for cells in EXAMPLES.values() for c in cells]), min_size=70, max_size=90))
def test_many_cells_at_once_are_told_as_one_by_one(cells: list[str]) -> None:
    assert shapes(cells) == [shape(c) for c in cells]


def test_half_a_surrogate_pair_stops_nothing() -> None:
    assert shapes(["\ud800 Ann"] * 100) == [Shape.TEXT] * 100


def test_an_address_told_by_its_form_is_one_for_the_recogniser_too() -> None:
    from core.privacy.detect import detector

    cells = ["10.0.0.1", "255.255.255.255", "1.2.3.4", "192.168.100.7", "0.0.0.0"]
    found = detector().detect([f"{c}" for c in cells], names=False)
    assert [shape(c) for c in cells] == [Shape.IP] * 5
    assert [{s.type for s in spans} for spans in found] == [{"IP_ADDRESS"}] * 5


def test_a_foreign_script_is_noticed_and_an_accent_is_not() -> None:
    assert foreign("王小明住在北京")
    assert foreign("Позвоните мне")
    assert not foreign("Señor Núñez, naïve façade, Łódź")
    assert not foreign("12345 !?")


def test_a_column_name_is_read_as_words() -> None:
    assert name_words("customerPhone_no") == ["customer", "phone", "no"]
    assert name_words("SSN2") == ["ssn"]
