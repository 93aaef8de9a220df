"""Postal addresses as one span, and postcodes that stand alone.

An address begins at an anchor (a street by its suffix or prefix, a numbered line with a unit below it, a post-office
box, a military unit, a street corner) and is read on, segment by segment: unit, town, state, postcode, country, on the
same line or the next ones. What reads like a street without a known word for it counts only if such a segment follows
or the words before announce an address.
"""

import re
from collections.abc import Iterator
from functools import cache

from spacy.lang.en.stop_words import STOP_WORDS

from core.privacy.recognisers import gazetteer, lexicon
from core.privacy.recognisers.base import Finder, Match
from core.privacy.recognisers.casing import Case, case

_I = re.IGNORECASE
# A word, and a house number such as 12, 12a, 12-14 or 7/3.
_W = r"[^\W\d_][\w'’\-]{0,30}\.?"
_N = r"\d{1,5}[a-zA-Z]?(?:[-/]\d{1,4}[a-zA-Z]?)?"
_NOT_IN = r"(?<![\w@#/.\-])"

_SUFFIX = (
    r"(?:street|st|road|rd|avenue|ave|av|lane|ln|drive|dr|boulevard|blvd|court|ct|place|pl|way|terrace|ter|parkway"
    r"|pkwy"
    r"|highway|hwy|circle|cir|square|sq|trail|trl|crescent|cres|close|grove|gardens|gdns|row|mews|alley|walk|quay"
    r"|route"
    r"|loop|pike|turnpike|tpke|str|esplanade|promenade|expressway|freeway|plaza|ulica|utca|u|út|tér|cesta|street|vej"
    r"|caddesi|sokak|marg|nagar|crossing|path|bend|ridge|heights|strasse|straße|allee|weg|platz)"
)
_COMPOUND = (
    r"[^\W\d_][\w\-]{1,30}(?:stra(?:ss|ß|s)e|stasse|str\.|gasse|weg|platz|allee|damm|ufer|straat|laan|plein|kade"
    r"|gracht"
    r"|plaats|dreef|steenweg|gatan?|gate|v[äa]gen|vegen|veien|vej|veg|stræde|gade|katu|tie|polku|kuja|utca|gränd|torg"
    r"|wal|singel|markt|hof|brink|stien|toften|parken)"
)
_PREFIX = (
    r"(?:rue|avenue|av\.?|avda\.?|avenida|boulevard|bd\.?|chemin|place|allée|impasse|quai|route|via|viale|vicolo"
    r"|piazza"
    r"|piazzale|corso|largo|strada|contrada|borgo|calle|c/|plaza|paseo|camino|camiño|carretera|ctra\.?|ronda|rúa"
    r"|rua|r"
    r"|praça|travessa|estrada|ul\.?|ulica|aleja|al\.|os\.|pl\.|trg|ulitsa|jalan|jl\.?|cesta)"
)
_STREET = re.compile(
    rf"{_NOT_IN}(?:(?P<suffix>(?:{_N},?\s)?(?:{_W}[ ]){{1,4}}?{_SUFFIX}\b\.?(?:[ ]{_N}\b\.?)?)"
    rf"|(?P<compound>(?:{_N},?\s)?(?:{_W}[ ]){{0,2}}{_COMPOUND}[ ]{_N}\b|{_N},?\s(?:{_W}["
    rf" ]){{0,2}}{_COMPOUND}(?![\w]))"
    rf"|(?P<prefix>(?:{_N},?\s)?{_PREFIX}[ ](?:{_W}[ ]){{0,5}}?(?:{_W},?[ ]{_N}\b|{_W}(?=\s*[,\n]|\s*$))))",
    _I,
)
_NUMBERED = re.compile(
    rf"{_NOT_IN}{_N},?[ ](?:{_N}[ ])?{_W}(?:[ ]{_W}){{0,4}}?(?:[ ]{_N}\b\.?)?(?=\s*[,\n]"
    rf"|\s+(?:apt|suite|flat|unit)\b|\s*[.?!]?\s*$)",
    _I,
)
_NAMED_NUMBER = re.compile(rf"{_NOT_IN}(?:{_W}[ ]){{1,4}}?{_N}(?=\s*[,\n]|\s+(?:apt|suite|flat|unit)\b)", _I)
_BOX = re.compile(
    rf"{_NOT_IN}(?:{_N}[ ])?(?:p\.?\s?o\.?\s?box|post(?:al)? office box|postfach"
    rf"|apartado)\s\d{{1,6}}\b",
    _I,
)
_MILITARY = re.compile(
    r"\b(?:(?:PSC|CMR|Unit)\s\d{1,5},?\s{1,3}Box\s\d{1,5}|US(?:S|NS|NV|CGC)\s[A-Z][\w\-]{1,30})"
    r"\s{0,3},?\s{0,3}(?:APO|FPO|DPO),?\s(?:AA|AE|AP)\s\d{5}(?:-\d{4})?\b",
    _I,
)
_PART = rf"(?:{_N}[ ])?{_W}(?:[ ]{_W}){{0,4}}?(?:[ ]{_SUFFIX}\b\.?|[ ]{_N}\b|(?=[,.?!\n]|$))"
_CORNER = re.compile(
    rf"\b(?:the\s)?(?:corner|intersection)\sof\s(?:p\.?o\.?\sbox\s\d{{1,6}}|{_PART})(?:[ ]{_N})?\s(?:and"
    rf"|&)\s(?:{_PART})(?:[ ]{_N}\b)?",
    _I,
)
_ANNOUNCED = re.compile(
    r"(?:\baddress(?:es)?\b(?:\s(?:is|was|to|with|as|at|of|are|here))?[^\w\n]{0,3}|\b(?:lives?|living|lived"
    r"|reside[sd]?|office|located"
    r"|meet|meeting|deliver(?:ed)?|ship(?:ped)?|send|taxi|cab|ride|return|moved?|new one|card|package|parcel|mail"
    r"|enter|stay(?:ing)?|house|home|apartment|situated|go|come|drive|we're|i'm|it's|building|store|shop|hotel)"
    r"(?:\s(?:it|me|us|is|was|back|one))?\s(?:at|to|in|on|near|is))[\s:]{0,4}(?:the\s)?$",
    _I,
)
_UNIT = re.compile(
    r"(?:apt|apartment|suite|ste|unit|flat|floor|fl|room|rm|bldg|building|no|box|tür"
    r"|top)\b\.?\s?#?\s?\d{0,5}[a-zA-Z]?\b|#\s?\d{1,5}\b",
    _I,
)
_GAP = re.compile(r"[ \t]{0,2}(?:,[ \t]*)?(?:\r?\n[ \t>*?|]{0,8}(?:,[ \t]*)?)?")
_WIDE = re.compile(r"(?:[ \t]*\r?\n){1,2}[ \t>*?|]{0,8}")
_CODE = re.compile(
    r"(?:[A-Z]{2},?\s)?\d{5}(?:-\d{4})?\b(?![.,:]\d)|\d{4}\s?[A-Z]{2}\b|[A-Z]{1,2}-?\d{4,6}\b|\d{4}\b(?=\s*(?:[,\n.?!]"
    r"|[A-Z]|$))|\d{2}-\d{3}\b"
    r"|\d{3}\s\d{2}\b|\d{6}\b"
)
_UK = re.compile(r"(?<![\w-])[A-PR-UWYZ][A-HJ-Y]?\d[A-Z\d]?\s?\d[ABD-HJLNP-UW-Z]{2}(?![\w-])", _I)
_CODED = re.compile(rf"(?:[^\W\d_][^\W\d_'’.\-]+[ ]){{1,3}}{_UK.pattern}", _I)  # a town and its postcode
_FIRST = re.compile(r"[^\W\d_]+(?![\w'’])")
_CANADA = re.compile(r"\b[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z][ -]?\d[ABCEGHJ-NPRSTV-Z]\d\b")
_SHORT = re.compile(r"(?:[A-Z]{2,3}|\d{2}|nan)\b(?=\s*(?:\d{4,6}\b|[,\n?.]|$))")
_TOWN = re.compile(rf"{_W}(?:[ \-]{_W}){{0,4}}")
_ZIP = re.compile(
    r"\b(?:zip(?:\s?code)?|post\s?code|postal(?:\scode)?|plz|pin\s?code)\b\W{0,4}(?:is\s"
    r"|was\s)?(?P<code>\d{5}-\d{4}|\d{4}\s?[A-Z]{2}\b"
    r"|\d{2}-\d{3}|\d{4,6})\b",
    _I,
)
_SMALL = frozenset(
    """
    a al am an and auf aux bei da das de del della delle den der des di do dos du e el en i il im in la le les lo los of
    op o på sur the upon van von y zu zum
    """.split()
)
_SEGMENTS = 9
_NO_TOWN = frozenset(
    """
    i we you he she it they please thanks thank this that my our is was are and but or if so then for with can call when
    regards
    """.split()
)


