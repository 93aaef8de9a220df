"""Lines of a text file, whatever its bytes: UTF-8, UTF-16 with its mark, and both of UTF-8 and Windows-1252 in one."""

import codecs
from collections.abc import Iterator
from pathlib import Path

from core.errors import InputError
from core.privacy.sources.faults import Faults

MAX_LINE = 16 << 20  # bytes read at once; a longer line is cut
_HEAD = 4096
_CONTROL = frozenset([*range(1, 9), 11, 12, *range(14, 27), *range(28, 32)])


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Read the bytes that are not UTF-8, and only those, as what Windows programs write."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("preflight-cp1252", _as_cp1252)


_FEW_CONTROLS = 30  # of a short text with odd characters; one that is mostly of them is still read


def refuse_binary(path: Path, name: str) -> None:
    """Refuse what is no text by its first bytes.

    Raises:
        InputError: it is empty, or binary.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip(b"\xef\xbb\xbf \r\n\t"):
        with path.open("rb") as file:
            if not any(block.strip(b"\xef\xbb\xbf \r\n\t") for block in iter(lambda: file.read(1 << 20), b"")):
                raise InputError(f"{name}: the file is empty; give one with data.")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return
    if sum(b in _CONTROL for b in head) > max(_FEW_CONTROLS, len(head) // 10) or head.count(0) * 10 > len(head) * 3:
        raise InputError(f"{name}: not a text file; export the data as CSV or JSONL in UTF-8.")
    if head[:256].lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise InputError(f"{name}: a web page or XML, not a table; export the data as CSV.")


def lines(path: Path, faults: Faults | None = None) -> Iterator[str]:
    """Yield the lines of a file with their ends, in bounded memory; what had to be mended is noted."""
    noted = faults or Faults()
    with path.open("rb") as file:
        head = file.read(3)
        if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            with path.open(encoding="utf-16", errors="replace", newline="") as text:
                while line := text.readline(MAX_LINE):
                    yield line
            return
        file.seek(3 if head == codecs.BOM_UTF8 else 0)
        number = 0
        while raw := file.readline(MAX_LINE):
            number += 1
            if b"\0" in raw:
                noted.note("nul", number)
                raw = raw.replace(b"\0", b"")
            try:
                text_line = raw.decode()
            except UnicodeDecodeError:
                noted.note("encoding", number)
                text_line = raw.decode("utf-8", "preflight-cp1252")
            if len(raw) == MAX_LINE and not raw.endswith(b"\n"):
                noted.note("long", number)
            if "\r" in text_line[:-2]:  # the line ends of old Macs, or one within a cell
                yield from text_line.splitlines(keepends=True) if "\n" not in text_line else [text_line]
            else:
                yield text_line
