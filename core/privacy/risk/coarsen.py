"""Ways to say less: a year in place of a date, three characters of a postcode, an age band, no rare values.

Each maps a column's distinct values to coarser ones. What does not have the form that a way expects stays as it is, so
that a what-if never looks better than the change would be.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

RARE = 0.01  # share of rows below which a value is put together with the other rare ones
OLD = 90  # ages from which all count as one: the Safe Harbor rule of HIPAA, 45 CFR 164.514(b)(2)(i)(C)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_AGE = re.compile(r"(\d{1,3})(?:[.,]0*)?")

Step = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to coarsen a column; `words` finish the sentence "birth date: ..."."""

    id: str
    words: str


EXACT = Way("", "as it is")
YEAR = Way("year", "year only")
DECADE = Way("decade", "decade only")
PREFIX = Way("prefix", "first 3 characters")
BAND = Way("band", "bands of 10 years")
TOGETHER = Way("rare", "values in under 1 % of rows as one")
DROP = Way("drop", "dropped")
ALL = Way("all", "as coarse as offered")

WAYS: Mapping[str, tuple[Way, ...]] = {
    "birth": (YEAR, DECADE),
    "date": (YEAR, DECADE),
    "postcode": (PREFIX,),
    "age": (BAND,),
}


def ways(kind: str, counts: Mapping[str, int]) -> dict[Way, list[str]]:
    """The ways that change a column of this kind, each with the new value of every distinct value, in their order."""
    out: dict[Way, list[str]] = {}
    before = len(counts)
    for way in WAYS.get(kind, (TOGETHER,)):
        step = _rare(counts) if way is TOGETHER else _STEPS[way.id]
        values = [step(v) for v in counts]
        after = len(set(values))
        if after < before:
            out[way], before = values, after
    return out


def year(value: str) -> str:
    """The year of a date."""
    found = _YEAR.search(value)
    return found.group() if found else value


def decade(value: str) -> str:
    """The decade of a date or year, such as 1980s."""
    found = _YEAR.search(value)
    return f"{found.group()[:3]}0s" if found else value


def prefix(value: str) -> str:
    """The first three characters, blanks left out."""
    return "".join(value.split())[:3]


def band(value: str) -> str:
    """Ten years of age, those from 90 on together."""
    found = _AGE.fullmatch(value)
    if not found:
        return value
    age = int(found.group(1))
    return f"{OLD}+" if age >= OLD else f"{age // 10 * 10} to {age // 10 * 10 + 9}"


_STEPS: Mapping[str, Step] = {"year": year, "decade": decade, "prefix": prefix, "band": band}


def _rare(counts: Mapping[str, int]) -> Step:
    least = RARE * sum(counts.values())
    return lambda value: value if not value or counts[value] >= least else "\0rare"
