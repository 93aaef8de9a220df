"""The charts of the market room, each from one sized market: what is drawn is what is computed."""

from collections.abc import Sequence
from itertools import pairwise
from math import log10
from textwrap import wrap
from typing import NamedTuple

from core.market.sizing import MarketSize, Size
from core.market.words import WAYS
from pages.shared.look import BLUE, GREEN, GREY, LEGEND, ORANGE, SKY, across, money, percent, quick_chart, room_for

FILL = {BLUE: "rgba(0,114,178,0.18)", ORANGE: "rgba(230,159,0,0.18)", GREEN: "rgba(0,158,115,0.18)"}
WAY_HUE = {"bottom_up": BLUE, "top_down": ORANGE, "value_based": GREEN}
_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
_ABOVE = {**LEGEND, "y": 1.02, "yanchor": "bottom"}  # two lines of it on a phone
LEVEL = {"tam": "TAM", "sam": "SAM", "som": "SOM"}


class Row(NamedTuple):
    """A scenario's size in currency per year."""

    name: str
    p10: float
    p50: float
    p90: float


def methods(found: MarketSize, level: str, *, key: str, must: float | None = None) -> None:
    """The distributions of one level by every method that states it, side by side on a log axis."""
    ways = [w for w in found.ways if level in w.sizes]
    cur = found.market.currency
    traces, shapes, notes = [], [], []
    for way in ways:
        size, hue = way.sizes[level], WAY_HUE[way.name]
        x, y = _density(size)
        label = f"{WAYS[way.name].capitalize()}: {money(size.p50, cur)}"
        hover = f"{label}<br>8 of 10 between {money(size.p10, cur)} and {money(size.p90, cur)}<extra></extra>"
        line = {"color": hue, "shape": "spline"}
        look = {"mode": "lines", "fill": "tozeroy", "fillcolor": FILL[hue], "line": line, "hovertemplate": hover}
        traces.append({"x": x, "y": y, "name": label, **look})
        shapes.append(across(size.p50, hue=hue, width=1))
    if must is not None:
        shapes.append(across(must, dash="dash"))
        place = {"x": log10(must), "y": 1, "yref": "paper", "yanchor": "top", "xanchor": "right"}
        notes.append({**place, "text": "must reach ", "showarrow": False})
    said = "; ".join(f"{WAYS[w.name]} {money(w.sizes[level].p50, cur)}" for w in ways)
    quick_chart(
        traces, key=key, title=_methods_title(found, level), alt=f"{LEVEL[level]} by method: {said}", height=320,
        x={"type": "log", "title": f"{cur} a year, log scale", "nticks": 6},
        y={"title": "how likely", "showticklabels": False, "rangemode": "tozero"},
        shapes=shapes, annotations=notes, legend=_ABOVE, margin={"l": 36, "t": 56, "b": 62},
    )  # fmt: skip


def _methods_title(found: MarketSize, level: str) -> str:
    between = found.reconciled.get(level)
    if between is None:
        return f"{LEVEL[level]} by one method; a second would show whether it holds"
    ratio = max(between.widest.ratio, 1 / between.widest.ratio)
    said = f"{LEVEL[level]}: the methods differ by a factor of {ratio:.3g}"
    return f"{said}{' at most, and all' if len(between.pairs) > 1 else ' and'} overlap by {percent(between.overlap)}"


def _density(size: Size) -> tuple[list[float], list[float]]:
    """Shares of the draws per step of the logarithm, so that methods of different spread have the same area."""
    edges, counts = size.histogram.edges, size.histogram.counts
    middle = [(a * b) ** 0.5 for a, b in pairwise(edges)]
    total = (sum(counts) or 1) * (log10(edges[1]) - log10(edges[0]))
    return [edges[0], *middle, edges[-1]], [0.0, *(c / total for c in _smooth(counts)), 0.0]


def _smooth(counts: Sequence[int]) -> list[float]:
    """Counts without the jitter of the draws: each bin takes a binomial average of its neighbours; the sum stays.

    Beyond the first and the last bin the counts are mirrored.
    """
    wide = [*counts[1::-1], *counts, *counts[-1:-3:-1]]
    return [sum(w * c for w, c in zip(_BINOMIAL, wide[k : k + 5], strict=True)) for k in range(len(counts))]


