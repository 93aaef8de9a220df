"""Excel workbooks, each sheet a table."""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import python_calamine as calamine

from core.errors import InputError
from core.privacy.sources.delimited import MAX_COLUMNS
from core.privacy.sources.faults import Faults
from core.privacy.sources.reader import Reader, Row

MAX_BYTES = 1 << 30  # unpacked; a sheet is held whole while it is read


class Sheet(Reader):
    """One sheet; its first row that is not empty holds the columns' names."""

    def rows(self, faults: Faults | None = None) -> Iterator[Row]:
        """Yield the rows that are not empty."""
        noted = faults or Faults()
        try:
            cells = calamine.CalamineWorkbook.from_path(self.path).get_sheet_by_name(self.part).iter_rows()
            filled = (row for row in (list(map(_text, row)) for row in cells) if any(row))
            header = next(filled, [])
            while header and not header[-1]:
                header.pop()
            self.columns = self.columns or list(header)
            if len(header) > MAX_COLUMNS:
                raise InputError(f"{self.name}: {len(header):,} columns; at most {MAX_COLUMNS:,} are read.")
            for number, row in enumerate(filled, 1):
                while len(row) > len(header) and not row[-1]:
                    row.pop()
                if len(row) > len(self.columns):
                    noted.note("width", number)
                    self.columns += [""] * (len(row) - len(self.columns))
                yield row
        except calamine.CalamineError:
            raise InputError(f"{self.name}: the sheet cannot be read; save it as CSV.") from None


def sheets(path: Path, name: str) -> list[Sheet]:
    """The sheets of a workbook that hold anything.

    Raises:
        InputError: it is locked by a password, no workbook, or too large.
    """
    check_archive(path, name)
    try:
        book = calamine.CalamineWorkbook.from_path(path)
        full = [s for s in book.sheet_names if sum(any(row) for row in _first(book, s)) > 1]
    except calamine.PasswordError:
        raise InputError(f"{name}: locked by a password; save it without one.") from None
    except (calamine.CalamineError, OSError):
        raise InputError(f"{name}: not a workbook that can be read; export its sheets as CSV.") from None
    if not full:
        raise InputError(f"{name}: no sheet holds a header and rows; add the data.")
    return [Sheet(path, f"{name} [{s}]" if len(full) > 1 else name, part=s) for s in full]


def _first(book: Any, sheet: str) -> list[list[Any]]:
    """The first rows of a sheet."""
    return list(islice(book.get_sheet_by_name(sheet).iter_rows(), 50))


def check_archive(path: Path, name: str) -> None:
    """Refuse an archive that would unpack to more than can be held, or that is no workbook."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError):
        raise InputError(f"{name}: a damaged archive; export the sheet as CSV.") from None
    if not any(m.filename.startswith(("xl/", "content.xml")) for m in members):
        raise InputError(f"{name}: a zip archive, not a workbook; unpack it and give the files or the folder.")
    if sum(m.file_size for m in members) > MAX_BYTES:
        raise InputError(f"{name}: unpacks to more than {MAX_BYTES >> 20:,} MB; export its sheets as CSV.")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, datetime | date | time) else _plain(value)


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, timedelta | float | int) else str(value or "").replace("\0", "")
