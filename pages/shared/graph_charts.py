"""The charts of the verdict: the seven parts with what flows between them, how the market narrows, and P(go)."""

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from textwrap import wrap
from typing import Any, NamedTuple

import plotly.graph_objects as go

from core.readiness.joint.moves import Move
from pages.shared.look import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    between,
    chart,
    money,
    number,
    percent,
    quick_chart,
    room_for,
)

Edge = Mapping[str, Any]
Point = tuple[float, float]
# Planar, so that no two arrows cross: without A and B it is five parts with one link missing, which can be drawn so.
_AT = {
    "A": (-0.1, 1.0),
    "B": (1.0, 1.0),
    "C": (2.0, 2.2),
    "D": (2.75, 1.0),
    "E": (5.2, 1.0),
    "F": (4.0, 1.0),
    "G": (2.0, -0.2),
}
_NAMED = {"A": "bottom", "B": "top", "C": "top", "D": "bottom", "E": "top", "F": "bottom", "G": "bottom"}
_ROOM = {"A": BLUE, "B": BLUE, "C": BLUE, "D": PINK, "E": ORANGE, "F": GREEN, "G": GREY}
_BESIDE = {  # on which side of its arrow a figure stands
    "AB": "top center",
    "BC": "top left",
    "CD": "middle right",
    "CE": "top right",
    "DF": "top center",
    "DG": "middle right",
    "EF": "top center",
    "EG": "bottom right",
    "FC": "bottom left",
    "GC": "middle left",
    "FG": "top left",
    "GB": "bottom left",
}
_STEP = {
    "tam": "Whole market (TAM)",
    "sam": "you can serve (SAM)",
    "som": "you can win (SOM)",
    "after licences": "licences allow",
    "after data": "data rules allow",
    "after cost": "cost leaves",
}


def living_graph(told: Mapping[str, Any], *, key: str) -> None:
    """The seven parts and the figures on their arrows; dashed with a question mark where nothing is measured."""
    edges: Sequence[Edge] = told["edges"]
    parts = told["parts"]
    spot = [_AT[p] for p in parts]
    names = {
        "x": [x for x, _ in spot],
        "y": [y + (0.26 if _NAMED[p] == "top" else -0.26) for p, (_, y) in zip(parts, spot, strict=True)],
        "mode": "text",
        "text": [name.replace("Intellectual property", "Licences") for name in parts.values()],
        "textposition": [f"{_NAMED[p]} center" for p in parts],
        "textfont": {"size": 13},
        "hoverinfo": "skip",
    }
    discs = {
        "x": [x for x, _ in spot],
        "y": [y for _, y in spot],
        "mode": "markers+text",
        "marker": {"size": 32, "color": [_ROOM[p] for p in parts], "opacity": 1},
        "text": [f"<b>{p}</b>" for p in parts],
        "textfont": {"color": "white", "size": 14},
        "hoverinfo": "skip",
    }
    x, y = {"visible": False, "range": [-0.5, 5.6]}, {"visible": False, "range": [-0.62, 2.62]}
    title = _finding(edges, [e for e in edges if not e["known"]])
    traces = [_dashes(edges), _figures(edges), names, discs]
    quick_chart(traces, key=key, alt=_said(edges), title=title, height=410, x=x, y=y, margin={},
                annotations=[_arrow(e) for e in edges])  # fmt: skip


def _ends(edge: Edge) -> tuple[Point, Point]:
    """Where an arrow begins and ends: a little short of both parts."""
    (x0, y0), (x1, y1) = _AT[edge["from"]], _AT[edge["to"]]
    off = 0.21 / math.hypot(x1 - x0, y1 - y0)
    dx, dy = off * (x1 - x0), off * (y1 - y0)
    return (x0 + dx, y0 + dy), (x1 - dx, y1 - dy)


def _dashes(edges: Sequence[Edge]) -> dict[str, Any]:
    """The shafts of what is not measured: an arrow cannot be dashed, so these are lines, and the arrows mere heads."""
    shafts = [_ends(e) for e in edges if not e["known"]]
    return {
        "x": [x for (x0, _), (x1, _) in shafts for x in (x0, x1, None)],
        "y": [y for (_, y0), (_, y1) in shafts for y in (y0, y1, None)],
        "mode": "lines",
        "line": {"color": GREY, "width": 1.4, "dash": "dash"},
        "hoverinfo": "skip",
    }


def _arrow(edge: Edge) -> dict[str, Any]:
    """An arrow as an annotation; of what is not measured its head alone."""
    (x0, y0), (x1, y1) = _ends(edge)
    tail = 0.0 if edge["known"] else 1 - 0.08 / math.hypot(x1 - x0, y1 - y0)
    return {
        "x": x1,
        "y": y1,
        "ax": x0 + tail * (x1 - x0),
        "ay": y0 + tail * (y1 - y0),
        "xref": "x",
        "yref": "y",
        "axref": "x",
        "ayref": "y",
        "showarrow": True,
        "arrowhead": 2,
        "arrowwidth": 1.6 if edge["known"] else 1.4,
        "arrowcolor": BLUE if edge["known"] else GREY,
        "opacity": 0.9,
        "text": "",
    }


