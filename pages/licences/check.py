"""The licence room: may this be sold the way you want to sell it?"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from core.evidence import Evidence
from core.venture import Venture
from pages.shared import charts
from pages.shared.figures import figure_row, stale_ids
from pages.shared.files import bring
from pages.shared.frame import entry, evidence, inputs, venture
from pages.shared.look import MODE
from pages.shared.watch import start_button, watch

WORDS = {
    "allowed": (":material/check_circle:", "green", "allowed"),
    "obligations": (":material/task_alt:", "green", "allowed, with duties"),
    "unknown": (":material/help:", "gray", "unknown"),
    "blocked": (":material/cancel:", "red", "blocked"),
}


def answer(of: Venture, found: Mapping[str, Evidence]) -> str:
    """The page's question answered in a line."""
    if not of.dependencies:
        return "Nothing to check yet: name a requirements file, a lock file or an environment on the Ventures page."
    first = found.get("licences.packages")
    if first is None or first.value is None:
        return first.reason if first else "Not checked yet."
    words = [(MODE[m], found[f"licences.{m}"].value) for m in of.distribution.modes if f"licences.{m}" in found]
    return "; ".join(f"{name}: **{WORDS[str(word)][2]}**" for name, word in words if word in WORDS) + "."


def mode_cards(of: Venture, report: Mapping[str, Any]) -> None:
    """The four ways of selling side by side, each with what blocks it and what is unknown."""
    for column, mode in zip(st.columns(4), MODE, strict=True):
        with column, st.container(border=True, height="stretch"):
            found = report["modes"].get(mode)
            own = " · yours" if mode in of.distribution.modes else ""
            st.markdown(f"**{MODE[mode]}**{own}")
            if found is None:
                st.caption("not checked")
                continue
            icon, colour, word = WORDS[found["verdict"]]
            st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]
            for title, key in (("Blocks", "blockers"), ("Unknown", "unknown")):
                names = [x if isinstance(x, str) else x["name"] for x in found[key]]
                if names:
                    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
                    st.caption(f"{title}: {', '.join(names[:5])}{more}")


def table(report: Mapping[str, Any], mode: str) -> pd.DataFrame:
    """Every package, model and data set with its licence and its answer in one mode, worst first."""
    order = ["blocked", "unknown", "obligations", "allowed"]
    rows = [
        {
            "what": kind,
            "name": p["name"],
            "version": p.get("version", ""),
            "licence": p.get("concluded") or "unknown",
            "category": p.get("category") or "",
            "answer": p["modes"][mode]["status"],
            "why": p["modes"][mode]["reason"],
            "found in": ", ".join(dict.fromkeys(x["tier"] for x in p.get("evidence", []))),
        }
        for kind, key in (("package", "packages"), ("model", "models"), ("data", "datasets"))
        for p in report.get(key, [])
        if mode in p.get("modes", {})
    ]
    frame = pd.DataFrame(rows)
    return frame.sort_values("answer", key=lambda s: s.map(order.index), kind="stable") if rows else frame


def one_package(report: Mapping[str, Any]) -> None:
    """The evidence for one package: what each place says, and what was concluded."""
    parts = {p["name"]: p for key in ("packages", "models", "datasets") for p in report.get(key, [])}
    name = st.selectbox("Evidence for", list(parts), key="package")
    part = parts[name]
    st.markdown(f"Declared: `{part.get('declared') or 'nothing'}` · concluded: `{part.get('concluded') or 'unknown'}`")
    if rows := part.get("evidence"):
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt=f"Where the licence of {name} was found")
    else:
        st.caption("No licence was found anywhere: no field, no classifier, no file. Ask its authors, or replace it.")


def main() -> None:
    of = venture()
    found = evidence(of, detail=True)
    stale = stale_ids(found, inputs(of))
    st.title("May this be sold the way you want to sell it?", anchor=False)
    st.markdown(answer(of, found))
    with st.container(horizontal=True, vertical_alignment="center"):
        start_button(of, ["licences"], "Check licences", key="start-licences", primary="licences.packages" not in found)
        names = ", ".join(d.path if not d.environment else f"environment {d.path}" for d in of.dependencies) or "none"
        st.caption(f"What ships: {names}. Not legal advice: it shows where to look, and what to ask.")
    watch(of, ["licences"])
    bring(entry(), data=False)
    packages = found.get("licences.packages")
    if packages is None or packages.value is None:
        return
    report = packages.detail
    mode_cards(of, report)
    wanted = (
        ("licences.packages", "Packages", "Packages that ship, with those they pull in."),
        ("licences.known", "With a known licence", "Share of packages whose licence could be concluded."),
        ("licences.blocked", "Blocked", "Components that forbid one of your ways of selling."),
        ("licences.unknown", "Unknown", "Components whose licence could not be found."),
    )
    figure_row(found, wanted, stale)
    left, right = st.columns(2)
    with left:
        st.markdown("**By way of selling**")
        charts.modes(report, key="modes", height=280)
    with right:
        st.markdown(
            "**By kind of licence**",
            help="Permissive: do nearly anything, keep the notice. Copyleft: what you ship with it must be open, too. "
            "Copyleft limited: only changes to the part itself must be.",
        )
        charts.categories(report.get("categories", []), key="categories", height=280)
    mode = st.radio(
        "Way of selling",
        list(MODE),
        index=list(MODE).index(of.distribution.modes[0]),
        format_func=MODE.__getitem__,
        horizontal=True,
        key="mode",
        bind="query-params",
    )
    st.dataframe(table(report, mode or of.distribution.modes[0]), hide_index=True, alt="Components, worst first")
    one_package(report)
    if report.get("skipped"):
        with st.expander("What was skipped, and why", icon=":material/rule:"):
            st.dataframe(pd.DataFrame(report["skipped"]), hide_index=True, alt="Skipped entries")


main()
