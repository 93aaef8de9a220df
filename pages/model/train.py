"""The model room: is the model right often enough, and fast enough?"""

import streamlit as st

from core.evidence import Evidence
from core.venture import Venture
from pages.model import base, data, optimise, scores, training, tryit, worth
from pages.shared.figures import stale_ids
from pages.shared.files import bring
from pages.shared.frame import entry, evidence, inputs, venture
from pages.shared.look import figure_text, number
from pages.shared.watch import get_ready, live, start_button, watch

VIEWS = ("The data", "Base model", "Worth it?", "Training", "Smaller and faster", "Try it")


def answer(of: Venture, found: dict[str, Evidence]) -> str:
    """The page's question answered in a line."""
    accuracy, free = found.get("model.accuracy"), found.get("model.baseline_accuracy")
    if of.labelled is None:
        return "No labelled data yet: add a table with a text and a label column below."
    if of.predicts_scores:
        return scores.answer(found, of.must.mae)
    must = f" It must reach {number(of.must.accuracy, 'share')}." if of.must.accuracy is not None else ""
    if accuracy is None or accuracy.value is None:
        if free is not None and free.value is not None:
            got = figure_text(free)
            return f"Not trained yet. Without any training {got} of the test rows are answered rightly.{must}"
        return accuracy.reason if accuracy else "Not measured yet. Training takes a few minutes on a laptop."
    return f"The tuned model answers {figure_text(accuracy)} of the test rows rightly.{must}"


def main() -> None:
    of, it = venture(), entry()
    found = evidence(of, detail=True)
    stale = stale_ids(found, inputs(of))
    enough = "near enough" if of.predicts_scores else "right often enough"
    st.title(f"Is the model {enough}, and fast enough?", anchor=False)
    if said := st.session_state.pop("said", ""):
        st.success(said, icon=":material/check_circle:")
    st.markdown(answer(of, found))
    with st.container(horizontal=True, vertical_alignment="center"):
        start_button(of, ["model"], "Train and measure", key="start-model", primary="model.accuracy" not in found)
        st.caption(
            f"Base model: {of.model.base}. Only safetensors are loaded and no code from a model is run.",
            help="Safetensors is a weight format that cannot carry code, as pickled weights can.",
        )
    watch(of, ["model", "look", "choose", "optimise", "serve"])
    get_ready(of, "look")
    bring(it, data=True)
    view = st.radio(
        "Show",
        VIEWS,
        index=VIEWS.index("Training") if "model.accuracy" in found or "model" in {j.kind for j in live(of)} else 0,
        horizontal=True,
        label_visibility="collapsed",
        key=f"model-view-{it.slug}",
    )
    if of.predicts_scores:
        scores.show(view, of, it, found, stale)
    elif view == "The data":
        data.show(of, found, stale)
    elif view == "Base model":
        base.show(of, it, found, stale)
    elif view == "Worth it?":
        worth.show(of, found, stale)
    elif view == "Training":
        training.show(of, it, found, stale)
    elif view == "Smaller and faster":
        optimise.show(of, found, stale)
    else:
        tryit.show(of, found)


main()
