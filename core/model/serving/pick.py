"""Which variant to ship: what 1,000 requests cost, which variants no other beats, the cheapest that does what it must.

Cost of 1,000 requests = price of an hour / (requests a second * 3,600 * utilisation) * 1,000. The rate was measured
here and the price is a rented machine's, so the two must be comparable, and the answer says which machine it means.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from core.model.stats import Interval
from core.prices import Price

UTILISATION = 0.3  # of an hour paid for that is spent answering; a service must bear its peak, so most of it is idle
PROVEN, NOT_PROVEN, WORSE = "proven", "not proven", "worse"
MET, MISSED, OPEN = "met", "missed", "not shown"
_RETRAINED = ("pruned", "distilled")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A measured variant.

    Attributes:
        accuracy: on the test rows, with its interval.
        p95: ms of single requests; None where too few were timed.
        requests_per_s: the rate that is paid for; None where it is unknown.
        receipt: "proven" no worse than the fp32 model, "not proven" or "worse"; empty for the fp32 model itself.
    """

    name: str
    accuracy: Interval
    p95: Interval | None
    size_mb: float
    requests_per_s: float | None
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Must:
    """What the venture asks; None asks nothing. The cost is in USD."""

    accuracy: float | None = None
    p95_ms: float | None = None
    cost_per_1000: float | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """The priced machines that are like the measured one, which has `vcpu` processors; the cheapest first.

    Like it are those without an accelerator that have as many processors, or the next larger number that is priced,
    and enough memory. How fast each processor is stays unknown, so the cost is an estimate.
    """

    prices: tuple[Price, ...]
    vcpu: int
    today: date

    @property
    def taken(self) -> Price | None:
        """The one that costs are worked out with: the cheapest, of those read lately where there are any."""
        fresh = [p for p in self.prices if not p.stale(self.today)]
        return next(iter(fresh or self.prices), None)

    def said(self) -> str:
        """Which machine it is, in words."""
        it = self.taken
        if it is None:
            return (
                f"No machine in data/prices.csv has {self.vcpu} processors or more, no accelerator and enough memory."
            )
        stale = ", which is more than 90 days ago" if it.stale(self.today) else ""
        size = (
            "It has as many processors as the measured machine"
            if it.vcpu == self.vcpu
            else f"The measured machine has {self.vcpu} processors, so the cost is rather too high"
        )
        return (
            f"{it.provider} {it.machine} in {it.region}: {it.vcpu} vCPU, {it.memory_gib:g} GiB, ${it.usd_per_hour:g} "
            f"an hour, read on {it.read:%d %B %Y}{stale}. {size}; how fast they are was not compared."
        )


@dataclass(frozen=True, slots=True)
class Row:
    """A variant on the board.

    Attributes:
        cost: USD for 1,000 requests on the machine taken; None where the rate or the price is unknown.
        cost_high: on the dearest comparable machine.
        pareto: no other variant is at least as good in accuracy, p95, size and cost, and better in one.
        asked: what is asked -> "met", "missed" or "not shown".
        division: what MLPerf would call it: "closed" where only precision or format changed, "open" where it was
            trained again or weights were dropped.
        why: why it is the pick, or why it is not.
    """

    it: Candidate
    cost: float | None
    cost_high: float | None
    pareto: bool
    asked: dict[str, str]
    division: str
    why: str


@dataclass(frozen=True, slots=True)
class Board:
    """All variants, and the one to ship; `why` says so in a sentence, also where there is none."""

    rows: tuple[Row, ...]
    pick: str | None
    why: str
    machine: Machine
    utilisation: float

    def as_json(self) -> dict[str, Any]:
        """The board as JSON values."""
        taken = self.machine.taken
        return {
            "variants": [
                {
                    "name": r.it.name,
                    "cost_per_1000": r.cost,
                    "cost_per_1000_high": r.cost_high,
                    "pareto": r.pareto,
                    "asked": r.asked,
                    "division": r.division,
                    "why": r.why,
                }
                for r in self.rows
            ],
            "pick": self.pick,
            "why": self.why,
            "machine": None
            if taken is None
            else taken.as_json() | {"stale": taken.stale(self.machine.today), "compared": len(self.machine.prices)},
            "machine_said": self.machine.said(),
            "utilisation": self.utilisation,
        }


