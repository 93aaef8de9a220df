"""What is true of rows with scores before anything is trained on them: spread, lengths, copies, contradictions.

Nothing here holds a text. Rows are named by file and by the number that a person who opens the file sees.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from core.model.audit import LISTED, Lengths, Place, length_report
from core.model.near import THRESHOLD, Twins, find_twins
from core.model.scores.stats import Floats
from core.model.split import ScoreSplit
from core.model.stats import Interval
from core.progress import Progress, part, silent

_BARS = 24
_FEW_VALUES = 24  # different scores up to which each has a bar of its own
_LEAST_FREEDOM = 10  # repeated rows below which their disagreement says nothing
_FAR = 0.01  # share of the rows that lie farthest off


@dataclass(frozen=True, slots=True)
class Bar:
    """Rows with low <= score < high (the last bar holds `high` too), or of one score where both are equal."""

    low: float
    high: float
    learned: int
    tested: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How the scores are distributed.

    Attributes:
        std: standard deviation: the RMSE of a model that always says the mean.
        distinct: different scores.
        far: share of all squared deviation from the mean that the hundredth of the rows farthest off makes up. RMSE
            weighs errors so, and where it is large a few rows decide what it says.
        bars: a histogram; training and validation rows are learned from.
    """

    least: float
    p10: float
    p50: float
    p90: float
    most: float
    mean: float
    std: float
    distinct: int
    far: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """How far apart the scores of the same text are: no model that reads the text alone can be closer on average.

    Attributes:
        rmse: pure error (Draper & Smith, Applied Regression Analysis, 1998, ch. 2): the root of the squared deviation
            from each text's mean, divided by rows minus texts; 95 % interval by the chi-squared distribution.
        texts: different texts that come more than once.
        rows: rows that hold them.
    """

    rmse: Interval
    texts: int
    rows: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two rows that say the same, or nearly, with scores far apart; `similarity` 1 is the same."""

    a: Place
    b: Place
    scores: tuple[float, float]
    similarity: float


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """What was found; training rows include the validation rows. Copies are told as in `core.model.audit.DataReport`.

    Attributes:
        gap: how far apart two scores of one text must be to be listed as a conflict: one standard deviation.
        conflicts: the farthest apart first, at most 1,000 of `n_conflicts`.
        repeat: None where too few rows repeat a text.
    """

    rows: tuple[int, int, int]
    spread: Spread
    lengths: Lengths
    exact_train: int
    left_out: int
    near_train: int
    near_groups: int
    twins: tuple[int, ...]
    near_test: tuple[Place, ...]
    gap: float
    conflicts: tuple[Conflict, ...]
    n_conflicts: int
    repeat: Repeat | None
    notes: tuple[str, ...]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The report as the command line prints it."""
        train, validation, test = self.rows
        return {
            "n_train": train,
            "n_validation": validation,
            "n_test": test,
            "scores": asdict(self.spread),
            "lengths": asdict(self.lengths),
            "exact_duplicates": {"train": self.exact_train, "left_out": self.left_out},
            "near_duplicates": {
                "threshold": THRESHOLD,
                "train": self.near_train,
                "train_groups": self.near_groups,
                "test": len(self.twins),
                "test_rows": [asdict(p) for p in self.near_test],
            },
            "conflicts": {
                "gap": self.gap,
                "count": self.n_conflicts,
                "pairs": [asdict(c) for c in self.conflicts],
            },
            "repeat_error": asdict(self.repeat) if self.repeat else None,
            "notes": list(self.notes),
            "seconds": self.seconds,
        }


