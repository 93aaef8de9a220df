"""Labelled rows from a file a person brought, or one clear message about why they cannot be used.

Messages name files, columns, labels and row numbers, never a text: it may be personal. Rows are counted as a
spreadsheet shows them: the header is row 1.
"""

import csv
import io
import json
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.settings import settings

Record = tuple[int, str | None, str | None]
_DELIMITERS = (",", ";", "\t", "|")
_FIELD_LIMIT = 16_000_000  # csv's own default refuses texts of more than 131,072 characters
_BINARY = {
    b"PK\x03\x04": "a ZIP archive (or an Excel workbook)",
    b"PK\x05\x06": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"\x80\x02": "a Python pickle, which is never opened",
    b"\x80\x03": "a Python pickle, which is never opened",
    b"\x80\x04": "a Python pickle, which is never opened",
    b"\x80\x05": "a Python pickle, which is never opened",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Rows:
    """Texts and their labels, in the file's order."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.texts)


def read_rows(path: Path, text: str, label: str, *, max_rows: int | None = None) -> Rows:
    """Read a CSV (comma, semicolon, tab or bar) or JSONL file, UTF-8 with or without a byte order mark.

    Args:
        path: the file; JSONL by its suffix (.jsonl, .ndjson), else CSV with a header row.
        text: the column that holds the text.
        label: the column that holds the answer.
        max_rows: most rows to accept; by default PREFLIGHT_UPLOAD_ROWS.

    Raises:
        InputError: the file cannot be used; the message says what is wrong, where, and what to do.
    """
    if text == label:
        raise InputError(f"Text and label are both column {text!r}: name two columns.")
    content = _decoded(path)
    lines = path.suffix.lower() in (".jsonl", ".ndjson")
    records = _jsonl(content, path.name, text, label) if lines else _csv(content, path.name, text, label)
    return _complete(records, path.name, settings().upload_rows if max_rows is None else max_rows)


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


def _csv(content: str, name: str, text: str, label: str) -> Iterator[Record]:
    csv.field_size_limit(_FIELD_LIMIT)
    delimiter, header = _header(content, name, text, label)
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


def _header(content: str, name: str, text: str, label: str) -> tuple[str, list[str]]:
    """The delimiter under which both columns are found, and the column names."""
    found: list[tuple[str, list[str]]] = []
    for delimiter in _DELIMITERS:
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
    for row, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            raise InputError(f"{name}, line {row:,}: not JSON; each line is one object.") from None
        if not isinstance(record, dict):
            raise InputError(f"{name}, line {row:,}: not a JSON object; each line is one object.")
        missing = [c for c in (text, label) if c not in record]
        if missing:
            raise _missing(f"{name}, line {row:,},", missing, [str(k) for k in record])
        yield row, _plain(record[text]), _plain(record[label])


def _plain(value: object) -> str | None:
    return None if value is None else str(value)


def _complete(records: Iterator[Record], name: str, max_rows: int) -> Rows:
    texts: list[str] = []
    labels: list[str] = []
    blank: dict[str, list[int]] = {"text": [], "label": []}
    for row, text, label in records:
        if len(texts) >= max_rows:
            raise InputError(f"{name} has more than {max_rows:,} rows: take a sample, or raise PREFLIGHT_UPLOAD_ROWS.")
        text, label = (text or "").strip(), (label or "").strip()
        if not text:
            blank["text"].append(row)
        if not label or label.lower() == "nan":
            blank["label"].append(row)
        texts.append(text)
        labels.append(label)
    if not texts:
        raise InputError(f"{name} has a header but no rows.")
    problems = [_blank(what, rows) for what, rows in blank.items() if rows]
    if problems:
        raise InputError(f"{name}: {'; '.join(problems)}. Fill them in or delete the rows (the header is row 1).")
    return Rows(tuple(texts), tuple(labels))


def _blank(what: str, rows: list[int]) -> str:
    where = ", ".join(f"{r:,}" for r in rows[:10]) + (" …" if len(rows) > 10 else "")
    return f"{len(rows):,} {'row has' if len(rows) == 1 else 'rows have'} no {what} (row {where})"
