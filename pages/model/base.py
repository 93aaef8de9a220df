"""Which base model? Candidates probed on the same rows, and what the machine at hand suggests."""

from typing import Any

import pandas as pd
import streamlit as st

from core import ventures
from core.evidence import Evidence
from core.venture import Venture
from core.ventures import Entry
from pages.shared import model_charts
from pages.shared.files import save
from pages.shared.look import between, number
from pages.shared.watch import start_button


def show(of: Venture, it: Entry, found: dict[str, Evidence], stale: set[str]) -> None:
    """The chart, the reason, the table, and the field for more candidates."""
    choice = found.get("model.base")
    rows = choice.detail.get("candidates", []) if choice else []
    with st.container(horizontal=True, vertical_alignment="center"):
        start_button(of, ["choose"], "Compare base models", key="start-choose", primary=not rows)
        st.caption(
            f"Now: {of.model.base}. Only safetensors are loaded; no code of a model is run.",
            help="Safetensors is a weight format that cannot carry code, as pickled weights can.",
        )
    if choice is not None and rows:
        if "model.base" in stale:
            st.warning("Data or settings changed since this comparison. Compare again.", icon=":material/history:")
        model_charts.candidates(rows, choice.detail.get("pick"), key="candidates")
        st.markdown(
            choice.detail.get("reason", choice.reason),
            help="A linear probe: the base model stays as it is and only a linear regression on its embeddings learns "
            "(logistic for classes, ridge for scores). It takes seconds and ranks models mostly as fine-tuning would. "
            "The test rows take no part. "
            "Of those not shown to be worse than the best, the fastest is taken.",
        )
        _table(rows, choice.detail.get("pick"))
    elif choice is not None:
        st.info(choice.reason or choice.detail.get("reason", ""), icon=":material/help:")
    else:
        st.info(
            "A base model has read a great deal already; yours starts from it. This compares the ones you name by "
            "accuracy, answer time, size and licence on your own rows, in about a minute each.",
            icon=":material/compare_arrows:",
        )
    _more(of, it)
    _advice(found)


def _table(rows: list[dict[str, Any]], pick: str | None) -> None:
    shown, of_scores = [], any(r.get("rmse") for r in rows)
    for r in rows:
        a, e, p = r.get("accuracy"), r.get("rmse"), r.get("p95_ms")
        quality = f"{number(a['value'], 'share')} ({between(a['low'], a['high'])})" if a else "unknown"
        if e:
            quality = f"{number(e['value'])} ({between(e['low'], e['high'], '')})"
        shown.append(
            {
                "model": r["name"] + (" (take this)" if r["name"] == pick else ""),
                "error (RMSE)" if of_scores else "accuracy": quality,
                "p95": f"{p['value']:.1f} ms" if p else "unknown",
                "size": f"{r['size_mb']:,.0f} MB" if r.get("size_mb") else "unknown",
                "licence": r.get("licence", "unknown") + (" (blocked)" if r.get("blocked") else ""),
                "against the best": "shown to be worse"
                if r.get("below_best")
                else ""
                if r.get("error")
                else "not shown to be worse",
                "why not": r.get("error") or "",
            }
        )
    st.dataframe(pd.DataFrame(shown), hide_index=True, alt="Base models with accuracy, speed, size and licence")


def _more(of: Venture, it: Entry) -> None:
    with st.form("candidates", border=False):
        typed = st.text_area(
            "Compare these as well, one a line",
            "\n".join(of.model.candidates),
            height=90,
            placeholder="./my-model\nowner/name",
            disabled=it.sample,
            help="A folder beside venture.toml (begin with ./), or the id of a model on the Hugging Face hub, "
            "which is fetched where the hub can be reached.",
        )
        if st.form_submit_button("Save the candidates", icon=":material/save:", disabled=it.sample):
            names = list(dict.fromkeys(line.strip() for line in typed.splitlines() if line.strip()))
            save(it, lambda toml: ventures.change(toml, {"model.candidates": names or None}))
    if it.sample:
        st.caption("The sample stays as it is. Duplicate it on the Ventures page to compare models of your own.")


def _advice(found: dict[str, Evidence]) -> None:
    forecast = found.get("model.forecast_minutes")
    advice = forecast.detail.get("advice") if forecast else None
    if not advice:
        return
    st.markdown(
        "**What this machine suggests**",
        help="Read from the processor's flags and from 20 real training steps before the last run.",
    )
    lines = (f"- **{c['name'].replace('_', ' ')}: {c['value']}.** {c['reason']}" for c in advice["choices"])
    st.markdown("\n".join(lines))
