"""Training: its settings, the run while it goes on, and how it went."""

from pathlib import Path

import pandas as pd
import streamlit as st

from core.evidence import Evidence
from core.jobs import JobStatus, get
from core.model.history import live_history
from core.venture import Venture
from core.ventures import Entry
from pages.model import beside, settings
from pages.shared import charts, model_charts
from pages.shared.figures import figure_row
from pages.shared.frame import store
from pages.shared.watch import live

_FIGURES = (
    ("model.accuracy", "Accuracy", "Share of test rows answered rightly."),
    ("model.macro_f1", "Macro-F1", "The average F1 over classes, each weighing the same, however rare."),
    (
        "model.calibration_error",
        "Calibration error",
        "How far confidence and truth lie apart on average (ECE): 2 % means that answers given with 80 % confidence "
        "are right about 78 to 82 times in 100.",
    ),
    ("model.p50_latency", "Answer time, p50", "Half of the answers come within this time."),
    ("model.p95_latency", "Answer time, p95", "95 of 100 answers come within this time."),
    ("model.size", "Size on disk", "Weights and tokenizer as they would be deployed."),
    ("model.train_minutes", "Training took", "Wall time of the run on this machine."),
)


def show(of: Venture, it: Entry, found: dict[str, Evidence], stale: set[str]) -> None:
    """The live run, or the last one's results, then the settings."""
    running = next((j for j in live(of) if j.kind == "model"), None)
    accuracy = found.get("model.accuracy")
    if running is not None:
        st.fragment(_live, run_every="2s")(running.id)
    elif accuracy is not None and accuracy.value is not None:
        _results(of, found, stale)
    else:
        st.info(
            "Fine-tuning lets the whole base model learn from your rows, a few minutes on a laptop. The chart of its "
            "loss stands here while it runs. Press *Train and measure*.",
            icon=":material/model_training:",
        )
    settings.form(it, of)


def _live(job_id: int) -> None:
    job = get(store(), job_id)
    run = Path(job.run_dir) if job is not None and job.run_dir else None
    beside.so_far(run)
    what, points = live_history(run) if run else ("", ())
    if points:
        model_charts.live(points, key="live", what=what)
    elif job is not None and job.status is JobStatus.QUEUED:
        st.caption("The loss will be drawn here once the run has started.")
    else:
        st.caption(
            "The loss will be drawn here once training begins; before that the data is read and the machine timed."
        )


def _results(of: Venture, found: dict[str, Evidence], stale: set[str]) -> None:
    accuracy = found["model.accuracy"]
    figure_row(found, _FIGURES, stale)
    left, right = st.columns(2)
    with left:
        if accuracy.detail.get("history"):
            st.markdown(
                "**How training went**",
                help="Loss is what training makes small. Where the training loss falls and the validation loss rises, "
                "it learns rows by heart; the best pass is kept.",
            )
            charts.learning(accuracy, key="learning")
            if more := accuracy.detail.get("n_unlabelled"):
                st.caption(f"A further training then learned from {more:,} texts without a label too.")
        beside.seeds(accuracy.detail.get("seeds"))
        forecast = found.get("model.forecast_minutes")
        if forecast is not None and "forecast" in forecast.detail:
            model_charts.forecast(forecast.detail, key="forecast")
            st.caption("The forecast was made from 20 real steps before training began; the band holds 80 of 100 runs.")
            beside.precision(forecast.detail)
    with right:
        calibration = found.get("model.calibration_error")
        if calibration is not None and calibration.detail.get("curve"):
            model_charts.calibration(calibration.detail, key="calibration")
            d = calibration.detail
            helped = "" if d["after"]["ece"] <= d["before"]["ece"] else " On these test rows it did not help."
            fitted = f"Fitted on {d['n_validation']:,} validation rows: temperature {d['temperature']:.2f}."
            st.caption(f"{d.get('reason') or fitted} A temperature changes how sure it sounds and no answer.{helped}")
        if found.get("model.p95_latency") is not None:
            st.markdown("**How long single answers take**")
            charts.latency(found["model.p95_latency"], key="latency", must=of.must.p95_ms)
    charts.per_class(accuracy, key="per-class")
    _more(accuracy)


def _more(accuracy: Evidence) -> None:
    with st.expander("Which class is taken for which", icon=":material/grid_on:"):
        if accuracy.detail.get("confusion"):
            charts.confusion(accuracy, key="confusion")
        else:
            st.caption("Too many classes to draw; the run's result.json holds them all.")
    with st.expander("All classes as a table", icon=":material/table:"):
        st.dataframe(pd.DataFrame(accuracy.detail["per_class"]), hide_index=True, alt="Scores by class")
    beside.search(accuracy.detail.get("search"))
    with st.expander("Settings of this run", icon=":material/tune:"):
        st.caption(accuracy.detail.get("why", ""))
        st.json(
            {
                k: accuracy.detail.get(k)
                for k in ("config", "n_train", "n_val", "n_test", "n_unlabelled", "weights_sha256", "device")
            }
        )
