"""What a run does beside its training: the forecast, the search for settings, the other seeds."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.model.history import read_trials
from pages.shared import model_charts
from pages.shared.look import duration, number

_KEPT = {
    "batch_size": "batch",
    "learning_rate": "learning rate",
    "layer_decay": "layer-wise decay",
    "label_smoothing": "label smoothing",
    "epochs": "epochs",
}
_ENDED = {"pruned": "stopped: behind the others", "diverged": "diverged", "out of time": "out of time"}


def so_far(run: Path | None) -> None:
    """What a run that goes on was forecast to take, and what its search has tried."""
    if run is None:
        return
    try:
        said = json.loads((run / "forecast.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        said = None
    if said:
        band = f"{said['low']:.2g} to {said['high']:.2g}"
        st.caption(f"Forecast for {said['covers']}: {said['minutes']:.2g} min ({band}), data and tests not counted.")
    if tried := read_trials(run):
        st.markdown(f"**Settings tried so far: {len(tried)}**")
        _table(tried)


def search(tried: Sequence[Mapping[str, Any]] | None) -> None:
    """The settings that a finished run tried before it trained, folded away."""
    if not tried:
        return
    with st.expander(f"Settings that were tried: {len(tried)}", icon=":material/science:"):
        _table(tried)
        st.caption("The best of many tries is flattered by the choice; the test rows took no part in it.")


def _table(tried: Sequence[Mapping[str, Any]]) -> None:
    best = max((t["quality"] for t in tried if t["status"] == "finished"), default=None)
    st.dataframe(
        pd.DataFrame([_row(t, best) for t in tried]),
        hide_index=True,
        column_config={"learning rate": st.column_config.NumberColumn(format="%.2g")},
        alt="Settings that were tried, with what the validation rows say of each",
    )


def _row(trial: Mapping[str, Any], best: float | None) -> dict[str, Any]:
    quality, ended = trial["quality"], trial["status"]
    of_scores = quality is not None and quality < 0  # minus the error, so that more is better
    said = "" if quality is None else number(abs(quality), "" if of_scores else "share")
    return {
        "validation error" if of_scores else "right on validation": said,
        "ended": "the best" if ended == "finished" and quality == best else _ENDED.get(ended, "to the end"),
        **{_KEPT.get(name, name): value for name, value in trial["values"].items()},
        "took": duration(trial["seconds"]),
    }


def seeds(found: Mapping[str, Any] | None) -> None:
    """The same training with other random numbers, where there was one."""
    if not found:
        return
    model_charts.seeds(found, key="seeds")
    bars = "" if found["runs"][0]["low"] is None else " Each bar is one seed's 95 % interval: luck in the test rows."
    st.caption(
        f"The same training with other random numbers, on the same test rows.{bars} The distance between the dots is "
        "luck in training. The first one is kept."
    )


def precision(detail: Mapping[str, Any]) -> None:
    """What it was trained in and why; where that was asked for and costs time, a warning."""
    choices = detail.get("advice", {}).get("choices", [])
    choice = next((c for c in choices if c["name"] == "precision"), None)
    if choice is not None and choice.get("warning"):
        st.warning(choice["reason"], icon=":material/speed:")
    elif choice is not None:
        st.caption(f"Trained in {choice['value']}. {choice['reason']}")
