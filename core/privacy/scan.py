"""Scans a table for personal data: how many cells hold what, how sure that is, and what was not looked at."""

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.privacy import policy
from core.privacy.detect import Detector, Tick, detector
from core.privacy.protect import masked
from core.privacy.settle import SHORT_VALUES, UNANIMOUS, Forms, names_to_read
from core.privacy.shapes import TIERS, Shape, Tier, foreign, name_words, shape
from core.privacy.share import Share, share_of
from core.privacy.source import Row, Table, open_table, open_tables
from core.privacy.sources.faults import Faults
from core.privacy.spans import THRESHOLD, Proof, Span, windows
from core.privacy.tally import Basis, ColumnScan, ColumnTally, Hit, Outcome
from core.progress import Progress, silent

SEED = 7
LONG, LONG_HEAD, LONG_PARTS = 50_000, 5, 30  # characters of a cell, and windows that are read of a longer one
_TELLING = re.compile(r"[\d@]")
MEMORY = 500_000  # distinct values remembered over all columns of a file

Token = tuple[int, str, Basis]  # column, type, basis
_UNREAD: Token = (-1, "", "form")


def _ignore(done: int) -> None:
    """Take no notice of how far the work is."""


@dataclass(frozen=True, slots=True)
class TableScan:
    """What a file holds.

    `rows` of the file, of which `scanned` were read; `direct_rows` of those hold a direct identifier, `unread_rows`
    hold none that was found but text in a script that the recognisers do not read. `judged` rows had all their names
    read: where they are fewer, both are estimates. Reading one value took `value_seconds` on average.
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
        """Whether every row was read, so that shares are exact for this file."""
        return self.scanned == self.rows

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
    finder: Detector | None = None,
) -> TableScan:
    """Scan the first table of a file; arguments and errors as those of `scan_file`."""
    name = name or path.name
    begun = time.perf_counter()
    table = open_table(path, name=name, max_rows=max_rows, tick=_reading(name, progress), seed=seed)
    return _scan_table(table, sample, seed, progress, finder, begun)


def scan_file(
    path: Path,
    *,
    sample: int | None = None,
    seed: int = SEED,
    progress: Progress = silent,
    name: str = "",
    max_rows: int | None = None,
    finder: Detector | None = None,
) -> Iterator[TableScan]:
    """Scan each table of a file.

    Args:
        path: the file; `name` is what messages and results call it, where that is not its own name.
        sample: rows to draw at random without replacement; all where None.
        seed: of that draw.
        progress: called with the rows done of those to do.
        max_rows: the most rows a table may have; no limit where None.
        finder: the detector; this process's own where None.

    Raises:
        InputError: the file is no table that can be read, or its first row is not column names.
    """
    name = name or path.name
    begun = time.perf_counter()
    for table in open_tables(path, name=name, max_rows=max_rows, tick=_reading(name, progress), seed=seed):
        yield _scan_table(table, sample, seed, progress, finder, begun)
        begun = time.perf_counter()


def _reading(name: str, progress: Progress) -> Callable[[], None]:
    return lambda: progress(0, 1, f"{name}: reading")


def _scan_table(
    table: Table, sample: int | None, seed: int, progress: Progress, finder: Detector | None, begun: float
) -> TableScan:
    progress(0, table.rows, f"{table.name}: loading the recognisers")
    finder = finder or detector()
    labels = _labels(finder, table)
    picked = None
    if sample is not None and sample < table.rows:
        picked = sorted(random.Random(seed).sample(range(table.rows), sample))  # noqa: S311 - a sample, not a secret
    work = _Scan(finder, table, labels, len(picked) if picked else table.rows, progress)
    wanted = None if picked is None else set(picked)
    work.sample_names([d for d in table.draw if wanted is None or d[0] in wanted])
    for chunk in table.chunks(picked):
        work.take(chunk)
    return work.close(time.perf_counter() - begun)


def _labels(finder: Detector, table: Table) -> list[str]:
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


def _counted(rows: Mapping[frozenset[Token], int], doubted: Collection[Token]) -> Counter[str]:
    """Rows with a direct identifier, and those without one that hold text which could not be read."""
    out = Counter[str]()
    for tokens, n in rows.items():
        real = tokens - set(doubted) - {_UNREAD}
        out["direct" if real else "unread" if _UNREAD in tokens else ""] += n
    return out


class _Scan:
    """One pass over the rows of a table."""

    def __init__(self, finder: Detector, table: Table, labels: Sequence[str], todo: int, progress: Progress) -> None:
        self.finder, self.table, self.todo, self.progress = finder, table, todo, progress
        self.columns = [ColumnTally(label) for label in labels]
        self.context = [name_words(c) for c in table.columns]
        self.known: list[dict[str, Outcome]] = [{} for _ in labels]
        self.forms = [Forms() for _ in labels]
        self.may_read: list[int | None] = [None] * len(labels)  # names still to be read of a column; None: all
        self.drawn: Counter[frozenset[Token]] = Counter()
        self.read_values, self.read_seconds = 0, 0.0
        self.room = MEMORY
        self.forgot = False
        self.rows: Counter[frozenset[Token]] = Counter()
        self.done = 0

    def sample_names(self, draw: Sequence[tuple[int, Row]]) -> None:
        """Of a large table, read names in rows drawn at random; columns of few different values are read whole."""
        if self.todo <= SHORT_VALUES or len(draw) <= SHORT_VALUES:
            return
        plans = [names_to_read(draw, i) for i in range(len(self.columns))]
        cut = [i for i, (rows, _) in enumerate(plans) if rows < len(draw) or self.todo > len(draw)]
        least = min((plans[i][0] for i in cut), default=0)
        tokens: list[set[Token]] = [set() for _ in range(least)]
        for i in range(len(self.columns)):
            rows, limit = plans[i]
            cells = [row[i] for _, row in draw[: rows if i in cut else least]]
            outcomes = self._outcomes(i, Counter(cells), 0, 0)
            if i in cut:
                self.columns[i].drawn(Counter(frozenset(h.type for h in outcomes[c].hits) for c in cells))
                self.may_read[i] = max(0, limit - sum(TIERS[shape(c)] == Tier.NAMES for c in set(cells)))
            for row_tokens, cell in zip(tokens, cells, strict=False):
                row_tokens.update((i, kind, basis) for kind, basis in outcomes[cell].direct)
                if outcomes[cell].foreign:
                    row_tokens.add(_UNREAD)
        self.drawn.update(map(frozenset, tokens))

    def take(self, chunk: Sequence[Row]) -> None:
        """Search the values of some rows that were not seen before, and count."""
        tokens: list[set[Token]] = [set() for _ in chunk]
        for i, tally in enumerate(self.columns):
            cells = [row[i] for row in chunk]
            outcomes = self._outcomes(
                i, Counter(cells), (i / len(self.columns)) * len(chunk), len(chunk) / len(self.columns)
            )
            for value, times in Counter(cells).items():
                tally.add(outcomes[value], times)
            for row, cell in zip(tokens, cells, strict=True):
                outcome = outcomes[cell]
                row.update((i, kind, basis) for kind, basis in outcome.direct)
                if outcome.foreign:
                    row.add(_UNREAD)
        self.rows.update(map(frozenset, tokens))
        self.done += len(chunk)
        self._say(0)

    def _outcomes(self, i: int, values: Counter[str], before: float, share: float) -> dict[str, Outcome]:
        """The outcome of each of a column's values, from memory or by searching it."""
        known = self.known[i]
        out = {v: known[v] for v in values if v in known}
        new = [v for v in values if v not in out]
        size = sum(map(len, new)) or 1
        read = 0

        def tick(done: int) -> None:
            self._say(before + share * min((read + done) / size, 1.0))

        settled = self._spared(i, new)
        out.update(settled)
        for tier in Tier:
            batch = [v for v in new if TIERS[shape(v)] == tier and v not in settled]
            step = UNANIMOUS if tier == Tier.PATTERNS else len(batch) or 1
            for part in (batch[a : a + step] for a in range(0, len(batch), step)):
                answers = {v: self.forms[i].answer(v) if tier == Tier.PATTERNS else None for v in part}
                settled.update({v: o for v, o in answers.items() if o})
                left = [v for v in part if v not in settled]
                for value, outcome in zip(left, self._search(left, tier, self.context[i], tick), strict=True):
                    out[value] = outcome
                    self.columns[i].meet(outcome)
                    if tier == Tier.PATTERNS:
                        self.forms[i].learn(value, outcome)
                read += sum(map(len, part))
        out.update(settled)
        for outcome in settled.values():
            self.columns[i].meet(outcome, read=False)
        kept = new[: self.room]
        known.update((v, out[v]) for v in kept)
        self.room -= len(kept)
        self.forgot |= len(kept) < len(new)
        return out

    def _spared(self, i: int, new: Sequence[str]) -> dict[str, Outcome]:
        """Values whose names are not looked for any more: a random draw speaks for them."""
        settled: dict[str, Outcome] = {}
        left = self.may_read[i]
        if left is None:
            return settled
        names = [v for v in new if TIERS[shape(v)] == Tier.NAMES]
        self.may_read[i] = max(0, left - len(names))
        skip = names[left:]
        telling = [v for v in skip if _TELLING.search(v)]
        found = dict(zip(telling, self._search(telling, Tier.PATTERNS, self.context[i], _ignore), strict=True))
        nothing = {v: Outcome(shape(v), Tier.NONE, length=len(v.strip())) for v in skip if v not in found}
        for v, outcome in (found | nothing).items():
            settled[v] = replace(outcome, unread=True)
        return settled

    def _search(self, values: list[str], tier: Tier, context: list[str], tick: Tick) -> Iterator[Outcome]:
        if tier < Tier.PATTERNS:
            yield from (_by_form(v) for v in values)
            return
        read = [excerpt(v) for v in values]
        begun = time.perf_counter()
        spans = self.finder.detect(read, context=context, names=tier == Tier.NAMES, weak=True, tick=tick)
        self.read_values += len(read)
        self.read_seconds += time.perf_counter() - begun
        yield from (_outcome(v, found, tier) for v, found in zip(read, spans, strict=True))

    def _say(self, within: float) -> None:
        rows = min(self.done + within, self.todo)
        self.progress(rows, self.todo, f"{self.table.name}: {int(rows):,} of {self.todo:,} rows")

    def close(self, seconds: float) -> TableScan:
        """Draw up the result."""
        columns = tuple(
            c.close(self.table.rows, self.forgot, f.settled) for c, f in zip(self.columns, self.forms, strict=True)
        )
        doubted = {(i, kind, basis) for i, c in enumerate(columns) for kind, basis in c.doubted}
        counted, drawn = _counted(self.rows, doubted), _counted(self.drawn, doubted)
        if any(c.unread for c in columns) and (n := drawn.total()):  # the draw stands for all rows
            seen = counted["direct"]
            counted = Counter({k: round(drawn[k] / n * self.done) for k in ("direct", "unread")})
            counted["direct"] = max(counted["direct"], seen)
        else:
            n = self.done
        table = self.table
        return TableScan(
            table.name,
            table.sha256,
            table.rows,
            self.done,
            seconds,
            counted["direct"],
            counted["unread"],
            columns,
            table.faults,
            n,
            self.read_seconds / self.read_values if self.read_values else 0.0,
        )


