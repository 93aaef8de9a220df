"""A figure that opens to its evidence, and the checks made on it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import streamlit as st

from core.evidence import Check, Evidence, Status
from core.readiness.policy import Pending
from pages.shared.look import COLOUR, ICON, ROOM, ago, figure_text, headline, interval, percent

KIND = {"measured": "Measured here", "stated": "Stated, not measured", "catalogue": "From a catalogue"}


def figure(e: Evidence | None, label: str, *, key: str, what: str = "", stale: bool = False) -> None:
    """One figure: name, value, interval and n; its evidence behind a button. Unknown is a word, never a 0."""
    with st.container(gap="xsmall", key=f"figure-{key}"):
        if e is None or e.value is None:
            st.metric(label, "unknown", help=what or None)
            st.caption(e.reason if e else "not measured yet")
        else:
            st.metric(label, headline(e), help=what or None)
            st.caption(_under(e))
        if e is not None:
            opened(e, key=key, stale=stale)


def opened(e: Evidence, *, key: str, stale: bool = False) -> None:
    """The button that opens a figure's evidence."""
    with st.container(width="content"):  # a fragment takes the whole width
        _opened(e, key, stale)


@st.fragment
def _opened(e: Evidence, key: str, stale: bool) -> None:
    """The evidence is sent once it is asked for: a board has thirty of them."""
    icon = ":material/history:" if stale else ":material/fact_check:"
    label = "Stale evidence" if stale else "Evidence"
    with st.popover(label, icon=icon, type="tertiary", key=f"why-{key}", on_change="rerun") as door:
        if door.open:
            drawer(e, stale=stale)


@st.fragment
def folded(label: str, body: Callable[[], None], *, key: str, icon: str) -> None:
    """What stands behind a line, sent once it is unfolded."""
    with st.expander(label, icon=icon, key=key, on_change="rerun") as door:
        if door.open:
            body()


def figure_row(
    found: Mapping[str, Evidence], wanted: Sequence[tuple[str, str, str]], stale: set[str], *, width: int = 200
) -> None:
    """Figures side by side, each `width` px wide: (id, label, what it is) of each."""
    with st.container(horizontal=True, gap="medium"):
        for figure_id, label, what in wanted:
            with st.container(width=width):
                figure(found.get(figure_id), label, key=figure_id, what=what, stale=figure_id in stale)


def _under(e: Evidence) -> str:
    bounds = interval(e)
    parts = [f"{e.level * 100:g} %: {bounds}" if bounds else "", f"n = {e.n:,}" if e.n is not None else ""]
    return " · ".join(p for p in parts if p) or "one reading"


def drawer(e: Evidence, *, stale: bool = False) -> None:
    """All that is known of a figure: how, from what, when, and where to look further."""
    if stale:
        st.warning("Its inputs changed since it was measured. Measure again.", icon=ICON[Status.STALE])
    rows = (
        ("Source", f"{KIND[e.source.kind]}{': ' + e.source.detail if e.source.detail else ''}"),
        ("Exact value", "unknown" if e.value is None else f"{e.value} {e.unit}"),
        ("Interval", f"{e.low} to {e.high} at {percent(e.level)}" if e.low is not None else "none"),
        ("Measured", f"{e.measured_at:%d %B %Y, %H:%M} UTC ({ago(e.measured_at)})"),
        ("Valid until", f"{e.valid_until:%d %B %Y}" if e.valid_until else "its inputs change"),
        *(
            (f"SHA-256 of {name}", digest[:16] + "…" if len(digest) > 20 else digest)
            for name, digest in e.inputs.items()
        ),
    )
    # As text, not as a table of its own: a board has a drawer for every figure, and each would send a data frame.
    table = [f"| {e.id} | {plain(figure_text(e))} |", "|:---|:---|"]
    table += [f"| {plain(name)} | {plain(what)} |" for name, what in rows]
    st.markdown(f"{e.method}\n\n" + "\n".join(table))
    if e.source.run is not None:
        st.page_link(
            "pages/work/jobs.py",
            label=f"Log of run {e.source.run}",
            icon=":material/list_alt:",
            query_params={"job": str(e.source.run)},
        )


def plain(text: str) -> str:
    """A text on one line of Markdown, as it stands."""
    return re.sub(r"([\\`*_{}\[\]<>#|~$:])", r"\\\1", " ".join(text.split()))


def check_list(checks: Sequence[Check], *, room: bool = True) -> None:
    """Checks as lines a person can read aloud: state, claim, reason, and what would clear it."""
    for check in checks:
        name = f":gray-badge[{ROOM[check.room][0]}] " if room and check.room in ROOM else ""
        gate = " :gray-badge[gate]" if check.gate else ""
        todo = f" **To do:** {plain(check.todo)}" if check.todo and check.status != Status.PASS else ""
        st.markdown(
            f":{COLOUR[check.status]}[{ICON[check.status]} **{check.status}**] {name}{check.title}{gate}  \n"
            f":gray[:small[{plain(check.reason)}{todo}]]"
        )


def pending_list(pending: Sequence[Pending]) -> None:
    """What the policy would ask too if it could be measured: said, and counted nowhere."""
    if pending:
        st.markdown("**Not measured yet, and not counted in the verdict**")
    for p in pending:
        st.caption(f"{p.title}. {p.missing}")


def by_urgency(checks: Iterable[Check]) -> list[Check]:
    """Failed gates first, then what is unknown, then the rest."""
    order = {Status.FAIL: 0, Status.STALE: 1, Status.UNKNOWN: 2, Status.PASS: 3}
    return sorted(checks, key=lambda c: (order[c.status], not c.gate))


def stale_ids(found: Mapping[str, Evidence], inputs: Mapping[str, Mapping[str, str]]) -> set[str]:
    """The figures whose inputs changed since."""
    return {e.id for e in found.values() if e.room in inputs and e.is_stale(inputs[e.room])}
