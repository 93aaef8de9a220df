"""Labelled rows from a file a person brought, or one clear message about why they cannot be used.

Messages name files, columns, labels and row numbers, never a text: it may be personal. Rows are counted as a
spreadsheet shows them, the header being row 1; those of a JSONL file as its lines.
"""

import csv
import io
import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.settings import settings

Cell = str | int | float | bool | None
Record = tuple[int, Cell, Cell]
MAX_CLASSES = 1_000  # above it a column is a number, an id or a text far more often than an answer
_DELIMITERS = (",", ";", "\t", "|")
_FIELD_LIMIT = 16_000_000  # csv's own default refuses texts of more than 131,072 characters
_MAX_CHARACTERS = 1_000_000_000  # a small Parquet file can unpack to more than memory holds
_MISSING = {"", "nan", "null", "<na>", "#n/a"}  # what programs write for "no value"; never a class
_DOUBTFUL = {"none", "n/a", "na", "unknown"}  # may be an answer ("none of these"), so it stays one and is told
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


@dataclass(frozen=True, slots=True)
class Rows:
    """Texts and their labels, in the file's order.

    Attributes:
        rows: the number of each row in its file, as a person who opens it counts.
        notes: what was read in a way that a person may not expect, in words; no reason to refuse the file.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    rows: tuple[int, ...] = field(default=(), compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if not self.rows:
            object.__setattr__(self, "rows", tuple(range(2, len(self.texts) + 2)))

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.texts)


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """Texts and the finite number that each is to be given, in the file's order; `rows` and `notes` as in `Rows`."""

    texts: tuple[str, ...]
    scores: tuple[float, ...]
    rows: tuple[int, ...]
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.texts)


def read_rows(path: Path, text: str, label: str, *, max_rows: int | None = None) -> Rows:
    """Read a CSV (comma, semicolon, tab or bar), TSV, JSONL or Parquet file; text is UTF-8, with or without a BOM.

    Args:
        path: the file; Parquet by its first bytes, JSONL and TSV by suffix (.jsonl, .ndjson; .tsv, .tab), else CSV
            with a header row.
        text: the column that holds the text.
        label: the column that holds the answer. Numbers and true or false are classes named as they are written;
            a whole number is the same class whether it was kept as 1, 1.0 or "1".
        max_rows: most rows to accept; by default PREFLIGHT_UPLOAD_ROWS.

    Raises:
        InputError: the file cannot be used; the message says what is wrong, where, and what to do.
    """
    if text == label:
        raise InputError(f"Text and label are both column {text!r}: name two columns.")
    limit = settings().upload_rows if max_rows is None else max_rows
    suffix = path.suffix.lower()
    if suffix in (".parquet", ".pq") or _starts_as_parquet(path):
        return _complete(_parquet(path, text, label, limit), path.name, limit)
    content = _decoded(path)
    if suffix in (".jsonl", ".ndjson"):
        return _complete(_jsonl(content, path.name, text, label), path.name, limit, "line")
    delimiters = ("\t",) if suffix in (".tsv", ".tab") else _DELIMITERS
    return _complete(_csv(content, path.name, text, label, delimiters), path.name, limit)


def read_scores(path: Path, text: str, label: str, *, max_rows: int | None = None) -> ScoredRows:
    """Read rows whose label is a number on a scale, such as stars or minutes; arguments as for `read_rows`.

    Raises:
        InputError: the file cannot be used, a label is no finite number, or all are the same.
    """
    rows = read_rows(path, text, label, max_rows=max_rows)
    wrong = [row for row, label in zip(rows.rows, rows.labels, strict=True) if _number(label) is None]
    if wrong:
        raise InputError(
            f"{path.name}: {_without('a label that is not a number', 'row', wrong)}. "
            "Correct them (decimals with a point), or train classes instead of a score."
        )
    finite = tuple(s for s in map(_number, rows.labels) if s is not None)
    if min(finite) == max(finite):
        raise InputError(f"{path.name}: every row has the score {finite[0]:g}, so there is nothing to learn.")
    return ScoredRows(rows.texts, finite, rows.rows, rows.notes)


