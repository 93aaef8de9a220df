"""What is true of labelled rows before anything is trained on them: balance, lengths, copies, doubtful labels.

Nothing here holds a text. Rows are named by file and by the number that a person who opens the file sees.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from core.intervals import wilson
from core.model.near import THRESHOLD, Twins, find_twins
from core.model.split import Split
from core.model.suspect import out_of_fold, suspect_labels
from core.progress import Progress, part, silent

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LISTED = 1_000  # of each kind of finding; the counts are of all
HALF_WIDTH = 0.1  # of the interval of one class's accuracy
_BARS = 16


@dataclass(frozen=True, slots=True)
class Place:
    """A row as a person finds it: its file, and its number there."""

    file: str
    row: int


@dataclass(frozen=True, slots=True)
class ClassSize:
    """Rows of a class on each side; `measurable` where the test rows can tell its accuracy within ten points."""

    name: str
    train: int
    validation: int
    test: int
    measurable: bool


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens of a text, with the two that frame it.

    Attributes:
        limit: tokens of a text that the model reads.
        cut: texts that are longer, of which the rest is not read.
        edges, counts: a histogram; bin i holds edges[i] <= tokens < edges[i + 1], and the last one all that is cut.
    """

    limit: int
    p50: int
    p95: int
    p99: int
    longest: int
    cut: int
    edges: tuple[int, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two rows that say the same, or nearly, under different labels; `similarity` 1 is the same."""

    a: Place
    b: Place
    labels: tuple[str, str]
    similarity: float


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row whose label is probably wrong; `margin` as in `core.model.suspect.Suspects`, -1 the most suspicious."""

    place: Place
    given: str
    suggested: str
    margin: float


@dataclass(frozen=True, slots=True)
class DataReport:
    """What was found; training rows include the validation rows, from which the model learns when to stop.

    Attributes:
        rows: of training, validation and test.
        imbalance: rows of the largest class over rows of the smallest.
        lengths: None where no tokenizer was given.
        exact_train: training rows whose text an earlier training row has.
        left_out: training rows not used because the test file holds their text.
        near_train: different texts of the training rows that have a near-duplicate among them.
        near_groups: groups that these form.
        twins: positions of the test rows with a near-duplicate among the training rows.
        near_test: the same rows in their file.
        conflicts: the most alike first, at most 1,000 of `n_conflicts`.
        suspects: the most suspicious first, at most 1,000 of `n_suspects`; None where no embeddings were given.
        needed: test rows of a class that tell its accuracy within ten points.
        notes: what was read in a way that a person may not expect.
        seconds: wall time.
    """

    rows: tuple[int, int, int]
    classes: tuple[ClassSize, ...]
    imbalance: float
    lengths: Lengths | None
    exact_train: int
    left_out: int
    near_train: int
    near_groups: int
    twins: tuple[int, ...]
    near_test: tuple[Place, ...]
    conflicts: tuple[Conflict, ...]
    n_conflicts: int
    suspects: tuple[Suspect, ...] | None
    n_suspects: int | None
    needed: int
    notes: tuple[str, ...]
    seconds: float

    @property
    def too_small(self) -> tuple[str, ...]:
        """Classes with too few test rows to tell their accuracy within ten points."""
        return tuple(c.name for c in self.classes if not c.measurable)

    def as_json(self) -> dict[str, Any]:
        """The report as the command line prints it."""
        train, validation, test = self.rows
        return {
            "n_train": train,
            "n_validation": validation,
            "n_test": test,
            "classes": [asdict(c) for c in self.classes],
            "imbalance": self.imbalance,
            "lengths": asdict(self.lengths) if self.lengths else None,
            "exact_duplicates": {"train": self.exact_train, "left_out": self.left_out},
            "near_duplicates": {
                "threshold": THRESHOLD,
                "train": self.near_train,
                "train_groups": self.near_groups,
                "test": len(self.twins),
                "test_rows": [asdict(p) for p in self.near_test],
            },
            "conflicts": {"count": self.n_conflicts, "pairs": [asdict(c) for c in self.conflicts]},
            "suspect_labels": None
            if self.suspects is None
            else {"count": self.n_suspects, "rows": [_flat(s) for s in self.suspects]},
            "too_small": {"needed": self.needed, "classes": list(self.too_small)},
            "notes": list(self.notes),
            "seconds": self.seconds,
        }


def inspect(
    parts: Split,
    *,
    files: tuple[str, str],
    lengths: Sequence[int] | None = None,
    limit: int = 0,
    x: Tensor | None = None,
    notes: tuple[str, ...] = (),
    seed: int = 7,
    progress: Progress = silent,
    begun: float | None = None,
) -> DataReport:
    """Report on the rows of a split.

    Args:
        parts: made by `split`, which knows each row's number in its file.
        files: names of the file with the training rows and of the one with the test rows.
        lengths: tokens of each uncut text of training, validation and test, in this order.
        limit: tokens of a text that the model reads.
        x: frozen embeddings (rows of training, validation and test, hidden), fp32; for suspect labels.
        notes: passed on.
        seed: of the folds.
        progress: told at least every second or two.
        begun: `time.perf_counter()` at the start, where the work began earlier.
    """
    begun = time.perf_counter() if begun is None else begun
    labels = np.array([*parts.train.labels, *parts.validation.labels, *parts.test.labels], dtype=np.int64)
    places = [Place(files[side is parts.test], row) for side in _sides(parts) for row in side.rows]
    learned = _learned(parts)
    twins = find_twins(_texts(parts), progress=part(progress, 0, 0.4))
    beside = np.unique(twins.pairs[learned[twins.pairs].all(1)])
    found = np.flatnonzero(twins.near(learned)[~learned])
    conflicts = _conflicts(twins, labels, places, parts.classes)
    suspects: tuple[Suspect, ...] | None = None
    if x is not None:
        chances = out_of_fold(x, labels, len(parts.classes), twins.same, seed=seed, progress=part(progress, 0.4, 1))
        wrong = suspect_labels(chances, labels)
        suspects = tuple(
            Suspect(places[i], parts.classes[labels[i]], parts.classes[j], round(float(m), 4))
            for i, j, m in zip(wrong.rows, wrong.suggested, wrong.margin, strict=True)
        )
    sizes = tuple(_sizes(parts))
    totals = [c.train + c.validation + c.test for c in sizes]
    return DataReport(
        rows=(len(parts.train), len(parts.validation), len(parts.test)),
        classes=sizes,
        imbalance=max(totals) / min(totals),
        lengths=None if lengths is None else length_report(lengths, limit),
        exact_train=int(twins.copies[learned].sum()),
        left_out=parts.left_out,
        near_train=len(beside),
        near_groups=len(np.unique(twins.group[beside])),
        twins=tuple(found.tolist()),
        near_test=tuple(places[i + int(learned.sum())] for i in found[:LISTED]),
        conflicts=tuple(conflicts[:LISTED]),
        n_conflicts=len(conflicts),
        suspects=None if suspects is None else suspects[:LISTED],
        n_suspects=None if suspects is None else len(suspects),
        needed=rows_needed(),
        notes=notes,
        seconds=time.perf_counter() - begun,
    )


def twins_of_training(parts: Split, progress: Progress = silent) -> npt.NDArray[np.bool_]:
    """For each test row, whether it nearly repeats a training or validation row: accuracy without them is fairer."""
    learned = _learned(parts)
    return find_twins(_texts(parts), progress=progress).near(learned)[~learned]


def token_lengths(
    tokenizer: "PreTrainedTokenizerBase",
    texts: Sequence[str],
    ids: Sequence[Sequence[int]],
    progress: Progress = silent,
) -> list[int]:
    """Tokens of each whole text, with those that frame it.

    Args:
        tokenizer: cuts the texts.
        texts: what is to be measured.
        ids: the same texts as `tokenise` cuts them: only the longest among them can have lost anything, so only those
            are cut again, whole.
        progress: told about every second.
    """
    lengths = [len(row) for row in ids]
    longest = max(lengths, default=0)
    again = [i for i, length in enumerate(lengths) if length == longest]
    batch: list[int] = []
    size = 0
    for n, i in enumerate(again, 1):
        batch.append(i)
        size += len(texts[i])
        if size > 200_000 or n == len(again):
            whole = tokenizer([texts[j] for j in batch], truncation=False, return_attention_mask=False, verbose=False)[
                "input_ids"
            ]
            for j, row in zip(batch, whole, strict=True):
                lengths[j] = max(len(row), lengths[j])
            batch, size = [], 0
            progress(n, len(again), "Cutting the texts into tokens")
    return lengths


@cache
def rows_needed() -> int:
    """Test rows of a class from which on its 95 % interval (Wilson 1927) is no wider than ± 10 points, in tens.

    Planned for a class of which nine in ten are answered rightly; a worse one needs more.
    """
    n = 10
    while True:
        low, high = wilson(n * 9 // 10, n)
        if high - low <= 2 * HALF_WIDTH:
            return n
        n += 10


def _sides(parts: Split) -> tuple[Any, ...]:
    return parts.train, parts.validation, parts.test


def _texts(parts: Split) -> list[str]:
    return [*parts.train.texts, *parts.validation.texts, *parts.test.texts]


def _learned(parts: Split) -> npt.NDArray[np.bool_]:
    n = len(parts.train) + len(parts.validation)
    return np.arange(n + len(parts.test)) < n


def _conflicts(
    twins: Twins, labels: npt.NDArray[np.int64], places: list[Place], classes: tuple[str, ...]
) -> list[Conflict]:
    copies = np.flatnonzero(twins.copies)
    pairs = np.concatenate([np.stack([twins.same[copies], copies], 1), twins.pairs])
    similarity = np.concatenate([np.ones(len(copies)), twins.similarity])
    at = np.flatnonzero(labels[pairs[:, 0]] != labels[pairs[:, 1]])
    at = at[np.argsort(-similarity[at], kind="stable")]
    return [
        Conflict(places[a], places[b], (classes[labels[a]], classes[labels[b]]), round(float(s), 4))
        for (a, b), s in zip(pairs[at], similarity[at], strict=True)
    ]


def _sizes(parts: Split) -> list[ClassSize]:
    counts = [Counter(side.labels) for side in _sides(parts)]
    needed = rows_needed()
    train, validation, test = counts
    return [ClassSize(c, train[i], validation[i], test[i], test[i] >= needed) for i, c in enumerate(parts.classes)]


def length_report(lengths: Sequence[int], limit: int) -> Lengths:
    """How long texts are (tokens of each), and how many are longer than the `limit` that is read."""
    tokens = np.asarray(lengths, dtype=np.int64)
    longest = int(tokens.max())
    edges = np.unique(np.linspace(0, limit + 1, _BARS + 1).round().astype(np.int64)).tolist()
    edges += [longest + 1] if longest > limit else []
    counts = np.histogram(tokens, edges)[0].tolist()
    p50, p95, p99 = (int(q) for q in np.percentile(tokens, [50, 95, 99], method="inverted_cdf"))
    return Lengths(limit, p50, p95, p99, longest, int((tokens > limit).sum()), tuple(edges), tuple(counts))


def _flat(suspect: Suspect) -> dict[str, Any]:
    return asdict(suspect.place) | {"given": suspect.given, "suggested": suspect.suggested, "margin": suspect.margin}
