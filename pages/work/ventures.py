"""Ventures: describe an idea, say what it must reach, and bring its files."""

from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from core import ventures
from core.errors import InputError
from core.jobs import jobs
from core.venture import MODES, Venture
from core.ventures import Entry
from pages.shared.files import files, save
from pages.shared.frame import config, entry, store
from pages.shared.look import MODE

SCENARIO = {
    "support-desk": "Support desk: answers or routes customers' messages",
    "financial-risk": "Financial risk: scores applications or payments",
    "medical-triage": "Medical triage: sorts cases by urgency",
    "other": "Something else",
}


class Number(NamedTuple):
    """A question that a number answers; `scale` turns what is typed into what venture.toml holds."""

    key: str
    question: str
    help: str
    step: float
    scale: float = 1.0
    least: float = 0.0
    most: float | None = None
    shown: str | None = None


WORDS = (
    ("does", "What does the product do?", "For example: reads a customer's message and sends it to the right team"),
    ("for_whom", "For whom, and who pays?", "For example: small banks' support teams; their head of service pays"),
    (
        "sold_how",
        "How do they get it?",
        "For example: a subscription per bank, installed on the bank's own machines",
    ),
)
NUMBERS = (
    Number(
        "accuracy",
        "How well? Right answers, in %",
        "Of 100 answers, how many must be right before a customer would pay?",
        1.0,
        scale=0.01,
        most=100.0,
    ),
    Number(
        "mae",
        "How near, where it predicts a number? Off on average by at most",
        "In the unit of your scores, for example 0.5 stars. Leave it empty where the answer is a class.",
        0.1,
    ),
    Number(
        "availability",
        "How reliably? Share of time it answers, in %",
        "99.5 % leaves about 44 hours of failure a year.",
        0.1,
        scale=0.01,
        most=100.0,
    ),
    Number(
        "p95_ms",
        "How fast? 95 of 100 answers within, in ms",
        "p95 latency. A person notices from about 200 ms.",
        10.0,
        least=0.1,
    ),
    Number(
        "cost_per_1000",
        "How cheaply? At most for 1,000 requests",
        "In the currency of the market figures.",
        0.01,
        shown="%.4f",
    ),
    Number(
        "som",
        "How big? Least obtainable market, per year",
        "In the currency of the market figures. Below it, the venture is not worth starting.",
        100_000.0,
    ),
)


def ask(of: Venture | None, key: str) -> dict[str, Any]:
    """The guided questions, answered so far by `of`; returns dotted keys of venture.toml and their values."""
    st.markdown("**In plain words**")
    out: dict[str, Any] = {
        f"need.{name}": st.text_area(
            question, getattr(of.need, name) if of else "", key=f"{key}-{name}", height=90, placeholder=example
        )
        for name, question, example in WORDS
    }
    out["scenario"] = st.selectbox(
        "What is it closest to?",
        list(SCENARIO),
        index=list(SCENARIO).index(of.scenario if of else "other"),
        format_func=SCENARIO.__getitem__,
        key=f"{key}-scenario",
    )
    out["distribution.modes"] = st.multiselect(
        "How is it sold?",
        MODES,
        default=of.distribution.modes if of else ["saas"],
        format_func=MODE.__getitem__,
        key=f"{key}-modes",
        help="It decides which licence duties apply: what runs on your servers owes less than what you hand over.",
    )
    st.markdown("**What it must reach.** Everything is measured against these; what is empty is never good enough.")
    columns = st.columns(2)
    for place, number in enumerate(NUMBERS):
        with columns[place % 2]:
            stated = getattr(of.must, number.key) if of else None
            out[f"must.{number.key}"] = _ask_number(number, stated, f"{key}-{number.key}")
    return out


def _ask_number(number: Number, stated: float | None, key: str) -> float | None:
    typed = st.number_input(
        number.question,
        min_value=number.least,
        max_value=number.most,
        value=None if stated is None else round(stated / number.scale, 6),
        step=number.step,
        format=number.shown,
        key=key,
        help=number.help,
    )
    # 0 asks for nothing, except of a share: there it is a bar that everything clears, and the person's own words
    return None if typed is None or (typed == 0 and number.most is None) else round(typed * number.scale, 8)


