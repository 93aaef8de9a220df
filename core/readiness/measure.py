"""The door of the verdict: every room's evidence in, the frozen review out, as evidence that is kept like any other."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.evidence import Evidence, Source
from core.feeds import all_inputs
from core.progress import Progress
from core.venture import Venture

if TYPE_CHECKING:
    from core.readiness.joint.review import Review

VERDICT, CHANCE = "readiness.verdict", "readiness.p_go"
_HOW = {
    VERDICT: "The policy's checks answered from the newest evidence: gates first, and unknown is never a pass.",
    CHANCE: "Share of {n:,} joint draws in which every threshold holds; what nobody measured is a coin toss, counted "
    "as failed for the lower bound and as held for the upper one. Numerical error {error:.2g}.",
}


def measure(venture: Venture, run_dir: Path, progress: Progress, evidence: Mapping[str, Evidence]) -> list[Evidence]:
    """Review a venture: `readiness.verdict` (a word, its detail the whole review) and `readiness.p_go` (a share).

    Raises:
        InputError: the policy is missing or broken, or the venture changes it in a way that makes no sense.
    """
    from core.readiness.joint.review import review

    progress(0, 1, "Drawing all figures together")
    found = review(venture, evidence, all_inputs(venture, evidence))
    progress(1, 1, "Reviewed")
    return records(found)


def records(found: "Review") -> list[Evidence]:
    """A review as evidence."""
    chance, source = found.chance, Source("measured", "all rooms' newest evidence")
    method = _HOW[CHANCE].format(n=chance.n, error=chance.error)
    return [
        Evidence(VERDICT, str(found.assessment.verdict.word), "word", _HOW[VERDICT], source, detail=snapshot(found)),
        Evidence(
            CHANCE, chance.value, "share", method, source, low=chance.low, high=chance.high, level=1.0, n=chance.n
        ),
    ]


def snapshot(found: "Review") -> dict[str, Any]:
    """What a page, a report and a later review need of this one: the printed review without the evidence itself."""
    from core.readiness.joint.moves import packed

    told = {k: v for k, v in found.as_json().items() if k != "evidence"}
    waived = {c.id for c in found.assessment.checks if c.waiver}
    asked = [
        {
            "id": a.question.id,
            "evidence": a.question.evidence,
            "chance": a.chance,
            "known": a.known,
            "counted": a.question.id not in waived,
            "holds": packed(a.holds),
            "limit": a.question.limit,
            "op": a.question.op,
            "unit": a.question.unit,
        }
        for a in found.answers
    ]
    return told | {"answers": asked, "n": found.chance.n}
