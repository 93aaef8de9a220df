"""Adds up what was found in the cells of a column, and says what that means for the column."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core.intervals import wilson
from core.privacy import policy
from core.privacy.protect import masked
from core.privacy.shapes import Shape, Tier
from core.privacy.share import Share, share_of

EXAMPLES = 3
LONGEST = 50_000  # characters of a cell that are read whole
MOST_VALUES = 100_000  # distinct values counted exactly; beyond that "at least"
CORROBORATED = 2  # distinct values that make a finding a property of the column
ENOUGH = 20  # plain numbers from which chance can be told
CATEGORIES, CATEGORY_LENGTH = 50, 40  # a column of few and short values is a list of categories

Basis = Literal["form", "digits", "model"]  # a pattern, a pattern in a cell of digits alone, or the name model


@dataclass(frozen=True, slots=True)
class Hit:
    """One type found in a value, and on what basis; `key` stands for the characters found."""

    type: str
    key: int
    example: str
    basis: Basis


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one distinct value was searched for and what was found in it."""

    shape: Shape
    tier: Tier
    hits: tuple[Hit, ...] = ()
    weak: frozenset[str] = frozenset()
    foreign: bool = False
    digits: int = 0  # of a value that is nothing but digits
    length: int = 0  # characters
    unread: bool = False  # its names were not looked for: a random draw speaks for it
    cut: bool = False  # so long that only parts of it were read

    @property
    def direct(self) -> frozenset[tuple[str, Basis]]:
        """The direct identifiers in it, each with its basis."""
        return frozenset((h.type, h.basis) for h in self.hits if policy.group(h.type) == policy.DIRECT)


