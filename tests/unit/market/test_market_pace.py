"""SOM and the forecast of adoption are two ways to one figure: where they contradict each other, it is said."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from core.cli.app import app
from core.evidence import Evidence
from core.market.measure import measure
from core.settings import PROJECT
from core.venture import Venture, parse

SLOW = [400, 489, 211, 250, 250]
CHURN = {"p10": 0.01, "p50": 0.02, "p90": 0.04, "by": "us"}


def figure(name: str, unit: str, p10: float, p50: float, p90: float) -> dict[str, Any]:
    return {"id": name, "label": name.title(), "unit": unit, "p10": p10, "p50": p50, "p90": p90, "by": "us"}


def venture(folder: Path, **adoption: Any) -> Venture:
    market = {
        "tam": ["banks", "price"],
        "sam": ["open"],
        "som": ["won"],
        "assumptions": [
            figure("banks", "banks", 3000, 4000, 5000),
            figure("price", "USD/bank/year", 1000, 2000, 4000),
            figure("open", "share", 0.2, 0.3, 0.5),
            figure("won", "share", 0.02, 0.04, 0.06),
        ],
        "adoption": {"numbers": SLOW, "analogue": "FedNow", "churn": CHURN, "horizon": 6, "period": "half-year"}
        | {"potential": ["banks", "open", "won"]}
        | adoption,
    }
    return parse({"schema": 1, "name": "Desk", "market": market}, folder / "venture.toml")


def found(of: Venture, folder: Path) -> Evidence | None:
    return next((e for e in measure(of, folder) if e.id == "market.reconciliation"), None)


def test_a_pace_that_does_not_carry_som_says_what_to_change(tmp_path: Path) -> None:
    e = found(venture(tmp_path), tmp_path)
    assert e is not None
    pace = e.detail["adoption"]
    assert e.value == pace["overlap"] < 0.5
    assert pace["customers"]["p50"] < pace["counted"]["p50"] / 4
    assert pace["counted"]["p50"] == pytest.approx(4000 * 0.32 * 0.038, rel=0.1)
    assert "SOM counts" in e.reason
    assert "at the pace of FedNow" in e.reason
    assert "Lower “Won” to what comes by then" in e.reason


def test_a_pace_that_carries_som_agrees(tmp_path: Path) -> None:
    rise = [5, 15, 60, 200, 380, 420, 250, 90, 20, 5, 2, 1]
    e = found(venture(tmp_path, numbers=rise, horizon=14, churn=CHURN | {"p10": 0.0, "p50": 0.001}), tmp_path)
    assert e is not None
    assert isinstance(e.value, float)
    assert e.value > 0.5
    assert "the two agree by" in e.detail["adoption"]["sentence"]


def test_customers_of_other_kinds_are_not_compared(tmp_path: Path) -> None:
    assert found(venture(tmp_path, potential=["banks", "open"]), tmp_path) is None
    assert found(venture(tmp_path, potential="banks * open * won + 5"), tmp_path) is None
    assert found(venture(tmp_path, potential=[], analogue=""), tmp_path) is None


def test_the_command_tells_it_of_the_sample() -> None:
    sample = PROJECT / "data" / "ventures" / "support-desk" / "venture.toml"
    done = CliRunner().invoke(app, ["market", "size", str(sample), "--json"])
    told = json.loads(done.stdout)["reconciliation"]
    assert told["adoption"]["overlap"] < 0.5
    assert "SOM counts" in told["adoption"]["sentence"]
    assert told["pairs"]
