"""One cell and what was found in it: what is read of it, and what its spans or its form come to."""

import re
from collections.abc import Collection, Sequence
from functools import cache
from itertools import islice

from core.privacy.protect import masked
from core.privacy.shapes import TIERS, Shape, Tier, foreign, shape
from core.privacy.spans import THRESHOLD, Proof, Span, windows
from core.privacy.tally import LONGEST, Basis, Hit, Outcome

LONG_HEAD, LONG_PARTS = 5, 30  # windows that are read of a cell longer than LONGEST characters
COUNTRY = frozenset("country countries nation pays land".split())  # in a column's name
TELLING = re.compile(r"[\d@]")
FORMS = {Shape.DATE: "DATE_TIME", Shape.UUID: "UUID", Shape.IP: "IP_ADDRESS"}  # what a form says by itself


def excerpt(value: str) -> str:
    """What is read of a very long cell: its beginning, and the parts of it that hold a digit or an @."""
    if len(value) <= LONGEST:
        return value
    parts = [value[a:b] for a, b in windows(value)]
    telling = (p for p in parts[LONG_HEAD:] if TELLING.search(p))
    return "\n\n".join([*parts[:LONG_HEAD], *islice(telling, LONG_PARTS)])


def by_form(form: Shape) -> Outcome:
    """What values come to whose form says all there is to say; without keys and examples of their own."""
    kind = FORMS.get(form)
    return Outcome(form, TIERS[form], (Hit(kind, 0, "", "form"),) if kind else ())


@cache
def country_codes() -> frozenset[str]:
    """The codes of countries, of two and of three letters (ISO 3166-1), in capitals."""
    from faker.providers.address import Provider  # noqa: PLC0415 - for tables with a column for countries

    return frozenset((*Provider.alpha_2_country_codes, *Provider.alpha_3_country_codes))


def outcome(value: str, spans: Sequence[Span], tier: Tier, words: Collection[str] = ()) -> Outcome:
    """Sum up the spans of a value, or of its excerpt; digits alone that merely could be a phone number are weak.

    `words` are those of the column's name: "DE" in a column for countries is a place, elsewhere it says nothing.
    """
    read = excerpt(value)
    text = value.strip()
    bare = text.isdecimal()
    weak = {s.type for s in spans if s.weak or (bare and s.type == "PHONE_NUMBER" and s.score <= THRESHOLD)}
    strong = [s for s in spans if not s.weak and not (bare and s.type in weak)]
    hits: dict[tuple[str, str], Hit] = {}
    for s in sorted(strong, key=lambda s: s.proof):
        found = read[s.start : s.end]
        basis: Basis = "model" if s.proof == Proof.NAME else "digits" if bare else "form"
        hits[(s.type, found.casefold())] = Hit(s.type, hash(found.casefold()), masked(found, s.type), basis)
    if not hits and COUNTRY.intersection(words) and text.upper() in country_codes():
        hits["LOCATION", text] = Hit("LOCATION", hash(text.casefold()), masked(text, "LOCATION"), "form")
    return Outcome(
        shape=shape(value),
        tier=tier,
        hits=tuple(hits.values()),
        weak=frozenset(weak - {s.type for s in strong}),
        foreign=foreign(read),
        digits=len(text) if bare else 0,
        length=len(text),
        cut=len(value) > LONGEST,
    )
