"""The privacy room: does the data name people, and where?"""

from typing import Any

import pandas as pd
import streamlit as st

from core.evidence import Evidence
from pages.shared import charts
from pages.shared.figures import figure_row, stale_ids
from pages.shared.files import bring
from pages.shared.frame import entry, evidence, inputs, venture
from pages.shared.look import figure_text
from pages.shared.watch import start_button, watch


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
            "seen as": "column holds it" if r.get("label") else "odd hits",
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
            **{k: c.get(k) for k in ("kind", "cells", "distinct", "scanned", "tier")},
            "not read": c.get("saved_cells"),
            "saved, s": c.get("saved_seconds"),
        }
        | {"why": c.get("reason", "")}
        for f in e.detail.get("files", [])
        for c in f["columns"]
    ]
    return pd.DataFrame(rows)


def main() -> None:
    of = venture()
    found = evidence(of, detail=True)
    stale = stale_ids(found, inputs(of))
    shares = found.get("privacy.direct_share")
    st.title("Does the data name people, and where?", anchor=False)
    st.markdown(answer(shares))
    with st.container(horizontal=True, vertical_alignment="center"):
        start_button(of, ["privacy"], "Scan the data", key="start-privacy", primary=shares is None)
        names = ", ".join(d.path for d in of.datasets) or "none"
        st.caption(f"Data: {names}. Raw values stay in the file: they reach no log, no report and no database.")
    watch(of, ["privacy"])
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
    charts.entities(shares, key="entities", most=18)
    st.markdown(
        "**By column.** Samples are masked so that they show the shape of a value, never the value.",
        help="One odd hit never labels a column: that takes two different values. But it is counted and listed.",
    )
    percent = st.column_config.NumberColumn(format="%.2f %%")
    st.dataframe(
        table(shares),
        hide_index=True,
        alt="Personal data by file, column and type",
        column_config={"share": percent, "from": percent, "to": percent},
    )
    with st.expander("What was scanned how, and what was skipped", icon=":material/receipt_long:"):
        st.dataframe(receipts(shares), hide_index=True, alt="How each column was scanned")


main()
