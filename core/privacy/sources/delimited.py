"""CSV, TSV and their kin, ragged rows and odd quotation marks included."""

import csv
from collections import Counter, deque
from collections.abc import Iterator
from itertools import islice

from core.errors import InputError
from core.privacy.sources.decode import MAX_LINE, lines
from core.privacy.sources.faults import Faults
from core.privacy.sources.reader import Reader, Row

MAX_COLUMNS = 1_000
MAX_CELL = MAX_LINE  # characters
_LOOK = 50  # rows that tell the delimiter


class Delimited(Reader):
    """A file of cells between delimiters, with a header."""

    delimiter: str = ""

    def rows(self, faults: Faults | None = None) -> Iterator[Row]:
        """Yield the rows; one without the header's number of cells is noted and kept, with columns added for it."""
        noted = faults or Faults()
        delimiter = self.delimiter or _delimiter(self)
        records = _records(_Feed(lines(self.path, noted)), delimiter, noted)
        header = next(records, [])
        if len(header) > MAX_COLUMNS:
            raise InputError(f"{self.name}: {len(header):,} columns; at most {MAX_COLUMNS:,} are read.")
        self.columns = self.columns or list(header)
        width = len(header)
        for number, row in enumerate(records, 1):
            if len(row) != width:
                noted.note("width", number)
                if len(row) > MAX_COLUMNS:
                    row = [*row[: MAX_COLUMNS - 1], delimiter.join(row[MAX_COLUMNS - 1 :])]
                self.columns += [""] * (len(row) - len(self.columns))
            yield row


class TabDelimited(Delimited):
    """A file of cells between tabs."""

    delimiter = "\t"


class _Feed:
    """Lines for a csv.reader that can be given back: `taken` holds those of the record now read."""

    def __init__(self, source: Iterator[str]) -> None:
        self._source = source
        self._back: deque[str] = deque()
        self.taken: list[str] = []

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._source)
        self.taken.append(line)
        return line

    def give_back(self) -> str:
        """Return the first line of the record and take the others back."""
        first, *rest = self.taken
        self._back.extendleft(reversed(rest))
        return first


def _records(feed: _Feed, delimiter: str, faults: Faults) -> Iterator[Row]:
    """Yield the records that are not blank; one whose quotation marks do not match is its first line, split plainly."""
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL))
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    number = -1  # the header is row 0
    while True:
        feed.taken.clear()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            row = [cell.strip(' "') for cell in feed.give_back().rstrip("\r\n").split(delimiter)]
            faults.note("quotes", max(number + 1, 1))
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
        if row:
            number += 1
            yield row


def _delimiter(reader: Reader) -> str:
    """Which of comma, semicolon, tab and bar gives the most columns in which most of the first rows agree."""
    best, most = ",", 1.0
    for delimiter in (",", ";", "\t", "|"):
        first = islice(_records(_Feed(lines(reader.path)), delimiter, Faults()), _LOOK)
        widths = Counter(map(len, first))
        if not widths:
            continue
        width, agree = widths.most_common(1)[0]
        share = agree / widths.total()
        if width > 1 and share > 0.5 and width * share**4 > most:
            best, most = delimiter, width * share**4
    return best
