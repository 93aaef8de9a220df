"""The licence room: may this be sold the way you want to sell it?"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from packaging.utils import canonicalize_name

from core import ventures
from core.errors import InputError
from core.evidence import Evidence
from core.venture import Venture
from pages.shared import licence_rows as rows_of
from pages.shared.figures import figure_row, stale_ids
from pages.shared.files import bring
from pages.shared.frame import config, entry, evidence, inputs, venture
from pages.shared.licence_charts import CATEGORY_WORD, ORDER, STATE_WORD, treemap
from pages.shared.look import MODE
from pages.shared.watch import start, start_button, watch

BADGE = {
    "allowed": (":material/check_circle:", "green"),
    "obligations": (":material/task_alt:", "green"),
    "unknown": (":material/help:", "gray"),
    "blocked": (":material/cancel:", "red"),
}
HELD = {"modified": "changed by us", "copied": "source copied into ours", "static": "linked into a program of ours"}
NAMED = 3  # blockers or unknowns that a card names


def answer(of: Venture, found: Mapping[str, Evidence]) -> str:
    """The page's question answered in a line."""
    if not of.dependencies:
        return "Nothing to check yet: name a requirements file, a lock file or an environment on the Ventures page."
    first = found.get("licences.packages")
    if first is None or first.value is None:
        return first.reason if first else "Not checked yet."
    words = [(MODE[m], found[f"licences.{m}"].value) for m in of.distribution.modes if f"licences.{m}" in found]
    said = "; ".join(f"{name}: **{STATE_WORD[str(word)]}**" for name, word in words if word in STATE_WORD)
    stops = [b for m in of.distribution.modes for b in first.detail["modes"].get(m, {}).get("blockers", [])]
    tail = f" It is stopped by {stops[0]['name']}; a way out: {stops[0].get('way_out', '')}." if stops else ""
    return f"{said}.{tail}"


def mode_cards(of: Venture, report: Mapping[str, Any]) -> None:
    """The four ways of selling side by side, each with what blocks it and what is unknown, in words."""
    for column, mode in zip(st.columns(4), MODE, strict=True):
        with column, st.container(border=True, height="stretch"):
            found = report["modes"].get(mode)
            own = " · yours" if mode in of.distribution.modes else ""
            st.markdown(f"**{MODE[mode]}**{own}")
            if found is None:
                st.caption("not checked")
                continue
            icon, colour = BADGE[found["verdict"]]
            st.badge(STATE_WORD[found["verdict"]], icon=icon, color=colour)  # type: ignore[arg-type]
            for title, key in (("Blocked by", "blockers"), ("Unknown", "unknown")):
                _named(title, found[key])
            if not found["blockers"] and not found["unknown"]:
                st.caption("Nothing blocks and nothing is unknown.")


