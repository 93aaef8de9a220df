"""The charts of adoption and money, each from numbers that its page computed: bands first, lines only inside them."""

from collections.abc import Mapping, Sequence
from math import log10
from typing import Any

from pages.shared.look import BLUE, GREY, LEGEND, ORANGE, SKY, across, money, percent, quick_chart

_BAND, _FAINT = "rgba(0,114,178,0.18)", "rgba(138,147,160,0.18)"
Band = Sequence[Mapping[str, float]]
Trace = dict[str, Any]


def _filled(x: Sequence[float], low: Sequence[float], high: Sequence[float], fill: str) -> Trace:
    """The space between two lines."""
    look = {"fill": "toself", "fillcolor": fill, "line": {"width": 0}, "mode": "lines"}
    return {"x": [*x, *reversed(x)], "y": [*high, *reversed(low)], "hoverinfo": "skip", "showlegend": False, **look}


def _band(x: Sequence[float], rows: Band, name: str, hue: str, fill: str) -> list[Trace]:
    """p10 to p90 as a band with p50 in it."""
    low, middle, high = ([r[q] for r in rows] for q in ("p10", "p50", "p90"))
    hover = "%{x}: %{y:,.3g}, 8 of 10 between %{customdata[0]:,.3g} and %{customdata[1]:,.3g}<extra></extra>"
    line = {"mode": "lines+markers", "line": {"color": hue}, "hovertemplate": hover}
    ends = [list(pair) for pair in zip(low, high, strict=True)]
    return [_filled(x, low, high, fill), {"x": list(x), "y": middle, "name": name, "customdata": ends, **line}]


def customers(rows: Band, adopters: Band, period: str, *, key: str) -> None:
    """Customers by period, and for comparison all who ever came."""
    x = list(range(1, len(rows) + 1))
    traces = _band(x, adopters, "ever came", GREY, _FAINT) + _band(x, rows, "still customers", BLUE, _BAND)
    last = rows[-1]
    span = f"8 of 10 futures end between {last['p10']:,.3g} and {last['p90']:,.3g}"
    title = f"After {len(x)} {period}s {last['p50']:,.3g} customers; {span}"
    quick_chart(
        traces, key=key, title=title, alt=title, height=340, legend=LEGEND,
        x={"title": f"{period}s from now", "dtick": max(1, len(x) // 10)},
        y={"title": "customers", "rangemode": "tozero"},
    )  # fmt: skip


def backtest(told: Mapping[str, Any], *, key: str) -> None:
    """What was sold, what would have been said one period before, and what comes."""
    sold, test, coming = told["sales"], told["backtest"], told["forecast"]
    rows = [r for r in test["rows"] if r["t"] == r["made_at"] + 1]
    before = {
        "x": [r["t"] for r in rows],
        "y": [r["p50"] for r in rows],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [r["p90"] - r["p50"] for r in rows],
            "arrayminus": [r["p50"] - r["p10"] for r in rows],
            "color": GREY,
        },
        "mode": "markers",
        "marker": {"color": GREY, "symbol": "line-ew-open", "size": 10},
        "name": "forecast one period before (80 %)",
    }
    was = {"x": list(range(1, len(sold) + 1)), "y": sold, "mode": "markers", "name": "sold"}
    traces = [*_band([r["t"] for r in coming], coming, "to come", BLUE, _BAND), before]
    title = "Too short to test a forecast on"
    if test["held_out"]:
        inside = round(test["inside_80"] * test["held_out"])
        title = f"{inside} of {test['held_out']} held-out periods lay inside the 80 % band made before them"
        if test["median_error"] is not None:
            title += f"; the middle was off by {percent(test['median_error'])}"
    quick_chart(
        [*traces, {**was, "marker": {"color": ORANGE}}], key=key, title=title, alt=title, height=320, legend=LEGEND,
        x={"title": f"{told['period']} of the series"},
        y={"title": f"new in the {told['period']}", "rangemode": "tozero"},
    )  # fmt: skip


def cost(x: Sequence[float], rows: Band, marks: Sequence[tuple[float, str]], *, key: str, title: str) -> None:
    """Cost of 1,000 requests by demand, both on log axes, with the demands that are asked about."""
    low, middle, high = ([r[q] for r in rows] for q in ("p10", "p50", "p90"))
    hover = "%{x:,.3g} requests a year: $%{y:,.3g}<extra></extra>"
    line = {"x": list(x), "y": middle, "mode": "lines", "line": {"color": BLUE}, "hovertemplate": hover}
    above = {"y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False}
    quick_chart(
        [_filled(x, low, high, _BAND), line], key=key, title=title, alt=title, height=320,
        x={"type": "log", "title": "requests a year, log scale", "nticks": 6},
        y={"type": "log", "title": "$ for 1,000 requests", "nticks": 5},
        shapes=[across(at, width=1) for at, _ in marks],
        annotations=[{"x": log10(at), "text": name, **above} for at, name in marks],
    )  # fmt: skip


def margins(rows: Sequence[Mapping[str, Any]], *, key: str, must: Mapping[int, float | None]) -> None:
    """Gross margin at each demand: the bar holds 8 of 10 draws, the dot is the median."""
    traces: list[Trace] = []
    for row in rows:
        name, of = f"{row['scale']:g} ×", row["margin"]
        bar = {"mode": "lines", "line": {"width": 16, "color": SKY}, "hoverinfo": "skip"}
        dot = {"mode": "markers+text", "textposition": "top center", "marker": {"size": 11, "color": BLUE}}
        told = {
            "text": [percent(of["p50"], 1)],
            "hovertemplate": f"{percent(of['p10'], 1)} to {percent(of['p90'], 1)}<extra></extra>",
        }
        traces.append({"x": [of["p10"], of["p90"]], "y": [name, name], **bar})
        traces.append({"x": [of["p50"]], "y": [name], **told, **dot})
        if (least := must.get(row["scale"])) is not None:
            marker = {"symbol": "line-ns-open", "size": 26, "color": ORANGE}
            hover = "must reach %{x:.0%}<extra></extra>"
            traces.append({"x": [least], "y": [name], "mode": "markers", "marker": marker, "hovertemplate": hover})
    first = rows[0]["margin"]
    span = f"{percent(first['p10'], 1)} to {percent(first['p90'], 1)}"
    title = f"{percent(first['p50'], 1)} of the price is left at the stated demand ({span})"
    quick_chart(
        traces, key=key, title=title, alt=title, height=250,
        x={"tickformat": ".0%", "title": "share of the price that is left after machines", "nticks": 6},
        y={"range": [len(rows) - 0.5, -0.8], "title": "times the demand"},
    )  # fmt: skip


def said_cost(of: Mapping[str, float]) -> str:
    """A cost with its range."""
    return f"{money(of['p50'])} ({money(of['p10'])} to {money(of['p90'])})"
