"""A series of sales from a file or from numbers, checked: each fault is told with its row and what to do."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.market.adoption.curves import LEAST, Array

MOST = 400  # periods: a longer series is days or hours, which these curves do not describe
_NEEDS = "one column of sales per period, a row a period, the first period first"


def read_series(file: Path) -> Array:
    """Read a CSV of one column, with or without a heading; shape (periods,).

    Raises:
        InputError: it is not that: what is wrong, in which row, and what to do.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as f:
            rows = [[cell.strip() for cell in row] for row in csv.reader(f, strict=True)]
    except OSError as error:
        raise InputError(f"{file.name}: cannot be read ({error.strerror}); give a CSV with {_NEEDS}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise InputError(f"{file.name}: is not a CSV in UTF-8; save it as one, with {_NEEDS}.") from None
    while rows and not any(rows[-1]):
        rows.pop()
    start = 1 if rows and rows[0] and _number(rows[0][0]) is None and any(rows[0]) else 0
    values = [_cell(row, f"{file.name}, row {at}") for at, row in enumerate(rows, 1) if at > start]
    return series(values, file.name, start)


def series(values: Sequence[float], name: str, before: int = 0) -> Array:
    """Check numbers that are sales of periods, one after the other.

    Args:
        values: sales.
        name: what a fault is said of.
        before: rows above the first number.

    Raises:
        InputError: too few or too many, one is negative or no number, or nothing was sold.
    """
    for at, value in enumerate(values, before + 1):
        if not math.isfinite(value) or value < 0 or value > 1e15:
            what = "negative; sales of a period are 0 or more (book returns where they were sold)"
            raise InputError(f"{name}, row {at}: is {what if value < 0 else 'no finite number; correct it'}.")
    n = len(values)
    if n < LEAST:
        raise InputError(
            f"{name}: has {n} period{'s' if n != 1 else ''}; a growth curve has three unknowns, so give at least "
            f"{LEAST} periods, or shorter ones (quarters in place of years)."
        )
    if n > MOST:
        raise InputError(f"{name}: has {n:,} periods, at most {MOST} are read; add them up to months or years.")
    if not any(values):
        raise InputError(f"{name}: nothing was sold in any period; begin with the period of the first sale.")
    return np.asarray(values, dtype=float)


def _cell(row: list[str], where: str) -> float:
    if len(row) > 1 and any(row[1:]):
        raise InputError(f"{where}: has {len(row)} columns; keep one: {_NEEDS}.")
    if not row or not row[0]:
        raise InputError(f"{where}: is empty, so a period is missing; write its sales there, 0 if there were none.")
    value = _number(row[0])
    if value is None:
        raise InputError(f"{where}: is no number; write it plainly, such as 1234.5, without units or separators.")
    return value


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
