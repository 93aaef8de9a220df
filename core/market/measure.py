"""The door of the market room: a venture's assumptions in, the size of its market as evidence out."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.evidence import Evidence, Source
from core.progress import Progress, silent
from core.venture import Market as StatedMarket
from core.venture import Venture

if TYPE_CHECKING:
    from core.formula import Node
    from core.market.adoption.forecast import Adoption
    from core.market.draws import Array, Draws
    from core.market.pace import Pace
    from core.market.sizing import MarketSize, Size
    from core.market.stated import Assumption, Market

_METHOD = {
    "tam": "Total market: the stated ranges, multiplied or put into the stated formula",
    "sam": "Serviceable market: the total times the shares that can be served",
    "som": "Obtainable market: the serviceable market times the shares that can be won",
}
_HOW = (
    "each range a metalog through its 10, 50 and 90 % points (Keelin 2016), {together}, {n:,} scrambled Sobol draws; "
    "median, with 80 % of the draws between low and high."
)
_UNSOURCED = (
    "Share of the variance of ln({level}) that comes from assumptions without source or author (Sobol index, {how})."
)
_RATE = "model.server_rate"
_BESIDE = {"price": "money", "demand": "money", "potential": "adoption"}
_ADD = {
    "tam": "add [[market.assumptions]] with p10, p50 and p90, and name those that multiply to the total in tam under "
    "[market]",
    "sam": "name the shares of the total that the product can serve in sam under [market]",
    "som": "name the shares of the serviceable market that it can win in som under [market]",
}


def measure(
    venture: Venture, run_dir: Path, progress: Progress = silent, read: Mapping[str, Evidence] | None = None
) -> list[Evidence]:
    """Size the market: `market.tam`, `.sam` and `.som` in currency per year, `market.unsourced` and `market.outdated`.

    Where the venture states them: `market.reconciliation`, how far its methods overlap; `market.capacity` and
    `market.plan`, the share of draws in which the sales team could close SOM and in which SOM carries the plan. What
    the venture does not state of the first five is evidence without a value, with a reason that says what to add.
    With [market.adoption] `market.customers`; with [market.money] `market.cost_per_1000` and `market.margin` (also at
    10 and 100 times the demand), which need the model room's `model.server_rate` among the records `read`.
    """
    progress(0, 1, "Drawing the market")
    market = plain(venture.market)
    found = market_size(venture.market) if market.methods else None
    out = [_figure(market, found, level) for level in _METHOD]
    out += [_unsourced(market, found), _outdated(found)]
    beside = _beside(venture.market, market)
    pace = None
    if venture.market.adoption is not None:
        progress(0.4, 1, "Fitting the adoption curve and testing it on earlier ends of the series")
        adopted = _adoption(venture.market, venture.locate)
        out.append(_adopted(venture.market, adopted, beside.get("potential")))
        pace = _pace(venture.market, adopted, beside) if found is not None else None
    if found is not None:
        out += _held(market, found, pace)
    if venture.market.money is not None:
        out += _priced(venture, beside, (read or {}).get(_RATE))
    progress(1, 1, "Market sized")
    return out


def _beside(stated_market: StatedMarket, market: "Market") -> "dict[str, Array]":
    """Price, demand and potential, each where it is stated, in the joint draws of all figures."""
    if not market.beside:
        return {}
    from core.market.draws import quantity, sample, with_formulas

    values = with_formulas(market, sample(market))
    return {name: quantity(tree, values, f"{_BESIDE[name]}.{name}") for name, tree in market.beside.items()}


def _adoption(market: StatedMarket, locate: Callable[[str], Path], *, test: bool = True) -> "Adoption":
    """The forecast of the stated series; without its `test` where only the forecast is asked for."""
    from core.market.adoption import forecast
    from core.market.adoption.series import read_series, series

    stated = market.adoption
    assert stated is not None  # noqa: S101 - its caller asked
    sales = (
        read_series(locate(stated.series), stated.period)
        if stated.series
        else series(stated.numbers, "market.adoption.numbers")
    )
    of = forecast.problem(sales, stated.model)
    return forecast.adoption(of, period=stated.period, horizon=stated.horizon, test=test)


def _pace(stated_market: StatedMarket, found: "Adoption", beside: "Mapping[str, Array]") -> "Pace | None":
    """SOM against the forecast; None where they are not of the same customers."""
    from core.market.pace import comparable, held_to_pace
    from core.market.takeup import at_the_end

    market, stated = plain(stated_market), stated_market.adoption
    if stated is None or not comparable(market):
        return None
    churn = (stated.churn.p10, stated.churn.p50, stated.churn.p90)
    kept, sizes = at_the_end(found, beside["potential"], churn)
    said = {"analogue": stated.analogue, "period": stated.period, "horizon": stated.horizon}
    som = market_draws(stated_market).figures[market.methods[0].name]["som"]
    return held_to_pace(market, som, kept, sizes, said)


def size_as_json(market: StatedMarket, found: "MarketSize", folder: Path) -> dict[str, Any]:
    """What `market size --json` prints: the sizes, and SOM against the forecast of adoption where both are stated."""
    out = found.as_json()
    pace = _pace_of(market, folder)
    if pace is not None:
        out["reconciliation"] = {"level": "som", "overlap": None, "pairs": []} | (out["reconciliation"] or {})
        out["reconciliation"]["adoption"] = pace.as_json()
    return out


def pace_words(market: StatedMarket, folder: Path) -> list[str]:
    """The same for people; empty where the two are not both stated."""
    pace = _pace_of(market, folder)
    return [pace.sentence] if pace is not None else []


def _pace_of(market: StatedMarket, folder: Path) -> "Pace | None":
    from core.market.pace import comparable

    if market.adoption is None or not comparable(plain(market)):
        return None
    found = _adoption(market, lambda name: folder / name, test=False)
    return _pace(market, found, _beside(market, plain(market)))


def _adopted(market: StatedMarket, found: "Adoption", potential: "Array | None") -> Evidence:
    from core.market.takeup import adopted

    stated = market.adoption
    assert stated is not None  # noqa: S101 - its caller asked
    churn = stated.churn
    whose = f"series of {stated.analogue}" if stated.analogue else "the venture's own series"
    words = [f"{whose}: {stated.source or 'unsourced'}", f"churn: {churn.source or churn.by or 'unsourced'}"]
    said = {
        "analogue": stated.analogue,
        "period": stated.period,
        "words": "; ".join(words),
        "date": churn.date,
    }
    return adopted(found, potential, (churn.p10, churn.p50, churn.p90), said)


def _priced(venture: Venture, beside: "Mapping[str, Array]", rate: Evidence | None) -> list[Evidence]:
    from datetime import date

    from core.market.money import priced
    from core.prices import read_prices

    stated = venture.market.money
    assert stated is not None  # noqa: S101 - its caller asked
    prices = [p.as_json() | {"stale": p.stale(date.today())} for p in read_prices()]
    stale = rate is not None and rate.is_stale(venture.inputs("model"))
    return priced(rate, stale, beside, stated.model_dump(), prices, venture.market.currency)


def plain(market: StatedMarket) -> "Market":
    """What a venture says of its market, in the room's own terms."""
    from core.market import stated

    ways = {name: (way, market.tree(way.tam)) for name, way in market.stated.items()}
    return stated.Market(
        methods=tuple(
            stated.Method(n, tree, tuple(w.sam), tuple(w.som)) for n, (w, tree) in ways.items() if tree is not None
        ),
        assumptions=tuple(stated.Assumption(**a.model_dump()) for a in market.assumptions),
        formulas=market.formula_trees(),
        labels={f.id: f.label for f in market.formulas},
        correlations=tuple(stated.Correlation(c.between[0], c.between[1], c.rho) for c in market.correlations),
        capacity=market.tree(market.capacity),
        plan=market.tree(market.plan),
        currency=market.currency,
        year=market.year,
        notices=tuple(market.unit_notices()),
        beside=_trees_beside(market),
    )


