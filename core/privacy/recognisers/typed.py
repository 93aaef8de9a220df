"""Names as people type them in a hurry, without capitals: told by what stands around them and by lists.

The name model and the rules for edited text rest on capitals. Here a word that no dictionary has and that is no slip of
the keys is a name where a name is due: after "in" a place, after "at" or "work for" an organisation, after "my uncle" a
person. Towns, and what a house is called by its last word ("... systems", "... hospital"), are found anywhere.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from spacy.lang.en.stop_words import STOP_WORDS

from core.privacy.recognisers import lexicon
from core.privacy.recognisers.base import Finder, Match
from core.privacy.recognisers.casing import Case, case
from core.privacy.recognisers.gazetteer import towns

_I = re.IGNORECASE
_WORD = r"[^\W\d_][\w'’\-]{1,30}"
_TOKEN = re.compile(_WORD)
_IN = re.compile(
    rf"(?<![\w@#])(?:in|near|from|outside|around|visiting|(?:mov(?:ed|ing)|head(?:ed|ing)|back|trip|flight|train|way|fl(?:y"
    rf"|ying|ew)) (?:to|2)|tix for|landed in|based in)\s(?:the\s)?(?P<name>{_WORD}(?:\s{_WORD})?)",
    _I,
)
_AT = re.compile(
    rf"(?<![\w@#])(?:at|work(?:s|ed|ing)? (?:for|at|with)|employed by|bank(?:ing)? with|bought (?:it )?(?:from|at))\s"
    rf"(?:the\s)?(?P<name>{_WORD})",
    _I,
)
_STREET = re.compile(
    rf"\d\w?\s(?:{_WORD}\s){{1,3}}(?:road|rd|street|lane|ln|close|avenue|ave|drive|way|court|crescent|terrace),?\s"
    rf"(?P<name>{_WORD})",
    _I,
)
_WHO = re.compile(
    rf"\b(?:(?:my|our|his|her|ur|their|the|a)\s(?:\w{{3,10}}\s)?{lexicon.KIN}(?:,?\s\(?(?:(?:called|named)\s)?|'s\sname\sis\s)|(?:ask|asked|saw|met|calls?"
    rf"|called|w/?|with|thx|ty|cheers|its|it's|im|i'm|this is|hi|hey|hello|wish|omg|ok so|big up|happy bday|shout ?out"
    rf" to)\s)(?P<name>{_WORD}(?:\s{_WORD})?)",
    _I,
)
_TITLED = re.compile(rf"\b(?:mr|mrs|ms|miss|dr|prof|professor|sir|auntie|uncle)\.?\s(?P<name>{_WORD})", _I)
_HEADS = (
    r"systems?|solutions|motors?|energy|plumbing|airlines?|airways|hospital|infirmary|primary|academy|school|college"
    r"|university|uni|church|police|council|bank|trading|stores|insurance|logistics|clinic|surgery|pharmacy|airport"
    r"|hotel|electronics|pharma|telecom|mobile|water|gas|electric|builders|consulting|technologies|group"
)
_HOUSE = re.compile(rf"(?<![\w@#])(?P<name>(?:{_WORD}\s){{1,3}}(?:{_HEADS}))(?![\w'’])", _I)
_LEGAL = re.compile(rf"(?<![\w@#])(?P<name>(?:{_WORD}\s){{1,3}}(?:ltd|limited|llc|llp|inc|plc|gmbh|corp))\b\.?", _I)
_OF = re.compile(
    rf"(?<![\w@#])(?:department|dept|ministry|university|institute|bureau|bank|faculty|board)\sof\s(?:the\s)?(?P<of>{_WORD})"
    rf"(?:\s(?:and|&)\s{_WORD})?",
    _I,
)
_SAINT = re.compile(rf"(?<![\w@#])(?:st|saint)\.?\s(?P<of>{_WORD})(?:\s(?:{_HEADS}))?\b", _I)
_SLANG = frozenset(
    """
    aight alot altho app bday bruv cba convo cuppa dunno dx'd dw fave fr gn gna goin gr8 hella innit iirc irl itll ive
    jab jst kno legit lil lmaooo luv m8 ngl nite nothin obv obvs omw pls ppl probs prob quid rly smth sux tbf tfw thanx
    thnx thot til tix tmrw toke tonite totes uni urself vid w/o wanna wat whaddup wk wks wld wud wuu2 xmas yday yeet yh
    """.split()
)
_OVER_MODEL = 0.86  # above the name model's 0.85: of two spans that are alike Presidio keeps the higher
_EDITS = "abcdefghijklmnopqrstuvwxyz"


class Typed(Finder):
    """Places, organisations and people in texts without capitals."""

    TYPES = ("PERSON", "LOCATION", "ORGANIZATION")

    def find(self, text: str) -> Iterator[Match]:
        """The names."""
        if case(text) is Case.MIXED:
            return
        yield from _towns(text)
        for pattern, kind, rule in (
            (_IN, "LOCATION", "unknown word where a place is due"),
            (_AT, "ORGANIZATION", "unknown word where an organisation is due"),
        ):
            for hit in pattern.finditer(text):
                if end := _strange(text, *hit.span("name")):
                    yield Match(hit.start("name"), end, kind, rule, 0.5)
        yield from _people(text)
        yield from _houses(text)


def _towns(text: str) -> Iterator[Match]:
    """Towns of one to three words that are no ordinary words; after a word for a place, also those that are nouns."""
    tokens = list(_TOKEN.finditer(text))
    due = {hit.start("name") for pattern in (_IN, _STREET) for hit in pattern.finditer(text)}
    done = 0
    for i, token in enumerate(tokens):
        if token.start() < done or (token.start() and text[token.start() - 1] in "@#_/."):
            continue
        for size in (3, 2, 1):
            if i + size > len(tokens):
                continue
            end = tokens[i + size - 1].end()
            name = re.sub(r"['’]s$", "", text[token.start() : end].lower())
            if name in towns() and _placelike(name, due=token.start() in due):
                done = token.start() + len(name)
                yield Match(token.start(), done, "LOCATION", "town", _OVER_MODEL)
                break


@lru_cache(50_000)
def _placelike(name: str, *, due: bool) -> bool:
    words = name.split()
    if len(words) > 1:
        return not all(map(lexicon.common, words)) or (due and not any(w in STOP_WORDS for w in words[1:]))
    if (
        len(name) < 4
        or name in STOP_WORDS
        or name in lexicon.MODERN
        or name in lexicon.CALENDAR
        or lexicon.active(name)
    ):
        return False
    if due:
        return True
    return not (lexicon.common(name) or lexicon.maybe_given(name) or lexicon.family(name, sure=True))


def _people(text: str) -> Iterator[Match]:
    for hit in _WHO.finditer(text):
        start, end = hit.span("name")
        first = text[start:end].split()[0]
        low = re.sub(r"['’]s$", "", first.lower())
        named = lexicon.maybe_given(low) and low not in STOP_WORDS and not lexicon.active(low)
        if (named and low not in lexicon.MODERN) or _odd(low):
            reach = start + len(first)
            rest = text[reach:end].strip()
            if rest and (_odd(rest.lower()) or lexicon.family(rest)):
                reach = end
            yield Match(start, reach, "PERSON", "name of somebody who is spoken of", _OVER_MODEL)
    for hit in _TITLED.finditer(text):
        if not lexicon.common(hit["name"]) or lexicon.family(hit["name"], sure=True):
            yield Match(*hit.span("name"), "PERSON", "name after a form of address", 0.7)


def _houses(text: str) -> Iterator[Match]:
    for hit in _OF.finditer(text):
        if hit["of"].lower() not in STOP_WORDS:
            yield Match(*hit.span(), "ORGANIZATION", "kind of house and what it is of", _OVER_MODEL)
    for hit in _SAINT.finditer(text):
        if lexicon.maybe_given(hit["of"].removesuffix("s")) or lexicon.maybe_given(hit["of"]):
            yield Match(*hit.span(), "ORGANIZATION", "house of a saint", _OVER_MODEL)
    for hit in _LEGAL.finditer(text):
        start = _back(text, *hit.span("name"), strict=False)
        if start is not None:
            yield Match(start, hit.end("name"), "ORGANIZATION", "legal form", _OVER_MODEL)
    for hit in _HOUSE.finditer(text):
        start = _back(text, *hit.span("name"), strict=True)
        if start is not None:
            yield Match(start, hit.end("name"), "ORGANIZATION", "kind of house", _OVER_MODEL)


def _back(text: str, start: int, end: int, *, strict: bool) -> int | None:
    """Where a house's name begins: before its last word, at words that are no ordinary ones, or nouns unless strict."""
    found = None
    for token in reversed(list(_TOKEN.finditer(text, start, end))[:-1]):
        low = token[0].lower()
        if low in STOP_WORDS or low in lexicon.MODERN or low in _SLANG or lexicon.active(low, inflected=strict):
            break
        if strict and lexicon.common(low) and not lexicon.maybe_given(low) and low not in towns():
            break
        found = token.start()
    return found


def _strange(text: str, start: int, end: int) -> int:
    """Where a run of at most two odd words that begins here ends; 0 where the first is none."""
    reach = 0
    for token in _TOKEN.finditer(text, start, end):
        word = re.sub(r"['’]s$", "", token[0])
        if not _odd(word.lower()):
            break
        reach = token.start() + len(word)
    return reach


@lru_cache(50_000)
def _odd(low: str) -> bool:
    """Whether a word is in no dictionary, no slang, and no slip of the keys away from a word."""
    if len(low) < 4 or not low.isalpha() or low in _SLANG or lexicon.common(low) or re.search(r"(.)\1\1", low):
        return False
    if any(low.endswith(end) and lexicon.common(low[: -len(end)]) for end in ("y", "ish", "ness", "less", "able", "o")):
        return False
    parts = [(low[:i], low[i:]) for i in range(len(low) + 1)]
    near = {a + b[1:] for a, b in parts if b} | {a + b[1] + b[0] + b[2:] for a, b in parts if len(b) > 1}
    near |= {a + c + b for a, b in parts for c in _EDITS} | {a + c + b[1:] for a, b in parts if b for c in _EDITS}
    return not any(len(word) > 3 and lexicon.plain(word) for word in near)
