"""The charts of adoption and money, each from numbers that its page computed: bands first, lines only inside them."""

from collections.abc import Mapping, Sequence
from math import log10
from typing import Any

import plotly.graph_objects as go

from pages.shared.look import BLUE, GREY, ORANGE, SKY, chart, money

_BAND, _FAINT = "rgba(0,114,178,0.18)", "rgba(138,147,160,0.18)"
Band = Sequence[Mapping[str, float]]


def _band(fig: go.Figure, x: Sequence[float], rows: Band, name: str, hue: str, fill: str) -> None:
    """p10 to p90 as a band with p50 in it."""
    low, middle, high = ([r[q] for r in rows] for q in ("p10", "p50", "p90"))
    fig.add_scatter(
        x=[*x, *reversed(x)], y=[*high, *reversed(low)], fill="toself", fillcolor=fill, line={"width": 0},
        mode="lines", hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    hover = "%{x}: %{y:,.3g}, 8 of 10 between %{customdata[0]:,.3g} and %{customdata[1]:,.3g}<extra></extra>"
    fig.add_scatter(
        x=list(x), y=middle, name=name, mode="lines+markers", line={"color": hue}, hovertemplate=hover,
        customdata=list(zip(low, high, strict=True)),
    )  # fmt: skip


def customers(rows: Band, adopters: Band, period: str, *, key: str) -> None:
    """Customers by period, and for comparison all who ever came."""
    x = list(range(1, len(rows) + 1))
    fig = go.Figure()
    _band(fig, x, adopters, "ever came", GREY, _FAINT)
    _band(fig, x, rows, "still customers", BLUE, _BAND)
    fig.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.16, "x": 0})
    fig.update_xaxes(title=f"{period}s from now", dtick=max(1, len(x) // 10))
    fig.update_yaxes(title="customers", rangemode="tozero")
    last = rows[-1]
    span = f"8 of 10 futures end between {last['p10']:,.3g} and {last['p90']:,.3g}"
    title = f"After {len(x)} {period}s {last['p50']:,.3g} customers; {span}"
    chart(fig, key=key, title=title, alt=title, height=340)


def backtest(told: Mapping[str, Any], *, key: str) -> None:
    """What was sold, what would have been said one period before, and what comes."""
    sold, test, coming = told["sales"], told["backtest"], told["forecast"]
    fig = go.Figure()
    _band(fig, [r["t"] for r in coming], coming, "to come", BLUE, _BAND)
    rows = [r for r in test["rows"] if r["t"] == r["made_at"] + 1]
    fig.add_scatter(
        x=[r["t"] for r in rows],
        y=[r["p50"] for r in rows],
        error_y={
            "type": "data",
            "array": [r["p90"] - r["p50"] for r in rows],
            "arrayminus": [r["p50"] - r["p10"] for r in rows],
            "color": GREY,
        },
        mode="markers",
        marker={"color": GREY, "symbol": "line-ew-open", "size": 10},
        name="forecast one period before (80 %)",
    )
    fig.add_scatter(x=list(range(1, len(sold) + 1)), y=sold, mode="markers", name="sold", marker={"color": ORANGE})
    fig.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.16, "x": 0})
    fig.update_xaxes(title=f"{told['period']} of the series")
    fig.update_yaxes(title=f"new in the {told['period']}", rangemode="tozero")
    title = "Too short to test a forecast on"
    if test["held_out"]:
        inside = round(test["inside_80"] * test["held_out"])
        title = f"{inside} of {test['held_out']} held-out periods lay inside the 80 % band made before them"
        if test["median_error"] is not None:
            title += f"; the middle was off by {test['median_error']:.0%}"
    chart(fig, key=key, title=title, alt=title, height=320)


def cost(x: Sequence[float], rows: Band, marks: Sequence[tuple[float, str]], *, key: str, title: str) -> None:
    """Cost of 1,000 requests by demand, both on log axes, with the demands that are asked about."""
    fig = go.Figure()
    low, middle, high = ([r[q] for r in rows] for q in ("p10", "p50", "p90"))
    fig.add_scatter(
        x=[*x, *reversed(x)], y=[*high, *reversed(low)], fill="toself", fillcolor=_BAND, line={"width": 0},
        mode="lines", hoverinfo="skip",
    )  # fmt: skip
    hover = "%{x:,.3g} requests a year: $%{y:,.3g}<extra></extra>"
    fig.add_scatter(x=list(x), y=middle, mode="lines", line={"color": BLUE}, hovertemplate=hover)
    for at, name in marks:
        fig.add_vline(x=at, line={"color": GREY, "width": 1, "dash": "dot"})
        fig.add_annotation(x=log10(at), y=1, yref="paper", yanchor="bottom", text=name, showarrow=False)
    fig.update_xaxes(type="log", title="requests a year, log scale", nticks=6)
    fig.update_yaxes(type="log", title="$ for 1,000 requests", nticks=5)
    chart(fig, key=key, title=title, alt=title, height=320)


def margins(rows: Sequence[Mapping[str, Any]], *, key: str, must: Mapping[int, float | None]) -> None:
    """Gross margin at each demand: the bar holds 8 of 10 draws, the dot is the median."""
    fig = go.Figure()
    for row in rows:
        name, of = f"{row['scale']:g} ×", row["margin"]
        fig.add_scatter(
            x=[of["p10"], of["p90"]], y=[name, name], mode="lines", line={"width": 16, "color": SKY}, hoverinfo="skip"
        )
        fig.add_scatter(
            x=[of["p50"]], y=[name], mode="markers+text", text=[f"{of['p50']:.1%}"], textposition="top center",
            marker={"size": 11, "color": BLUE}, hovertemplate=f"{of['p10']:.1%} to {of['p90']:.1%}<extra></extra>",
        )  # fmt: skip
        if (least := must.get(row["scale"])) is not None:
            marker = {"symbol": "line-ns-open", "size": 26, "color": ORANGE}
            fig.add_scatter(x=[least], y=[name], mode="markers", marker=marker, hovertemplate="must reach %{x:.0%}")
    fig.update_xaxes(tickformat=".0%", title="share of the price that is left after machines", nticks=6)
    fig.update_yaxes(range=[len(rows) - 0.5, -0.8], title="times the demand")
    first = rows[0]["margin"]
    span = f"{first['p10']:.1%} to {first['p90']:.1%}"
    title = f"{first['p50']:.1%} of the price is left at the stated demand ({span})"
    chart(fig, key=key, title=title, alt=title, height=250)


def said_cost(of: Mapping[str, float]) -> str:
    """A cost with its range."""
    return f"{money(of['p50'])} ({money(of['p10'])} to {money(of['p90'])})"
