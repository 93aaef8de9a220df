"""Try it: type a text and see the answer, how sure it is, what is near it, and what the free methods say."""

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.errors import InputError
from core.evidence import Evidence
from core.jobs import get
from core.venture import Venture
from pages.shared import model_charts
from pages.shared.answers import MOST, answerer
from pages.shared.frame import store


def show(of: Venture, found: dict[str, Evidence]) -> None:
    """A text field, a button, and the answer."""
    run = run_dir(found.get("model.accuracy"))
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
        _answer(answer)


def run_dir(accuracy: Evidence | None) -> Path | None:
    """The folder of the run behind the accuracy, while it is there."""
    if accuracy is None or accuracy.value is None or accuracy.source.run is None:
        return None
    job = get(store(), accuracy.source.run)
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
        st.caption(f"{answer['confidence']:.1%} {sure}")
        if answer["cut"]:
            st.warning("The text is longer than the model reads; its end had no say.", icon=":material/content_cut:")
        st.markdown("**What the free methods say**")
        said = [
            {
                "method": b["name"],
                "answer": b["label"],
                "confidence": "" if b["confidence"] is None else f"{b['confidence']:.0%}",
            }
            for b in answer["baselines"]
        ]
        st.dataframe(pd.DataFrame(said), hide_index=True, alt="What each free method answers")
    with right:
        st.markdown("**The likeliest answers**")
        model_charts.likeliest(answer["top"], key="likeliest")
    st.markdown(
        "**The nearest training rows**",
        help="The rows whose meaning the untuned model finds most alike; 1 is the same. They show what it learned.",
    )
    near = [{k: n[k] for k in ("row", "label", "similarity", "text")} for n in answer["neighbours"]]
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
