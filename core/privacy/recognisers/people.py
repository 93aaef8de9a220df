"""Names of people by what stands around them and by lists of given names, beside what the name model finds."""

import re
from collections.abc import Iterator

from spacy.lang.en.stop_words import STOP_WORDS

from core.privacy.recognisers import lexicon
from core.privacy.recognisers.base import Finder, Match
from core.privacy.recognisers.casing import Case, case

_TOKEN = re.compile(r"[^\W\d_][\w'’\-]{0,40}")
_GAP = re.compile(r"\.?[ \u00a0]{1,2}")
_PARTICLES = frozenset("al bin da das de del della den der di dos du el la le mac mc st ten ter van von y zu".split())
_MOST = 4  # words of a name after its first
_SUFFIX = re.compile(r",?[ ](?:(?:jr|sr|esq)\b\.?|ph\.?d\b\.?|m\.?d\b\.?|dds\b|dvm\b|i{2,3}\b|iv\b)", re.IGNORECASE)
_CLOSED = re.compile(r"\s*(?:$|[\n.,;:!?)|>])")  # nothing goes on after a word
# In a text without capitals, what a person has: "oliver's address".
_OWNED = re.compile(
    r"(?<![\w@#])(?P<name>[^\W\d_]{3,30})(?:'s|’s)\s(?:(?:new|old|home|work|email|phone|mobile|cell|bank)\s)?(?:address|phone"
    r"|number|e-?mail|account|card|birthday|birth\sdate|passport|licen[cs]e|house|flat|place|wife|husband|mother|father"
    r"|son|daughter|brother|sister)\b",
    re.IGNORECASE,
)
# After these a name stands, whatever its case.
_SURE = re.compile(
    r"\b(?:(?:first|last|full|maiden|family|given|user|middle)[ _]?)?names?(?:'s|’s|\s+(?:is|was|are"
    r"|being))?\s*[:=]\s{0,3}"
    r"|\bnames?(?:\son\s(?:it|the\s\w+))?(?:'s|’s|\s+(?:is|was|are|being))\s{1,3}|\bname\?\s{1,3}(?:it's\s)?"
    r"|\b(?:named?|called|nicknamed)\s(?:him|her|them|it\s)\s?|\b(?:is|was|am|are|everyone|people"
    r"|friends)\scalls?(?:ed)?(?:\sme)?\s"
    r"|\b(?:partner|husband|wife|son|daughter|brother|sister|friend|boss|colleague|mother|father|child)(?:'s"
    r"|’s)?\snames?\s"
    r"(?:is\s)?|\bnamed\s",
    re.IGNORECASE,
)
# After these a name may stand: it needs a capital, and must be no ordinary word.
_MAYBE = re.compile(
    r"\b(?:i'?m|i am|this is|it's|hi|hello|hey|dear|thanks|thank you|regards|cheers|sincerely|best|yours|love|signed"
    r"|contact|ask for|speak (?:to|with)|talk to|met|with|by|from|under|tell|told|said|says|mr|mrs|ms|dr|prof|miss"
    r"|sir"
    r"|madam|uncle|aunt|coach|president|senator|professor|doctor|guardian|starring|actor|singer|cc|attn"
    r"|to)\.?,?\s{1,3}",
    re.IGNORECASE,
)
_TITLED = re.compile(r"\b(?:mr|mrs|ms|mx|dr|prof|miss|sir|madam|professor)\.?\s{1,2}$", re.IGNORECASE)


class People(Finder):
    """Names after words that announce one, and words that are given names."""

    TYPES = ("PERSON",)

    def find(self, text: str) -> Iterator[Match]:
        """The names."""
        written = case(text)
        for trigger in _SURE.finditer(text):
            yield from self._after(text, trigger.end(), written, sure=True)
        for trigger in _MAYBE.finditer(text):
            yield from self._after(text, trigger.end(), written, sure=bool(_TITLED.search(trigger[0])))
        if written is not Case.MIXED:
            for owned in _OWNED.finditer(text):
                if lexicon.maybe_given(owned["name"]) or lexicon.family(owned["name"]):
                    yield Match(*owned.span("name"), "PERSON", "name of somebody who has something", 0.9)
        done = 0
        for token in _TOKEN.finditer(text):
            if token.start() >= done and self._listed(text, token, written):
                done = _end(text, token.start() + len(_bare(token[0])), written)
                yield Match(token.start(), done, "PERSON", "given name", 0.9)

    def _after(self, text: str, at: int, written: Case, *, sure: bool) -> Iterator[Match]:
        token = _TOKEN.match(text, at)
        if token is None:
            return
        word = _bare(token[0])
        capital = written is Case.MIXED and word[:1].isupper()
        plain = lexicon.common(word) and not lexicon.given(word)
        if sure:
            fits = (capital and not _function(word)) or not plain or lexicon.family(word, sure=True)
        else:
            fits = lexicon.given(word) or (capital and not plain)
        if fits and len(word) > 1 and word.lower() not in lexicon.place_words():
            end = _end(text, at + len(word), written)
            yield Match(
                at,
                end,
                "PERSON",
                "announced name" if sure else "name after a word that announces one",
                0.9 if sure else 0.7,
            )

    @staticmethod
    def _listed(text: str, token: re.Match[str], written: Case) -> bool:
        word = _bare(token[0])
        if token.start() and text[token.start() - 1] in "@#_/.0123456789":
            return False
        if written is Case.MIXED and not word[:1].isupper():
            return len(word) > 3 and lexicon.given(word) and not lexicon.common(word)
        if lexicon.given(word):
            return True
        if not lexicon.maybe_given(word) or written is not Case.MIXED:
            return False
        # "Grace Miller": a name that is also a word needs a family name that is none.
        gap = _GAP.match(text, token.end())
        after = _TOKEN.match(text, gap.end()) if gap else None
        return bool(after and after[0][:1].isupper() and not lexicon.common(_bare(after[0])))


