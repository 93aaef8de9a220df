"""How figures, states and charts look: the one place for words of state, colours, number formats and chart dress."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from plotly.basedatatypes import BaseFigure

from core.evidence import Check, Evidence, Status
from core.units import percent as percent

ICON = {
    Status.PASS: ":material/check_circle:",
    Status.FAIL: ":material/cancel:",
    Status.UNKNOWN: ":material/help:",
    Status.STALE: ":material/history:",
}
COLOUR = {Status.PASS: "green", Status.FAIL: "red", Status.UNKNOWN: "gray", Status.STALE: "orange"}
MEANING = {
    Status.PASS: "measured, and good enough",
    Status.FAIL: "measured, and not good enough",
    Status.UNKNOWN: "not measured, or too uncertain to tell",
    Status.STALE: "its inputs changed since it was measured",
}
VERDICT = {
    "GO": ("green", ":material/flight_takeoff:"),
    "CONDITIONAL": ("orange", ":material/rule:"),
    "NO-GO": ("red", ":material/block:"),
    "NOT ENOUGH EVIDENCE": ("gray", ":material/pending:"),
}
ROOM = {
    "model": ("Model", ":material/model_training:", "pages/model/train.py"),
    "privacy": ("Privacy", ":material/shield_person:", "pages/privacy/scan.py"),
    "licences": ("Licences", ":material/gavel:", "pages/licences/check.py"),
    "market": ("Market", ":material/query_stats:", "pages/market/sizing.py"),
}
MODE = {"internal": "Internal use", "saas": "SaaS", "on_premises": "On-premises", "on_device": "On-device"}

# Okabe-Ito, which colour-blind readers can tell apart; hues of state are kept for states.
BLUE, ORANGE, GREEN, PINK, SKY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9"
STATE_HUE = {"allowed": "#009E73", "obligations": "#56B4E9", "unknown": "#8A93A0", "blocked": "#D55E00"}
GREY = "#8A93A0"
INK = "#000000"  # words on a pink, grey or other light bar, in both themes
_AXIS = {"automargin": True, "fixedrange": True, "zeroline": False}
_MARGIN = {"l": 8, "r": 16, "t": 24, "b": 8}
_CONFIG = {"displayModeBar": False}
_GIVEN = {"automargin": False}  # where the margins are: plotly then draws once, not again with what it measured
LEGEND = {"orientation": "h", "y": 1.16, "x": 0}  # above the chart: beside it, it takes a phone's whole width

UNSAID = ("", "word", "score", "correlation")  # units that say nothing beside the figure
COUNTED = ("components", "packages", "columns", "types", "rows", "customers")

_WORST = (Status.FAIL, Status.STALE, Status.UNKNOWN, Status.PASS)


def worst(checks: Iterable[Check]) -> Status:
    """The state of a room: fail over stale over unknown over pass; unknown where nothing is checked."""
    found = {c.status for c in checks}
    return next((s for s in _WORST if s in found), Status.UNKNOWN)


def badge(status: Status) -> None:
    """State as word, icon and colour together."""
    st.badge(str(status), icon=ICON[status], color=COLOUR[status], help=MEANING[status])  # type: ignore[arg-type]


def number(value: float, unit: str = "") -> str:
    """A figure for people: three significant digits, thousands separated, % and currency as one expects them."""
    if unit == "share":
        if 0 < value < 1e-5:
            return "under 0.001 %"
        return f"{value * 100:.3g} %" if value < 0.9995 or value == 1 else f"{value * 100:.2f} %"
    if unit.endswith("/year") and unit[:3].isupper():
        return f"{money(value, unit[:3])}"
    text = f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{_three(value)}"
    return text if unit in UNSAID else f"{text} {unit}"


def money(value: float, currency: str = "USD") -> str:
    """A sum in three digits: $2.1M, $340k; another currency by its code."""
    sign = {"USD": "$", "EUR": "€", "GBP": "£"}.get(currency, f"{currency} ")
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{sign}{value / size:.3g}{letter}"
    return f"{sign}{value:.3g}"


def _three(value: float) -> str:
    if value == 0:
        return "0"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(places, 6)}f}"


def interval(e: Evidence) -> str:
    """The interval of a figure, its unit said once, or an empty text."""
    if e.low is None or e.high is None or e.low == e.high:
        return ""
    return between(e.low, e.high, e.unit)


def between(least: float, most: float, unit: str = "share") -> str:
    """Two bounds, their unit said once."""
    low, high = number(least, unit), number(most, unit)
    if " " in low and low.split(" ", 1)[1] == high.split(" ", 1)[-1]:
        low = low.split(" ", 1)[0]
    return f"{low} to {high}"


def headline(e: Evidence) -> str:
    """A figure in large type: what is counted stands in its label, and a duration is said as a person would."""
    if isinstance(e.value, str) or e.value is None:
        return e.value or "unknown"
    if e.unit in COUNTED:
        return number(e.value)
    return duration(e.value * 60) if e.unit == "minutes" else number(e.value, e.unit)


def figure_text(e: Evidence | None) -> str:
    """A figure in a line: value, interval and n; unknown stays a word."""
    if e is None or e.value is None:
        return "unknown"
    if isinstance(e.value, str):
        return e.value
    tail = [t for t in (interval(e), f"n {e.n:,}" if e.n is not None else "") if t]
    return number(e.value, e.unit) + (f" ({', '.join(tail)})" if tail else "")


def ago(when: datetime | None, now: datetime | None = None) -> str:
    """How long ago, in the largest unit that fits."""
    if when is None:
        return "never"
    seconds = ((now or datetime.now(UTC)) - when).total_seconds()
    if seconds < -3600:  # more than two clocks are apart
        return f"on {when:%d %B %Y}, in the future"
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            n = int(seconds // size)
            return f"{n} {word}{'s' if n > 1 else ''} ago"
    return "just now"


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def chart(fig: go.Figure, *, key: str, alt: str, title: str = "", height: int = 280) -> None:
    """Draw a chart in the house's dress: the finding as its title, no tool bar, room for labels, a text for readers."""
    if title:
        st.markdown(f"**{title}**")  # not in the figure: there it would be cut off on a phone
    fig.update_traces(cliponaxis=False, selector={"type": "scatter"})
    fig.update_layout(
        height=height,
        margin=_MARGIN,
        showlegend=bool(fig.layout.showlegend),
        bargap=0.25,
    )
    fig.update_xaxes(**_AXIS)
    fig.update_yaxes(**_AXIS)
    st.plotly_chart(fig, key=key, alt=alt, config=_CONFIG)


