"""Fills the slots of sentences with made-up values, as varied and as careless as people write them.

Slots: full, first, last, initials and famous are people; city, country, state, place, street and address are places;
org, team, band and uni are organisations; date, time, nat. What `UNSURE` names is neither taught nor judged: patterns
find it, or it may rightly be taken for either. Everything else (num, amount, order, ...) is no personal data.
"""

import random
import tomllib
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from core.privacy.names.templates import FOLDER, Part, Template, drawn

LABELS = {  # slot -> label of spaCy's English models (OntoNotes 5)
    **dict.fromkeys(("full", "first", "last", "famous"), "PERSON"),
    **dict.fromkeys(("city", "country", "state"), "GPE"),
    **dict.fromkeys(("street", "address"), "FAC"),
    **dict.fromkeys(("org", "team", "band", "uni"), "ORG"),
    "place": "LOC",
    "date": "DATE",
    "time": "TIME",
    "nat": "NORP",
}
UNSURE = frozenset("phone email url zip age weekday month year nick initials title job app lang ssn card iban".split())
LOCALES = {  # with weights; English-speaking founders' customers come from everywhere
    **dict.fromkeys(("en_US", "en_GB"), 8),
    **dict.fromkeys(("en_IN", "en_CA", "en_AU", "en_IE", "fil_PH", "en_KE", "en_NG", "es_MX", "de_DE", "fr_FR"), 3),
    **dict.fromkeys(("es_ES", "it_IT", "nl_NL", "pt_BR", "pl_PL", "sv_SE", "tr_TR", "vi_VN", "id_ID", "hr_HR"), 2),
    **dict.fromkeys(("cs_CZ", "da_DK", "no_NO", "fi_FI", "hu_HU", "ro_RO", "sl_SI", "sk_SK", "yo_NG", "zu_ZA"), 1),
    **dict.fromkeys(("de_CH", "de_AT", "fr_BE", "nl_BE", "tw_GH", "en_PK", "is_IS", "lt_LT", "lv_LV", "et_EE"), 1),
    **dict.fromkeys(("el_GR", "ru_RU", "az_AZ"), 0.5),
}
_KINDS = ("verb", "noun", "adverb", "adjective")
LISTED = {"org": 0.5, "city": 0.45, "country": 0.35, "state": 0.9, "place": 1.0, "full": 0.1, "last": 0.05}


@dataclass(frozen=True, slots=True)
class Filled:
    """A made-up text: its labelled spans, those that nobody should learn from, and the sentence it came from."""

    text: str
    spans: tuple[tuple[int, int, str], ...]
    unsure: tuple[tuple[int, int], ...]
    key: str = ""


@cache
def _words() -> dict[str, list[str]]:
    listed = tomllib.loads((FOLDER / "words.toml").read_text(encoding="utf-8"))
    return {name: [" ".join(w.split()) for w in text.split(";")] for name, text in listed.items()}