def _trees_beside(market: StatedMarket) -> "dict[str, Node]":
    asked = {name: getattr(market.money, name) for name in ("price", "demand")} if market.money else {}
    if market.adoption:
        asked["potential"] = market.adoption.potential
    return {name: tree for name, text in asked.items() if (tree := market.tree(text)) is not None}


def market_size(market: StatedMarket) -> "MarketSize":
    """Size the market that a venture states; what `market size` prints is its `as_json()`.

    Raises:
        InputError: no method states a total market, or its figures cannot be computed.
    """
    from core.market.sizing import size

    return size(plain(market))


def market_draws(market: StatedMarket) -> "Draws":
    """The joint draws that every market figure comes from: the same points, seed and numbers on each call.

    Raises:
        InputError: as `market_size`.
    """
    from core.market.draws import draw

    return draw(plain(market))


def _figure(market: "Market", found: "MarketSize | None", level: str) -> Evidence:
    size: Size | None = getattr(found, level) if found else None
    unit = f"{market.currency}/year"
    if found is None or size is None:
        reason = _reason(_missing(market))
        return Evidence(f"market.{level}", None, unit, _METHOD[level] + ".", Source("stated"), reason=reason)
    from core.market.words import WAYS

    together = "with the stated rank correlations" if market.correlated else "taken as independent"
    return Evidence(
        id=f"market.{level}",
        value=size.p50,
        low=size.p10,
        high=size.p90,
        level=0.8,
        unit=unit,
        n=found.n,
        method=f"{_METHOD[level]}; {WAYS[found.ways[0].name]}; {_HOW.format(n=found.n, together=together)}",
        source=_source(market.behind(market.methods[0].tree(level))),
        detail=_detail(found, level),
    )


