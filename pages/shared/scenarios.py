"""Kept scenarios beside how the venture stands today: reckoned on a copy, nothing is measured."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.errors import InputError
from core.evidence import Evidence, Status
from core.readiness.joint.review import Review
from core.readiness.joint.whatif import whatif
from core.venture import Venture
from pages.shared.frame import inputs
from pages.shared.look import between, number

DRAWS = 1024  # of each scenario: half a point of P(go), in milliseconds


def scenario_table(of: Venture, found: Mapping[str, Evidence]) -> None:
    """One row for today and one for every kept scenario: verdict, P(go), gates, and what it changes."""
    st.dataframe(scenario_rows(of, found), hide_index=True, alt="Kept scenarios with their verdicts")


def scenario_rows(of: Venture, found: Mapping[str, Evidence]) -> list[dict[str, str]]:
    """The rows; a scenario that no longer fits the venture says why."""
    now = inputs(of, found)
    rows: list[dict[str, str]] = []
    for scenario in of.scenarios:
        try:
            told = whatif(of, found, scenario.set, now, n=DRAWS)
        except InputError as error:
            rows.append({"Scenario": scenario.name, "Verdict": "no longer fits", "What it changes": str(error)})
            continue
        if not rows or rows[0]["Scenario"] != "as it is today":
            rows.insert(0, _row("as it is today", told.before, "", []))
        moved = told.as_json()["changed"]
        changes = ", ".join(f"{key} = {_plain(value)}" for key, value in scenario.set.items())
        rows.append(_row(scenario.name, told.after, changes, moved))
    return rows


def _row(name: str, of: Review, changes: str, moved: list[dict[str, Any]]) -> dict[str, str]:
    checks = of.assessment.checks
    failed = sum(c.gate and c.status is Status.FAIL for c in checks)
    open_ = sum(c.gate and c.status in (Status.UNKNOWN, Status.STALE) for c in checks)
    span = f" ({between(of.chance.low, of.chance.high)})" if of.chance.low != of.chance.high else ""
    return {
        "Scenario": name,
        "Verdict": str(of.assessment.verdict.word),
        "P(go)": number(of.chance.value, "share") + span,
        "Gates": f"{failed} fail, {open_} not answered",
        "What it changes": changes,
        "Checks that move": "; ".join(f"{m['check']}: {m['before']} → {m['after']}" for m in moved),
    }


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