def inspect_scores(
    parts: ScoreSplit,
    *,
    files: tuple[str, str],
    lengths: Sequence[int],
    limit: int,
    notes: tuple[str, ...] = (),
    progress: Progress = silent,
) -> ScoreReport:
    """Report on the rows of a split.

    Args:
        parts: made by `split_scores`, which knows each row's number in its file.
        files: names of the file with the training rows and of the one with the test rows.
        lengths: tokens of each uncut text of training, validation and test, in this order.
        limit: tokens of a text that the model reads.
        notes: passed on.
        progress: told at least every second or two.
    """
    begun = time.perf_counter()
    sides = (parts.train, parts.validation, parts.test)
    scores = np.array([s for side in sides for s in side.scores])
    learned = np.arange(len(scores)) < len(parts.train) + len(parts.validation)
    places = [Place(files[side is parts.test], row) for side in sides for row in side.rows]
    twins = find_twins([t for side in sides for t in side.texts], progress=part(progress, 0, 0.9))
    beside = np.unique(twins.pairs[learned[twins.pairs].all(1)])
    found = np.flatnonzero(twins.near(learned)[~learned])
    spread = spread_of(scores, learned)
    conflicts = _conflicts(twins, scores, places, spread.std)
    return ScoreReport(
        rows=(len(parts.train), len(parts.validation), len(parts.test)),
        spread=spread,
        lengths=length_report(lengths, limit),
        exact_train=int(twins.copies[learned].sum()),
        left_out=parts.left_out,
        near_train=len(beside),
        near_groups=len(np.unique(twins.group[beside])),
        twins=tuple(found.tolist()),
        near_test=tuple(places[i + int(learned.sum())] for i in found[:LISTED]),
        gap=spread.std,
        conflicts=tuple(conflicts[:LISTED]),
        n_conflicts=len(conflicts),
        repeat=repeat_error(twins.same, scores),
        notes=notes,
        seconds=time.perf_counter() - begun,
    )


def spread_of(scores: Floats, learned: npt.NDArray[np.bool_]) -> Spread:
    """The distribution of scores (rows,), of which `learned` (rows,) are learned from and the others tested on."""
    values = np.unique(scores)
    if len(values) <= _FEW_VALUES:
        low = high = values
        of_bar = np.searchsorted(values, scores)
    else:
        edges = np.linspace(values[0], values[-1], _BARS + 1)
        low, high = edges[:-1], edges[1:]
        of_bar = np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, _BARS - 1)
    counts = [np.bincount(of_bar[side], minlength=len(low)) for side in (learned, ~learned)]
    squares = np.sort(np.square(scores - scores.mean()))
    p10, p50, p90 = np.quantile(scores, [0.1, 0.5, 0.9])
    return Spread(
        least=float(values[0]),
        p10=float(p10),
        p50=float(p50),
        p90=float(p90),
        most=float(values[-1]),
        mean=float(scores.mean()),
        std=float(scores.std()),
        distinct=len(values),
        far=float(squares[-math.ceil(_FAR * len(scores)) :].sum() / squares.sum()),
        bars=tuple(Bar(float(a), float(b), int(n), int(m)) for a, b, n, m in zip(low, high, *counts, strict=True)),
    )


def repeat_error(same: npt.NDArray[np.int64], scores: Floats) -> Repeat | None:
    """The pure error of rows (rows,) whose texts are equal where `same` (rows,) is; None where too few are."""
    _, text, rows = np.unique(same, return_inverse=True, return_counts=True)
    means = np.bincount(text, weights=scores) / rows
    again = rows > 1
    freedom = int((rows[again] - 1).sum())
    if freedom < _LEAST_FREEDOM:
        return None
    squares = float(np.square(scores - means[text]).sum())
    low, high = (math.sqrt(squares / chi2.ppf(q, freedom)) for q in (0.975, 0.025))
    return Repeat(Interval(math.sqrt(squares / freedom), low, high), int(again.sum()), int(rows[again].sum()))


def _conflicts(twins: Twins, scores: Floats, places: list[Place], gap: float) -> list[Conflict]:
    copies = np.flatnonzero(twins.copies)
    pairs = np.concatenate([np.stack([twins.same[copies], copies], 1), twins.pairs])
    similarity = np.concatenate([np.ones(len(copies)), twins.similarity])
    apart = np.abs(scores[pairs[:, 0]] - scores[pairs[:, 1]])
    at = np.flatnonzero(apart > gap)
    at = at[np.argsort(-apart[at], kind="stable")]
    return [
        Conflict(places[a], places[b], (float(scores[a]), float(scores[b])), round(float(s), 4))
        for (a, b), s in zip(pairs[at], similarity[at], strict=True)
    ]
