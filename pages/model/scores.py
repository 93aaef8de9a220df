"""The model room where the answer is a score: its spread, what is free, whether tuning is worth it, how it went."""

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.evidence import Evidence
from core.jobs import get
from core.model.history import live_history
from core.model.serving.evidence import UNPROVEN
from core.venture import Venture
from core.ventures import Entry
from pages.model import base, beside, settings, tryit
from pages.shared import charts, model_charts, score_charts
from pages.shared.figures import figure_row
from pages.shared.frame import store
from pages.shared.look import between, duration, figure_text, number
from pages.shared.watch import live, start_button

_RMSE = (
    "Root of the mean squared error, in the unit of your scores: about how far off a prediction is, large misses "
    "weighing more."
)
_FIGURES = (
    ("model.rmse", "Error (RMSE)", _RMSE),
    ("model.mae", "Off on average (MAE)", "Mean of how far off each prediction is, in the unit of your scores."),
    (
        "model.spearman",
        "Rank correlation",
        "Whether it puts texts in the right order: 1 is the same order, 0 is chance (Spearman).",
    ),
    (
        "model.coverage",
        "Interval holds",
        "Share of test rows whose true score lies in the 90 % interval around the prediction. It should be near 90 %.",
    ),
    ("model.p50_latency", "Answer time, p50", "Half of the answers come within this time."),
    ("model.p95_latency", "Answer time, p95", "95 of 100 answers come within this time."),
    ("model.size", "Size on disk", "Weights and tokenizer as they would be deployed."),
    ("model.train_minutes", "Training took", "Wall time of the run on this machine."),
)


def answer(found: dict[str, Evidence], most: float | None = None) -> str:
    """The page's question answered in a line; `most` is what the scores may be off on average."""
    must = f" They must be off by {number(most)} at most." if most is not None else ""
    off, free = found.get("model.mae"), found.get("model.baseline_rmse")
    if off is not None and off.value is not None:
        interval = found.get("model.coverage")
        reach = interval.detail.get("reach") if interval else None
        within = f" Nine in ten lie within {number(reach)} of the true score." if reach is not None else ""
        return f"The tuned model's scores are off by {figure_text(off)} on average.{within}{must}"
    if free is not None and free.value is not None:
        return f"Not trained yet. Without any training the error (RMSE) is {figure_text(free)} on the test rows.{must}"
    return "Not measured yet. Training takes a few minutes on a laptop."


def show(view: str, of: Venture, it: Entry, found: dict[str, Evidence], stale: set[str]) -> None:
    """One view of the room."""
    if view == "The data":
        _data(of, found, stale)
    elif view == "Base model":
        base.show(of, it, found, stale)
    elif view == "Worth it?":
        _worth(of, found, stale)
    elif view == "Training":
        _training(of, it, found, stale)
    elif view == "Smaller and faster":
        st.info(UNPROVEN, icon=":material/speed:")
    else:
        tryit.show(of, found)


def _data(of: Venture, found: dict[str, Evidence], stale: set[str]) -> None:
    report = _report(found)
    with st.container(horizontal=True, vertical_alignment="center"):
        start_button(of, ["look"], "Look at the data", key="start-look", primary=not report)
        st.caption("The spread of the scores, lengths, repeated rows, contradictions and the free methods.")
    if report is None:
        st.info(
            "Before any training: how are the scores spread, does the test repeat the training, and does the same "
            "text get scores far apart? Nothing was looked at yet.",
            icon=":material/search:",
        )
        return
    left, right = st.columns(2)
    with left:
        score_charts.spread(report["scores"], key="spread")
        _tail(report["scores"])
    with right:
        model_charts.lengths(report["lengths"], key="lengths")
    told = "Test rows that share most of their wording with a training row. They flatter the model."
    figure_row(found, (("model.near_duplicates", "Test rows seen before, nearly", told),), stale)
    _counts(report)
    if found.get("model.rmse_without_duplicates"):
        st.markdown("**Does repeating itself flatter the model?** The same model on the same test, both ways:")
        fair = "The error among the test rows that no training row nearly repeats: the fairer promise."
        both = (
            ("model.rmse", "Error, all test rows", _RMSE),
            ("model.rmse_without_duplicates", "Without near-duplicates", fair),
        )
        figure_row(found, both, stale)
    _pairs(report["conflicts"])
    for note in report["notes"]:
        st.caption(note)


def _report(found: dict[str, Evidence]) -> dict[str, Any] | None:
    """The look at the scores; that of an earlier task, at classes, is none."""
    seen = found.get("model.near_duplicates")
    report = seen.detail.get("report") if seen and seen.detail.get("task") == "score" else None
    return dict(report) if report else None


