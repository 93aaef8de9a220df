"""The market room: how big, and who says so?"""

import pandas as pd
import streamlit as st

from core.evidence import Evidence
from core.venture import Venture
from pages.shared import charts
from pages.shared.figures import figure_row, stale_ids
from pages.shared.frame import evidence, inputs, venture
from pages.shared.look import money
from pages.shared.watch import start_button, watch


def answer(of: Venture, e: Evidence | None) -> str:
    """The page's question answered in a line."""
    if e is None:
        return "Not sized yet." if of.market.assumptions else "No figures yet: add market assumptions to the venture."
    if not isinstance(e.value, float | int):
        return e.reason
    cur = e.unit[:3]
    span = f"{money(e.low or 0, cur)} and {money(e.high or 0, cur)}"
    line = f"About {money(e.value, cur)} a year can be won; 8 of 10 draws lie between {span}."
    if of.must.som is not None:
        line += f" It must reach {money(of.must.som, cur)}."
    return line


def assumptions(of: Venture) -> pd.DataFrame:
    """Each figure as a range, with who says so."""
    rows = [
        {
            "figure": a.label,
            "unit": a.unit,
            "p10": a.p10,
            "p50": a.p50,
            "p90": a.p90,
            "source": a.source or (f"{a.by} (own judgement)" if a.by else "unsourced"),
            "date": a.date,
            "used in": ", ".join(k.upper() for k in ("tam", "sam", "som") if a.id in getattr(of.market, k)),
        }
        for a in of.market.assumptions
    ]
    return pd.DataFrame(rows)


def main() -> None:
    of = venture()
    found = evidence(of, detail=True)
    stale = stale_ids(found, inputs(of))
    som = found.get("market.som")
    st.title("How big is the market, and who says so?", anchor=False)
    st.markdown(answer(of, som))
    with st.container(horizontal=True, vertical_alignment="center"):
        start_button(of, ["market"], "Size the market", key="start-market", primary=som is None)
        st.caption(
            "TAM is everyone who could buy, SAM the part you can serve, SOM the part you can win.",
            help="Total addressable, serviceable addressable and serviceable obtainable market, in money per year.",
        )
    watch(of, ["market"])
    if som is not None and som.value is not None:
        charts.funnel(found, key="funnel", height=280)
        wanted = (
            ("market.tam", "TAM", "Everyone who could buy, at your price, a year."),
            ("market.sam", "SAM", "The part your product can serve."),
            ("market.som", "SOM", "The part you can win."),
            ("market.unsourced", "Rests on no source", "Share of the spread from figures without a source."),
        )
        figure_row(found, wanted, stale)
        left, right = st.columns(2)
        with left:
            charts.distribution(som, "SOM", key="som", must=of.must.som)
        with right:
            charts.drivers(som, key="drivers")
    if of.market.assumptions:
        st.markdown(
            "**The figures behind it**",
            help="p10, p50, p90: a 10 % chance to be lower, as likely as not, a 10 % chance to be higher.",
        )
        st.dataframe(assumptions(of), hide_index=True, alt="Market assumptions with their sources")
        st.page_link("pages/work/ventures.py", label="Change the figures", icon=":material/edit:")


main()
