"""The charts of the verdict: the seven parts with what flows between them, how the market narrows, and P(go)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from core.readiness.joint.moves import Move
from pages.shared.look import BLUE, GREEN, GREY, ORANGE, PINK, chart, money, number

Edge = Mapping[str, Any]
_AT = {
    "A": (0.0, 2.0),
    "B": (1.4, 2.0),
    "C": (2.8, 2.0),
    "E": (4.2, 2.0),
    "G": (1.4, 0.55),
    "D": (2.8, -0.3),
    "F": (4.2, 0.55),
}
_ROOM = {"A": BLUE, "B": BLUE, "C": BLUE, "D": PINK, "E": ORANGE, "F": GREEN, "G": GREY}
_ALONG = {"EG": 0.22, "FC": 0.3, "GC": 0.3, "FG": 0.25, "CD": 0.3}  # where a label stands clear of other lines
_STEP = {
    "tam": "Whole market (TAM)",
    "sam": "you can serve (SAM)",
    "som": "you can win (SOM)",
    "after licences": "licences allow",
    "after data": "data rules allow",
    "after cost": "cost leaves",
}


def living_graph(told: Mapping[str, Any], *, key: str) -> None:
    """The seven parts and the figures on their edges; dashed where nothing is measured."""
    edges: Sequence[Edge] = told["edges"]
    fig = go.Figure()
    for edge in edges:
        _line(fig, edge)
    parts = told["parts"]
    fig.add_scatter(
        x=[_AT[p][0] for p in parts],
        y=[_AT[p][1] for p in parts],
        mode="markers+text",
        marker={"size": 30, "color": [_ROOM[p] for p in parts]},
        text=[f"<b>{p}</b>" for p in parts],
        textfont={"color": "white", "size": 13},
        hoverinfo="skip",
    )
    for letter, name in parts.items():
        x, y = _AT[letter]
        above = y > 1
        fig.add_annotation(
            x=x,
            y=y + (0.3 if above else -0.3),
            text=name.replace("Intellectual property", "Licences"),
            showarrow=False,
            font={"size": 12},
        )
    fig.update_xaxes(visible=False, range=[-0.5, 4.7])
    fig.update_yaxes(visible=False, range=[-0.8, 2.5])
    unknown = [e for e in edges if not e["known"]]
    chart(fig, key=key, alt=_said(edges), title=_finding(edges, unknown), height=360)


def _line(fig: go.Figure, edge: Edge) -> None:
    (x0, y0), (x1, y1) = _AT[edge["from"]], _AT[edge["to"]]
    colour = GREY if not edge["known"] else BLUE
    fig.add_annotation(
        x=x0 + 0.88 * (x1 - x0),
        y=y0 + 0.88 * (y1 - y0),
        ax=x0 + 0.12 * (x1 - x0),
        ay=y0 + 0.12 * (y1 - y0),
        xref="x",
        yref="y",
        axref="x",
        ayref="y",
        showarrow=True,
        arrowhead=2,
        arrowsize=1.1,
        arrowwidth=1.4 if edge["known"] else 0.8,
        arrowcolor=colour,
        opacity=0.9 if edge["known"] else 0.45,
    )
    along = _ALONG.get(edge["from"] + edge["to"], 0.5)
    fig.add_scatter(
        x=[x0 + along * (x1 - x0) + (0.05 if x0 == x1 else 0)],
        y=[y0 + along * (y1 - y0) + (0.11 if y0 == y1 else 0)],
        mode="text",
        textposition="middle right" if x0 == x1 else "middle center",
        text=[figure_on(edge)],
        textfont={"size": 11} if edge["known"] else {"size": 11, "color": GREY},
        hovertemplate=f"{edge['from']} to {edge['to']}: {edge['carries']}<br>{_spread(edge)}<extra></extra>",
    )


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
    said = f"{number(q['p50'], edge['unit'])} ({number(q['p10'], edge['unit'])} to {number(q['p90'], edge['unit'])})"
    return said if edge["known"] else f"not known yet, taken as {said}. {edge['fills']}"


def _finding(edges: Sequence[Edge], unknown: Sequence[Edge]) -> str:
    if not unknown:
        return f"All {len(edges)} links between the seven parts are known"
    return (
        f"{len(edges) - len(unknown)} of {len(edges)} links between the seven parts are known; “?” is not measured yet"
    )


def _said(edges: Sequence[Edge]) -> str:
    return "Seven parts and what flows between them: " + "; ".join(
        f"{e['from']} to {e['to']}, {e['carries']}: {_spread(e)}" for e in edges
    )


def links(told: Mapping[str, Any]) -> list[dict[str, str]]:
    """Every link as a row of a table: what it carries, the figure, and what would fill it where it is not known."""
    parts = told["parts"]
    return [
        {
            "From": parts[e["from"]],
            "To": parts[e["to"]],
            "What flows": e["carries"],
            "Figure": _spread(e) if e["known"] else "not known yet",
            "What would fill it": e["fills"],
        }
        for e in told["edges"]
    ]


def narrowing(told: Mapping[str, Any], currency: str, *, key: str) -> None:
    """From the whole market to what is left of it, with the part that took each slice; a log axis."""
    steps = told["narrowing"]
    names = [_STEP.get(s["step"], s["step"]) for s in steps]
    values = [s["median"] for s in steps]
    fig = go.Figure(
        go.Bar(
            x=values,
            y=names,
            orientation="h",
            marker={"color": [GREY, GREY, GREEN, ORANGE, PINK, BLUE][: len(steps)]},
            text=[money(v, currency) for v in values],
            textposition="outside",
            hovertemplate="%{y}: %{text} a year<extra></extra>",
        )
    )
    fig.update_yaxes(autorange="reversed")
    low, high = min(values), max(values)
    fig.update_xaxes(type="log", title=f"{currency} a year, median, log scale", range=_log_range(low, high))
    left = values[-1] / values[2] if len(values) > 3 and values[2] else 1.0
    title = (
        f"Licences and data leave {money(values[-1], currency)} of the {money(values[2], currency)} that you could win"
        if left < 0.995
        else f"{money(values[-1], currency)} a year is left of a market of {money(values[0], currency)}"
    )
    alt = "Market narrowing: " + "; ".join(f"{n} {money(v, currency)}" for n, v in zip(names, values, strict=True))
    chart(fig, key=key, alt=alt, title=title, height=70 + 40 * len(steps))


def _log_range(low: float, high: float) -> list[float]:
    return [math.log10(max(low, high * 1e-9)) - 0.6, math.log10(high) + 0.9]


def chances(answers: Sequence[Mapping[str, Any]], titles: Mapping[str, str], *, key: str) -> None:
    """How likely each check holds: what keeps P(go) down stands on top."""
    rows = sorted(answers, key=lambda a: a["chance"])[:8]
    fig = go.Figure(
        go.Bar(
            x=[a["chance"] for a in rows],
            y=[titles.get(a["id"], a["id"]) for a in rows],
            orientation="h",
            marker={"color": [BLUE if a["known"] else GREY for a in rows]},
            text=[f"{a['chance']:.0%}" if a["known"] else "not measured" for a in rows],
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
            text=[f"{v:g}" if top > 1 else f"{v:.0%}" for v in values],
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


def moved(before: Mapping[str, Any], steps: Sequence[Move], *, key: str) -> None:
    """P(go) from one review to the next, as a waterfall of the checks that moved it."""
    start = before["value"]
    end = start + sum(s.points for s in steps)
    names = ["before", *(s.title for s in steps), "now"]
    fig = go.Figure(
        go.Waterfall(
            orientation="v",
            measure=["absolute", *("relative" for _ in steps), "total"],
            x=[n if len(n) < 28 else f"{n[:26]}…" for n in names],
            y=[start, *(s.points for s in steps), end],
            text=[f"{start:.0%}", *(f"{s.points * 100:+.1f}" for s in steps), f"{end:.0%}"],
            increasing={"marker": {"color": GREEN}},
            decreasing={"marker": {"color": ORANGE}},
            totals={"marker": {"color": BLUE}},
            connector={"line": {"color": GREY, "width": 1}},
        )
    )
    fig.update_yaxes(range=[0, max(1.0, start, end)], tickformat=".0%", title="P(go)")
    title = f"P(go) went from {start:.0%} to {end:.0%}"
    chart(fig, key=key, alt=f"{title}, by check: " + "; ".join(s.title for s in steps), title=title, height=300)