def _tail(scores: dict[str, Any]) -> None:
    if scores["far"] > 0.5:
        st.caption(
            f"The hundredth of the rows farthest from the mean makes up {number(scores['far'], 'share')} of the "
            "squared deviation, so a few rows decide what the RMSE says. Consider predicting the logarithm."
        )


def _counts(report: dict[str, Any]) -> None:
    exact, near, clash = report["exact_duplicates"], report["near_duplicates"], report["conflicts"]
    st.markdown(
        f"- **Said twice, word for word:** {exact['train']:,} training rows; {exact['left_out']:,} more were left out "
        "of training because the test holds the same text.\n"
        f"- **Nearly the same among training rows:** {near['train']:,} texts in {near['train_groups']:,} groups.\n"
        f"- **The same text with scores more than {number(clash['gap'])} apart:** {clash['count']:,} pairs.",
        help="Farther apart than one standard deviation of all scores, so about as far as two texts drawn by chance.",
    )
    again = report["repeat_error"]
    if again:
        r = again["rmse"]
        st.markdown(
            f"- **How well can any model do?** Rows with the same text differ by {number(r['value'])} "
            f"({between(r['low'], r['high'], '')}; {again['texts']:,} texts): an error below that is chance.",
            help="Pure error: the root of the mean squared deviation from each repeated text's own mean score.",
        )


def _pairs(clash: dict[str, Any]) -> None:
    if not clash["pairs"]:
        return
    with st.expander(f"Same text, scores far apart: {clash['count']:,} pairs", icon=":material/call_split:"):
        flat = [
            {
                "file": p["a"]["file"],
                "row": p["a"]["row"],
                "score": p["scores"][0],
                "other file": p["b"]["file"],
                "other row": p["b"]["row"],
                "other score": p["scores"][1],
                "alike": p["similarity"],
            }
            for p in clash["pairs"]
        ]
        st.dataframe(pd.DataFrame(flat), hide_index=True, alt="Pairs of rows that say the same with scores far apart")
        st.caption("Rows are named as a person who opens the file counts them. No text is kept.")


def _worth(of: Venture, found: dict[str, Evidence], stale: set[str]) -> None:
    rows = score_charts.ladder_rows(found)
    if not rows:
        st.info(
            "A model that costs nothing may be enough. Four free methods and, after training, the tuned one predict "
            "the same test rows here. Nothing was measured yet.",
            icon=":material/stairs:",
        )
        start_button(of, ["look"], "Measure the free methods", key="start-free")
        return
    if {"model.rmse", "model.baseline_rmse"} & stale:
        st.warning("Data or settings changed since this was measured. Measure again.", icon=":material/history:")
    report = _report(found)
    score_charts.ladder(rows, key="worth-ladder", floor=report["repeat_error"] if report else None)
    gain = found.get("model.gain")
    tuned = gain is not None and "compared" in gain.detail and rows[-1]["name"] == "fine-tuned"
    compared = {c["against"]: c for c in gain.detail["compared"]} if tuned and gain else {}
    st.markdown(
        verdict(gain if tuned else None),
        help="Both predict the same test rows, drawn again 4,000 times: 'better' where the 95 % interval of the "
        "difference in RMSE leaves out 0. 'Not shown to be better' is no proof of equality. The free method with the "
        "least error on the validation rows is compared with: the test rows took no part in that choice.",
    )
    st.dataframe(_table(rows, compared), hide_index=True, alt="Free methods and the tuned model on the same test rows")
    _more_labels(found, of.must.mae)


def _more_labels(found: dict[str, Evidence], must: float | None) -> None:
    """What more labels would bring, by the learning curve of the first look."""
    seen = found.get("model.baseline_rmse")
    curve = seen.detail.get("curve") if seen else None
    if not curve or not curve.get("points"):
        return
    st.markdown("**Would more labels help?**")
    model_charts.curve(curve, key="curve", target=must)
    needed = curve.get("needed")
    unasked = "Set `mae` in venture.toml, the most it may be off on average, to see the rows it takes."
    st.markdown(
        needed["reason"] if needed else curve.get("reason") or unasked,
        help="Measured with the ridge regression, which takes seconds where tuning takes minutes, so it says how much "
        "the labels still limit. Its errors are fitted with error = a + b · n^-c; the band is 90 % and knows chance "
        "only, for rows like today's.",
    )


