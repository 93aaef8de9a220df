"""What need not be read one by one: values whose form was read often enough, and names beyond a random sample."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.privacy.shapes import TIERS, Tier, shapes
from core.privacy.source import Row
from core.privacy.tally import Basis, Hit, Outcome

UNANIMOUS = 200  # values of one form that must all have had the same answer: 0 other ones bound their share at 1.5 %
SHORT, SHORT_VALUES, TEXT_VALUES = 40, 600, 8_000  # mean characters of short values; the most read of a column
WHOLE = 2_500  # rows up to which every name is read, so that shares are exact
MOST_FORMS = 10_000  # of a column that are remembered

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

    read: Counter[str] = field(default_factory=Counter)  # values read of a form
    known: dict[str, tuple[Verdict, Outcome]] = field(default_factory=dict)
    torn: set[str] = field(default_factory=set)
    settled: int = 0  # values

    def due(self, values: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
        """The values that must be read now, and by their form those that may not have to be."""
        now: list[str] = []
        later: defaultdict[str, list[str]] = defaultdict(list)
        asked = Counter[str]()
        for value in values:
            form = _form(value)
            if form in self.torn or self.read[form] + asked[form] < UNANIMOUS:
                asked[form] += 1
                now.append(value)
            else:
                later[form].append(value)
        return now, later

    def learn(self, value: str, outcome: Outcome) -> None:
        """Take in a value that was read."""
        form = _form(value)
        if form in self.torn:
            return
        whole = len(outcome.hits) <= 1 and not outcome.foreign
        verdict: Verdict = (frozenset((h.type, h.basis) for h in outcome.hits), outcome.weak, whole)
        before = self.known.get(form)
        if not whole or (before and before[0] != verdict) or (not before and len(self.known) >= MOST_FORMS):
            self.torn.add(form)
            self.known.pop(form, None)
            return
        if not before:
            hits = tuple(Hit(kind, 0, "", basis) for kind, basis in verdict[0])
            self.known[form] = verdict, Outcome(outcome.shape, Tier.PATTERNS, hits, weak=outcome.weak)
        self.read[form] += 1

    def answer(self, form: str) -> Outcome | None:
        """The answer for all values of a form, with no key or example of its own; None where they have to be read."""
        return self.known[form][1] if form in self.known and self.read[form] >= UNANIMOUS else None


def _form(value: str) -> str:
    return _DIGIT.sub("0", _LETTERS.sub("a", value.strip()))


def names_to_read(draw: Sequence[tuple[int, Row]], column: int) -> tuple[int, int]:
    """How many rows of a random draw have their names read in a column, and how many different values that are.

    All rows where the values are no more than a column's limit, which is lower for short ones: names, places and
    companies are told by some hundreds, sentences only by reading them.
    """
    first: dict[str, int] = {}
    for at, (_, row) in enumerate(draw):
        first.setdefault(row[column], at)
    limit, lengths, values = SHORT_VALUES, 0, 0
    for (value, at), form in zip(first.items(), shapes(list(first)), strict=True):
        if TIERS[form] == Tier.NAMES:
            values += 1
            lengths += len(value)
            limit = SHORT_VALUES if lengths <= SHORT * values else TEXT_VALUES
            if values > limit:
                return at, limit
    return len(draw), limit
