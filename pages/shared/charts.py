"""The charts of the rooms, each from the detail of one evidence record: the board and the room show the same."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go

from core.evidence import Evidence
from pages.shared.look import (
    BLUE,
    GREY,
    INK,
    MODE,
    ORANGE,
    PINK,
    SKY,
    STATE_HUE,
    chart,
    money,
    number,
    percent,
    quick_chart,
    room_for,
)


def confusion(e: Evidence, *, key: str) -> None:
    """Which class is taken for which, in counts of test rows; the diagonal is right."""
    classes, cells = e.detail["classes"], e.detail["confusion"]
    shares = [[c / (sum(row) or 1) for c in row] for row in cells]
    fig = go.Figure(
        go.Heatmap(
            z=shares,
            x=classes,
            y=classes,
            customdata=cells,
            colorscale="Blues",
            zmin=0,
            zmax=1,
            colorbar={"tickformat": ".0%", "title": "of the row"},
            hovertemplate="true %{y}, answered %{x}: %{customdata} rows (%{z:.0%})<extra></extra>",
        )
    )
    fig.update_yaxes(autorange="reversed", title="true class")
    fig.update_xaxes(title="answered")
    size = max(360, 26 * len(classes) + 160)
    chart(fig, key=key, alt=f"Confusion matrix of {len(classes)} classes; rows are true classes", height=min(size, 900))


def per_class(e: Evidence, *, key: str) -> None:
    """F1 of each class, worst first: where the model needs more or better rows."""
    rows = sorted(e.detail["per_class"], key=lambda r: r["f1"], reverse=True)
    fig = go.Figure(
        go.Bar(
            x=[r["f1"] for r in rows],
            y=[f"{r['label']} ({r['n']})" for r in rows],
            orientation="h",
            marker={"color": BLUE},
            hovertemplate="%{y}: F1 %{x:.2f}<extra></extra>",
        )
    )
    fig.update_xaxes(range=[0, 1], title="F1 (1 is perfect); test rows in brackets")
    worst = rows[-1]["label"] if rows else ""
    height = max(260, 24 * len(rows) + 90)
    chart(fig, key=key, alt=f"F1 by class; the weakest is {worst}", title=f"Weakest class: {worst}", height=height)


def learning(e: Evidence, *, key: str) -> None:
    """Loss and validation accuracy by epoch: whether training still gains."""
    rows = e.detail.get("history", [])
    x = [r["epoch"] for r in rows]
    fig = go.Figure()
    for name, field, colour in (("training loss", "train_loss", GREY), ("validation loss", "val_loss", ORANGE)):
        fig.add_scatter(x=x, y=[r.get(field) for r in rows], name=name, mode="lines+markers", line={"color": colour})
    fig.add_scatter(
        x=x,
        y=[r.get("val_accuracy") for r in rows],
        name="validation accuracy",
        yaxis="y2",
        mode="lines+markers",
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
            "title": "accuracy",
            "showgrid": False,
            "range": [0, 1.02],
            "tickvals": [0, 0.5, 1],
        },
    )
    fig.update_xaxes(title="epoch", dtick=1)
    last = rows[-1] if rows else {}
    chart(fig, key=key, alt=f"Loss and validation accuracy over {len(rows)} epochs, last {last.get('val_accuracy')}")


def latency(e: Evidence, *, key: str, must: float | None = None, height: int = 240) -> None:
    """How long single answers took, in milliseconds."""
    hist = e.detail.get("histogram")
    if not hist:
        return
    edges, counts = hist["edges"], hist["counts"]
    middle = [(a + b) / 2 for a, b in pairwise(edges)]
    width = [b - a for a, b in pairwise(edges)]
    fig = go.Figure(go.Bar(x=middle, y=counts, width=width, marker={"color": SKY}))
    if isinstance(e.value, float | int):
        fig.add_vline(x=e.value, line={"color": BLUE})
        fig.add_annotation(
            x=e.value, y=1, yref="paper", yanchor="top", xanchor="right", text=f"p95 {e.value:.0f} ms", showarrow=False
        )  # inside, and the bound above it: on a phone they would stand in each other's way
    if must is not None and must <= edges[-1] * 2:
        fig.add_vline(x=must, line={"dash": "dash", "color": ORANGE})
        fig.add_annotation(x=must, y=1, yref="paper", yanchor="bottom", text=f"at most {must:g} ms", showarrow=False)
    fig.update_xaxes(title="milliseconds for one answer")
    fig.update_yaxes(title="answers")
    chart(fig, key=key, alt=f"Latency of {e.n} answers; 95 of 100 within {e.value} ms", height=height)


def entity_rows(e: Evidence) -> list[dict[str, Any]]:
    """One row per file, column and entity type, from the scan's detail."""
    return [
        {"file": f["path"], "column": c["name"], "rows": f["scanned"], "complete": f.get("complete", True), **x}
        for f in e.detail.get("files", [])
        for c in f["columns"]
        for x in c["entities"]
    ]