def verdict(gain: Evidence | None) -> str:
    """Whether fine-tuning is worth it, with the difference and its interval."""
    if gain is None or not isinstance(gain.value, float | int):
        return "Fine-tuning was not measured yet: press *Train and measure* to see whether it beats these."
    against, low, high = gain.detail["against"], gain.low or 0.0, gain.high or 0.0
    less = gain.value >= 0
    bounds = between(low, high, "") if less else between(-high, -low, "")
    apart = f"{number(abs(gain.value))} {'less' if less else 'more'} ({bounds})"
    said = f"its error is {apart} than that of {against}, which needs no training."
    if gain.detail["verdict"] == "better":
        return f"**Worth it.** It is better: {said}"
    if gain.detail["verdict"] == "worse":
        return f"**Not worth it.** It is worse: {said} Ship {against}."
    return f"**Not shown to be worth it.** It is not shown to be better: {said} Until then, ship {against}."


def _table(rows: list[dict[str, Any]], compared: dict[str, dict[str, Any]]) -> pd.DataFrame:
    out = []
    for r in rows:
        c, fresh, seconds = compared.get(r["name"]), r.get("without_duplicates"), r.get("seconds")
        out.append(
            {
                "method": r["name"] + (" (best free one)" if r.get("best") else ""),
                "RMSE": _with_interval(r["rmse"]),
                "MAE": number(r["mae"]["value"]) if r["mae"] else "",
                "rank correlation": number(r["spearman"]["value"]) if r["spearman"] else "",
                "without duplicates": "" if fresh is None else number(fresh),
                "takes": "" if seconds is None else duration(seconds),
                "tuned is": c["verdict"] if c else "",
                "its error is less by": f"{number(c['delta'])} ({between(c['low'], c['high'], '')})" if c else "",
            }
        )
    told = pd.DataFrame(out)
    return told if compared else told.drop(columns=["tuned is", "its error is less by"])


def _with_interval(figure: dict[str, Any] | None) -> str:
    return f"{number(figure['value'])} ({between(figure['low'], figure['high'], '')})" if figure else ""


def _training(of: Venture, it: Entry, found: dict[str, Evidence], stale: set[str]) -> None:
    running = next((j for j in live(of) if j.kind == "model"), None)
    error = found.get("model.rmse")
    if running is not None:
        st.fragment(_live, run_every="2s")(running.id)
    elif error is not None and error.value is not None:
        _results(of, found, stale)
    else:
        st.info(
            "Fine-tuning lets the whole base model learn from your rows, a few minutes on a laptop. The chart of its "
            "error stands here while it runs. Press *Train and measure*.",
            icon=":material/model_training:",
        )
    settings.form(it, of, scores=True)


def _live(job_id: int) -> None:
    job = get(store(), job_id)
    run = Path(job.run_dir) if job is not None and job.run_dir else None
    beside.so_far(run)
    what, points = live_history(run) if run else ("", ())
    if points:
        score_charts.live(points, key="live", what=what)
    else:
        st.caption(
            "The error will be drawn here once training begins; before that the data is read and the machine timed."
        )


def _results(of: Venture, found: dict[str, Evidence], stale: set[str]) -> None:
    error, interval = found["model.rmse"], found.get("model.coverage")
    figure_row(found, _FIGURES, stale)
    reach = interval.detail.get("reach") if interval else None
    left, right = st.columns(2)
    with left:
        if error.detail.get("points"):
            score_charts.scatter(error.detail["points"], error.n or 0, reach, interval, key="scatter")
            held = f" {figure_text(interval)} of the test rows lie in it." if interval and reach is not None else ""
            st.caption(
                f"The band is the 90 % interval around each prediction, from the validation rows' errors.{held}",
                help="Split conformal prediction: it promises 90 % of new rows like these, whatever the distribution. "
                "It is equally wide everywhere, so it is too wide for easy texts and too narrow for hard ones.",
            )
        forecast = found.get("model.forecast_minutes")
        if forecast is not None and "forecast" in forecast.detail:
            model_charts.forecast(forecast.detail, key="forecast")
            st.caption("The forecast was made from 20 real steps before training began; the band holds 80 of 100 runs.")
            beside.precision(forecast.detail)
    with right:
        if error.detail.get("history"):
            score_charts.learning(error.detail["history"], error.detail["best_epoch"], key="learning")
        if found.get("model.p95_latency") is not None:
            st.markdown("**How long single answers take**")
            charts.latency(found["model.p95_latency"], key="latency", must=of.must.p95_ms)
        beside.seeds(error.detail.get("seeds"))
    beside.search(error.detail.get("search"))
    with st.expander("Settings of this run", icon=":material/tune:"):
        st.caption(error.detail.get("why", ""))
        names = ("config", "n_train", "n_validation", "n_test", "weights_sha256")
        st.json({k: error.detail.get(k) for k in names})
