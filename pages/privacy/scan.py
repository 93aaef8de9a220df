"""The privacy room: does the data name people, and where?"""

from typing import Any

import pandas as pd
import streamlit as st

from core.evidence import Evidence
from core.privacy.share import share_of
from pages.privacy import scan_first
from pages.shared import charts
from pages.shared.figures import figure_row, stale_ids
from pages.shared.files import bring
from pages.shared.frame import entry, evidence, inputs, venture
from pages.shared.labelled import escaped
from pages.shared.look import duration, figure_text, number
from pages.shared.rooms import privacy_links
from pages.shared.watch import get_ready, start_button, watch


def answer(e: Evidence | None) -> str:
    """The page's question answered in a line."""
    if e is None:
        return "Not scanned yet. Every column is read; only counts, places and masked samples are kept."
    if e.value is None:
        return e.reason
    return (
        f"{figure_text(e)} of the rows hold at least one direct identifier, such as a name, an email or a card number."
    )


def table(e: Evidence) -> pd.DataFrame:
    """Each file, column and type with its share, interval and masked samples."""
    rows = [
        {
            "file": r["file"],
            "column": r["column"],
            "what": r.get("title") or r["type"],
            "group": "names a person" if r["group"] == "direct" else "in context",
            "cells": r["cells"],
            "share": 100 * r["rate"],
            "from": 100 * r["low"],
            "to": 100 * r["high"],
            "read": "all rows" if r["complete"] else f"{r['rows']:,} rows drawn",
            "seen as": "column holds it" if r.get("label") else r.get("note") or "odd hits",
            "masked samples": " · ".join(r.get("examples", [])),
        }
        for r in charts.entity_rows(e)
    ]
    return pd.DataFrame(rows).sort_values(["group", "cells"], ascending=[False, False]) if rows else pd.DataFrame()


def receipts(e: Evidence) -> pd.DataFrame:
    """What was done with each column, and why anything was skipped."""
    rows: list[dict[str, Any]] = [
        {
            "file": f["path"],
            "column": c["name"],
            "holds": c.get("kind"),
            "searched by": c.get("tier"),
            "cells": c.get("cells"),
            "different values": c.get("distinct"),
            "read one by one": c.get("scanned"),
            "not read": c.get("saved_cells"),
            "saved, s": c.get("saved_seconds"),
            "why": c.get("reason", ""),
        }
        for f in e.detail.get("files", [])
        for c in f["columns"]
    ]
    return pd.DataFrame(rows)


def saved(e: Evidence) -> str:
    """What the search did not need to read, and what that saved, in a line."""
    columns = [c for f in e.detail.get("files", []) for c in f["columns"]]
    cells = sum(c.get("cells", 0) - c.get("empty", 0) for c in columns)
    spared, seconds = (sum(c.get(k) or 0 for c in columns) for k in ("saved_cells", "saved_seconds"))
    took = sum(f.get("seconds", 0) for f in e.detail.get("files", []))
    if not cells:
        return ""
    return (
        f"Of {cells:,} filled cells {cells - spared:,} were read one by one. The other {spared:,} repeat a value, are "
        f"amounts, dates or codes that their form tells, or are spoken for by rows drawn at random. That saved about "
        f"{duration(seconds)}; the scan took {duration(took)}."
    )


def nothing(e: Evidence) -> list[str]:
    """For each file the columns in which nothing was found, and how much that leaves open."""
    out = []
    for f in e.detail.get("files", []):
        names = [c["name"] for c in f["columns"] if not c["entities"]]
        if names:
            most = share_of(0, f["scanned"], f["rows"]).high
            left = (
                "all rows were read" if f["complete"] else f"at most {number(most, 'share')} of all {f['rows']:,} rows"
            )
            out.append(f"{f['path']}: {', '.join(names)}. 0 hits in {f['scanned']:,} rows: {left}.")
    return out


def problems(e: Evidence) -> list[str]:
    """What was wrong with rows of the files: counted and placed."""
    return [f"{f['path']}: {p['message']}" for f in e.detail.get("files", []) for p in f.get("problems", [])]


def details(e: Evidence) -> None:
    """The table by column and type, what was not found, and the receipt of the search."""
    st.markdown(
        "**By column.** Samples are masked so that they show the shape of a value, never the value.",
        help="One odd hit never labels a column: that takes two different values. But it is counted and listed.",
    )
    percent = st.column_config.NumberColumn(format="%.2f %%")
    st.dataframe(
        table(e),
        hide_index=True,
        alt="Personal data by file, column and type",
        column_config={"share": percent, "from": percent, "to": percent},
    )
    if empty := nothing(e):
        st.markdown(
            "**Nothing found in**",
            help="No hit in n rows drawn at random still leaves up to about 3/n of all rows, at 95 % (rule of three). "
            "What the search itself misses comes on top: the leak meter measures that.",
        )
        st.markdown("\n".join(f"- {escaped(line)}" for line in empty))
    for problem in problems(e):
        st.caption(f":orange[:material/warning:] {escaped(problem)}")
    with st.expander("What was searched how, what was skipped, and what that saved", icon=":material/receipt_long:"):
        st.markdown(saved(e))
        st.dataframe(receipts(e), hide_index=True, alt="How each column was searched")


def main() -> None:
    of = venture()
    found = evidence(of, detail=True)
    stale = stale_ids(found, inputs(of))
    shares = found.get("privacy.direct_share")
    st.title("Does the data name people, and where?", anchor=False)
    st.markdown(answer(shares))
    privacy_links("scan")
    with st.container(horizontal=True, vertical_alignment="center"):
        start_button(of, ["privacy"], "Scan the data", key="start-privacy", primary=shares is None)
        names = ", ".join(dict.fromkeys(p for d in of.datasets for p in (d.path, d.test) if p)) or "none"
        st.caption(f"Data: {names}. Raw values stay in the file: they reach no log, no report and no database.")
    watch(of, ["privacy"])
    scan_first.show(of)
    if shares is None and of.datasets:
        get_ready(of, "privacy")
    bring(entry(), data=True)
    if shares is None or shares.value is None:
        return
    wanted = (
        ("privacy.direct_share", "Rows that name a person", "Rows with at least one direct identifier."),
        (
            "privacy.columns",
            "Columns concerned",
            "Columns in which two or more different values corroborate a finding.",
        ),
        ("privacy.entities", "Kinds of identifiers", "Different types of direct identifiers found."),
        ("privacy.scanned", "Of all rows, scanned", "Below 100 % the intervals say what the rest may hold."),
    )
    figure_row(found, wanted, stale)
    left, right = st.columns(2)
    with left:
        charts.entities(shares, key="entities", most=12)
    with right:
        charts.places(shares, key="places")
    details(shares)


main()
