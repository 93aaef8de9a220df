"""The whole answer: the verdict, how likely all of it is, what would flip it, what to measure next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.draws import DIMENSIONS, DRAWS, SEED, Seed
from core.errors import InputError
from core.evidence import Evidence
from core.market.measure import plain
from core.market.stated import Market
from core.readiness.assess import Assessment, assess
from core.readiness.checks import Inputs
from core.readiness.joint.chance import Chance, chance, numerical_error, together
from core.readiness.joint.flips import Flip, Next, best_next, flips
from core.readiness.joint.graph import Graph, graph
from core.readiness.joint.holds import Answered, Holds, answered
from core.readiness.joint.robust import Robustness, robustness
from core.readiness.joint.world import READ, Known, World, world
from core.readiness.policy import load_policy
from core.readiness.questions import Question, questions
from core.readiness.verdict import Verdict, Word
from core.units import percent
from core.venture import Venture


@dataclass(frozen=True, slots=True)
class Review:
    """An assessment with everything that is drawn jointly; what a board, a report and the command line render."""

    assessment: Assessment
    chance: Chance
    answers: tuple[Answered, ...]
    graph: Graph
    flips: tuple[Flip, ...]
    next: tuple[Next, ...]
    robustness: Robustness

    def as_json(self) -> dict[str, Any]:
        """What `assess --json` prints."""
        return self.assessment.as_json() | {
            "p_go": self.chance.as_json(),
            "graph": self.graph.as_json(),
            "flips": [f.as_json() for f in self.flips],
            "next": [n.as_json() for n in self.next],
            "robustness": self.robustness.as_json(),
        }


def review(
    venture: Venture,
    evidence: Mapping[str, Evidence],
    inputs: Inputs | None = None,
    now: datetime | None = None,
    n: int = DRAWS,
) -> Review:
    """Assess a venture and draw its checks jointly, through what its parts hand to each other.

    A waived check is not among the thresholds of P(go): somebody has answered for it.

    Args:
        venture: the venture.
        evidence: its newest record of each figure, by id.
        inputs: what each room would be measured from today; see `core.readiness.assess`.
        now: when it is reviewed.
        n: joint draws, a power of two of 16 or more.

    Raises:
        InputError: as `assess`; or the market cannot be drawn, or more is uncertain than can be drawn together.
    """
    result = assess(venture, evidence, inputs, now)
    policy = load_policy(venture)
    asked = questions(venture, policy)
    counted = [k for k, c in enumerate(result.checks) if not c.waiver]
    market = plain(venture.market)
    places = coordinates(venture, asked, market)
    limits = {q.evidence: q.limit for q in asked if isinstance(q.limit, float)}

    def drawn(n: int, *seeds: Seed) -> tuple[Known, World, list[Answered]]:
        known = Known(venture, evidence, inputs, now, n, seeds, places, limits, market)
        found = world(known)
        return (
            known,
            found,
            [answered(q, evidence, found.computed, known.column(q.evidence), inputs, now) for q in asked],
        )

    def all_hold(n: int, *seeds: Seed) -> Holds:
        again = drawn(n, *seeds)[2]
        return together([again[k] for k in counted], n * len(seeds))

    known, found, answers = drawn(n, SEED)
    checks, mine = [result.checks[k] for k in counted], [answers[k] for k in counted]
    how = chance(mine, numerical_error(all_hold, n), n)
    result = replace(result, verdict=at_these_odds(result.verdict, how, policy.least_p_go))
    return Review(
        assessment=result,
        chance=how,
        answers=tuple(answers),
        graph=graph(known, found),
        flips=tuple(flips(checks, mine, evidence)),
        next=tuple(best_next(checks, mine, {q.id: q.effort_days for q in asked})),
        robustness=robustness(result.verdict.word, mine, checks, evidence),
    )


def at_these_odds(of: Verdict, how: Chance, least: float) -> Verdict:
    """GO only where P(go) is at least what the policy asks: checks that pass one by one may not hold together."""
    if of.word is not Word.GO or how.low >= least:
        return of
    headline = (
        f"Every check passes, but all of it holds together in {percent(how.value)} of the joint draws "
        f"({percent(how.low)} to {percent(how.high)}); the policy asks for {percent(least)}."
    )
    return replace(of, word=Word.CONDITIONAL, headline=headline)


def coordinates(venture: Venture, asked: Sequence[Question], market: Market) -> dict[str, int]:
    """Which dimension of the draws each quantity has: from the last one down, for the market counts from the first up.

    Raises:
        InputError: there are not enough.
    """
    modes = [f"mode.{m}" for m in dict.fromkeys(venture.distribution.modes)]
    licences = [f"licences.{m}" for m in dict.fromkeys(venture.distribution.modes)]
    names = dict.fromkeys([*sorted({q.evidence for q in asked}), *READ, *modes, *licences])
    taken = len(market.used)
    if taken + len(names) > DIMENSIONS:
        raise InputError(
            f"{taken + len(names)} figures are uncertain; {DIMENSIONS} can be drawn together: state fewer."
        )
    return {name: DIMENSIONS - 1 - k for k, name in enumerate(names)}
