"""Labelled rows from a file a person brought, or one clear message about why they cannot be used.

Messages name files, columns, labels and row numbers, never a text: it may be personal. Rows are counted as a
spreadsheet shows them, the header being row 1; those of a JSONL file as its lines.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import InputError
from core.model.tables import Cell, Record, like_a_name, named, records, too_many
from core.settings import settings

MAX_CLASSES = 1_000  # above it a column is a number, an id or a text far more often than an answer
_MAX_CHARACTERS = 1_000_000_000  # a small Parquet file can unpack to more than memory holds
_MISSING = {"", "nan", "null", "<na>", "#n/a"}  # what programs write for "no value"; never a class
_DOUBTFUL = {"none", "n/a", "na", "unknown"}  # may be an answer ("none of these"), so it stays one and is told


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
    cells, unit = records(path, text, label, limit)
    return _complete(cells, path.name, limit, unit)


def read_texts(path: Path, text: str) -> tuple[str, ...]:
    """The different texts of a file without labels, in their order; empty cells hold none. Formats as `read_rows`.

    Raises:
        InputError: the file cannot be used, or holds no text.
    """
    limit = settings().upload_rows
    found: dict[str, str] = {}
    for n, (_, cell, _) in enumerate(records(path, text, text, limit)[0]):
        if n >= limit:
            raise too_many(path.name, limit)
        if words := _plain(cell):
            found.setdefault(normalised(words), words)
    if not found:
        raise InputError(f"{path.name}: column {text!r} holds no text.")
    return tuple(found.values())


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
    return 2 * len(distinct) > len(labels) and (len(labels) > 6 or not all(like_a_name(c) for c in distinct))


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


def _complete(cells: Iterator[Record], name: str, max_rows: int, unit: str = "row") -> Rows:
    texts: list[str] = []
    labels: list[str] = []
    rows: list[int] = []
    blank: dict[str, list[int]] = {"text": [], "label": []}
    kinds: dict[str, Counter[str]] = {"text": Counter(), "label": Counter()}
    characters = 0
    for row, text_cell, label_cell in cells:
        if len(texts) >= max_rows:
            raise too_many(name, max_rows)
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
