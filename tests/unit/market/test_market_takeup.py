"""Customers to come: from the venture's own series or an analogue's pace, less those who leave."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import InputError
from core.evidence import Evidence
from core.market.measure import measure
from core.venture import parse

CHURN = {"p10": 0.05, "p50": 0.1, "p90": 0.2, "by": "Founders"}
OWN: dict[str, Any] = {"numbers": [3, 8, 15, 30, 44], "period": "quarter", "churn": CHURN}
FIRMS = {"id": "firms", "label": "Firms", "unit": "firms", "p10": 90, "p50": 100, "p90": 110}


def customers(tmp_path: Path, adoption: dict[str, Any]) -> Evidence:
    market = {"adoption": adoption, "assumptions": [FIRMS]}
    venture = parse({"schema": 1, "name": "Desk", "market": market}, tmp_path / "venture.toml")
    return next(e for e in measure(venture, tmp_path) if e.id == "market.customers")


def test_own_sales_go_on_and_those_who_left_are_gone(tmp_path: Path) -> None:
    e = customers(tmp_path, OWN)
    assert e.unit == "customers"
    assert e.low is not None
    assert e.high is not None
    assert isinstance(e.value, float)
    assert e.low < e.value < e.high
    last, ever = e.detail["customers"][-1], e.detail["adopters"][-1]
    assert all(last[q] < ever[q] for q in ("p10", "p50", "p90"))
    assert ever["p10"] > 100  # the hundred of the series are among them
    assert e.detail["reason"]
    staying = customers(tmp_path, OWN | {"churn": {"p10": 0, "p50": 0, "p90": 0}})
    assert staying.detail["customers"] == staying.detail["adopters"]


def test_an_analogue_gives_the_pace_and_the_potential_the_size(tmp_path: Path) -> None:
    analogue = {"numbers": [400, 489, 211, 250, 250], "analogue": "FedNow", "potential": ["firms"], "horizon": 40}
    e = customers(tmp_path, analogue | {"churn": CHURN, "period": "half-year"})
    assert e.detail["own"] is True
    assert e.detail["adopters"][-1]["p50"] < 140
    assert "series of FedNow" in e.source.detail


def test_a_series_in_a_file_is_read_and_hashed(tmp_path: Path) -> None:
    (tmp_path / "sold.csv").write_text("sold\n3\n8\n15\n30\n44\n", encoding="utf-8")
    adoption = {k: v for k, v in OWN.items() if k != "numbers"} | {"series": "sold.csv"}
    assert customers(tmp_path, adoption).value == customers(tmp_path, OWN).value
    venture = parse({"schema": 1, "name": "Desk", "market": {"adoption": adoption}}, tmp_path / "venture.toml")
    assert "sold.csv" in venture.inputs("market")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"numbers": [1, 2, 3]}, "3 periods"),
        ({"numbers": [1, 2, -3, 4]}, "numbers"),
        ({"series": "sold.csv"}, "either series"),
        ({"analogue": "FedNow"}, "name it in potential"),
        ({"potential": ["nobody"]}, "nobody"),
        ({"churn": {"p10": 0.2, "p50": 0.1, "p90": 0.3}}, "p10 <= p50 <= p90"),
        ({"churn": {"p10": 0.2, "p50": 0.3, "p90": 1.3}}, "churn"),
    ],
)
def test_each_mistake_is_told(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises((InputError, ValidationError), match=said):
        customers(tmp_path, OWN | change)