class Address(Finder):
    """Postal addresses, whole, as LOCATION; ZIP_CODE for a postcode alone."""

    TYPES = ("LOCATION", "ZIP_CODE")

    def find(self, text: str) -> Iterator[Match]:
        """The addresses and postcodes; those that head a letter, or stand in a form, by their lines."""
        found = list(self._whole(text))
        for match in found:
            if any(
                o.start <= match.start and match.end <= o.end and o.end - o.start > match.end - match.start
                for o in found
            ):
                continue
            if match.type == "LOCATION" and text.count("\n", match.start, match.end) > 1 and _heads(text, match.start):
                yield from _lines(text, match)
            else:
                yield match

    def _whole(self, text: str) -> Iterator[Match]:
        for code in _ZIP.finditer(text):
            yield Match(*code.span("code"), "ZIP_CODE", "postcode after a word for it", 0.8)
        for form in (_UK, _CANADA):
            for code in form.finditer(text):
                yield Match(*code.span(), "ZIP_CODE", "form of a postcode", 0.6)
        plain = case(text) is not Case.MIXED
        for rule, pattern in (("box", _BOX), ("military", _MILITARY), ("corner", _CORNER)):
            for hit in pattern.finditer(text):
                yield self._read(text, hit.start(), hit.end(), plain, rule)[0]
        yield from self._streets(text, plain)
        if any(c.isdigit() for c in text):
            yield from self._numbered(text, plain)

    def _streets(self, text: str, plain: bool) -> Iterator[Match]:
        at = 0
        while hit := _STREET.search(text, at):
            words = text[hit.start() : hit.end()]
            digit = any(c.isdigit() for c in words)
            start = _named_from(text, hit.start(), hit.end(), plain)
            if start is None or not (digit or (hit.lastgroup == "suffix" and not plain)):
                at = _past_word(text, hit.start())
                continue
            match, _ = self._read(text, start, hit.end(), plain, f"street {hit.lastgroup}")
            yield match
            at = max(hit.end(), match.end)

    def _numbered(self, text: str, plain: bool) -> Iterator[Match]:
        for pattern in (_NUMBERED, _NAMED_NUMBER):
            at = 0
            while hit := pattern.search(text, at):
                at = hit.end()
                before = text[max(0, hit.start() - 60) : hit.start()]
                announced = bool(_ANNOUNCED.search(before))
                if pattern is _NAMED_NUMBER and not announced and not _alone(text, hit.start()):
                    at = _past_word(text, hit.start())
                    continue
                start = hit.start()
                if pattern is _NAMED_NUMBER:
                    start = _named_from(text, start, hit.end(), plain) or start
                match, certain = self._read(text, start, hit.end(), plain, "numbered line")
                words = [w for w in re.findall(r"[^\W\d_]{2,}", hit[0]) if w.lower() not in _SMALL]
                named = plain or any(w[0].isupper() for w in words)
                if certain or (announced and named and not all(map(lexicon.common, words))):
                    yield match
                    at = max(at, match.end)

    @staticmethod
    def _read(text: str, start: int, end: int, plain: bool, rule: str) -> tuple[Match, bool]:
        """Read on from an anchor; with it, whether something only an address has was met."""
        certain = False
        if before := re.search(r"(?<![\w.,:/-])(?:\d{1,5}[a-zA-Z]?[ ]){1,2}$", text[max(0, start - 14) : start]):
            start -= len(before[0])
        if before := re.search(
            r"\b(?:flat|apt\.?|apartment|unit|suite|room)\s\w{1,4},?\s$", text[max(0, start - 20) : start], _I
        ):
            start -= len(before[0])
        unit = False
        for _ in range(_SEGMENTS):
            step = _segment(text, end, plain, unit)
            if step is None:
                break
            end, kind = step
            unit = kind == "unit"
            certain |= kind in ("unit", "code", "country")
        return Match(start, end, "LOCATION", f"address: {rule}", 0.9), certain