def excerpt(value: str) -> str:
    """What is read of a very long cell: its beginning, and the parts of it that hold a digit or an @."""
    if len(value) <= LONG:
        return value
    parts = [value[a:b] for a, b in windows(value)]
    telling = (p for p in parts[LONG_HEAD:] if _TELLING.search(p))
    return "\n\n".join([*parts[:LONG_HEAD], *islice(telling, LONG_PARTS)])


def _by_form(value: str) -> Outcome:
    """A value whose form says all there is to say."""
    form = shape(value)
    kind = {Shape.DATE: "DATE_TIME", Shape.UUID: "UUID"}.get(form)
    text = value.strip()
    hits = (Hit(kind, hash(text.casefold()), masked(text, kind), "form"),) if kind else ()
    return Outcome(form, TIERS[form], hits, digits=len(text) if text.isdecimal() else 0, length=len(text))


def _outcome(value: str, spans: Sequence[Span], tier: Tier) -> Outcome:
    """Sum up the spans of a value; digits alone that merely could be a phone number are weak."""
    text = value.strip()
    bare = text.isdecimal()
    weak = {s.type for s in spans if s.weak or (bare and s.type == "PHONE_NUMBER" and s.score <= THRESHOLD)}
    strong = [s for s in spans if not s.weak and not (bare and s.type in weak)]
    hits: dict[tuple[str, str], Hit] = {}
    for s in sorted(strong, key=lambda s: s.proof):
        found = value[s.start : s.end]
        basis: Basis = "model" if s.proof == Proof.NAME else "digits" if bare else "form"
        hits[(s.type, found.casefold())] = Hit(s.type, hash(found.casefold()), masked(found, s.type), basis)
    return Outcome(
        shape=shape(value),
        tier=tier,
        hits=tuple(hits.values()),
        weak=frozenset(weak - {s.type for s in strong}),
        foreign=foreign(value),
        digits=len(text) if bare else 0,
        length=len(text),
    )
