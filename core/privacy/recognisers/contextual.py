"""Numbers and words that are personal by what stands around them: phones, cards, accounts, ages, titles, companies."""

import re
from collections.abc import Iterator

from core.privacy.recognisers import lexicon
from core.privacy.recognisers.base import Finder, Match, digits_of, luhn
from core.privacy.screen import Need

_I = re.IGNORECASE
_BEFORE, _AFTER = 45, 25  # characters in which a word speaks for a number

_PHONE = re.compile(
    r"(?<![\w.,/#$€£%-])(?:\+|\(\+?)?\d[\d() .\-/]{4,22}\d(?:\s?(?:x|ext\.?"
    r"|extension)\s?\d{1,5})?(?![\w%]|[.,]\d)",
    _I,
)
_PHONE_WORDS = re.compile(
    r"\b(?:tele)?(?:phone|fon)s?\b|\btel\b|\bmobile\b|\bcell(?:phone|ular)?\b|\bfax\b|\bwhats\s?app\b|\bcall(?:ed"
    r"|ing)?\b"
    r"|\breach(?:ed)?\b|\bdial(?:ed|led)?\b|\btext(?:ed)?\b|\bsms\b|\bhotline\b|\bring\b|\banswer(?:ing|ed)?\b"
    r"|\bcontact\b"
    r"|\bpager\b|\bvoicemail\b|\bviber\b|\bsignal\b|\bnumber\b|\bph\b|\bhandy\b|\btelefono?\b|\bmóvil\b|\bhandset\b",
    _I,
)
_OTHER_NUMBER = re.compile(
    r"\b(?:order|invoice|ticket|case|account|acct|card|ref(?:erence)?|tracking|serial|model|version|isbn|iban"
    r"|routing|ssn"
    r"|social security|passport|licen[cs]e|policy|claim|flight|id|year|price|page|zip|postcode|postal|nhs"
    r"|tax)\b\W{0,3}"
    r"(?:no\.?|number|num|#|code|is|:|\s){0,12}$",
    _I,
)
# Groups as they are only written in telephone numbers.
_FORM = re.compile(
    r"(?:1[-. ])?\d{3}([-. ])\d{3}\1\d{4}|\d{3}-\d{4}|0\d{1,4}[- /]\d{3,4}[- ]?\d{3,4}|0\d([ .])\d\d(?:\2\d\d){3}"
    r"|\d{2,3} \d{3} \d{2} \d{2}|0\d{3} \d{3} ?\d{3,4}"
)
_DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}|\d{4}[-/]\d{4}")
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){11,18}(?![\w-])")
_CARD_WORDS = re.compile(
    r"\b(?:card|credit|debit|visa|mastercard|amex|american express|discover|maestro|diners|jcb|cc|pan)\b", _I
)
_ACCOUNT = re.compile(
    r"\b(?:bank\s)?(?:account|acct|a/c)\b\.?\s?(?:no\.?|number|num|nr|#)?\W{0,3}(?:is\s|was\s)?(?P<value>\d[\d"
    r" -]{4,18}\d)(?![\w-])",
    _I,
)
_LICENCE = re.compile(
    r"\bdriv(?:er|ing)(?:'?s|’s)?\slicen[cs]e\b\s?(?:no\.?|number|num|#|id)?\W{0,3}(?:is\s"
    r"|was\s)?(?P<value>(?=[A-Z0-9-]*\d)[A-Z0-9][A-Z0-9-]{4,18})\b",
    _I,
)
_UNITS = "one|two|three|four|five|six|seven|eight|nine"
_WORDED = (
    rf"(?:{_UNITS}|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    rf"|(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:[- ](?:{_UNITS}))?)"
)
_AGES = (
    re.compile(rf"\b(?P<value>\d{{1,3}}|{_WORDED})[\s-]{{0,2}}(?:years?|yrs?|months?|weeks?)[\s-]{{0,2}}(?:old"
        rf"|of\sage)\b", _I),
    re.compile(r"\b(?P<value>\d{1,3})\s?(?:y\.?/?o\b|yr?s?\sold|-?year-?olds?\b)", _I),
    re.compile(rf"\baged?\b(?:\sof)?\s?[:=]?\s?(?:is\s|was\s)?(?P<value>\d{{1,3}}|{_WORDED})\b(?!\s?(?:%|,\d"
        rf"|\.\d))", _I),
    re.compile(rf"\b(?:turn(?:ed|ing|s)|(?:just|already|now|only)\sturned)\s(?P<value>\d{{1,2}}"
        rf"|{_WORDED})\b(?!\s?(?:%|pages?|degrees?))", _I),
    re.compile(r"\b(?:i|i'm|i am|im|me|my\s\w{2,12}|he|she|husband|wife|boyfriend|girlfriend|bf|gf"
        r"|friend)\s?[\[(]?(?P<value>[1-9]\d)\s?[/,]?\s?[mf]\b", _I),
    re.compile(r"[\[(](?:(?P<value>[1-9]\d)\s?/?\s?[MFmf]|[MFmf]\s?/?\s?(?P<other>[1-9]\d))[\])]"),
    re.compile(r"\b(?:i'm|i am|im|he's|she's|he is|she is|(?:when|since|until|before) (?:i|he|she) (?:was"
        r"|turned))\s(?:only\s|just\s|now\s|about\s|almost\s|nearly\s)?(?P<value>[1-9]\d)(?=\s*(?:$|[,.;!?)\n]"
        r"|and\b|but\b|now\b|yo\b))(?![.,]\d)", _I),
    re.compile(rf"\b(?:my|our|his|her|their)\s(?:{lexicon.KIN})(?:\s(?!is\b)[^\W\d_]{{2,15}})?,?\s(?:is|who's|who\sis|whos|s?he's"
        r"|s?hes)\s(?P<value>\d{1,3})\b(?!\s?(?:%|[.,:/]\d|[ap]m\b|[a-z]{3,}s\b(?!\sold)))", _I),
)  # fmt: skip
_PREFIXES = re.compile(
    r"(?<![\w@#])(?P<value>(?:mr|mrs|ms|mx|dr|prof|rev|hon|sgt|capt|lt|col|gen|sen|gov|fr|miss|professor|herr|frau"
    r"|mme|mlle|sra?|sir)\.?)\s{1,2}(?P<initial>[^\W\d_]\.?\s)?(?P<next>[^\W\d_][\w'’\-]+)",
    _I,
)
_NOTHING_ELSE = frozenset("mr mrs ms mx dr prof professor sgt capt herr frau mme mlle".split())  # no words of their own
_JOB = (
    r"(?:accountant|actor|actress|actuary|adjuster|administrator|advis[eo]r|agent|analyst|architect|assembler"
    r"|assistant|associate"
    r"|attendant|attorney|auditor|baker|banker|barista|broker|buyer|cashier|chef|chemist|clerk|coach|cleaner"
    r"|consultant"
    r"|controller|coordinator|counsel(?:l?or)?|courier|dentist|designer|developer|director|drafter|driver|economist"
    r"|editor|educator"
    r"|electrician|engineer|estimator|examiner|executive|farmer|fitter|geologist|guard|helper|historian|hygienist"
    r"|inspector"
    r"|installer|instructor|interpreter|investigator|journalist|judge|laborer|lawyer|lecturer|librarian|machinist"
    r"|manager|mason"
    r"|mechanic|merchandiser|model|nurse|officer|operator|optician|painter|paralegal|pharmacist|photographer"
    r"|physician|physicist"
    r"|pilot|planner|plumber|president|producer|professor|programmer|promoter|psychologist|receptionist|repairer"
    r"|reporter|representative"
    r"|researcher|scientist|secretary|setter|solicitor|specialist|statistician|stylist|superintendent|supervisor"
    r"|surgeon|surveyor"
    r"|teacher|technician|technologist|teller|tender|therapist|trainer|translator|tutor|underwriter|veterinarian"
    r"|waiter"
    r"|waitress|weaver|welder|worker|writer)s?"
)
_TITLES = (
    re.compile(
        rf"(?:^|\n)[ \t>*?|]{{0,6}}(?P<value>(?:[^\W\d_][\w/\-]{{0,20}},?[ ](?:and[ ]|of[ ])?){{0,6}}{_JOB})["
        rf" \t]*(?=[\n]|$)",
        _I,
    ),
    re.compile(
        r"(?:,\s(?:the|our|my)\s|\b(?:title|position|occupation|profession|job|role)\b\W{1,3}(?:is\s(?:an?\s)?)?)"
        rf"(?P<value>(?:[^\W\d_][\w/\-]{{0,20}}[ ](?:and[ ]|of[ ])?){{0,6}}{_JOB})(?=\s*(?:[,\n.;(]|$))",
        _I,
    ),
)
_COMPANY = re.compile(
    r"(?:[^\W\d_][\w'’\-]{0,30}(?:,?[ ](?:and|&|of)?[ ]?)){0,5}[^\W\d_][\w'’\-]{0,30},?[ ](?:&[ ](?:sons|co"
    r"|partners)|and[ ]sons|ltd|limited"
    r"|inc|incorporated|llc|llp|plc|gmbh|ag|corp(?:oration)?|co|pty|s\.?a|b\.?v|n\.?v|s\.?r\.?l|s\.?p\.?a|sarl|ab"
    r"|oy|kg|pvt|group"
    r"|holdings|university|institute|foundation|agency|associates|technologies|consulting|bank|unlimited)\b\.?",
    _I,
)
_PARTNERS = re.compile(
    r"\b[A-Z][\w'’\-]{1,25}, [A-Z][\w'’\-]{1,25} (?:and|&) [A-Z][\w'’\-]{1,25}(?= (?:is|was|has"
    r"|office|in|at|ltd|inc)\b|$|,)"
)


