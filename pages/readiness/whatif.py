"""What if: other figures, and what the verdict would be."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core import ventures
from core.errors import InputError
from core.evidence import Evidence
from core.prices import read_prices
from core.readiness.joint.price import Response
from core.readiness.joint.swap import GONE, PACKAGE, replaceable
from core.readiness.joint.whatif import DATA, KEEP, MACHINE, MASK, WhatIf, whatif
from core.venture import Venture
from pages.shared import graph_charts
from pages.shared.frame import config, entry, evidence, inputs, venture
from pages.shared.look import MODE, VERDICT, between, number
from pages.shared.review import STIRS
from pages.shared.scenarios import scenario_table

SETTLED = {"as measured": None, "allowed": "allowed", "blocked": "blocked"}
HANDLED = {KEEP: "as it is", MASK: "masked before training"}
STAYS = ""
PLACES = (
    STAYS,
    GONE,
    "MIT",
    "Apache-2.0",
    "BSD-3-Clause",
    "MPL-2.0",
    "LGPL-3.0-or-later",
    "GPL-3.0-only",
    "AGPL-3.0-only",
)
_OFFERED = 6  # packages to replace; those that block first


def main() -> None:
    of, it = venture(), entry()
    st.title("What if?", anchor=False)
    found = evidence(of, detail=True)
    if not any(e.room != "readiness" for e in found.values()):
        st.write("Once something is measured, this page says what the verdict would be if a figure were another.")
        st.page_link("pages/readiness/board.py", label="Measure on the board", icon=":material/flight_takeoff:")
        return
    st.write("Move a figure and see what the verdict would be. It is a copy: nothing is measured, nothing is changed.")
    lab(of, it, found)


@st.fragment
def lab(of: Venture, it: ventures.Entry, found: Mapping[str, Evidence]) -> None:
    """The verdict first, beside it what moves it: on a phone, below it."""
    first, beside = st.columns([3, 2], gap="large")
    with beside:
        changes = controls(of, found)
    try:
        told = whatif(of, found, changes, inputs(of, found))
    except InputError as error:
        st.error(str(error))
        return
    with first:
        answer(told, changes)
        if told.after.graph.narrowing:
            graph_charts.narrowing(told.after.graph.as_json(), of.market.currency, key="w-narrowing")
    keep(of, it, changes, found)


def controls(of: Venture, found: Mapping[str, Evidence]) -> dict[str, Any]:
    """What a founder can turn, each left as it is until it is moved."""
    out: dict[str, Any] = {}
    _share(out, found.get("model.accuracy"), "Right answers", "model.accuracy")
    if of.must.accuracy is not None:
        wish = st.slider("Least accuracy that you promise", 0.0, 1.0, float(of.must.accuracy), 0.01, format="percent")
        if wish != of.must.accuracy:
            out["must.accuracy"] = wish
    _share(out, found.get("privacy.direct_share"), "Rows naming people", "privacy.direct_share")
    if "privacy.direct_share" in found:
        handled = st.radio(
            "Personal data", list(HANDLED), format_func=HANDLED.__getitem__, horizontal=True, key="w-data",
            help="Masked, as many rows still name people as the leak meter found; unknown where nothing was labelled.",
        )  # fmt: skip
        if handled != KEEP:
            out[DATA] = handled
    modes = [m for m in MODE if m in of.distribution.modes] or ["saas"]
    kept = st.multiselect("Ways of selling", list(MODE), modes, format_func=lambda m: MODE[m])
    if kept and set(kept) != set(modes):
        out["distribution.modes"] = kept
    for mode in kept:
        choice = st.radio(
            f"Licences for {MODE[mode]}", list(SETTLED), horizontal=True, key=f"w-licence-{mode}",
            help="“Allowed” is what replacing the blocking packages would give.",
        )  # fmt: skip
        if SETTLED[choice]:
            out[f"licences.{mode}"] = SETTLED[choice]
    _packages(out, found, kept)
    _price(out, of)
    _machine(out, of)
    return out


def _packages(out: dict[str, Any], found: Mapping[str, Evidence], modes: list[str]) -> None:
    """What holds the ways of selling back, each to be taken out or replaced."""
    held = replaceable(found, modes)
    if not held:
        return
    st.markdown("**Packages that hold it back**")
    for name in held[:_OFFERED]:
        place = st.selectbox(name, PLACES, format_func=_place, key=f"w-package-{name}")
        if place != STAYS:
            out[f"{PACKAGE}{name}"] = place
    if len(held) > _OFFERED:
        st.caption(f"and {len(held) - _OFFERED} more on the page Licences")


def _place(licence: str) -> str:
    return {STAYS: "stays", GONE: "taken out"}.get(licence, f"replaced by one under {licence}")


def _machine(out: dict[str, Any], of: Venture) -> None:
    """Another machine of the price list, where the venture says what requests bring."""
    if of.market.money is None:
        return
    rows = {p.machine: p for p in read_prices()}
    now = of.market.money.machine
    named = st.selectbox(
        "Machine", ["", *(name for name in rows if name != now)], key="w-machine",
        format_func=lambda name: f"{rows[name].provider} {name}, {rows[name].vcpu} vCPU, "
        f"{rows[name].usd_per_hour:g} USD an hour" if name else f"as it is{f': {now}' if now else ''}",
        help="The rate was measured on this machine; one that is not comparable leaves cost and margin unknown.",
    )  # fmt: skip
    if named:
        out[MACHINE] = named


def _share(out: dict[str, Any], record: Evidence | None, label: str, name: str) -> None:
    if record is None or not isinstance(record.value, int | float):
        return
    now = round(float(record.value), 3)
    wish = st.slider(label, 0.0, 1.0, now, 0.005, format="percent", key=f"w-{name}")
    if wish != now:
        out[name] = wish


def _price(out: dict[str, Any], of: Venture) -> None:
    """The first assumption that is money of one request, if there is one: moved as a whole."""
    money = of.market.money
    priced = [] if money is None else [money.price] if isinstance(money.price, str) else money.price
    named = priced[0] if len(priced) == 1 else ""
    row = next((a for a in of.market.assumptions if a.id == named), None)
    if row is None:
        return
    times = st.slider(
        f"{row.label}, times what you state", 0.25, 4.0, 1.0, 0.05, key="w-price",
        help="Fewer buy at a higher price, and more at a lower one: as your elasticity of demand says ([reach] in the "
        "venture file), and where it says nothing, over a wide range.",
    )  # fmt: skip
    if times != 1.0:
        for q in ("p10", "p50", "p90"):
            out[f"market.assumptions.{row.id}.{q}"] = getattr(row, q) * times


def answer(told: WhatIf, changes: Mapping[str, Any]) -> None:
    """The verdict before and after, and what moved it."""
    out = told.as_json()
    with st.container(border=True, key="w-answer"):
        then = out["after"]
        colour, icon = VERDICT[then["verdict"]]
        st.header(f":{colour}[{icon} {then['verdict']}]", anchor=False)
        st.markdown(then["headline"])
        before, after = out["before"]["p_go"], then["p_go"]
        change = after["value"] - before["value"]
        st.metric(
            "P(go)",
            number(after["value"], "share"),
            f"{change * 100:+.1f} points" if abs(change) >= STIRS else None,
            help="The share of joint draws in which every threshold holds; what nobody measured is a coin toss.",
        )
        if after["low"] != after["high"]:
            st.caption(f"{between(after['low'], after['high'])}, as what nobody measured turns out.")
        st.caption(f"Today: {out['before']['verdict']}, P(go) {number(before['value'], 'share')}.")
        titles = {c.id: c.title for r in (told.before, told.after) for c in r.assessment.checks}
        for row in out["changed"]:
            was, now = row["before"] or "not asked", row["after"] or "not asked"
            st.markdown(f"- **{titles[row['check']]}**: {was} → {now}. {row['reason']}")
        if not changes:
            st.caption("Nothing is moved yet.")
        elif not out["changed"]:
            st.caption("No check changes its answer.")
        if told.response is not None:
            st.caption(_demand(told.response))
        if out["measure_again"]:
            rooms = ", ".join(out["measure_again"])
            st.caption(f"For certainty, measure again after such a change: {rooms}.")


def _demand(response: Response) -> str:
    """What the new price does to demand, in a sentence."""
    kept = f"{number(response.p50, 'share')} of the demand ({between(response.p10, response.p90)})"
    by = "as the elasticity says that you state" if response.stated else "for you state no elasticity, a wide range"
    return f"At {response.times:.3g} times the price you have {kept}, {by}."


def keep(of: Venture, it: ventures.Entry, changes: Mapping[str, Any], found: Mapping[str, Evidence]) -> None:
    """Keep the changes under a name in the venture file, and compare those that are kept."""
    if changes and not it.sample:
        with st.form("w-keep", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Keep as a scenario", placeholder="for example: GPL parts replaced", max_chars=80)
            if st.form_submit_button("Keep", icon=":material/bookmark:") and name.strip():
                _save(it, name.strip(), changes)
    elif changes:
        st.caption("The sample stays as it is: duplicate it on the Ventures page to keep scenarios.")
    if of.scenarios:
        st.subheader("Kept scenarios", anchor=False)
        scenario_table(of, found)


def _save(it: ventures.Entry, name: str, changes: Mapping[str, Any]) -> None:
    text = ventures.put_scenario(it.file.read_text(encoding="utf-8"), name, changes)
    try:
        ventures.save(config(), it.file, text)
    except InputError as error:
        st.error(f"Nothing was saved.\n\n```\n{error}\n```")
        return
    st.rerun(scope="app")


main()
