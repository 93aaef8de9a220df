"""From a table and a choice of columns to k, unique rows, what each column adds and what saying less would change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from core.errors import InputError
from core.privacy.risk.coarsen import ALL, DROP, EXACT, Way
from core.privacy.risk.columns import Found, Role, found_in
from core.privacy.risk.groups import Diversity, Groups, diversity, grouped
from core.privacy.risk.table import Coded, encode, read
from core.progress import Progress, silent

NOTHING_KNOWN = (
    "No column was recognised that others are likely to know of a person (dates of birth, ages, places, jobs, ...)."
)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One change and the groups after it."""

    column: str
    way: Way
    after: Groups

    @property
    def words(self) -> str:
        """The change in words."""
        return f"{self.column}: {self.way.words}"


@dataclass(frozen=True, slots=True)
class Risk:
    """How well people hide in a table once direct identifiers are gone.

    Attributes:
        columns: the quasi-identifiers, each with the id of the way it is coarsened ("" as it is).
        groups: the rows that they cannot tell apart.
        marginal: for each column the unique share without it.
        what_ifs: single changes, and all columns at their coarsest, best first.
        diversity: of the sensitive column, where one was named.
    """

    rows: int
    columns: Mapping[str, str]
    groups: Groups
    marginal: Mapping[str, float]
    what_ifs: tuple[WhatIf, ...]
    diversity: Diversity | None

    def as_json(self) -> dict[str, Any]:
        """The risk as JSON values; no value of the table is among them."""
        return {
            "quasi_identifiers": list(self.columns),
            **self.groups.as_json(),
            "marginal": dict(self.marginal),
            "what_ifs": [
                {"column": w.column, "way": w.way.id, "words": w.words, "k": w.after.k, "unique": w.after.unique}
                | {"unique_share": w.after.unique_share}
                for w in self.what_ifs
            ],
            "diversity": self.diversity.as_json() if self.diversity else None,
        }


def assess(table: Coded, columns: Mapping[str, str] | Sequence[str], *, sensitive: str = "") -> Risk:
    """Group a table by some of its columns.

    Args:
        table: the whole table.
        columns: names of the quasi-identifiers; as a mapping, with the id of a way to coarsen each, or "".
        sensitive: the column that nobody should learn of a person; left out of the grouping.

    Raises:
        InputError: a column or way is not one of the table's.
    """
    named = columns if isinstance(columns, Mapping) else dict.fromkeys(columns, "")
    chosen = {c: way for c, way in named.items() if way != DROP.id and c != sensitive}
    series = {c: _series(table, c, way) for c, way in chosen.items()}
    now = grouped(list(series.values()), table.rows)
    without = {c: grouped([s for o, s in series.items() if o != c], table.rows) for c in chosen}
    changes = [WhatIf(c, DROP, groups) for c, groups in without.items()]
    for c in chosen:
        for way, coarse in table.coarser.get(c, {}).items():
            if chosen[c] == EXACT.id:
                after = [coarse if o == c else s for o, s in series.items()]
                changes.append(WhatIf(c, way, grouped(after, table.rows)))
    if sum(bool(table.coarser.get(c)) for c in chosen) > 1:
        coarsest = [list(table.coarser[c].values())[-1] if table.coarser.get(c) else s for c, s in series.items()]
        changes.append(WhatIf("every column", ALL, grouped(coarsest, table.rows)))
    changes.sort(key=lambda w: (w.after.unique, -w.after.k))
    spread = (
        diversity(list(series.values()), _series(table, sensitive, ""), sensitive, table.rows) if sensitive else None
    )
    marginal = {c: groups.unique_share for c, groups in without.items()}
    return Risk(table.rows, chosen, now, marginal, tuple(changes), spread)


def _series(table: Coded, column: str, way: str) -> pl.Series:
    try:
        return table.column(column, way)
    except (KeyError, StopIteration):
        usable = ", ".join(c.name for c in table.offered) or "none"
        raise InputError(f"{column}: cannot be used in this way; columns that can be chosen: {usable}.") from None


def of_table(
    path: Path,
    *,
    name: str = "",
    columns: Sequence[Mapping[str, Any]] = (),
    max_rows: int | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """The risk of a whole table file by the columns that others are likely to know.

    Args:
        path: the file; `name` is what messages call it.
        columns: a scan's columns as JSON (`name`, `entities`), which help to tell what a column is.
        max_rows: the most rows accepted; no limit of its own where None.
        progress: called with the rows done of those to do.

    Returns:
        `k`, `unique_share`, `quasi_identifiers` and more; the first two None, with a `reason`, where nothing is known.

    Raises:
        InputError: the file is no table that can be read.
    """
    found = found_in(columns) if columns else None
    return _proposed(read(path, name=name, found=found, max_rows=max_rows, progress=progress))


def of_rows(columns: Sequence[str], rows: Sequence[Sequence[str]], *, found: Found | None = None) -> dict[str, Any]:
    """The same of rows at hand, which must be all there are: the unique share of a sample overstates a table's."""
    return _proposed(encode(columns, [rows], found=found))


def _proposed(table: Coded) -> dict[str, Any]:
    told = {"columns": [c.as_json() for c in table.columns]}
    if not table.proposed or not table.rows:
        why = NOTHING_KNOWN if table.rows else "The table has no rows."
        return {"k": None, "unique_share": None, "quasi_identifiers": [], "reason": why, "rows": table.rows} | told
    sensitive = next((c.name for c in table.columns if c.sensitive and c.role is not Role.OUT), "")
    return assess(table, table.proposed, sensitive=sensitive).as_json() | {"reason": ""} | told
