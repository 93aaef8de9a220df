"""What a scan that still runs has found in its first rows."""

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.jobs import get
from core.privacy import first
from core.venture import Venture
from pages.shared.frame import store
from pages.shared.labelled import escaped
from pages.shared.look import between, number
from pages.shared.watch import live


def show(of: Venture) -> None:
    """While the venture's scan runs, what some rows of each file hold, as soon as it is known."""
    if running := next((j for j in live(of) if j.kind == "privacy"), None):
        st.fragment(_show, run_every="1s")(running.id)


def _show(job_id: int) -> None:
    job = get(store(), job_id)
    if job is None or not job.live or not job.run_dir or not (files := first.read(Path(job.run_dir))):
        return
    st.markdown("**A first look.** All rows are still being read; these figures are of some drawn at random.")
    for f in files:
        direct = f["direct"]
        st.markdown(
            f"- {escaped(f['path'])}: {number(direct['rate'], 'share')} ({between(direct['low'], direct['high'])}) of "
            f"its {f['rows']:,} rows hold a direct identifier, by {f['scanned']:,} rows."
        )
    if rows := [_row(f, c, e) for f in files for c in f["columns"] for e in c["entities"]]:
        percent = st.column_config.NumberColumn(format="%.1f %%")
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            alt="Personal data in the first rows, by file, column and type",
            column_config={"share": percent, "from": percent, "to": percent},
        )


def _row(file: dict[str, Any], column: dict[str, Any], entity: dict[str, Any]) -> dict[str, Any]:
    return {
        "file": file["path"],
        "column": column["name"],
        "what": entity["title"],
        "share": 100 * entity["rate"],
        "from": 100 * entity["low"],
        "to": 100 * entity["high"],
        "masked samples": " · ".join(entity["examples"]),
    }
