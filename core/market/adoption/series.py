"""A series of sales from a file or from numbers, checked: each fault is told with its row and what to do."""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.market.adoption.curves import LEAST, Array
from core.market.adoption.periods import PERIODS, Calendar, calendar, numbered

MOST = 400  # periods: a longer series is days or hours, which these curves do not describe
_NEEDS = "one column of sales, a row a period, the first period first; a column with the periods may stand beside it"
_SALES = ("sales", "sold", "customers", "new_customers", "adopters", "units", "adoptions", "signups", "installations")
_PERIODS = ("period", "time", "t", "date", *PERIODS)
Rows = list[list[str]]


def read_series(file: Path, period: str = "") -> Array:
    """Read a CSV of one column, with or without a heading; shape (periods,).

    A second column may name the periods; then rows come in any order, and a period that is left out is an error.

    Args:
        file: comma, semicolon or tab between columns.
        period: what a period is said to be; compared with what the file's periods are.

    Raises:
        InputError: it is not that: what is wrong, in which row, and what to do.
    """
    rows = _rows(file)
    start = 1 if rows and any(rows[0]) and all(_number(c) is None and not calendar([c]) for c in rows[0] if c) else 0
    head, body = (rows[0] if start else []), rows[start:]
    columns = [k for k in range(max(map(len, rows), default=1)) if any(len(row) > k and row[k] for row in body)] or [0]
    if len(columns) == 1:
        cells = [row[columns[0]] if len(row) > columns[0] else "" for row in body]
        return series([_cell(c, f"{file.name}, row {at}") for at, c in enumerate(cells, start + 1)], file.name, start)
    return _dated(file.name, head, body, start, columns, period)


def _dated(name: str, head: list[str], body: Rows, start: int, columns: list[int], period: str) -> Array:
    """Sales in the order of the periods that another column names; rows without a word are left out."""
    rows = {k: [*row, *[""] * (columns[-1] + 1 - len(row))] for k, row in enumerate(body, start + 1) if any(row)}
    named = {k: head[k].lower().replace(" ", "_") if k < len(head) else "" for k in columns}
    when, of = _periods(name, rows, columns, named)
    sales = [k for k in columns if k != when]
    wanted = [k for k in sales if named[k] in _SALES]
    if len(sales) > 1 and len(wanted) != 1:
        raise InputError(f"{name}: has {len(columns)} columns; head the one of sales with 'sales', or keep {_NEEDS}.")
    if period and of.period and of.period != period:
        said = f"each of its periods is a {of.period}, and a {period} was said"
        raise InputError(f"{name}: {said}; say {of.period}, or give the sales of each {period}.")
    at = (wanted or sales)[0]
    values = [_cell(row[at], f"{name}, row {k} ({row[when]})") for k, row in rows.items()]
    series(values, name, start)
    return np.asarray([values[k] for k in of.order(name, list(rows))])


def _periods(
    name: str, rows: Mapping[int, list[str]], columns: list[int], named: Mapping[int, str]
) -> tuple[int, Calendar]:
    """The column that names the periods, and them."""
    for k in columns:
        if (found := calendar([row[k] for row in rows.values()])) is not None:
            return k, found
    called = next((k for k in columns if named[k] in _PERIODS), None)
    labels = [row[columns[0] if called is None else called] for row in rows.values()]
    found = numbered(labels)
    if found is not None and (called is not None or found.complete):
        return columns[0] if called is None else called, found
    if called is not None:
        odd = next((k for k, label in zip(rows, labels, strict=True) if calendar([label]) is None), next(iter(rows)))
        raise InputError(
            f"{name}, row {odd}: its period cannot be read as one like the others; write all of them as 2021, 2021-03, "
            "2021-Q2 or 2021-03-31."
        )
    wide = next(k for k, row in rows.items() if sum(map(bool, row)) > 1)
    raise InputError(f"{name}, row {wide}: has more than one column, and none names the periods; keep {_NEEDS}.")


def _rows(file: Path) -> Rows:
    """The cells of the file, without empty rows at its end."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as f:
            first = f.readline()
            f.seek(0)
            between = next((sign for sign in "\t;" if sign in first), ",")
            rows = [[cell.strip() for cell in row] for row in csv.reader(f, delimiter=between, strict=True)]
    except OSError as error:
        raise InputError(f"{file.name}: cannot be read ({error.strerror}); give a CSV with {_NEEDS}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise InputError(f"{file.name}: is not a CSV in UTF-8; save it as one, with {_NEEDS}.") from None
    while rows and not any(rows[-1]):
        rows.pop()
    return rows


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


def _cell(text: str, where: str) -> float:
    if not text:
        raise InputError(f"{where}: is empty, so a period is missing; write its sales there, 0 if there were none.")
    value = _number(text)
    if value is None:
        raise InputError(f"{where}: is no number; write it plainly, such as 1234.5, without units or separators.")
    return value


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
