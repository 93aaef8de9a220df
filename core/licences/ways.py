"""The cheapest way out of a block or a doubt, where one is known; else what to ask.

Only facts that somebody looked up are named (data/policies/licences/ways.toml, each with its source and date), and a
replacement only where its own licence is free in the same mode.
"""

import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from core.licences import spdx
from core.licences.policy import Mode, Standing, judge

if TYPE_CHECKING:
    from core.licences.component import Component, Law

TABLE = Path(__file__).resolve().parents[2] / "data" / "policies" / "licences" / "ways.toml"

NOT_READ = "mend what the reason names and check again, or take it out of what ships"


@cache
def _table() -> dict[str, list[dict[str, Any]]]:
    rows = tomllib.loads(TABLE.read_text("utf-8"))["ways"]
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(canonicalize_name(row["package"]), []).append(row)
    return found


def with_ways(component: "Component", law: "Law") -> "Component":
    """The component with a way out for each mode in which it is blocked or unknown."""
    found = {
        mode: _way(component, mode, answer.status, law)
        for mode, answer in component.modes.items()
        if answer.status in (Standing.BLOCKED, Standing.UNKNOWN)
    }
    return replace(component, ways=found) if found else component


def _way(component: "Component", mode: Mode, status: Standing, law: "Law") -> str:
    rows = _table().get(canonicalize_name(component.name), []) if component.kind == "package" else []
    known = next((told for row in rows if (told := _told(row, mode, law))), "")
    return known or (_blocked(component) if status == Standing.BLOCKED else _unknown(component))


def _told(row: dict[str, Any], mode: Mode, law: "Law") -> str:
    """A row of the table in words; empty where its licence would not help in this mode."""
    if "licence" in row:
        node = spdx.parse(row["licence"])
        if node is None:
            return ""
        status = judge(node, mode, law.policy, open_source=law.open_source).status
        if status not in (Standing.ALLOWED, Standing.OBLIGATIONS):
            return ""
    return f"{row['do']} ({row['source']}, read {row['read']})"


def _blocked(component: "Component") -> str:
    if component.kind == "package":
        inside = next((p.name for p in component.bundled if p.ships and p.name in _blockers(component)), "")
        if inside:
            return f"ask for or build a version without {inside}, or replace {component.name}"
        return f"replace {component.name}, or ask its authors for a commercial licence"
    return f"choose another {component.kind}, or ask its publisher for a commercial licence"


def _blockers(component: "Component") -> str:
    return " ".join(a.reason for a in component.modes.values() if a.status == Standing.BLOCKED)


def _unknown(component: "Component") -> str:
    if component.concluded is None:
        whom = "its authors" if component.kind == "package" else "its publisher"
        return f"ask {whom} which licence it is under; a file or a mail that says so settles it"
    return f"have the terms of {component.concluded} read for this way of selling, or replace it"