def comparable(prices: Sequence[Price], vcpu: int, memory_gib: float, today: date | None = None) -> Machine:
    """The priced machines without an accelerator, with `vcpu` processors and at least `memory_gib` GiB.

    Where none has as many, those with the next larger number: they bear no less, so the cost is an upper bound.
    """
    fit = [p for p in prices if not p.accelerator and p.vcpu >= vcpu and p.memory_gib >= memory_gib]
    alike = [p for p in fit if p.vcpu == min(q.vcpu for q in fit)]
    return Machine(tuple(sorted(alike, key=lambda p: p.usd_per_hour)), vcpu, today or date.today())


def cost_per_1000(usd_per_hour: float, requests_per_s: float, utilisation: float = UTILISATION) -> float:
    """USD for 1,000 requests on a machine that spends `utilisation` (0 to 1) of its time answering."""
    if requests_per_s <= 0 or not 0 < utilisation <= 1:
        raise ValueError("a rate is above 0 and a utilisation above 0 and at most 1")
    return usd_per_hour / (requests_per_s * 3600 * utilisation) * 1000


def division(name: str) -> str:
    """MLPerf's division by a variant's name: retraining and dropping weights are not allowed in the closed one."""
    return "open" if any(word in name for word in _RETRAINED) else "closed"


def choose(candidates: Sequence[Candidate], must: Must, machine: Machine, utilisation: float = UTILISATION) -> Board:
    """Put all variants on one board and pick the cheapest that does what it must.

    A variant may be picked unless it was measured to miss something. Where an accuracy is asked for, its whole interval
    must reach that; where none is, it must be the fp32 model or proven no worse than it. If none is shown to do all,
    nothing is picked.
    """
    costs = [_costs(c, machine, utilisation) for c in candidates]
    asked = [_asked(c, cost, must) for c, (cost, _) in zip(candidates, costs, strict=True)]
    fits = [i for i, a in enumerate(asked) if all(word == MET for word in a.values())]
    pick = min(fits, key=lambda i: _rank(candidates[i], costs[i][0]), default=None)
    rows = tuple(
        Row(
            c,
            *costs[i],
            not any(_dominates(candidates[j], costs[j][0], c, costs[i][0]) for j in range(len(candidates)) if j != i),
            asked[i],
            division(c.name),
            _why(i, pick, candidates, [cost for cost, _ in costs], asked[i], must),
        )
        for i, c in enumerate(candidates)
    )
    name = None if pick is None else candidates[pick].name
    return Board(rows, name, _summary(rows, pick, must), machine, utilisation)


def _costs(it: Candidate, machine: Machine, utilisation: float) -> tuple[float | None, float | None]:
    if machine.taken is None or not it.requests_per_s:
        return None, None
    rate = it.requests_per_s
    dearest = max(p.usd_per_hour for p in machine.prices)
    return cost_per_1000(machine.taken.usd_per_hour, rate, utilisation), cost_per_1000(dearest, rate, utilisation)


def _asked(it: Candidate, cost: float | None, must: Must) -> dict[str, str]:
    """Each thing that is asked, and whether the measurement shows it."""
    asked: dict[str, str] = {}
    if must.accuracy is None:
        asked["no worse than fp32"] = {WORSE: MISSED, NOT_PROVEN: OPEN}.get(it.receipt, MET)
    else:
        asked["accuracy"] = _within(must.accuracy, it.accuracy, at_least=True)
    if must.p95_ms is not None:
        asked["p95"] = _within(must.p95_ms, it.p95, at_least=False)
    if must.cost_per_1000 is not None:
        asked["cost"] = OPEN if cost is None else MET if cost <= must.cost_per_1000 else MISSED
    return asked


def _within(limit: float, figure: Interval | None, *, at_least: bool) -> str:
    """Whether a whole interval is on the right side of a limit; a missing bound leaves it open."""
    if figure is None:
        return OPEN
    good, bad = (figure.low, figure.high) if at_least else (figure.high, figure.low)
    sign = 1 if at_least else -1
    if good is not None and sign * good >= sign * limit:
        return MET
    return MISSED if bad is not None and sign * bad < sign * limit else OPEN