def new_venture() -> None:
    """The form that creates a venture."""
    with st.form("new", border=True):
        name = st.text_input("What is it called?", key="new-name", max_chars=120)
        answers = ask(None, "new")
        if st.form_submit_button("Create the venture", type="primary", icon=":material/add:"):
            try:
                file = ventures.create(config(), name, {k: v for k, v in answers.items() if v not in ("", None)})
            except InputError as error:
                st.error(str(error))
                return
            _go(file.parent.name)


def _go(slug: str) -> None:
    st.session_state["go_to_venture"] = slug
    st.query_params["venture"] = slug
    st.rerun()


@st.dialog("Duplicate this venture")
def duplicate_dialog(it: Entry) -> None:
    name = st.text_input("Name of the copy", f"{it.name}, my copy", max_chars=120)
    if st.button("Duplicate", type="primary", icon=":material/content_copy:"):
        try:
            file = ventures.duplicate(config(), it, name)
        except InputError as error:
            st.error(str(error))
            return
        _go(file.parent.name)


@st.dialog("Delete this venture")
def delete_dialog(it: Entry) -> None:
    key = str(it.file.resolve())
    st.markdown(
        f"**{it.name}** and all that was made from its rows are removed: its files, its labels in the leak meter, its "
        "models and logs. This cannot be taken back. Its figures stay in the database, which holds no row."
    )
    if jobs(store(), venture=key, live=True):
        st.warning("Something is being measured for it. Stop that first, on the Jobs page.", icon=":material/sync:")
        return
    sure = st.button(
        "Delete it for good",
        key="delete-sure",
        type="primary",
        icon=":material/delete_forever:",
        on_click=_delete,
        args=(it,),
    )
    if sure:
        st.rerun()


def _delete(it: Entry) -> None:
    made = jobs(store(), venture=str(it.file.resolve()), limit=100_000)
    try:
        ventures.delete(config(), it, [Path(j.run_dir) for j in made if j.run_dir])
        st.session_state["said"] = f"{it.name} is deleted."
    except InputError as error:
        st.session_state["delete_problem"] = str(error)


def edit_answers(it: Entry) -> None:
    """The same questions again, with the present answers."""
    with st.form("edit", border=False):
        answers = ask(it.venture, f"edit-{it.slug}")
        if st.form_submit_button("Save", type="primary", icon=":material/save:", disabled=it.sample):
            save(it, lambda text: ventures.change(text, answers))


def edit_text(it: Entry) -> None:
    """The file itself, comments kept; every problem is named at once."""
    text = st.text_area(
        "venture.toml",
        it.file.read_text(encoding="utf-8"),
        height=480,
        key=f"toml-{it.slug}-{it.file.stat().st_mtime_ns}",
    )
    if st.button("Save the file", type="primary", icon=":material/save:", disabled=it.sample):
        save(it, lambda _: text)


def main() -> None:
    st.title("What is the idea, and what must it reach?", anchor=False)
    if said := st.session_state.pop("said", ""):
        st.success(said, icon=":material/check_circle:")
    if problem := st.session_state.pop("delete_problem", ""):
        st.error(problem)
    with st.expander("Describe a new venture", icon=":material/add:"):
        new_venture()
    it = entry()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(it.name, anchor=False)
        if st.button("Duplicate", icon=":material/content_copy:"):
            duplicate_dialog(it)
        if not it.sample and st.button("Delete", icon=":material/delete:"):
            delete_dialog(it)
    if it.problem:
        st.error(f"This file needs a correction:\n\n```\n{it.problem}\n```")
    view = st.radio(  # in the dark theme a segmented control has too little contrast
        "Show",
        ["What it must reach", "Files", "The whole file"],
        index=2 if it.problem else 0,
        horizontal=True,
        label_visibility="collapsed",
        key=f"view-{it.slug}",
    )
    if it.sample:
        st.caption("This is the sample: look around, measure it, and duplicate it to make it yours.")
    if view == "Files":
        files(it)
    elif view == "The whole file" or it.venture is None:
        edit_text(it)
    else:
        edit_answers(it)


main()
