"""What need not be read one by one: values whose form was read often enough, and names beyond a random sample."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.privacy.protect import masked
from core.privacy.shapes import TIERS, Tier, shape
from core.privacy.source import Row
from core.privacy.tally import Basis, Hit, Outcome

UNANIMOUS = 200  # values of one form that must all have had the same answer: 0 other ones bound their share at 1.5 %
SHORT, SHORT_VALUES, TEXT_VALUES = 40, 1_500, 8_000  # mean characters of short values; the most read of a column

_LETTERS = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")

Verdict = tuple[frozenset[tuple[str, Basis]], frozenset[str], bool]


@dataclass(slots=True)
class Forms:
    """What the values of one column with one form turned out to be.

    A form is the value with letters as `a` and each digit as `0`, so that `ann@example.org` and `bob@example.org` share
    one and so do numbers of the same length. Only numbers and codes are settled by it: whether a word is a name cannot
    be told by its form, nor whether check digits are right unless they never or always are.
    """

    seen: dict[str, tuple[Verdict, int]] = field(default_factory=dict)
    torn: set[str] = field(default_factory=set)
    settled: int = 0  # values

    def learn(self, value: str, outcome: Outcome) -> None:
        """Take in a value that was read."""
        form = _form(value)
        if form in self.torn:
            return
        whole = len(outcome.hits) <= 1 and not outcome.foreign
        verdict: Verdict = (frozenset((h.type, h.basis) for h in outcome.hits), outcome.weak, whole)
        known, times = self.seen.get(form, (verdict, 0))
        if known != verdict or not whole:
            self.torn.add(form)
            self.seen.pop(form, None)
        elif form in self.seen or len(self.seen) < 10_000:
            self.seen[form] = (known, times + 1)

    def answer(self, value: str) -> Outcome | None:
        """The answer for a value that was not read; None where it has to be."""
        verdict, times = self.seen.get(_form(value), (None, 0))
        if verdict is None or times < UNANIMOUS:
            return None
        self.settled += 1
        text = value.strip()
        hits = tuple(Hit(kind, hash(text.casefold()), masked(text, kind), basis) for kind, basis in verdict[0])
        digits = len(text) if text.isdecimal() else 0
        return Outcome(shape(value), Tier.PATTERNS, hits, weak=verdict[1], digits=digits, length=len(text))


def _form(value: str) -> str:
    return _DIGIT.sub("0", _LETTERS.sub("a", value.strip()))


def names_to_read(draw: Sequence[tuple[int, Row]], column: int) -> tuple[int, int]:
    """How many rows of a random draw have their names read in a column, and how many different values that are.

    All rows where the values are no more than a column's limit, which is lower for short ones: names, places and
    companies are told by some hundreds, sentences only by reading them.
    """
    values: dict[str, None] = {}
    seen: set[str] = set()
    rows, limit = 0, SHORT_VALUES
    lengths = 0
    for _, row in draw:
        value = row[column]
        if value not in seen:
            seen.add(value)
            if TIERS[shape(value)] == Tier.NAMES:
                values[value] = None
                lengths += len(value)
                limit = SHORT_VALUES if lengths <= SHORT * len(values) else TEXT_VALUES
                if len(values) > limit:
                    return rows, limit
        rows += 1
    return rows, limit
