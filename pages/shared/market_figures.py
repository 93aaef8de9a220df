"""The figures of a market while they are being changed: a table to type in, sliders, and what they make of the market.

Nothing here is saved. The page computes the market from these figures in its own process (docs/adr/0007).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from pydantic import ValidationError

from core.evidence import Evidence
from core.market.pace import AGREE
from core.venture import Market
from core.venture_errors import sentences
from core.venture_market import Assumption, Figure

QUANTILES = ("p10", "p50", "p90")
WORDS = ("source", "date", "by")
SLIDERS = 3


def table_key(at: str) -> str:
    """Where the table keeps what is typed; `at` names the venture and the state of its file."""
    return f"market-table-{at}"


def slider_key(at: str, name: str) -> str:
    """Where the slider of a figure stands."""
    return f"market-slide-{at}-{name}"


def changed(of: Market, at: str) -> dict[str, dict[str, Any]]:
    """What was typed or slid and not yet saved: by id, the keys that differ from the file."""
    typed = st.session_state.get(table_key(at), {}).get("edited_rows", {})
    out: dict[str, dict[str, Any]] = {}
    for row, a in enumerate(of.assumptions):
        now = {k: v for k, v in typed.get(row, typed.get(str(row), {})).items() if k in (*QUANTILES, *WORDS)}
        now = {k: ("" if v is None else v) for k, v in now.items()}
        slid = st.session_state.get(slider_key(at, a.id))
        if slid is not None and slid != a.p50 and not set(now) & set(QUANTILES):
            now |= moved(a, float(slid))
        if real := {k: v for k, v in now.items() if v != getattr(a, k)}:
            out[a.id] = real
    return out


def moved(a: Assumption, p50: float) -> dict[str, float]:
    """A range whose middle is moved: as a whole by the same factor, a share by the same odds, so that it stays one."""
    if a.unit != "share" or a.p90 >= 1:
        factor = p50 / a.p50
        most = 1.0 if a.unit == "share" else float("inf")
        return {k: _short(min(most, getattr(a, k) * factor)) for k in QUANTILES}
    odds = (p50 / (1 - p50)) / (a.p50 / (1 - a.p50))
    out = {}
    for k in QUANTILES:
        value = getattr(a, k)
        other = odds * value / (1 - value)
        out[k] = _short(other / (1 + other))
    return out


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def with_changes(of: Market, changes: Mapping[str, Mapping[str, Any]]) -> tuple[Market, list[str]]:
    """The market with the changes, and what is wrong with them; where anything is, the market as it was."""
    if not any(changes.values()):
        return of, []
    values = of.model_dump(exclude_unset=True)
    values["assumptions"] = [a.model_dump() | dict(changes.get(a.id, {})) for a in of.assumptions]
    try:
        return Market.model_validate(values), []
    except ValidationError as error:
        return of, [_named(of, s) for s in sentences(error, Market)]


def _named(of: Market, sentence: str) -> str:
    """A problem with the label of the figure in place of its number."""
    for k, a in enumerate(of.assumptions, 1):
        if sentence.startswith(f"assumptions.{k}"):
            return f"{a.label}: {sentence.partition(': ')[2]}"
    return sentence


def differing(stated: Market, now: Market) -> dict[str, dict[str, Any]]:
    """What differs from the file: by id, the keys of the assumptions that changed."""
    keys = (*QUANTILES, *WORDS)
    pairs = zip(stated.assumptions, now.assumptions, strict=True)
    found = {a.id: {k: getattr(b, k) for k in keys if getattr(a, k) != getattr(b, k)} for a, b in pairs}
    return {name: values for name, values in found.items() if values}


def in_scenario(of: Market, name: str) -> dict[str, Figure]:
    """The figures that a kept scenario changes; none for one that is not there."""
    return next((dict(s.figures) for s in of.scenarios if s.name == name), {})


def sliders(of: Market, top: Sequence[str], at: str) -> None:
    """The figures that the result hangs on most, each with a slider from half its p10 to twice its p90."""
    by_id = {a.id: a for a in of.assumptions}
    for name in top[:SLIDERS]:
        a = by_id[name]
        most = min(1.0, 2 * a.p90) if a.unit == "share" else 2 * a.p90
        st.slider(
            f"{a.label} ({a.unit})",
            min_value=_short(a.p10 / 2),
            max_value=max(a.p50, _short(most * (0.99 if a.unit == "share" and most >= 1 else 1))),
            value=a.p50,
            step=_short((most - a.p10 / 2) / 200),
            format="%.4g",
            key=slider_key(at, name),
            help=f"Stated: {a.p10:g}, {a.p50:g}, {a.p90:g}. The slider moves the middle; the range moves with it.",
        )


def table(of: Market, at: str) -> None:
    """Every figure with its range and who says so, to be typed where it stands."""
    rows = [
        {"figure": a.label, "unit": a.unit, **{k: getattr(a, k) for k in (*QUANTILES, *WORDS)}} for a in of.assumptions
    ]
    st.data_editor(
        pd.DataFrame(rows),
        key=table_key(at),
        hide_index=True,
        disabled=["figure", "unit"],
        column_config={
            **{k: st.column_config.NumberColumn(k, format="%.6g", required=True, width="small") for k in QUANTILES},
            "figure": st.column_config.TextColumn("figure", width="medium"),
            "unit": st.column_config.TextColumn("unit", width="small"),
            "source": st.column_config.TextColumn("source", width="medium", help="Where it can be read."),
            "date": st.column_config.TextColumn("date", width="small", help="When the source said so: YYYY-MM-DD."),
            "by": st.column_config.TextColumn("by", width="medium", help="Who says so, where it is a judgement."),
        },
    )


def pace_told(found: Mapping[str, Evidence]) -> None:
    """SOM against the forecast of adoption, in words: a warning where they contradict each other."""
    between = found.get("market.reconciliation")
    pace = between.detail.get("adoption") if between is not None else None
    if pace is None:
        return
    if pace["overlap"] < AGREE:
        st.warning(
            f"**SOM and the pace of adoption contradict each other.** {pace['sentence']}", icon=":material/warning:"
        )
    else:
        st.caption(pace["sentence"])
