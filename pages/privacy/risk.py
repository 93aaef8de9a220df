"""The privacy room: could someone be singled out by a combination of ordinary columns?"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.contents import content_hash
from core.errors import InputError
from core.evidence import Evidence
from core.privacy.risk import Coded, Column, Risk, Role, assess, read, record
from core.privacy.risk.coarsen import EXACT
from core.privacy.risk.columns import found_in
from core.venture import Venture
from pages.shared import risk_charts
from pages.shared.figures import figure_row
from pages.shared.files import bring
from pages.shared.frame import config, entry, evidence, venture
from pages.shared.look import number
from pages.shared.rooms import privacy_links

NONE = "none"
_K = (
    "k is the number of rows in the smallest group of look-alikes: everybody hides among at least k rows (k-anonymity)."
)
_L = "Distinct values in the least varied group. With 1, finding somebody's group tells theirs (l-diversity)."


@st.cache_resource(max_entries=4, show_spinner="Reading the whole table")
def _table(path: str, name: str, digest: str, _found: Mapping[str, Mapping[str, float]], told: str) -> Coded:
    """The table as numbers; no value of it stays. `digest` and `told` name the file's content and the scan's."""
    return read(Path(path), name=name, found=_found, max_rows=config().upload_rows)


def scanned(e: Evidence | None, path: str) -> Sequence[Mapping[str, Any]]:
    """The columns of one file, of a workbook its first sheet, as the last scan saw them; empty where there was none."""
    files = e.detail.get("files", []) if e else []
    return next((f["columns"] for f in files if f["path"] == path or f["path"].startswith(f"{path} [")), [])


def answer(risk: Risk | None) -> str:
    """The page's question answered in a line."""
    if risk is None or not risk.columns:
        return "Nothing is chosen yet that others could know of a person. Choose columns below."
    by = ", ".join(risk.columns)
    if risk.groups.unique:
        return (
            f"**Yes.** {risk.groups.unique:,} of {risk.rows:,} rows ({number(risk.groups.unique_share, 'share')}) are "
            f"the only one with their values of {by}, even after names and numbers are masked."
        )
    if risk.groups.k < 5:
        return f"**Nearly.** No row is alone, but some share their values of {by} with only {risk.groups.k - 1} others."
    return (
        f"**Not by these columns.** Everybody shares their values of {by} with at least {risk.groups.k - 1:,} others."
    )


def _pick(table: Coded, slug: str) -> dict[str, str]:
    """Toggles for the columns that others could know, and how each of them is kept."""
    st.markdown(
        "**What could others know of a person?**",
        help="Neighbours, colleagues, other data sets. Direct identifiers and unique numbers are left out: they are "
        "masked or dropped before anything else.",
    )
    likely = [c for c in table.offered if c.role is Role.LIKELY]
    rest = [c for c in table.offered if c.role is not Role.LIKELY]
    chosen = _toggles(table, likely, slug, on=True)
    if rest:
        with st.expander(f"More columns ({len(rest)})", icon=":material/add:", expanded=not likely):
            chosen |= _toggles(table, rest, slug, on=False)
    return chosen


def _toggles(table: Coded, columns: Sequence[Column], slug: str, *, on: bool) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for column in columns:
        ways = {EXACT.id: EXACT.words} | {w.id: w.words for w in table.coarser.get(column.name, {})}
        with st.container(horizontal=True, vertical_alignment="center"):
            key = f"{slug}-{table.sha256[:8]}-{column.name}"
            told = f"{column.kind}, {column.distinct:,} different values: {column.why}"
            kept = st.toggle(column.name, value=on, key=f"known-{key}", help=told, width=260)
            if kept and len(ways) > 1:
                way = st.selectbox(
                    f"How {column.name} is kept",
                    list(ways),
                    format_func=ways.__getitem__,
                    key=f"way-{key}",
                    label_visibility="collapsed",
                    width=260,
                )
                chosen[column.name] = way
            elif kept:
                chosen[column.name] = EXACT.id
    return chosen