def _heads(text: str, at: int) -> bool:
    """Whether an address begins the text, a paragraph, or a line that is marked as one of a form."""
    before = text[max(0, at - 60) : at]
    bare = before.rstrip(" \t")
    marked = re.search(r"(?:^|\n)[ \t]*[>*?|\-]+[ \t]*$", before) is not None
    paragraph = bare.endswith("\n\n") and not bare.rstrip().endswith(":")
    return marked or paragraph or (not bare and at <= 60)


def _lines(text: str, match: Match) -> Iterator[Match]:
    """An address line by line; a number before a street that has its own, and a postcode, are parts of their own."""
    for line in re.compile(r"[^\n]+").finditer(text, match.start, match.end):
        lead = len(line[0]) - len(line[0].lstrip(" \t>*?|,-"))
        words = line[0][lead:].rstrip(" ,\t")
        start = line.start() + lead
        if not words:
            continue
        if number := re.match(rf"{_N}[ ](?=.*\d)(?=\d|[^\W\d_])", words):
            yield Match(start, start + number.end() - 1, "LOCATION", match.rule, match.score)
            start, words = start + number.end(), words[number.end() :]
        if code := re.search(r"(?<=[^\W\d_][ ])\d{5}(?:-\d{4})?$", words):
            yield Match(start + code.start(), start + len(words), "ZIP_CODE", match.rule, match.score)
            words = words[: code.start()].rstrip(" ,")
        kind = "ZIP_CODE" if re.fullmatch(r"\d{5}(?:-\d{4})?", words) else "LOCATION"
        yield Match(start, start + len(words), kind, match.rule, match.score)


