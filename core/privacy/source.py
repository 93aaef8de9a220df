"""Finds the tables in files and folders, and reads each whole or in part, in bounded memory.

A file is read once from end to end before any slow work begins, which counts its rows, notes what is wrong with them
and draws some at random. What is no table at all is refused with a single clear message.
"""

import hashlib
import heapq
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import InputError
from core.privacy.sources.decode import refuse_binary
from core.privacy.sources.delimited import MAX_COLUMNS, Delimited, TabDelimited
from core.privacy.sources.faults import Faults
from core.privacy.sources.jsonl import JsonLines
from core.privacy.sources.reader import Reader, Row

__all__ = ["MAX_COLUMNS", "MAX_ROWS", "SUFFIXES", "Row", "Table", "open_table", "open_tables", "walk"]

SUFFIXES = (
    *(".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".parquet", ".xlsx", ".xlsm", ".xls", ".ods"),
    *(".txt", ".text", ".md", ".log", ".pdf"),
)
MAX_ROWS = 2_000_000  # of a table that is read on a page or held in memory
MAX_NAME, MAX_WORDS = 60, 6  # characters and words of a column's name; longer ones are data
CHUNK_ROWS, CHUNK_CHARS = 10_000, 4 << 20
DRAW_ROWS, DRAW_CHARS = 10_000, 8 << 20  # the most rows drawn at random, and characters of them held

Tick = Callable[[], None]

_MAGIC = {
    b"SQLite format 3": "a database; export the table as CSV",
    b"\x1f\x8b": "gzip-compressed; unpack it",
    **{bytes([0x80, v]): "a Python pickle, which is never opened; export it as CSV" for v in range(2, 6)},
}


def _nothing() -> None:
    """Take no notice."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was read once: its columns as it spells them, its number of rows, the hash of its file.

    `draw` holds (position, row) of some rows drawn at random without replacement, in random order; all of them where
    they are few. `faults` says what was wrong with others.
    """

    name: str
    sha256: str
    columns: tuple[str, ...]
    rows: int
    reader: Reader
    faults: Faults = field(default_factory=Faults)
    draw: tuple[tuple[int, Row], ...] = ()

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
        width = len(self.columns)
        chunk: list[Row] = []
        size = 0
        for row in _picked(self.reader.rows(), picked):
            if len(row) < width:
                row = _padded(row, width)
            chunk.append(row)
            size += sum(map(len, row))
            if len(chunk) >= CHUNK_ROWS or size >= CHUNK_CHARS:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk


def _padded(row: Row, width: int) -> Row:
    return [*row, *[""] * (width - len(row))]


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


def walk(paths: Iterable[Path]) -> list[Path]:
    """The files that are meant: those given, and of folders those of a kind that is read, hidden ones left out.

    Raises:
        InputError: a folder holds none.
    """
    out: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found = [
                p
                for p in sorted(path.rglob("*"))
                if p.suffix.lower() in SUFFIXES
                and p.is_file()
                and not any(part.startswith(".") for part in p.relative_to(path).parts)
            ]
            if not found:
                raise InputError(f"{path}: no file in it that is read ({', '.join(s[1:] for s in SUFFIXES)}).")
            out.update(dict.fromkeys(found))
        else:
            out[path] = None
    return list(out)


def open_table(
    path: Path, *, name: str = "", max_rows: int | None = None, tick: Tick = _nothing, seed: int = 0
) -> Table:
    """Read a file once and return its first table; arguments and errors as those of `open_tables`."""
    return next(open_tables(path, name=name, max_rows=max_rows, tick=tick, seed=seed))


def open_tables(
    path: Path, *, name: str = "", max_rows: int | None = None, tick: Tick = _nothing, seed: int = 0
) -> Iterator[Table]:
    """Read each table of a file once and return it, ready to be read again.

    Args:
        path: the file; `name` is what messages call it, where that is not its own name.
        max_rows: the most rows accepted; no limit where None.
        tick: called several times a second; may raise to stop.
        seed: of the rows drawn.

    Raises:
        InputError: it is no file, empty, not a table, or has too many rows.
    """
    name = name or path.name
    try:
        readers = _readers(path, name)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        for reader in readers:
            yield _look(reader, sha256, max_rows, tick, seed)
    except OSError as error:
        raise InputError(f"{name}: cannot be read ({error.strerror or type(error).__name__}).") from None


def _readers(path: Path, name: str) -> Sequence[Reader]:
    """The reader of each table of a file, by what it begins with and what it is called."""
    if not path.is_file():
        raise InputError(f"{name}: there is no such file; give a table, a text or a folder of them.")
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        head = file.read(16)
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise InputError(f"{name}: {what}.")
    if head.startswith(b"PAR1"):
        from core.privacy.sources.columnar import Parquet  # noqa: PLC0415 - a large library that few files need

        return [Parquet(path, name)]
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")):
        from core.privacy.sources.workbook import sheets  # noqa: PLC0415 - as above

        return sheets(path, name)
    if head.startswith(b"%PDF") or suffix in (".txt", ".text", ".md", ".log"):
        from core.privacy.sources.documents import Paragraphs, Pdf  # noqa: PLC0415 - as above

        if head.startswith(b"%PDF"):
            return [Pdf(path, name)]
        refuse_binary(path, name)
        return [Paragraphs(path, name)]
    refuse_binary(path, name)
    if suffix == ".json":
        raise InputError(f"{name}: a JSON document; save it as JSONL, one object a line.")
    if suffix in (".jsonl", ".ndjson"):
        return [JsonLines(path, name)]
    return [(TabDelimited if suffix in (".tsv", ".tab") else Delimited)(path, name)]


def _look(reader: Reader, sha256: str, max_rows: int | None, tick: Tick, seed: int) -> Table:
    """Read a table from end to end: how many rows, which columns, what is wrong, and some rows at random."""
    faults, name = Faults(), reader.name
    pick = random.Random(seed).random  # noqa: S311 - a sample, not a secret
    held: list[tuple[float, int, Row]] = []  # a heap, the row with the largest number first
    rows = size = 0
    for row in reader.rows(faults):
        if rows % 2_000 == 0:
            tick()
        key = -pick()
        if len(held) < DRAW_ROWS or key > held[0][0]:
            heapq.heappush(held, (key, rows, row))
            size += sum(map(len, row))
            while len(held) > DRAW_ROWS or (size > DRAW_CHARS and len(held) > 1):
                size -= sum(map(len, heapq.heappop(held)[2]))
        rows += 1
        if max_rows is not None and rows > max_rows:
            raise InputError(
                f"{name}: more than {max_rows:,} rows; give a smaller file, or raise PREFLIGHT_UPLOAD_ROWS."
            )
    if not rows:
        raise InputError(f"{name}: {'a header and no rows' if reader.columns else 'no rows'}; add the data.")
    width = len(reader.columns)
    draw = tuple((i, _padded(row, width)) for _, i, row in sorted(held, key=lambda h: -h[0]))
    return Table(name, sha256, tuple(reader.columns), rows, reader, faults, draw)
