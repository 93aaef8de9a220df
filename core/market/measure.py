"""The door of the market room: a venture's assumptions in, the size of its market as evidence out."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.evidence import Evidence, Source
from core.progress import Progress, silent
from core.venture import Market as StatedMarket
from core.venture import Venture

if TYPE_CHECKING:
    from core.market.sizing import Market, MarketSize, Size

_METHOD = {
    "tam": "Total market: the product of the stated ranges",
    "sam": "Serviceable market: the total times the shares that can be served",
    "som": "Obtainable market: the serviceable market times the shares that can be won",
}
_HOW = (
    "each range a metalog through its 10, 50 and 90 % points (Keelin 2016), taken as independent, {n:,} scrambled "
    "Sobol draws; median, with 80 % of the draws between low and high."
)
_UNSOURCED = "Share of the variance of ln({level}) that comes from assumptions without source or author."
_ADD = {
    "tam": "add [[market.assumptions]] with p10, p50 and p90, and name those that multiply to the total in tam under "
    "[market]",
    "sam": "name the shares of the total that the product can serve in sam under [market]",
    "som": "name the shares of the serviceable market that it can win in som under [market]",
}


def measure(venture: Venture, run_dir: Path, progress: Progress = silent) -> list[Evidence]:
    """Size the market: `market.tam`, `market.sam`, `market.som` in currency per year, and `market.unsourced`.

    What the venture does not state is evidence without a value, with a reason that says what to add.
    """
    progress(0, 1, "Drawing the market")
    market = plain(venture.market)
    found = market_size(venture.market) if market.tam else None
    out = [_figure(market, found, level) for level in _METHOD]
    progress(1, 1, "Market sized")
    return [*out, _unsourced(market, found)]


def plain(market: StatedMarket) -> "Market":
    """What a venture says of its market, in the room's own terms."""
    from core.market.sizing import Assumption, Market

    assumptions = tuple(Assumption(**a.model_dump()) for a in market.assumptions)
    return Market(tuple(market.tam), tuple(market.sam), tuple(market.som), assumptions, market.currency, market.year)


def market_size(market: StatedMarket) -> "MarketSize":
    """Size the market that a venture states; what `market size` prints is its `as_json()`.

    Raises:
        InputError: it names no assumptions for the total market.
    """
    from core.market.sizing import size

    return size(plain(market))


def _figure(market: "Market", found: "MarketSize | None", level: str) -> Evidence:
    size: Size | None = getattr(found, level) if found else None
    unit = f"{market.currency}/year"
    if found is None or size is None:
        missing = next(name for name in _METHOD if not getattr(market, name))
        return Evidence(f"market.{level}", None, unit, _METHOD[level] + ".", Source("stated"), reason=_reason(missing))
    return Evidence(
        id=f"market.{level}",
        value=size.p50,
        low=size.p10,
        high=size.p90,
        level=0.8,
        unit=unit,
        n=found.n,
        method=f"{_METHOD[level]}; {_HOW.format(n=found.n)}",
        source=_source(market, level),
        detail=_detail(found, size),
    )


def _reason(missing: str) -> str:
    name = {"tam": "total market", "sam": "serviceable share", "som": "obtainable share"}[missing]
    return f"The venture file states no {name}: {_ADD[missing]}."


def _detail(found: "MarketSize", size: "Size") -> dict[str, Any]:
    from dataclasses import asdict

    plain = asdict(size)
    plain["histogram"] = {k: list(v) if isinstance(v, tuple) else v for k, v in plain["histogram"].items()}
    drivers = [d for d in plain["drivers"] if d["share_of_variance"] is not None]  # none where nothing spreads
    return {**plain, "drivers": drivers, "seed": found.seed, "year": found.market.year}


def _source(market: "Market", level: str) -> Source:
    """Who or what says so; left empty, which shows as unsourced, where not one assumption has a source."""
    behind = [a for a in market.used if a.id in market.factors(level)]
    named = list(dict.fromkeys(a.source or a.by for a in behind if a.sourced))
    unsourced = [a.label for a in behind if not a.sourced]
    dates = sorted(a.date for a in behind if a.sourced and a.date)
    words = named + ([f"unsourced: {', '.join(unsourced)}"] if named and unsourced else [])
    return Source("stated", "; ".join(words), dates[0] if dates else "")


def _unsourced(market: "Market", found: "MarketSize | None") -> Evidence:
    from core.market.sizing import described

    level = "som" if found and found.som else "sam" if found and found.sam else "tam"
    size = found.narrowest if found else None
    value = size.unsourced_share if size else None
    reason = ""
    if value is None:
        reason = _reason("tam") if size is None else "All assumptions are single numbers: give p10, p50 and p90 apart."
    return Evidence(
        id="market.unsourced",
        value=value,
        unit="share",
        n=len(market.used) if size else None,
        method=_UNSOURCED.format(level=level.upper()),
        source=_source(market, level),
        reason=reason,
        detail={"of": level, "assumptions": described(market, size)},
    )
