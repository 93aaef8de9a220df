"""How fast will customers come, and how sure is that?"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core import ventures
from core.errors import InputError
from core.evidence import Evidence
from core.market.adoption.series import read_series
from core.market.survival import customers
from core.market.unitcost import spreads
from core.venture import Venture
from core.ventures import Entry
from pages.shared import money_charts
from pages.shared.figures import figure_row, stale_ids
from pages.shared.frame import config, entry, evidence, inputs, venture
from pages.shared.market_figures import pace_told
from pages.shared.watch import start, start_button, watch

PERIODS = ["year", "half-year", "quarter", "month", "week"]


def answer(of: Venture, e: Evidence | None) -> str:
    """The page's question answered in a line."""
    if of.market.adoption is None:
        return "No series yet: bring your own sales by period, or state an analogue's in the venture file."
    if e is None:
        return "Not computed yet: press the button, it takes some seconds."
    if not isinstance(e.value, float | int):
        return e.reason
    told = e.detail
    span = f"8 of 10 futures end between {e.low:,.3g} and {e.high:,.3g}"
    line = f"About {e.value:,.3g} customers after {len(told['customers'])} {told['period']}s; {span}."
    whose = f"The pace is that of {told['analogue']}" if told["analogue"] else "It goes on from your own sales"
    sure = "the series tells its curve by itself" if told["identified"] else "the series alone cannot tell its curve"
    return f"{line} {whose}; {sure}."


def moved(told: Mapping[str, Any], churn: float) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Customers and all who ever came, by period, when a share `churn` leaves in each."""
    new = np.asarray(told["paths"])
    earlier = np.tile([] if told["own"] else told["sales"], (len(new), 1))
    paths = np.concatenate([earlier, new], axis=1)
    first = earlier.shape[1]
    kept, ever = customers(paths, churn)[:, first:], np.cumsum(paths, axis=1)[:, first:]
    return spreads(kept.T), spreads(ever.T)


@st.fragment
def charts(told: Mapping[str, Any]) -> None:
    """The slider and what it moves, drawn again without the rest of the page."""
    place = st.container()  # the chart stands above the slider that moves it
    stated = round(100 * told["churn"]["p50"], 1)
    churn = st.slider(
        f"Customers who leave in a {told['period']}",
        0.0,
        50.0,
        stated,
        0.5,
        format="%.1f %%",
        key="churn",
        help="Churn: the share of the customers who stop in a period. It is tried here and changes no evidence; "
        "where it stands as stated, the chart draws it from its whole range, as the recorded figure below does.",
    )
    rows, ever = told["customers"], told["adopters"]  # at the churn as stated, which is a range
    if churn != stated:
        rows, ever = moved(told, churn / 100)
    with place:
        money_charts.customers(rows, ever, told["period"], key="customers")


def parameters(told: Mapping[str, Any]) -> None:
    """How the curve was found, and its parameters with their doubt."""
    if told["reason"]:
        st.info(
            f"**Plain least squares is refused.** {told['reason']} The curve is the likeliest given the series and "
            "eleven published durables (Bass 1969), and the band is as wide as that leaves it.",
            icon=":material/help:",
        )
    form = {"srinivasan-mason": "Srinivasan-Mason form: sales of a period are m (F(t) - F(t-1))", "density": "density"}
    st.caption(
        f"{told['model'].title()} curve, {form.get(told['form'], 'fitted to the running total')}. 95 % intervals are "
        f"{'profile likelihood' if told['identified'] else 'of the posterior'}."
    )
    meaning = {"p": "buys on its own", "q": "buys because others did", "m": "all who will ever buy of it"}
    rows = [
        {"": name, "what it is": meaning.get(name, "shape"), "value": _short(told[name])}
        | {"se": _short(told["se"][name])}
        | dict(zip(("low", "high"), map(_short, told["interval"][name]), strict=True))
        for name in told["se"]
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Parameters of the adoption curve")


def _short(value: float | None) -> str:
    """Four digits, thousands separated; a bound that the series does not tell is said to be none."""
    if value is None:
        return "none"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def own_series(it: Entry, of: Venture) -> None:
    """Bring the venture's own sales; a file that cannot be used changes nothing."""
    with st.expander("Bring your own sales", icon=":material/upload_file:", expanded=of.market.adoption is None):
        if it.sample:
            st.caption("The sample stays as it is. Duplicate it on the Ventures page to bring a series of your own.")
            return
        with st.form("series", border=False):
            given = st.file_uploader(
                "The sales (new customers) of each period, a row each; a column of periods may stand beside them",
                type=["csv", "txt"],
                key="series-file",
                max_upload_size=1,
            )
            period = st.selectbox("A period is a", PERIODS, index=3, key="series-period")
            low, high = st.slider("Customers who leave in a period, %", 0.0, 50.0, (2.0, 8.0), 0.5, key="series-churn")
            by = st.text_input("Who says so", key="series-by", placeholder="counted over the last 12 months")
            if st.form_submit_button("Use this series", icon=":material/save:", type="primary") and given is not None:
                _take(it, given.name, given.getvalue(), period, (low / 100, high / 100), by)


def _take(it: Entry, name: str, content: bytes, period: str, churn: tuple[float, float], by: str) -> None:
    low, high = churn
    try:
        with tempfile.TemporaryDirectory() as folder:
            checked = Path(folder) / (Path(name).name or "series.csv")
            checked.write_bytes(content)
            read_series(checked, period)
            with checked.open("rb") as stream:
                kept = ventures.take_upload(config(), it.file, name, stream)
        values: dict[str, Any] = {f"market.adoption.{k}": None for k in ("numbers", "analogue", "potential", "source")}
        values |= {"market.adoption.series": kept, "market.adoption.period": period}
        leaving = {"p10": low, "p50": (low + high) / 2, "p90": high, "by": by}
        values |= {f"market.adoption.churn.{k}": v for k, v in leaving.items()}
        of = ventures.save(config(), it.file, ventures.change(it.file.read_text(encoding="utf-8"), values))
    except InputError as error:
        st.error(f"Nothing was saved. {error}")
        return
    start(of, ["market"])
    st.rerun()


def main() -> None:
    of, it = venture(), entry()
    found = evidence(of, detail=True)
    e = found.get("market.customers")
    st.title("How fast will customers come?", anchor=False)
    st.markdown(answer(of, e))
    if of.market.adoption is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            start_button(of, ["market"], "Compute adoption", key="start-adoption", primary=e is None)
            st.caption(
                "Customers are those who ever came, less those who left.",
                help="Growth curves (Bass, Gompertz, logistic) say who ever buys; churn says who still pays.",
            )
    watch(of, ["market"])
    pace_told(found)
    if e is not None and e.value is not None:
        charts(e.detail)
        money_charts.backtest(e.detail, key="backtest")
        wanted = (("market.customers", "Customers at the end", "At the churn that the venture states."),)
        figure_row(found, wanted, stale_ids(found, inputs(of, found)))
        parameters(e.detail)
    own_series(it, of)


main()