@dataclass(frozen=True, slots=True)
class EntityScan:
    """One entity type in one column; `share` is over all its cells.

    `counted`: whether it makes a row one with personal data; `label`: whether the column as a whole is said to hold it.
    """

    type: str
    cells: int
    values: int
    share: Share
    counted: bool
    label: bool
    note: str
    examples: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The entity as JSON values."""
        return {
            "type": self.type,
            "title": policy.title(self.type),
            "group": policy.group(self.type),
            "cells": self.cells,
            "values": self.values,
            "rate": self.share.value,
            "low": self.share.low,
            "high": self.share.high,
            "counted": self.counted,
            "label": self.label,
            "note": self.note,
            "examples": list(self.examples),
        }


@dataclass(frozen=True, slots=True)
class ColumnScan:
    """What one column holds and how it was searched: the receipt.

    Attributes:
        cells: cells looked at, empty ones included; `distinct` values among them.
        scanned: distinct values that a recogniser read; `skipped`: filled cells that none needed to read.
        unread: filled cells in which no names were looked for, because a random draw of rows speaks for them.
        cut: cells too long to be read whole.
        tier: the most thorough search that any of its cells got.
        reason: what was left out and why, and what could not be read.
        weak: mere number shapes, by type: shown, not counted.
        doubted: (type, basis) that do not count: no more frequent than among random numbers, or some few categories of
            many that the name model took for names.
    """

    name: str
    kind: str
    cells: int
    empty: int
    distinct: int
    scanned: int
    skipped: int
    foreign: int
    unread: int
    cut: int
    tier: str
    reason: str
    weak: Mapping[str, int]
    doubted: frozenset[tuple[str, Basis]]
    entities: tuple[EntityScan, ...]

    @property
    def direct(self) -> tuple[EntityScan, ...]:
        """The direct identifiers that the column is labelled with."""
        return tuple(e for e in self.entities if e.label and policy.group(e.type) == policy.DIRECT)

    @property
    def saved(self) -> int:
        """Filled cells that were not read one by one."""
        return self.cells - self.empty - self.scanned

    def as_json(self) -> dict[str, Any]:
        """The column as JSON values."""
        return {
            "name": self.name,
            "kind": self.kind,
            "cells": self.cells,
            "empty": self.empty,
            "distinct": self.distinct,
            "scanned": self.scanned,
            "skipped": self.skipped,
            "foreign": self.foreign,
            "unread": self.unread,
            "cut": self.cut,
            "saved_cells": self.saved,
            "tier": self.tier,
            "reason": self.reason,
            "weak": dict(self.weak),
            "entities": [e.as_json() for e in self.entities],
        }


@dataclass(slots=True)
class _Found:
    cells: int = 0
    keys: set[int] = field(default_factory=set)
    examples: dict[str, None] = field(default_factory=dict)
    basis: Counter[Basis] = field(default_factory=Counter)  # distinct values


class ColumnTally:
    """The running sums of one column."""

    def __init__(self, name: str, words: Collection[str] = ()) -> None:
        """Begin with nothing seen; `words` are those of the column's name."""
        self.name = name
        self.words = frozenset(words)
        self.shapes: Counter[Shape] = Counter()
        self.distinct: Counter[Tier] = Counter()
        self.lengths: Counter[int] = Counter()
        self.weak: Counter[str] = Counter()
        self.foreign = self.longest = self.unread = self.read = self.cut = 0
        self.drawn_rows: Counter[frozenset[str]] = Counter()
        self.found: dict[str, _Found] = {}

    def drawn(self, types: Mapping[frozenset[str], int]) -> None:
        """Take in what each cell of rows drawn at random holds; it speaks for cells whose names are not read."""
        self.drawn_rows.update(types)

    def alike(self, outcome: Outcome, values: Sequence[str]) -> None:
        """Take in distinct values, once, that have one answer by their form and were not read."""
        if outcome.shape == Shape.EMPTY:
            return
        self.distinct[outcome.tier] += len(values)
        if outcome.shape == Shape.NUMBER:
            self.lengths.update(len(text) for v in values if (text := v.strip()).isdecimal())
        for hit in outcome.hits:
            found = self.found.setdefault(hit.type, _Found())
            found.basis[hit.basis] += len(values)
            found.keys.update(hash(v.strip().casefold()) for v in values[: max(0, MOST_VALUES - len(found.keys))])
            for value in values[: EXAMPLES - len(found.examples)]:
                found.examples[masked(value.strip(), hit.type)] = None

    def meet(self, outcome: Outcome, *, read: bool = True) -> None:
        """Take in a distinct value, once; `read` by a recogniser, or not at all."""
        self.read += read and outcome.tier >= Tier.PATTERNS
        if outcome.shape != Shape.EMPTY:
            self.distinct[outcome.tier] += 1
        self.lengths[outcome.digits] += 1
        self.longest = max(self.longest, outcome.length)
        for kind, basis in {(h.type, h.basis) for h in outcome.hits}:
            self.found.setdefault(kind, _Found()).basis[basis] += 1
        for hit in outcome.hits:
            found = self.found[hit.type]
            if len(found.keys) < MOST_VALUES:
                found.keys.add(hit.key)
            if len(found.examples) < EXAMPLES:
                found.examples[hit.example] = None

    def add(self, outcome: Outcome, cells: int) -> None:
        """Take in the cells that hold values with that outcome."""
        self.shapes[outcome.shape] += cells
        self.foreign += cells * outcome.foreign
        self.unread += cells * outcome.unread
        self.cut += cells * outcome.cut
        for kind in {h.type for h in outcome.hits}:
            self.found[kind].cells += cells
        for kind in outcome.weak:
            self.weak[kind] += cells

    def _doubt(self, kind: str) -> tuple[Basis, str] | None:
        """Which hits of a type do not count, and why."""
        found = self.found[kind]
        odds, lengths = policy.CHANCE.get(kind, (0.0, range(0)))
        tried = sum(self.lengths[n] for n in lengths)
        if tried >= ENOUGH and found.basis["digits"] and wilson(found.basis["digits"], tried)[0] <= odds:
            return "digits", "no more often than among random numbers"
        values, distinct = found.basis["model"], self.distinct.total()
        named = self.words & policy.NAMED.get(kind, frozenset())  # the column says that they are
        if 0 < values * 2 < distinct and self._categories() and not named:
            return "model", f"{values} of {distinct} categories that look like it"
        if self._other(kind) and found.basis["model"]:
            return "model", "the column is named for another kind, and most of its values are of that"
        return None

    def _other(self, kind: str) -> bool:
        """Whether names of this kind are odd ones in a column that says to hold places or organisations, and does."""
        said = [k for k, words in policy.NAMED.items() if self.words & words]
        if kind != "PERSON" or not said or self.words & policy.NAMED_PERSON:
            return False
        model = {k: found.basis["model"] for k, found in self.found.items()}
        return max(model.get(k, 0) for k in said) >= model["PERSON"]

    def _categories(self) -> bool:
        filled = self.shapes.total() - self.shapes[Shape.EMPTY]
        return self.distinct.total() <= min(CATEGORIES, filled // 10) and self.longest <= CATEGORY_LENGTH

    def close(self, rows: int, forgot: bool, settled: int = 0) -> ColumnScan:
        """Draw the sums up.

        Args:
            rows: of the file.
            forgot: whether values were too many to tell which came before.
            settled: values that were answered by their form.
        """
        cells = self.shapes.total()
        doubts = {kind: doubt for kind in self.found if (doubt := self._doubt(kind))}
        found = [self._entity(kind, cells, rows, doubts.get(kind)) for kind in self.found]
        found.sort(key=lambda e: (policy.group(e.type) != policy.DIRECT, -e.cells, e.type))
        tier = max(self.distinct, default=Tier.NONE)
        return ColumnScan(
            name=self.name,
            kind=self._kind(),
            cells=cells,
            empty=self.shapes[Shape.EMPTY],
            distinct=self.distinct.total(),
            scanned=self.read,
            skipped=self.shapes[Shape.FLAG] + self.shapes[Shape.AMOUNT],
            foreign=self.foreign,
            unread=self.unread,
            cut=self.cut,
            tier=tier.words,
            reason=self._reason(forgot, settled),
            weak=dict(self.weak.most_common()),
            doubted=frozenset((kind, basis) for kind, (basis, _) in doubts.items()),
            entities=tuple(found),
        )

    def _entity(self, kind: str, cells: int, rows: int, doubt: tuple[Basis, str] | None) -> EntityScan:
        found = self.found[kind]
        values = len(found.keys)
        if doubt:
            note = doubt[1]
        elif values >= CORROBORATED:
            note = ""
        else:
            note = "one odd hit" if found.cells == 1 else "one value, repeated"
        sure = found.basis.total() - (found.basis[doubt[0]] if doubt else 0)
        label = min(values, sure) >= CORROBORATED
        share, filled = share_of(found.cells, cells, rows), found.cells
        if self.unread and found.basis["model"] and (n := self.drawn_rows.total()):
            share = share_of(sum(k for types, k in self.drawn_rows.items() if kind in types), n, rows)
            filled = max(round(share.value * cells), found.cells)
        return EntityScan(kind, filled, values, share, sure > 0, label, note, tuple(found.examples))

    def _kind(self) -> str:
        filled = Counter({s: n for s, n in self.shapes.items() if s != Shape.EMPTY and n})
        distinct = self.distinct.total()
        if not filled:
            return "empty"
        if distinct == 1 and filled.total() > 1:
            return "constant"
        filled[Shape.NUMBER] += filled.pop(Shape.AMOUNT, 0)
        shape, most = filled.most_common(1)[0]
        if most < 0.95 * filled.total():
            return "text" if shape == Shape.TEXT else "mixed"
        return "category" if shape in (Shape.TEXT, Shape.CODE) and self._categories() else str(shape)

    def _reason(self, forgot: bool, settled: int) -> str:
        parts = []
        if n := self.shapes[Shape.AMOUNT]:
            parts.append(f"{n:,} amounts, counts and decimals were not searched")
        if n := self.shapes[Shape.FLAG]:
            parts.append(f"{n:,} yes/no values were not searched")
        if n := self.shapes[Shape.DATE] + self.shapes[Shape.UUID] + self.shapes[Shape.IP]:
            parts.append(f"{n:,} dates, random identifiers and IP addresses were told by their form")
        if n := self.shapes[Shape.NUMBER] + self.shapes[Shape.CODE]:
            parts.append(f"{n:,} numbers and codes were searched by patterns, without the name model")
        if settled:
            parts.append(f"{settled:,} values have a form that always had the same answer and were not read one by one")
        if n := self.unread:
            told = f"{self.drawn_rows.total():,} rows drawn at random"
            parts.append(f"names were not looked for in {n:,} cells; {told} say how many hold them")
        if n := self.cut:
            parts.append(
                f"{n:,} cell{'s' * (n > 1)} above {LONGEST:,} characters {'were' if n > 1 else 'was'} read in part: "
                "the beginning, and the first parts with a digit or an @"
            )
        if n := self.foreign:
            parts.append(f"{n:,} cells are not in Latin script, which these recognisers hardly read")
        if forgot:
            parts.append("too many values to remember; some were counted as distinct twice")
        return "; ".join(parts)
