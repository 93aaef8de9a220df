"""Where personal data stands in a text and what that rests on; of several answers, the best proved."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

THRESHOLD = 0.4  # what Presidio's own pages use; below it stand number shapes with nothing around that supports them
WINDOW, OVERLAP = 5000, 300  # characters


class Proof(IntEnum):
    """What a span rests on, weakest first: where two disagree about a character, the stronger names it."""

    NAME = 1  # the language model took it for a name, place, date, ...
    PATTERN = 2  # its form fits
    CHECKSUM = 3  # its form fits and its check digits, or its domain, are valid


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` (exclusive) of a text and what they are taken for; `score` is Presidio's, 0 to 1."""

    start: int
    end: int
    type: str
    score: float
    proof: Proof

    @property
    def weak(self) -> bool:
        """Whether it is a mere number shape, which does not count as a finding."""
        return self.score < THRESHOLD


def windows(text: str) -> Iterator[tuple[int, int]]:
    """Cut a text into windows that overlap, at white space where there is some near."""
    start = 0
    while len(text) - start > WINDOW:
        cut = text.rfind(" ", start + WINDOW - OVERLAP, start + WINDOW)
        end = cut if cut > 0 else start + WINDOW
        yield start, end
        start = end - OVERLAP
    yield start, len(text)


def resolve(text: str, spans: Sequence[Span]) -> list[Span]:
    """Let one span speak for each character, the best proved, and drop no covered letter or digit.

    What a weaker span covers beyond a stronger one stays as its own span where it is at least half of it, and
    otherwise widens the stronger one: a rest of two digits is no phone number.
    """
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.weak, -s.proof, -s.score, s.start - s.end, s.start, s.type)):
        for start, end in _free(span, kept):
            if (start, end) != (span.start, span.end):
                start, end = _trim(text, start, end)
            if start == end:
                continue
            if (end - start) * 2 >= span.end - span.start:
                kept.append(replace(span, start=start, end=end))
            elif not span.weak:
                _widen(kept, start, end)
    return sorted(kept, key=lambda s: s.start)


def joined(text: str, spans: Sequence[Span]) -> list[Span]:
    """Neighbours that are one thing: a date and its time, a street and the town that the name model found after it,
    a given name and a family name."""
    out: list[Span] = []
    for span in spans:
        if out and _one(out[-1], span, text[out[-1].end : span.start]):
            out[-1] = replace(out[-1], end=span.end)
        else:
            out.append(span)
    return out


def _one(last: Span, span: Span, between: str) -> bool:
    """Whether two spans with some characters between them are one."""
    if last.type != span.type or span.weak or last.weak:
        return False
    match span.type:
        case "DATE_TIME":
            return bool(re.fullmatch(r"T|,?\s{1,2}(?:at\s)?", between))
        case "LOCATION":
            street = last.proof == Proof.PATTERN and span.proof == Proof.NAME
            return street and bool(re.fullmatch(r"[ ,\t]{1,3}", between))
        case "PERSON":
            return last.proof == span.proof == Proof.NAME and between == " "
        case _:
            return False


def _free(span: Span, kept: Sequence[Span]) -> list[tuple[int, int]]:
    """The parts of a span that no kept one covers."""
    parts, start = [], span.start
    for other in sorted((k for k in kept if k.start < span.end and k.end > span.start), key=lambda k: k.start):
        if other.start > start:
            parts.append((start, other.start))
        start = max(start, other.end)
    return [*parts, (start, span.end)] if start < span.end else parts


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without anything but letters and digits at its ends."""
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    return start, end


def _widen(kept: list[Span], start: int, end: int) -> None:
    """Give a free range to the kept span nearest to it."""
    i = min(range(len(kept)), key=lambda k: max(kept[k].start - end, start - kept[k].end))
    kept[i] = replace(kept[i], start=min(kept[i].start, start), end=max(kept[i].end, end))
