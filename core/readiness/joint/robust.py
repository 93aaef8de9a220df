"""How firmly a verdict stands: over weights that nobody agreed on, and over limits that might be a little off."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.draws import Array, joint
from core.evidence import Check, Evidence, Status
from core.readiness.checks import bounds
from core.readiness.joint.holds import Answered, Holds
from core.readiness.joint.smaa import acceptability, uniform_weights
from core.readiness.questions import Question
from core.readiness.verdict import Word, weigh

SHIFT = 0.1  # limits are moved by up to a tenth, up or down
SHIFTS = 512


@dataclass(frozen=True, slots=True)
class Robustness:
    """Shares of what could have been decided otherwise in which the verdict stays.

    Attributes:
        weights: share of all weightings (and joint draws) in which the checks that hold outweigh those that do not,
            for GO and CONDITIONAL; else in which they do not. None without a check.
        thresholds: share of `SHIFTS` joint shifts of all numeric limits by up to `SHIFT` in which the word stays.
    """

    weights: float | None
    thresholds: float | None

    def as_json(self) -> dict[str, float | None]:
        """What `assess --json` prints under robustness."""
        return {"weights": self.weights, "thresholds": self.thresholds, "shift": SHIFT}


def robustness(
    word: Word, answers: Sequence[Answered], checks: Sequence[Check], evidence: Mapping[str, Evidence]
) -> Robustness:
    """Weigh the verdict `word` against other weights and limits; `answers` and `checks` are in the same order."""
    if not answers:
        return Robustness(None, None)
    return Robustness(_over_weights(word, answers), _over_limits(word, answers, checks, evidence))


def _over_weights(word: Word, answers: Sequence[Answered]) -> float:
    holds = np.stack([a.holds for a in answers], axis=1).astype(float)
    both = np.stack([holds, 1 - holds], axis=1)  # to go, and not to go: what speaks for one speaks against the other
    first = acceptability(both, uniform_weights(len(holds), holds.shape[1])).ranks[:, 0]
    return float(first[0] if word in (Word.GO, Word.CONDITIONAL) else first[1])


def _over_limits(
    word: Word, answers: Sequence[Answered], checks: Sequence[Check], evidence: Mapping[str, Evidence]
) -> float | None:
    moved = [
        _shifted(a.question, c, evidence.get(a.question.evidence), k)
        for k, (a, c) in enumerate(zip(answers, checks, strict=True))
    ]
    if all(m is None for m in moved):
        return None
    columns = [[c.status] * SHIFTS if m is None else m for c, m in zip(checks, moved, strict=True)]
    gates = [c.gate for c in checks]
    times = Counter(zip(*columns, strict=True))
    return sum(n for row, n in times.items() if weigh(zip(gates, row, strict=True)) is word) / SHIFTS


def _shifted(question: Question, check: Check, found: Evidence | None, k: int) -> list[Status] | None:
    """The status at each shifted limit; None where the answer does not come from comparing with a number."""
    limit = question.limit
    if found is None or not isinstance(limit, float) or not isinstance(found.value, int | float):
        return None
    if check.status is Status.STALE or (question.unit and question.unit != found.unit):
        return None
    low, high = bounds(found, float(found.value))
    limits = limit * np.exp(SHIFT * (2 * joint(SHIFTS, (7, 98))[:, k] - 1))
    good, bad = _sides(question.op, low, high, limits)
    return [Status.PASS if g else Status.FAIL if b else Status.UNKNOWN for g, b in zip(good, bad, strict=True)]


def _sides(op: str, low: float, high: float, limits: Array) -> tuple[Holds, Holds]:
    if op == "at_least":
        return low >= limits, high < limits
    return (low > limits, high <= limits) if op == "above" else (high <= limits, low > limits)