def waterfall(found: MarketSize, *, key: str) -> None:
    """From the total market to what can be won, with the filter named at each step; medians of the draws."""
    steps, cur = found.ways[0].steps, found.market.currency
    names, values, measures, texts = ["TAM"], [steps[0].p50], ["absolute"], [money(steps[0].p50, cur)]
    for before, step in pairwise(steps):
        names.append("<br>".join(wrap(f"{step.label} × {percent(step.p50 / before.p50, 1)}", 28)))
        values.append(step.p50 - before.p50)
        measures.append("relative")
        texts.append("")
        if step is steps[-1] or steps[steps.index(step) + 1].level != step.level:
            names.append(LEVEL[step.level])
            values.append(step.p50)
            measures.append("total")
            texts.append(money(step.p50, cur))
    trace = {
        "type": "waterfall", "orientation": "h", "y": names, "x": values, "measure": measures, "text": texts,
        "textposition": "outside", "decreasing": {"marker": {"color": GREY}}, "totals": {"marker": {"color": BLUE}},
        "increasing": {"marker": {"color": BLUE}}, "connector": {"line": {"color": GREY, "width": 1}},
        "hovertemplate": "%{y}<extra></extra>",
    }  # fmt: skip
    title = (
        f"{percent(steps[-1].p50 / steps[0].p50, 1)} of the total market is left to win"
        if len(steps) > 1
        else "TAM only"
    )
    alt = "; ".join(f"{n.replace('<br>', ' ')} {t}" for n, t in zip(names, texts, strict=True))
    quick_chart(
        [trace], key=key, title=title, alt=alt, height=90 + 46 * len(names), y={"autorange": "reversed"},
        x={"title": f"{cur} a year, medians", "rangemode": "tozero", "range": [0, steps[0].p50 * 1.45], "nticks": 4},
        margin={"l": room_for(names), "b": 62},
    )  # fmt: skip


def tornado(found: MarketSize, *, key: str, most: int = 8) -> None:
    """How far each figure alone moves the result, from its p10 to its p90; orange where nobody says so."""
    hangs, cur = found.hangs_on[found.level], found.market.currency
    swings = [s for s in hangs.swings[:most] if s.low != s.high][::-1]
    if not swings:
        return
    sourced = {a.id: a.sourced for a in found.market.assumptions}
    shares = {i.id: i.total for i in hangs.indices}
    names = ["<br>".join(wrap(found.market.label(s.id), 30)) for s in swings]
    trace = {
        "type": "bar", "orientation": "h", "y": names, "base": [min(s.low, s.high) for s in swings],
        "x": [abs(s.high - s.low) for s in swings], "width": 0.5,
        "marker": {"color": [SKY if sourced[s.id] else ORANGE for s in swings]},
        "text": [percent(shares[s.id]) if shares[s.id] >= 0.005 else "<1 %" for s in swings],
        "textposition": "outside",
        "hovertext": [f"{n}: {money(s.low, cur)} to {money(s.high, cur)}" for n, s in zip(names, swings, strict=True)],
        "hoverinfo": "text",
    }  # fmt: skip
    low, high = min(min(s.low, s.high) for s in swings), max(max(s.low, s.high) for s in swings)
    top = found.market.label(hangs.indices[0].id)
    said = "; ".join(f"{found.market.label(s.id)} {percent(shares[s.id])}" for s in reversed(swings))
    title = f"Look this up first: {top}" + (" (orange: no source)" if any(not sourced[s.id] for s in swings) else "")
    ends = [log10(low) - 0.05, log10(high) + 0.25]
    quick_chart(
        [trace], key=key, title=title, alt=f"Share of the spread by figure: {said}", height=110 + 38 * len(swings),
        x={"type": "log", "nticks": 3, "tickangle": 0, "title": f"{LEVEL[found.level]}, {cur} a year", "range": ends},
        y={},
        shapes=[across(found.narrowest.p50)], margin={"l": room_for(names), "b": 62},
    )  # fmt: skip


def compare(rows: Sequence[Row], currency: str, level: str, *, key: str) -> None:
    """Scenarios below each other: median and 8 of 10 draws."""
    traces = []
    for row in rows:
        hover = f"{row.name}: {money(row.p10, currency)} to {money(row.p90, currency)}<extra></extra>"
        bar = {"mode": "lines", "line": {"width": 14, "color": SKY}, "hoverinfo": "skip"}
        dot = {"mode": "markers+text", "textposition": "top center", "marker": {"size": 10, "color": BLUE}}
        told = {"text": [money(row.p50, currency)], "hovertemplate": hover}
        traces.append({"x": [row.p10, row.p90], "y": [row.name, row.name], **bar})
        traces.append({"x": [row.p50], "y": [row.name], **told, **dot})
    best = max(rows, key=lambda r: r.p50)
    said = "; ".join(f"{r.name} {money(r.p50, currency)}" for r in rows)
    title = f"Largest median: {best.name}, {money(best.p50, currency)}"
    quick_chart(
        traces, key=key, title=title, alt=f"{LEVEL[level]} by scenario: {said}", height=100 + 56 * len(rows),
        x={"type": "log", "title": f"{LEVEL[level]}, {currency} a year, log scale", "nticks": 5},
        y={"range": [len(rows) - 0.5, -0.8]}, margin={"l": room_for(r.name for r in rows), "b": 62},
    )  # fmt: skip
