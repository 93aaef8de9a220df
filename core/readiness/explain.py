"""Why a check answers as it does: the rule, the figure, how it was measured and from what, and how it was before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from core.evidence import Check, Evidence
from core.readiness.assess import Assessment
from core.readiness.policy import Rule, load_policy
from core.readiness.questions import Question, questions, said_limit
from core.readiness.words import figure
from core.venture import Venture


@dataclass(frozen=True, slots=True)
class Explanation:
    """A check with everything behind it."""

    check: Check
    question: Question
    rule: Rule
    found: Evidence | None
    history: tuple[Evidence, ...]

    def as_json(self) -> dict[str, Any]:
        """What `explain --json` prints."""
        return {
            "schema": 1,
            "check": self.check.as_json(),
            "limit": said_limit(self.question.limit, self.question.unit),
            "why": self.rule.why,
            "changed": self.question.changed,
            "evidence": self.found.as_json() if self.found else None,
            "history": [_then(e) for e in self.history],
        }

    def _asked(self) -> str:
        if self.question.missing:
            return f"what {self.question.missing} says, and the venture file leaves it out"
        if self.question.limit is None:
            return "that it is known"
        return f"{self.question.op.replace('_', ' ')} {said_limit(self.question.limit, self.question.unit)}"

    def lines(self) -> list[str]:
        """The same for a person."""
        check, found = self.check, self.found
        out = [
            f"{check.title}: {check.status}{' (gate)' if check.gate else ''}",
            f"  {check.reason}",
            f"  asked: {self._asked()}",
            f"  why it is asked: {self.rule.why}",
            *([f"  {check.waiver}"] if check.waiver else []),
            *([f"  to do: {check.todo}"] if check.todo else []),
            *([f"  owner: {check.owner}"] if check.owner else []),
        ]
        if found is None:
            return [*out, f"  figure: {self.question.evidence}, not measured yet"]
        out += [
            f"  figure: {found.id}",
            f"  how: {found.method}",
            f"  source: {found.source.kind} {found.source.detail}",
        ]
        out += [f"  from: {name} (SHA-256 {digest[:16]})" for name, digest in sorted(found.inputs.items())]
        if found.source.run is not None:
            out.append(f"  run: {found.source.run}")
        return out + [f"  {e.measured_at:%Y-%m-%d %H:%M} {_value(e)}" for e in self.history]


def explain(
    venture: Venture, check_id: str, result: Assessment, evidence: Mapping[str, Evidence], history: Sequence[Evidence]
) -> Explanation:
    """Explain one check of an assessment.

    Args:
        venture: the venture.
        check_id: the check.
        result: what `assess` said of the venture.
        evidence: its newest records by id.
        history: every record of the figure that the check reads, oldest first.

    Raises:
        InputError: the venture has no such check.
    """
    check = next((c for c in result.checks if c.id == check_id), None)
    if check is None:
        raise InputError(f"{check_id}: is no check of this venture; it has {', '.join(c.id for c in result.checks)}.")
    policy = load_policy(venture)
    question = next(q for q in questions(venture, policy) if q.id == check_id)
    rule = next(r for r in policy.checks if r.id == check_id or r.id == f"{check_id.rpartition('.')[0]}.mode")
    return Explanation(check, question, rule, evidence.get(question.evidence), tuple(history))


def figure_of(venture: Venture, check_id: str) -> str:
    """The id of the figure that a check reads; empty where there is no such check."""
    return next((q.evidence for q in questions(venture, load_policy(venture)) if q.id == check_id), "")


def _then(e: Evidence) -> dict[str, Any]:
    return {
        "measured_at": e.measured_at.isoformat(),
        "value": e.value,
        "low": e.low,
        "high": e.high,
        "reason": e.reason,
    }


def _value(e: Evidence) -> str:
    return f"unknown: {e.reason}" if e.value is None else figure(e.value, e.unit)
