"""The columns of a table, workbook or document and its first rows, without reading the whole of it."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from core.errors import InputError
from core.privacy.sources.reader import Reader, Row

WORKBOOKS = ("xlsx", "xlsm", "xls", "ods")
DOCUMENTS = ("txt", "text", "md", "log", "pdf")
ROWS = 50
_ZIPPED = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # workbooks of today and of before 2007


def is_document(name: str, head: bytes) -> bool:
    """Whether a file is a workbook, a PDF or a plain text, by how it begins or else by its name."""
    return head.startswith((b"%PDF", *_ZIPPED)) or name.lower().rsplit(".", 1)[-1] in (*WORKBOOKS, *DOCUMENTS)


def peek(path: Path, name: str) -> tuple[list[str], list[Row]]:
    """The columns of a table, of a workbook's first sheet, or of a document, and its first rows; odd ones left out.

    Raises:
        InputError: it is damaged, locked by a password, or holds nothing.
    """
    reader = _reader(path, name)
    rows = list(islice(reader.rows(), ROWS))
    if not rows:
        raise InputError(f"{name}: holds no rows; add the data.")
    return [c or f"column {i}" for i, c in enumerate(reader.columns, 1)], rows


def longest(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """The column that holds the longest texts."""
    return max(columns, key=lambda c: sum(len(r[i]) for r in rows if (i := columns.index(c)) < len(r)))


def _reader(path: Path, name: str) -> Reader:
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(_ZIPPED):
        from core.privacy.sources.workbook import sheets  # noqa: PLC0415 - a library that few files need

        return sheets(path, name)[0]
    if head.startswith(b"PAR1"):
        from core.privacy.sources.columnar import Parquet  # noqa: PLC0415 - as above

        return Parquet(path, name)
    from core.privacy.sources.decode import refuse_binary  # noqa: PLC0415 - as above
    from core.privacy.sources.delimited import Delimited, TabDelimited  # noqa: PLC0415
    from core.privacy.sources.documents import Paragraphs, Pdf  # noqa: PLC0415
    from core.privacy.sources.jsonl import JsonLines  # noqa: PLC0415

    if head.startswith(b"%PDF"):
        return Pdf(path, name)
    refuse_binary(path, name)
    kind = name.lower().rsplit(".", 1)[-1]
    if kind in DOCUMENTS:
        return Paragraphs(path, name)
    if kind in ("jsonl", "ndjson"):
        return JsonLines(path, name)
    if kind in ("csv", "tsv", "tab"):
        return (Delimited if kind == "csv" else TabDelimited)(path, name)
    raise InputError(f"{name}: not a workbook that can be read; save it as XLSX or export its sheets as CSV.")
