"""The market's evidence: each figure with its range and sources; what is not stated is unknown, with what to add."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.evidence import Evidence
from core.market.measure import market_size, measure
from core.venture import parse

IDS = ["market.tam", "market.sam", "market.som", "market.unsourced", "market.outdated"]


def row(name: str, *stated: float, unit: str = "x", **more: str) -> dict[str, Any]:
    return {
        "id": name,
        "label": name.title(),
        "unit": unit,
        **dict(zip(("p10", "p50", "p90"), stated, strict=True)),
        **more,
    }


ROWS = [
    row("banks", 4000, 4500, 5200, unit="banks", source="FDIC, list of institutions", date="2025-06-30"),
    row("price", 8000, 15000, 40000, unit="EUR/bank/year", by="A. Founder", date="2026-01"),
    row("reach", 0.1, 0.25, 0.4, unit="share"),
    row("win", 0.01, 0.011, 0.4, unit="share", source="our pilot"),
]
MARKET = {"currency": "EUR", "year": 2026, "tam": ["banks", "price"], "sam": ["reach"], "som": ["win"]}


def records(tmp_path: Path, market: dict[str, Any]) -> dict[str, Evidence]:
    venture = parse({"schema": 1, "name": "Desk", "market": market}, tmp_path / "venture.toml")
    found = measure(venture, tmp_path)
    assert [e.id for e in found] == IDS
    json.dumps([e.as_json(detail=True) for e in found], allow_nan=False)
    return {e.id: e for e in found}


def test_each_figure_carries_its_range_its_unit_and_what_the_charts_need(tmp_path: Path) -> None:
    found = records(tmp_path, MARKET | {"assumptions": ROWS})
    for name in IDS[:3]:
        e = found[name]
        assert (e.unit, e.level, e.n) == ("EUR/year", 0.8, 16384)
        assert isinstance(e.value, float)
        assert e.low is not None
        assert e.high is not None
        assert e.low < e.value < e.high
        assert (e.detail["p10"], e.detail["p50"], e.detail["p90"]) == (e.low, e.value, e.high)
        assert len(e.detail["histogram"]["edges"]) == len(e.detail["histogram"]["counts"]) + 1
        assert 0 < e.detail["numerical_error"] < 0.02
    assert [d["id"] for d in found["market.tam"].detail["drivers"]] == ["price", "banks"]
    assert set(found["market.som"].detail["drivers"][0]) == {"id", "label", "share_of_variance", "first", "sourced"}


def test_the_source_names_who_says_so_and_what_nobody_backs(tmp_path: Path) -> None:
    found = records(tmp_path, MARKET | {"assumptions": ROWS})
    assert found["market.tam"].source.detail == "FDIC, list of institutions; A. Founder"
    assert found["market.tam"].source.date == "2025-06-30"
    assert found["market.som"].source.detail == "FDIC, list of institutions; A. Founder; our pilot; unsourced: Reach"
    assert {e.source.kind for e in found.values()} == {"stated"}


def test_a_figure_without_any_source_shows_as_unsourced(tmp_path: Path) -> None:
    found = records(tmp_path, {"tam": ["price"], "assumptions": [row("price", 1, 2, 3)]})
    assert not found["market.tam"].source.sourced
    assert found["market.unsourced"].value == 1.0


def test_the_unsourced_share_lists_every_assumption_with_its_notices(tmp_path: Path) -> None:
    e = records(tmp_path, MARKET | {"assumptions": ROWS})["market.unsourced"]
    assert isinstance(e.value, float)
    assert 0 < e.value < 1
    assert (e.unit, e.n, e.detail["of"]) == ("share", 4, "som")
    rows = {a["id"]: a for a in e.detail["assumptions"]}
    assert rows["reach"]["share_of_variance"] == pytest.approx(e.value)
    assert (rows["reach"]["sourced"], rows["price"]["by"]) == (False, "A. Founder")
    assert "moves the median" in rows["win"]["notices"][0]


@pytest.mark.parametrize(
    ("market", "unknown", "says"),
    [
        ({}, IDS, "[[market.assumptions]]"),
        ({"tam": ["banks"]}, ["market.sam", "market.som"], "in sam under [market]"),
        ({"tam": ["banks"], "som": ["win"]}, ["market.sam", "market.som"], "in sam under [market]"),
        ({"tam": ["banks"], "sam": ["reach"]}, ["market.som"], "in som under [market]"),
    ],
)
def test_what_is_not_stated_is_unknown_and_says_what_to_add(
    tmp_path: Path, market: dict[str, Any], unknown: list[str], says: str
) -> None:
    found = records(tmp_path, market | {"assumptions": ROWS})
    assert [i for i in IDS if found[i].value is None] == unknown
    assert all(says in found[i].reason for i in unknown)


def test_fixed_numbers_hide_no_missing_range(tmp_path: Path) -> None:
    found = records(tmp_path, {"tam": ["price"], "assumptions": [row("price", 2, 2, 2)]})
    assert found["market.tam"].value == pytest.approx(2)
    assert found["market.tam"].detail["drivers"] == []
    assert found["market.unsourced"].value is None
    assert "give p10, p50 and p90 apart" in found["market.unsourced"].reason


def test_the_printed_sizes_are_the_recorded_ones(tmp_path: Path) -> None:
    market = MARKET | {"assumptions": ROWS}
    printed = market_size(parse({"schema": 1, "name": "Desk", "market": market}, tmp_path / "v.toml").market).as_json()
    found = records(tmp_path, market)
    assert printed["som"]["p50"] == found["market.som"].value
    assert printed["unsourced_share"] == found["market.unsourced"].value
    assert list(printed["sam"]) == ["p10", "p50", "p90", "mean"]
    assert {"numerical_error", "n", "seed", "assumptions"} <= set(printed)
