"""What machines cost: `data/prices.csv`, read and checked. Each row is a figure that was read at a named source."""

import csv
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.settings import PROJECT

FILE = PROJECT / "data" / "prices.csv"
COLUMNS = ("provider", "machine", "vcpu", "memory_gib", "accelerator", "usd_per_hour", "region", "source", "read")
STALE_DAYS = 90


@dataclass(frozen=True, slots=True)
class Price:
    """A machine on demand, without discounts.

    Attributes:
        vcpu: logical processors.
        memory_gib: GiB.
        accelerator: its name, empty without one.
        usd_per_hour: USD an hour, storage and traffic apart.
        source: the page or file in which the figure stands.
        read: the day on which it was read there.
    """

    provider: str
    machine: str
    vcpu: int
    memory_gib: float
    accelerator: str
    usd_per_hour: float
    region: str
    source: str
    read: date

    def stale(self, today: date) -> bool:
        """Whether it was read more than 90 days ago: prices change in both directions."""
        return (today - self.read).days > STALE_DAYS

    def as_json(self) -> dict[str, Any]:
        """The row as JSON values."""
        return asdict(self) | {"read": self.read.isoformat()}


def read_prices(file: Path = FILE, today: date | None = None) -> tuple[Price, ...]:
    """Read and check a table of prices.

    Raises:
        InputError: it cannot be read, or a cell is wrong: which line and column, and what it should hold.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as f:
            reader = csv.reader(f, strict=True)
            header = next(reader, [])
            missing = [c for c in COLUMNS if c not in header]
            if missing:
                raise InputError(f"{file.name}, line 1: the column {missing[0]!r} is missing; {_needs()}")
            rows = tuple(
                _price(dict(zip(header, cells, strict=False)), f"{file.name}, line {reader.line_num}", today)
                for cells in reader
                if cells
            )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file.name}: cannot be read as a CSV in UTF-8 ({type(error).__name__}).") from None
    if not rows:
        raise InputError(f"{file.name} holds no prices; {_needs()}")
    return rows


def _needs() -> str:
    return f"it needs {', '.join(COLUMNS)}."


def _price(cells: dict[str, str], where: str, today: date | None) -> Price:
    def text(column: str) -> str:
        found = cells.get(column, "").strip()
        if not found and column != "accelerator":
            raise InputError(f"{where}, column {column!r}: is empty.")
        return found

    def number(column: str) -> float:
        try:
            found = float(text(column))
        except ValueError:
            found = -1.0
        if not 0 < found < 1e6:
            raise InputError(
                f"{where}, column {column!r}: {text(column)!r} is not a number above 0 (decimals: a point)."
            )
        return found

    vcpu, source = number("vcpu"), text("source")
    if vcpu != int(vcpu):
        raise InputError(f"{where}, column 'vcpu': {text('vcpu')!r} is not a whole number of processors.")
    if not source.startswith(("https://", "http://")):
        raise InputError(f"{where}, column 'source': give the address at which the price can be read.")
    try:
        read = date.fromisoformat(text("read"))
    except ValueError:
        raise InputError(f"{where}, column 'read': {text('read')!r} is not a day as YYYY-MM-DD.") from None
    if read > (today or date.today()):
        raise InputError(f"{where}, column 'read': {read} has not come yet.")
    return Price(
        text("provider"),
        text("machine"),
        int(vcpu),
        number("memory_gib"),
        text("accelerator"),
        number("usd_per_hour"),
        text("region"),
        source,
        read,
    )
