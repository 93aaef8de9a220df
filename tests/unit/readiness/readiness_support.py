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
    "privacy.direct_share": ("share", st.floats(0, 0.01)),
    "privacy.scanned": ("share", st.floats(0, 1)),
    "licences.saas": ("word", st.sampled_from(["allowed", "obligations", "blocked", "unknown"])),
    "market.som": ("USD/year", st.floats(1, 1e7)),
    "market.unsourced": ("share", st.floats(0, 1)),
}


@st.composite
def records(draw: st.DrawFn) -> dict[str, Evidence]:
    """Evidence of which some is good, some bad, some wide, some missing, and some without a value."""
    out = {}
    for name, (unit, values) in IDS.items():
        kind = draw(st.sampled_from(["good", "good", "good", "any", "none", "missing"]))
        if kind == "missing":
            continue
        value = good(name) if kind == "good" else draw(values) if kind == "any" else None
        wide = draw(st.floats(0, 0.1)) if kind == "any" and isinstance(value, float) else None
        bounds = {"low": value - wide, "high": value + wide} if wide is not None and isinstance(value, float) else {}
        out[name] = Evidence(
            name, value, unit, "m", Source("measured"), reason="" if value is not None else "no data", **bounds
        )
    return out


def good(name: str) -> float | str:
    if name in ("model.p95_latency", "privacy.direct_share", "market.unsourced"):
        return 0.0
    return "allowed" if name == "licences.saas" else 1e6 if name == "market.som" else 1.0


def desk(tmp: Path = Path("/nowhere")) -> Venture:
    must = {"accuracy": 0.9, "p95_ms": 50, "macro_f1": 0.8, "som": 1000}
    return parse({"schema": 1, "name": "Desk", "must": must}, tmp / "venture.toml")
