"""Reads tables whole or in part, a chunk at a time, and refuses what is not one with a single clear message.

A file is checked from end to end before any slow work begins, so that a broken last row is told at once. CSV and TSV
must be UTF-8 with a header; JSONL holds one object a line.
"""

import codecs
import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

from core.errors import InputError

MAX_ROWS = 2_000_000
MAX_COLUMNS = 1_000
MAX_CELL = 4 << 20  # characters
MAX_NAME, MAX_WORDS = 60, 6  # characters and words of a column's name; longer ones are data
CHUNK_ROWS, CHUNK_CHARS = 1_000, 1 << 20
BLOCK = 1 << 20  # bytes

Row = list[str]
Tick = Callable[[], None]

_MAGIC = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; export the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; export the sheet as CSV",
    b"PAR1": "a Parquet file; export it as CSV or JSONL",
    b"SQLite format 3": "a database; export the table as CSV",
    b"\x1f\x8b": "gzip-compressed; unpack it",
    b"%PDF": "a PDF; give the table behind it as CSV",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
    **{bytes([0x80, v]): "a Python pickle, which is never opened; export it as CSV" for v in range(2, 6)},
}


def _nothing() -> None:
    """Take no notice."""


@dataclass(frozen=True, slots=True)
class Table:
    """A checked file: its columns as it spells them, its number of rows, its hash. `delimiter` is empty for JSONL."""

    path: Path
    name: str
    sha256: str
    delimiter: str
    columns: tuple[str, ...]
    rows: int

    @property
    def labels(self) -> tuple[str, ...]:
        """Column names that can be shown and told apart: numbered where empty, repeated, or as long as data."""
        names: list[str] = []
        for i, column in enumerate(self.columns, 1):
            text = " ".join(column.split())
            base = text if text and len(text) <= MAX_NAME and text.count(" ") < MAX_WORDS else f"column {i}"
            names.append(base if base not in names else f"{base} ({i})")
        return tuple(names)

    def chunks(self, picked: Sequence[int] | None = None) -> Iterator[list[Row]]:
        """Yield rows (one text per column) in file order, in bounded chunks.

        Args:
            picked: ascending positions of the rows wanted, from 0; all where None.
        """
        rows = _picked(_records(self.path, self.name, self.delimiter, self.columns), picked)
        chunk: list[Row] = []
        size = 0
        for row in rows:
            chunk.append(row)
            size += sum(map(len, row))
            if len(chunk) >= CHUNK_ROWS or size >= CHUNK_CHARS:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk


def open_table(path: Path, *, name: str = "", max_rows: int = MAX_ROWS, tick: Tick = _nothing) -> Table:
    """Check a file from end to end and return it as a table.

    Args:
        path: the file; `name` is what messages call it, where that is not its own name.
        max_rows: the most rows accepted.
        tick: called several times a second; may raise to stop.

    Raises:
        InputError: it is no file, empty, not a table, not UTF-8, holds NUL bytes, is ragged or has too many rows.
    """
    name = name or path.name
    if not path.is_file():
        raise InputError(f"{name}: not a file; give a CSV, TSV or JSONL file.")
    sha256 = _check_bytes(path, name, tick)
    lines = path.suffix.lower() in (".jsonl", ".ndjson")
    if path.suffix.lower() == ".json":
        raise InputError(f"{name}: a JSON document; save it as JSONL, one object a line.")
    delimiter = "" if lines else "\t" if path.suffix.lower() in (".tsv", ".tab") else _delimiter(path)
    columns = _keys(path, name, tick) if lines else _header(path, name, delimiter)
    if len(columns) > MAX_COLUMNS:
        raise InputError(f"{name}: {len(columns):,} columns; at most {MAX_COLUMNS:,} are read.")
    rows = 0
    for rows, _ in enumerate(_records(path, name, delimiter, columns), 1):
        if rows % 2_000 == 0:
            tick()
        if rows > max_rows:
            raise InputError(
                f"{name}: more than {max_rows:,} rows; give a smaller file, or raise PREFLIGHT_UPLOAD_ROWS."
            )
    if not rows:
        raise InputError(f"{name}: a header and no rows; add the data.")
    return Table(path, name, sha256, delimiter, columns, rows)


