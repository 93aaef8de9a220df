"""Draws the rows to label from data files, and reads the drawn rows' texts back."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from core.errors import InputError
from core.privacy.leak.choose import ROWS, STRATA, draw, rare_forms, stratum
from core.privacy.leak.estimate import tally
from core.privacy.leak.mark import Mark
from core.privacy.leak.sheet import Folder, Row, Sheet
from core.privacy.source import Table, open_table
from core.progress import Progress, part, silent

LOOKED = 2_000  # rows searched at most; those to label are drawn among them
SEED = 7

Find = Callable[[Sequence[str], Progress], Sequence[Sequence[Mark]]]
"""Marks in each text, those below the threshold too; told how far it is."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A data file: what it is called, where it lies, and its column of texts."""

    name: str
    path: Path
    column: str

    def place(self, table: Table) -> int:
        """The place of that column in the table, from 0; InputError where it has none of this name."""
        return _column(table, self.column)


class DataSet(Protocol):
    """A venture's data set, as far as it matters here."""

    @property
    def path(self) -> str:
        """Its file."""

    @property
    def test(self) -> str:
        """Its test file, or an empty text."""

    @property
    def text(self) -> str:
        """The column of texts."""


def sources(datasets: Sequence[DataSet], locate: Callable[[str], Path]) -> list[TextFile]:
    """The data files of a venture, each once; `locate` says where one lies, or raises InputError."""
    wanted = {path: d.text for d in datasets for path in (d.path, d.test) if path}
    return [TextFile(path, locate(path), column) for path, column in wanted.items()]


def choose(
    sources: Sequence[TextFile],
    find: Find,
    folder: Folder,
    *,
    threshold: float,
    detector: str,
    rows: int = ROWS,
    looked: int = LOOKED,
    seed: int = SEED,
    progress: Progress = silent,
) -> Sheet:
    """Draw rows at random, search them, sort them by how sure the search is, and draw those to label.

    Args:
        sources: the data files.
        find: the detector.
        folder: gives the rows' hashes.
        threshold: least score of a mark that would be masked.
        detector: its name and version.
        rows, looked, seed: rows to label, rows to search, and the seed of both draws.
        progress: called with 0 to 1.

    Raises:
        InputError: a file cannot be read, lacks its column, or no file holds a text.
    """
    progress(0, 1, "reading the data")
    tables = {s.name: open_table(s.path, name=s.name) for s in sources}
    columns = {s.name: _column(tables[s.name], s.column) for s in sources}
    places = [(name, at) for name, table in tables.items() for at in _filled(table, columns[name])]
    if not places:
        raise InputError("No data file holds a text, so there is nothing to label; add one on the Ventures page.")
    rng = random.Random(seed)  # noqa: S311 - a sample, not a secret
    seen = sorted(rng.sample(places, looked)) if len(places) > looked else sorted(places)
    texts = _texts(tables, columns, seen)
    marks = find(texts, part(progress, 0.1, 0.95))
    split = [parted(found, threshold) for found in marks]
    rare = rare_forms(texts)
    strata = [stratum(t, f, m, threshold=threshold, rare=rare) for t, (f, m) in zip(texts, split, strict=True)]
    drawn = [
        Row(*seen[i], folder.digest(texts[i]), strata[i], *split[i])
        for i in draw(strata, rows, seed=rng.randrange(2**32))
    ]
    progress(1, 1, f"{len(drawn)} rows chosen of {len(seen):,} searched")
    counts = Counter(strata)
    sizes = {s: counts[s] for s in STRATA if counts[s]}
    files = {name: table.sha256 for name, table in tables.items()}
    labels = {s.name: s.column for s in sources}
    return Sheet(files, labels, len(places), len(seen), sizes, detector, tuple(drawn))


def search_again(sheet: Sheet, texts: Sequence[str], find: Find, *, threshold: float, detector: str) -> Sheet:
    """The same rows and labels with what the detector finds now: how a change of it does on the same truth."""
    split = [parted(found, threshold) for found in find(texts, silent)]
    rows = [replace(r, found=f, maybe=m) for r, (f, m) in zip(sheet.rows, split, strict=True)]
    return replace(sheet, rows=tuple(rows), detector=detector)


def changed(before: Sheet, after: Sheet, texts: Sequence[str]) -> dict[str, Any]:
    """What another search of the same labelled rows changed: rows that leaked and no longer do, and the reverse."""
    pairs = [
        (tally(t, a.stratum, a.found, a.truth).leaks, tally(t, b.stratum, b.found, b.truth).leaks)
        for t, a, b in zip(texts, before.rows, after.rows, strict=True)
        if a.truth is not None and b.truth is not None
    ]
    leaking = before.result(texts).leaking
    return {
        "mended": sum(a and not b for a, b in pairs),
        "broken": sum(b and not a for a, b in pairs),
        "rows": len(pairs),
        "before": leaking.as_json() if leaking else None,
    }


def read_texts(sheet: Sheet, paths: Mapping[str, Path], folder: Folder) -> list[str]:
    """The texts of a sheet's rows, in their order; for the page alone, never to be kept.

    Raises:
        InputError: a file is missing or has changed since the rows were chosen.
    """
    tables = {}
    for name in {r.path for r in sheet.rows}:
        if name not in paths:
            raise InputError(f"{name}: no longer a data file of this venture; choose rows again.")
        tables[name] = open_table(paths[name], name=name)
    columns = {name: _column(table, sheet.columns[name]) for name, table in tables.items()}
    order = sorted((r.path, r.at) for r in sheet.rows)
    texts = dict(zip(order, _texts(tables, columns, order), strict=True))
    out = [texts.get((r.path, r.at), "") for r in sheet.rows]
    if any(folder.digest(text) != r.digest for text, r in zip(out, sheet.rows, strict=True)):
        raise InputError("The data changed since the rows were chosen; choose rows again.")
    return out


def _column(table: Table, name: str) -> int:
    if name not in table.columns:
        raise InputError(f"{table.name}: has no column {name}; its columns are {', '.join(table.labels)}.")
    return table.columns.index(name)


def _filled(table: Table, column: int) -> list[int]:
    out, at = [], 0
    for chunk in table.chunks():
        out += [at + i for i, row in enumerate(chunk) if row[column].strip()]
        at += len(chunk)
    return out


def _texts(tables: Mapping[str, Table], columns: Mapping[str, int], places: Sequence[tuple[str, int]]) -> list[str]:
    """The texts at places that are sorted by file and row."""
    out: list[str] = []
    for name in dict.fromkeys(n for n, _ in places):
        picked = [at for n, at in places if n == name]
        found = [row[columns[name]] for chunk in tables[name].chunks(picked) for row in chunk]
        out += found + [""] * (len(picked) - len(found))  # a file that lost rows meanwhile is told by its hashes
    return out


def parted(marks: Sequence[Mark], threshold: float) -> tuple[tuple[Mark, ...], tuple[Mark, ...]]:
    """The marks that would be masked, and those below the threshold where nothing is masked."""
    found = tuple(m for m in marks if m.score >= threshold)
    maybe = tuple(m for m in marks if m.score < threshold and not any(m.overlaps(f) for f in found))
    return found, maybe
