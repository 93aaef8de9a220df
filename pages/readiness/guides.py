"""Which rules apply, and how ready is it? Guided classification, informative, not legal advice."""

from collections.abc import Mapping

import streamlit as st

from core import ventures
from core.errors import InputError
from core.readiness.guides import TOP, Placed, place_all
from core.venture import GUIDES, Venture
from pages.shared.files import save
from pages.shared.frame import entry, evidence, venture
from pages.shared.graph_charts import levels

WORDS = {None: "no answer yet", True: "yes", False: "no"}
ICONS = {"eu_ai_act": ":material/account_balance:", "nist_ai_rmf": ":material/fact_check:",
         "readiness_levels": ":material/stairs:"}  # fmt: skip


def main() -> None:
    of, it = venture(), entry()
    st.title("Rules and readiness", anchor=False)
    try:
        found = place_all(of, evidence(of))
    except InputError as error:
        st.error(str(error))
        return
    open_ = sum(len(placed.open) for placed in found)
    st.write(
        "As answered so far: "
        + "; ".join(f"{placed.guide.name}, **{placed.word}**" for placed in found)
        + f". {'Nothing is' if not open_ else f'{open_} questions are' if open_ > 1 else 'One question is'} open."
    )
    st.caption("Answer what only you can know; what was measured answers the rest.")
    for column, name, placed in zip(st.columns(3), GUIDES, found, strict=True):
        with column, st.container(border=True, height="stretch", key=f"guide-{name}"):
            st.markdown(f"{ICONS[name]} **{placed.guide.name}**")
            st.subheader(placed.word, anchor=False)
            st.caption(placed.because)
    for name, placed in zip(GUIDES, found, strict=True):
        _asked(it, of, name, placed)
    st.caption("Informative, not legal advice: the articles and sections named are what counts.")


def _asked(it: ventures.Entry, of: Venture, name: str, placed: Placed) -> None:
    guide = placed.guide
    left = len(placed.open)
    with st.expander(f"{guide.name}: {left} open" if left else f"{guide.name}: all answered", icon=ICONS[name]):
        st.write(guide.explains)
        if placed.levels:
            levels(
                {k.label: placed.levels[k.id] for k in guide.classes}, TOP if guide.least else 1, key=f"levels-{name}"
            )
        with st.form(f"form-{name}", border=False):
            answers = _questions(of, name, placed)
            saved = st.form_submit_button("Keep the answers", icon=":material/save:", disabled=it.sample)
        if it.sample:
            st.caption("The sample stays as it is: duplicate it on the Ventures page to answer for yourself.")
        st.caption(f"{guide.caution} Source: {guide.source}")
    if saved:
        _save(it, name, answers)


def _questions(of: Venture, name: str, placed: Placed) -> dict[str, bool | None]:
    out: dict[str, bool | None] = {}
    kinds = {k.id: k for k in placed.guide.classes}
    shown = ""
    for reply in placed.replies:
        question = reply.question
        if question.class_ != shown:
            shown = question.class_
            st.markdown(f"**{kinds[shown].label}** :gray[{kinds[shown].means}]")
        stated = of.guides.get(name, {}).get(question.id)
        help_ = f"{question.rests_on}" + (f" · {reply.by}" if reply.by else "")
        chosen = st.radio(question.ask, list(WORDS), index=list(WORDS).index(stated), format_func=WORDS.__getitem__,
                          horizontal=True, key=f"{name}-{question.id}", help=help_)  # fmt: skip
        if reply.answer is not None and stated is None:
            st.caption("Answered with yes by what was measured.", help=f"By what was {reply.by}.")
        out[question.id] = chosen
    return out


def _save(it: ventures.Entry, name: str, answers: Mapping[str, bool | None]) -> None:
    changes = {f"guides.{name}.{k}": v for k, v in answers.items()}
    save(it, lambda toml: ventures.change(toml, changes), said="")


main()
