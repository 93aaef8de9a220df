"""Which columns of a table an outsider could know of a person, and which say something that nobody should learn.

A quasi-identifier is an ordinary fact, such as a year of birth, that singles a person out only together with others
(Sweeney 2002). Direct identifiers and unique numbers are left out: they are masked or dropped anyway, and with them
every row would be unique. Columns are told by their names, by what the scan found in them and by their values.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any

from core.privacy import policy
from core.privacy.shapes import Shape, name_words, shape

Found = Mapping[str, Mapping[str, float]]  # column -> entity type -> share of its cells, from a scan

MAJORITY = 0.5  # share of cells with a type that says what a column is
FEW = 50  # distinct values up to which a column is a list of categories
UNIQUE = 0.9  # distinct values per filled row from which a column numbers its rows
LONG, WORDS = 60, 6  # mean characters and words of a cell from which it is free text
LOOKED = 2_000  # values that are looked at to tell a column's form
LIFETIME = 30  # years that dates of birth span at least


class Role(StrEnum):
    """What a column is to somebody who wants to find a person."""

    LIKELY = "likely known"  # proposed as quasi-identifier
    POSSIBLE = "possibly known"  # offered
    OUT = "left out"


@dataclass(frozen=True, slots=True)
class Column:
    """A column and what it is taken for; `sensitive` if it tells what nobody should learn of a person."""

    name: str
    role: Role
    kind: str
    why: str
    distinct: int
    sensitive: bool = False

    def as_json(self) -> dict[str, Any]:
        """The column as JSON values; no cell is among them."""
        return {
            "name": self.name,
            "role": str(self.role),
            "kind": self.kind,
            "why": self.why,
            "distinct": self.distinct,
            "sensitive": self.sensitive,
        }


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read of a column: filled cells, how often each normalised value occurs, or why reading was given up."""

    name: str
    filled: int
    counts: Mapping[str, int]
    gave_up: str = ""


# Words of column names. The first kind that fits wins, so that "birth city" is a birth and "city name" a place.
KINDS: Mapping[str, frozenset[str]] = {
    kind: frozenset(words.split())
    for kind, words in {
        "birth": "birth dob birthdate birthday born birthyear yob dateofbirth geburtsdatum geburtstag naissance "
        "nacimiento",
        "age": "age ages alter edad",
        "postcode": "zip zipcode postcode postal postalcode plz",
        "place": "city town village state province region county country district municipality suburb neighbourhood "
        "neighborhood residence birthplace location place canton hometown stadt ort wohnort ville pays ciudad pais",
        "gender": "gender sex geschlecht sexe sexo genero",
        "job": "job occupation profession beruf profesion employer workclass industry department jobtitle position",
        "origin": "nationality citizenship ethnicity ethnic race origin language",
        "family": "marital married household relationship children",
        "education": "education degree school university college qualification",
        "date": "admission admitted discharge discharged death deceased visit hire hired joined enrolled",
    }.items()
}
_CHINESE = {
    "出生": "birth",
    "生日": "birth",
    "年龄": "age",
    "邮编": "postcode",
    "邮政编码": "postcode",
    "城市": "place",
    "省": "place",
    "籍贯": "place",
    "地区": "place",
    "性别": "gender",
    "职业": "job",
    "单位": "job",
    "民族": "origin",
    "国籍": "origin",
    "婚姻": "family",
    "学历": "education",
}
_BY_TYPE = {
    "ZIP_CODE": "postcode",
    "AGE": "age",
    "NRP": "origin",
    "TITLE": "gender",  # Mr, Mrs, ...
    "LOCATION": "place",
}
_DIRECT = frozenset(
    "email mail phone mobile telephone tel fax ssn passport iban surname firstname lastname fullname username forename "
    "nhs licence license address street ip".split()
)
_NAMING = frozenset("name customer client patient user person employee card account".split())
_CHINESE_DIRECT = ("姓名", "手机", "电话", "身份证", "邮箱", "地址", "护照", "银行卡")
_NUMBERING = frozenset("id uuid guid key no nr number ref reference code hash token serial index".split())
_SENSITIVE = frozenset(
    "diagnosis disease condition illness icd medication drug treatment symptom disability pregnant hiv religion "
    "political politics party orientation criminal conviction salary income wage pay debt balance default fraud".split()
)
_CHINESE_SENSITIVE = ("诊断", "疾病", "病", "收入", "工资", "宗教")
_GENDERS = frozenset("m f x d w male female man woman other diverse non-binary nonbinary unknown 男 女".split())
_DAY = r"(?:19|20)\d\d[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.](?:19|20)\d\d"
_DATE = re.compile(rf"(?:{_DAY})(?:[t ]00:00(?::00(?:\.0+)?)?z?)?")  # a day; databases add an empty time to it
_YEAR = re.compile(r"(?:19|20)\d\d")
_POSTCODE = re.compile(r"[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}|[a-z]\d[a-z] ?\d[a-z]\d")  # United Kingdom, Canada
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


def found_in(columns: Sequence[Mapping[str, Any]]) -> Found:
    """The types of each column from the JSON of a scan's columns (`name`, `entities` with `type`, `rate`, `label`)."""
    return {
        str(c["name"]): {
            str(e["type"]): float(e["rate"]) for e in c.get("entities", ()) if e.get("label", True) and e.get("rate")
        }
        for c in columns
    }


def judge(seen: Seen, found: Found | None = None) -> Column:
    """Say what a column is to somebody who wants to find a person, and why."""
    words = _words(seen.name)
    sensitive = bool(words & _SENSITIVE) or any(w in seen.name for w in _CHINESE_SENSITIVE)
    role, kind, why = _judged(seen, words, dict((found or {}).get(seen.name, {})))
    if sensitive and role is Role.LIKELY:
        role, why = Role.POSSIBLE, "tells something sensitive; an outsider rarely knows it"
    return Column(seen.name, role, kind, why, len(seen.counts), sensitive and role is not Role.OUT)


