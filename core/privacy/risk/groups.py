"""Groups of rows that cannot be told apart by some columns, and what that says of the people behind them.

k-anonymity: Sweeney, L. (2002), k-anonymity: a model for protecting privacy. l-diversity, in its distinct form:
Machanavajjhala, A. et al. (2007), l-diversity: privacy beyond k-anonymity.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import polars as pl

EDGES = (1, 2, 3, 5, 10, 20, 50, 100)  # least size of each bar of the chart
_WIDE = 1 << 62


@dataclass(frozen=True, slots=True)
class Groups:
    """How rows fall into groups of equal values.

    Attributes:
        k: rows of the smallest group: everybody hides among at least k.
        unique: rows that are alone in their group.
        classes: groups.
        sizes: (least size, most size or None, rows in groups of that size), for EDGES.
    """

    rows: int
    k: int
    unique: int
    classes: int
    sizes: tuple[tuple[int, int | None, int], ...]

    @property
    def unique_share(self) -> float:
        """Share of rows that nobody shares the values of."""
        return self.unique / self.rows

    @property
    def average_risk(self) -> float:
        """Chance to pick the right row of a person whose values are known, averaged over all: groups per row."""
        return self.classes / self.rows

    def as_json(self) -> dict[str, Any]:
        """The groups as JSON values."""
        return {
            "rows": self.rows,
            "k": self.k,
            "unique": self.unique,
            "unique_share": self.unique_share,
            "classes": self.classes,
            "sizes": [{"least": a, "most": b, "rows": n} for a, b, n in self.sizes],
        }


@dataclass(frozen=True, slots=True)
class Diversity:
    """What a group gives away although nobody is alone in it.

    `l`: distinct values of the sensitive column in the least diverse group; `told`: rows in groups that all share one
    value, so that whoever finds the group knows it.
    """

    column: str
    l: int  # noqa: E741 - what the literature calls it
    told: int
    rows: int

    @property
    def told_share(self) -> float:
        """Share of rows whose sensitive value the group gives away."""
        return self.told / self.rows

    def as_json(self) -> dict[str, Any]:
        """The diversity as JSON values."""
        return {"column": self.column, "l": self.l, "told": self.told, "told_share": self.told_share}


def _frame(columns: Sequence[pl.Series]) -> tuple[pl.DataFrame, list[str]]:
    """The columns as a frame with one number as key where it fits: hashing one is several times faster."""
    frame = pl.DataFrame({f"c{i}": s for i, s in enumerate(columns)})
    radix = [int(s.max() or 0) + 1 for s in columns]  # type: ignore[arg-type]
    product = 1
    for r in radix:
        product *= r
    if product >= _WIDE:
        return frame, frame.columns
    key = pl.lit(0, pl.UInt64)
    for name, r in zip(frame.columns, radix, strict=True):
        key = key * r + pl.col(name).cast(pl.UInt64)
    return frame.select(key=key), ["key"]


def grouped(columns: Sequence[pl.Series], rows: int) -> Groups:
    """Group rows by codes, one series per column, each of `rows` numbers; without a column all rows are one group.

    Raises:
        ValueError: there is no row.
    """
    if rows < 1:
        raise ValueError("no rows to group")
    if not columns:
        return _summed(pl.Series([rows]), rows)
    frame, keys = _frame(columns)
    return _summed(frame.group_by(keys).len()["len"], rows)


def _summed(sizes: pl.Series, rows: int) -> Groups:
    found = sizes.value_counts()
    table = dict(zip(found[:, 0].to_list(), found[:, 1].to_list(), strict=True))  # size -> groups
    bars = [
        (a, b - 1 if b else None, sum(s * n for s, n in table.items() if a <= s and (b is None or s < b)))
        for a, b in pairwise((*EDGES, None))
        if a is not None
    ]
    return Groups(rows, min(table), table.get(1, 0), sum(table.values()), tuple(bars))


def diversity(columns: Sequence[pl.Series], sensitive: pl.Series, name: str, rows: int) -> Diversity:
    """Distinct sensitive values within the groups that the columns make."""
    if not columns:
        columns = [pl.Series([0] * rows, dtype=pl.UInt32)]
    frame, keys = _frame(columns)
    pairs = frame.with_columns(sensitive=sensitive).group_by([*keys, "sensitive"]).len()
    kinds = pairs.group_by(keys).agg(l=pl.len(), rows=pl.col("len").sum())
    least = kinds["l"].min()
    told = kinds.filter(pl.col("l") == 1)["rows"].sum()
    return Diversity(name, int(least), int(told), rows)  # type: ignore[arg-type]
