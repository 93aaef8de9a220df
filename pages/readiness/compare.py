"""Ventures beside each other, and the scenarios of one: which is nearest to GO, and where do they differ?"""

from collections.abc import Sequence

import streamlit as st

from core import ventures
from core.evidence import ROOMS, Evidence, Status
from core.venture import Venture
from pages.shared import graph_charts
from pages.shared.beside import APART, Side, answer, check_rows, ranked, side, told_apart
from pages.shared.figures import figure
from pages.shared.frame import config, entry, evidence, venture
from pages.shared.look import ICON, ROOM, VERDICT, badge, between, number, worst
from pages.shared.scenarios import scenario_table

MOST = 4  # that stand beside each other on a page
FIGURES = {
    "model.accuracy": "Right answers",
    "model.mae": "Scores off on average",
    "model.p95_latency": "Answer time, p95",
    "privacy.direct_share": "Rows naming people",
    "licences.blocked": "Components that a licence blocks",
    "market.som": "Obtainable market (SOM)",
    "market.margin": "Left of the price (margin)",
    "market.cost_per_1000": "Cost of 1,000 requests",
}
Row = tuple[str, str, list[Evidence | None]]


def main() -> None:
    of, it = venture(), entry()
    st.title("Compare", anchor=False)
    every = {e.name: side(e) for e in ventures.entries(config())}
    found = [s for s in every.values() if s]
    chosen = st.session_state.get("beside") or _first(found, it.slug)
    sides = [s for s in found if s.slug in chosen]
    if len(sides) < 2:
        _alone(found)
    else:
        st.write(answer(sides))
        graph_charts.beside([(s.name, s.p_go) for s in ranked(sides)], key="c-chances")
    if len(found) > 1:
        names = {s.slug: s.name for s in found}
        st.multiselect("Ventures", list(names), _first(found, it.slug), format_func=names.__getitem__, key="beside",
                       max_selections=MOST)  # fmt: skip
    if broken := [name for name, one in every.items() if one is None]:
        st.caption(f"Left out, because its file needs a correction: {', '.join(broken)}.")
    if len(sides) > 1:
        cards(sides)
        figures(sides)
        checks(sides)
    scenarios(of)


def _first(found: Sequence[Side], here: str) -> list[str]:
    """The venture looked at, and beside it those nearest to GO of which something is measured."""
    order = sorted(ranked(found), key=lambda s: (s.slug != here, not s.found))
    if sum(bool(s.found) for s in order[1:]):
        order = [s for s in order if s.found or s.slug == here]
    return [s.slug for s in order[:MOST]]


def _alone(found: Sequence[Side]) -> None:
    if len(found) > 1:
        st.write("Choose at least two ventures.")
        return
    st.write(
        "Two ventures, or one idea in two forms, beside each other: verdict, P(go), checks and key figures, "
        "with what differs first. There is only one venture so far."
    )
    st.page_link("pages/work/ventures.py", label="Describe or duplicate one", icon=":material/add:")


def cards(sides: Sequence[Side]) -> None:
    """Each venture's verdict, what its gates answer, and the state of its rooms."""
    for column, one in zip(st.columns(len(sides)), sides, strict=True):
        colour, icon = VERDICT[one.verdict]
        with column, st.container(border=True, height="stretch", key=f"c-{one.slug}"):
            st.markdown(f"**{one.name}**")
            st.subheader(f":{colour}[{icon} {one.verdict}]", anchor=False)
            p = one.p_go
            st.markdown(f"P(go) **{number(p['value'], 'share')}**" if p else "P(go) **unknown**: not reviewed yet")
            if p and p["low"] != p["high"]:
                st.caption(f"{between(p['low'], p['high'])}, as what nobody measured turns out")
            st.caption(_gates(one))
            for room in ROOMS:
                with st.container(horizontal=True, horizontal_alignment="distribute"):
                    st.markdown(f"{ROOM[room][1]} {ROOM[room][0]}", width="content")
                    badge(worst(c for c in one.checks if c.room == room))
            st.page_link("pages/readiness/board.py", label="Open its board", icon=":material/arrow_forward:",
                         query_params={"venture": one.slug})  # fmt: skip


def _gates(one: Side) -> str:
    failed, unknown = one.gates(Status.FAIL), one.gates(Status.UNKNOWN, Status.STALE)
    every = one.gates(*Status)
    return f"{failed} of {every} gates fail, {unknown} not answered" if failed + unknown else f"{every} gates pass"


def figures(sides: Sequence[Side]) -> None:
    """Key figures, each opening its evidence: those that differ, then those that cannot be told apart."""
    rows = [(name, label, [s.found.get(name) for s in sides]) for name, label in FIGURES.items()]
    rows = [r for r in rows if any(r[2])]
    apart = [r for r in rows if told_apart(r[2]) == APART]
    _grid(apart, sides)
    if rest := [r for r in rows if r not in apart]:
        names = ", ".join(label[:1].lower() + label[1:] for _, label, _ in rest)
        with st.expander(f"Same, not told apart or not known: {names}", icon=ICON[Status.UNKNOWN]):
            _grid(rest, sides)


def _grid(rows: Sequence[Row], sides: Sequence[Side]) -> None:
    wide = len(sides) > 2  # then a figure of all ventures takes the whole width
    for pair in (rows[k : k + 2 - wide] for k in range(0, len(rows), 2 - wide)):
        for column, row in zip(st.columns(2 - wide), pair, strict=False):
            with column:
                _figure(*row, sides)


def _figure(name: str, label: str, records: Sequence[Evidence | None], sides: Sequence[Side]) -> None:
    with st.container(border=True, key=f"c-{name}", height="stretch"):
        st.markdown(f"**{label}** :gray[· {told_apart(records)}]")
        for column, one, record in zip(st.columns(len(sides)), sides, records, strict=True):
            with column:
                figure(record, one.name, key=f"c-{one.slug}-{name}")


def checks(sides: Sequence[Side]) -> None:
    """Every check, those answered differently first."""
    apart, alike = check_rows(sides)
    st.subheader(f"{len(apart)} checks are answered differently, {len(alike)} alike", anchor=False)
    if apart:
        st.dataframe(apart, hide_index=True, alt="Checks that are answered differently")
    if alike:
        with st.expander(f"The {len(alike)} that are answered alike", icon=ICON[Status.PASS]):
            st.dataframe(alike, hide_index=True, alt="Checks that are answered alike")


def scenarios(of: Venture) -> None:
    """The kept scenarios of the venture looked at, beside how it stands today."""
    st.subheader(f"Scenarios of {of.name}", anchor=False)
    if not of.scenarios:
        st.caption("None is kept yet. Move some figures on the page What if, and keep them under a name.")
        st.page_link("pages/readiness/whatif.py", label="What if?", icon=":material/tune:")
        return
    scenario_table(of, evidence(of, detail=True))


main()