def _past_word(text: str, at: int) -> int:
    """Where to look on after a match that begins there was refused."""
    word = re.compile(r"\w+|\W").match(text, at)
    return word.end() if word else at + 1


def _alone(text: str, at: int) -> bool:
    """Whether a line begins there."""
    before = text[max(0, at - 40) : at].rstrip(" \t>*?|,")
    return before.endswith("\n") or (not before and at <= 40)


def _named_from(text: str, start: int, end: int, plain: bool) -> int | None:
    """Where the street in a match begins: at its number, else at the first of the capitalised words up to its end."""
    words = text[start:end]
    if number := re.match(rf"{_N},?\s", words):
        rest = words[number.end() :]
        if plain or any(w[0].isupper() for w in re.findall(r"[^\W\d_]\w*", rest)):
            return (
                None
                if re.match(
                    r"(?:years?|minutes?|hours?|days?|miles?|people|of|in|the"
                    r"|way)\b",
                    rest,
                    _I,
                )
                else start
            )
        return None
    tokens = list(re.finditer(_W, words))
    if plain:
        while len(tokens) > 2 and lexicon.common(tokens[0][0]):
            tokens.pop(0)
        return start + tokens[0].start() if tokens else None
    if not tokens[-1][0][0].isupper() and "street" not in tokens[-1][0].lower() and not re.search(r"\d", words):
        return None
    first = None
    for token in reversed(tokens):
        if token[0][0].isupper() and not _function(token[0]):
            first = token
        elif token[0].lower().strip(".") in _SMALL or token is tokens[-1] or re.fullmatch(_PREFIX, token[0], _I):
            first = token if re.fullmatch(_PREFIX, token[0], _I) else first
            continue
        else:
            break
    if first is None or (first is tokens[-1] and len(tokens) > 1 and not re.search(r"\d", words[first.start() :])):
        return None
    return start + first.start()