class Phones(Finder):
    """Phone numbers of any country's form beside a word that says so."""

    TYPES = ("PHONE_NUMBER",)
    needs = Need(6)

    def find(self, text: str) -> Iterator[Match]:
        """The numbers."""
        for hit in _PHONE.finditer(text):
            number = hit[0]
            digits = len(digits_of(number))
            before = text[max(0, hit.start() - _BEFORE) : hit.start()]
            after = text[hit.end() : hit.end() + _AFTER]
            if not 6 <= digits <= 16 or _DATE.fullmatch(number) or _OTHER_NUMBER.search(before):
                continue
            if _PHONE_WORDS.search(before) or re.match(
                r"\W{0,3}(?:is|was)\s(?:my|his|her"
                r"|the)\s(?:\w{2,9}\s)?(?:number|phone|cell)",
                after,
                _I,
            ):
                yield Match(hit.start(), hit.end(), "PHONE_NUMBER", "number after a word for a phone", 0.75)
            elif digits >= 7 and (
                re.match(r"\+\d|\(\d{2,4}\)\s?\d", number) or _alone(text, hit) or _FORM.fullmatch(number)
            ):
                yield Match(hit.start(), hit.end(), "PHONE_NUMBER", "form of a phone number", 0.6)


def _alone(text: str, hit: re.Match[str]) -> bool:
    """Whether a number in groups is a line of its own, perhaps after a label of one letter."""
    before = text[max(0, hit.start() - 60) : hit.start()].rpartition("\n")[2]
    after = text[hit.end() : hit.end() + 60].partition("\n")[0]
    grouped = len(re.findall(r"\d+", hit[0])) > 1
    return (
        grouped and not after.strip(" .,;|?*>") and re.fullmatch(r"[ \t?|*>]*(?:[A-Za-z]\W{1,2})?", before) is not None
    )


