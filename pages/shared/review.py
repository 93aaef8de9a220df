"""The kept review of a venture: read where it is fresh, asked for again where it is not."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from core.evidence import Evidence
from core.feeds import READINESS
from core.jobs import JobStatus, jobs
from core.readiness.assess import Assessment
from core.readiness.checks import Inputs
from core.readiness.joint.moves import Move, moves
from core.store import recent
from core.venture import Venture
from pages.shared import terms
from pages.shared.frame import store
from pages.shared.look import between, number
from pages.shared.watch import live, start

VERDICT, CHANCE = "readiness.verdict", "readiness.p_go"
KIND = "review"
STIRS = 0.0005  # of P(go), from which it moved: what a tenth of a point rounds to
_PAUSE = timedelta(minutes=1)
_BACK = 12  # reviews to look back for one that differs


def kept(found: Mapping[str, Evidence], today: Assessment, now: Inputs) -> tuple[Mapping[str, Any], bool]:
    """The newest review, empty where there is none, and whether it speaks of today's evidence.

    It does not where a check answers otherwise `today`: time may run out, or a file change that a room reads and the
    review does not. `now` is what each room would be measured from today.
    """
    record = found.get(VERDICT)
    if record is None:
        return {}, False
    then = {c["id"]: c["status"] for c in record.detail["checks"]}
    same = then == {c.id: str(c.status) for c in today.checks}
    return record.detail, same and not record.is_stale(now[READINESS])


def keep_fresh(of: Venture, found: Mapping[str, Evidence], fresh: bool) -> None:
    """Ask for a review where anything was measured since the last one; not again where one failed on the same.

    Where one that was just made does not speak of today either (a worker of another version made it), a minute is
    waited: a page must not ask for ever.
    """
    measured = [e for e in found.values() if e.room != READINESS]
    if fresh or not measured or live(of):
        return
    last = next((j for j in jobs(store(), venture=of.key, limit=50) if j.kind == KIND), None)
    newest = max(e.measured_at for e in measured)
    if last is not None and last.created >= newest:
        just_now = datetime.now(UTC) - last.created < _PAUSE
        if last.status is JobStatus.FAILED or just_now:
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
    """P(go) with its bounds, and how firmly the verdict stands, each explained where it stands."""
    p, firm = told["p_go"], told.get("robustness", {})
    st.metric("P(go)", number(p["value"], "share"), help=terms.P_GO)
    if p["low"] != p["high"]:
        st.caption(f"{between(p['low'], p['high'])}, as what nobody measured turns out")
    st.caption(f"Numerical error {p['error'] * 100:.2g} points, n = {told['n']:,}")
    if firm.get("weights") is not None:
        st.caption(weighed(str(told["verdict"]), firm["weights"]), help=terms.WEIGHTS)
    if firm.get("thresholds") is not None:
        st.caption(f"It stays in {number(firm['thresholds'], 'share')} of shifted limits", help=terms.LIMITS)


def weighed(word: str, share: float) -> str:
    """What other weights of the checks would say; where gates decide, that they do."""
    if word in ("GO", "CONDITIONAL"):
        return f"It holds in {number(share, 'share')} of weightings"
    return f"Gates decide it; by weight alone it would hold in {number(share, 'share')} of weightings"