def _function(word: str) -> bool:
    """Whether a word only holds a sentence together, even with a capital."""
    return word.lower().strip(".") in STOP_WORDS and len(word) > 1 and word.lower() not in _SMALL


def _segment(text: str, end: int, plain: bool, unit: bool) -> tuple[int, str] | None:
    """The next part of an address after `end`: where it ends and what it is."""
    for gap in (_GAP, _WIDE):
        space = gap.match(text, end)
        if space is None or (not space[0] and end < len(text) and text[end].isalnum()):
            continue
        at = space.end()
        if at >= len(text) or not space[0]:
            continue
        if hit := _UNIT.match(text, at):
            if any(c.isdigit() for c in hit[0]):
                return hit.end(), "unit"
        if hit := _BOX.match(text, at) or _MILITARY.match(text, at):
            return hit.end(), "unit"
        for form in (_UK, _CANADA, _CODE):
            if (hit := form.match(text, at)) and not re.match(
                r"\s?(?:years?|minutes?|hours?|days?|miles?"
                r"|people)\b",
                text[hit.end() : hit.end() + 9],
                _I,
            ):
                return hit.end(), "code"
        if size := _country(text, at):
            return at + size, "country"
        broken = "," in space[0] or "\n" in space[0]
        if broken and (hit := _SHORT.match(text, at)):
            return hit.end(), "state"
        if gap is _GAP and (broken or unit or _CODED.match(text, at)):
            if town := _town(text, at, plain, "\n" in space[0]):
                return town, "town"
            if plain and broken and (hit := _FIRST.match(text, at)) and hit[0].lower() in gazetteer.towns():
                return hit.end(), "town"
    return None


def _country(text: str, at: int) -> int:
    """The length of the country or state name at a place, 0 where there is none."""
    words = list(re.finditer(r"[^\W\d_][\w'’.\-]*", text[at : at + 60]))[:6]
    if not words or words[0].start():
        return 0
    for word in reversed(words):
        name = text[at : at + word.end()].rstrip(".").lower()
        if name in _lands():
            return len(name)
    return 0


@cache
def _lands() -> frozenset[str]:
    return frozenset((*lexicon.countries(), *lexicon.states()))


def _town(text: str, at: int, plain: bool, line: bool) -> int | None:
    """Where a town's name ends: capitalised words up to a comma, a line's end, a code, a country or a full stop."""
    hit = _TOWN.match(text, at)
    if hit is None:
        return None
    end = at
    for word in re.finditer(r"[^\W\d_][\w'’\-]*\.?", text[at : hit.end()]):
        low = word[0].lower().strip(".")
        if low in _NO_TOWN or (word.start() and text[at + word.start() - 1] not in " -"):
            break
        if not (plain or word[0][0].isupper() or low in _SMALL):
            break
        if word.start() and (_country(text, at + word.start()) or _UK.match(text, at + word.start())):
            break
        end = at + word.end()
    while end > at and text[at:end].split()[-1].lower() in _SMALL - {"a"}:
        end = at + len(text[at:end].rsplit(None, 1)[0]) if " " in text[at:end] else at
    if end == at:
        return None
    if text[end - 1] == ".":
        end -= 1
    rest = text[end : end + 30]
    closed = (
        _UK.match(rest.lstrip()) or re.match(r"\s*(?:[,\n.?!;)]|$|\d{2,6}\b)|\s+nan\b", rest) or _country(text, end + 1)
    )
    if plain and lexicon.common(text[at:end].split()[0]) and not closed:
        return None
    if not closed and not (line and not plain and text[end : end + 1] == " " and len(text[at:end].split()) <= 3):
        return None
    return end