class Cards(Finder):
    """Payment cards beside a word for one: one digit misread breaks the check digit, and the rest is still the card."""

    TYPES = ("CREDIT_CARD",)
    needs = Need(12)

    def find(self, text: str) -> Iterator[Match]:
        """The cards."""
        for hit in _CARD.finditer(text):
            before = text[max(0, hit.start() - _BEFORE) : hit.start()]
            if _CARD_WORDS.search(before) or _CARD_WORDS.search(text[hit.end() : hit.end() + _AFTER]):
                valid = luhn(digits_of(hit[0]))
                yield Match(
                    hit.start(),
                    hit.end(),
                    "CREDIT_CARD",
                    "number beside a word for a card",
                    0.9 if valid else 0.6,
                    valid,
                )


class Accounts(Finder):
    """Bank accounts and driver's licences after a word for them."""

    TYPES = ("US_BANK_NUMBER", "US_DRIVER_LICENSE")
    needs = Need(1)

    def find(self, text: str) -> Iterator[Match]:
        """The numbers."""
        for hit in _ACCOUNT.finditer(text):
            yield Match(*hit.span("value"), "US_BANK_NUMBER", "number after a word for an account", 0.6)
        for hit in _LICENCE.finditer(text):
            yield Match(*hit.span("value"), "US_DRIVER_LICENSE", "number after a word for a licence", 0.6)


