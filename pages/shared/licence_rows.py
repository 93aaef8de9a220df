"""The rows of a licence report as pages show and filter them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pages.shared.licence_charts import ORDER, STATE_WORD

KINDS = (("package", "packages"), ("model", "models"), ("data set", "datasets"))
Part = Mapping[str, Any]


def parts(report: Part, mode: str) -> list[dict[str, Any]]:
    """Every package, model and data set that was judged for a mode, with its kind, worst first."""
    rows = [{**p, "kind": kind} for kind, key in KINDS for p in report.get(key, []) if mode in p.get("modes", {})]
    return sorted(rows, key=lambda p: (ORDER.index(p["modes"][mode]["status"]), p["name"].lower()))


def kept(rows: Sequence[Part], mode: str, states: Sequence[str], categories: Sequence[str], search: str) -> list[Part]:
    """The rows that pass the filters; an empty filter lets everything pass."""
    wanted = search.strip().lower()
    return [
        p
        for p in rows
        if (not states or p["modes"][mode]["status"] in states)
        and (not categories or p["category"] in categories)
        and (not wanted or wanted in f"{p['name']} {p.get('concluded') or ''} {p.get('declared') or ''}".lower())
    ]


def table(rows: Sequence[Part], mode: str) -> pd.DataFrame:
    """What the table shows of each row; a name that stands twice is told apart by its version."""
    return pd.DataFrame(
        [
            {
                "name": p["name"],
                "version": p.get("version", ""),
                "licence": p.get("concluded") or "unknown",
                "answer": STATE_WORD[p["modes"][mode]["status"]],
                "why": p["modes"][mode]["reason"],
                "kind of licence": p.get("category") or "Unknown",
                "what": p["kind"],
                "used": p.get("use", ""),
                "brought by": (p.get("via") or [""])[-1],
                "inside it": ", ".join(b["name"] for b in p.get("bundled", []) if b["ships"]),
                "decided by": (p.get("won") or {}).get("tier", ""),
            }
            for p in rows
        ]
    )


def height(rows: int) -> int:
    """Pixels of a table of so many rows: as many as it needs, up to twelve, then it scrolls."""
    return 38 + 35 * min(rows, 12)


def title(part: Part) -> str:
    """A row's name and version, as a choice in a list."""
    return f"{part['name']} {part.get('version', '')}".strip()


def path(part: Part) -> str:
    """The chain that pulled a component in, in words."""
    via = [str(step) for step in part.get("via") or []]
    if not via:
        return "named in the venture itself"
    return " → ".join([*via, part["name"]])


def evidence(part: Part) -> pd.DataFrame:
    """The evidence of one component, one row a place."""
    rows = [
        {
            "where": e["tier"],
            "says": e["says"],
            "counts": "applies" if e.get("applies", True) else "only mentioned",
            "file": e["file"],
            "line": str(e["line"] or ""),
        }
        for e in part.get("evidence", [])
    ]
    return pd.DataFrame(rows)


def inside(part: Part) -> pd.DataFrame:
    """The code of others inside one component."""
    rows = [
        {
            "part": b["name"],
            "licence": b["licence"] or "unknown",
            "seen as": b["how"] if b["ships"] else f"{b['how']}, not in this package",
            "file": b["file"],
            "says": b["says"] or b.get("why", ""),
        }
        for b in part.get("bundled", [])
    ]
    return pd.DataFrame(rows)
