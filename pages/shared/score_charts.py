"""The charts of a model that predicts scores, from JSON values of the evidence; errors are in the scores' unit."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go

from core.evidence import Evidence
from core.model.history import Point
from pages.shared.look import BLUE, GREEN, GREY, ORANGE, between, chart, number

BAND = "rgba(0, 114, 178, 0.18)"
Rows = Sequence[Mapping[str, Any]]


def spread(found: Mapping[str, Any], *, key: str) -> None:
    """How the scores are distributed, learned from and tested on."""
    bars = found["bars"]
    own = [b for b in bars if b["low"] == b["high"]]
    values = [b["low"] for b in own]
    gap = min((b - a for a, b in pairwise(values)), default=1.0)
    fig = go.Figure()
    for name, field, colour in (("learned from", "learned", BLUE), ("tested on", "tested", ORANGE)):
        fig.add_bar(
            x=[(b["low"] + b["high"]) / 2 for b in bars],
            y=[b[field] for b in bars],
            width=[0.8 * gap if own else b["high"] - b["low"] for b in bars],
            name=name,
            marker={"color": colour},
            customdata=[_span(b) for b in bars],
            hovertemplate="%{customdata}: %{y} rows<extra></extra>",
        )
    fig.update_layout(barmode="stack", showlegend=True, legend={"orientation": "h", "y": -0.3, "traceorder": "normal"})
    fig.update_xaxes(title="score")
    fig.update_yaxes(title="rows")
    title = f"Eight in ten scores lie between {number(found['p10'])} and {number(found['p90'])}"
    alt = f"{title}; half are at most {number(found['p50'])}, the mean is {number(found['mean'])}"
    chart(fig, key=key, title=title, alt=alt)


def ladder(rows: Rows, *, key: str, floor: Mapping[str, Any] | None = None, height: int | None = None) -> None:
    """Each method's error with its interval: the free ones first, the tuned model last; left is better."""
    names, at = [r["name"] for r in rows], [r["rmse"]["value"] for r in rows]
    tuned = [r["name"] == "fine-tuned" for r in rows]
    fig = go.Figure(
        go.Scatter(
            x=at,
            y=names,
            mode="markers+text",
            text=[number(a) for a in at],
            textposition="top center",
            marker={"size": 12, "color": [BLUE if t else GREY for t in tuned]},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [r["rmse"]["high"] - a for r, a in zip(rows, at, strict=True)],
                "arrayminus": [a - r["rmse"]["low"] for r, a in zip(rows, at, strict=True)],
                "thickness": 2,
                "color": GREY,
            },
            hovertemplate="%{y}: %{x:.3g}<extra></extra>",
        )
    )
    if floor:
        value = floor["rmse"]["value"]
        fig.add_vline(x=value, line={"dash": "dash", "color": ORANGE})
        fig.add_annotation(x=value, y=1, yref="paper", yanchor="bottom", text="the same text twice", showarrow=False)
    fig.update_xaxes(title="error on test rows (RMSE): less is better", rangemode="tozero")
    fig.update_yaxes(range=[-0.5, len(rows) - 0.2])
    best = next(r for r in rows if r.get("best"))
    title = f"Without any training: off by {number(best['rmse']['value'])} with {best['name']}"
    if any(tuned):
        less = best["rmse"]["value"] - at[tuned.index(True)]
        word = "less" if less >= 0 else "more"
        title = f"Fine-tuning: an error {number(abs(less))} {word} than with {best['name']}"
    said = "; ".join(f"{n} {number(a)}" for n, a in zip(names, at, strict=True))
    chart(fig, key=key, title=title, alt=f"RMSE with 95 % intervals: {said}", height=height or 110 + 52 * len(rows))


def ladder_rows(found: Mapping[str, Evidence]) -> list[dict[str, Any]]:
    """The methods measured, free ones first; of the run where one ended, else of the first look."""
    tuned, free = found.get("model.rmse"), found.get("model.baseline_rmse")
    if tuned is None or tuned.value is None:
        return list(free.detail.get("baselines", [])) if free else []
    fresh, took = found.get("model.rmse_without_duplicates"), found.get("model.train_minutes")
    figures = {
        name: {"value": e.value, "low": e.low, "high": e.high} if e is not None and e.value is not None else None
        for name, e in ((n, found.get(f"model.{n}")) for n in ("rmse", "mae", "spearman"))
    }
    minutes = took.value if took else None
    seconds = 60 * minutes if isinstance(minutes, float | int) else None
    last = figures | {"without_duplicates": fresh.value if fresh else None, "seconds": seconds}
    return [*tuned.detail.get("baselines", []), {"name": "fine-tuned"} | last]


