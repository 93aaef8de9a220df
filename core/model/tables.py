"""The cells of two columns of a file, row by row: CSV, TSV, JSONL or Parquet, or one clear message.

Messages name columns and rows, never a cell that may be personal.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.errors import InputError

Cell = str | int | float | bool | None
Record = tuple[int, Cell, Cell]

_DELIMITERS = (",", ";", "\t", "|")
_FIELD_LIMIT = 16_000_000  # csv's own default refuses texts of more than 131,072 characters
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_BINARY = {
    b"PK\x03\x04": "a ZIP archive (or an Excel workbook)",
    b"PK\x05\x06": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF",
    b"\x80\x02": "a Python pickle, which is never opened",
    b"\x80\x03": "a Python pickle, which is never opened",
    b"\x80\x04": "a Python pickle, which is never opened",
    b"\x80\x05": "a Python pickle, which is never opened",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def records(path: Path, text: str, label: str, limit: int) -> tuple[Iterator[Record], str]:
    """The rows of a file one by one, and what it calls one."""
    suffix = path.suffix.lower()
    if suffix in (".parquet", ".pq") or _starts_as_parquet(path):
        return _parquet(path, text, label, limit), "row"
    content = _decoded(path)
    if suffix in (".jsonl", ".ndjson"):
        return _jsonl(content, path.name, text, label), "line"
    delimiters = ("\t",) if suffix in (".tsv", ".tab") else _DELIMITERS
    return _csv(content, path.name, text, label, delimiters), "row"


def named(labels: Sequence[str] | Counter[str], most: int = 5) -> str:
    """Up to `most` labels or columns for a message, shortened, without what may be personal; the rest as a count."""
    shown = ["(not shown)" if _personal(c) else repr(c if len(c) <= 40 else c[:39] + "…") for c in list(labels)[:most]]
    return ", ".join(shown) + (f" and {len(labels) - most} more" if len(labels) > most else "")


def _starts_as_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:
        return False


def _decoded(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read ({error.strerror or 'unknown reason'}).") from error
    if not raw.removeprefix(b"\xef\xbb\xbf").strip():
        raise InputError(f"{path.name} is empty: upload a file with a header row and one row for each text.")
    if raw.startswith(_UTF16):
        raise InputError(f"{path.name} is UTF-16, not UTF-8 (byte 1): save it as “CSV UTF-8”.")
    what = next((name for magic, name in _BINARY.items() if raw.startswith(magic)), "")
    if what:
        raise InputError(f"{path.name} is {what}, not a CSV: save the table as “CSV UTF-8”.")
    zero = raw.find(b"\0")
    if zero >= 0:
        raise InputError(f"{path.name} is not a text file (a zero byte at byte {zero + 1:,}): save it as “CSV UTF-8”.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # utf-8-sig counts from after the byte order mark
        start = error.start + (3 if raw.startswith(b"\xef\xbb\xbf") else 0)
        line = raw.count(b"\n", 0, start) + 1
        raise InputError(
            f"{path.name} is not UTF-8: byte {start + 1:,}, in line {line:,}, is 0x{raw[start]:02X}. "
            "Save it as “CSV UTF-8”."
        ) from None


def _csv(content: str, name: str, text: str, label: str, delimiters: Sequence[str]) -> Iterator[Record]:
    csv.field_size_limit(_FIELD_LIMIT)
    delimiter, header = _header(content, name, text, label, delimiters)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    at = [header.index(text), header.index(label)]
    row = 1
    try:
        next(reader)
        for row, cells in enumerate(reader, start=2):
            if not cells:
                continue
            if len(cells) != len(header):
                raise InputError(
                    f"{name}, row {row:,}: {len(cells)} cells under {len(header)} columns; put texts that hold "
                    f"{delimiter!r} or a line break in double quotes."
                )
            yield row, cells[at[0]], cells[at[1]]
    except csv.Error as error:
        raise InputError(f"{name}, after row {row:,}: a quoted cell is not closed properly ({error}).") from None


def _header(content: str, name: str, text: str, label: str, delimiters: Sequence[str]) -> tuple[str, list[str]]:
    """The delimiter under which both columns are found, and the column names."""
    found: list[tuple[str, list[str]]] = []
    for delimiter in delimiters:
        try:
            cells = next(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter), [])
        except csv.Error:
            continue
        header = [c.strip() for c in cells]
        if text in header and label in header:
            twice = next((c for c in (text, label) if header.count(c) > 1), None)
            if twice:
                raise InputError(f"{name}: two columns are called {twice!r}; rename one.")
            return delimiter, header
        found.append((delimiter, header))
    header = max((h for _, h in found), key=len, default=[])
    raise _missing(name, [c for c in dict.fromkeys((text, label)) if c not in header] or [text, label], header)


def _missing(name: str, wanted: list[str], there: list[str]) -> InputError:
    columns = "no column " + " and no column ".join(repr(c) for c in wanted)
    if not all(like_a_name(c) for c in there):
        return InputError(f"{name} has {columns}: its first row does not look like column names. Add a header row.")
    return InputError(f"{name} has {columns}; there are {named(there, 20)}. Correct the name, or the file.")


def like_a_name(cell: str) -> bool:
    """Whether a first row's cell may be shown: without a header it is data, and may be personal."""
    return len(cell) <= 40 and len(cell.split()) <= 4 and not cell.endswith((".", "?", "!")) and not _personal(cell)


