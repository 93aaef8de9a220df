"""Ventures beside each other: what each answers, what is known of it, and where they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from core.errors import InputError
from core.evidence import Check, Evidence, Status
from core.readiness.assess import assess
from core.store import detail
from core.ventures import Entry
from pages.shared.frame import evidence, inputs, store
from pages.shared.look import number
from pages.shared.review import CHANCE, VERDICT, kept

ORDER = ("GO", "CONDITIONAL", "NOT ENOUGH EVIDENCE", "NO-GO")
APART, SAME = "they differ beyond their intervals", "the same"
CLOSE, OPEN = "the intervals overlap: may be the same", "known of one at most"


@dataclass(frozen=True, slots=True)
class Side:
    """One venture as the board shows it; `told` is its kept review, empty where that is not of today's figures."""

    slug: str
    name: str
    found: Mapping[str, Evidence]
    checks: tuple[Check, ...]
    verdict: str
    headline: str
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def p_go(self) -> Mapping[str, float] | None:
        """P(go) with its bounds, as `assess --json` has it; None before a review."""
        found: Mapping[str, float] | None = self.told.get("p_go")
        return found

    def gates(self, *states: Status) -> int:
        """How many gates answer so."""
        return sum(c.gate and c.status in states for c in self.checks)


def side(it: Entry) -> Side | None:
    """A venture with its checks and review; None where its file or its policy is broken."""
    if it.venture is None:
        return None
    found = evidence(it.venture)
    if review := detail(store(), it.venture.key, VERDICT):
        found[VERDICT] = review
    try:
        now = inputs(it.venture, found)
        result = assess(it.venture, found, now)
    except InputError:
        return None
    told, fresh = kept(found, result, now)
    told = told if fresh else {}
    word, headline = told.get("verdict", str(result.verdict.word)), told.get("headline", result.verdict.headline)
    own = {name: e for name, e in found.items() if name not in (VERDICT, CHANCE)}
    return Side(it.slug, it.name, own, result.checks, word, headline, told)


def ranked(sides: Sequence[Side]) -> list[Side]:
    """The nearest to GO first: by verdict, then by P(go), one that is not known being none."""
    return sorted(sides, key=lambda s: (ORDER.index(s.verdict), -(s.p_go or {}).get("value", -1.0), s.name))


def answer(sides: Sequence[Side]) -> str:
    """Which stands nearest to GO, in a sentence."""
    first, *rest = ranked(sides)
    if all((s.verdict, s.p_go) == (first.verdict, first.p_go) for s in rest):
        return f"All {len(sides)} stand at {_stands(first)}."
    others = "; ".join(f"“{s.name}” at {_stands(s)}" for s in rest)
    return f"“{first.name}” is nearest to GO: {_stands(first)}. Beside it {others}."


def _stands(it: Side) -> str:
    return it.verdict + (f" with P(go) {number(it.p_go['value'], 'share')}" if it.p_go else "")


def check_rows(sides: Sequence[Side]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """A row for every check that any of them is asked: those answered differently, and those answered alike."""
    asked = {c.id: c for s in reversed(sides) for c in s.checks}
    by = [{c.id: c for c in s.checks} for s in sides]
    apart: list[dict[str, str]] = []
    alike: list[dict[str, str]] = []
    for name in dict.fromkeys(c.id for s in sides for c in s.checks):
        said = [str(b[name].status) if name in b else "not asked" for b in by]
        row = {"Check": asked[name].title, "Gate": "gate" if asked[name].gate else ""}
        row |= {s.name: word for s, word in zip(sides, said, strict=True)}
        (apart if len(set(said)) > 1 else alike).append(row)
    return apart, alike


def told_apart(records: Sequence[Evidence | None]) -> str:
    """Whether those of the figures that are known differ: `APART` where no two intervals overlap."""
    spans = [span for e in records if (span := _span(e))]
    if len(spans) < 2:
        return OPEN
    if len({s[2:] for s in spans}) == 1:
        return SAME
    clear = all(a[1] < b[0] for a, b in pairwise(sorted(spans)))
    return APART if clear and len({s[3] for s in spans}) == 1 else CLOSE


def _span(e: Evidence | None) -> tuple[float, float, float, str] | None:
    """Least, most, value and unit of a figure; None where it is not known."""
    if e is None or not isinstance(e.value, int | float):
        return None
    low, high = (e.value if b is None else b for b in (e.low, e.high))
    return min(low, e.value), max(high, e.value), e.value, e.unit
