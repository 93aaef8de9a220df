"""What a change of the rules would change, on rows that a person labelled and on rows drawn at random.

Nothing of a row is in what comes out: only places, counts, and pieces in their masked form.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.privacy.leak.estimate import Result, tally
from core.privacy.leak.mark import Mark, in_sight
from core.privacy.leak.pick import Find, TextFile, changed, parted, search_again
from core.privacy.leak.sheet import Sheet
from core.privacy.protect import masked
from core.privacy.rules import Timed
from core.privacy.share import share_of
from core.privacy.source import open_table
from core.progress import Progress, silent

DRAWN = 300  # rows searched by both the present and the new rules
SHOWN = 60  # changed rows that are listed
EXAMPLES = 3
NOBODY = ""  # in place of a detector's name, where nothing is kept


@dataclass(frozen=True, slots=True)
class Piece:
    """Something found by one of two searches alone, in its masked form.

    `right` says whether a person marked it as personal data; None where nobody looked.
    """

    type: str
    shown: str
    right: bool | None = None


@dataclass(frozen=True, slots=True)
class RowChange:
    """What another search makes of a row: where it is, what it finds more and less, and whether it leaks, if known."""

    path: str
    at: int
    gained: tuple[Piece, ...]
    lost: tuple[Piece, ...]
    was: bool | None = None
    now: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """The change as JSON values."""
        pieces = {
            side: [{"type": p.type, "shown": p.shown, "right": p.right} for p in getattr(self, side)]
            for side in ("gained", "lost")
        }
        return {"path": self.path, "at": self.at, "was": self.was, "now": self.now} | pieces


def on_labelled(sheet: Sheet, texts: Sequence[str], before: Find, after: Find, *, threshold: float) -> dict[str, Any]:
    """Leaking share, recall and precision by two searches of the labelled rows, and which rows changed.

    Args:
        sheet: rows and labels; `texts` are the rows', in their order.
        before, after: the searches.
        threshold: least score of what would be masked.
    """
    old, new = (search_again(sheet, texts, find, threshold=threshold, detector=NOBODY) for find in (before, after))
    rows = []
    for text, a, b in zip(texts, old.rows, new.rows, strict=True):
        if a.truth is None or b.truth is None:
            continue
        gained, lost = _apart(text, a.found, b.found, a.truth)
        leaks = [tally(text, r.stratum, r.found, r.truth or ()).leaks for r in (a, b)]
        if gained or lost:
            rows.append(RowChange(a.path, a.at, gained, lost, *leaks))
    rows.sort(key=lambda r: (r.was == r.now, r.was is True))  # first what leaks now, then what no longer does
    return {
        "before": _figures(old.result(texts)),
        "after": _figures(new.result(texts)),
        **{k: v for k, v in changed(old, new, texts).items() if k != "before"},
        "changed": len(rows),
        "list": [r.as_json() for r in rows[:SHOWN]],
    }


def _figures(result: Result) -> dict[str, Any]:
    figures = {"leak": result.leaking, "recall": result.recall, "precision": result.precision}
    return {name: f.as_json() if f else None for name, f in figures.items()}


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows drawn at random from a venture's texts: their places, their texts, and how many rows there are."""

    places: tuple[tuple[str, int], ...]
    texts: tuple[str, ...]
    total: int


def draw(files: Sequence[TextFile], rows: int = DRAWN) -> Sample:
    """Draw rows with text over all files, from each by its size.

    Raises:
        InputError: a file cannot be read, or lacks its column.
    """
    tables = [(f, open_table(f.path, name=f.name)) for f in files]
    total = sum(t.rows for _, t in tables)
    places: list[tuple[str, int]] = []
    texts: list[str] = []
    for file, table in tables:
        column = file.place(table)
        wanted = max(1, round(rows * table.rows / total))
        for at, row in table.draw[:wanted]:
            if row[column].strip():
                places.append((file.name, at))
                texts.append(row[column])
    return Sample(tuple(places), tuple(texts), total)