def _figures(edges: Sequence[Edge]) -> dict[str, Any]:
    """What stands beside each arrow, and all of it under the pointer."""
    sides = [_BESIDE.get(e["from"] + e["to"], "top center") for e in edges]
    ends = [(_AT[e["from"]], _AT[e["to"]]) for e in edges]
    return {
        "x": [
            (a[0] + b[0]) / 2 + 0.06 * (("right" in s) - ("left" in s)) for (a, b), s in zip(ends, sides, strict=True)
        ],
        "y": [(a[1] + b[1]) / 2 + 0.03 * ("center" in s) for (a, b), s in zip(ends, sides, strict=True)],
        "mode": "text",
        "text": [figure_on(e) for e in edges],
        "textposition": sides,
        "textfont": {"size": 12},
        "hovertemplate": "%{customdata}<extra></extra>",
        "customdata": [f"{e['from']} to {e['to']}: {e['carries']}<br>{_spread(e)}" for e in edges],
    }


def figure_on(edge: Edge) -> str:
    """What stands on an edge: the median, a word, or a question mark."""
    if edge["quantiles"] is None:
        words = str(edge["word"])
        return "?" if words == "unknown" or not edge["known"] else "" if len(words) > 12 else words
    if not edge["known"]:
        return "?"
    return _short(edge["quantiles"]["p50"], edge["unit"])


def _short(value: float, unit: str) -> str:
    text = number(value, unit)
    return text.replace(" requests/s", "/s").replace(" times", " ×").replace("components", "parts")


def _spread(edge: Edge) -> str:
    if edge["quantiles"] is None:
        return str(edge["word"]) if edge["known"] else f"{edge['word']}. {edge['fills']}"
    q = edge["quantiles"]
    said = number(q["p50"], edge["unit"])
    if q["p10"] != q["p90"]:
        said += f" ({between(q['p10'], q['p90'], edge['unit'])})"
    return said if edge["known"] else f"not known yet, taken as {said}. {edge['fills']}"


def _finding(edges: Sequence[Edge], unknown: Sequence[Edge]) -> str:
    if not unknown:
        return f"All {len(edges)} links between the seven parts are known"
    known = len(edges) - len(unknown)
    return f"{known} of {len(edges)} links between the seven parts are known; dashed is not measured yet"


def _said(edges: Sequence[Edge]) -> str:
    return "Seven parts and what flows between them: " + "; ".join(
        f"{e['from']} to {e['to']}, {e['carries']}: {_spread(e)}" for e in edges
    )


class Link(NamedTuple):
    """A link in words: its ends, what flows, the figure, what would fill it, and the records behind it."""

    ends: str
    source: str
    target: str
    carries: str
    figure: str
    fills: str
    evidence: Sequence[str]


def links(told: Mapping[str, Any]) -> list[Link]:
    """Every link of the graph in words."""
    parts = told["parts"]
    return [
        Link(
            e["from"] + e["to"],
            parts[e["from"]],
            parts[e["to"]],
            e["carries"],
            _spread(e) if e["known"] else "not known yet",
            e["fills"],
            e["evidence"],
        )
        for e in told["edges"]
    ]


def narrowing(told: Mapping[str, Any], currency: str, *, key: str) -> None:
    """From the whole market to what is left of it, with the part that took each slice; a log axis."""
    steps = told["narrowing"]
    names = [_STEP.get(s["step"], s["step"]) for s in steps]
    values = [s["median"] for s in steps]
    bars = {
        "type": "bar",
        "x": values,
        "y": names,
        "orientation": "h",
        "marker": {"color": [GREY, GREY, GREEN, ORANGE, PINK, BLUE][: len(steps)]},
        "text": [money(v, currency) for v in values],
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": "%{y}: %{text} a year<extra></extra>",
    }
    low, high = min(values), max(values)
    x = {"type": "log", "title": f"{currency} a year, median, log scale", "range": _log_range(low, high), "dtick": 1}
    left = values[-1] / values[2] if len(values) > 3 and values[2] else 1.0
    title = (
        f"Licences and data leave {money(values[-1], currency)} of the {money(values[2], currency)} that you could win"
        if left < 0.995
        else f"{money(values[-1], currency)} a year is left of a market of {money(values[0], currency)}"
    )
    alt = "Market narrowing: " + "; ".join(f"{n} {money(v, currency)}" for n, v in zip(names, values, strict=True))
    tall = 70 + 40 * len(steps)
    margin = {"l": room_for(names), "b": 62}
    quick_chart([bars], key=key, alt=alt, title=title, height=tall, x=x, y={"autorange": "reversed"}, margin=margin)


def _log_range(low: float, high: float) -> list[float]:
    return [math.log10(max(low, high * 1e-9)) - 0.6, math.log10(high) + 0.9]


