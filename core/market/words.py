"""A sized market in sentences: for the terminal, and beside the figures and charts."""

from core.market.reconcile import Held
from core.market.sizing import MarketSize
from core.units import percent

WAYS = {"bottom_up": "bottom-up", "top_down": "top-down", "value_based": "value-based"}


def said(found: MarketSize) -> list[str]:
    """What `market size` prints for people."""
    money = found.market.currency
    out = []
    for way in found.ways:
        out.append(f"{WAYS[way.name]}:")
        for level, size in way.sizes.items():
            spread = f"{_sum(size.p10, money)} to {_sum(size.p90, money)} in 8 of 10 draws"
            out.append(f"  {level.upper()}  {_sum(size.p50, money)} a year ({spread})")
    if found.hangs_on[found.level].indices:
        out.append(f"the spread of {found.level.upper()} comes from:")
    out += [f"  {percent(i.total):>5}  {found.market.label(i.id)}" for i in found.hangs_on[found.level].indices]
    if found.unsourced_share is not None:
        out.append(f"{percent(found.unsourced_share)} of it rests on figures without a source.")
    out += [gap_words(found)] if found.reconciliation else []
    for name, held in (("capacity", found.capacity), ("plan", found.plan)):
        out += [held_words(found, name, held)] if held else []
    error = found.narrowest.numerical_error
    out.append(f"{found.n:,} draws, seed {found.seed}; drawing alone moves the median by {percent(error, 1)}.")
    return out + [f"note: {notice}" for notice in found.market.notices]


def gap_words(found: MarketSize) -> str:
    """How far the methods are apart, and the one figure that would close the gap, in a sentence or two."""
    between = found.reconciliation
    if between is None:
        return "One method is stated: a second one would show whether the figure holds."
    pair = between.widest
    high, low = (pair.a, pair.b) if pair.ratio >= 1 else (pair.b, pair.a)
    times = max(pair.ratio, 1 / pair.ratio)
    said = f"{WAYS[high].capitalize()} gives {times:.3g} times the {between.level.upper()} of {WAYS[low]}"
    said += f"; their distributions overlap by {percent(pair.overlap)}."
    if times < 1.02:
        return f"{WAYS[high].capitalize()} and {WAYS[low]} meet: {said[0].lower()}{said[1:]}"
    if pair.closes is None:
        return f"{said} No single figure closes the gap."
    closes = pair.closes
    where = "within its range" if closes.within else "beyond its range"
    value, stated = (_said(v) for v in (closes.value, closes.p50))
    return f"{said} They meet where “{closes.label}” is {value} in place of {stated}, {where}."


def _said(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def held_words(found: MarketSize, name: str, held: Held) -> str:
    """SOM against the sales team or the plan, in a sentence."""
    money, level = found.market.currency, found.level.upper()
    if name == "capacity":
        said = f"The sales team can close {_sum(held.p50, money)}"
        said += f" a year ({_sum(held.p10, money)} to {_sum(held.p90, money)}); {level} is {_sum(held.som, money)}."
        ratio = held.som / held.p50
        enough = f"It could close all of it in {percent(held.holds)} of draws."
        short = f"{level} asks for {ratio:.2g} times what it can close: more people, larger deals or a smaller claim."
        return f"{said} {enough if ratio <= 1 else f'{enough} {short}'}"
    said = f"The plan states {_sum(held.p50, money)} a year; {level} is {_sum(held.som, money)} and carries it in "
    return f"{said}{percent(held.holds)} of draws."


def _sum(value: float, currency: str) -> str:
    """A sum in three digits, as the pages write it: $2.1M, $340k; another currency by its code."""
    sign = {"USD": "$", "EUR": "€", "GBP": "£"}.get(currency, f"{currency} ")
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{sign}{value / size:.3g}{letter}"
    return f"{sign}{value:.3g}"
