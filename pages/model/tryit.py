"""Try it: type a text and see the answer, how sure it is, what is near it, and what the free methods say."""

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import InputError
from core.evidence import Evidence
from core.jobs import get
from core.venture import Venture
from pages.shared import model_charts, score_charts
from pages.shared.answers import MOST, answerer
from pages.shared.frame import store
from pages.shared.look import between, number, percent


def show(of: Venture, found: dict[str, Evidence]) -> None:
    """A text field, a button, and the answer."""
    run = run_dir(found.get("model.rmse" if of.predicts_scores else "model.accuracy"))
    if run is None:
        st.info(
            "After *Train and measure* you can type a text here and see what the model says to it.",
            icon=":material/chat:",
        )
        return
    text = st.text_area(
        "A text as your customers would write it",
        key=f"try-{of.name}",
        height=110,
        max_chars=MOST,
        help="It stays in this session's memory: it is not stored and not logged.",
    )
    if st.button("Ask the model", key="ask", type="primary", icon=":material/send:"):
        st.session_state["answer"] = (str(run), _ask(str(run), text))
    kept, answer = st.session_state.get("answer", ("", None))
    if kept == str(run) and answer:
        (_score if answer.get("task") == "score" else _answer)(answer)


def run_dir(figure: Evidence | None) -> Path | None:
    """The folder of the run behind a figure of the model, while it is there."""
    if figure is None or figure.value is None or figure.source.run is None:
        return None
    job = get(store(), figure.source.run)
    folder = Path(job.run_dir) if job is not None and job.run_dir else None
    return folder if folder is not None and (folder / "answer").is_dir() else None


def _ask(run: str, text: str) -> dict[str, Any] | None:
    it = answerer(run)
    try:
        if not it.warm and text.strip():
            with st.status("Loading the model: 5 to 10 s, the first time only") as status:
                it.load()
                status.update(label="The model is loaded", state="complete")
        return it.ask(text)
    except InputError as error:
        st.error(str(error))
        return None


def _answer(answer: dict[str, Any]) -> None:
    sure = "calibrated confidence" if answer["calibrated"] else "confidence, not calibrated"
    left, right = st.columns(2)
    with left:
        st.metric(
            "The model answers",
            answer["label"],
            help="Calibrated: of the answers given with 80 % confidence, about 80 in 100 were right on the test rows.",
        )
        st.caption(f"{percent(answer['confidence'], 1)} {sure}; the curve behind it stands under *Training*.")
        _cut(answer)
        st.markdown("**What the free methods say**")
        said = [
            {
                "method": b["name"],
                "answer": b["label"],
                "confidence": "gives none" if b["confidence"] is None else percent(b["confidence"]),
            }
            for b in answer["baselines"]
        ]
        st.dataframe(pd.DataFrame(said), hide_index=True, alt="What each free method answers")
    with right:
        st.markdown("**The likeliest answers**")
        model_charts.likeliest(answer["top"], key="likeliest")
    _nearest(answer, "label")


def _score(answer: dict[str, Any]) -> None:
    held, low, high = answer["interval"]["coverage"], answer["low"], answer["high"]
    left, right = st.columns([1, 2])
    with left:
        st.metric("The model predicts", number(answer["score"]))
        if low is None:
            st.caption("Too few validation rows for an interval.")
        else:
            st.markdown(
                f"90 % interval: {between(low, high, '')}",
                help="Split conformal prediction: made from the validation rows' errors to hold the true score of nine "
                "in ten new texts like those. What it did hold is counted on the test rows.",
            )
            bounds = between(held["low"], held["high"])
            st.caption(f"It held {number(held['value'], 'share')} of {held['n']:,} test rows ({bounds}).")
        if not answer["seen"][0] <= answer["score"] <= answer["seen"][1]:
            st.warning("No training row has a score as far out as this.", icon=":material/straighten:")
        _cut(answer)
    with right:
        score_charts.answer(answer, key="score-answer")
    st.markdown("**What the free methods say**")
    said = [{"method": b["name"], "score": number(b["score"])} for b in answer["baselines"]]
    st.dataframe(pd.DataFrame(said), hide_index=True, alt="What each free method predicts")
    _nearest(answer, "score")


def _cut(answer: dict[str, Any]) -> None:
    if answer["cut"]:
        st.warning("The text is longer than the model reads; its end had no say.", icon=":material/content_cut:")


def _nearest(answer: dict[str, Any], what: str) -> None:
    st.markdown(
        "**The nearest training rows**",
        help="The rows whose meaning the untuned model finds most alike; 1 is the same. They show what it learned.",
    )
    near = [{k: n[k] for k in ("row", what, "similarity", "text")} for n in answer["neighbours"]]
    frame = pd.DataFrame(near)
    if frame["text"].isna().all():
        frame = frame.drop(columns="text")
        st.caption("The data file changed since training, so their texts are not shown.")
    st.dataframe(
        frame,
        hide_index=True,
        column_config={"similarity": st.column_config.NumberColumn(format="%.2f")},
        alt="The nearest training rows",
    )