class Ages(Finder):
    """Ages: the number alone, as labelled sets have it."""

    TYPES = ("AGE",)

    def find(self, text: str) -> Iterator[Match]:
        """The ages, up to 120."""
        for pattern in _AGES:
            for hit in pattern.finditer(text):
                name = "value" if hit["value"] else "other"
                if not hit[name].isdecimal() or 0 < int(hit[name]) <= 120:
                    yield Match(*hit.span(name), "AGE", "form of an age", 0.8)


def _name(word: str, *, small: bool) -> bool:
    """Whether the word after a form of address is a name; one in small letters may be where `small`."""
    if word[0].isupper():
        return True
    listed = lexicon.maybe_given(word) or lexicon.family(word, sure=True)
    return small and (not lexicon.common(word) or (listed and not lexicon.active(word)))


class Titles(Finder):
    """Forms of address before a name, and occupations where a person is described."""

    TYPES = ("TITLE",)

    def find(self, text: str) -> Iterator[Match]:
        """The titles."""
        lower = text == text.lower()
        for hit in _PREFIXES.finditer(text):
            sure = lower or hit["value"].rstrip(".").lower() in _NOTHING_ELSE
            if hit["value"] == "MS" and not text.isupper():  # the company, or a degree
                continue
            if _name(hit["next"], small=sure) and (sure or hit["value"][0].isupper()):
                yield Match(*hit.span("value"), "TITLE", "form of address", 0.8)
        for hit in (hit for pattern in _TITLES for hit in pattern.finditer(text)):
            words = hit["value"].split()
            if (lower or words[0][0].isupper()) and (len(words) > 1 or "\n" in hit[0] or ":" in hit[0]):
                yield Match(*hit.span("value"), "TITLE", "occupation", 0.7)


class Companies(Finder):
    """Organisations by the legal form or the kind of house at the end of their name."""

    TYPES = ("ORGANIZATION",)

    def find(self, text: str) -> Iterator[Match]:
        """The organisations; in a text with capitals, of capitalised words."""
        lower = text == text.lower()
        for hit in _PARTNERS.finditer(text):
            yield Match(*hit.span(), "ORGANIZATION", "partners", 0.86)
        for hit in _COMPANY.finditer(text):
            words = list(re.finditer(r"[^\W_][\w'’.\-]*|&", hit[0]))
            first = None
            for word in reversed(words[:-1]):
                small = word[0].lower() in ("and", "of", "&")
                known = lexicon.common(word[0]) if lower else not word[0][0].isupper()
                if known and not small:
                    break
                first = first if small else word
            if first is not None and (lower or words[-1][0][0].isupper()):
                yield Match(hit.start() + first.start(), hit.end(), "ORGANIZATION", "legal form", 0.86)