def _missing(market: "Market") -> str:
    levels = market.methods[0].levels if market.methods else ()
    return next(name for name in _METHOD if name not in levels)


def _reason(missing: str) -> str:
    name = {"tam": "total market", "sam": "serviceable share", "som": "obtainable share"}[missing]
    return f"The venture file states no {name}: {_ADD[missing]}."


def _detail(found: "MarketSize", level: str) -> dict[str, Any]:
    way = found.ways[0]
    out = asdict(way.sizes[level])
    out["histogram"] = {k: list(v) if isinstance(v, tuple) else v for k, v in out["histogram"].items()}
    sourced = {a.id: a.sourced for a in found.market.assumptions}
    drivers = [
        {
            "id": i.id,
            "label": found.market.label(i.id),
            "share_of_variance": i.total,
            "first": i.first,
            "sourced": sourced[i.id],
        }
        for i in found.hangs_on[level].indices
    ]
    swings = [asdict(s) for s in found.hangs_on[level].swings]
    steps = [asdict(s) for s in way.steps]
    return {
        **out,
        "drivers": drivers,
        "tornado": swings,
        "steps": steps,
        "method": way.name,
        "seed": found.seed,
        "year": found.market.year,
        "notices": list(found.market.notices),
    }


def _source(behind: "tuple[Assumption, ...]") -> Source:
    """Who or what says so; left empty, which shows as unsourced, where not one assumption has a source."""
    named = list(dict.fromkeys(a.source or a.by for a in behind if a.sourced))
    unsourced = [a.label for a in behind if not a.sourced]
    dates = sorted(a.date for a in behind if a.sourced and a.date)
    words = named + ([f"unsourced: {', '.join(unsourced)}"] if named and unsourced else [])
    return Source("stated", "; ".join(words), dates[0] if dates else "")


def _unsourced(market: "Market", found: "MarketSize | None") -> Evidence:
    from core.market.sizing import described

    level = found.level if found else "tam"
    hangs = found.hangs_on[level] if found else None
    value = hangs.unsourced if hangs else None
    reason = ""
    if value is None:
        reason = _reason("tam") if hangs is None else "All assumptions are single numbers: give p10, p50 and p90 apart."
    return Evidence(
        id="market.unsourced",
        value=value,
        unit="share",
        n=len(market.used) if hangs else None,
        method=_UNSOURCED.format(level=level.upper(), how="in closed form" if hangs and hangs.exact else "estimated"),
        source=_source(market.used),
        reason=reason,
        detail={"of": level, "assumptions": described(market, hangs)},
    )


def _outdated(found: "MarketSize | None") -> Evidence:
    from datetime import date

    from core.market.age import outdated

    return outdated(found, date.today(), _reason("tam"))


def _reconciled(market: "Market", found: "MarketSize", pace: "Pace | None") -> list[Evidence]:
    """How far the ways to the market agree: the methods with each other, and SOM with the forecast of adoption."""
    from core.market.sizing import reconciled_json
    from core.market.words import WAYS, gap_words

    between = found.reconciliation
    if between is None and pace is None:
        return []
    detail: dict[str, Any] = {"sentence": gap_words(found), **(reconciled_json(between) if between else {})}
    ways, value = [WAYS[w.name] for w in found.ways], between.overlap if between else 1.0
    reason = ""
    if pace is not None:
        detail["adoption"] = pace.as_json()
        ways.append("by the pace of adoption, whichever overlaps least")
        if pace.overlap < value:
            value, reason = pace.overlap, pace.sentence
    return [
        Evidence(
            id="market.reconciliation",
            value=value,
            unit="share",
            n=found.n,
            method=f"Overlap of the {(between.level if between else 'som').upper()} distributions by "
            f"{' and '.join(ways)}: the area under the lowest density (Inman 1989).",
            source=_source(market.used),
            reason=reason,
            detail=detail,
        )
    ]


def _held(market: "Market", found: "MarketSize", pace: "Pace | None") -> list[Evidence]:
    """What the ways to the market say of each other, and what SOM is held to."""
    from core.market.words import held_words

    out = _reconciled(market, found, pace)
    for name, held, tree in (("capacity", found.capacity, market.capacity), ("plan", found.plan, market.plan)):
        if held is not None:
            out.append(
                Evidence(
                    id=f"market.{name}",
                    value=held.holds,
                    unit="share",
                    n=found.n,
                    method=_HELD[name].format(level=found.level.upper()),
                    source=_source(market.behind(tree)),
                    detail={**asdict(held), "sentence": held_words(found, name, held)},
                )
            )
    return out


_HELD = {
    "capacity": "Share of the draws in which the stated sales capacity is at least {level}.",
    "plan": "Share of the draws in which {level} is at least the revenue that the plan states.",
}
