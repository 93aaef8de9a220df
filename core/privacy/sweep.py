"""One pass over the rows of a table: each different value is read at most once, and counted as often as it stands.

What a column wants read is asked for in rounds, all columns together, so that every core has work: first the names, and
of numbers and codes some of each form; then the values whose form turned out to say nothing.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.privacy.reading import TELLING, by_form, excerpt, outcome
from core.privacy.search import Finder, Question, answers
from core.privacy.settle import SHORT_VALUES, WHOLE, Forms, names_to_read
from core.privacy.shapes import TIERS, Shape, Tier, name_words, shapes
from core.privacy.source import Row, Table
from core.privacy.tally import Basis, ColumnScan, ColumnTally, Outcome
from core.progress import Progress

MEMORY = 500_000  # distinct values remembered over all columns of a file

Token = tuple[int, str, Basis]  # column, type, basis
Asked = list[tuple[list[str], Tier]]  # values to be read, and how
_UNREAD: Token = (-1, "", "form")
_SPARED = Outcome(Shape.TEXT, Tier.NONE, unread=True)


@dataclass(slots=True)
class _Column:
    """What is known of one column."""

    tally: ColumnTally
    context: tuple[str, ...]
    known: dict[str, Outcome] = field(default_factory=dict)
    forms: Forms = field(default_factory=Forms)
    may_read: int | None = None  # values in which names are still looked for; None: in all

    def outcomes(self, values: Iterable[str], room: int) -> Generator[Asked, list[list[Outcome]], dict[str, Outcome]]:
        """Yield what has to be read, take what came of it, and return the outcome of each value.

        Values are told by their form, remembered (at most `room` more), or read.
        """
        out: dict[str, Outcome] = {}
        groups: defaultdict[Shape, list[str]] = defaultdict(list)
        new: list[str] = []
        for value in values:
            if value in self.known:
                out[value] = self.known[value]
            else:
                new.append(value)
        for value, form in zip(new, shapes(new), strict=True):
            groups[form].append(value)
        tiers: defaultdict[Tier, list[str]] = defaultdict(list)
        for form, group in groups.items():
            if (tier := TIERS[form]) < Tier.PATTERNS:
                self._alike(out, by_form(form), group)
            else:
                tiers[tier] += group
        names, spared = self._sampled(tiers[Tier.NAMES])
        telling = [v for v in spared if TELLING.search(v)]
        now, later = self.forms.due(tiers[Tier.PATTERNS])
        read = yield [(names, Tier.NAMES), (telling, Tier.PATTERNS), (now, Tier.PATTERNS)]
        self._met(out, names, read[0])
        self._met(out, telling, [replace(o, unread=True) for o in read[1]])
        self._met(out, now, read[2], learn=True)
        self._alike(out, _SPARED, [v for v in spared if v not in out])
        yield from self._settled(out, later)
        self.known.update((v, out[v]) for v in new[:room])
        return out

    def _sampled(self, values: list[str]) -> tuple[list[str], list[str]]:
        """The values whose names are looked for, and those for which a random draw of rows speaks."""
        if self.may_read is None:
            return values, []
        cut = self.may_read
        self.may_read = max(0, cut - len(values))
        return values[:cut], values[cut:]

    def _met(
        self, out: dict[str, Outcome], values: Sequence[str], read: Sequence[Outcome], *, learn: bool = False
    ) -> None:
        for value, found in zip(values, read, strict=True):
            out[value] = found
            self.tally.meet(found)
            if learn:
                self.forms.learn(value, found)

    def _alike(self, out: dict[str, Outcome], shared: Outcome, values: list[str]) -> None:
        out.update(dict.fromkeys(values, shared))
        self.tally.alike(shared, values)

    def _settled(
        self, out: dict[str, Outcome], later: Mapping[str, list[str]]
    ) -> Generator[Asked, list[list[Outcome]], None]:
        """Answer values by their form where it always had the same answer, and have the others read."""
        rest: list[str] = []
        for form, group in later.items():
            if shared := self.forms.answer(form):
                self.forms.settled += len(group)
                self._alike(out, shared, group)
            else:
                rest += group
        if rest:
            [read] = yield [(rest, Tier.PATTERNS)]
            self._met(out, rest, read)

    def tokens(self, place: int, found: Outcome) -> frozenset[Token]:
        """What a cell with that outcome makes of its row."""
        direct: frozenset[Token] = frozenset((place, kind, basis) for kind, basis in found.direct)
        return direct | {_UNREAD} if found.foreign or found.cut else direct


class Sweep:
    """The state of a pass over a table."""

    def __init__(self, finder: Finder, table: Table, labels: Sequence[str], todo: int, progress: Progress) -> None:
        """Begin; `todo` rows will be taken."""
        self.finder, self.table, self.todo, self.progress = finder, table, todo, progress
        words = [tuple(name_words(c)) for c in table.columns]
        self.columns = [_Column(ColumnTally(label, w), w) for label, w in zip(labels, words, strict=True)]
        self.drawn: Counter[frozenset[Token]] = Counter()
        self.rows: Counter[frozenset[Token]] = Counter()
        self.read_values, self.read_seconds = 0, 0.0
        self.room, self.forgot, self.done = MEMORY, False, 0

    def sample_names(self, draw: Sequence[tuple[int, Row]]) -> None:
        """Of a large table, read names in rows drawn at random; columns of few different values are read whole."""
        if self.todo <= WHOLE or len(draw) <= SHORT_VALUES:
            return
        plans = [names_to_read(draw, i) for i in range(len(self.columns))]
        cut = {i for i, (rows, _) in enumerate(plans) if rows < len(draw) or self.todo > len(draw)}
        least = min((plans[i][0] for i in cut), default=0)
        cells = [[row[i] for _, row in draw[: rows if i in cut else least]] for i, (rows, _) in enumerate(plans)]
        outcomes = self._outcomes(cells, 0)
        for i in cut:
            column, out = self.columns[i], outcomes[i]
            column.tally.drawn(Counter(frozenset(h.type for h in out[c].hits) for c in cells[i]))
            column.may_read = max(0, plans[i][1] - sum(TIERS[form] == Tier.NAMES for form in shapes(list(out))))
        self.drawn.update(self._rows([c[:least] for c in cells], outcomes))

    def take(self, chunk: Sequence[Row]) -> None:
        """Search the values of some rows that were not seen before, and count."""
        cells = list(zip(*chunk, strict=True))
        outcomes = self._outcomes(cells, len(chunk))
        for column, out, held in zip(self.columns, outcomes, cells, strict=True):
            totals: Counter[int] = Counter()
            by_id = _different(out)
            for value, times in Counter(held).items():
                totals[id(out[value])] += times
            for key, times in totals.items():
                column.tally.add(by_id[key], times)
        self.rows.update(self._rows(cells, outcomes))
        self.done += len(chunk)
        self._say(0)

    def _rows(
        self, cells: Sequence[Sequence[str]], outcomes: Sequence[Mapping[str, Outcome]]
    ) -> Counter[frozenset[Token]]:
        """How many rows hold what; columns of which no cell says anything are left out of the counting."""
        nothing: frozenset[Token] = frozenset()
        coded = []
        for i, (column, out, held) in enumerate(zip(self.columns, outcomes, cells, strict=True)):
            tokens = {key: column.tokens(i, found) for key, found in _different(out).items()}
            if any(tokens.values()):
                of_value = {value: tokens[id(found)] for value, found in out.items()}
                coded.append([of_value[value] for value in held])
        if not coded:
            return Counter({nothing: len(cells[0])} if cells else {})
        rows: Counter[frozenset[Token]] = Counter()
        for combination, times in Counter(zip(*coded, strict=True)).items():
            rows[nothing.union(*combination)] += times
        return rows

    def _outcomes(self, cells: Sequence[Sequence[str]], rows: int) -> list[dict[str, Outcome]]:
        """The outcome of each different value of each column; `rows` of the table are done with it."""
        open_: dict[int, Generator[Asked, list[list[Outcome]], dict[str, Outcome]]] = {}
        asked: dict[int, Asked] = {}
        done: dict[int, dict[str, Outcome]] = {}
        for i, held in enumerate(cells):
            values = dict.fromkeys(held)
            fresh = sum(v not in self.columns[i].known for v in values)
            open_[i] = self.columns[i].outcomes(values, self.room)
            self.forgot |= fresh > self.room
            self.room = max(0, self.room - fresh)
            asked[i] = next(open_[i])
        left = 1.0
        while asked:
            answered = self._round(asked, rows, 1 - left, left := left / 5)
            asked = {}
            for i, read in answered.items():
                try:
                    asked[i] = open_[i].send(read)
                except StopIteration as end:
                    done[i] = end.value
        return [done[i] for i in range(len(cells))]

    def _round(
        self, asked: Mapping[int, Asked], rows: int, before: float, left: float
    ) -> dict[int, list[list[Outcome]]]:
        """Have what the columns ask for read, all at once; the round takes from `before` to 1 - `left` of the rows."""
        parts = [(i, values, tier) for i, wanted in asked.items() for values, tier in wanted]
        questions = [
            Question([excerpt(v) for v in values], self.columns[i].context, tier == Tier.NAMES)
            for i, values, tier in parts
        ]
        begun, spans = time.perf_counter(), []
        todo = sum(len(q.texts) for q in questions)
        for batch in answers(self.finder, questions):
            spans += batch
            self._say(rows * (before + (1 - left - before) * len(spans) / todo))
        self.read_values += todo
        self.read_seconds += time.perf_counter() - begun
        found, at = defaultdict[int, list[list[Outcome]]](list), 0
        for i, values, tier in parts:
            read = spans[at : (at := at + len(values))]
            found[i].append([outcome(v, s, tier, self.columns[i].context) for v, s in zip(values, read, strict=True)])
        return found

    def _say(self, within: float) -> None:
        rows = min(self.done + within, self.todo)
        self.progress(rows, self.todo, f"{self.table.name}: {int(rows):,} of {self.todo:,} rows")

    def close(self) -> tuple[Counter[str], int, tuple[ColumnScan, ...]]:
        """Draw up rows by whether they hold a direct identifier, rows that this was judged by, and the columns."""
        columns = tuple(c.tally.close(self.table.rows, self.forgot, c.forms.settled) for c in self.columns)
        doubted = {(i, kind, basis) for i, c in enumerate(columns) for kind, basis in c.doubted}
        counted, drawn = _counted(self.rows, doubted), _counted(self.drawn, doubted)
        if not any(c.unread for c in columns) or not (n := drawn.total()):
            return counted, self.done, columns
        scaled = Counter({k: round(drawn[k] / n * self.done) for k in ("direct", "unread")})  # it stands for all rows
        scaled["direct"] = max(scaled["direct"], counted["direct"])
        return scaled, n, columns


def _different(out: Mapping[str, Outcome]) -> dict[int, Outcome]:
    """The outcomes by identity: many values share one."""
    return {id(found): found for found in out.values()}


def _counted(rows: Mapping[frozenset[Token], int], doubted: Collection[Token]) -> Counter[str]:
    """Rows with a direct identifier, and those without one that hold text which could not be read."""
    out = Counter[str]()
    for tokens, n in rows.items():
        real = tokens - set(doubted) - {_UNREAD}
        out["direct" if real else "unread" if _UNREAD in tokens else ""] += n
    return out