def scatter(points: Sequence[Sequence[float]], n: int, reach: float | None, held: Evidence | None, *, key: str) -> None:
    """Predicted against true scores of the test rows, with the band that is meant to hold nine in ten."""
    truth, said = zip(*points, strict=True)
    low, high = min(*truth, *said), max(*truth, *said)
    fig = go.Figure()
    if reach is not None:
        fig.add_scatter(
            x=[low, high, high, low],
            y=[low - reach, high - reach, high + reach, low + reach],
            fill="toself",
            fillcolor=BAND,
            mode="lines",
            line={"width": 0},
            hoverinfo="skip",
        )
    fig.add_scatter(x=[low, high], y=[low, high], mode="lines", line={"dash": "dot", "color": GREY}, hoverinfo="skip")
    fig.add_scatter(
        x=truth,
        y=said,
        mode="markers",
        marker={"size": 5, "color": BLUE, "opacity": 0.5},
        hovertemplate="true %{x:.3g}, predicted %{y:.3g}<extra></extra>",
    )
    fig.update_xaxes(title="true score")
    fig.update_yaxes(title="predicted score")
    shown = f"{len(points):,} of {n:,} test rows" if len(points) < n else f"{n:,} test rows"
    title = "Predicted against true scores"
    if reach is not None and held is not None and isinstance(held.value, float):
        title = f"{number(held.value, 'share')} of the test rows lie within {number(reach)} of their true score"
    chart(fig, key=key, title=title, alt=f"{title}, {shown}; on the diagonal both agree", height=340)


def live(points: Sequence[Point], *, key: str, what: str = "") -> None:
    """Training loss and the validation's error, as they come in; `what` trains, where it is not the kept model."""
    step = [p for p in points if p.loss is not None]
    held = [p for p in points if p.val_rmse is not None]
    fig = _losses([p.epoch for p in step], [p.loss for p in step], [p.epoch for p in held], [p.val_rmse for p in held])
    last = points[-1]
    title = f"{f'{what[:1].upper()}{what[1:]}: step' if what else 'Step'} {last.step:,} of {last.of:,}"
    if held:
        title += f"; least validation error so far {number(min(p.val_rmse or 0.0 for p in held))}"
    chart(fig, key=key, title=title, alt=f"Training so far. {title}")


def learning(history: Rows, best: int, *, key: str) -> None:
    """Training loss and the validation's error by epoch."""
    x = [e["epoch"] for e in history]
    fig = _losses(x, [e["train_loss"] for e in history], x, [e["val_rmse"] for e in history])
    fig.update_xaxes(dtick=1)
    title = f"Pass {best} of {len(history)} had the least validation error and was kept"
    said = "; ".join(f"{e['epoch']}: {number(e['val_rmse'])}" for e in history)
    chart(fig, key=key, title=title, alt=f"Validation error (RMSE) by pass: {said}")


def answer(found: Mapping[str, Any], *, key: str) -> None:
    """What the model says with its interval, and what the free methods and the nearest rows say, on one line."""
    fig = go.Figure()
    if found["low"] is not None:
        fig.add_shape(
            type="rect", x0=found["low"], x1=found["high"], y0=-0.4, y1=2.4, fillcolor=BAND, line={"width": 0}
        )
    named = [(b["name"], b["score"]) for b in found["baselines"]]
    near = [(f"row {n['row']}", n["score"]) for n in found["neighbours"]]
    for place, (name, entries, colour, size) in enumerate(
        (
            ("nearest rows", near, GREEN, 9),
            ("free methods", named, GREY, 9),
            ("the model", [("the model", found["score"])], BLUE, 15),
        )
    ):
        fig.add_scatter(
            x=[v for _, v in entries],
            y=[place] * len(entries),
            text=[n for n, _ in entries],
            mode="markers",
            name=name,
            marker={"size": size, "color": colour, "opacity": 0.8},
            hovertemplate="%{text}: %{x:.3g}<extra></extra>",
        )
    fig.update_yaxes(tickvals=[0, 1, 2], ticktext=["nearest rows", "free methods", "the model"], range=[-0.5, 2.6])
    fig.update_xaxes(title="score")
    held = "" if found["low"] is None else f", 90 % interval {between(found['low'], found['high'], '')}"
    said = "; ".join(f"{n} {number(v)}" for n, v in (*named, *near))
    chart(fig, key=key, alt=f"The model says {number(found['score'])}{held}. {said}", height=220)


def _losses(x: Sequence[float], loss: Sequence[Any], at: Sequence[float], error: Sequence[Any]) -> go.Figure:
    fig = go.Figure()
    fig.add_scatter(x=x, y=loss, mode="lines+markers", name="training loss", line={"color": GREY}, marker={"size": 4})
    fig.add_scatter(
        x=at, y=error, mode="lines+markers", name="validation error (RMSE)", yaxis="y2", line={"color": BLUE}
    )
    fig.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": -0.3},
        yaxis={"title": "loss", "rangemode": "tozero"},
        yaxis2={
            "overlaying": "y",
            "side": "right",
            "title": "RMSE",
            "showgrid": False,
            "tickmode": "auto",
            "nticks": 4,
            "rangemode": "tozero",
        },
    )
    fig.update_xaxes(title="epoch (passes over the data)", rangemode="tozero")
    return fig


def _span(bar: Mapping[str, Any]) -> str:
    return number(bar["low"]) if bar["low"] == bar["high"] else between(bar["low"], bar["high"], "")