def _named(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows[:NAMED]:
        licence = row.get("licence") or "no licence found"
        st.caption(
            f"{title}: **{row['name']}** ({licence}).", help=f"{row['reason']}. Way out: {row.get('way_out', '')}"
        )
    if len(rows) > NAMED:
        st.caption(f"{title}: {len(rows) - NAMED} more, in the table below.")


def filters(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[str], str]:
    """What the table is narrowed to; kept in the address, so that it survives a refresh and can be sent to others."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        states = st.pills(
            "Answer",
            ORDER,
            selection_mode="multi",
            format_func=STATE_WORD.__getitem__,
            key="answer",
            bind="query-params",
        )
        kinds = sorted({str(p["category"]) for p in rows})
        chosen = st.multiselect(
            "Kind of licence",
            kinds,
            key="kind",
            bind="query-params",
            placeholder="all kinds",
            help="; ".join(f"{k}: {CATEGORY_WORD.get(k, 'terms of its own')}" for k in kinds),
        )
        search = st.text_input("Search", key="search", bind="query-params", placeholder="name or licence")
    return list(states or []), list(chosen), search or ""


def drawer(rows: Sequence[Mapping[str, Any]]) -> None:
    """The evidence for one component: what each place says, who won and why, what lies inside, what it means."""
    by_title = {rows_of.title(p): p for p in rows}
    name = st.selectbox("Evidence for", list(by_title), key="part", bind="query-params")
    part = by_title[name]
    with st.container(border=True):
        won = part.get("won") or {}
        declared, concluded = part.get("declared") or "nothing", part.get("concluded") or "unknown"
        st.markdown(f"Declared: `{declared}` · concluded: `{concluded}`")
        won, open_ = f"Decided by **{won.get('tier')}**: {won.get('because')}.", f"Not settled: {part.get('why')}."
        st.markdown(won if (part.get("won") or {}).get("tier") else open_)
        st.markdown(f"Why it is here: {rows_of.path(part)}")
        if part.get("evidence"):
            st.dataframe(rows_of.evidence(part), hide_index=True, alt=f"Where the licence of {name} was found")
        else:
            st.caption("No licence was found: no field, no classifier, no file. Ask its authors, or replace it.")
        _inside(part, name)
        _meaning(part)
        if part["kind"] == "package":
            held(part)


def held(part: Mapping[str, Any]) -> None:
    """How the product holds a package: said here, kept in the venture file, judged by the next check."""
    it = entry()
    if it.venture is None or it.sample:
        st.caption("Changed, copied or linked in? Say so in a venture of your own: its licence then asks for more.")
        return
    named = next((u for u in it.venture.uses if canonicalize_name(u.package) == canonicalize_name(part["name"])), None)
    package, before = (named.package, list(named.how)) if named else (part["name"], [])
    chosen = st.pills(
        "Not used as it comes?",
        list(HELD),
        selection_mode="multi",
        default=before,
        format_func=HELD.__getitem__,
        key=f"held-{it.slug}-{part['name']}",
        help="Leave all off for a package that you install and call. A licence asks for more of those who change it, "
        "copy its source into their own files, or link it into a program of theirs.",
    )
    if set(chosen) != set(before):
        how = [h for h in HELD if h in chosen]
        st.button("Save and check again", icon=":material/save:", on_click=_keep, args=(it, package, how))


def _keep(it: ventures.Entry, package: str, how: Sequence[str]) -> None:
    """Write into the venture file how a package is held, and have it judged."""
    try:
        of = ventures.save(config(), it.file, ventures.put_use(it.file.read_text(encoding="utf-8"), package, how))
    except InputError as error:
        st.session_state["start_problem"] = str(error)
    else:
        start(of, ["licences"])


def _inside(part: Mapping[str, Any], name: str) -> None:
    more = part.get("bundled_left_out", 0)
    if part.get("bundled"):
        st.markdown("**Code of others inside it**", help="Seen in its SBOM (parts list), folders, libraries, texts.")
        st.dataframe(rows_of.inside(part), hide_index=True, alt=f"Code of others inside {name}")
    if more:
        st.caption(f"{more} permissive parts inside it are listed in the run's licences.json.")


def _meaning(part: Mapping[str, Any]) -> None:
    """What it means in each mode; modes with one answer stand together."""
    together: dict[tuple[str, str], list[str]] = {}
    for mode, found in part["modes"].items():
        together.setdefault((found["status"], found["reason"]), []).append(mode)
    for (status, reason), modes in together.items():
        icon, colour = BADGE[status]
        found = part["modes"][modes[0]]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{', '.join(MODE[m] for m in modes)}**")
            st.badge(STATE_WORD[status], icon=icon, color=colour)  # type: ignore[arg-type]
        clause = f" Rests on: {found['clause']}." if found.get("clause") else ""
        st.caption(f"{reason}.{clause}")
        owed = "".join(f"\n- {duty}" for duty in found["obligations"])
        if owed:
            st.caption(f"Owed:\n{owed}")
        if found.get("way_out"):
            st.caption(f"Way out: {found['way_out']}.")


def left_out(report: Mapping[str, Any]) -> None:
    """What was skipped or not looked at, and why."""
    skipped = [{"what": s["name"], "version": s.get("version", ""), "why": s["reason"], "ships": s.get("ships", True)}
               for s in report.get("skipped", [])]  # fmt: skip
    unseen = [{"what": s["name"], "version": "", "why": s["reason"], "ships": True} for s in report.get("left_out", [])]
    if report.get("note"):
        st.warning(f"{report['note'].capitalize()}.", icon=":material/visibility_off:")
    if skipped or unseen:
        with st.expander(f"What was skipped, and why ({len(skipped) + len(unseen)})", icon=":material/rule:"):
            frame = pd.DataFrame([*skipped, *unseen])
            st.dataframe(frame, hide_index=True, alt="What was skipped, with reasons")


def body(of: Venture, found: Mapping[str, Evidence], report: Mapping[str, Any], stale: set[str]) -> None:
    mode_cards(of, report)
    modes = [m for m in MODE if m in report["modes"]]
    mode = st.radio(
        "Way of selling",
        modes,
        index=modes.index(of.distribution.modes[0]) if of.distribution.modes[0] in modes else 0,
        format_func=MODE.__getitem__,
        horizontal=True,
        key="mode",
        bind="query-params",
    )
    rows = rows_of.parts(report, mode)
    treemap(rows, mode, key="treemap")
    wanted = (
        ("licences.packages", "Packages", "Packages that ship, with those they pull in."),
        ("licences.known", "With a known licence", "Share of packages whose licence could be concluded."),
        ("licences.blocked", "Blocked", "Components that forbid one of your ways of selling."),
        ("licences.unknown", "Unknown", "Components whose licence could not be found."),
    )
    figure_row(found, wanted, stale)
    kept = rows_of.kept(rows, mode, *filters(rows))
    if kept:
        st.caption(f"{len(kept):,} of {len(rows):,} components, worst first")
        st.dataframe(
            rows_of.table(kept, mode), hide_index=True, alt="Components, worst first", height=rows_of.height(len(kept))
        )
        drawer(kept)
    else:
        st.info("No component passes these filters.", icon=":material/filter_alt_off:")
    if report.get("packages_left_out"):
        st.caption(f"{report['packages_left_out']:,} more packages are in the run's licences.json.")
    left_out(report)


def main() -> None:
    of = venture()
    found = evidence(of, detail=True)
    st.title("May this be sold the way you want to sell it?", anchor=False)
    st.markdown(answer(of, found))
    with st.container(horizontal=True, vertical_alignment="center"):
        start_button(of, ["licences"], "Check licences", key="start-licences", primary="licences.packages" not in found)
        names = ", ".join(d.path if not d.environment else f"environment {d.path}" for d in of.dependencies) or "none"
        st.caption(f"What ships: {names}. Not legal advice: it shows where to look, and what to ask.")
    watch(of, ["licences"])
    bring(entry(), data=False)
    packages = found.get("licences.packages")
    if packages is not None and packages.value is not None:
        body(of, found, packages.detail, stale_ids(found, inputs(of)))


main()
