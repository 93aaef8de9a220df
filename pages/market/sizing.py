"""The market room: how big, and who says so?"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core import venture_figures as figures
from core.errors import InputError
from core.evidence import Evidence
from core.market.measure import market_draws, market_size
from core.market.sizing import MarketSize, quantiles
from core.market.words import gap_words, held_words
from core.venture import Market, Venture
from core.venture_market import Figure
from core.ventures import Entry, save
from pages.shared import market_charts
from pages.shared.figures import figure_row, stale_ids
from pages.shared.frame import config, entry, evidence, inputs, venture
from pages.shared.look import money, percent
from pages.shared.market_figures import (
    QUANTILES,
    changed,
    differing,
    in_scenario,
    pace_told,
    sliders,
    table,
    with_changes,
)
from pages.shared.watch import start, start_button, watch

AS_STATED = "As stated"
QS = frozenset(QUANTILES)
SCENARIOS = {
    "support-desk": "a support desk",
    "financial-risk": "a financial risk score",
    "medical-triage": "a medical triage",
}
WANTED = (
    ("market.tam", "TAM", "Everyone who could buy, at your price, a year."),
    ("market.sam", "SAM", "The part your product can serve."),
    ("market.som", "SOM", "The part you can win."),
    ("market.unsourced", "Rests on no source", "Share of the spread from figures without a source."),
)
WHERE_STATED = (
    (
        "market.reconciliation",
        "Two ways agree",
        "The methods with each other, and SOM with the pace of adoption: the least.",
    ),
    ("market.capacity", "Can be sold", "Share of draws in which the sales team could close all of SOM."),
    ("market.plan", "Carries the plan", "Share of draws in which SOM is at least the revenue that the plan states."),
)


def answer(of: Venture, e: Evidence | None) -> str:
    """The page's question answered in a line, from what was recorded."""
    if not of.market.assumptions:
        return "No figures yet: begin with a template, and replace each figure by one that you can show."
    if e is None:
        return "Not recorded yet: size the market, and the board knows it too."
    if not isinstance(e.value, float | int):
        return e.reason
    cur = e.unit[:3]
    span = f"{money(e.low or 0, cur)} and {money(e.high or 0, cur)}"
    line = f"About {money(e.value, cur)} a year can be won; 8 of 10 draws lie between {span}."
    if of.must.som is not None:
        line += f" It must reach {money(of.must.som, cur)}."
    return line


def begin(it: Entry, of: Venture) -> None:
    """An empty market: one click fills it with a template, whose figures say where they come from."""
    known = [s for s in SCENARIOS if s in figures.templates()]
    st.markdown(
        "A template has the figures of such a market, each with its source where there is one; the others count as "
        "unsourced. It is a start, not your market: change what differs."
    )
    with st.container(horizontal=True):
        for name in sorted(known, key=lambda s: s != of.scenario):
            if st.button(
                f"Begin with {SCENARIOS[name]}",
                key=f"template-{name}",
                type="primary" if name == of.scenario else "secondary",
                disabled=it.sample,
            ):
                _save(it, figures.take_template(it.file.read_text(encoding="utf-8"), name), "The template is in place.")


def _save(it: Entry, text: str, said: str, *, measure: bool = True) -> None:
    """Put the file in place and measure again, or say why not and change nothing."""
    try:
        of = save(config(), it.file, text)
    except InputError as error:
        st.error(f"Nothing was saved.\n\n```\n{error}\n```")
        return
    if measure:
        start(of, ["market"])
    st.session_state["said"] = said
    st.rerun()


@st.fragment
def live(it: Entry, of: Venture, at: str) -> None:
    """The market of the figures that stand in the table and the sliders now, and what can be done with them."""
    stated, chosen = of.market, AS_STATED
    if stated.scenarios:
        names = [AS_STATED, *(s.name for s in stated.scenarios)]
        chosen = st.selectbox("Scenario", names, key=f"market-scenario-{at}", width=320)
    kept = in_scenario(stated, chosen)
    base, _ = with_changes(stated, {k: f.model_dump() for k, f in kept.items()})
    at_scenario = f"{at}-{chosen}"
    moving(of, base, at, at_scenario)
    st.caption(
        "p10, p50, p90: a 10 % chance to be lower, as likely as not, a 10 % chance to be higher. Type over any, "
        "and say who says so where it stands.",
    )
    table(base, at_scenario)
    _keeping(it, stated, base, at, at_scenario)


@st.fragment
def moving(of: Venture, base: Market, at: str, at_scenario: str) -> None:
    """The charts and their sliders: nothing else is sent while one of them moves."""
    now, problems = with_changes(base, changed(base, at_scenario))
    found = _sized_or_told(now, problems)
    if found is None and now is not base:
        found = _sized_or_told(base, [])
    if found is None:
        return
    _drawn(of, found, at)
    st.markdown("**Try other figures**", help="Nothing is saved until you say so.")
    sliders(base, [i.id for i in found.hangs_on[found.level].indices], at_scenario)
    if differing(of.market, now):
        size, cur = found.narrowest, of.market.currency
        said = f"Now on the screen: {money(size.p50, cur)} ({money(size.p10, cur)} to {money(size.p90, cur)})."
        st.markdown(said.replace("$", "\\$"))


def _sized_or_told(market: Market, problems: list[str]) -> MarketSize | None:
    """The market sized; what is wrong with its figures is told above the charts."""
    for problem in problems:
        st.error(f"{problem} The charts show the figures before that.")
    try:
        return market_size(market)
    except InputError as error:
        st.error(str(error))
        return None


