"""The whole answer: the verdict, how likely all of it is, what would flip it, what to measure next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.draws import DIMENSIONS, Array, joint
from core.errors import InputError
from core.evidence import Evidence
from core.readiness.assess import Assessment, assess
from core.readiness.checks import Inputs
from core.readiness.joint.chance import Chance, chance, numerical_error, together
from core.readiness.joint.flips import Flip, Next, best_next, flips
from core.readiness.joint.holds import Answered, answered
from core.readiness.joint.robust import Robustness, robustness
from core.readiness.policy import load_policy
from core.readiness.questions import Question, questions
from core.venture import Venture


@dataclass(frozen=True, slots=True)
class Review:
    """An assessment with everything that is drawn jointly; what a board, a report and the command line render."""

    assessment: Assessment
    chance: Chance
    answers: tuple[Answered, ...]
    flips: tuple[Flip, ...]
    next: tuple[Next, ...]
    robustness: Robustness

    def as_json(self) -> dict[str, Any]:
        """What `assess --json` prints."""
        return self.assessment.as_json() | {
            "p_go": self.chance.as_json(),
            "flips": [f.as_json() for f in self.flips],
            "next": [n.as_json() for n in self.next],
            "robustness": self.robustness.as_json(),
        }


def review(
    venture: Venture,
    evidence: Mapping[str, Evidence],
    inputs: Inputs | None = None,
    now: datetime | None = None,
    drawn: Array | None = None,
) -> Review:
    """Assess a venture and draw its checks jointly.

    A waived check is not among the thresholds of P(go): somebody has answered for it. Where all are waived nothing is
    left to hold.

    Args:
        venture: the venture.
        evidence: its newest record of each figure, by id.
        inputs: what each room would be measured from today; see `core.readiness.assess`.
        now: when it is reviewed.
        drawn: the joint draws, shape (n, DIMENSIONS); `core.draws.joint()` where left out.

    Raises:
        InputError: as `assess`; or more figures are uncertain than can be drawn together.
    """
    y = joint() if drawn is None else drawn
    result = assess(venture, evidence, inputs, now)
    asked = questions(venture, load_policy(venture))
    places = coordinates(asked)

    def answers_at(at: Array) -> list[Answered]:
        return [answered(q, evidence, {}, at[:, places[q.evidence]], inputs, now) for q in asked]

    answers = answers_at(y)
    counted = [k for k, c in enumerate(result.checks) if not c.waiver]
    checks = [result.checks[k] for k in counted]
    mine = [answers[k] for k in counted]

    def p_go(at: Array) -> float:
        drawn_again = answers_at(at)
        return float(together([drawn_again[k] for k in counted], len(at)).mean())

    return Review(
        assessment=result,
        chance=chance(mine, numerical_error(p_go, len(y)), len(y)),
        answers=tuple(answers),
        flips=tuple(flips(checks, mine, evidence)),
        next=tuple(best_next(checks, mine, {q.id: q.effort_days for q in asked})),
        robustness=robustness(result.verdict.word, mine, checks, evidence),
    )


def coordinates(asked: Sequence[Question], taken: int = 0) -> dict[str, int]:
    """Which coordinate of the draws each figure has: from the last one down, for the market counts from the first up.

    Checks of one figure share its coordinate. `taken` are those of the market.

    Raises:
        InputError: there are not enough.
    """
    names = sorted({q.evidence for q in asked})
    if taken + len(names) > DIMENSIONS:
        raise InputError(
            f"{taken + len(names)} figures are uncertain, and {DIMENSIONS} can be drawn together: ask fewer."
        )
    return {name: DIMENSIONS - 1 - k for k, name in enumerate(names)}
