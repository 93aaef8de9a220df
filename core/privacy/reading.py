"""One cell and what was found in it: what is read of it, and what its spans or its form come to."""

import re
from collections.abc import Sequence
from itertools import islice

from core.privacy.protect import masked
from core.privacy.shapes import TIERS, Shape, Tier, foreign, shape
from core.privacy.spans import THRESHOLD, Proof, Span, windows
from core.privacy.tally import LONGEST, Basis, Hit, Outcome

LONG_HEAD, LONG_PARTS = 5, 30  # windows that are read of a cell longer than LONGEST characters
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


def outcome(value: str, spans: Sequence[Span], tier: Tier) -> Outcome:
    """Sum up the spans of a value, or of its excerpt; digits alone that merely could be a phone number are weak."""
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