def _personal(cell: str) -> bool:
    return "@" in cell or sum(c.isdigit() for c in cell) >= 5


def _jsonl(content: str, name: str, text: str, label: str) -> Iterator[Record]:
    # Not splitlines(): JSON may hold U+2028 and its like unescaped inside a text.
    for row, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{name}, line {row:,}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            raise InputError(f"{where}: not JSON; each line is one object.") from None
        if not isinstance(record, dict):
            raise InputError(f"{where}: not a JSON object; each line is one object.")
        missing = [c for c in dict.fromkeys((text, label)) if c not in record]
        if missing:
            raise _missing(f"{where},", missing, [str(k) for k in record])
        for column in (text, label):
            if isinstance(record[column], dict | list):
                raise InputError(f"{where}: {column!r} holds a list or an object; give one value, not several.")
            if isinstance(record[column], str) and _HALF_CHARACTER.search(record[column]):
                raise InputError(f"{where}: {column!r} holds half a character (a lone \\ud800 to \\udfff); remove it.")
        yield row, record[text], record[label]


def _parquet(path: Path, text: str, label: str, max_rows: int) -> Iterator[Record]:
    """The two columns' rows; everything that can be refused from the file's own description is, before any is read."""
    import pyarrow as pa  # noqa: PLC0415 - half a second that the other formats need not pay
    import pyarrow.parquet as pq  # noqa: PLC0415

    name = path.name
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            missing = [c for c in dict.fromkeys((text, label)) if c not in schema.names]
            if missing:
                raise _missing(name, missing, schema.names)
            for column in (text, label):
                _check_column(name, column, schema)
            if file.metadata.num_rows > max_rows:
                raise too_many(name, max_rows)
            row = 2
            for batch in file.iter_batches(1_000, columns=list(dict.fromkeys((text, label)))):
                texts, labels = (batch.column(batch.schema.get_field_index(c)).to_pylist() for c in (text, label))
                yield from zip(range(row, row + len(texts)), texts, labels, strict=True)
                row += len(texts)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        why = "cannot be read" if isinstance(error, FileNotFoundError) else "not a Parquet file, or damaged"
        raise InputError(f"{name}: {why}: save the table again, or as “CSV UTF-8”.") from None


def _check_column(name: str, column: str, schema: Any) -> None:
    import pyarrow.types as kinds  # noqa: PLC0415

    if schema.names.count(column) > 1:
        raise InputError(f"{name}: two columns are called {column!r}; rename one.")
    kind = schema.field(column).type
    if kinds.is_dictionary(kind):
        kind = kind.value_type
    plain = (kinds.is_string, kinds.is_large_string, kinds.is_integer, kinds.is_floating, kinds.is_boolean)
    if not any(fits(kind) for fits in (*plain, kinds.is_string_view, kinds.is_decimal, kinds.is_null)):
        what = "several values a row" if kinds.is_nested(kind) else f"values of type {kind}"
        raise InputError(f"{name}: column {column!r} holds {what}; save it as text or numbers.")


def too_many(name: str, max_rows: int) -> InputError:
    """What to say of a file with more than `max_rows` rows."""
    return InputError(f"{name} has more than {max_rows:,} rows: take a sample, or raise PREFLIGHT_UPLOAD_ROWS.")
