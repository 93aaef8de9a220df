"""Is fine-tuning worth it? The free methods beside the tuned model, and what more labels would bring."""

from typing import Any

import pandas as pd
import streamlit as st

from core.evidence import Evidence
from core.venture import Venture
from pages.shared import model_charts
from pages.shared.look import between, duration, number
from pages.shared.watch import start_button


def show(of: Venture, found: dict[str, Evidence], stale: set[str]) -> None:
    """The ladder, the table with paired tests, the learning curve."""
    rows = ladder_rows(found)
    if not rows:
        st.info(
            "A model that costs nothing may be enough. Four free methods and, after training, the tuned one answer the "
            "same test rows here. Nothing was measured yet.",
            icon=":material/stairs:",
        )
        start_button(of, ["look"], "Measure the free methods", key="start-free")
        return
    if {"model.accuracy", "model.baseline_accuracy"} & stale:
        st.warning("Data or settings changed since this was measured. Measure again.", icon=":material/history:")
    model_charts.ladder(rows, key="worth-ladder", must=of.must.accuracy)
    gain = found.get("model.gain")
    gain = gain if gain is not None and gain.unit == "share" else None  # else of scores, before the task was changed
    compared = {c["against"]: c for c in gain.detail.get("compared", [])} if gain else {}
    st.markdown(
        _verdict(gain, rows),
        help="Both answer the same test rows. The exact McNemar test asks whether the rows on which only one of them "
        "is right fall evenly; a p under 5 % says they do not. 'Not shown to be better' is no proof of equality: the "
        "last column of the table says how large a difference this test could have seen. Of the free methods the one "
        "with most right answers on the validation rows is compared with: the test rows took no part in that choice.",
    )
    st.dataframe(_table(rows, compared), hide_index=True, alt="Free methods and the tuned model on the same test rows")
    seen = found.get("model.baseline_accuracy")
    curve = seen.detail.get("curve") if seen else None
    if curve and curve.get("points"):
        st.markdown("**Would more labels help?**")
        model_charts.curve(curve, key="curve", target=of.must.accuracy)
        needed = curve.get("needed")
        st.markdown(
            needed["reason"]
            if needed
            else curve.get("reason") or "Set the accuracy it must reach to see the rows it takes.",
            help="Measured with the logistic regression, which takes seconds where tuning takes minutes, so it says "
            "how much the labels still limit. Its errors are fitted with error = a + b · n^-c; the band is 90 % and "
            "knows chance only, for rows like today's.",
        )


def ladder_rows(found: dict[str, Evidence]) -> list[dict[str, Any]]:
    """The methods measured, free ones first; of the run where one ended, else of the first look."""
    tuned, free = found.get("model.accuracy"), found.get("model.baseline_accuracy")
    if tuned is not None and tuned.value is not None:
        fresh, took = found.get("model.accuracy_without_duplicates"), found.get("model.train_minutes")
        minutes = took.value if took else None
        return [
            *tuned.detail.get("baselines", []),
            {
                "name": "fine-tuned",
                "accuracy": tuned.value,
                "low": tuned.low,
                "high": tuned.high,
                "without_duplicates": fresh.value if fresh else None,
                "seconds": 60 * minutes if isinstance(minutes, float | int) else None,
            },
        ]
    return list(free.detail.get("baselines", [])) if free else []


def _verdict(gain: Evidence | None, rows: list[dict[str, Any]]) -> str:
    if gain is None or not isinstance(gain.value, float | int):
        return "Fine-tuning was not measured yet: press *Train and measure* to see whether it beats these."
    d = gain.detail
    said = {"better": "**Worth it.** It is better", "worse": "**Not worth it.** It is worse"}.get(
        d["verdict"], "**Not shown to be worth it.** It is not shown to be better"
    )
    said += (
        f" than {d['against']}, which needs no training: {gain.value * 100:+.1f} points "
        f"({(gain.low or 0) * 100:+.1f} to {(gain.high or 0) * 100:+.1f}), p {_chance(d['p'], sign='= ')}."
    )
    if d["verdict"] == "better":
        return said
    if d["verdict"] != "worse" and gain.value > 0 and d.get("rows_needed"):
        said += f" About {d['rows_needed']:,} test rows would show a difference of this size; there are {gain.n:,}."
    return f"{said} Until then, ship {d['against']}." if d["verdict"] != "worse" else f"{said} Ship {d['against']}."


def _chance(p: float, sign: str = "") -> str:
    """A p-value; below a thousandth its size says nothing more."""
    return "< 0.001" if p < 0.001 else f"{sign}{p:.2g}"


def _table(rows: list[dict[str, Any]], compared: dict[str, dict[str, Any]]) -> pd.DataFrame:
    out = []
    for r in rows:
        c = compared.get(r["name"])
        fresh, seconds = r.get("without_duplicates"), r.get("seconds")
        interval = f" ({between(r['low'], r['high'])})" if r.get("low") is not None else ""
        out.append(
            {
                "method": r["name"] + (" (best free one)" if r.get("best") else ""),
                "accuracy": number(r["accuracy"], "share") + interval,
                "without duplicates": "" if fresh is None else number(fresh, "share"),
                "takes": "" if seconds is None else duration(seconds),
                "tuned is": c["verdict"] if c else "",
                "by points": f"{c['delta'] * 100:+.1f} ({c['low'] * 100:+.1f} to {c['high'] * 100:+.1f})" if c else "",
                "p": _chance(c["p"]) if c else "",
                "could see": f"{c['detectable'] * 100:.1f} points" if c and c.get("detectable") else "",
            }
        )
    told = pd.DataFrame(out)
    return told if compared else told[["method", "accuracy", "without duplicates", "takes"]]
