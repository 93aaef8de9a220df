"""Put a venture, its evidence and its policy together: the checks, the verdict, and what is due to be measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.evidence import ROOMS, Check, Evidence
from core.readiness.checks import Inputs, answer, why_stale
from core.readiness.owners import owned
from core.readiness.policy import Pending, load_policy
from core.readiness.questions import questions
from core.readiness.verdict import Verdict, verdict
from core.readiness.waivers import waived
from core.venture import Venture

TRAINED = "model.p95_latency"  # every training leaves it, with or without a value


@dataclass(frozen=True, slots=True)
class Assessment:
    """A venture's verdict with all it rests on, and what the policy would ask too if it could be measured."""

    venture: str
    verdict: Verdict
    checks: tuple[Check, ...]
    evidence: tuple[Evidence, ...]
    pending: tuple[Pending, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What `assess --json` prints."""
        return {
            "schema": 1,
            "venture": self.venture,
            "verdict": str(self.verdict.word),
            "headline": self.verdict.headline,
            "checks": [c.as_json() for c in self.checks],
            "not_measured_yet": [p.model_dump() for p in self.pending],
            "evidence": [e.as_json() for e in self.evidence],
        }


def assess(
    venture: Venture, evidence: Mapping[str, Evidence], inputs: Inputs | None = None, now: datetime | None = None
) -> Assessment:
    """Answer every check of the venture's policy from its newest evidence by id, and weigh the answers.

    `inputs` maps each room to what it would be measured from today (`venture.inputs(room)`), so that evidence from
    other inputs counts as stale; without it only expiry does.

    Raises:
        InputError: the policy is missing or broken, or the venture changes it in a way that makes no sense.
    """
    policy = load_policy(venture)
    asked = questions(venture, policy)
    checks = waived(venture, tuple(answer(q, evidence, inputs, now) for q in asked), now)
    checks = owned(venture, checks)
    records = tuple(evidence[name] for name in sorted(evidence))
    return Assessment(venture.name, verdict(checks), checks, records, policy.pending)


def due(
    venture: Venture, evidence: Mapping[str, Evidence], inputs: Inputs | None = None, now: datetime | None = None
) -> list[str]:
    """The rooms to measure: those that left no evidence, and those whose evidence no longer holds.

    A first look at the data leaves evidence of the model before any model is there; the room stays due until one is.

    A room no longer holds when its newest record is stale or one that a check reads is. Older records that nothing
    reads may stay stale: a room stops leaving some figures (a dropped distribution mode) and would be due for ever.
    """
    read = {q.evidence for q in questions(venture, load_policy(venture))}
    return [room for room in ROOMS if _due(room, read, evidence, inputs, now)]


def _due(
    room: str, read: set[str], evidence: Mapping[str, Evidence], inputs: Inputs | None, now: datetime | None
) -> bool:
    records = [e for e in evidence.values() if e.room == room]
    if not records or (room == "model" and TRAINED not in evidence):
        return True
    newest = max(records, key=lambda e: (e.measured_at, e.id))
    return any(why_stale(e, inputs, now) for e in records if e.id in read or e is newest)
