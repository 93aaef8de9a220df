"""The charts of the model room, each from JSON values of the evidence: data, base models, worth, training, answers."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go

from core.evidence import Evidence
from core.model.history import Point
from pages.shared.look import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    SKY,
    across,
    chart,
    number,
    percent,
    quick_chart,
    room_for,
)

BAND = "rgba(0, 114, 178, 0.18)"
_MOST = 40  # bars that one can still read


def balance(report: Mapping[str, Any], *, key: str) -> None:
    """Rows of each class, training and test, the largest first."""
    rows = sorted(report["classes"], key=lambda c: c["train"] + c["validation"] + c["test"])
    shown = rows if len(rows) <= _MOST else [*rows[: _MOST // 2], *rows[-_MOST // 2 :]]
    names = [c["name"] for c in shown]
    fig = go.Figure()
    fig.add_bar(
        y=names,
        x=[c["train"] + c["validation"] for c in shown],
        name="learned from",
        orientation="h",
        marker_color=BLUE,
    )
    fig.add_bar(y=names, x=[c["test"] for c in shown], name="tested on", orientation="h", marker_color=ORANGE)
    fig.update_layout(
        barmode="stack",
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
    )
    fig.update_xaxes(title="rows")
    least, most = rows[0], rows[-1]
    title = f"{len(rows)} classes; the largest has {report['imbalance']:.1f} times the rows of the smallest"
    left = "" if shown is rows else f", {len(rows) - len(shown)} in the middle not drawn"
    alt = f"Rows of each class{left}. Most: {most['name']}; fewest: {least['name']}"
    chart(fig, key=key, title=title + left, alt=alt, height=max(280, 22 * len(shown) + 110))


def lengths(found: Mapping[str, Any], *, key: str) -> None:
    """How long the texts are, in tokens, and how many are cut."""
    edges, counts, limit = found["edges"], found["counts"], found["limit"]
    bins = [(a, b, n) for (a, b), n in zip(pairwise(edges), counts, strict=True) if a <= limit]
    fig = go.Figure(
        go.Bar(
            x=[(a + b) / 2 for a, b, _ in bins],
            y=[n for _, _, n in bins],
            width=[b - a for a, b, _ in bins],
            customdata=[(a, b - 1) for a, b, _ in bins],
            marker={"color": SKY},
            hovertemplate="%{customdata[0]} to %{customdata[1]} tokens: %{y} texts<extra></extra>",
        )
    )
    fig.add_vline(x=limit, line={"dash": "dash", "color": ORANGE})
    fig.add_annotation(
        x=limit, y=1, yref="paper", yanchor="bottom", xanchor="right", text=f"cut at {limit}", showarrow=False
    )
    fig.update_xaxes(title="tokens of a text")
    fig.update_yaxes(title="texts")
    cut = found["cut"]
    title = f"{cut:,} texts are cut at {limit} tokens" if cut else f"No text is longer than the {limit} tokens read"
    alt = f"{title}. Half have at most {found['p50']} tokens, 95 of 100 at most {found['p95']}"
    chart(fig, key=key, title=title, alt=alt)


_CORNERS = ("bottom left", "top left", "bottom right", "top right")  # neighbours' names must not cover each other


def candidates(rows: Sequence[dict[str, Any]], pick: str | None, *, key: str) -> None:
    """Base models by speed and accuracy; the larger the marker, the larger the model."""
    measured = [r | {"quality": r.get("accuracy") or r["rmse"]} for r in rows if _probed(r)]
    if not measured:
        return
    of_scores = any(r.get("rmse") for r in measured)
    unit, shape = ("", ".3g") if of_scores else ("share", ".1%")
    biggest = max(r["size_mb"] or 1 for r in measured)
    fig = go.Figure()
    for i, r in enumerate(sorted(measured, key=lambda r: float(r["p95_ms"]["value"]))):
        a, taken = r["quality"], r["name"] == pick
        fig.add_scatter(
            x=[r["p95_ms"]["value"]],
            y=[a["value"]],
            mode="markers+text",
            text=[f"{r['name']}{' ✓ take this' if taken else ''}"],
            textposition=_CORNERS[i % len(_CORNERS)],
            marker={"size": 12 + 28 * ((r["size_mb"] or 1) / biggest) ** 0.5, "color": BLUE if taken else GREY},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [a["high"] - a["value"]],
                "arrayminus": [a["value"] - a["low"]],
                "color": GREY,
            },
            hovertemplate=f"{r['name']}: %{{y:{shape}}}, p95 %{{x:.1f}} ms, {r['size_mb']:,.0f} MB<extra></extra>",
        )
    if of_scores:
        fig.update_yaxes(title="error (RMSE) of the linear probe; less is better", rangemode="tozero")
    else:
        low = min(r["quality"]["low"] for r in measured)
        fig.update_yaxes(tickformat=".0%", title="right answers of the linear probe", range=[max(0, low - 0.04), 1.03])
    slowest = max(r["p95_ms"]["value"] for r in measured)
    fig.update_xaxes(title="p95 of one answer, ms", range=[0, slowest * 1.4])
    said = "; ".join(
        f"{r['name']} {number(r['quality']['value'], unit)} at {r['p95_ms']['value']:.1f} ms" for r in measured
    )
    title = f"Take {pick}" if pick else "None can be taken"
    chart(fig, key=key, title=f"{title} (larger marker: larger model)", alt=f"Base models: {said}", height=340)


def _probed(row: Mapping[str, Any]) -> bool:
    return bool((row.get("accuracy") or row.get("rmse")) and row.get("p95_ms"))


def ladder(
    rows: Sequence[Mapping[str, Any]], *, key: str, must: float | None = None, height: int | None = None
) -> None:
    """Each method's accuracy with its interval, in the order given: the free ones first, the tuned model last."""
    names, at = [r["name"] for r in rows], [r["accuracy"] for r in rows]
    tuned = [r["name"] == "fine-tuned" for r in rows]
    dots = {
        "x": at,
        "y": names,
        "mode": "markers+text",
        "text": [number(a, "share") for a in at],
        "textposition": "top center",
        "marker": {"size": 12, "color": [BLUE if t else GREY for t in tuned]},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [(r["high"] or a) - a for r, a in zip(rows, at, strict=True)],
            "arrayminus": [a - (a if r["low"] is None else r["low"]) for r, a in zip(rows, at, strict=True)],
            "thickness": 2,
            "color": GREY,
        },
        "hovertemplate": "%{y}: %{x:.1%}<extra></extra>",
    }
    asked: dict[str, Any] = {}
    if must is not None:
        note = {"x": must, "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False}
        asked["shapes"] = [across(must, hue=ORANGE, dash="dash")]
        asked["annotations"] = [note | {"text": f"must reach {percent(must)}"}]
    x = {"tickformat": ".0%", "title": "right answers on test rows, 95 % intervals", "range": [0, 1.03]}
    y = {"range": [-0.5, len(rows) - 0.2]}
    free = [r for r, t in zip(rows, tuned, strict=True) if not t]
    best = next((r for r in free if r.get("best")), free[-1])  # as the validation rows chose, not these test rows
    title = f"Without any training: {number(best['accuracy'], 'share')} by {best['name']}"
    if any(tuned):
        title = f"Fine-tuning: {100 * (at[tuned.index(True)] - best['accuracy']):+.1f} points against {best['name']}"
    said = "; ".join(f"{n} {percent(a, 1)}" for n, a in zip(names, at, strict=True))
    alt = f"Accuracy with 95 % intervals: {said}"
    tall, margin = height or 110 + 52 * len(rows), {"l": room_for(names), "b": 62}
    quick_chart([dots], key=key, title=title, alt=alt, height=tall, x=x, y=y, margin=margin, **asked)


def tuned_ladder(e: Evidence, *, key: str, must: float | None = None) -> None:
    """The ladder of a run, from the tuned model's accuracy."""
    tuned = {"name": "fine-tuned", "accuracy": e.value, "low": e.low, "high": e.high}
    rows = [*e.detail.get("baselines", []), tuned]
    ladder(rows, key=key, must=must, height=max(230, 90 + 42 * len(rows)))


def curve(found: Mapping[str, Any], *, key: str, target: float | None = None) -> None:
    """Accuracy or error by rows learned from, with the fitted law's band, and what is asked for."""
    points = found["points"]
    of_scores = bool(points) and "mae" in points[0]
    figure, unit, tick = ("mae", "", ".3g") if of_scores else ("accuracy", "share", ".0%")
    n = [p["n"] for p in points]
    fig = go.Figure()
    lawful = [p for p in points if "law" in p]
    if lawful:
        at = [p["n"] for p in lawful]
        fig.add_scatter(x=at, y=[p["high"] for p in lawful], mode="lines", line={"width": 0}, hoverinfo="skip")
        fig.add_scatter(
            x=at,
            y=[p["low"] for p in lawful],
            mode="lines",
            line={"width": 0},
            fill="tonexty",
            fillcolor=BAND,
            hoverinfo="skip",
        )
        fig.add_scatter(x=at, y=[p["law"] for p in lawful], mode="lines", line={"color": BLUE}, hoverinfo="skip")
    fig.add_scatter(
        x=n,
        y=[p[figure] for p in points],
        mode="markers",
        marker={"size": 9, "color": GREY},
        error_y={"type": "data", "array": [1.96 * p["error"] for p in points], "color": GREY},
        hovertemplate=f"%{{x:,}} rows: %{{y:{'.3g' if of_scores else '.1%'}}}<extra></extra>",
    )
    needed = found.get("needed") or {}
    if target is not None:
        fig.add_hline(y=target, line={"dash": "dash", "color": ORANGE})
        fig.add_annotation(
            x=0,
            xref="paper",
            xanchor="left",
            y=target,
            yanchor="bottom",
            text=f"{'at most' if of_scores else 'must'} {target:{tick}}",
            showarrow=False,
        )
    fig.update_xaxes(
        title="rows learned from (each step doubles)", type="log", tickvals=n, ticktext=[f"{v:,}" for v in n]
    )
    fig.update_yaxes(tickformat=tick, title="off on average (MAE)" if of_scores else "right answers")
    title = {
        "reached": "The labels at hand are enough for the target",
        "forecast": f"About {needed.get('rows') or 0:,} rows would reach the target",
        "not reachable on this curve": "More rows alone do not reach the target",
    }.get(needed.get("state", ""), f"{n[-1]:,} rows: {number(points[-1][figure], unit)}" if n else "")
    said = "; ".join(f"{p['n']} rows {number(p[figure], unit)}" for p in points)
    chart(fig, key=key, title=title, alt=f"Learning curve: {said}", height=320)


def live(points: Sequence[Point], *, key: str, what: str = "") -> None:
    """Training loss and what the validation says, as they come in; `what` trains, where it is not the kept model."""
    fig = go.Figure()
    step = [p for p in points if p.loss is not None]
    held = [p for p in points if p.val_loss is not None]
    fig.add_scatter(
        x=[p.epoch for p in step], y=[p.loss for p in step], mode="lines", name="training loss", line={"color": GREY}
    )
    fig.add_scatter(
        x=[p.epoch for p in held],
        y=[p.val_loss for p in held],
        mode="lines+markers",
        name="validation loss",
        line={"color": ORANGE},
    )
    fig.add_scatter(
        x=[p.epoch for p in held],
        y=[p.val_accuracy for p in held],
        mode="lines+markers",
        name="validation accuracy",
        yaxis="y2",
        line={"color": BLUE},
    )
    fig.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": -0.3},
        yaxis={"title": "loss", "rangemode": "tozero"},
        yaxis2={
            "overlaying": "y",
            "side": "right",
            "tickformat": ".0%",
            "tickmode": "array",  # else the ticks are those of the loss, at odd percentages
            "tickvals": [0, 0.25, 0.5, 0.75, 1],
            "showgrid": False,
            "range": [0, 1.02],
            "visible": bool(held),
        },
    )
    fig.update_xaxes(title="epoch (passes over the data)", rangemode="tozero")
    last = points[-1]
    best = max((p.val_accuracy for p in held if p.val_accuracy is not None), default=None)
    title = f"{f'{what[:1].upper()}{what[1:]}: step' if what else 'Step'} {last.step:,} of {last.of:,}"
    if best is not None:
        title += f"; best validation so far {number(best, 'share')}"
    chart(fig, key=key, title=title, alt=f"Training so far. {title}")


