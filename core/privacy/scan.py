"""Scans a table for personal data: how many cells hold what, how sure that is, and what was not looked at."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.privacy import first as firsts
from core.privacy import policy
from core.privacy.search import Finder, ready
from core.privacy.shapes import Shape, shape
from core.privacy.share import Share, share_of
from core.privacy.source import Table, open_table, open_tables
from core.privacy.sources.faults import Faults
from core.privacy.sweep import Sweep
from core.privacy.tally import ColumnScan
from core.progress import Progress, silent

SEED = 7

First = Callable[["TableScan"], None]


@dataclass(frozen=True, slots=True)
class TableScan:
    """What a file holds.

    `rows` of the file, of which `scanned` were read; `direct_rows` of those hold a direct identifier, `unread_rows`
    hold none that was found but text that was not read whole, or in a script that the recognisers do not read.
    `judged` rows had all their names read: where they are fewer, both are estimates. Reading one value took
    `value_seconds` on average.
    """

    name: str
    sha256: str
    rows: int
    scanned: int
    seconds: float
    direct_rows: int
    unread_rows: int
    columns: tuple[ColumnScan, ...]
    faults: Faults = field(default_factory=Faults)
    judged: int | None = None
    value_seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether every row was read, and each of its cells whole, so that shares are exact for this file."""
        return self.scanned == self.rows and not any(c.cut for c in self.columns)

    @property
    def direct_share(self) -> Share:
        """The share of the file's rows with a direct identifier; rows that could not be read widen it upwards."""
        n = self.scanned if self.judged is None else self.judged
        part = n / self.scanned if self.scanned else 1.0
        return share_of(round(self.direct_rows * part), n, self.rows, round(self.unread_rows * part))

    def as_json(self) -> dict[str, Any]:
        """The scan as JSON values; no value of the file is among them."""
        share = self.direct_share
        return {
            "path": self.name,
            "sha256": self.sha256,
            "rows": self.rows,
            "scanned": self.scanned,
            "seconds": round(self.seconds, 2),
            "complete": self.complete,
            "direct": {"rows": self.direct_rows, "rate": share.value, "low": share.low, "high": share.high},
            "unread_rows": self.unread_rows,
            "problems": self.faults.as_json(),
            "judged": self.scanned if self.judged is None else self.judged,
            "columns": [c.as_json() | {"saved_seconds": round(c.saved * self.value_seconds, 1)} for c in self.columns],
        }


def scan(
    path: Path,
    *,
    sample: int | None = None,
    seed: int = SEED,
    progress: Progress = silent,
    name: str = "",
    max_rows: int | None = None,
    finder: Finder | None = None,
) -> TableScan:
    """Scan the first table of a file; arguments and errors as those of `scan_file`."""
    name = name or path.name
    begun = time.perf_counter()
    table = open_table(path, name=name, max_rows=max_rows, tick=_reading(name, progress), seed=seed)
    return _scan_table(table, sample, seed, progress, finder or _own(), begun)


def scan_file(
    path: Path,
    *,
    sample: int | None = None,
    seed: int = SEED,
    progress: Progress = silent,
    name: str = "",
    max_rows: int | None = None,
    finder: Finder | None = None,
    first: First | None = None,
) -> Iterator[TableScan]:
    """Scan each table of a file.

    Args:
        path: the file; `name` is what messages and results call it, where that is not its own name.
        sample: rows to draw at random without replacement; all where None.
        seed: of that draw.
        progress: called with the rows done of those to do.
        max_rows: the most rows a table may have; no limit where None.
        finder: the detector; this process's own where None.
        first: told what some rows of a larger table hold, before all of it is read.

    Raises:
        InputError: the file is no table that can be read, or its first row is not column names.
    """
    name = name or path.name
    begun = time.perf_counter()
    for table in open_tables(path, name=name, max_rows=max_rows, tick=_reading(name, progress), seed=seed):
        yield _scan_table(table, sample, seed, progress, finder or _own(), begun, first)
        begun = time.perf_counter()


def _reading(name: str, progress: Progress) -> Callable[[], None]:
    return lambda: progress(0, 1, f"{name}: reading")


def _scan_table(
    table: Table,
    sample: int | None,
    seed: int,
    progress: Progress,
    finder: Finder,
    begun: float,
    first: First | None = None,
) -> TableScan:
    progress(0, table.rows, f"{table.name}: {table.rows:,} rows, looking at their columns")
    ready(finder, progress)
    labels = _labels(finder, table)
    if first and table.rows > 2 * firsts.ROWS:
        first(_look(table, labels, progress, finder, begun))
    picked = None
    if sample is not None and sample < table.rows:
        picked = sorted(random.Random(seed).sample(range(table.rows), sample))  # noqa: S311 - a sample, not a secret
    todo = len(picked) if picked else table.rows
    sweep = Sweep(finder, table, labels, todo, progress)
    wanted = None if picked is None else set(picked)
    sweep.sample_names([d for d in table.draw if wanted is None or d[0] in wanted])
    for chunk in table.chunks(picked):
        sweep.take(chunk)
    return _drawn_up(table, sweep, begun)


def _look(table: Table, labels: Sequence[str], progress: Progress, finder: Finder, begun: float) -> TableScan:
    """What some rows hold, drawn at random when the table was read."""
    rows = [row for _, row in table.draw[: firsts.ROWS]]
    note = f"{table.name}: a first look at {len(rows):,} rows"
    sweep = Sweep(finder, table, labels, len(rows), lambda done, total, _="": progress(0, 1, note))
    sweep.take(rows)
    return _drawn_up(table, sweep, begun)


def _drawn_up(table: Table, sweep: Sweep, begun: float) -> TableScan:
    counted, judged, columns = sweep.close()
    return TableScan(
        name=table.name,
        sha256=table.sha256,
        rows=table.rows,
        scanned=sweep.done,
        seconds=time.perf_counter() - begun,
        direct_rows=counted["direct"],
        unread_rows=counted["unread"],
        columns=columns,
        faults=table.faults,
        judged=judged,
        value_seconds=sweep.read_seconds / sweep.read_values if sweep.read_values else 0.0,
    )


def _own() -> Finder:
    from core.privacy.detect import detector  # noqa: PLC0415 - loads Presidio

    return detector()


def _labels(finder: Finder, table: Table) -> list[str]:
    """The columns' names, made sure to be names: the first row of a file without a header is personal data."""
    spans = finder.detect([" ".join(c.split()) for c in table.columns])
    for i, (column, found) in enumerate(zip(table.columns, spans, strict=True), 1):
        strong = any(policy.group(s.type) == policy.DIRECT and s.type != "PERSON" for s in found)
        if strong or shape(column) in (Shape.NUMBER, Shape.DATE, Shape.UUID):
            raise InputError(
                f"{table.name}: the first row holds data (column {i}); add a row of column names above it."
            )
    return [
        f"column {i}" if any(s.type == "PERSON" and " " in c.strip() for s in found) else label
        for i, (c, label, found) in enumerate(zip(table.columns, table.labels, spans, strict=True), 1)
    ]
