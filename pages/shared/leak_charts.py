"""The charts of the leak meter: what the search covers of each type, which rows leak, what a change of it changes."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from core.intervals import wilson
from core.privacy import policy
from core.privacy.leak.estimate import Result
from pages.shared.look import BLUE, GREY, ORANGE, PINK, SKY, chart, number

_MOST = 12


def types(found: Sequence[tuple[str, int, int]], *, key: str) -> None:
    """Pieces of personal data that people marked, by type: covered by the search, and left in sight."""
    rows = list(reversed(found[:_MOST]))
    names = [policy.title(kind) for kind, _, _ in rows]
    fig = go.Figure()
    fig.add_bar(y=names, x=[h for _, _, h in rows], name="found", orientation="h", marker_color=BLUE)
    fig.add_bar(y=names, x=[n - h for _, n, h in rows], name="left in sight", orientation="h", marker_color=PINK)
    fig.update_layout(
        barmode="stack",
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
    )
    fig.update_xaxes(title="pieces marked in the labelled rows", rangemode="tozero")
    missed = [(policy.title(kind), n - h, n) for kind, n, h in found if h < n]
    most = max(missed, key=lambda m: m[1], default=None)
    title = f"Missed most: {most[0]} ({most[1]} of {most[2]})" if most else "Nothing that was marked was missed"
    said = "; ".join(f"{policy.title(kind)}: {h} of {n} found" for kind, n, h in found)
    chart(fig, key=key, title=title, alt=f"Found and missed by type. {said}", height=130 + 28 * len(rows))


def strata(result: Result, *, key: str) -> None:
    """Labelled rows that leak, by how sure the search was, with Wilson's intervals."""
    rows = [r for r in reversed(result.strata) if r[2]]
    shares = [x / m for _, _, m, x in rows]
    bounds = [wilson(x, m) for _, _, m, x in rows]
    fig = go.Figure(
        go.Scatter(
            x=shares,
            y=[f"{s}: {x} of {m}" for s, _, m, x in rows],
            mode="markers",
            marker={"size": 12, "color": [ORANGE if s in ("looks missed", "unsure") else SKY for s, *_ in rows]},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [high - v for v, (_, high) in zip(shares, bounds, strict=True)],
                "arrayminus": [v - low for v, (low, _) in zip(shares, bounds, strict=True)],
                "color": GREY,
            },
            customdata=[(n, *b) for (_, n, _, _), b in zip(rows, bounds, strict=True)],
            hovertemplate="%{y} labelled leak: %{x:.0%} (%{customdata[1]:.0%} to %{customdata[2]:.0%}), "
            "for %{customdata[0]:,} rows<extra></extra>",
        )
    )
    fig.update_xaxes(title="labelled rows that leak, with the 95 % interval", tickformat=".0%", range=[-0.03, 1.03])
    worst = max(zip(shares, rows, strict=True), default=(0.0, ("", 0, 0, 0)))
    title = f"Leaks most: {worst[1][0]}" if worst[0] else "No labelled row leaks"
    said = "; ".join(f"{s}: {x} of {m} labelled leak ({number(x / m, 'share')})" for s, _, m, x in rows)
    alt = f"Leaking rows by how sure the search was. {said}"
    chart(fig, key=key, title=title, alt=alt, height=130 + 34 * len(rows))


def before_after(rows: Sequence[tuple[str, Mapping[str, Any], Mapping[str, Any]]], *, key: str, title: str) -> None:
    """Shares before and after a change with their 95 % intervals: (name, before, after), the first on top."""
    fig = go.Figure()
    shift = {"before": -0.14, "after": 0.14}
    sides = {"before": [b for _, b, _ in rows], "after": [a for _, _, a in rows]}
    for word, colour in (("before", GREY), ("after", BLUE)):
        found = sides[word]
        fig.add_scatter(
            x=[f["value"] for f in found],
            y=[i + shift[word] for i in range(len(rows))],
            name=word,
            mode="markers+text",
            text=[number(f["value"], "share") for f in found],
            textposition="top center" if word == "before" else "bottom center",
            marker={"color": colour, "size": 12},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [f["high"] - f["value"] for f in found],
                "arrayminus": [f["value"] - f["low"] for f in found],
                "color": colour,
            },
            customdata=[(f["low"], f["high"], f["n"]) for f in found],
            hovertemplate=f"{word}: %{{x:.1%}} (%{{customdata[0]:.1%}} to %{{customdata[1]:.1%}}), "
            "n %{customdata[2]}<extra></extra>",
        )
    fig.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    fig.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[f"{name} (n {after['n']:,})" for name, _, after in rows],
        range=[len(rows) - 0.5, -0.5],
    )
    fig.update_xaxes(title="share, with its 95 % interval", tickformat=".0%", range=[-0.03, 1.03])
    said = "; ".join(f"{n} {number(b['value'], 'share')} → {number(a['value'], 'share')}" for n, b, a in rows)
    chart(fig, key=key, title=title, alt=f"Before and after. {said}", height=120 + 80 * len(rows))


def more_and_less(types: Sequence[Mapping[str, Any]], *, key: str, title: str) -> None:
    """Pieces that are found newly, and those no longer found, by type."""
    rows = list(reversed(types[:_MOST]))
    names = [policy.title(r["type"]) for r in rows]
    fig = go.Figure()
    fig.add_bar(y=names, x=[r["gained"] for r in rows], name="newly found", orientation="h", marker_color=BLUE)
    fig.add_bar(y=names, x=[-r["lost"] for r in rows], name="no longer found", orientation="h", marker_color=ORANGE)
    fig.update_traces(hovertemplate="%{y}: %{x}<extra></extra>")
    fig.update_layout(barmode="relative", showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"})
    fig.update_xaxes(title="pieces: fewer to the left, more to the right")
    said = "; ".join(f"{policy.title(r['type'])}: {r['gained']} more, {r['lost']} fewer" for r in types)
    chart(fig, key=key, title=title, alt=f"What is found more and less. {said}", height=130 + 30 * len(rows))
