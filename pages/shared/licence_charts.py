"""The charts of the licence room: what a check found, by kind of licence and by way of selling."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from pages.shared.look import MODE, STATE_HUE, chart

ORDER = ("blocked", "unknown", "obligations", "allowed")
STATE_WORD = {
    "allowed": "allowed",
    "obligations": "allowed, with duties",
    "unknown": "unknown",
    "blocked": "blocked",
}
# What LicenseDB's categories mean, in a founder's words.
CATEGORY_WORD = {
    "Permissive": "do nearly anything, keep the notice",
    "Public Domain": "given to everybody",
    "Copyleft Limited": "changes to the part itself must be published",
    "Copyleft": "what you ship with it must be published",
    "Source-available": "readable, with limits on use",
    "Proprietary Free": "free to use, on the owner's terms",
    "Free Restricted": "free to use, with limits",
    "Commercial": "to be bought",
    "Unknown": "nobody could tell yet",
}
GROUPED = 80  # packages of one category and state from which they are drawn as one tile


def treemap(parts: Sequence[Mapping[str, Any]], mode: str, *, key: str, height: int = 360) -> None:
    """Every component as a tile, by category, coloured by what it means in one mode."""
    tiles: list[tuple[str, str, str, int, str, str]] = []  # id, label, parent, how many, colour, what it says
    for category, inside in _grouped(parts, "category").items():
        worst = min((_state(p, mode) for p in inside), key=ORDER.index)
        about = CATEGORY_WORD.get(category, "terms of its own")
        tiles.append((category, f"{category} ({len(inside)})", "", len(inside), STATE_HUE[worst], about))
        for state in ORDER:
            same = [p for p in inside if _state(p, mode) == state]
            if len(same) > GROUPED:
                label = f"{len(same)} packages {STATE_WORD[state]}"
                tiles.append((f"{category}/{state}", label, category, len(same), STATE_HUE[state], about))
            else:
                for p in same:
                    said = f"{p.get('concluded') or 'unknown'}: {STATE_WORD[state]}"
                    tile = f"{category}/{p['kind']}/{p['name']}/{p['version']}"
                    tiles.append((tile, p["name"], category, 1, STATE_HUE[state], said))
    ids, labels, parents, values, colours, texts = zip(*tiles, strict=True) if tiles else ((),) * 6
    fig = go.Figure(
        go.Treemap(
            ids=ids,
            labels=labels,
            parents=parents,
            values=values,
            branchvalues="total",
            marker={"colors": colours},
            customdata=texts,
            textfont={"color": "#101418"},
            hovertemplate="%{label}<br>%{customdata}<extra></extra>",
            tiling={"pad": 2},
        )
    )
    chart(fig, key=key, title=_title(parts, mode), alt=_alt(parts, mode), height=height)


def _grouped(parts: Sequence[Mapping[str, Any]], field: str) -> dict[str, list[Mapping[str, Any]]]:
    out: dict[str, list[Mapping[str, Any]]] = {}
    for p in parts:
        out.setdefault(str(p.get(field) or "Unknown"), []).append(p)
    return dict(sorted(out.items(), key=lambda pair: -len(pair[1])))


def _state(part: Mapping[str, Any], mode: str) -> str:
    return str(part["modes"][mode]["status"])


def _title(parts: Sequence[Mapping[str, Any]], mode: str) -> str:
    counts = {state: sum(_state(p, mode) == state for p in parts) for state in ORDER}
    free = counts["allowed"] + counts["obligations"]
    rest = [f"{counts[s]} {w}" for s, w in (("blocked", "block"), ("unknown", "unknown")) if counts[s]]
    tail = f"; {', '.join(rest)}" if rest else ""
    return f"{MODE[mode]}: {free} of {len(parts)} components may be used{tail}"


def _alt(parts: Sequence[Mapping[str, Any]], mode: str) -> str:
    groups = "; ".join(f"{name} {len(rows)}" for name, rows in _grouped(parts, "category").items())
    return f"Components by kind of licence: {groups}. {_title(parts, mode)}"
