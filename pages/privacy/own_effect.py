"""What a change of the rules does on the venture's own rows: before and after, and the rows that changed."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.jobs import Job
from core.privacy import policy
from pages.shared import leak_charts
from pages.shared.look import between, number

FIGURES = (("leak", "Rows that still leak"), ("recall", "Found of all there is"), ("precision", "Right of all found"))


def show(job: Job) -> None:
    """The effect on labelled rows where there are some, and on rows drawn at random."""
    labelled, drawn = job.result["labelled"], job.result["drawn"]
    for problem in job.result["problems"]:
        st.warning(problem, icon=":material/timer_off:")
    if labelled:
        _labelled(labelled)
    if drawn["types"]:
        bounds = between(drawn["low"], drawn["high"])
        share = number(drawn["changed"] / drawn["rows"], "share")
        leak_charts.more_and_less(
            drawn["types"],
            key="effect-types",
            title=f"{drawn['changed']} of {drawn['rows']} rows drawn at random are masked differently "
            f"({share}; {bounds} of all {drawn['total']:,})",
        )
    else:
        most = number(drawn["high"], "share")
        st.markdown(
            f"None of {drawn['rows']} rows drawn at random is masked differently: at most {most} of all "
            f"{drawn['total']:,} rows are."
        )
    _rows([*(labelled["list"] if labelled else []), *drawn["list"]], bool(labelled))
    if not labelled:
        st.caption(
            "Whether that is better can be said once some rows are labelled: the leak meter takes about seven minutes."
        )


def _labelled(found: Mapping[str, Any]) -> None:
    """Leaking share, recall and precision on the rows that a person labelled."""
    rows = [(name, found["before"][k], found["after"][k]) for k, name in FIGURES]
    known = [(name, b, a) for name, b, a in rows if b and a]
    if known:
        leak_charts.before_after(known, key="effect-figures", title=_finding(found))
    st.markdown(
        f"On your {found['rows']} labelled rows: {found['mended']} no longer leak, {found['broken']} leak only now.",
        help="Rows that still leak: once all that is found is masked, a letter or digit of personal data stays in "
        "sight. Found of all there is (recall): pieces you marked that the search covers whole. Right of all found "
        "(precision): pieces found that you marked too. Both searches read the same rows, so small changes count "
        "though the intervals overlap.",
    )


def _finding(found: Mapping[str, Any]) -> str:
    """The chart's finding in words."""
    said = []
    for key, name in FIGURES:
        before, after = found["before"][key], found["after"][key]
        if before and after and round(before["value"], 3) != round(after["value"], 3):
            said.append(f"{name.lower()}: {number(before['value'], 'share')} → {number(after['value'], 'share')}")
    text = ", ".join(said)
    return text[:1].upper() + text[1:] if text else "No figure of your labelled rows changes"


def _rows(changes: Sequence[Mapping[str, Any]], labelled: bool) -> None:
    """The rows that changed: where they are, and what is found more or less, masked."""
    if not changes:
        return
    rows = [
        {
            "file": r["path"],
            "row": r["at"] + 1,
            "newly found": _pieces(r["gained"]),
            "no longer found": _pieces(r["lost"]),
        }
        | ({"for masking": _leak_word(r)} if labelled else {})
        for r in changes
    ]
    with st.expander(f"The rows that changed ({len(rows)} listed)", icon=":material/table_rows:"):
        st.caption("Pieces are masked: they show the form of a value, never the value. Rows are counted from 1.")
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Rows that another search masks differently")


def _pieces(pieces: Sequence[Mapping[str, Any]]) -> str:
    words = {True: " ✓ you marked it", False: " ✗ you did not", None: ""}
    return " · ".join(f"{policy.title(p['type'])} {p['shown']}{words[p['right']]}" for p in pieces)


def _leak_word(row: Mapping[str, Any]) -> str:
    if row["was"] is None:
        return "not labelled"
    if row["was"] == row["now"]:
        return "still leaks" if row["now"] else "does not leak"
    return "leaks now" if row["now"] else "no longer leaks"


def reach(found: Mapping[str, Any] | None) -> str:
    """How far a rule reaches by itself, in a line; empty where that was not measured."""
    if found is None:
        return ""
    if found["stopped"]:
        return "It took more than a second on one text and is left out; make the pattern simpler."
    share = number(found["rows"] / found["read"], "share") if found["read"] else "unknown"
    if not found["rows"]:
        return f"In none of {found['read']:,} rows: at most {number(found['high'], 'share')} of all hold it."
    bounds = "" if found["read"] == found["total"] else f", {between(found['low'], found['high'])} of all"
    where = ", ".join(dict.fromkeys(c["name"] for c in found["columns"]))
    like = f", like {' · '.join(found['examples'])}" if found["examples"] else ""
    return (
        f"Fits in {found['rows']:,} of {found['read']:,} rows ({share}{bounds}), {found['values']:,} different values, "
        f"in {where}{like}"
    )
