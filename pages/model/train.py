"""The model room: is the model right often enough, and fast enough?"""

import pandas as pd
import streamlit as st

from core.venture import Venture
from pages.shared import charts
from pages.shared.figures import figure_row, stale_ids
from pages.shared.files import bring
from pages.shared.frame import entry, evidence, inputs, venture
from pages.shared.look import figure_text, number
from pages.shared.watch import start_button, watch


def answer(of: Venture, found: dict) -> str:  # type: ignore[type-arg]
    """The page's question answered in a line."""
    accuracy = found.get("model.accuracy")
    if of.labelled is None:
        return "No labelled data yet: add a table with a text and a label column on the Ventures page."
    if accuracy is None or accuracy.value is None:
        return accuracy.reason if accuracy else "Not measured yet. Training takes a few minutes on a laptop."
    line = f"The tuned model answers {figure_text(accuracy)} of the test rows rightly."
    if of.must.accuracy is not None:
        line += f" It must reach {number(of.must.accuracy, 'share')}."
    return line


def results(of: Venture, found: dict, stale: set[str]) -> None:  # type: ignore[type-arg]
    """Figures, then charts, then the table."""
    accuracy = found["model.accuracy"]
    charts.accuracy_ladder(accuracy, key="ladder", must=of.must.accuracy, height=280)
    gain = found.get("model.gain")
    if gain is not None and gain.value is not None:
        paired = gain.detail
        st.markdown(
            f"Against logistic regression on the untuned model, fine-tuning is **{paired.get('verdict', '')}**: "
            f"{float(gain.value) * 100:+.1f} points ({(gain.low or 0) * 100:+.1f} to {(gain.high or 0) * 100:+.1f}), "
            f"exact McNemar test p = {paired.get('p', float('nan')):.3g}.",
            help="Both models answer the same test rows; the McNemar test asks whether the rows on which only one of "
            "them is right fall evenly. A small p means they do not.",
        )
    wanted = (
        ("model.macro_f1", "Macro-F1", "The average F1 over classes, each weighing the same, however rare."),
        ("model.p50_latency", "Answer time, p50", "Half of the answers come within this time."),
        ("model.p95_latency", "Answer time, p95", "95 of 100 answers come within this time."),
        ("model.size", "Size on disk", "Weights and tokenizer as they would be deployed."),
        ("model.train_minutes", "Training took", "Wall time of the run on this machine."),
    )
    figure_row(found, wanted, stale)
    left, right = st.columns(2)
    with left:
        charts.per_class(accuracy, key="per-class")
    with right:
        st.markdown("**How long single answers take**")
        charts.latency(found["model.p95_latency"], key="latency", must=of.must.p95_ms)
        if len(accuracy.detail.get("history", [])) > 1:
            st.markdown("**How training went**")
            charts.learning(accuracy, key="learning")
    with st.expander("Which class is taken for which", icon=":material/grid_on:"):
        if accuracy.detail.get("confusion"):
            charts.confusion(accuracy, key="confusion")
        else:
            st.caption("Too many classes to draw; the run's result.json holds them all.")
    with st.expander("All classes as a table", icon=":material/table:"):
        st.dataframe(pd.DataFrame(accuracy.detail["per_class"]), hide_index=True, alt="Scores by class")
    with st.expander("Settings of this run", icon=":material/tune:"):
        st.json(
            {k: accuracy.detail.get(k) for k in ("config", "n_train", "n_val", "n_test", "weights_sha256", "device")}
        )


def main() -> None:
    of = venture()
    found = evidence(of, detail=True)
    stale = stale_ids(found, inputs(of))
    st.title("Is the model right often enough, and fast enough?", anchor=False)
    st.markdown(answer(of, found))
    with st.container(horizontal=True, vertical_alignment="center"):
        start_button(of, ["model"], "Train and measure", key="start-model", primary="model.accuracy" not in found)
        st.caption(
            f"Base model: {of.model.base}. Passes over the data (epochs): at most {of.model.epochs}, fewer where the "
            "validation rows stop gaining. Only safetensors are loaded and no code from a model is run.",
            help="Safetensors is a weight format that cannot carry code, as pickled weights can.",
        )
    watch(of, ["model"])
    bring(entry(), data=True)
    if "model.accuracy" in found and found["model.accuracy"].value is not None:
        results(of, found, stale)


main()
