"""What a cell looks like, which decides how it is searched: a name model is wasted on a number."""

import re
from collections.abc import Sequence
from enum import IntEnum, StrEnum

import polars as pl


class Shape(StrEnum):
    """The form of one cell, in words for a person."""

    EMPTY = "empty"
    FLAG = "yes or no"
    AMOUNT = "amount"
    NUMBER = "number"
    DATE = "date"
    UUID = "uuid"
    IP = "IP address"
    CODE = "code"
    TEXT = "text"


class Tier(IntEnum):
    """How thoroughly a cell is searched."""

    NONE = 0
    FORM = 1
    PATTERNS = 2
    NAMES = 3

    @property
    def words(self) -> str:
        """The tier for a person."""
        return ("not searched", "by its form", "patterns", "patterns and names")[self]


TIERS = {
    Shape.EMPTY: Tier.NONE,
    Shape.FLAG: Tier.NONE,
    Shape.AMOUNT: Tier.NONE,
    Shape.NUMBER: Tier.PATTERNS,
    Shape.DATE: Tier.FORM,
    Shape.UUID: Tier.FORM,
    Shape.IP: Tier.FORM,
    Shape.CODE: Tier.PATTERNS,
    Shape.TEXT: Tier.NAMES,
}

_FLAGS = frozenset("true false yes no y n t f".split())
# Counts, prices, percentages and decimals: no identifier that is looked for has so few digits or is written so.
_AMOUNT = re.compile(
    r"[+-]?[$€£¥]?\s?(?:\d{1,4}|\d{1,7}[.,]\d{1,2}|\d{1,3}(?:,\d{3}){1,2}(?:\.\d{1,2})?)\s?%?"
    r"|[+-]?(?:0|[1-9]\d{0,6})?\.\d+(?:[eE][+-]?\d{1,3})?"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_IP = re.compile(r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}")
_TIME = r"(?:[T ][0-2]?\d:[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?\s?(?:Z|UTC|[+-]\d\d:?\d\d)?)?"
_YEAR = r"(?:19|20)\d\d"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_DATE = re.compile(rf"(?:{_YEAR}[-/]{_DAY}[-/]{_DAY}|{_DAY}[-/]{_DAY}[-/]{_YEAR}|{_DAY}\.{_DAY}\.{_YEAR}){_TIME}")
_CODE = re.compile(r"\S{1,64}")
_FEW = 64  # cells up to which one by one is as quick


def shape(cell: str) -> Shape:
    """The form of a cell; what fits nothing special is text."""
    value = cell.strip()
    if not value:
        return Shape.EMPTY
    if value.lower() in _FLAGS:
        return Shape.FLAG
    for kind, form in ((Shape.AMOUNT, _AMOUNT), (Shape.UUID, _UUID), (Shape.DATE, _DATE), (Shape.IP, _IP)):
        if form.fullmatch(value):
            return kind
    if not any(c.isalpha() for c in value):
        return Shape.NUMBER
    if _CODE.fullmatch(value) and any(c.isdigit() or c in "_@/:" for c in value):
        return Shape.CODE
    return Shape.TEXT


# Characters of which Python and polars may think differently: whether they are a digit, a letter or white space.
_ODD = r"[^\x09-\x0d\x20-\x7e]"
_TOLD = (
    (Shape.EMPTY, r"^$"),
    (Shape.FLAG, rf"^(?i:{'|'.join(sorted(_FLAGS))})$"),
    (Shape.AMOUNT, rf"^(?:{_AMOUNT.pattern})$"),
    (Shape.UUID, rf"^(?:{_UUID.pattern})$"),
    (Shape.DATE, rf"^(?:{_DATE.pattern})$"),
    (Shape.IP, rf"^{_IP.pattern}$"),
    (Shape.NUMBER, r"^[^A-Za-z]+$"),
    (Shape.CODE, rf"^{_CODE.pattern}$"),
)
_CODED = r"[\d_@/:]"


def shapes(cells: Sequence[str]) -> list[Shape]:
    """The form of each cell, as `shape` tells it; many at once, by polars."""
    if len(cells) < _FEW:
        return [shape(c) for c in cells]
    told = pl.lit(Shape.TEXT.value)
    value = pl.col("cell").str.strip_chars()
    for form, pattern in reversed(_TOLD):
        fits = value.str.contains(pattern)
        if form == Shape.CODE:
            fits &= value.str.contains(_CODED)
        told = pl.when(fits).then(pl.lit(form.value)).otherwise(told)
    try:
        frame = pl.DataFrame({"cell": cells}, schema={"cell": pl.String})
    except UnicodeEncodeError:  # half a surrogate pair, as broken JSON has
        return [shape(c) for c in cells]
    found = frame.select(told=told, odd=pl.col("cell").str.contains(_ODD))
    kinds = {form.value: form for form in Shape}
    return [shape(c) if odd else kinds[kind] for c, (kind, odd) in zip(cells, found.iter_rows(), strict=True)]


def foreign(cell: str) -> bool:
    """Whether a cell is mostly in a script that the English recognisers cannot read."""
    letters = [c for c in cell if c.isalpha()]
    other = sum(ord(c) > 0x24F and not 0x1E00 <= ord(c) <= 0x1EFF for c in letters)
    return len(letters) >= 2 and other * 10 > len(letters) * 3


def name_words(column: str) -> list[str]:
    """A column's name as context words: "customerPhone_no" is customer, phone, no."""
    return [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", column)]
