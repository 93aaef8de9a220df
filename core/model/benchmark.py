"""The figures of a tuned model on its test rows, each with an interval, beside the baselines on the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from core.model.baselines import Baselines
from core.model.stats import Interval, Ints, calibration_error, confusion_matrix, macro_f1_interval, share


@dataclass(frozen=True, slots=True)
class BaselineScore:
    """A baseline's accuracy on the test rows, and the seconds it took to fit and to answer.

    Attributes:
        fresh: accuracy on the test rows without a near-duplicate in training; None where there is none such.
        validation: share of right answers on the validation rows.
        best: whether that is the most of all baselines, so that this is the one a tuned model has to beat.
    """

    name: str
    accuracy: Interval
    fresh: Interval | None
    seconds: float
    validation: float
    best: bool

    def as_json(self) -> dict[str, Any]:
        """The baseline as JSON values."""
        a, f = self.accuracy, self.fresh
        return {
            "name": self.name,
            "accuracy": a.value,
            "low": a.low,
            "high": a.high,
            "without_duplicates": f.value if f else None,
            "seconds": self.seconds,
            "validation_accuracy": self.validation,
            "best": self.best,
        }


def baseline_scores(fitted: Baselines, truth: Ints, fresh: npt.NDArray[np.bool_]) -> tuple[BaselineScore, ...]:
    """Score the baselines' answers on all test rows, and on the `fresh` ones."""
    return tuple(
        BaselineScore(
            b.name,
            share_right(b.answers, truth),
            share_fresh(b.answers, truth, fresh),
            b.seconds,
            b.validation,
            b is fitted.best,
        )
        for b in fitted.table
    )


def share_right(answers: Ints, truth: Ints) -> Interval:
    """The share of right answers with its interval."""
    return share(int((answers == truth).sum()), len(truth))


def share_fresh(answers: Ints, truth: Ints, fresh: npt.NDArray[np.bool_]) -> Interval | None:
    """The same on the `fresh` rows alone; None where there are none."""
    return share_right(answers[fresh], truth[fresh]) if fresh.any() else None


@dataclass(frozen=True, slots=True)
class Scores:
    """A classifier on the test rows. `confusion` counts true class (row) by answer (column)."""

    accuracy: Interval
    macro_f1: Interval
    ece: float
    confusion: tuple[tuple[int, ...], ...]
    per_class: tuple[dict[str, Any], ...]
    n: int


def score(logits: Tensor, truth: Sequence[int], classes: Sequence[str], seed: int) -> Scores:
    """Score logits (rows, classes) against the true classes."""
    labels = np.asarray(truth, dtype=np.int64)
    probabilities = logits.softmax(-1).numpy()
    answers = probabilities.argmax(-1).astype(np.int64)
    right = answers == labels
    confusion = confusion_matrix(labels, answers, len(classes))
    return Scores(
        accuracy=share(int(right.sum()), len(labels)),
        macro_f1=macro_f1_interval(confusion, seed),
        ece=calibration_error(probabilities.max(-1), right),
        confusion=tuple(tuple(int(v) for v in row) for row in confusion),
        per_class=tuple(_of_class(confusion, i, c) for i, c in enumerate(classes)),
        n=len(labels),
    )


def _of_class(confusion: Any, i: int, label: str) -> dict[str, Any]:
    """Precision, recall and F1 of a class; None where no row has it or no answer names it."""
    right, true, answered = int(confusion[i, i]), int(confusion[i].sum()), int(confusion[:, i].sum())
    return {
        "label": label,
        "n": true,
        "precision": right / answered if answered else None,
        "recall": right / true if true else None,
        "f1": 2 * right / (true + answered) if true + answered else None,
    }