class Filler:
    """Draws values. Those for the judge come from other countries and other halves of the lists than those to learn."""

    def __init__(self, seed: int, *, judge: bool = False, noise: bool = True) -> None:
        """Start from a seed; the same one draws the same values. `noise`: also typos, lost capitals, shouting."""
        from faker import Faker  # noqa: PLC0415 - reads hundreds of files

        self.random = random.Random(seed)  # noqa: S311 - made-up values, nothing secret
        self.noise = noise
        mine = {name: w for name, w in LOCALES.items() if w >= 8 or (drawn(name) < 0.3) == judge}
        self._locales, self._weights = list(mine), list(mine.values())
        self._fakers = {name: Faker(name) for name in mine}
        for name, faker in self._fakers.items():
            faker.seed_instance(f"{seed} {name}")
        self.default = self._fakers["en_US"]
        from faker.providers.lorem.en_US import Provider  # noqa: PLC0415

        self._common = {kind: Provider.parts_of_speech[kind] for kind in _KINDS}
        # A value learned by heart is no proof that a name is recognised by what stands around it.
        self._lists = {k: [w for w in v if (drawn(w) < 0.5) == judge] or v for k, v in _words().items()}

    def fill(self, template: Template) -> Filled:
        """One text from a sentence, with noise."""
        case = self._case()
        text = ""
        spans: list[tuple[int, int, str]] = []
        unsure: list[tuple[int, int]] = []
        plain = self.noise and self.random.random() < 0.08
        for part in template.parts:
            if part.slot and not part.text:
                piece = self.value(part.slot)
            else:
                piece = self._typo(part) if plain else part.text
            piece = case(piece, bool(part.slot))
            start, text = len(text), text + piece
            if part.slot in LABELS:
                spans.append((start, len(text), LABELS[part.slot]))
            elif (part.text and part.slot) or part.slot in UNSURE:
                unsure.append((start, len(text)))
        return Filled(text, tuple(spans), tuple(unsure), template.key)

    def texts(self, templates: Sequence[Template], n: int) -> list[Filled]:
        """`n` texts, the sentences drawn evenly; one in eight is two of them, one after the other."""
        order: list[Template] = []
        while len(order) < n + n // 8 + 1:
            order += self.random.sample(list(templates), len(templates))
        rest = iter(order)
        made = [self.fill(next(rest)) for _ in range(n)]
        return [_joined(f, self.fill(next(rest))) if self.noise and self.random.random() < 0.12 else f for f in made]

    def value(self, slot: str) -> str:
        """A value for a slot."""
        listed = {"full": "famous", "last": "famous"}.get(slot, slot)
        if listed in self._lists and self.random.random() < LISTED.get(slot, 1.0):
            return self.random.choice(self._lists[listed])
        made = _MAKERS.get(slot)
        if made is None:
            raise KeyError(f"no value is known for the slot {slot!r}")
        faker = self._fakers[self.random.choices(self._locales, self._weights)[0]]
        value = str(made(self, faker)).strip()
        if self.random.random() < 0.25:  # people leave accents out
            bare = "".join(c for c in unicodedata.normalize("NFKD", value) if not unicodedata.combining(c))
            value = bare or value
        return value

    def full(self, faker: "object") -> str:
        """A person's name in one of the orders in which it is written."""
        first, last = self.name(faker, "first_name"), self.name(faker, "last_name")
        letter = self.random.choice("ABCDEFGHIJKLMNOPRSTW")
        return self.random.choices(
            (f"{first} {last}", f"{first} {letter}. {last}", f"{first[0]}. {last}", f"{last}, {first}",
             f"{first} {self.name(faker, 'last_name')} {last}", f"{first} {self.name(faker, 'first_name')} {last}"),
            (72, 8, 6, 4, 5, 5),
        )[0]  # fmt: skip

    def common(self, kind: str) -> str:
        """A common English word: a verb, noun, adverb or adjective."""
        return str(self.random.choice(self._common[kind]))

    def name(self, faker: "object", what: str) -> str:
        """A first or last name."""
        return str(getattr(faker, what)())

    def _case(self) -> Callable[[str, bool], str]:
        """How one writer treats capitals."""
        if not self.noise:
            return lambda piece, slot: piece
        ways: tuple[tuple[float, Callable[[str, bool], str]], ...] = (
            (0.62, lambda piece, slot: piece),
            (0.24, lambda piece, slot: piece.lower()),
            (0.06, lambda piece, slot: piece.upper()),
            (0.05, lambda piece, slot: piece.lower() if slot else piece),
            (0.03, lambda piece, slot: piece if slot else piece.title()),
        )
        return self.random.choices([w for _, w in ways], [p for p, _ in ways])[0]

    def _typo(self, part: Part) -> str:
        """Two letters swapped, or an apostrophe forgotten."""
        text = part.text
        if "'" in text and self.random.random() < 0.5:
            return text.replace("'", "")
        places = [i for i in range(1, len(text) - 2) if text[i : i + 2].isalpha() and text[i - 1].isalpha()]
        if not places:
            return text
        i = self.random.choice(places)
        return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def _joined(a: Filled, b: Filled) -> Filled:
    gap = len(a.text) + 1
    return Filled(
        f"{a.text} {b.text}",
        a.spans + tuple((s + gap, e + gap, label) for s, e, label in b.spans),
        a.unsure + tuple((s + gap, e + gap) for s, e in b.unsure),
        f"{a.key} {b.key}",
    )


def _address(filler: Filler, faker: "object") -> str:
    lines = str(faker.address()).splitlines()  # type: ignore[attr-defined]
    return filler.random.choice((", ", ", ", "\n", " ")).join(line.strip(" ,") for line in lines)


def _date(filler: Filler, faker: "object") -> str:
    day = faker.date_object()  # type: ignore[attr-defined]
    forms = ("%d/%m/%Y", "%m/%d/%y", "%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%d %b", "%B %d", "%d.%m.%Y", "%b %d, %Y")
    return str(day.strftime(filler.random.choice(forms))).removeprefix("0")


