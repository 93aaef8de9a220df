"""What does a request cost, and what is left of its price?"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.evidence import Evidence
from core.market.unitcost import SCALES, Service, at_scales, cost_curve
from core.prices import read_prices
from core.venture import Venture
from pages.shared import money_charts
from pages.shared.figures import figure_row, stale_ids
from pages.shared.frame import evidence, inputs, venture
from pages.shared.look import money, number, percent
from pages.shared.watch import start_button, watch

COST = "market.cost_per_1000"
WANTED = (
    (COST, "1,000 requests cost", "At the stated demand, with the hours in which machines idle."),
    ("market.margin", "Margin", "Share of the price left after machines, at the stated demand."),
    ("market.margin_10x", "at 10 times", "The same at ten times the demand."),
    ("market.margin_100x", "at 100 times", "The same at a hundred times the demand."),
)
_GRID = np.geomspace(0.01, 1000, 31)


def answer(of: Venture, e: Evidence | None) -> str:
    """The page's question answered in a line."""
    if of.market.money is None:
        return "Not stated yet: say under [market.money] of the venture file what a request brings and how many come."
    if e is None:
        return "Not computed yet: press the button, it takes some seconds."
    if not isinstance(e.value, float | int):
        return f"Unknown. {e.reason}"
    row = e.detail["rows"][0]
    busy = number(row["utilisation"]["p50"], "share")
    line = f"1,000 requests cost about {money_charts.said_cost(row['cost'])} at the stated demand"
    if row["margin"] is None:
        return f"{line}; what is left of the price is unknown, for prices of machines are in USD."
    left = percent(row["margin"]["p50"], 1)
    return f"{line}, and {left} of their price is left; the machines are busy {busy} of the time."


def service(told: Mapping[str, Any]) -> tuple[Service, str]:
    """The service as the controls have it: which machine, how it peaks, how busy it may be."""
    rows = [p for p in read_prices() if not p.accelerator and p.vcpu >= told["machine"]["vcpu"]]
    names = list(dict.fromkeys([told["machine"]["machine"], *(p.machine for p in rows)]))
    price = {p.machine: p.usd_per_hour for p in rows} | {told["machine"]["machine"]: told["machine"]["usd_per_hour"]}
    left, middle, right = st.columns(3)
    with left:
        name = st.selectbox(
            "Machine", names, key="machine", format_func=lambda n: f"{n}, {money(price[n])} an hour",
            help="Only machines with at least the processors that the rate was measured on, without an accelerator.",
        )  # fmt: skip
    with middle:
        peak = st.slider("Busiest hours, times the average", 1.0, 20.0, float(min(told["peak"], 20)), 0.5, key="peak")
    with right:
        busy = st.slider(
            "Most of its rate in those hours, %", 10, 100, round(100 * told["most_busy"]), 5, key="busy",
            help="A machine that is asked for all it can bear lets requests wait; the rest is headroom.",
        )  # fmt: skip
    return Service(price[name], told["rate"], told["not_at"], peak, busy / 100), name


@st.fragment
def charts(of: Venture, told: Mapping[str, Any]) -> None:
    """Cost by demand and margin at 1, 10 and 100 times, for the controls as they stand; the rest of the page stays."""
    place = st.container()  # the charts stand above the controls that move them
    at, name = service(told)
    demand = np.asarray(told["draws"]["demand"])
    price = np.asarray(told["draws"]["price"]) if told["currency"] == "USD" else None
    middle = float(np.median(demand))
    grid = cost_curve(demand, at, _GRID.tolist())
    asked = (name, at.peak, at.most_busy) == (told["machine"]["machine"], told["peak"], told["most_busy"])
    rows = told["rows"] if asked else at_scales(demand, price, at)
    ratio = rows[0]["cost"]["p50"] / rows[-1]["cost"]["p50"]
    title = f"On {name}: {money_charts.said_cost(rows[0]['cost'])} at the stated demand"
    title += f", {number(ratio)} times less at 100 times of it" if ratio > 1.05 else ", and no less with more of it"
    marks = [(middle * s, f"{s} ×") for s in SCALES]
    with place:
        money_charts.cost([middle * s for s in _GRID.tolist()], grid, marks, key="cost", title=title)
        if price is not None:
            must = dict(zip(SCALES, (of.must.margin, of.must.margin_10x, of.must.margin_100x), strict=True))
            money_charts.margins(rows, key="margins", must=must)
    loads(rows)


def loads(rows: list[dict[str, Any]]) -> None:
    """What runs at each demand, and what utilisation means."""
    st.markdown(
        "**Utilisation** is the share of what the machines could answer that is asked of them: they are paid by the "
        "hour, so whatever they idle makes each request dearer."
    )
    table = [
        {
            "demand": f"{r['scale']:g} ×",
            "requests a year": number(float(f"{r['requests_a_year']['p50']:.3g}")),
            "machines": f"{r['machines']['p50']:,.0f} ({r['machines']['p10']:,.0f} to {r['machines']['p90']:,.0f})",
            "utilisation": percent(r["utilisation"]["p50"], 2),
            "1,000 requests": money_charts.said_cost(r["cost"]),
        }
        for r in rows
    ]
    st.dataframe(pd.DataFrame(table), hide_index=True, alt="Machines, utilisation and cost by demand")


def prices() -> None:
    """All prices that are known, each with its source, old ones marked."""
    with st.expander("Prices of machines, with their sources", icon=":material/sell:"):
        today = date.today()
        rows = [
            {
                "machine": p.machine,
                "provider": p.provider,
                "$ an hour": p.usd_per_hour,
                "vCPU": p.vcpu,
                "accelerator": p.accelerator,
                "read": p.read,
                "state": "stale: older than 90 days" if p.stale(today) else "fresh",
                "source": p.source,
            }
            for p in read_prices()
        ]
        link = {"source": st.column_config.LinkColumn("source")}
        st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=link, alt="Prices of machines with sources")


def main() -> None:
    of = venture()
    found = evidence(of, detail=True)
    e = found.get(COST)
    st.title("What does a request cost, and what is left of its price?", anchor=False)
    st.markdown(answer(of, e))
    if of.market.money is not None:
        start_button(of, ["market"], "Compute cost and margin", key="start-money", primary=e is None)
    watch(of, ["market"])
    if e is not None and e.value is None:
        st.page_link("pages/model/train.py", label="Measure how the model serves", icon=":material/speed:")
    if e is not None and e.value is not None:
        charts(of, e.detail)
        figure_row(found, WANTED, stale_ids(found, inputs(of, found)))
        told = e.detail
        low, high = told["rate"], told["not_at"]
        rate = f"{low:.3g} to {high:.3g}" if high else f"{low:.3g}"
        st.caption(
            f"{told['said']} One machine bears {rate} requests a second. Peak: {told['peak_by'] or 'unsourced'}. "
            "People, sales and support are not in the cost, and buying answers from an API is not compared yet."
        )
    prices()


main()