def on_drawn(
    sample: Sample, before: Find, after: Find, *, threshold: float, progress: Progress = silent
) -> dict[str, Any]:
    """How many rows of a random sample another search masks differently, and what it finds more and less by type."""
    old = [parted(marks, threshold)[0] for marks in before(sample.texts, progress)]
    new = [parted(marks, threshold)[0] for marks in after(sample.texts, progress)]
    rows, gains, losses = [], Counter[str](), Counter[str]()
    for (path, at), text, a, b in zip(sample.places, sample.texts, old, new, strict=True):
        gained, lost = _apart(text, a, b, None)
        gains.update(p.type for p in gained)
        losses.update(p.type for p in lost)
        if gained or lost:
            rows.append(RowChange(path, at, gained, lost))
    share = share_of(len(rows), len(sample.texts), max(sample.total, len(sample.texts)))
    types = [{"type": t, "gained": gains[t], "lost": losses[t]} for t in sorted(gains.keys() | losses.keys())]
    return {
        "rows": len(sample.texts),
        "total": sample.total,
        "changed": len(rows),
        "low": share.low,
        "high": share.high,
        "types": sorted(types, key=lambda t: -(t["gained"] + t["lost"])),
        "list": [r.as_json() for r in rows[:SHOWN]],
    }


def _apart(
    text: str, before: Sequence[Mark], after: Sequence[Mark], truth: Sequence[Mark] | None
) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """What only the second of two searches masks, and what only the first does."""

    def pieces(mine: Sequence[Mark], other: Sequence[Mark]) -> tuple[Piece, ...]:
        return tuple(
            Piece(
                m.type,
                masked(text[m.start : m.end], m.type),
                None if truth is None else any(m.overlaps(t) for t in truth),
            )
            for m in mine
            if in_sight(text, m, other)
        )

    return pieces(after, before), pieces(before, after)


@dataclass(slots=True)
class _Reach:
    rows: int = 0
    values: set[int] = field(default_factory=set)
    columns: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[str, None] = field(default_factory=dict)


def reach(files: Sequence[TextFile], rules: Sequence[Timed], *, progress: Progress = silent) -> list[dict[str, Any]]:
    """How far each of a person's own recognisers reaches, over all columns of rows drawn at random.

    Its expression alone is asked, so words near it do not count here. Of large files up to 10,000 rows are drawn.

    Raises:
        InputError: a file cannot be read.
    """
    found = {rule.number: _Reach() for rule in rules}
    read = total = 0
    for file in files:
        table = open_table(file.path, name=file.name)
        total += table.rows
        for i, (_, row) in enumerate(table.draw):
            if i % 200 == 0:
                progress(i, len(table.draw), f"{file.name}: trying the rules on {len(table.draw):,} rows")
            for rule in rules:
                _count(found[rule.number], rule, file.name, table.labels, row)
        read += len(table.draw)
    return [_told(rule, found[rule.number], read, total) for rule in rules]


def _count(reached: _Reach, rule: Timed, path: str, labels: Sequence[str], row: Sequence[str]) -> None:
    hit = False
    for label, cell in zip(labels, row, strict=False):
        marks = rule.analyze(cell, [])
        hit |= bool(marks)
        reached.columns[path, label] += bool(marks)
        for m in marks:
            piece = cell[m.start : m.end]
            reached.values.add(hash(piece.casefold()))
            if len(reached.examples) < EXAMPLES:
                reached.examples[masked(piece, rule.kind)] = None
    reached.rows += hit


def _told(rule: Timed, reached: _Reach, read: int, total: int) -> dict[str, Any]:
    share = share_of(reached.rows, read, total)
    columns = [{"path": p, "name": c, "cells": n} for (p, c), n in reached.columns.most_common(5) if n]
    return {
        "type": rule.kind,
        "number": rule.number,
        "rows": reached.rows,
        "read": read,
        "total": total,
        "low": share.low,
        "high": share.high,
        "values": len(reached.values),
        "columns": columns,
        "examples": list(reached.examples),
        "stopped": rule.stopped,
    }