def _bare(word: str) -> str:
    """A word without its possessive."""
    return re.sub(r"(?:'s|’s|['’\-])$", "", word)


def _function(word: str) -> bool:
    return word.lower() in STOP_WORDS


def _end(text: str, end: int, written: Case) -> int:
    """Where a name that has begun ends: capitalised words, initials and particles follow, or unknown words."""
    if text[end : end + 2] in ("'s", "’s"):
        return end
    reach = end
    for _ in range(_MOST):
        gap = _GAP.match(text, reach)
        token = _TOKEN.match(text, gap.end()) if gap else None
        if gap is None or token is None or (gap[0].startswith(".") and reach - end > 3):
            break
        word = _bare(token[0])
        if word.lower() in _PARTICLES and not (written is Case.MIXED and word[0].isupper()):
            reach = token.end()
            continue
        closed = _CLOSED.match(text, token.start() + len(word)) is not None
        family = not lexicon.common(word) or lexicon.maybe_given(word) or lexicon.family(word, sure=closed)
        if written is Case.MIXED:
            family = word[0].isupper() and not _function(word) and word.lower() not in lexicon.MODERN
        elif _function(word) or word.lower() in lexicon.CALENDAR:
            family = False
        if not family:
            break
        reach = end = token.start() + len(word)
        if word != token[0]:
            break
    suffix = _SUFFIX.match(text, end)
    return suffix.end() if suffix else end


class Places(Finder):
    """Countries, US states and large cities by their names."""

    TYPES = ("LOCATION",)

    def find(self, text: str) -> Iterator[Match]:
        """The places; in a text with capitals a place has one."""
        written = case(text)
        tokens = list(_TOKEN.finditer(text))
        i = 0
        while i < len(tokens):
            size = self._known(text, tokens, i, written)
            if size:
                start, end = tokens[i].start(), _finish(tokens[i + size - 1])
                alone = not re.match(r" [A-Z][a-z]", text[end : end + 3]) and not re.search(
                    r"[A-Z]\S{0,30} $", text[max(0, start - 32) : start]
                )
                yield Match(start, end, "LOCATION", "place name", 0.9 if alone else 0.8)
            i += size or 1

    @staticmethod
    def _known(text: str, tokens: list[re.Match[str]], i: int, written: Case) -> int:
        """How many words from the i-th on name a place."""
        if tokens[i].start() and text[tokens[i].start() - 1] in "@#_/.":
            return 0
        if written is Case.MIXED and not tokens[i][0][0].isupper():
            return 0
        for size in range(min(5, len(tokens) - i), 0, -1):
            words = text[tokens[i].start() : _finish(tokens[i + size - 1])]
            low = words.lower()
            if low in lexicon.places() and not (low == "us" and words != "US"):
                lone = size == 1 and written is not Case.MIXED and low in _AMBIGUOUS
                return 0 if lone else size
        return 0


class Unknown(Finder):
    """Words with a capital inside a sentence that no dictionary has: names of something, most often of people."""

    TYPES = ("PERSON", "LOCATION", "ORGANIZATION")

    def find(self, text: str) -> Iterator[Match]:
        """The words, in runs."""
        if case(text) is not Case.MIXED:
            return
        run: list[re.Match[str]] = []
        for token in _TOKEN.finditer(text):
            if run and _GAP.fullmatch(text, run[-1].end(), token.start()) and self._odd(text, token, first=False):
                run.append(token)
                continue
            yield from self._named(text, run)
            run = [token] if self._odd(text, token, first=True) else []
        yield from self._named(text, run)

    @staticmethod
    def _odd(text: str, token: re.Match[str], *, first: bool) -> bool:
        word = _bare(token[0])
        before = text[max(0, token.start() - 3) : token.start()]
        if (
            len(word) < 3
            or not word[0].isupper()
            or before[-1:] in ("@", "#", "_", "/", ".", "&")
            or re.search(r"(.)\1\1", word.lower())
        ):
            return False
        if word.isupper() and len(word) < 6 and word.isascii():
            return False
        begins = not before.strip() or before.strip()[-1:] in '.!?:\n"“”*>|-' or "\n" in before
        if (
            first
            and begins
            and not re.match(
                r"(?:'s|’s)?\s(?:is|was|has|had|and|will|would|said|says)\b",
                text[token.start() + len(word) : token.end() + 9],
            )
        ):
            return False
        return not lexicon.common(word)

    @staticmethod
    def _named(text: str, run: list[re.Match[str]]) -> Iterator[Match]:
        if not run:
            return
        start = run[0].start()
        before = re.search(r"(\w+) $", text[max(0, start - 12) : start])
        kind = _AFTER.get(before[1].lower(), "PERSON") if before else "PERSON"
        yield Match(start, _finish(run[-1]), kind, "unknown word with a capital", 0.45)


_AFTER = {"in": "LOCATION", "from": "LOCATION", "near": "LOCATION", "to": "LOCATION", "at": "ORGANIZATION"}
_AMBIGUOUS = frozenset("turkey jordan chad guinea georgia china mali niger cuba togo reunion essen halle hof".split())


def _finish(token: re.Match[str]) -> int:
    return token.start() + len(_bare(token[0]))
