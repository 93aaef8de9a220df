"""What would flip the verdict, and what is best measured next."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.evidence import Check, Evidence, Status
from core.readiness.checks import bounds
from core.readiness.joint.holds import Answered, Holds
from core.readiness.questions import Question
from core.readiness.verdict import weigh

Number = float | None


@dataclass(frozen=True, slots=True)
class Flip:
    """One check that does not pass, and what it would change if it did.

    Attributes:
        value, limit, unit: the measured figure and what it is compared with; None where there is no number.
        distance: how far the figure is from its limit, as a share of the limit; None where there is no number.
        limit_that_flips: the limit that the figure's whole interval would meet; None where there is none.
        verdict: the word if this check alone passed.
        p_go: P(go) if this check alone held in every draw.
        rank: 1 for the first to clear on the shortest way; `verdict_so_far` is the word once it and all before it pass.
    """

    check: str
    title: str
    todo: str
    value: float | None
    limit: float | None
    unit: str
    distance: float | None
    limit_that_flips: float | None
    verdict: str
    p_go: float
    rank: int
    verdict_so_far: str
    p_go_so_far: float

    def as_json(self) -> dict[str, Any]:
        """What `assess --json` prints under flips."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Next:
    """An answer worth having.

    Attributes:
        gain: how much more often one would decide rightly if one knew this answer (expected value of partial perfect
            information with one point for a right decision), as a share of the joint draws.
        spread: share of the variance of "go" that this answer explains; orders answers that decide nothing alone.
        effort_days: days of one person, as the policy judges.
        after: checks that are known to fail and must be cleared first; the figures are for a venture that has done so.
    """

    check: str
    title: str
    todo: str
    chance: float
    gain: float
    spread: float
    effort_days: float
    after: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """What `assess --json` prints under next."""
        return asdict(self) | {"after": list(self.after)}


def flips(checks: Sequence[Check], answers: Sequence[Answered], evidence: Mapping[str, Evidence]) -> list[Flip]:
    """Every check that does not pass: gates first, failures before what is open, then the nearest to its limit."""
    drafts = [
        _draft(k, checks, answers, evidence.get(answers[k].question.evidence))
        for k, c in enumerate(checks)
        if c.status is not Status.PASS
    ]
    order = sorted(drafts, key=lambda d: (not d[1].gate, d[1].status is not Status.FAIL, _far(d[0].distance), d[1].id))
    out, cleared = [], set()
    for rank, (flip, check) in enumerate(order, start=1):
        cleared.add(check.id)
        word = weigh((c.gate, Status.PASS if c.id in cleared else c.status) for c in checks)
        left = [a.holds for c, a in zip(checks, answers, strict=True) if c.id not in cleared]
        out.append(_ranked(flip, rank, str(word), _share(left)))
    return out


def _draft(k: int, checks: Sequence[Check], answers: Sequence[Answered], found: Evidence | None) -> tuple[Flip, Check]:
    check, question = checks[k], answers[k].question
    word = weigh((c.gate, Status.PASS if i == k else c.status) for i, c in enumerate(checks))
    others = [a.holds for i, a in enumerate(answers) if i != k]
    value, limit, distance, flipping = _numbers(question, found)
    flip = Flip(
        check.id, check.title, check.todo, value, limit, question.unit, distance, flipping, str(word), _share(others),
        0, "", 0.0,
    )  # fmt: skip
    return flip, check


def _ranked(flip: Flip, rank: int, word: str, p_go: float) -> Flip:
    return Flip(**asdict(flip) | {"rank": rank, "verdict_so_far": word, "p_go_so_far": p_go})


def _numbers(
    question: Question, found: Evidence | None
) -> tuple[float | None, float | None, float | None, float | None]:
    limit = question.limit if isinstance(question.limit, float) else None
    if found is None or not isinstance(found.value, int | float) or (question.unit and found.unit != question.unit):
        return None, limit, None, None
    value = float(found.value)
    low, high = bounds(found, value)
    edge = high if question.op == "at_most" else low
    if question.unit == "share" and edge == float(question.op == "at_most"):  # a limit that nothing could miss
        edge = math.inf
    distance = abs(value - limit) / abs(limit) if limit else None
    return value, limit, distance, edge if math.isfinite(edge) and limit is not None else None


def _share(holds: Sequence[Holds]) -> float:
    return float(np.logical_and.reduce(holds).mean()) if holds else 1.0


def _far(distance: float | None) -> float:
    return math.inf if distance is None else distance


def best_next(checks: Sequence[Check], answers: Sequence[Answered], effort: Mapping[str, float]) -> list[Next]:
    """Answers that are open, the most worth having for its effort first.

    Where no single answer would change the decision, gates come first, for without them there is no verdict.
    Knowing whether check h holds, one decides right with chance P(h) max(q, 1 - q) + 1 - P(h), where q = P(go) / P(h),
    instead of max(p, 1 - p). Checks that surely fail make p zero and every answer worthless, so they are taken as
    cleared, and named.
    """
    failing = [c for c, a in zip(checks, answers, strict=True) if a.known and not a.holds.any()]
    names = {c.id for c in failing}
    left = [(c, a) for c, a in zip(checks, answers, strict=True) if c.id not in names]
    p = _share([a.holds for _, a in left]) if left else 0.0
    out = [
        _worth(c, a, p, effort.get(c.id, 1.0), tuple(f.title for f in failing))
        for c, a in left
        if c.status is not Status.PASS and 0 < a.chance < 1
    ]
    gates = {c.id for c in checks if c.gate}
    return sorted(
        out, key=lambda n: (-n.gain / n.effort_days, n.check not in gates, -n.spread / n.effort_days, n.check)
    )


def _worth(check: Check, answer: Answered, p: float, effort: float, after: tuple[str, ...]) -> Next:
    h = answer.chance
    q = min(p / h, 1.0)
    gain = max(0.0, h * max(q, 1 - q) + 1 - h - max(p, 1 - p))
    explained = p * (1 - h) / (h * (1 - p)) if 0 < p < 1 else 0.0
    return Next(check.id, check.title, check.todo, h, gain, min(explained, 1.0), effort, after)
