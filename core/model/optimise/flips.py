"""Which answers a change of the model turned, text by text and class by class."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.model.stats import Ints

LOST, WON, OTHER = "lost", "won", "other"


@dataclass(frozen=True, slots=True)
class Flip:
    """A text whose answer changed: "lost" was right, "won" is right now, "other" is wrong before and after."""

    text: str
    was: str
    now: str
    truth: str
    kind: str


@dataclass(frozen=True, slots=True)
class ClassFlips:
    """How many texts of a class flipped, by kind; `label` is their true class."""

    label: str
    lost: int
    won: int
    other: int


@dataclass(frozen=True, slots=True)
class Flips:
    """All flips among `n` texts: the lost ones first, else in the order of the texts; classes by what they lost."""

    rows: tuple[Flip, ...]
    by_class: tuple[ClassFlips, ...]
    n: int

    def count(self, kind: str) -> int:
        """Flips of a kind."""
        return sum(row.kind == kind for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """The flips as JSON values."""
        kinds = {kind: self.count(kind) for kind in (LOST, WON, OTHER)}
        return {"n": self.n} | kinds | {name: [asdict(x) for x in getattr(self, name)] for name in ("rows", "by_class")}


def flips(texts: Sequence[str], classes: Sequence[str], truth: Ints, before: Ints, after: Ints) -> Flips:
    """Compare two models' answers to the same texts.

    Args:
        texts: that both answered.
        classes: names, by index.
        truth: index of each text's class (texts,).
        before, after: index of the class that each model answered (texts,).

    Raises:
        ValueError: not as many answers as texts.
    """
    changed = [
        Flip(text, classes[was], classes[now], classes[true], LOST if was == true else WON if now == true else OTHER)
        for text, true, was, now in zip(texts, truth, before, after, strict=True)
        if was != now
    ]
    found = Counter((row.truth, row.kind) for row in changed)
    labels = {row.truth for row in changed}
    by_class = [ClassFlips(label, *(found[label, kind] for kind in (LOST, WON, OTHER))) for label in labels]
    return Flips(
        tuple(sorted(changed, key=lambda row: row.kind != LOST)),
        tuple(sorted(by_class, key=lambda c: (-c.lost, c.won - c.lost, -c.other, c.label))),
        len(texts),
    )
