"""What the checks add up to. Gates come first and cannot be outweighed; unknown is never taken for a pass."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from core.evidence import Check, Status
from core.readiness.words import counted

_NAMED = 3  # checks a headline names before it counts the rest
_RANK = {Status.FAIL: 0, Status.UNKNOWN: 1, Status.STALE: 2, Status.PASS: 3}


class Word(StrEnum):
    """The four verdicts, best first."""

    GO = "GO"
    CONDITIONAL = "CONDITIONAL"
    NOT_ENOUGH = "NOT ENOUGH EVIDENCE"
    NO_GO = "NO-GO"


EXIT = {Word.GO: 0, Word.CONDITIONAL: 10, Word.NO_GO: 20, Word.NOT_ENOUGH: 30}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict in a word and a sentence, and every check that stands between it and GO, the weightiest first."""

    word: Word
    headline: str
    conditions: tuple[Check, ...]

    @property
    def exit_code(self) -> int:
        """What the command line exits with."""
        return EXIT[self.word]


def verdict(checks: Iterable[Check]) -> Verdict:
    """Weigh the checks; their order does not matter.

    A failed gate is NO-GO; else an unknown or stale gate, or no gate at all, is NOT ENOUGH EVIDENCE; else a check that
    is no gate and does not pass is a condition; else GO.
    """
    every = list(checks)
    gates = [c for c in every if c.gate]
    open_ = sorted((c for c in every if c.status is not Status.PASS), key=lambda c: (not c.gate, _RANK[c.status], c.id))
    word, headline = _weighed(every, gates, open_)
    return Verdict(word, headline, tuple(open_))


def weigh(answers: Iterable[tuple[bool, Status]]) -> Word:
    """The word alone, from whether each check is a gate and what it answers."""
    every = list(answers)
    gates = {status for gate, status in every if gate}
    if Status.FAIL in gates:
        return Word.NO_GO
    if gates != {Status.PASS}:
        return Word.NOT_ENOUGH
    return Word.GO if all(status is Status.PASS for _, status in every) else Word.CONDITIONAL


def _weighed(every: list[Check], gates: list[Check], open_: list[Check]) -> tuple[Word, str]:
    if not gates:
        return Word.NOT_ENOUGH, "The policy has no gate, so nothing it asks can carry a verdict."
    failed = [c for c in open_ if c.gate and c.status is Status.FAIL]
    unanswered = [c for c in open_ if c.gate and c.status is not Status.FAIL]
    of_gates = f"of {counted(len(gates), 'gate')}"
    if failed:
        return Word.NO_GO, f"{len(failed)} {of_gates} {_verb(failed, 'fails', 'fail')}: {_titles(failed)}."
    if unanswered:
        verb = _verb(unanswered, "is", "are")
        return (
            Word.NOT_ENOUGH,
            f"No gate fails, but {len(unanswered)} {of_gates} {verb} not answered: {_titles(unanswered)}.",
        )
    if open_:
        remain = _verb(open_, "condition remains", "conditions remain")
        return Word.CONDITIONAL, f"Every gate passes; {len(open_)} {remain}: {_titles(open_)}."
    return Word.GO, f"All {counted(len(every), 'check')} pass, {counted(len(gates), 'gate')} among them."


def _verb(checks: list[Check], one: str, many: str) -> str:
    return one if len(checks) == 1 else many


def _titles(checks: list[Check]) -> str:
    named = "; ".join(f"“{c.title}”" for c in checks[:_NAMED])
    return f"{named} and {len(checks) - _NAMED} more" if len(checks) > _NAMED else named
