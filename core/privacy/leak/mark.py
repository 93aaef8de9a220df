"""Marked stretches of a text: what was found, what is true, and what is left in sight once the found is masked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """Characters `start` to `end` (exclusive) and what they are; `score` is the detector's, 1 for a person's word."""

    start: int
    end: int
    type: str
    score: float = 1.0

    def overlaps(self, other: "Mark") -> bool:
        """Whether they share a character."""
        return self.start < other.end and other.start < self.end

    def as_json(self) -> list[Any]:
        """Offsets, type and score; never the characters."""
        return [self.start, self.end, self.type, round(self.score, 3)]

    @classmethod
    def of_json(cls, value: Sequence[Any]) -> "Mark":
        """The mark that `as_json` wrote."""
        start, end, kind, score = value
        return cls(int(start), int(end), str(kind), float(score))


def merged(marks: Iterable[Mark]) -> list[Mark]:
    """Overlapping marks as one, with the type of the longest: a whole name marked over its half found is one name."""
    out: list[Mark] = []
    widest: list[int] = []
    for mark in sorted(marks):
        if out and mark.start < out[-1].end:
            last, length = out[-1], mark.end - mark.start
            kind = mark.type if length > widest[-1] else last.type
            out[-1] = Mark(last.start, max(last.end, mark.end), kind, max(last.score, mark.score))
            widest[-1] = max(widest[-1], length)
        else:
            out.append(mark)
            widest.append(mark.end - mark.start)
    return out


def in_sight(text: str, mark: Mark, masks: Sequence[Mark]) -> int:
    """Letters and digits of a mark that no mask covers."""
    hidden = {i for m in masks for i in range(max(m.start, mark.start), min(m.end, mark.end))}
    return sum(text[i].isalnum() and i not in hidden for i in range(mark.start, min(mark.end, len(text))))


def places(text: str, words: str) -> list[tuple[int, int]]:
    """Where the words stand in the text, as whole words where they begin and end as such; white space is one."""
    wanted = " ".join(words.split())
    if not wanted:
        return []
    out, at = [], 0
    while (start := text.find(wanted, at)) >= 0:
        end = start + len(wanted)
        before, after = text[start - 1 : start], text[end : end + 1]
        joined = (before.isalnum() and wanted[0].isalnum()) or (after.isalnum() and wanted[-1].isalnum())
        if not joined or any(ord(c) > 0x2E7F for c in wanted):  # Chinese and its like write words without a gap
            out.append((start, end))
        at = end
    return out
