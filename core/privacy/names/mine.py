"""Turns a founder's rows into sentences with slots: what was found in them makes way for a made-up value.

Only what two models agree on becomes a slot. What one of them alone found, and rare words, which may be names that
both missed, stay as they are and teach nothing: else the model would learn its own mistakes. Sentences live in memory
and are never written, for the rest of a row may still say who wrote it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from core.privacy.names.templates import Part, Template

SLOTS = {
    "PERSON": "full",
    "LOCATION": "city",
    "ORGANIZATION": "org",
    "NRP": "nat",
    "DATE_TIME": "date",
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "URL": "url",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "US_SSN": "ssn",
    "ZIP_CODE": "zip",
    "AGE": "age",
    "TITLE": "title",
}
SAME = "same"  # a slot that keeps its words and teaches nothing
RARE = 3  # a word that stands in fewer rows than this may be a name
LONGEST, SHORTEST = 600, 3  # characters of a row
MOST = 3000  # rows

Spans = Sequence[tuple[int, int, str]]
Finder = Callable[[Sequence[str]], Sequence[Spans]]


def readable(rows: Iterable[str]) -> list[str]:
    """The rows that sentences can be made of: distinct, neither empty nor endless, at most `MOST`."""
    kept = dict.fromkeys(t for row in rows if SHORTEST <= len(t := row.strip()) <= LONGEST)
    return list(kept)[:MOST]


def mine(rows: Sequence[str], first: Finder, second: Finder) -> list[Template]:
    """Sentences with slots, one of each kind.

    Args:
        rows: texts.
        first: the detector in force: start, end and type of what it finds in each text.
        second: another one, whose agreement makes a finding sure; for what has a form (mails, cards) none is asked.
    """
    common = _common(rows)
    made: dict[str, Template] = {}
    for text, a, b in zip(rows, first(rows), second(rows), strict=True):
        sure = {(s, e) for s, e, kind in a if _agreed((s, e, kind), b)}
        template = Template(tuple(_parts(text, a, sure, common)), "mined")
        made.setdefault(template.key, template)
    return list(made.values())


def _common(rows: Sequence[str]) -> set[str]:
    """Words that stand in several rows, in lower case."""
    seen: Counter[str] = Counter()
    for text in rows:
        seen.update({w for w, _, _ in _words(text, 0)})
    return {w for w, n in seen.items() if n >= RARE}


def _words(text: str, at: int) -> Iterable[tuple[str, int, int]]:
    """Runs of letters with where they stand, counted from `at`."""
    start = None
    for i, c in enumerate(f"{text} "):
        if c.isalpha() or (c == "'" and start is not None):
            start = i if start is None else start
        elif start is not None:
            yield text[start:i].lower(), at + start, at + i
            start = None


def _agreed(span: tuple[int, int, str], others: Spans) -> bool:
    start, end, kind = span
    if kind in ("EMAIL_ADDRESS", "URL", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "PHONE_NUMBER", "ZIP_CODE", "AGE"):
        return True
    same = [o for o in others if o[2] == kind]
    return any(abs(o[0] - start) + abs(o[1] - end) <= 0.1 * (end - start) for o in same)


def _parts(text: str, spans: Spans, sure: set[tuple[int, int]], common: set[str]) -> Iterable[Part]:
    at = 0
    for start, end, kind in sorted(spans):
        if start < at:
            continue
        yield from _between(text[at:start], common)
        slot = _slot(kind, text[start:end]) if (start, end) in sure else SAME
        yield Part(text[start:end] if slot == SAME else "", slot)
        at = end
    yield from _between(text[at:], common)


def _between(text: str, common: set[str]) -> Iterable[Part]:
    """What stands between findings, its rare words apart."""
    at = 0
    for word, start, end in _words(text, 0):
        if word not in common and len(word) > 1:
            if start > at:
                yield Part(text[at:start])
            yield Part(text[start:end], SAME)
            at = end
    if at < len(text):
        yield Part(text[at:])


def _slot(kind: str, words: str) -> str:
    """Which made-up value takes the place of a finding."""
    slot = SLOTS.get(kind, SAME)
    digits = sum(c.isdigit() for c in words)
    if slot == "full" and len(words.split()) == 1:
        return "first"
    if slot == "city" and digits:
        return "address"
    if slot == "date" and digits < 3:
        return SAME  # "yesterday" is no date of anybody's
    return "time" if slot == "date" and ":" in words else slot