def forecast(e: Mapping[str, Any], *, key: str) -> None:
    """The training time that was forecast, as a band, and the one it took."""
    said, actual = e["forecast"], e["actual"]
    fig = go.Figure()
    fig.add_shape(type="rect", x0=said["low"], x1=said["high"], y0=-0.2, y1=1.2, fillcolor=BAND, line={"width": 0})
    for x, text, colour, symbol in (
        (said["minutes"], "forecast", GREY, "line-ns-open"),
        (actual, "took", BLUE, "circle"),
    ):
        fig.add_scatter(
            x=[x],
            y=[0.5],
            mode="markers+text",
            text=[f"{text} {x:.2g} min"],
            textposition="top center" if text == "took" else "bottom center",
            marker={"size": 14, "color": colour, "symbol": symbol},
            hovertemplate=f"{text}: %{{x:.2f}} min<extra></extra>",
        )
    fig.update_yaxes(visible=False, range=[-1, 2])
    fig.update_xaxes(title=f"minutes: {said.get('covers', 'training')}", range=[0, 1.3 * max(actual, said["high"])])
    word = "inside" if e["inside"] else "outside"
    title = f"It took {actual:.1f} min, {word} the band of {said['low']:.1f} to {said['high']:.1f} that was forecast"
    chart(fig, key=key, title=title, alt=title, height=220)


