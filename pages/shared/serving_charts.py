"""Charts of smaller and faster variants: the board, what the pick bears, and what it may answer by itself."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from pages.shared.look import BLUE, GREY, ORANGE, SKY, chart, number, percent

_FEW = 30
BAND = "rgba(0, 114, 178, 0.18)"


def board(
    variants: Sequence[Mapping[str, Any]],
    pick: str | None,
    *,
    key: str,
    must_p95: float | None = None,
    must_accuracy: float | None = None,
) -> None:
    """Variants by p95 (log axis) and accuracy, both with intervals; the larger the mark, the larger the variant."""
    shown = [v for v in variants if v.get("p95_ms") is not None and v.get("accuracy") is not None]
    if not shown:
        return
    fig = go.Figure()
    _marks(fig, shown, pick)
    times = [v["p95_ms"] for v in shown]
    lows, highs = [v.get("low") or v["accuracy"] for v in shown], [v.get("high") or v["accuracy"] for v in shown]
    gap = max(max(highs) - min(lows), 0.01)
    # A limit far from all variants would squeeze them into a corner; the page says in words that all keep it.
    if must_p95 is not None and min(times) / 2 < must_p95 < 2 * max(times):
        times.append(must_p95)
        fig.add_vline(x=must_p95, line={"dash": "dash", "color": ORANGE})
        at, text = math.log10(must_p95), f"at most {must_p95:g} ms"
        fig.add_annotation(x=at, y=1, yref="paper", yanchor="bottom", text=text, showarrow=False)
    if must_accuracy is not None and must_accuracy > min(lows) - gap:
        lows.append(must_accuracy)
        fig.add_hline(y=must_accuracy, line={"dash": "dash", "color": ORANGE})
        at, text = must_accuracy, f"must {percent(must_accuracy)}"
        fig.add_annotation(x=0, xref="paper", xanchor="left", y=at, yanchor="bottom", text=text, showarrow=False)
    fig.update_xaxes(
        type="log",
        title="p95 of one answer in ms, log scale",
        tickvals=_ticks(min(times), max(times)),
        range=[math.log10(min(times) / 1.8), math.log10(max(times) * 1.8)],
    )
    fig.update_yaxes(
        tickformat=".1%" if gap < 0.05 else ".0%",
        title="right answers on the test rows",
        range=[max(0.0, min(lows) - 0.3 * gap), min(1.02, max(highs) + 0.3 * gap)],
    )
    said = "; ".join(f"{v['name']} {percent(v['accuracy'], 1)} at {v['p95_ms']:.3g} ms, {_size(v)}" for v in shown)
    chart(fig, key=key, title=_finding(shown, pick), alt=f"Variants with 95 % intervals: {said}", height=380)


def abstain(found: Mapping[str, Any], *, key: str) -> None:
    """The error among the answers given, by the share that the model answers itself; the rest goes to a person."""
    # The band of a handful of answers is as wide as the chart.
    points = sorted((p for p in found["curve"] if p["n"] >= _FEW), key=lambda p: p["coverage"])
    x = [p["coverage"] for p in points]
    fig = go.Figure()
    fig.add_scatter(x=x, y=[p["error_high"] for p in points], mode="lines", line={"width": 0}, hoverinfo="skip")
    fig.add_scatter(
        x=x,
        y=[p["error_low"] for p in points],
        mode="lines",
        line={"width": 0},
        fill="tonexty",
        fillcolor=BAND,
        hoverinfo="skip",
    )
    fig.add_scatter(
        x=x,
        y=[p["error"] for p in points],
        customdata=[p["threshold"] for p in points],
        mode="lines",
        line={"color": BLUE},
        hovertemplate="answers %{x:.0%}, of which %{y:.1%} wrong (confidence from %{customdata:.0%})<extra></extra>",
    )
    promises = [p for p in found["promises"] if p.get("at")]
    for p in promises:
        fig.add_scatter(
            x=[p["at"]["coverage"]],
            y=[p["at"]["error"]],
            mode="markers+text",
            text=[f"aims at {number(p['target'], 'share')}"],
            textposition="top left",
            marker={"size": 11, "color": ORANGE},
            hovertemplate=f"chosen for at most {percent(p['target'])}: answers %{{x:.1%}}, %{{y:.2%}} wrong"
            "<extra></extra>",
        )
    fig.update_xaxes(title="share that the model answers by itself", tickformat=".0%", range=[0, 1.02])
    top = max(points[-1]["error_high"], *(p["at"]["error"] for p in promises), 0.01) if points else 0.1
    fig.update_yaxes(title="wrong among these", tickformat=".1%", range=[0, 1.15 * top])
    chart(fig, key=key, title=alone(found), alt=f"Error by share answered, with 95 % band. {alone(found)}", height=320)


def alone(found: Mapping[str, Any]) -> str:
    """What the model may answer by itself, in a line: the most that is kept, else the most that was aimed at."""
    there = [p for p in found["promises"] if p.get("at")]
    kept = [p for p in there if p["verdict"] == "kept"]
    best = max(kept or there, key=lambda p: p["at"]["coverage"], default=None)
    if best is None:
        return "No share of answers is shown to be nearly free of errors"
    at = best["at"]
    answers = f"It answers {number(at['coverage'], 'share')} by itself"
    if best["verdict"] == "kept":
        return f"{answers}, at most {number(best['target'], 'share')} of them wrong"
    return (
        f"{answers} with {number(at['error'], 'share')} wrong; at most {number(best['target'], 'share')} is not shown"
    )


def rates(found: Mapping[str, Any], *, key: str) -> None:
    """The rates of arrivals that were tried, and p95 from the arrival on where they held."""
    trials = sorted(found.get("trials") or [], key=lambda t: t["rate"])
    if not trials:
        return
    done = [t for t in trials if t["held"] and t.get("p95")]
    fig = go.Figure()
    fig.add_scatter(
        x=[t["rate"] for t in done],
        y=[max(t["p95"]["value"], t.get("steady_p95_ms") or 0) for t in done],
        mode="lines+markers",
        marker={"size": 10, "color": BLUE},
        line={"color": GREY, "width": 1},
        hovertemplate="%{x:.3g} requests a second: p95 %{y:.3g} ms<extra></extra>",
    )
    bound, broke = found["bound_ms"], [t["rate"] for t in trials if not t["held"]]
    fig.add_scatter(
        x=broke,
        y=[1.15 * bound] * len(broke),
        mode="markers",
        marker={"size": 11, "symbol": "x", "color": ORANGE},
        hovertemplate="%{x:.3g} requests a second: more than 5 in 100 came late<extra></extra>",
    )
    fig.add_hline(y=bound, line={"dash": "dash", "color": GREY})
    fig.add_annotation(
        x=0, xref="paper", xanchor="left", y=bound, yanchor="top", text=f"bound {bound:g} ms", showarrow=False
    )
    fig.update_xaxes(title="requests a second (cross: too many came late)", rangemode="tozero")
    fig.update_yaxes(title="p95 from arrival, ms", range=[0, 1.3 * bound])
    chart(fig, key=key, title=bears(found), alt=bears(found), height=280)


def bears(found: Mapping[str, Any]) -> str:
    """What the pick bears, in a line."""
    rate, broke, bound = found["requests_per_s"], found.get("not_at"), found["bound_ms"]
    if rate is None:
        return str(found.get("reason") or "No rate was found")
    upto = f", not {number(broke)}" if broke else ""
    return f"It bears {number(rate)} requests a second{upto}, with 95 of 100 answered within {bound:g} ms"


def flips(rows: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """Test rows whose answer changed, by true class: won where only the variant is right, lost where only fp32 was."""
    ordered = sorted(rows, key=lambda r: r["lost"] + r["won"] + r["other"])[-15:]
    fig = go.Figure()
    for field, name, colour in (
        ("lost", "right before", ORANGE),
        ("won", "right now", BLUE),
        ("other", "both wrong", GREY),
    ):
        fig.add_bar(
            y=[r["label"] for r in ordered],
            x=[r[field] for r in ordered],
            name=name,
            orientation="h",
            marker={"color": colour},
            hovertemplate=f"%{{y}}, {name}: %{{x}} rows<extra></extra>",
        )
    fig.update_layout(barmode="stack", showlegend=True, legend={"orientation": "h", "y": -0.25, "traceorder": "normal"})
    fig.update_xaxes(
        title="test rows whose answer changed", dtick=max(1, max((_n(r) for r in ordered), default=1) // 5)
    )
    lost, won = sum(r["lost"] for r in rows), sum(r["won"] for r in rows)
    title = f"{sum(_n(r) for r in rows)} answers changed: {lost} lost, {won} won"
    chart(fig, key=key, title=title, alt=title, height=120 + 26 * len(ordered))


def _n(row: Mapping[str, Any]) -> int:
    return int(row["lost"] + row["won"] + row["other"])


def _bars(value: float, low: float | None, high: float | None) -> dict[str, Any] | None:
    if low is None or high is None:
        return None
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value],
        "arrayminus": [value - low],
        "thickness": 1.5,
        "color": GREY,
    }


def _marks(fig: go.Figure, shown: Sequence[Mapping[str, Any]], pick: str | None) -> None:
    biggest = max(v.get("size_mb") or 1 for v in shown)
    ordered = sorted(shown, key=lambda v: v["p95_ms"])
    for i, v in enumerate(ordered):
        taken, size = v["name"] == pick, 10 + 26 * ((v.get("size_mb") or 1) / biggest) ** 0.5
        colour = BLUE if taken else SKY if v.get("pareto") else GREY
        fig.add_scatter(
            x=[v["p95_ms"]],
            y=[v["accuracy"]],
            mode="markers",
            marker={"size": size, "color": colour},
            error_x=_bars(v["p95_ms"], v.get("p95_low"), v.get("p95_high")),
            error_y=_bars(v["accuracy"], v.get("low"), v.get("high")),
            hovertemplate=f"{v['name']}: %{{y:.2%}}, p95 %{{x:.3g}} ms, {_size(v)}<extra></extra>",
        )
        above = _on_top(ordered, i)
        end = v.get("high" if above else "low")
        name = v["name"].replace("-", "<br>", 1) if len(v["name"]) > 12 else v["name"]  # a phone is narrow
        fig.add_annotation(
            x=math.log10(v["p95_ms"]),
            y=v["accuracy"] if end is None else end,
            text=f"<b>{name} ✓</b>" if taken else name,
            showarrow=False,
            yanchor="bottom" if above else "top",
            yshift=(size / 2 if end is None else 4) * (1 if above else -1),
        )


def _on_top(ordered: Sequence[Mapping[str, Any]], i: int) -> bool:
    """Whether a mark's name stands above it: it does not where the nearest other mark is above."""
    others = [v for v in ordered if v is not ordered[i]]
    nearest = min(others, key=lambda v: abs(math.log(v["p95_ms"] / ordered[i]["p95_ms"])), default=None)
    return nearest is None or ordered[i]["accuracy"] >= nearest["accuracy"]


def _finding(shown: Sequence[Mapping[str, Any]], pick: str | None) -> str:
    """The board's finding, as its title."""
    it = next((v for v in shown if v["name"] == pick), None)
    if it is None:
        return "No variant is shown to do all that is asked (larger mark: larger model)"
    faster = it.get("faster")
    if not faster or it is shown[0]:
        return f"Take {pick} (larger mark: larger model)"
    times = f"{faster['value']:.2g} ({faster['low']:.2g} to {faster['high']:.2g}) times as fast"
    return f"Take {pick}: {times}, {_size(it)} (larger mark: larger model)"


def _size(v: Mapping[str, Any]) -> str:
    return f"{v['size_mb']:.3g} MB" if v.get("size_mb") else "size unknown"


def _ticks(low: float, high: float) -> list[float]:
    steps = [m * 10.0**e for e in range(-2, 6) for m in ((1, 2, 5) if high > 4 * low else (1, 1.5, 2, 3, 4, 5, 7))]
    return [s for s in steps if low / 2 <= s <= high * 2]