def _drawn(of: Venture, found: MarketSize, at: str) -> None:
    levels = list(found.ways[0].sizes)
    level = st.session_state.get(f"market-level-{at}", levels[-1])
    level = level if level in levels else levels[-1]
    market_charts.methods(found, level, key="methods", must=of.must.som if level == "som" else None)
    st.radio(
        "Level",
        levels,
        index=len(levels) - 1,
        format_func=market_charts.LEVEL.__getitem__,
        horizontal=True,
        label_visibility="collapsed",
        key=f"market-level-{at}",
    )
    st.markdown(gap_words(found))
    for name, held in (("capacity", found.capacity), ("plan", found.plan)):
        if held is not None:
            st.markdown(held_words(found, name, held).replace("$", "\\$"))
    left, right = st.columns(2)
    with left:
        market_charts.waterfall(found, key="waterfall")
    with right:
        market_charts.tornado(found, key="tornado")
    _small_print(found)


def _small_print(found: MarketSize) -> None:
    unsourced = found.unsourced_share
    said = (
        f"{found.n:,} draws, seed {found.seed}: the same figures on every refresh. Drawing alone moves the median by "
    )
    said += f"{percent(found.narrowest.numerical_error, 1)}."
    if unsourced is not None:
        said = f"{percent(unsourced)} of the spread rests on figures without a source. {said}"
    st.caption(
        said,
        help="The percentages in the chart of figures are total Sobol indices: the share of the variance of ln(size) "
        "that would stay if all figures but this one were known.",
    )
    for notice in found.market.notices:
        st.caption(f"Units: {notice}")


def _keeping(it: Entry, stated: Market, base: Market, at: str, at_scenario: str) -> None:
    """Save what differs from the file, or keep it beside it under a name."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        save_it = st.button(
            "Save to the venture", key="save-figures", type="primary", icon=":material/save:", disabled=it.sample
        )
        name = st.text_input("Name of a scenario", key=f"scenario-name-{at}", placeholder="Price war", max_chars=80)
        keep_it = st.button(
            "Keep as scenario",
            key="keep-scenario",
            icon=":material/bookmark_add:",
            disabled=it.sample or not name.strip(),
        )
    if it.sample:
        st.caption("This is the sample: try other figures here; duplicate it to keep them.")
    if save_it or keep_it:
        now, problems = with_changes(base, changed(base, at_scenario))
        edits = differing(stated, now)
        if save_it and not problems and edits:
            text = figures.set_figures(it.file.read_text(encoding="utf-8"), edits)
            _save(it, text, "Saved; the market is being sized again.")
        elif save_it:
            st.info("Nothing is saved: " + ("correct what is said above." if problems else "no figure differs."))
        else:
            _keep(it, name.strip(), now, edits)
    _compare(it, stated, at)


def _keep(it: Entry, name: str, now: Market, edits: Mapping[str, Any]) -> None:
    """Keep the ranges that differ from the file as a scenario of that name."""
    ranges = {a.id: Figure(p10=a.p10, p50=a.p50, p90=a.p90) for a in now.assumptions if set(edits.get(a.id, ())) & QS}
    text = figures.keep_scenario(it.file.read_text(encoding="utf-8"), name, "", ranges)
    _save(it, text, f"Kept as “{name}”.", measure=False)


@st.cache_data(max_entries=64, show_spinner=False)
def _sized(market: str) -> tuple[str, tuple[float, float, float]]:
    """The level that decides, and its p10, p50 and p90, of a market as JSON."""
    drawn = market_draws(Market.model_validate_json(market))
    level, sizes = list(next(iter(drawn.figures.values())).items())[-1]
    return level, quantiles(sizes)


def _compare(it: Entry, stated: Market, at: str) -> None:
    """What was kept, below each other and beside the figures of the file."""
    if not stated.scenarios:
        return
    rows, level = [], ""
    for name in (AS_STATED, *(s.name for s in stated.scenarios)):
        kept = in_scenario(stated, name)
        market, _ = with_changes(stated, {k: f.model_dump() for k, f in kept.items()})
        try:
            level, size = _sized(market.model_dump_json())
        except InputError as error:
            if name == AS_STATED:  # told above the charts
                return
            st.error(f"{name}: {error}")
        else:
            rows.append(market_charts.Row(name, *size))
    market_charts.compare(rows, stated.currency, level, key="compare")
    with st.container(horizontal=True):
        for k, s in enumerate(stated.scenarios):
            if st.button(f"Drop “{s.name}”", key=f"drop-{k}-{at}", type="tertiary", disabled=it.sample):
                text = figures.drop_scenario(it.file.read_text(encoding="utf-8"), s.name)
                _save(it, text, f"“{s.name}” is dropped.", measure=False)


def main() -> None:
    of, it = venture(), entry()
    found = evidence(of, detail=True)
    stale = stale_ids(found, inputs(of))
    som = found.get("market.som")
    st.title("How big is the market, and who says so?", anchor=False)
    if said := st.session_state.pop("said", ""):
        st.success(said, icon=":material/check_circle:")
    st.markdown(answer(of, som).replace("$", "\\$"))
    pace_told(found)
    if not of.market.assumptions:
        begin(it, of)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        start_button(of, ["market"], "Size the market", key="start-market", primary=som is None)
        st.caption(
            "TAM is everyone who could buy, SAM the part you can serve, SOM the part you can win.",
            help="Total addressable, serviceable addressable and serviceable obtainable market, in money per year.",
        )
    watch(of, ["market"])
    live(it, of, f"{it.slug}-{it.file.stat().st_mtime_ns}")
    if som is not None:
        st.markdown("**On record**", help="What the board shows and the verdict rests on: the figures when last sized.")
        figure_row(found, (*WANTED, *(w for w in WHERE_STATED if w[0] in found)), stale)
    st.page_link("pages/work/ventures.py", label="Change methods and formulas in the file", icon=":material/edit:")


main()
