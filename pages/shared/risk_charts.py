"""The charts of re-identification: how well people hide, and what saying less would change."""

import plotly.graph_objects as go

from core.privacy.risk import Risk
from core.privacy.risk.coarsen import ALL, DROP
from pages.shared.look import BLUE, GREY, ORANGE, PINK, chart, number

_MOST = 14  # bars that one can still read
_HELPS = 0.01  # fewer unique rows, in share, that are worth a headline


def sizes(risk: Risk, *, key: str) -> None:
    """Share of the rows by how many rows look alike, those that are alone in the colour that warns."""
    bars = risk.groups.sizes
    names = [f"{a}" if a == b else f"{a} to {b}" if b else f"{a}+" for a, b, _ in bars]
    shares = [n / risk.rows for _, _, n in bars]
    fig = go.Figure(
        go.Bar(
            x=names,
            y=shares,
            text=[number(s, "share") if s else "" for s in shares],
            textposition="outside",
            cliponaxis=False,
            customdata=[n for _, _, n in bars],
            marker={"color": [PINK if a == 1 else ORANGE if a < 5 else BLUE for a, _, _ in bars]},
            hovertemplate="groups of %{x}: %{customdata:,} rows (%{y:.1%})<extra></extra>",
        )
    )
    fig.update_xaxes(title="rows that look alike", type="category")
    fig.update_yaxes(title="of all rows", tickformat=".0%", range=[0, 1.15 * max(shares)])
    unique = number(risk.groups.unique_share, "share")
    said = "; ".join(f"groups of {name}: {number(s, 'share')}" for name, s in zip(names, shares, strict=True) if s)
    title = f"{unique} of the rows are alone" if risk.groups.unique else f"Nobody is alone: k is {risk.groups.k:,}"
    chart(fig, key=key, title=title, alt=f"Rows by size of their group. {said}", height=320)


def what_ifs(risk: Risk, *, key: str) -> None:
    """The share of unique rows after each single change, best first; where nobody is unique, the smallest group."""
    shown = risk.what_ifs[:_MOST]
    if not shown:
        return
    now = risk.groups.unique_share
    rows = [("as it is now", now, risk.groups.k), *((w.words, w.after.unique_share, w.after.k) for w in shown)]
    of_k = not now
    fig = go.Figure(
        go.Bar(
            x=[k if of_k else share for _, share, k in rows],
            y=[words for words, _, _ in rows],
            orientation="h",
            text=[f"k {k:,}" if of_k else f"{number(share, 'share')} · k {k:,}" for _, share, k in rows],
            textposition="outside",
            cliponaxis=False,
            customdata=[(share, k) for _, share, k in rows],
            marker={"color": [GREY, *[BLUE] * len(shown)]},
            hovertemplate="%{y}: %{customdata[0]:.2%} unique, k %{customdata[1]:,}<extra></extra>",
        )
    )
    if of_k:
        most = max(k for *_, k in rows)
        fig.update_xaxes(title="rows of the smallest group (k)", rangemode="tozero", range=[0, 1.4 * most])
    else:
        most_unique = max(s for _, s, _ in rows)
        fig.update_xaxes(title="unique rows", tickformat=".0%", range=[0, 1.45 * most_unique])
    fig.update_yaxes(autorange="reversed")
    said = "; ".join(f"{words} {number(share, 'share')}, k {k:,}" for words, share, k in rows)
    alt = f"Unique rows and the smallest group by change. {said}"
    chart(fig, key=key, title=_finding(risk), alt=alt, height=110 + 30 * len(rows))


def _finding(risk: Risk) -> str:
    """What a single change would do, in words: that which keeps the column and helps most, where one helps."""
    now = risk.groups.unique_share
    if not now:
        most = max(risk.what_ifs, key=lambda w: w.after.k)
        return f"Nobody is unique. {most.words}: k {risk.groups.k:,} → {most.after.k:,}"
    kept = [w for w in risk.what_ifs if w.way not in (DROP, ALL)]
    best = next((w for w in kept if now - w.after.unique_share >= _HELPS), risk.what_ifs[0])
    least = number(best.after.unique_share, "share")
    if now - best.after.unique_share < _HELPS:
        return f"No change helps much: {least} of the rows stay unique"
    return f"{best.words}: unique rows {number(now, 'share')} → {least}"
