"""A name model of the venture's own: trained on demand, judged on texts it did not learn from, used only if better."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.privacy.leak.sheet import Folder
from core.privacy.names import weights
from core.venture import OWN_NAMES, Venture
from core.ventures import Entry
from pages.shared import leak_charts
from pages.shared.frame import config
from pages.shared.look import between, duration, number
from pages.shared.watch import last_done, live, start_button, watch

MINUTES = (1.0, 3.0, 10.0)
LEAK, CLEAN = "Held-out texts that leak", "Texts without any that are flagged"


def answer(of: Venture) -> None:
    """The page's question answered in a line."""
    kept, last = _adopted(of), _last(of)
    if kept:
        st.markdown(f"It uses a name model of this venture's own. {_fell(kept)}")
    elif last:
        st.markdown(f"It uses the name model that ships. One of your own was tried and not adopted: {last['reason']}")
    else:
        st.markdown(
            "It uses the name model that ships. One can be trained on sentences like yours; it is adopted only where "
            "fewer texts leak and no more clean ones are flagged."
        )


def _file(of: Venture) -> Any:
    return Folder.of(config().var, of.key).path / OWN_NAMES


def _adopted(of: Venture) -> Mapping[str, Any]:
    """The outcome behind the adopted weights; empty where the model that ships is used."""
    outcome: Mapping[str, Any] = weights.about(_file(of)).get("outcome", {})
    return outcome


def _last(of: Venture) -> Mapping[str, Any]:
    job = last_done(of, "names")
    return job.result if job is not None else {}


def _fell(outcome: Mapping[str, Any]) -> str:
    before, after = (outcome["held_out"][side]["leak"] for side in ("before", "after"))
    return (
        f"Of {after['n']:,} held-out texts {number(after['value'], 'share')} leak "
        f"({between(after['low'], after['high'])}); before it were {number(before['value'], 'share')}."
    )


def show(of: Venture, it: Entry) -> None:
    """What the last training brought, how to train, and how to go back."""
    outcome = _last(of) or _adopted(of)
    if outcome:
        _outcome(outcome)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # Not a slider: in the dark theme its value has too little contrast.
        minutes = st.radio(
            "Minutes to learn",
            MINUTES,
            index=1,
            format_func=lambda m: f"{m:.0f} min",
            horizontal=True,
            key=f"names-minutes-{it.slug}",
        )
        start_button(of, ["names"], "Train it", key="start-names", primary=not outcome, minutes=minutes)
        st.caption(
            "Processor time; finding sentences and judging come on top. You can leave the page, and stop it any time."
        )
    watch(of, ["names"])
    if _adopted(of) and not any(j.kind == "names" for j in live(of)):
        st.button(
            "Go back to the model that ships",
            key="names-drop",
            icon=":material/undo:",
            on_click=_drop,
            args=(of,),
        )
    with st.expander("How it learns, and what it keeps", icon=":material/help:"):
        st.markdown(
            "Sentences of your rows in which two searches agree on who is named become templates: every name, place "
            "and number makes way for a made-up one, and the name model learns from those. Three in ten are held out "
            "and judge it, filled with other made-up values; rows that you labelled in the leak meter have a veto. Its "
            "weights stay in this venture's private folder on this machine, for something of your texts may be in "
            "them; no sentence is kept."
        )


def _outcome(outcome: Mapping[str, Any]) -> None:
    """Before and after on held-out texts, and on labelled rows where there are some; adopted or not, and why."""
    yes, no = ":green[:material/check_circle: **Adopted.**]", ":gray[:material/block: **Not adopted.**]"
    word = yes if outcome["adopted"] else no
    st.markdown(f"{word} {outcome['reason']}")
    rows = [*_rows(outcome["held_out"], LEAK, CLEAN)]
    if outcome["labelled"]:
        rows += _rows(outcome["labelled"], "Your labelled rows that leak", "Your rows without any that are flagged")
    change = outcome["held_out"]["leak"]
    title = "Held-out texts that leak: no figure"
    if change:
        before, after = (outcome["held_out"][side]["leak"]["value"] for side in ("before", "after"))
        title = f"Held-out texts that leak: {number(before, 'share')} → {number(after, 'share')}"
    leak_charts.before_after(rows, key="names-effect", title=title)
    said = ""
    if change:
        points = f"{100 * change['value']:+.1f} points ({100 * change['low']:+.1f} to {100 * change['high']:+.1f})"
        said = f"Change of leaking texts on the same {change['n']:,} texts: {points}; it must be below 0 beyond doubt. "
    st.caption(
        f"{said}Learned from {outcome['sentences']:,} sentences of {outcome['rows']:,} rows as {outcome['texts']:,} "
        f"made-up texts in {duration(outcome['seconds'])} of processor time."
    )


def _rows(verdict: Mapping[str, Any], leak: str, clean: str) -> list[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    names = {"leak": leak, "clean_flagged": clean}
    rows = [(name, verdict["before"][key], verdict["after"][key]) for key, name in names.items()]
    return [(name, before, after) for name, before, after in rows if before["n"] and after["n"]]


def _drop(of: Venture) -> None:
    _file(of).unlink(missing_ok=True)
    st.session_state["said"] = "The model that ships is used again. Scan again for its figures."
