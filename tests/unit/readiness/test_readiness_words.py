"""Figures are written for a person, and never so short that two different ones look alike."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.readiness.words import counted, figure, figures, span


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.9384, "share", "93.8 %"),
        (0.0, "share", "0 %"),
        (1.0, "share", "100 %"),
        (0.00412, "share", "0.412 %"),
        (182.44, "ms", "182 ms"),
        (1234.0, "ms", "1,230 ms"),
        (999_950.0, "rows", "1 M rows"),
        (1_234_567.0, "USD/year", "1.23 M USD a year"),
        (-2.5e9, "EUR/year", "-2.5 bn EUR a year"),
        (999_900_000.0, "USD", "1 bn USD"),
        (999.96, "ms", "1,000 ms"),
        (-0.0, "ms", "0 ms"),
        (1e-9, "s", "1e-09 s"),
        (3.2e13, "USD", "32,000 bn USD"),
        ("allowed", "word", "allowed"),
        (3.0, "", "3"),
    ],
)
def test_a_figure_in_words(value: float | str, unit: str, said: str) -> None:
    assert figure(value, unit) == said


@settings(deadline=None)
@given(st.lists(st.integers(0, 10**9).map(lambda k: k / 10**9), min_size=2, max_size=4, unique=True))
def test_different_shares_read_differently(values: list[float]) -> None:
    assert len(set(figures(values, "share"))) == len(values)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        ("89.1 %", "91.9 %", "89.1 to 91.9 %"),
        ("100,000 USD a year", "4 bn USD a year", "100,000 to 4 bn USD a year"),
        ("1.2 M USD a year", "4 bn USD a year", "1.2 M to 4 bn USD a year"),
        ("1", "2", "1 to 2"),
        ("1 M", "2 M", "1 M to 2 M"),
        ("2 MB", "3 MB", "2 to 3 MB"),
    ],
)
def test_a_range_names_its_unit_once(low: str, high: str, said: str) -> None:
    assert span(low, high) == said


def test_counts() -> None:
    assert [counted(1, "gate"), counted(1200, "gate"), counted(2, "is", "are")] == ["1 gate", "1,200 gates", "2 are"]