class _Plain(BaseFigure):  # type: ignore[misc]
    """A figure of plain values: plotly would check and copy every one of them, which takes longer than a market."""

    def __init__(self, figure: dict[str, Any]) -> None:
        self._figure = figure

    def to_dict(self) -> dict[str, Any]:
        return self._figure


def quick_chart(
    traces: Sequence[Mapping[str, Any]],
    *,
    key: str,
    alt: str,
    x: Mapping[str, Any],
    y: Mapping[str, Any],
    title: str = "",
    height: int = 280,
    margin: Mapping[str, int] | None = None,
    **layout: Any,
) -> None:
    """`chart` from plain values, for what follows a slider: plotly's own figures take a hundred times as long.

    Args:
        traces: plotly's traces; one without a type is a scatter.
        key: of the element.
        alt: a text for readers.
        x: the axis; its title may be a text.
        y: likewise.
        title: the finding.
        height: in px.
        margin: in px by side (l, t, b), where they are known, so that they need not be measured by drawing twice.
        layout: what else the layout holds: shapes, annotations, a legend, which is shown where it is given.
    """
    if title:
        st.markdown(f"**{title}**")
    data = [{"cliponaxis": False, **t} if t.get("type", "scatter") == "scatter" else dict(t) for t in traces]
    given = {} if margin is None else _GIVEN
    around = _MARGIN if margin is None else {**_MARGIN, **margin, "autoexpand": False}
    dress = {"height": height, "margin": around, "showlegend": "legend" in layout, "bargap": 0.25}
    fig = {"data": data, "layout": {**dress, "xaxis": {**_axis(x), **given}, "yaxis": {**_axis(y), **given}, **layout}}
    st.plotly_chart(_Plain(fig), key=key, alt=alt, config=_CONFIG)


def room_for(names: Iterable[str]) -> int:
    """The room that names take beside an axis, in px: the longest line of 12 px type, and a gap."""
    return 18 + math.ceil(5.6 * max(len(line) for name in names for line in name.split("<br>")))


def _axis(of: Mapping[str, Any]) -> dict[str, Any]:
    named = {"title": {"text": of["title"]}} if "title" in of else {}
    return {**_AXIS, **of, **named}


def across(at: float, *, hue: str = GREY, width: float = 2, dash: str = "dot") -> dict[str, Any]:
    """A vertical line through a chart at a value of its x axis, for `shapes`."""
    line = {"color": hue, "width": width, "dash": dash}
    return {"type": "line", "x0": at, "x1": at, "xref": "x", "y0": 0, "y1": 1, "yref": "y domain", "line": line}
