"""What every reader of a file has in common."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from core.privacy.sources.faults import Faults

Row = list[str]


@dataclass(slots=True)
class Reader:
    """Reads one table of a file, as often as asked.

    `columns` holds their names and may grow while the rows are read for the first time: a row is as long as what was
    known then. `part` names the table where a file has several.
    """

    path: Path
    name: str
    columns: list[str] = field(default_factory=list)
    part: str = ""

    def rows(self, faults: Faults | None = None) -> Iterator[Row]:
        """Yield the rows in file order and note what is wrong with them.

        Raises:
            InputError: the file cannot be read at all.
        """
        raise NotImplementedError