def normalised(text: str) -> str:
    """The form in which two texts count as the same: compatibility characters, case and white space folded."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def check_classes(rows: Rows, name: str) -> None:
    """Refuse what nothing can be learned from: one class only, or a class with a single row.

    Raises:
        InputError: it names the class, unless the labels look like free text, which may be personal.
    """
    counts = Counter(rows.labels)
    if free_text(rows.labels):
        raise InputError(
            f"{name}: the label column holds {len(counts):,} different values in {len(rows):,} rows, which looks like "
            "free text and not like classes: name the column that holds the answer."
        )
    if len(counts) > MAX_CLASSES:
        numbers = all(_number(c) is not None for c in counts)
        way_out = "They are numbers: train a score instead of classes." if numbers else "Group them into fewer classes."
        raise InputError(
            f"{name}: the label column holds {len(counts):,} different values in {len(rows):,} rows; at most "
            f"{MAX_CLASSES:,} classes can be told apart. {way_out}"
        )
    if len(counts) == 1:
        raise InputError(f"{name}: every row has the label {named(counts)}; at least two classes are needed.")
    single = sorted(c for c, n in counts.items() if n == 1)
    if single:
        one = "class has" if len(single) == 1 else "classes have"
        raise InputError(
            f"{name}: {len(single)} {one} a single row ({named(single)}), so it cannot be both learned and tested: "
            "add rows, or merge it with another class."
        )


def free_text(labels: Sequence[str]) -> bool:
    """Whether a label column looks like texts, perhaps personal, that were named as labels by mistake."""
    distinct = set(labels)
    return 2 * len(distinct) > len(labels) and (len(labels) > 6 or not all(_like_a_name(c) for c in distinct))


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
    raise _missing(name, [c for c in (text, label) if c not in header] or [text, label], header)


def _missing(name: str, wanted: list[str], there: list[str]) -> InputError:
    columns = "no column " + " and no column ".join(repr(c) for c in wanted)
    if not all(_like_a_name(c) for c in there):
        return InputError(f"{name} has {columns}: its first row does not look like column names. Add a header row.")
    return InputError(f"{name} has {columns}; there are {named(there, 20)}. Correct the name, or the file.")


def _like_a_name(cell: str) -> bool:
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
        missing = [c for c in (text, label) if c not in record]
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
            missing = [c for c in (text, label) if c not in schema.names]
            if missing:
                raise _missing(name, missing, schema.names)
            for column in (text, label):
                _check_column(name, column, schema)
            if file.metadata.num_rows > max_rows:
                raise _too_many(name, max_rows)
            row = 2
            for batch in file.iter_batches(1_000, columns=[text, label]):
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


def _too_many(name: str, max_rows: int) -> InputError:
    return InputError(f"{name} has more than {max_rows:,} rows: take a sample, or raise PREFLIGHT_UPLOAD_ROWS.")


def _plain(value: Cell) -> str:
    """A cell as text; empty where it holds no value. Whole numbers lose their .0, which pandas adds beside gaps."""
    if value is None:
        return ""
    if isinstance(value, float):
        return (str(int(value)) if value.is_integer() else str(value)) if math.isfinite(value) else ""
    return str(value).strip()


def _number(label: str) -> float | None:
    """The finite number that a label is, or None."""
    try:
        value = float(label)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in label else None


def _complete(records: Iterator[Record], name: str, max_rows: int, unit: str = "row") -> Rows:
    texts: list[str] = []
    labels: list[str] = []
    rows: list[int] = []
    blank: dict[str, list[int]] = {"text": [], "label": []}
    kinds: dict[str, Counter[str]] = {"text": Counter(), "label": Counter()}
    characters = 0
    for row, text_cell, label_cell in records:
        if len(texts) >= max_rows:
            raise _too_many(name, max_rows)
        text, label = _plain(text_cell), _plain(label_cell)
        if not text:
            blank["text"].append(row)
        if label.lower() in _MISSING:
            blank["label"].append(row)
        for what, cell in (("text", text_cell), ("label", label_cell)):
            kinds[what][_kind(cell)] += 1
        characters += len(text)
        if characters > _MAX_CHARACTERS:
            raise InputError(f"{name}: more than {_MAX_CHARACTERS:,} characters of text: take a sample.")
        texts.append(text)
        labels.append(label)
        rows.append(row)
    if not texts:
        raise InputError(f"{name} has a header but no rows.")
    problems = [_without(f"no {what}", unit, where) for what, where in blank.items() if where]
    if problems:
        count = " (the header is row 1)" if unit == "row" else ""
        raise InputError(f"{name}: {'; '.join(problems)}. Fill them in or delete the rows{count}.")
    return Rows(tuple(texts), tuple(labels), tuple(rows), tuple(_notes(name, kinds, labels)))


def _kind(value: Cell) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "text" if isinstance(value, str) else "no value" if value is None else "numbers"


def _notes(name: str, kinds: dict[str, Counter[str]], labels: list[str]) -> Iterator[str]:
    for what, counts in kinds.items():
        if len(counts) > 1:
            mixed = " and ".join(f"{kind} ({n:,})" for kind, n in counts.most_common())
            same = "; a number and a text that are written alike are one class" if what == "label" else ""
            yield f"{name}: the {what} column mixes {mixed}{same}."
    for label, n in sorted(Counter(c for c in labels if c.lower() in _DOUBTFUL).items()):
        yield f"{name}: {label!r} ({n:,} of {len(labels):,} rows) is a class; empty the cells that mean “not known”."


def _without(what: str, unit: str, rows: list[int]) -> str:
    where = ", ".join(f"{r:,}" for r in rows[:10]) + (" …" if len(rows) > 10 else "")
    return f"{len(rows):,} {'row has' if len(rows) == 1 else 'rows have'} {what} ({unit} {where})"
