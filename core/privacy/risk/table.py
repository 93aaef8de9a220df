"""Reads a whole table into numbers: for each column and each coarser form of it, which rows hold the same value.

Nothing but these numbers is kept, so a page can hold them without holding anybody's data.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl

from core.privacy.risk.coarsen import Way, ways
from core.privacy.risk.columns import LONG, UNIQUE, Column, Found, Role, Seen, judge, spares
from core.privacy.source import open_table
from core.progress import Progress, silent

PATIENCE = 10_000  # rows after which a column that is different in almost each is not read on
MOST_VALUES = 500_000  # distinct values of a column


@dataclass(frozen=True, slots=True)
class Coded:
    """A table as numbers.

    Attributes:
        columns: all, those left out too, in the table's order.
        codes: of each column that is not left out, by its name: equal numbers for equal cells (white space and case
            aside; empty cells are equal to each other), one per row.
        coarser: of each such column the codes by way of coarsening it.
    """

    name: str
    sha256: str
    rows: int
    columns: tuple[Column, ...]
    codes: Mapping[str, pl.Series]
    coarser: Mapping[str, Mapping[Way, pl.Series]] = field(default_factory=dict)

    @property
    def proposed(self) -> tuple[str, ...]:
        """The names of the columns that others are likely to know."""
        return tuple(c.name for c in self.columns if c.role is Role.LIKELY)

    @property
    def offered(self) -> tuple[Column, ...]:
        """The columns that may be chosen, the likely ones first."""
        usable = [c for c in self.columns if c.role is not Role.OUT]
        return tuple(sorted(usable, key=lambda c: c.role is not Role.LIKELY))

    def column(self, name: str, way: str = "") -> pl.Series:
        """The codes of a column, coarsened where a way's id is given.

        Raises:
            KeyError: there is no such column or way.
        """
        if not way:
            return self.codes[name]
        return next(series for w, series in self.coarser[name].items() if w.id == way)


class _Book(dict[str, int]):
    """Cell to code; cells that differ in white space or case alone share one."""

    def __init__(self) -> None:
        super().__init__()
        self.values_: dict[str, int] = {}

    def __missing__(self, cell: str) -> int:
        plain = " ".join(cell.split()).casefold()
        code = self[cell] = self.values_.setdefault(plain, len(self.values_))
        return code


class _Reader:
    """One column while it is read."""

    def __init__(self, name: str, types: Mapping[str, float]) -> None:
        self.types, self.spared = types, False
        self.name, self.book, self.codes, self.gave_up = name, _Book(), array("I"), ""

    def take(self, cells: Sequence[str]) -> None:
        if self.gave_up:
            return
        self.codes.extend(map(self.book.__getitem__, cells))
        known, rows = self.book.values_, len(self.codes)
        if rows >= PATIENCE and len(known) > UNIQUE * rows and not self._spared():
            self.gave_up = "unique in almost every row, so it numbers the rows or tells too much; drop it"
        elif len(known) > MOST_VALUES:
            self.gave_up = f"unique too often: more than {MOST_VALUES:,} different values; drop it or make it coarser"
        elif rows >= 1_000 and len(known) > rows // 2 and sum(map(len, known)) > 2 * LONG * len(known):
            self.gave_up = "free text; what it tells is the scan's business"
        if self.gave_up:
            self.book, self.codes = _Book(), array("I")

    def _spared(self) -> bool:
        self.spared = self.spared or spares(self.name, list(islice(self.book.values_, 100)), self.types)
        return self.spared

    def close(self) -> tuple[Seen, np.ndarray]:
        codes = np.frombuffer(self.codes, np.uint32)
        known = self.book.values_
        counts = dict(zip(known, np.bincount(codes, minlength=len(known)).tolist(), strict=True))
        return Seen(self.name, len(codes) - counts.get("", 0), counts, self.gave_up), codes


def read(
    path: Path, *, name: str = "", found: Found | None = None, max_rows: int | None = None, progress: Progress = silent
) -> Coded:
    """Read a whole table file; `found` says what a scan found in its columns.

    A sample will not do: rows that are unique in a sample often are not in the file, so its share of unique rows
    overstates the file's.

    Raises:
        InputError: the file is no table that can be read.
    """
    limit = {} if max_rows is None else {"max_rows": max_rows}
    table = open_table(path, name=name, tick=lambda: progress(0, 1, f"{name or path.name}: reading"), **limit)
    done = 0

    def chunks() -> Iterable[Sequence[Sequence[str]]]:
        nonlocal done
        for chunk in table.chunks():
            yield chunk
            done += len(chunk)
            progress(done, table.rows, f"{table.name}: {done:,} of {table.rows:,} rows grouped")

    return encode(table.labels, chunks(), name=table.name, sha256=table.sha256, found=found)


def encode(
    columns: Sequence[str],
    chunks: Iterable[Sequence[Sequence[str]]],
    *,
    name: str = "",
    sha256: str = "",
    found: Found | None = None,
) -> Coded:
    """Turn rows, given in chunks with one text per column, into numbers."""
    readers = [_Reader(c, (found or {}).get(c, {})) for c in columns]
    rows = 0
    for chunk in chunks:
        rows += len(chunk)
        for reader, cells in zip(readers, zip(*chunk, strict=True), strict=False):
            reader.take(cells)
    judged: list[Column] = []
    codes: dict[str, pl.Series] = {}
    coarser: dict[str, dict[Way, pl.Series]] = {}
    for reader in readers:
        seen, numbers = reader.close()
        column = judge(seen, found)
        judged.append(column)
        if column.role is not Role.OUT:
            codes[column.name] = pl.Series(numbers)
            coarser[column.name] = {
                way: pl.Series(_recoded(values)[numbers]) for way, values in ways(column.kind, seen.counts).items()
            }
    return Coded(name, sha256, rows, tuple(judged), codes, coarser)


def _recoded(values: Sequence[str]) -> np.ndarray:
    """New code by old code."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(v, len(known)) for v in values], np.uint32)