def _time(filler: Filler, _: object) -> str:
    hour, minute = filler.random.randint(1, 12), filler.random.choice((0, 15, 20, 30, 45, 50))
    return filler.random.choice((f"{hour}:{minute:02d}", f"{hour}:{minute:02d} pm", f"{hour}am", f"{hour} pm"))


def _street(_: Filler, faker: "object") -> str:
    return " ".join(str(faker.street_name()).split())  # type: ignore[attr-defined]


def _org(filler: Filler, faker: "object") -> str:
    """A firm, or one of the other bodies that people write about."""
    if filler.random.random() < 0.6:
        return str(faker.company())  # type: ignore[attr-defined]
    stem = filler.random.choice((filler.name(faker, "last_name"), str(faker.city())))  # type: ignore[attr-defined]
    ends = "Bank;University;City Council;Hospital;Clinic;School;Airlines;Motors;Foods;Systems;Software;Labs;Capital;"
    ends += "Partners;Insurance;Energy;Pharma;Studios;Records;Books;Museum;Police Department;Church;Rovers;Institute"
    return f"{stem} {filler.random.choice(ends.split(';'))}"


def _number(low: int, high: int) -> Callable[[Filler, object], str]:
    return lambda filler, _: str(filler.random.randint(low, high))


def _amount(filler: Filler, _: object) -> str:
    n = filler.random.choice((5, 12, 20, 49.99, 80, 150, 249, 1200, 35000))
    return filler.random.choice(("${:,}", "£{:,}", "{:,} euros", "€{:,}", "{:,} USD", "{:,} dollars")).format(n)


def _some_words(filler: Filler, _: object) -> str:
    """Two to seven common words in no order: whoever learns sentences by heart learns nothing from them."""
    return " ".join(
        filler.common(kind) for kind in filler.random.choices(_KINDS, (3, 4, 1, 2), k=filler.random.randint(2, 7))
    )


def _common(kind: str) -> Callable[[Filler, object], str]:
    return lambda filler, _: filler.common(kind)


def _pick(*values: str) -> Callable[[Filler, object], str]:
    return lambda filler, _: filler.random.choice(values)


def _by(method: str) -> Callable[[Filler, object], str]:
    def made(filler: Filler, faker: "object") -> str:
        # Not every country has every kind of value.
        return str(getattr(faker, method, getattr(filler.default, method))())

    return made


_MAKERS: dict[str, Callable[[Filler, object], str]] = {
    **{kind: _common(kind) for kind in _KINDS},
    "full": Filler.full,
    "first": lambda f, k: f.name(k, "first_name"),
    "last": lambda f, k: f.name(k, "last_name"),
    "initials": lambda f, _: ".".join(f.random.sample("ABCDEFGHJKLMNPRSTW", 2)) + ".",
    "city": _by("city"),
    "country": _by("country"),
    "state": lambda f, _: f.value("city"),
    "street": _street,
    "address": _address,
    "org": _org,
    "date": _date,
    "time": _time,
    "phone": _by("phone_number"),
    "email": _by("email"),
    "url": _by("url"),
    "zip": _by("postcode"),
    "ssn": lambda f, _: f"{f.random.randint(100, 772)}-{f.random.randint(10, 99)}-{f.random.randint(1000, 9999)}",
    "card": _by("credit_card_number"),
    "iban": lambda f, _: str(f.default.iban()),  # some countries log a warning with each
    "job": lambda f, k: str(k.job()).lower(),  # type: ignore[attr-defined]
    "handle": _by("user_name"),
    "nick": _by("user_name"),
    "age": _number(2, 95),
    "year": _number(1930, 2026),
    "num": _number(1, 900),
    "order": lambda f, _: f.random.choice(("#{}", "{}", "AB-{}", "ORD{}")).format(f.random.randint(1000, 9999999)),
    "version": lambda f, _: f"{f.random.randint(0, 9)}.{f.random.randint(0, 20)}.{f.random.randint(0, 9)}",
    "amount": _amount,
    "words": _some_words,
    "title": _pick("Mr", "Mr.", "Mrs", "Mrs.", "Ms", "Ms.", "Dr", "Dr.", "Miss", "Prof."),
    "weekday": _pick("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "month": _pick("January", "February", "March", "April", "May", "June", "July", "August", "October", "December"),
    "emoji": _pick("😂", "❤️", "🎉", ":)", ":D", "xx", "<3", "🙏", "lol"),
}  # fmt: skip
