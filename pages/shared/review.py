"""The kept review of a venture: read where it is fresh, asked for again where it is not."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.evidence import Evidence
from core.feeds import READINESS
from core.jobs import JobStatus, jobs
from core.readiness.joint.moves import Move, moves
from core.store import recent
from core.venture import Venture
from pages.shared.frame import inputs, store
from pages.shared.look import number
from pages.shared.watch import live, start

VERDICT, CHANCE = "readiness.verdict", "readiness.p_go"
KIND = "review"
_BACK = 12  # reviews to look back for one that differs


def kept(of: Venture, found: Mapping[str, Evidence]) -> tuple[Mapping[str, Any], bool]:
    """The newest review, empty where there is none, and whether it speaks of today's evidence."""
    record = found.get(VERDICT)
    if record is None:
        return {}, False
    return record.detail, not record.is_stale(inputs(of, found)[READINESS])


def keep_fresh(of: Venture, found: Mapping[str, Evidence], fresh: bool) -> None:
    """Ask for a review where anything was measured since the last one; not again where one failed on the same."""
    measured = [e for e in found.values() if e.room != READINESS]
    if fresh or not measured or live(of):
        return
    last = next((j for j in jobs(store(), venture=of.key, limit=50) if j.kind == KIND), None)
    newest = max(e.measured_at for e in measured)
    if last is not None and last.status is JobStatus.FAILED and last.created >= newest:
        return
    start(of, [KIND])


def last_moves(of: Venture) -> tuple[Mapping[str, Any], list[Move]]:
    """The last review before the newest that differs from it, with what moved P(go) since; nothing where none does."""
    found = recent(store(), of.key, VERDICT, _BACK)
    for record in found[1:]:
        if steps := moves(record.detail, found[0].detail):
            return record.detail["p_go"], steps
    return {}, []


def chance_line(told: Mapping[str, Any]) -> None:
    """P(go) with its bounds, in one metric, explained where it stands."""
    p = told["p_go"]
    span = "" if p["low"] == p["high"] else f"{number(p['low'], 'share')} to {number(p['high'], 'share')}"
    st.metric(
        "P(go)",
        number(p["value"], "share"),
        help="The share of 16,384 joint draws, each figure within its interval, in which every threshold holds. What "
        "nobody measured is a coin toss; the lower bound counts it as failed, the upper one as held.",
    )
    error = f"numerical error {p['error'] * 100:.2g} points"
    st.caption(f"{span} · {error}" if span else error)
