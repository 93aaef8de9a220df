"""The reading mode's five slides: problem, evidence, risks, money, ask, each saying one thing.

All figures come from the records and the kept review that the board shows, in the same words.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.evidence import Evidence, Status
from core.venture import Venture
from pages.shared.look import MODE, ROOM, between, headline, interval, money, number

STEPS = {
    "tam": "Whole market (TAM)",
    "sam": "you can serve (SAM)",
    "som": "you can win (SOM)",
    "after licences": "licences allow",
    "after data": "data rules allow",
    "after cost": "cost leaves",
}
_MOST = 6  # bars that can be read from the back of a room
_ASKED = 3  # steps of the ask
_NO_REVIEW = "Not reviewed since something was measured: open the board, and it will be."
Told = Mapping[str, Any]  # a kept review, or the answers of the checks alone where there is none of today


@dataclass(frozen=True, slots=True)
class Big:
    """A figure in large type: what it is, its value with unit, its interval and n, and the state of its check."""

    label: str
    value: str
    under: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: its length as a share of the longest possible, and the figure at its end."""

    label: str
    share: float
    text: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, and what would be true then."""

    text: str
    then: str


@dataclass(frozen=True, slots=True)
class Slide:
    """One screen: one sentence, then figures, bars or steps, then where all of it comes from."""

    name: str
    says: str
    source: str
    figures: tuple[Big, ...] = ()
    bars: tuple[Bar, ...] = ()
    steps: tuple[Step, ...] = ()
    state: str = ""


def problem(of: Venture, found: Mapping[str, Evidence], told: Told) -> Slide:
    """What it does, for whom, and what it must reach to be worth it."""
    promised = (
        ("Right answers, at least", of.must.accuracy, "share"),
        ("Off on average, at most", of.must.mae, ""),
        ("95 of 100 answers within", of.must.p95_ms, "ms"),
        ("Left of the price, at least", of.must.margin, "share"),
        ("To be won a year, at least", of.must.som, f"{of.market.currency}/year"),
    )
    figures = [Big(label, number(value, unit)) for label, value, unit in promised if value is not None]
    says = _sentence(of.need.does) or "What it does is not described yet."
    sold = ", ".join(MODE[m] for m in of.distribution.modes)
    return Slide(
        "Problem",
        says,
        f"{_sentence(of.need.for_whom)} Sold as: {sold}. Promises stated in the venture file.".strip(),
        tuple(figures[:4]) or (Big("What it must reach", "unknown", "the venture file states no promise", "unknown"),),
    )


def evidence(of: Venture, found: Mapping[str, Evidence], told: Told) -> Slide:
    """How much of it was measured, and the figure of each room that counts most."""
    tally = {s: sum(c["status"] == s for c in told["checks"]) for s in Status}
    says = f"{tally[Status.PASS]} of {len(told['checks'])} checks pass on what was measured"
    others = ((Status.FAIL, "fail"), (Status.UNKNOWN, "cannot be answered yet"), (Status.STALE, "are out of date"))
    rest = [f"{tally[s]} {word}" for s, word in others if tally[s]]
    wanted = (
        ("model.mae" if of.predicts_scores else "model.accuracy", "Off on average" if of.predicts_scores else
         "Right answers"),
        ("model.p95_latency", "95 of 100 answers within"),
        ("privacy.direct_share", "Rows that name people"),
        ("licences.blocked", "Parts that a licence blocks"),
    )  # fmt: skip
    figures = tuple(_big(found.get(name), label, _state(told, name)) for name, label in wanted)
    measured = [e.measured_at for e in found.values() if e.room in ROOM and e.source.kind == "measured"]
    when = f"Measured here, last on {max(measured):%d %B %Y}" if measured else "Nothing is measured yet"
    return Slide("Evidence", f"{'; '.join([says, *rest])}.", f"{when}. Every figure opens its evidence on the board.",
                 figures)  # fmt: skip


def risks(of: Venture, found: Mapping[str, Evidence], told: Told) -> Slide:
    """What holds it back: the checks that are least likely to hold."""
    checks = {c["id"]: c for c in told["checks"]}
    rows = sorted(
        (a for a in told.get("answers", ()) if a["id"] in checks), key=lambda a: (a["chance"], not a["known"])
    )
    bars = tuple(
        Bar(checks[a["id"]]["title"], a["chance"], number(a["chance"], "share"), checks[a["id"]]["status"])
        for a in rows[:_MOST]
    )
    drawn = f"in how many of {told['n']:,} joint draws it holds, each figure within its interval" if bars else ""
    failed = [c for c in told["checks"] if c["gate"] and c["status"] == Status.FAIL]
    return Slide(
        "Risks",
        f"{str(told['headline']).partition(':')[0].rstrip('.')}.",
        f"Each check, and {drawn}. Unknown ones are drawn as widely as they may be." if drawn else _NO_REVIEW,
        bars=bars,
        steps=() if bars else tuple(Step(c["title"], c["reason"]) for c in failed[:_ASKED]),
    )


def cash(of: Venture, found: Mapping[str, Evidence], told: Told) -> Slide:
    """What is left of the market, and what is left of the price."""
    currency = of.market.currency
    steps = told.get("graph", {}).get("narrowing", [])
    figures = (
        _big(found.get("market.som"), "You can win, a year (SOM)", _state(told, "market.som")),
        _big(found.get("market.margin"), "Left of the price", _state(told, "market.margin")),
        _big(found.get("market.cost_per_1000"), "1,000 requests cost", _state(told, "market.cost_per_1000")),
    )
    som = found.get("market.som")
    says = (
        f"{money(steps[-1]['median'], currency)} a year is left of a market of {money(steps[0]['median'], currency)}."
        if steps
        else f"{headline(som)} a year is to be won."
        if som and som.value is not None
        else "The market is not measured yet."
    )
    unsourced = found.get("market.unsourced")
    rest = (
        f" {headline(unsourced)} of the spread rests on no source." if unsourced and unsourced.value is not None else ""
    )
    stated = f"Medians of the joint draws, log scale; drawn from figures stated with their sources.{rest}"
    return Slide("Money", says, stated if steps else _NO_REVIEW, figures,
                 _on_a_log_scale(steps, currency))  # fmt: skip


def ask(of: Venture, found: Mapping[str, Evidence], told: Told) -> Slide:
    """The verdict, how likely all of it is, and the shortest way to GO."""
    p = told.get("p_go")
    word = str(told["verdict"])
    span = between(p["low"], p["high"]) if p and p["low"] != p["high"] else ""
    figures = [
        Big("P(go): every promise holds", number(p["value"], "share"), span)
        if p
        else Big("P(go): every promise holds", "unknown", "not reviewed since something was measured", "unknown")
    ]
    every = _grouped(told.get("flips", ()))
    if ways := every[:_ASKED]:
        figures.append(
            Big(f"after {'these steps' if len(ways) > 1 else 'this step'}", number(ways[-1][1], "share"), ways[-1][2])
        )
    steps = tuple(Step(todo, f"then {word}, P(go) {number(chance, 'share')}") for todo, chance, word in ways)
    says = f"{word} today." if not every else f"{word} today: one step is left to GO." if len(every) == 1 else (
        f"{word} today: {len(every)} steps are left to GO.")  # fmt: skip
    error = f" Numerical error {p['error'] * 100:.2g} points, n = {told['n']:,} joint draws." if p else ""
    more = f" The other {len(every) - len(ways)} steps stand on the board." if len(every) > len(ways) else ""
    return Slide("Ask", says, f"What nobody measured counts as a coin toss.{error}{more}", tuple(figures), steps=steps,
                 state={"GO": "pass", "NO-GO": "fail", "CONDITIONAL": "stale"}.get(word, "unknown"))  # fmt: skip


def _grouped(flips: Sequence[Mapping[str, Any]]) -> list[tuple[str, float, str]]:
    """What to do, in the order of the shortest way, with P(go) and the verdict then; one deed may clear several."""
    out: dict[str, tuple[str, float, str]] = {}
    for flip in flips:
        todo = flip["todo"] or flip["title"]
        if todo in out and todo != next(reversed(out)):
            continue  # done already, as an earlier step
        out[todo] = (todo, flip["p_go_so_far"], flip["verdict_so_far"])
    return list(out.values())


STORY: dict[str, Callable[[Venture, Mapping[str, Evidence], Told], Slide]] = {
    "problem": problem,
    "evidence": evidence,
    "risks": risks,
    "money": cash,
    "ask": ask,
}


def _big(e: Evidence | None, label: str, state: str) -> Big:
    if e is None or e.value is None:
        return Big(label, "unknown", _clause(e.reason) if e else "not measured yet", str(Status.UNKNOWN))
    bounds, n = interval(e), f"n\u00a0=\u00a0{e.n:,}" if e.n is not None else ""
    said = [f"{e.level * 100:g} %: {bounds}" if bounds else "", n]
    return Big(label, headline(e), " · ".join(s for s in said if s), state)


def _clause(reason: str) -> str:
    """The reason without what to do about it, which the board says."""
    return reason.partition(":")[0]


def _state(told: Told, figure: str) -> str:
    """The answer of the check that reads this figure; nothing where none does."""
    return next((str(c["status"]) for c in told["checks"] if figure in c["evidence"]), "")


def _on_a_log_scale(steps: Sequence[Mapping[str, Any]], currency: str) -> tuple[Bar, ...]:
    """Bars from a thousandth of the smallest step up, so that each can be seen beside the largest."""
    values = [float(s["median"]) for s in steps]
    if not values or max(values) <= 0:
        return ()
    top = math.log10(max(values))
    low = math.log10(max(min(values), max(values) * 1e-9)) - 1
    return tuple(
        Bar(STEPS.get(s["step"], s["step"]), (math.log10(max(v, 10**low)) - low) / (top - low), money(v, currency))
        for s, v in zip(steps, values, strict=True)
    )


def _sentence(text: str) -> str:
    """The text on one line, ended with a full stop."""
    line = " ".join(text.split()).rstrip(".")
    return f"{line[:1].upper()}{line[1:]}." if line else ""