def _sensitive(table: Coded, chosen: Mapping[str, str], slug: str) -> str:
    names = [NONE, *(c.name for c in table.offered if c.name not in chosen)]
    first = next((c.name for c in table.offered if c.sensitive and c.name not in chosen), NONE)
    return st.selectbox(
        "What should nobody learn of a person?",
        names,
        index=names.index(first),
        key=f"sensitive-{slug}-{table.sha256[:8]}",
        help="A column such as a diagnosis or an income. Looked at: whether a group gives it away.",
        width=360,
    )


def _figures(risk: Risk, table: Coded) -> None:
    spread = risk.diversity
    wanted = [
        (record.K, "Smallest group (k)", _K),
        (record.UNIQUE, "Unique rows", "Rows that share their combination with no other."),
        (
            record.AVERAGE,
            "Average chance to be found",
            "Somebody who knows a person's values picks one row of the group. Averaged over all rows: groups per row.",
        ),
    ]
    if spread is not None:
        wanted.append((record.DIVERSITY, f"Kinds of {spread.column} (l)", _L))
    figure_row(record.shown(risk, table.name, table.sha256), wanted, set())
    st.caption(_K)
    if spread is not None and spread.told:
        st.markdown(
            f"{number(spread.told_share, 'share')} of the rows are in groups that all share one {spread.column}: "
            "whoever finds somebody's group knows it."
        )


def _details(table: Coded, risk: Risk) -> None:
    now = risk.groups.unique_share
    with st.expander("What each column adds", icon=":material/table:"):
        rows = [
            {
                "column": c,
                "unique rows with it": number(now, "share"),
                "without it": number(without, "share"),
                "adds": number(now - without, "share"),
            }
            for c, without in sorted(risk.marginal.items(), key=lambda r: r[1])
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Share of unique rows with and without each column")
    left = [{"column": c.name, "why it is left out": c.why} for c in table.columns if c.role is Role.OUT]
    if left:
        with st.expander(f"Columns left out ({len(left)})", icon=":material/block:"):
            st.dataframe(pd.DataFrame(left), hide_index=True, alt="Columns that are not counted, and why")


def _choose(of: Venture) -> str:
    files = list(dict.fromkeys(p for d in of.datasets for p in (d.path, d.test) if p))
    return files[0] if len(files) < 2 else st.selectbox("Table", files, key=f"risk-file-{of.key}", width=360)


def main() -> None:
    of, it = venture(), entry()
    st.title("Could someone be singled out?", anchor=False)
    if not of.datasets:
        st.markdown("Not measured yet. This page counts how many rows share what an outsider may know of a person.")
        privacy_links("risk")
        bring(it, data=True)
        return
    said = st.container()
    privacy_links("risk")
    name = _choose(of)
    columns = scanned(evidence(of, detail=True).get("privacy.direct_share"), name)
    try:
        path = of.locate(name)
        found = found_in(columns)
        table = _table(str(path), name, content_hash(path), found, repr(sorted(found.items())))
    except InputError as error:
        st.error(str(error))
        return
    top, controls = st.container(), st.container()
    with controls:
        chosen = _pick(table, it.slug)
        sensitive = _sensitive(table, chosen, it.slug)
    risk = assess(table, chosen, sensitive="" if sensitive == NONE else sensitive) if chosen else None
    said.markdown(answer(risk))
    if not columns:
        said.caption("The data was not scanned yet; the scan helps to tell which columns name people.")
    if risk is None:
        return
    with top:
        _figures(risk, table)
        left, right = st.columns(2)
        with left:
            risk_charts.sizes(risk, key="sizes")
        with right:
            risk_charts.what_ifs(risk, key="what-ifs")
    _details(table, risk)
    st.caption(
        "All rows are counted, also where only a sample is scanned: a row that is unique in a sample often has company "
        "in the whole table. What free text tells is not counted here. The board takes the columns that are proposed."
    )


main()