def entities(e: Evidence, *, key: str, most: int = 12, height: int | None = None) -> None:
    """What kinds of personal data, in how many cells, direct identifiers in the colour that warns."""
    totals: dict[tuple[str, str], int] = {}
    for row in entity_rows(e):
        kind = (row.get("title") or row["type"], row["group"])
        totals[kind] = totals.get(kind, 0) + row["cells"]
    rows = sorted(totals.items(), key=lambda r: r[1])[-most:]
    bars: dict[str, Any] = {
        "type": "bar",
        "x": [n for _, n in rows],
        "y": [name[:1].upper() + name[1:] for (name, _), _ in rows],
        "orientation": "h",
        "text": [f"{n:,}" for _, n in rows],
        "textposition": "auto",
        "textangle": 0,
        "insidetextfont": {"color": INK},
        "marker": {"color": [PINK if group == "direct" else GREY for (_, group), _ in rows]},
        "hovertemplate": "%{y}: %{x:,} cells<extra></extra>",
    }
    said = "; ".join(f"{name} {n}" for (name, _), n in reversed(rows))
    most_direct = next((name for (name, group), _ in reversed(rows) if group == "direct"), "")
    title = (
        f"Pink identifies a person: most often {most_direct}"
        if most_direct
        else "Nothing found that identifies anybody"
    )
    alt = f"Personal data found, in cells: {said or 'none'}"
    tall = height or 120 + 26 * len(rows)
    margin = {"l": room_for(bars["y"]), "b": 62} if rows else None
    x = {"title": "cells that hold it"}
    quick_chart([bars], key=key, title=title, alt=alt, height=tall, x=x, y={}, margin=margin)


def places(e: Evidence, *, key: str, most: int = 12) -> None:
    """Columns that hold direct identifiers, each by its commonest one, with the interval where rows were drawn."""
    best: dict[tuple[str, str], dict[str, Any]] = {}
    for row in entity_rows(e):
        at = (row["file"], row["column"])
        if row["group"] == "direct" and row["cells"] > best.get(at, {"cells": 0})["cells"]:
            best[at] = row
    rows = sorted(best.values(), key=lambda r: r["rate"])[-most:]
    if not rows:
        return
    several = len({r["file"] for r in rows}) > 1
    names = [f"{r['column']}, {r['file']}" if several else r["column"] for r in rows]
    fig = go.Figure(
        go.Bar(
            x=[r["rate"] for r in rows],
            y=names,
            orientation="h",
            text=[f" {r.get('title') or r['type']} {number(r['rate'], 'share')} " for r in rows],
            textposition="auto",
            insidetextanchor="start",
            insidetextfont={"color": INK},
            textangle=0,
            cliponaxis=False,
            marker={"color": PINK},
            hovertemplate="%{y}: %{x:.2%} of its cells<extra></extra>",
        )
    )
    if any(r["high"] > r["low"] for r in rows):
        spread = {"array": [r["high"] - r["rate"] for r in rows], "arrayminus": [r["rate"] - r["low"] for r in rows]}
        fig.update_traces(error_x={"type": "data", "symmetric": False, "color": GREY, **spread})
    fig.update_xaxes(
        title="of the column's cells",
        tickformat=".0%",
        range=[0, 1.05 * rows[-1]["high"]],
    )
    said = "; ".join(
        f"{n}: {r.get('title') or r['type']} {number(r['rate'], 'share')}" for n, r in zip(names, rows, strict=True)
    )
    title = f"Most in {names[-1]}: {rows[-1].get('title') or rows[-1]['type']} in {number(rows[-1]['rate'], 'share')}"
    chart(fig, key=key, title=title, alt=f"Columns with direct identifiers. {said}", height=120 + 26 * len(rows))


def categories(rows: Sequence[Mapping[str, Any]], *, key: str, height: int = 230) -> None:
    """How many packages fall into each licence category."""
    ordered = sorted(rows, key=lambda r: r["n"])
    hue = {"Permissive": "#009E73", "Public Domain": "#009E73", "Copyleft": "#D55E00", "Copyleft Limited": ORANGE}
    fig = go.Figure(
        go.Bar(
            x=[r["n"] for r in ordered],
            y=[r["category"] or "Unknown" for r in ordered],
            orientation="h",
            text=[r["n"] for r in ordered],
            marker={"color": [hue.get(r["category"], GREY) for r in ordered]},
            hovertemplate="%{y}: %{x} packages<extra></extra>",
        )
    )
    fig.update_xaxes(title="packages")
    said = "; ".join(f"{r['category']} {r['n']}" for r in reversed(ordered))
    title = (
        f"{ordered[-1]['n']} of {sum(r['n'] for r in ordered)} are {ordered[-1]['category'].lower()}" if ordered else ""
    )
    chart(fig, key=key, title=title, alt=f"Packages by licence category: {said}", height=height)