def _words(name: str) -> frozenset[str]:
    words = name_words(name)
    return frozenset([*words, *(a + b for a, b in pairwise(words))])


def spares(name: str, values: Sequence[str], types: Mapping[str, float]) -> bool:
    """Whether a column that differs in almost each of the first rows may be known to others all the same."""
    words = _words(name)
    if _named(name, words) or any(types.get(t, 0) >= MAJORITY for t in _BY_TYPE):
        return True
    return any(_share(values, form) >= 0.9 for form in (_DATE, _POSTCODE))


def _judged(seen: Seen, words: frozenset[str], types: dict[str, float]) -> tuple[Role, str, str]:
    distinct = len(seen.counts) - ("" in seen.counts)
    if seen.gave_up:
        return Role.OUT, "unique" if "unique" in seen.gave_up else "text", seen.gave_up
    if distinct < 2:
        return Role.OUT, "constant", "one value or none, so it tells nobody apart"
    values = [v for v in seen.counts if v][:LOOKED]
    kind = _named(seen.name, words)
    dated = _share(values, _DATE) >= 0.9
    if not kind and (why := _direct(seen, words, types, distinct)):
        return Role.OUT, "direct", why
    if _is_text(values):
        return Role.OUT, "text", "free text; what it tells is the scan's business"
    if not kind:
        kind = next((k for t, k in _BY_TYPE.items() if types.get(t, 0) >= MAJORITY), "")
        if kind:
            return _unless_unique(kind, seen.filled, distinct, "what the scan found in it")
    if kind in ("birth", "age") or (kind and (dated or kind != "date")):
        return _unless_unique(kind, seen.filled, distinct, "its name")
    return _by_values(values, words, distinct, seen.filled, dated)


def _named(name: str, words: frozenset[str]) -> str:
    kind = next((k for k, named in KINDS.items() if words & named), "")
    return kind or next((k for part, k in _CHINESE.items() if part in name), "")


def _direct(seen: Seen, words: frozenset[str], types: dict[str, float], distinct: int) -> str:
    """Why a column points at people by itself; empty where it does not. Few values repeated are categories."""
    if distinct <= min(5, seen.filled // 3):
        return ""
    if words & _DIRECT or any(w in seen.name for w in _CHINESE_DIRECT):
        return "a direct identifier by its name; mask or drop it"
    spread = distinct > min(20, seen.filled // 3)
    if words & _NAMING and spread and distinct * 20 > seen.filled:
        return "names or numbers people by its name; mask or drop it"
    kind = next((t for t, rate in types.items() if rate >= MAJORITY and policy.group(t) == policy.DIRECT), "")
    return f"a direct identifier ({policy.title(kind)}), the scan found; mask or drop it" if kind and spread else ""


def _is_text(values: Sequence[str]) -> bool:
    some = values[:500]
    mean = sum(map(len, some)) / len(some)
    return mean > LONG or sum(v.count(" ") + 1 for v in some) / len(some) > WORDS


def _share(values: Sequence[str], form: re.Pattern[str]) -> float:
    return sum(bool(form.fullmatch(v)) for v in values) / len(values)


def _unless_unique(kind: str, filled: int, distinct: int, why: str) -> tuple[Role, str, str]:
    """A place that differs in almost every row is an address; dates and ages may well do so."""
    if kind in ("job", "origin", "family", "education", "place") and filled > 100 and distinct > UNIQUE * filled:
        return Role.OUT, "unique", "differs in almost every row"
    return Role.LIKELY, kind, f"known to others, by {why}"


def _by_values(
    values: Sequence[str], words: frozenset[str], distinct: int, filled: int, dated: bool
) -> tuple[Role, str, str]:
    if set(values) <= _GENDERS and len(values) >= 2:
        return Role.LIKELY, "gender", "known to others, by its values"
    if _share(values, _POSTCODE) >= 0.9:
        return Role.LIKELY, "postcode", "known to others, by the form of its values"
    if dated or _share(values, _YEAR) >= 0.9:
        if _lifetimes(values):
            return Role.LIKELY, "birth", "dates that span lifetimes, so probably of birth"
        # HIPAA's Safe Harbor takes out all days that relate to a person: 45 CFR 164.514(b)(2)(i)(C)
        return Role.LIKELY, "date", "days of events, which whoever was there knows"
    if filled > 20 and distinct >= UNIQUE * filled:
        return Role.OUT, "unique", "differs in almost every row, so it numbers the rows or tells too much; drop it"
    if (words & _NUMBERING and distinct > FEW) or all(shape(v) is Shape.UUID for v in values[:100]):
        return Role.OUT, "unique", "a number of somebody or something; drop or replace it"
    if _share(values, _NUMBER) >= 0.9 and distinct > FEW:
        return Role.POSSIBLE, "number", "a number; outsiders seldom know it exactly"
    if distinct <= FEW:
        return Role.POSSIBLE, "category", f"{distinct} categories"
    return Role.POSSIBLE, "other", f"{distinct:,} different values"


def _lifetimes(values: Sequence[str]) -> bool:
    years = sorted(int(m.group()) for v in values if (m := _YEAR.search(v)))
    cut = len(years) // 20  # odd dates at both ends say nothing
    inner = years[cut : len(years) - cut]
    return len(inner) > 1 and inner[-1] - inner[0] >= LIFETIME and inner[-1] <= datetime.now(UTC).year
