"""What needs no fine-tuning, on the same rows: most frequent class, words, nearest neighbours, logistic regression.

If the tuned model is not shown to be better than the best of these, fine-tuning was not worth it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from core.model import baseline, tfidf
from core.model.baseline import Linear
from core.model.stats import Ints
from core.progress import Progress, part, silent

MAJORITY, WORDS, NEIGHBOURS, REGRESSION = (
    "most frequent class",
    "TF-IDF + linear",
    "nearest neighbours",
    "logistic regression",
)
NEIGHBOUR_COUNTS = (1, 3, 5, 10, 20)
_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Baseline:
    """One baseline on the test rows.

    Attributes:
        answers: the class of each test row (rows,).
        probabilities: (rows, classes), or None where the method gives scores that are no probabilities.
        validation: share of the validation rows answered rightly; what chooses between the baselines.
        seconds: to fit and to answer, reading the texts included where it needs their embeddings.
        settings: what the validation rows chose.
    """

    name: str
    answers: Ints
    probabilities: npt.NDArray[np.float32] | None
    validation: float
    seconds: float
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Baselines:
    """The table, cheapest first, and the fitted models that "try it" and the tuned model's head go on with.

    Attributes:
        chosen: the regression on the training rows alone, which the validation rows chose.
        linear: the one that answers: the same, or fitted again on training and validation rows.
    """

    table: tuple[Baseline, ...]
    chosen: Linear
    linear: Linear
    words: tfidf.TfIdf
    neighbours: int

    def __getitem__(self, name: str) -> Baseline:
        """The baseline of that name."""
        return next(b for b in self.table if b.name == name)

    @property
    def best(self) -> Baseline:
        """The one that answers most validation rows rightly, the cheapest of equals; the test rows have no say."""
        return max(self.table, key=lambda b: b.validation)


def measure_baselines(
    texts: tuple[Sequence[str], Sequence[str], Sequence[str]],
    labels: tuple[Sequence[int], Sequence[int]],
    embeddings: tuple[Tensor, Tensor, Tensor],
    n_classes: int,
    embedding_seconds: float = 0.0,
    progress: Progress = silent,
    *,
    refit: bool = False,
) -> Baselines:
    """Fit every baseline, choose its settings on the validation rows, and answer the test rows once.

    Args:
        texts: of the training, validation and test rows.
        labels: classes of the training and validation rows; those of the test rows are no business of a fit.
        embeddings: (rows, hidden) of the three, fp32, of unit length.
        n_classes: classes in all.
        embedding_seconds: what it took to make the embeddings; added to the baselines that use them.
        progress: told several times a second.
        refit: fit each again, as it was chosen, on training and validation rows together before it answers.
    """
    y, y_validation = (torch.tensor(side) for side in labels)
    x, x_validation, x_test = embeddings
    learned = [*labels[0], *labels[1]] if refit else labels[0]
    all_x, all_y = (torch.cat([x, x_validation]) if refit else x), torch.tensor(learned)
    most = baseline.majority(learned)
    shares = np.bincount(np.asarray(learned), minlength=n_classes) / len(learned)
    rows = len(x_test)
    constant = np.broadcast_to(shares.astype(np.float32), (rows, n_classes))

    def checked(answers: Ints) -> float:
        return float((answers == y_validation.numpy()).mean())

    constantly = checked(np.full(len(y_validation), most, dtype=np.int64))
    table = [Baseline(MAJORITY, np.full(rows, most, dtype=np.int64), constant, constantly, 0.0, {"class": most})]

    begun = time.perf_counter()
    words = tfidf.fit(texts[0], labels[0], texts[1], labels[1], n_classes, part(progress, 0, 0.4))
    right = checked(words.scores(texts[1]).argmax(1).astype(np.int64))
    if refit:
        words = tfidf.fit_one([*texts[0], *texts[1]], learned, n_classes, words.penalty, part(progress, 0, 0.4))
    said = words.scores(texts[2]).argmax(1).astype(np.int64)
    seconds = time.perf_counter() - begun
    table.append(Baseline(WORDS, said, None, right, seconds, {"penalty": words.penalty}))

    begun = time.perf_counter()
    k, right = choose_neighbours(x, y, x_validation, y_validation, n_classes, part(progress, 0.4, 0.5))
    votes = neighbour_votes(all_x, all_y, x_test, k, n_classes, part(progress, 0.5, 0.6))
    table.append(_of(NEIGHBOURS, votes, right, time.perf_counter() - begun + embedding_seconds, {"k": k}))

    begun = time.perf_counter()
    chosen = linear = baseline.fit(x, y, x_validation, y_validation, n_classes, part(progress, 0.6, 1))
    if refit:
        linear = baseline.fit_one(all_x, all_y, n_classes, chosen.strength, chosen)
    seconds = time.perf_counter() - begun + embedding_seconds
    said_by_linear = linear.logits(x_test).softmax(1)
    table.append(_of(REGRESSION, said_by_linear, chosen.validation_accuracy, seconds, {"strength": chosen.strength}))
    return Baselines(tuple(table), chosen, linear, words, k)


def neighbour_votes(x: Tensor, y: Tensor, ask: Tensor, k: int, n_classes: int, progress: Progress = silent) -> Tensor:
    """Each class's share of the k nearest rows' votes (asked, classes), a vote weighing as much as its cosine."""
    found = []
    for start in range(0, len(ask), _ROWS_AT_ONCE):
        progress(start, len(ask), "Baseline: nearest neighbours")
        near, which = (ask[start : start + _ROWS_AT_ONCE] @ x.T).topk(min(k, len(x)))
        votes = torch.zeros(len(near), n_classes).scatter_add_(1, y[which], near.clamp(min=1e-6))
        found.append(functional.normalize(votes, p=1, dim=1))
    return torch.cat(found)


def choose_neighbours(
    x: Tensor, y: Tensor, x_validation: Tensor, y_validation: Tensor, n_classes: int, progress: Progress = silent
) -> tuple[int, float]:
    """The number of neighbours that answers most validation rows rightly, the smallest of equals, and their share."""
    right = {}
    for n, k in enumerate(NEIGHBOUR_COUNTS):
        step = part(progress, n / len(NEIGHBOUR_COUNTS), (n + 1) / len(NEIGHBOUR_COUNTS))
        votes = neighbour_votes(x, y, x_validation, k, n_classes, step)
        right[k] = int((votes.argmax(1) == y_validation).sum())
    best = max(right, key=lambda k: (right[k], -k))
    return best, right[best] / len(y_validation)


def _of(name: str, probabilities: Tensor, right: float, seconds: float, settings: dict[str, Any]) -> Baseline:
    p = probabilities.numpy().astype(np.float32)
    return Baseline(name, p.argmax(1).astype(np.int64), p, right, seconds, settings)