def modes(report: Mapping[str, Any], *, key: str, height: int = 230) -> None:
    """For each way of selling: how many components are allowed, owe something, are unknown, block."""
    names = [m for m in MODE if m in report.get("modes", {})]
    parts = [*report.get("packages", []), *report.get("models", []), *report.get("datasets", [])]
    bars = []
    for state, colour in STATE_HUE.items():
        counts = [sum(p["modes"][m]["status"] == state for p in parts if m in p.get("modes", {})) for m in names]
        at = {"y": [MODE[m] for m in names], "x": counts}
        bars.append({"type": "bar", **at, "name": state, "orientation": "h", "marker": {"color": colour}})
    legend = {"orientation": "h", "y": -0.2, "traceorder": "normal"}
    stopped = [MODE[m] for m in names if report["modes"][m]["verdict"] == "blocked"]
    title = f"Blocked: {', '.join(stopped)}" if stopped else "Nothing is blocked"
    title += f" ({len(parts)} components)"
    alt = f"Components per way of selling by licence. {title}"
    quick_chart(bars, key=key, title=title, alt=alt, height=height, x={}, y={"autorange": "reversed"}, legend=legend,
                barmode="stack")  # fmt: skip


def funnel(found: Mapping[str, Evidence], *, key: str, height: int = 230) -> None:
    """TAM, SAM and SOM as ranges on one log axis: 8 of 10 draws lie inside each bar, the dot is the median."""
    labels = {"market.tam": "TAM", "market.sam": "SAM", "market.som": "SOM"}
    rows = [(labels[i], found[i]) for i in labels if i in found and isinstance(found[i].value, float | int)]
    if not rows:
        return
    line = {"width": 16, "color": SKY}
    spans = [
        {"x": [e.low, e.high], "y": [name, name], "mode": "lines", "line": line, "hoverinfo": "skip"}
        for name, e in rows
    ]
    dots = {
        "x": [e.value for _, e in rows],
        "y": [name for name, _ in rows],
        "mode": "markers+text",
        "text": [money(float(e.value or 0), e.unit[:3]) for _, e in rows],
        "textposition": "top center",
        "marker": {"size": 11, "color": BLUE},
        "customdata": [f"{money(e.low or 0, e.unit[:3])} to {money(e.high or 0, e.unit[:3])}" for _, e in rows],
        "hovertemplate": "%{y}: %{customdata}<extra></extra>",
    }
    x = {"type": "log", "title": f"{rows[0][1].unit.replace('/', ' per ')}, log scale", "dtick": 1}
    said = "; ".join(f"{n} {money(float(e.value or 0), e.unit[:3])}" for n, e in rows)
    last, low, high = rows[-1][1], rows[-1][1].low or 0, rows[-1][1].high or 0
    title = f"{rows[-1][0]} between {money(low, last.unit[:3])} and {money(high, last.unit[:3])}"
    alt = f"Market sizes, medians with 80 % ranges: {said}"
    y = {"range": [len(rows) - 0.5, -0.8]}
    quick_chart([*spans, dots], key=key, title=title, alt=alt, height=height, x=x, y=y, margin={"l": 44, "b": 62})


def distribution(e: Evidence, label: str, *, key: str, must: float | None = None) -> None:
    """The draws of one market size on a log axis, with the median and, where stated, what it must reach."""
    hist = e.detail.get("histogram")
    if not hist or not isinstance(e.value, float | int):
        return
    edges, counts = hist["edges"], hist["counts"]
    middle = [(a * b) ** 0.5 for a, b in pairwise(edges)]
    total = sum(counts) or 1
    shares = [c / total for c in counts]
    fig = go.Figure(
        go.Scatter(x=middle, y=shares, mode="lines", fill="tozeroy", line={"color": BLUE, "shape": "spline"})
    )
    fig.add_vline(x=e.value, line={"color": BLUE})
    if must is not None:
        fig.add_vline(x=must, line={"dash": "dash", "color": ORANGE})
    fig.update_xaxes(type="log", title=f"{e.unit.replace('/', ' per ')}, log scale", nticks=6)
    fig.update_yaxes(title="share of draws", tickformat=".0%")
    cur = e.unit[:3]
    span = f"between {money(e.low or 0, cur)} and {money(e.high or 0, cur)} in 8 of 10 draws"
    title = f"{label}: {money(e.value, cur)}, {span}"
    chart(fig, key=key, title=title, alt=title, height=260)


def drivers(e: Evidence, *, key: str) -> None:
    """Which assumption the spread comes from: the figure worth researching next."""
    rows = sorted(e.detail.get("drivers", []), key=lambda r: r["share_of_variance"])
    if not rows:
        return
    fig = go.Figure(
        go.Bar(
            x=[r["share_of_variance"] for r in rows],
            y=[r["label"] for r in rows],
            orientation="h",
            text=[percent(r["share_of_variance"]) for r in rows],
            textangle=0,
            marker={"color": [BLUE if r["sourced"] else ORANGE for r in rows]},
            hovertemplate="%{y}: %{x:.0%} of the spread<extra></extra>",
        )
    )
    fig.update_xaxes(tickformat=".0%", title="share of the spread")
    top = rows[-1]["label"]
    chart(
        fig,
        key=key,
        title=f"Research this first: {top}" + (" (orange: no source)" if any(not r["sourced"] for r in rows) else ""),
        alt="Share of the spread by assumption: "
        + "; ".join(f"{r['label']} {percent(r['share_of_variance'])}" for r in rows),
        height=100 + 30 * len(rows),
    )