def _rank(it: Candidate, cost: float | None) -> tuple[float, float, float]:
    """Cheapest first; where the cost is unknown, smallest time; then the more accurate one."""
    p95 = it.p95.value if it.p95 else float("inf")
    return (cost if cost is not None else float("inf"), p95, -it.accuracy.value)


def _dominates(one: Candidate, one_cost: float | None, two: Candidate, two_cost: float | None) -> bool:
    """Whether `one` is at least as good in all four and better in one; an unknown figure proves nothing."""
    p95s = (one.p95.value if one.p95 else None, two.p95.value if two.p95 else None)
    pairs = [p95s, (one.size_mb, two.size_mb), (one_cost, two_cost)]
    if any((a is None) != (b is None) for a, b in pairs):
        return False
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    known.append((-one.accuracy.value, -two.accuracy.value))
    return all(a <= b for a, b in known) and any(a < b for a, b in known)


def _why(
    i: int,
    pick: int | None,
    candidates: Sequence[Candidate],
    costs: Sequence[float | None],
    asked: dict[str, str],
    must: Must,
) -> str:
    it = candidates[i]
    if i == pick:
        return "Taken: it does what is asked at the least cost."
    wrong = [_said(what, word, it, costs[i], must) for what, word in asked.items() if word != MET]
    if wrong:
        return " ".join(wrong)
    best = candidates[pick] if pick is not None else it
    mine, theirs = costs[i], costs[pick] if pick is not None else None
    if mine is not None and theirs is not None and theirs > 0 and mine > theirs:
        return f"It does what is asked, but costs {mine / theirs:.2g} times as much as {best.name}."
    return f"It does what is asked, but is not faster than {best.name} and costs no less."


def _said(what: str, word: str, it: Candidate, cost: float | None, must: Must) -> str:
    if what == "no worse than fp32":
        return {
            MISSED: "It is worse than the fp32 model by more than the margin.",
            OPEN: "It was not proven to be no worse than the fp32 model.",
        }[word]
    if what == "accuracy":
        a = it.accuracy
        side = "is below" if word == MISSED else "is not shown to reach"
        return f"Its accuracy, {_percent(a)}, {side} the {100 * (must.accuracy or 0):.3g} % asked for."
    if what == "p95":
        if it.p95 is None:
            return "Too few requests were timed for p95."
        side = "is over" if word == MISSED else "is not shown to stay under"
        return f"Its p95 of {it.p95.value:.3g} ms {side} the {must.p95_ms:g} ms allowed."
    return (
        "What it costs is unknown."
        if cost is None
        else f"It costs {_dollars(cost)}, more than the ${must.cost_per_1000:g} for 1,000 that is allowed."
    )


def _dollars(per_1000: float) -> str:
    """A cost in words; less than a cent is told for a million requests, where it can be read."""
    if per_1000 < 0.01:
        return f"${float(f'{1000 * per_1000:.2g}'):g} for a million requests"
    return f"${float(f'{per_1000:.2g}'):g} for 1,000 requests"


def _percent(share: Interval) -> str:
    bounds = "" if share.low is None or share.high is None else f" ({100 * share.low:.1f} to {100 * share.high:.1f} %)"
    return f"{100 * share.value:.1f} %{bounds}"


def _summary(rows: Sequence[Row], pick: int | None, must: Must) -> str:
    if pick is None:
        return "No variant is shown to do all that is asked: see what each one lacks."
    row = rows[pick]
    a, p95 = row.it.accuracy, row.it.p95
    figures = [f"{_percent(a)} right"]
    figures += [f"p95 {p95.value:.3g} ms"] if p95 else []
    figures += [f"{row.it.size_mb:.3g} MB"]
    figures += [_dollars(row.cost)] if row.cost is not None else []
    asked = "do what the venture asks" if any(v is not None for v in asdict(must).values()) else "be no worse than fp32"
    worse = " It is worse than the fp32 model, but all of its interval reaches the accuracy asked for."
    return (
        f"Ship {row.it.name}: {', '.join(figures)}. Of the variants shown to {asked} it costs least."
        f"{worse if row.it.receipt == WORSE else ''}"
    )
