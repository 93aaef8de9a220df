"""Whether a check holds, draw by draw."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from core.draws import Array
from core.evidence import Evidence
from core.readiness.checks import Inputs, why_stale
from core.readiness.joint.spread import spread
from core.readiness.questions import Question

Holds = NDArray[np.bool_]
COIN = 0.5  # chance given to what nobody measured; the bounds of P(go) count it as failed and as held


@dataclass(frozen=True, slots=True)
class Answered:
    """A check over all draws.

    Attributes:
        holds: whether its threshold holds, draw by draw.
        known: whether that rests on evidence that speaks of today's inputs. What does not is a coin toss.
    """

    question: Question
    holds: Holds
    known: bool

    @property
    def chance(self) -> float:
        """Share of the draws in which it holds."""
        return float(self.holds.mean())


@dataclass(frozen=True, slots=True)
class Figure:
    """Draws of a quantity that is computed from several records; `known` where all of them are."""

    draws: Array
    unit: str
    known: bool


def answered(
    question: Question,
    evidence: Mapping[str, Evidence],
    computed: Mapping[str, Figure],
    y: Array,
    inputs: Inputs | None = None,
    now: datetime | None = None,
) -> Answered:
    """Answer one question in every draw.

    Args:
        question: with its limit.
        evidence: the newest record of each figure, by id.
        computed: figures that follow from others, by the id of the record whose place they take.
        y: this question's own coordinate of the draws, inside 0..1.
        inputs: what each room would be measured from today; see `core.readiness.checks`.
        now: when it is asked.
    """
    coin = y < COIN
    found = evidence.get(question.evidence)
    figure = computed.get(question.evidence)
    fresh = found is None or not why_stale(found, inputs, now)
    held: Holds | None = None
    if question.missing:
        pass
    elif figure is not None:
        held, fresh = _compared(question, figure.draws, figure.unit), fresh and figure.known
    elif found is not None:
        held = _word(question, found, y) if isinstance(found.value, str) else _number(question, found, y)
    return Answered(question, coin if held is None else held, known=held is not None and fresh)


def _word(question: Question, found: Evidence, y: Array) -> Holds | None:
    if found.value == "unknown" or question.op not in ("is_one_of", "is_known"):
        return None
    words = question.limit if isinstance(question.limit, tuple) else ()
    return np.full(len(y), question.op == "is_known" or found.value in words)


def _number(question: Question, found: Evidence, y: Array) -> Holds | None:
    draws = spread(found, y)
    if draws is None or question.op == "is_one_of":
        return None
    return np.ones(len(y), dtype=bool) if question.op == "is_known" else _compared(question, draws, found.unit)


def _compared(question: Question, draws: Array, unit: str) -> Holds | None:
    limit = question.limit
    if not isinstance(limit, float) or (question.unit and unit != question.unit):
        return None
    if question.op == "at_least":
        return np.asarray(draws >= limit)
    return np.asarray(draws > limit if question.op == "above" else draws <= limit)
