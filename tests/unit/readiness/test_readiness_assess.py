"""The assessment is what the command line prints; what is due is what was never measured or no longer holds."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.evidence import ROOMS, Evidence, Source
from core.readiness.assess import assess, due
from core.settings import PROJECT
from core.venture import Venture, parse

NOW = datetime(2026, 6, 1, tzinfo=UTC)
INPUTS = {room: {"file": "1"} for room in ROOMS}


def desk(tmp_path: Path, **more: object) -> Venture:
    return parse({"schema": 1, "name": "Desk", "must": {"accuracy": 0.9}, **more}, tmp_path / "venture.toml")


def record(name: str, value: float | str = 1.0, unit: str = "share", days: int = 0, made_from: str = "1") -> Evidence:
    when = NOW - timedelta(days=days)
    return Evidence(name, value, unit, "m", Source("measured"), measured_at=when, inputs={"file": made_from})


def by_id(*records: Evidence) -> dict[str, Evidence]:
    return {e.id: e for e in records}


FRESH = by_id(
    record("model.accuracy"),
    record("model.p95_latency", 40.0, "ms"),
    record("privacy.direct_share", 0.0),
    record("licences.saas", "allowed"),
    record("market.tam"),
)


def test_the_printed_assessment_has_the_documented_keys_in_the_documented_order(tmp_path: Path) -> None:
    out = assess(desk(tmp_path), FRESH, INPUTS, NOW).as_json()
    json.dumps(out, allow_nan=False)
    assert list(out) == ["schema", "venture", "verdict", "headline", "checks", "not_measured_yet", "evidence"]
    assert (out["schema"], out["venture"], out["verdict"]) == (1, "Desk", "NOT ENOUGH EVIDENCE")
    keys = {"id", "room", "gate", "status", "reason", "evidence"}
    assert all(keys <= set(c) for c in out["checks"])
    assert [e["id"] for e in out["evidence"]] == sorted(FRESH)
    statuses = {c["id"]: c["status"] for c in out["checks"]}
    assert statuses["model.accuracy"] == "pass"
    assert statuses["model.p95_latency"] == "unknown", "no limit is stated"


def test_what_cannot_be_measured_yet_is_listed_and_decides_nothing(tmp_path: Path) -> None:
    found = assess(desk(tmp_path), FRESH, INPUTS, NOW)
    listed = found.as_json()["not_measured_yet"]
    assert {p["id"] for p in listed} == {
        "privacy.tax",
        "licences.notices",
        "market.runway",
        "market.critical_mass",
        "market.suppliers",
    }
    assert all(p["missing"] for p in listed)
    assert {p["id"] for p in listed}.isdisjoint(c.id for c in found.checks)
    assert all(p["title"] not in found.verdict.headline for p in listed)


def test_every_check_names_evidence_that_is_there(tmp_path: Path) -> None:
    found = assess(desk(tmp_path), FRESH, INPUTS, NOW)
    assert {i for c in found.checks for i in c.evidence} <= set(FRESH)


def test_without_evidence_every_room_is_due_and_nothing_is_concluded(tmp_path: Path) -> None:
    assert due(desk(tmp_path), {}) == list(ROOMS)
    assert assess(desk(tmp_path), {}).verdict.word == "NOT ENOUGH EVIDENCE"


def test_a_room_with_fresh_evidence_is_not_due(tmp_path: Path) -> None:
    assert due(desk(tmp_path), FRESH, INPUTS, NOW) == []


def test_a_look_at_the_data_is_no_measurement_of_the_model(tmp_path: Path) -> None:
    seen = {k: e for k, e in FRESH.items() if e.room != "model"} | by_id(record("model.baseline_accuracy"))
    assert due(desk(tmp_path), seen, INPUTS, NOW) == ["model"]


def test_a_changed_input_makes_only_its_room_due(tmp_path: Path) -> None:
    assert due(desk(tmp_path), FRESH, INPUTS | {"privacy": {"file": "2"}}, NOW) == ["privacy"]


def test_expired_evidence_makes_its_room_due(tmp_path: Path) -> None:
    old = {k: e.with_inputs(e.inputs, days_valid=30) for k, e in FRESH.items()}
    assert due(desk(tmp_path), old, None, NOW + timedelta(days=31)) == list(ROOMS)


def test_an_old_figure_that_no_check_reads_keeps_no_room_due(tmp_path: Path) -> None:
    dropped = record("licences.on_device", "blocked", "word", days=9, made_from="0")
    assert due(desk(tmp_path), FRESH | by_id(dropped), INPUTS, NOW) == []


def test_an_old_figure_that_a_check_reads_makes_its_room_due(tmp_path: Path) -> None:
    old = record("model.p95_latency", 3.0, "ms", days=9, made_from="0")
    assert due(desk(tmp_path), FRESH | by_id(old), INPUTS, NOW) == ["model"]


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = ("numpy", "scipy", "pandas", "torch", "sklearn", "core.market", "core.model", "core.store")
    code = f"import sys, core.readiness.assess; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
