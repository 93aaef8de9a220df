"""Which recognisers can find anything in a text at all, told from what every match of theirs must hold.

Most texts hold no digit, or no "@", so most patterns cannot match. What a pattern needs is read off its own regular
expression, so that the screen follows Presidio's patterns whatever they become: a match of `[A-Z]{2}\\d{6}` has six
digits at least, one of an e-mail address has an "@". Where an expression says nothing of the kind, it is always tried.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_PARSE: Any = getattr(re, "_parser")  # noqa: B009 - the standard library's reading of an expression, without a public name
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Need:
    """What every match holds: so many decimal digits, and each of some signs (no letters, no digits)."""

    digits: int = 0
    signs: frozenset[str] = frozenset()

    def __add__(self, other: "Need") -> "Need":
        """Both, one after the other."""
        return Need(self.digits + other.digits, self.signs | other.signs)

    def __or__(self, other: "Need") -> "Need":
        """What either of them holds in any case."""
        return Need(min(self.digits, other.digits), self.signs & other.signs)

    def met(self, text: str, digits: int) -> bool:
        """Whether a text with so many digits may hold a match."""
        return digits >= self.digits and all(sign in text for sign in self.signs)


NOTHING = Need()


def digits_in(text: str) -> int:
    """The decimal digits of a text, of any script."""
    return len(_DIGIT.findall(text))


def need(expression: str) -> Need:
    """What every match of an expression holds; nothing where it cannot be read."""
    try:
        return _of(_PARSE.parse(expression))
    except (re.error, ValueError, OverflowError, RecursionError, AttributeError):
        return NOTHING


def _of(parsed: Iterable[tuple[Any, Any]]) -> Need:
    """What a sequence of parts needs."""
    total = NOTHING
    for kind, value in parsed:
        total += _part(str(kind), value)
    return total


def _part(kind: str, value: Any) -> Need:
    """What one part needs; lookarounds, references and whatever is unknown need nothing."""
    if kind == "LITERAL":
        sign = chr(value)
        return Need(1) if sign.isdecimal() else NOTHING if sign.isalnum() else Need(0, frozenset(sign))
    if kind == "IN":
        return _class(value)
    if kind == "SUBPATTERN":
        return _of(value[-1])
    if kind == "ATOMIC_GROUP":
        return _of(value)
    if kind == "BRANCH":
        first, *others = map(_of, value[1])
        for other in others:
            first |= other
        return first
    if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, _, inner = value
        once = _of(inner)
        return Need(once.digits * least, once.signs) if least else NOTHING
    return NOTHING


def _class(members: Sequence[tuple[Any, Any]]) -> Need:
    """What a class of characters needs: a digit where it has nothing else, its sign where it has but one."""
    for kind, value in members:
        name = str(kind)
        digit = (
            (name == "CATEGORY" and str(value) == "CATEGORY_DIGIT")
            or (name == "LITERAL" and chr(value).isdecimal())
            or (name == "RANGE" and all(chr(c).isdecimal() for c in value) and value[1] - value[0] < 10)
        )
        if not digit:
            single = len(members) == 1 and name == "LITERAL"
            return _part("LITERAL", value) if single else NOTHING
    return Need(1)


def needs(recogniser: Any) -> tuple[Need, ...]:
    """What a recogniser needs, one of them: read off its patterns, or said by itself as `needs`."""
    said: Need | None = getattr(recogniser, "needs", None)
    if said is not None:
        return (said,)
    patterns = [p.regex for p in getattr(recogniser, "patterns", None) or ()]
    found = dict.fromkeys(map(need, patterns))
    return (NOTHING,) if not found or NOTHING in found else tuple(found)


class Screen:
    """The needs of some recognisers, ready to be asked which of them may find anything in a text."""

    def __init__(self, recognisers: Sequence[Any]) -> None:
        """Read what each needs, once."""
        self._needs = [(r, () if (least := needs(r)) == (NOTHING,) else least) for r in recognisers]

    def passes(self, text: str) -> list[Any]:
        """The recognisers that may find something in a text, in their order."""
        digits = digits_in(text)
        return [r for r, least in self._needs if not least or any(n.met(text, digits) for n in least)]