def chances(answers: Sequence[Mapping[str, Any]], titles: Mapping[str, str], *, key: str) -> None:
    """How likely each check holds: what keeps P(go) down stands on top."""
    rows = sorted(answers, key=lambda a: a["chance"])[:8]
    fig = go.Figure(
        go.Bar(
            x=[a["chance"] for a in rows],
            y=["<br>".join(wrap(titles.get(a["id"], a["id"]), 34)) for a in rows],
            orientation="h",
            marker={"color": [BLUE if a["known"] else GREY for a in rows]},
            text=[percent(a["chance"]) if a["known"] else "not measured" for a in rows],
            textposition="auto",
            hovertemplate="%{y}: holds in %{x:.0%} of the draws<extra></extra>",
        )
    )
    fig.update_yaxes(autorange="reversed")
    fig.update_xaxes(range=[0, 1], tickformat=".0%", title="share of the joint draws in which it holds")
    worst = titles.get(rows[0]["id"], rows[0]["id"]) if rows else ""
    chart(fig, key=key, alt=f"Chance of each check; the least likely is {worst}", height=70 + 34 * len(rows))


def beside(chances: Sequence[tuple[str, Mapping[str, float] | None]], *, key: str) -> None:
    """P(go) of several ventures with its bounds; one that is not known stands as a word."""
    fig = go.Figure()
    for name, p in chances:
        x = [p["value"]] if p else [0.0]
        bounds = {"type": "data", "symmetric": False, "array": [p["high"] - x[0]], "arrayminus": [x[0] - p["low"]],
                  "color": GREY, "thickness": 3} if p else None  # fmt: skip
        fig.add_scatter(
            x=x,
            y=[name],
            mode="markers+text" if p else "text",
            error_x=bounds,
            marker={"size": 16, "color": BLUE},
            text=[f"{number(x[0], 'share')}" if p else "unknown"],
            textposition="top center" if p else "middle right",
            hoverinfo="skip",
        )
    fig.update_yaxes(autorange="reversed")
    fig.update_xaxes(range=[-0.03, 1.03], tickformat=".0%", title="P(go), with its bounds", dtick=0.25)
    known = [(n, p) for n, p in chances if p]
    told = "; ".join(f"{n} {number(p['value'], 'share') if p else 'unknown'}" for n, p in chances)
    best = max(known, key=lambda row: row[1]["value"], default=None)
    none = "None holds all its promises in any draw" if len(known) == len(chances) else "P(go) is not known of all"
    title = f"Likeliest to hold all its promises: {best[0]}" if best and best[1]["value"] > 0 else none
    chart(fig, key=key, alt=f"P(go) of each: {told}", title=title, height=90 + 56 * len(chances))


def levels(of: Mapping[str, float], top: float, *, key: str) -> None:
    """How far each part of a guide is; the least counts."""
    names, values = list(of), list(of.values())
    least = min(values)
    fig = go.Figure(
        go.Bar(
            x=values,
            y=names,
            orientation="h",
            marker={"color": [ORANGE if v == least else BLUE for v in values]},
            text=[f"{v:g}" if top > 1 else percent(v) for v in values],
            textposition="auto",
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    fig.update_yaxes(autorange="reversed")
    fig.update_xaxes(
        range=[0, top], tickformat="" if top > 1 else ".0%", title="level" if top > 1 else "answered with yes"
    )
    weakest = names[values.index(least)]
    chart(fig, key=key, alt=f"Level of each part; the least is {weakest}", title=f"Weakest: {weakest}",
          height=70 + 34 * len(names))  # fmt: skip


def moved(before: Mapping[str, Any], steps: Sequence[Move], others: float, n: int, *, key: str) -> None:
    """P(go) from one review to the next, as a waterfall of the checks that moved it.

    `others` is what `n` further checks moved it by, in one step.
    """
    start = before["value"]
    told = [(s.title, s.points) for s in steps] + ([(f"{n} more checks", others)] if n else [])
    end = start + sum(points for _, points in told)
    names = ["before", *("<br>".join(wrap(name, 28)) for name, _ in told), "now"]
    bars = {
        "type": "waterfall",
        "orientation": "h",
        "measure": ["absolute", *("relative" for _ in told), "total"],
        "y": names,
        "x": [start, *(points for _, points in told), end],
        "text": [percent(start, 1), *(f"{points * 100:+.1f}" for _, points in told), percent(end, 1)],
        "textposition": "outside",
        "cliponaxis": False,
        "increasing": {"marker": {"color": GREEN}},
        "decreasing": {"marker": {"color": ORANGE}},
        "totals": {"marker": {"color": BLUE}},
        "connector": {"line": {"color": GREY, "width": 1}},
        "hoverinfo": "skip",
    }
    title = f"P(go) went from {percent(start, 1)} to {percent(end, 1)}"
    alt = f"{title}, by check: " + "; ".join(f"{name} {points * 100:+.1f} points" for name, points in told)
    top = max(accumulate((points for _, points in told), initial=start))
    x = {"range": [0, min(1.15, 1.25 * top + 0.02)], "tickformat": ".0%", "title": "P(go)"}
    tall, margin = 90 + 42 * len(names), {"l": room_for(names), "b": 62}
    quick_chart([bars], key=key, alt=alt, title=title, height=tall, x=x, y={"autorange": "reversed"}, margin=margin)
