"""Ventures and evidence of every kind, for the laws of the verdict."""

from pathlib import Path

from hypothesis import strategies as st

from core.evidence import Evidence, Source
from core.venture import Venture, parse

IDS = {
    "model.accuracy": ("share", st.floats(0, 1)),
    "model.p95_latency": ("ms", st.floats(1, 100)),
    "model.macro_f1": ("share", st.floats(0, 1)),
    "model.gain": ("share", st.floats(-0.2, 0.2)),
    "model.accuracy_without_duplicates": ("share", st.floats(0, 1)),
    "model.worst_class": ("share", st.floats(0, 1)),
    "model.suspect_share": ("share", st.floats(0, 0.2)),
    "model.non_inferior": ("word", st.sampled_from(["proven", "worse", "unknown"])),
    "model.reproduced": ("word", st.sampled_from(["same", "different"])),
    "privacy.direct_share": ("share", st.floats(0, 0.01)),
    "privacy.scanned": ("share", st.floats(0, 1)),
    "privacy.leak_share": ("share", st.floats(0, 0.1)),
    "privacy.unique_share": ("share", st.floats(0, 0.2)),
    "licences.saas": ("word", st.sampled_from(["allowed", "obligations", "blocked", "unknown"])),
    "licences.fine_tune": ("word", st.sampled_from(["allowed", "obligations", "blocked", "unknown"])),
    "market.som": ("USD/year", st.floats(1, 1e7)),
    "market.unsourced": ("share", st.floats(0, 1)),
    "market.outdated": ("share", st.floats(0, 1)),
    "market.reconciliation": ("share", st.floats(0, 1)),
}
WORDS = {"licences.saas": "allowed", "licences.fine_tune": "allowed", "model.non_inferior": "proven"} | {
    "model.reproduced": "same"
}
LOW = {"model.p95_latency", "model.suspect_share", "market.unsourced", "market.outdated"} | {
    f"privacy.{name}" for name in ("direct_share", "leak_share", "unique_share")
}


@st.composite
def records(draw: st.DrawFn) -> dict[str, Evidence]:
    """Evidence that is good but for a few figures: those are anything, wide, missing, or without a value."""
    out = {name: _record(name, good(name)) for name in IDS}
    for name in draw(st.sets(st.sampled_from(sorted(IDS)), max_size=5)):
        kind = draw(st.sampled_from(["any", "any", "none", "missing"]))
        value = draw(IDS[name][1]) if kind == "any" else None
        wide = draw(st.floats(0, 0.1)) if isinstance(value, float) else 0.0
        if kind == "missing":
            del out[name]
        else:
            out[name] = _record(name, value, wide)
    return out


@st.composite
def fewer(draw: st.DrawFn, evidence: dict[str, Evidence]) -> dict[str, Evidence]:
    """The same with at least one record deleted, where there is one."""
    gone = draw(st.sets(st.sampled_from(sorted(evidence)), min_size=1, max_size=4)) if evidence else set()
    return {name: e for name, e in evidence.items() if name not in gone}


def _record(name: str, value: float | str | None, wide: float = 0.0) -> Evidence:
    bounds = {"low": value - wide, "high": value + wide} if wide and isinstance(value, float) else {}
    reason = "" if value is not None else "no data"
    return Evidence(name, value, IDS[name][0], "m", Source("measured"), reason=reason, **bounds)


def good(name: str) -> float | str:
    if name in LOW:
        return 0.0
    return WORDS.get(name, 1e6 if name == "market.som" else 1.0)


def desk(tmp: Path = Path("/nowhere")) -> Venture:
    must = {"accuracy": 0.9, "p95_ms": 50, "macro_f1": 0.8, "som": 1000}
    return parse({"schema": 1, "name": "Desk", "must": must}, tmp / "venture.toml")