def seeds(found: Mapping[str, Any], *, key: str) -> None:
    """Each seed's accuracy on the test rows with its interval, or its error of scores, and their mean."""
    runs = found["runs"]
    of_scores = runs[0]["low"] is None
    unit, shape = ("", ".3g") if of_scores else ("share", ".1%")
    fig = go.Figure(
        go.Scatter(
            x=[r["test"] for r in runs],
            y=[f"seed {r['seed']}" for r in runs],
            mode="markers",
            marker={"size": 11, "color": [BLUE, *[GREY] * (len(runs) - 1)]},
            error_x=None
            if of_scores
            else {
                "type": "data",
                "symmetric": False,
                "array": [r["high"] - r["test"] for r in runs],
                "arrayminus": [r["test"] - r["low"] for r in runs],
                "color": GREY,
            },
            hovertemplate=f"%{{y}}: %{{x:{shape}}}<extra></extra>",
        )
    )
    fig.add_vline(x=found["mean"], line={"dash": "dot", "color": ORANGE})
    words = "error on test rows (RMSE)" if of_scores else "right answers on test rows, 95 % intervals"
    fig.update_xaxes(tickformat=".3g" if of_scores else ".0%", title=words)
    fig.update_yaxes(autorange="reversed")
    if of_scores:  # errors that are nearly equal shall look so
        apart = max(0.1 * found["mean"], found["high"] - found["low"])
        fig.update_xaxes(range=[found["low"] - apart, found["high"] + apart])
    sd = f"{found['sd']:.2g}" if of_scores else f"{100 * found['sd']:.2g} points"
    bounds = f"{number(found['low'], unit)} to {number(found['high'], unit)}"
    title = f"{len(runs)} seeds: {number(found['mean'], unit)} on average, {bounds}, standard deviation {sd}"
    said = "; ".join(f"seed {r['seed']} {number(r['test'], unit)}" for r in runs)
    chart(fig, key=key, title=title, alt=f"{title}. {said}", height=110 + 34 * len(runs))


