"""The charts of the leak meter: what the search covers of each type, and which rows leak."""

from collections.abc import Sequence

import plotly.graph_objects as go

from core.privacy import policy
from core.privacy.leak.estimate import Result
from pages.shared.look import BLUE, ORANGE, PINK, SKY, chart, number

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
    """Labelled rows that leak, by how sure the search was."""
    rows = [r for r in reversed(result.strata) if r[2]]
    shares = [x / m for _, _, m, x in rows]
    fig = go.Figure(
        go.Bar(
            x=shares,
            y=[f"{s} ({n:,} rows)" for s, n, _, _ in rows],
            orientation="h",
            text=[f"{x} of {m} labelled" for _, _, m, x in rows],
            textposition="outside",
            cliponaxis=False,
            marker={"color": [ORANGE if s in ("looks missed", "unsure") else SKY for s, *_ in rows]},
            hovertemplate="%{y}: %{x:.0%} of the labelled rows leak<extra></extra>",
        )
    )
    fig.update_xaxes(title="labelled rows that leak", tickformat=".0%", range=[0, 1.5 * max(shares) or 1])
    worst = max(zip(shares, rows, strict=True), default=(0.0, ("", 0, 0, 0)))
    title = f"Leaks most: {worst[1][0]}" if worst[0] else "No labelled row leaks"
    said = "; ".join(f"{s}: {x} of {m} labelled leak ({number(x / m, 'share')})" for s, _, m, x in rows)
    chart(
        fig, key=key, title=title, alt=f"Leaking rows by how sure the search was. {said}", height=130 + 34 * len(rows)
    )