def _check_bytes(path: Path, name: str, tick: Tick) -> str:
    """Return the file's SHA-256, having made sure that all of it is UTF-8 text."""
    decoder, digest, offset, lines, blank = codecs.getincrementaldecoder("utf-8")(), hashlib.sha256(), 0, 1, True
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            tick()
            if not offset:
                _check_magic(block, name)
            if (nul := block.find(b"\0")) >= 0:
                _refuse(name, offset + nul, lines + block.count(b"\n", 0, nul), "a NUL byte; this is not a text table")
            held = len(decoder.getstate()[0])
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError as error:
                at = error.start - held
                _refuse(
                    name, offset + at, lines + block.count(b"\n", 0, max(at, 0)), "not UTF-8 text; save it as UTF-8"
                )
            digest.update(block)
            offset, lines, blank = (
                offset + len(block),
                lines + block.count(b"\n"),
                blank and not text.strip("\ufeff \r\n\t"),
            )
    if held_over := decoder.getstate()[0]:
        _refuse(name, offset - len(held_over), lines, "not UTF-8 text: it ends within a character; save it as UTF-8")
    if blank:
        raise InputError(f"{name}: the file is empty; give a table with a header and rows.")
    return digest.hexdigest()


def _refuse(name: str, offset: int, line: int, why: str) -> NoReturn:
    raise InputError(f"{name}: byte {offset + 1:,} (line {line:,}) is {why}.") from None


def _check_magic(block: bytes, name: str) -> None:
    for magic, what in _MAGIC.items():
        if block.startswith(magic):
            raise InputError(f"{name}: {what}.")
    if block[:256].lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise InputError(f"{name}: a web page or XML, not a table; export the data as CSV.")


def _reader(path: Path, delimiter: str) -> Iterator[tuple[int, Row]]:
    """Yield (line, cells) of a delimited file, blank lines left out; csv.Error where quotation marks do not match."""
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL))
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        for row in reader:
            if row:
                yield reader.line_num, row


def _delimiter(path: Path) -> str:
    """Which of comma, semicolon, tab and bar gives the most columns and the same number in each of the first rows."""
    best, most = ",", 1
    for delimiter in (",", ";", "\t", "|"):
        try:
            widths = {len(row) for _, row in islice(_reader(path, delimiter), 20)}
        except csv.Error:
            continue
        if len(widths) == 1 and (width := widths.pop()) > most:
            best, most = delimiter, width
    return best


def _header(path: Path, name: str, delimiter: str) -> tuple[str, ...]:
    try:
        header = next((row for _, row in _reader(path, delimiter)), [])
    except csv.Error as error:
        _unmatched(name, 1, error)
    return tuple(header)


def _unmatched(name: str, line: int, error: csv.Error) -> NoReturn:
    raise InputError(
        f"{name}: line {line:,}: quotation marks do not match ({error}); "
        'put "..." around cells that hold the delimiter, a line break or a quotation mark, and double those inside.'
    ) from None


def _records(path: Path, name: str, delimiter: str, columns: Sequence[str]) -> Iterator[Row]:
    """Yield each data row as texts, one per column."""
    if not delimiter:
        for record in _objects(path, name):
            yield [_text(record.get(column)) for column in columns]
        return
    line = 1
    try:
        for number, (at, row) in enumerate(_reader(path, delimiter)):
            line = at
            if number and len(row) != len(columns):
                raise InputError(
                    f"{name}: row {number:,} (line {line:,}) has {len(row)} cells, the header {len(columns)}; "
                    'put "..." around cells that hold the delimiter.'
                )
            if number:
                yield row
    except csv.Error as error:
        _unmatched(name, line, error)


def _objects(path: Path, name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSONL file, blank lines left out."""
    with path.open(encoding="utf-8-sig") as file:
        for line, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                record = json.loads(text)
            except (ValueError, RecursionError):
                raise InputError(f"{name}: line {line:,} is not JSON; write one object a line.") from None
            if not isinstance(record, dict):
                raise InputError(f"{name}: line {line:,} is not a JSON object; write one object a line.")
            yield record


def _keys(path: Path, name: str, tick: Tick) -> tuple[str, ...]:
    """All keys of a JSONL file's objects, in the order in which they first appear."""
    keys: dict[str, None] = {}
    for i, record in enumerate(_objects(path, name)):
        keys.update(dict.fromkeys(record))
        if len(keys) > MAX_COLUMNS:
            raise InputError(f"{name}: more than {MAX_COLUMNS:,} different keys; give the same keys on each line.")
        if i % 2_000 == 0:
            tick()
    return tuple(keys)


def _text(value: Any) -> str:
    """A JSON value as a cell."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _picked(rows: Iterator[Row], picked: Sequence[int] | None) -> Iterator[Row]:
    if picked is None:
        yield from rows
        return
    at = iter(picked)
    wanted = next(at, None)
    for i, row in enumerate(rows):
        if wanted is None:
            return
        if i == wanted:
            yield row
            wanted = next(at, None)