def calibration(found: Mapping[str, Any], *, key: str) -> None:
    """How often answers are right, by how sure the model says it is; on the diagonal both agree."""
    fig = go.Figure()
    fig.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dot", "color": GREY}, hoverinfo="skip", name="ideal"
    )
    curves = [("this model", "curve", GREEN)]
    if found["temperature"] != 1:  # else both are the same
        curves = [("before", "curve_before", PINK), ("after", "curve", GREEN)]
    for name, field, colour in curves:
        bins = found[field]
        fig.add_scatter(
            x=[b["confidence"] for b in bins],
            y=[b["accuracy"] for b in bins],
            customdata=[b["n"] for b in bins],
            mode="lines+markers",
            name=name,
            line={"color": colour},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [b["high"] - b["accuracy"] for b in bins],
                "arrayminus": [b["accuracy"] - b["low"] for b in bins],
                "thickness": 1,
            }
            if field == "curve"
            else None,
            hovertemplate="says %{x:.0%}, right %{y:.0%} of %{customdata} answers<extra></extra>",
        )
    fig.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.3})
    fig.update_xaxes(title="confidence the model gives", tickformat=".0%", range=[0, 1.02])
    fig.update_yaxes(title="answers that are right", tickformat=".0%", range=[0, 1.02])
    before, after = found["before"]["ece"], found["after"]["ece"]
    title = f"Confidence is off by {percent(after, 1)} on average"
    if found["temperature"] != 1:
        title += f"; {percent(before, 1)} before calibration"
    chart(fig, key=key, title=title, alt=title, height=320)


def likeliest(top: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """The likeliest labels of one text."""
    rows = list(reversed(top))
    fig = go.Figure(
        go.Bar(
            x=[r["probability"] for r in rows],
            y=[r["label"] for r in rows],
            orientation="h",
            text=[percent(r["probability"], 1) for r in rows],
            textposition="auto",
            textangle=0,
            marker={"color": [GREY] * (len(rows) - 1) + [BLUE]},
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    )
    fig.update_xaxes(range=[0, 1], tickformat=".0%", title="confidence")
    said = "; ".join(f"{r['label']} {percent(r['probability'], 1)}" for r in top)
    chart(fig, key=key, alt=f"Likeliest answers: {said}", height=80 + 34 * len(rows))
