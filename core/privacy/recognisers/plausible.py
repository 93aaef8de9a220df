"""What the name model says, held against what names and dates look like.

The model was trained on news and calls any number a date, and any odd token of a tweet or form a name. A digit string
that it took for a date stays covered as a number, for it is often the rest of a phone or an address: dropping it would
make the types look better and let more through.
"""

import re

from spacy.lang.en.stop_words import STOP_WORDS

from core.privacy.recognisers import lexicon

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_DATED = re.compile(
    rf"\b{_MONTH}\b\.?,?\s*(?:the\s)?\d|\d(?:st|nd|rd|th)?,?\s*(?:of\s)?{_MONTH}\b|\b(?:january|february|april|june"
    rf"|july"
    rf"|august|september|october|november|december)\b|\b{_DAY}s?\b"
    r"|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|(?<![\d.,])\d{1,2}:\d\d(?!\d)|\d\s?[ap]\.?m\b|\d\s?o'clock",
    re.IGNORECASE,
)
_ACRONYMS = frozenset(
    """
    ai api apr asap atm atms bbq btw cc ceo cfo coo cpu cto csv cv cvv dm dob dvd eta eur faq fyi gbp gdp gif gps gpu
    hr html http https iban id imho imo inr ios iq isbn it json jpg kyc lgbt llm lmao lol ml mp mp3 nan nope nsfw ok
    omg ootd pc pdf phd pin pm png ps qr rip rofl rt sim sms sql ssn swift tba tbd tbh tgif tl tv ui url usb usd ux vat
    vip vpn wifi wtf xml yolo zip ssd fwd
    """.split()
)
_ABSTRACT = re.compile(r"(?:dom|ness|ity|ment|tion|ship|ism|ance|ence|hood)s?$")
_DEMONYM = re.compile(
    r"(?:an|ans|ese|ish|ic|ist|ists|i|im|n|crat|crats|cans?|jew|jews|greek|thai|dutch|french|czech|arab)$"
)
_PARTICLES = frozenset("al de del della der di du el la le van ten".split())
_LAST = re.compile(r"(?<=[\w.]) +([a-z]+)\Z")
_SMALL = re.compile(r"([^\W\d_]+)\s+")
_PIECE = re.compile(r"[^\n\r\t|•]+")
_EDGE = " \t\n\r.,;:!?\"'“”‘’()[]{}<>*_~|/\\-–—…&+=^`"
_LEADING = re.compile(r"(?:the|a|an|my|our|your|his|her|its|their|this|that)\s+(?=\S)", re.IGNORECASE)

Named = tuple[str, int, int]  # type, start, end


def plausible(kind: str, text: str, start: int, end: int) -> list[Named]:
    """What remains of a span of the name model: none, one, or one for each line of it."""
    if kind == "DATE_TIME":
        return _date(text, start, end)
    found = []
    for piece in _PIECE.finditer(text, start, end):
        a, b = _trimmed(text, *piece.span())
        if a < b and (what := _name(kind, text, a, b)):
            found.append((what, a, b))
    return found


def _date(text: str, start: int, end: int) -> list[Named]:
    words = text[start:end]
    if _DATED.search(words):
        return [("DATE_TIME", start, end)]
    digits = sum(c.isdigit() for c in words)
    if digits >= 5 or (digits == 4 and not re.search(r"\b(?:1[5-9]|20)\d\ds?\b", words) and not words[-1:].isalpha()):
        return [("NUMBER", start, end)]
    return []


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A name without possessive, article and punctuation at its ends, and without a tag or handle it runs into."""
    while start < end and text[start] in _EDGE:
        start += 1
    if lead := _LEADING.match(text, start, end):
        start = lead.end()
    hit = re.search(r"[#@]|https?:|\bRT\b", text[start:end])
    if hit:
        end = start + hit.start()
    while end > start and text[end - 1] in _EDGE and text[start:end] != text[start:end].rstrip("."):
        end -= 1
    while end > start and text[end - 1] in _EDGE.replace(".", ""):
        end -= 1
    while (first := _SMALL.match(text, start, end)) and _filler(first[1]):
        start = first.end()
    while (last := _LAST.search(text, start, end)) and lexicon.common(last[1]) and _word(last[1]):
        end = last.start()
    for suffix in ("'s", "’s"):
        if text[start:end].endswith(suffix):
            end -= 2
    return start, end


def _filler(word: str) -> bool:
    """Whether a word in lower case before a name is none of it: "omg justin" is Justin."""
    return (
        word.islower()
        and (word in lexicon.MODERN or word in _ACRONYMS or word in STOP_WORDS)
        and word not in _PARTICLES
    )


def _name(kind: str, text: str, start: int, end: int) -> str | None:
    """The type of what the model took for a name, or None where it cannot be one."""
    words = text[start:end]
    letters = [c for c in words if c.isalpha()]
    digits = sum(c.isdigit() for c in words)
    if any("\u3400" <= c <= "\u9fff" or "\u3040" <= c <= "\u30ff" for c in letters):
        return None  # read by rules of their own
    if not letters or digits > len(letters):
        return "NUMBER" if digits > 3 else None
    if len(letters) < 2 or (start and text[start - 1] in "#@_"):
        return None
    tokens = re.findall(r"[^\W_]+", words)
    lows = [t.lower() for t in tokens]
    if all(low in _ACRONYMS or len(low) < 2 or low.isdigit() for low in lows):
        return None
    if words.lower() in lexicon.places():
        return kind
    if all(t == low and _word(low) for t, low in zip(tokens, lows, strict=True)):
        return None
    if len(lows) == 1 and lexicon.common(lows[0]) and not lexicon.maybe_given(lows[0]):
        begins = not start or text[max(0, start - 3) : start].strip(" \"'(")[-1:] in ("", ".", "!", "?", "\n")
        if begins and tokens[0] != tokens[0].upper() and kind != "NRP":
            return None
        label = text[end : end + 1] == ":" or _ABSTRACT.search(lows[0])
        if label or (kind in ("PERSON", "NRP") and not _DEMONYM.search(lows[0])):
            return None
    return kind


def _word(low: str) -> bool:
    return lexicon.common(low) and not lexicon.given(low) and low not in lexicon.place_words()
