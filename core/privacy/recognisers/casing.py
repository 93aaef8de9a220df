"""Texts without case, or in capitals, as an editor would write them, so that the name model can read them.

The model was trained on edited text and takes capitals for names: it finds few in a text without any, and takes every
word for one in a text of capitals. Lengths stay, so that what is found stands at the same place.
"""

import re
from enum import Enum
from functools import lru_cache

from core.privacy.recognisers import lexicon

_WORD = re.compile(r"[^\W\d_][\w'’]*")
_ACRONYM = 4  # letters up to which capitals make an acronym, or a shout such as "OMG"
_CAPITALS = 0.7  # share of letters from which a text counts as written in capitals


class Case(Enum):
    """How a text is written."""

    MIXED = "mixed"
    LOWER = "lower"
    UPPER = "upper"


@lru_cache(8)  # several recognisers ask for the text at hand
def case(text: str) -> Case:
    """How a text is written; addresses, "I" and single letters do not count."""
    plain = " ".join(w for w in text.split() if not ("@" in w or "://" in w or w.startswith("www.")))
    words = [w for w in _WORD.findall(plain) if len(w) > 1 and not w.startswith(("I'", "I’"))]
    cased = [c for w in words for c in w if c.isupper() or c.islower()]
    upper = sum(c.isupper() for c in cased)
    if not any(c.isupper() for w in words if not (w.isupper() and len(w) <= _ACRONYM) for c in w) and any(
        w.islower() for w in words
    ):
        return Case.LOWER
    if len(words) > 2 and upper >= _CAPITALS * len(cased):
        return Case.UPPER
    return Case.MIXED


def recased(text: str) -> str:
    """The text with names capitalised and nothing else, where its own case says nothing; of the same length."""
    if case(text) is Case.MIXED:
        return text
    return _WORD.sub(lambda m: _word(m[0], text, m.start()), text)


def _word(word: str, text: str, at: int) -> str:
    low = word.lower()
    before = text[max(0, at - 20) : at].rstrip(" ")
    begins = not before or before[-1] in ".!?\n"
    if begins or low == "i" or named(low):
        new = low[:1].upper() + low[1:]
    else:
        new = low
    return new if len(new) == len(word) else word


def named(low: str) -> bool:
    """Whether a word would be written with a capital in the middle of a sentence, as far as lists can say."""
    if len(low) < 3:
        return False
    return low in lexicon.place_words() or lexicon.given(low) or not lexicon.common(low) or low in lexicon.CALENDAR
