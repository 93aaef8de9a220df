"""Canaries: known values planted into a copy of a table, which is masked, exported and searched for them.

A label says what a person saw in some rows; a canary is certain. It checks the whole way, reading, searching, masking
and writing, and costs nobody's time, but it only tells of values like those planted.
"""

import csv
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faker import Faker

from core.errors import InputError
from core.intervals import wilson
from core.privacy.leak.mark import Mark, merged
from core.privacy.protect import masked
from core.privacy.source import open_table

EACH = 5  # canaries of a type
PIECE = 5  # letters and digits in a row, signs between them aside, that give a value away

Find = Callable[[Sequence[str]], Sequence[Sequence[Mark]]]

# How each type is said in a sentence, and what makes its values: all made up, with check digits that are valid.
KINDS: Mapping[str, tuple[str, Callable[[Faker], str]]] = {
    "PERSON": ("Regards, {}", lambda f: f"{f.first_name()} {f.last_name()}"),
    "EMAIL_ADDRESS": ("Please write to {} about it.", lambda f: f.ascii_safe_email()),
    "PHONE_NUMBER": ("You can call me at {} today.", lambda f: f"({f.numerify('%##')}) 555-{f.numerify('01##')}"),
    "CREDIT_CARD": ("My card number is {} if you need it.", lambda f: f.credit_card_number("visa16")),
    "IBAN_CODE": ("My IBAN is {} as before.", lambda f: f.iban()),
    "US_SSN": ("My social security number is {} by the way.", lambda f: f.ssn()),
    "IP_ADDRESS": ("I wrote from the address {} yesterday.", lambda f: f.ipv4_public()),
}


@dataclass(frozen=True, slots=True)
class Canary:
    """One planted value: its type, the row it went to (from 0), and the value, which is made up."""

    type: str
    row: int
    value: str


@dataclass(frozen=True, slots=True)
class Survivors:
    """How many canaries of each type could still be read in the export: type -> (planted, read)."""

    types: Mapping[str, tuple[int, int]]

    @property
    def planted(self) -> int:
        """All canaries."""
        return sum(n for n, _ in self.types.values())

    @property
    def read(self) -> int:
        """Those that could still be read, whole or by a piece."""
        return sum(x for _, x in self.types.values())

    def as_json(self) -> dict[str, Any]:
        """The counts as JSON values, with the 95 % interval of the share (Wilson)."""
        low, high = wilson(self.read, self.planted)
        types = [{"type": t, "planted": n, "read": x} for t, (n, x) in self.types.items()]
        return {"planted": self.planted, "read": self.read, "low": low, "high": high, "types": types}


def plant(texts: Sequence[str], *, each: int = EACH, seed: int = 7) -> tuple[list[str], list[Canary]]:
    """Copies of the texts with canaries added, at most one in a text where there are texts enough.

    Raises:
        InputError: there is no text.
    """
    if not texts:
        raise InputError("There is no row to plant a canary in; give a table with rows.")
    rng = random.Random(seed)  # noqa: S311 - made-up values, not secrets
    faker = Faker("en_US")
    faker.seed_instance(seed)
    kinds = [kind for kind in KINDS for _ in range(each)]
    spots = rng.sample(range(len(texts)), len(kinds)) if len(texts) >= len(kinds) else None
    out, planted = list(texts), []
    for i, kind in enumerate(kinds):
        sentence, make = KINDS[kind]
        at = spots[i] if spots else rng.randrange(len(texts))
        value = make(faker)
        out[at] = f"{out[at].rstrip()} {sentence.format(value)}".strip()
        planted.append(Canary(kind, at, value))
    return out, planted


def masked_text(text: str, marks: Iterable[Mark]) -> str:
    """The text with each marked piece in its masked form."""
    out, at = [], 0
    for mark in merged(marks):
        out += [text[at : mark.start], masked(text[mark.start : mark.end], mark.type)]
        at = mark.end
    return "".join([*out, text[at:]])


def readable(canary: Canary, row: str, everything: str) -> bool:
    """Whether a canary stands whole anywhere in the export, or a piece of it in its own row, signs aside."""
    value = _plain(canary.value)
    own = _plain(row)
    pieces = (value[i : i + PIECE] for i in range(max(1, len(value) - PIECE + 1)))
    return canary.value.casefold() in everything or any(piece in own for piece in pieces)


def check_export(
    path: Path,
    column: str,
    out: Path,
    find: Find,
    *,
    name: str = "",
    each: int = EACH,
    most: int | None = None,
    seed: int = 7,
) -> Survivors:
    """Plant canaries into a copy of a table's column of texts, mask it, write it to `out`, and look for them there.

    Args:
        path: the table, which is only read; `name` is what messages call it.
        column: the column of texts.
        out: the masked copy as CSV, canaries and all: for the check, not for use.
        find: the detector; its marks are masked.
        each: canaries of a type.
        most: rows of the copy, drawn at random; all where None.
        seed: of the rows, the values and their places.

    Raises:
        InputError: the table cannot be read or lacks the column, or `out` cannot be written.
    """
    table = open_table(path, name=name)
    if column not in table.columns:
        raise InputError(f"{table.name}: has no column {column}; its columns are {', '.join(table.labels)}.")
    at = table.columns.index(column)
    picked = None
    if most is not None and most < table.rows:
        picked = sorted(random.Random(seed).sample(range(table.rows), most))  # noqa: S311 - a sample, not a secret
    rows = [list(row) for chunk in table.chunks(picked) for row in chunk]
    texts, canaries = plant([row[at] for row in rows], each=each, seed=seed)
    for row, text, marks in zip(rows, texts, find(texts), strict=True):
        row[at] = masked_text(text, marks)
    try:
        with out.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([table.columns, *rows])
    except OSError as error:
        raise InputError(f"{out.name}: cannot be written ({error.strerror}).") from None
    return _survivors(out, at, canaries)


def _survivors(out: Path, column: int, canaries: Sequence[Canary]) -> Survivors:
    """Read the export again, as whoever gets it would, and look."""
    exported = [row for chunk in open_table(out).chunks() for row in chunk]
    everything = "\n".join(cell for row in exported for cell in row).casefold()
    counts: dict[str, tuple[int, int]] = {}
    for canary in canaries:
        planted, read = counts.get(canary.type, (0, 0))
        counts[canary.type] = (planted + 1, read + readable(canary, exported[canary.row][column], everything))
    return Survivors(counts)


def _plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
