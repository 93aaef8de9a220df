"""Training, validation and test rows: stratified, repeatable, and no text on two sides.

The same question asked twice and split over training and test would be answered from memory, so rows whose
normalised texts are equal stay together (Kaufman et al., Leakage in data mining, 2012).
"""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from random import Random

from core.errors import InputError
from core.model.data import Rows, ScoredRows, check_classes, free_text, normalised
from core.model.tables import named

TEST_SHARE = 0.2
VALIDATION_SHARE = 0.1
SCORE_BANDS = 10
VALIDATION_ROWS = 500  # more would cost training rows and settle little: the early stop only has to see the trend


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one side: texts, the index of each one's class, and the number each has in its file."""

    texts: tuple[str, ...]
    labels: tuple[int, ...]
    rows: tuple[int, ...] = field(default=(), compare=False)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.texts)


@dataclass(frozen=True, slots=True)
class Split:
    """The three sides, and `texts` whose label is not known or not to be used.

    `left_out` training rows were dropped because the test file holds the same text.
    """

    classes: tuple[str, ...]
    train: Part
    validation: Part
    test: Part
    left_out: int = 0
    texts: tuple[str, ...] = field(default=(), compare=False)

    @property
    def sha256(self) -> str:
        """A hash of every row and side: two runs with the same one saw the same data."""
        digest = hashlib.sha256(repr(self.classes).encode())
        for part in (self.train, self.validation, self.test):
            digest.update(repr((part.texts, part.labels)).encode())
        return digest.hexdigest()

    @property
    def texts_sha256(self) -> str:
        """A hash of the texts without a label."""
        return hashlib.sha256(repr(self.texts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ScoreSplit:
    """The three sides of rows with scores; `left_out` as in `Split`."""

    train: ScoredRows
    validation: ScoredRows
    test: ScoredRows
    left_out: int = 0

    @property
    def sha256(self) -> str:
        """A hash of every row and side, as of `Split`."""
        digest = hashlib.sha256()
        for part in (self.train, self.validation, self.test):
            digest.update(repr((part.texts, part.scores)).encode())
        return digest.hexdigest()


def split(rows: Rows, test: Rows | None, seed: int, name: str) -> Split:
    """Hold back validation rows, and test rows too where no test file is given.

    Args:
        rows: the labelled rows to learn from.
        test: the rows of a given test file, or None.
        seed: decides which rows are held back; the same seed and rows give the same split.
        name: the file's name, for messages.

    Raises:
        InputError: one class only, a class too small, or test labels that no training row has.
    """
    check_classes(rows, name)
    classes = tuple(sorted(set(rows.labels)))
    groups = _groups(rows)
    left_out = 0
    if test is not None:
        _check_seen(test, classes)
        held = {normalised(t) for t in test.texts}
        left_out = sum(len(rows_) for key, rows_ in groups.items() if key in held)
        groups = {key: rows_ for key, rows_ in groups.items() if key not in held}
    sides = _deal(_strata(rows, groups), Random(seed), hold_test=test is None)  # noqa: S311 - a split, not a secret
    train, validation, held_out = (_part(rows, classes, side) for side in sides)
    _check_sides(train, validation, classes, name)
    if test is not None:
        held_out = _part(test, classes, list(range(len(test))))
    elif set(held_out.labels) != set(range(len(classes))):
        lost = [c for i, c in enumerate(classes) if i not in held_out.labels]
        raise _too_small(name, lost)
    return Split(classes, train, validation, held_out, left_out)


def split_scores(rows: ScoredRows, test: ScoredRows | None, seed: int, name: str) -> ScoreSplit:
    """As `split`, for scores: ten bands of equally many texts, from low to high, give each side its share.

    Raises:
        InputError: too few different texts to hold some back.
    """
    groups = _groups(rows)
    held = {normalised(t) for t in test.texts} if test else set()
    kept = [members for key, members in groups.items() if key not in held]
    if len(kept) < 5 * SCORE_BANDS:
        raise InputError(f"{name}: {len(kept)} different texts to learn from; at least {5 * SCORE_BANDS} are needed.")
    kept.sort(key=lambda members: (sum(rows.scores[i] for i in members) / len(members), members[0]))
    edges = [band * len(kept) // SCORE_BANDS for band in range(SCORE_BANDS + 1)]
    bands = {str(band): kept[edges[band] : edges[band + 1]] for band in range(SCORE_BANDS)}
    sides = _deal(bands, Random(seed), hold_test=test is None)  # noqa: S311 - a split, not a secret
    train, validation, held_out = (_scored(rows, side) for side in sides)
    return ScoreSplit(train, validation, test or held_out, len(rows) - sum(map(len, kept)))


def _scored(rows: ScoredRows, side: list[int]) -> ScoredRows:
    return ScoredRows(
        tuple(rows.texts[i] for i in side), tuple(rows.scores[i] for i in side), tuple(rows.rows[i] for i in side)
    )


def _groups(rows: Rows | ScoredRows) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for i, text in enumerate(rows.texts):
        groups[normalised(text)].append(i)
    return groups


def _strata(rows: Rows, groups: dict[str, list[int]]) -> dict[str, list[list[int]]]:
    """Groups by the label most of their rows have: equal texts with different labels count once."""
    strata: dict[str, list[list[int]]] = defaultdict(list)
    for members in groups.values():
        counts = Counter(rows.labels[i] for i in members)
        strata[min(counts, key=lambda c: (-counts[c], c))].append(members)
    return strata


def _deal(strata: dict[str, list[list[int]]], random: Random, *, hold_test: bool) -> tuple[list[int], ...]:
    total = sum(len(groups) for groups in strata.values())
    share = min(VALIDATION_SHARE, VALIDATION_ROWS / max(total, 1))
    sides: tuple[list[int], ...] = ([], [], [])
    for label in sorted(strata):
        groups = strata[label]
        random.shuffle(groups)
        n_test = max(1, round(TEST_SHARE * len(groups))) if hold_test and len(groups) > 1 else 0
        rest = len(groups) - n_test
        n_validation = max(1, round(share * rest)) if rest >= 4 else 0
        for n, group in enumerate(groups):
            sides[2 if n < n_test else 1 if n < n_test + n_validation else 0].extend(group)
    return tuple(sorted(side) for side in sides)


def _part(rows: Rows, classes: tuple[str, ...], side: list[int]) -> Part:
    index = {c: i for i, c in enumerate(classes)}
    return Part(
        tuple(rows.texts[i] for i in side),
        tuple(index[rows.labels[i]] for i in side),
        tuple(rows.rows[i] for i in side),
    )


def _check_seen(test: Rows, classes: tuple[str, ...]) -> None:
    unseen = sorted(set(test.labels) - set(classes))
    if unseen and free_text(test.labels):
        raise InputError(
            f"The test file's label column holds {len(unseen):,} values that no training row has; "
            "name the column that holds the answer."
        )
    if unseen:
        raise InputError(
            f"The test file has labels that no training row has: {named(unseen)}. "
            "Add training rows for them, or correct the labels."
        )


def _check_sides(train: Part, validation: Part, classes: tuple[str, ...], name: str) -> None:
    learned = set(train.labels)
    lost = [c for i, c in enumerate(classes) if i not in learned]
    if lost:
        raise _too_small(name, lost)
    if not validation.labels:
        raise InputError(f"{name}: too few rows to hold some back; give at least one class five different texts.")


def _too_small(name: str, lost: list[str]) -> InputError:
    return InputError(
        f"{name}: too few different texts in {named(lost)}: rows with the same text stay on one side of the split, "
        "so each class needs at least two texts of its own that the test file does not hold."
    )
