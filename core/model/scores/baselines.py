"""What needs no fine-tuning, on the same rows: the mean, words, nearest neighbours, ridge regression on embeddings."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import Ridge
from torch import Tensor

from core.model import tfidf
from core.model.baselines import NEIGHBOUR_COUNTS
from core.model.scores.stats import Errors, Floats, errors, rmse, rmse_interval
from core.model.split import ScoreSplit
from core.model.stats import Interval
from core.progress import Progress, part, silent

MEAN, WORDS, NEIGHBOURS, EMBEDDINGS = (
    "mean of the training scores",
    "TF-IDF + ridge",
    "nearest neighbours",
    "ridge on embeddings",
)
PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0)  # of ridge; the validation rows choose
_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Simple:
    """A baseline on the test rows.

    Attributes:
        test: what it predicts of them (rows,).
        validation: RMSE on the validation rows; what chooses between the baselines.
        seconds: to fit and to answer, reading the texts included where it needs their embeddings.
        settings: what the validation rows chose.
    """

    name: str
    test: Floats
    validation: float
    seconds: float
    settings: dict[str, float]


@dataclass(frozen=True, slots=True)
class Fitted:
    """The table, cheapest first, and the fitted models that "try it" and the tuned model's head go on with.

    Attributes:
        weight: of the ridge regression on embeddings (hidden,), fp32.
        bias: its bias.
        words: whose one output is the score.
        neighbours: how many of them.
        mean: of the training scores.
    """

    table: tuple[Simple, ...]
    weight: Tensor
    bias: float
    words: tfidf.TfIdf
    neighbours: int
    mean: float

    @property
    def best(self) -> Simple:
        """The one with the least error on the validation rows, the cheapest of equals; the test rows have no say."""
        return min(self.table, key=lambda b: b.validation)


@dataclass(frozen=True, slots=True)
class Measured:
    """A baseline's errors on the test rows.

    Attributes:
        fresh: RMSE on the test rows without a near-duplicate in training; None where there are none such.
        best: the one that a tuned model has to beat.
    """

    name: str
    errors: Errors
    fresh: Interval | None
    seconds: float
    validation: float
    settings: dict[str, float]
    best: bool

    def as_json(self) -> dict[str, Any]:
        """The baseline as JSON values."""
        return {
            "name": self.name,
            **self.errors.as_json(),
            "without_duplicates": self.fresh.value if self.fresh else None,
            "seconds": self.seconds,
            "validation_rmse": self.validation,
            "settings": self.settings,
            "best": self.best,
        }


def measured(fitted: Fitted, truth: Floats, fresh: Any, seed: int) -> tuple[Measured, ...]:
    """Score the baselines on all test rows (rows,), and on the `fresh` ones."""
    return tuple(
        Measured(
            b.name,
            errors(truth, b.test, seed),
            rmse_interval(truth[fresh], b.test[fresh], seed),
            b.seconds,
            b.validation,
            b.settings,
            b is fitted.best,
        )
        for b in fitted.table
    )


def fit_baselines(
    parts: ScoreSplit,
    embeddings: tuple[Tensor, Tensor, Tensor],
    embedding_seconds: float = 0.0,
    progress: Progress = silent,
) -> Fitted:
    """Fit every baseline, choose its settings on the validation rows, and answer the test rows once.

    Args:
        parts: the rows; the scores of the test rows are no business of a fit and are not read.
        embeddings: (rows, hidden) of training, validation and test, fp32, of unit length.
        embedding_seconds: what it took to make them; added to the baselines that use them.
        progress: told between fits.
    """
    y, checked = np.asarray(parts.train.scores), np.asarray(parts.validation.scores)
    mean = float(y.mean())
    always = Simple(MEAN, np.full(len(parts.test), mean), rmse(checked - mean), 0.0, {"mean": mean})

    begun = time.perf_counter()
    words, error = _words(parts, y, checked, part(progress, 0, 0.4))
    said = words.scores(parts.test.texts)[:, 0]
    by_words = Simple(WORDS, said, error, time.perf_counter() - begun, {"penalty": words.penalty})

    begun = time.perf_counter()
    x, x_validation, x_test = embeddings
    scores = torch.from_numpy(y)
    k, error = _choose_neighbours(x, scores, x_validation, checked, part(progress, 0.4, 0.6))
    said = neighbour_scores(x, scores, x_test, (k,), part(progress, 0.6, 0.7))[0]
    near = Simple(NEIGHBOURS, said, error, time.perf_counter() - begun + embedding_seconds, {"k": k})

    begun = time.perf_counter()
    line, error = _ridge(EMBEDDINGS, x.double().numpy(), y, x_validation.numpy(), checked, part(progress, 0.7, 1))
    said = line.predict(x_test.double().numpy())
    seconds = time.perf_counter() - begun + embedding_seconds
    dense = Simple(EMBEDDINGS, said, error, seconds, {"penalty": line.alpha})
    return Fitted(
        (always, by_words, near, dense),
        torch.from_numpy(line.coef_).float(),
        float(line.intercept_),
        words,
        k,
        mean,
    )


def neighbour_scores(x: Tensor, y: Tensor, ask: Tensor, counts: Sequence[int], progress: Progress = silent) -> Floats:
    """Mean score of the nearest rows, each weighing as much as its cosine, for each number of them (counts, asked).

    Args:
        x: embeddings of the rows (rows, hidden), of unit length.
        y: their scores (rows,).
        ask: embeddings of the texts asked (asked, hidden).
        counts: numbers of neighbours.
        progress: told every few hundred texts.
    """
    found = []
    for start in range(0, len(ask), _ROWS_AT_ONCE):
        progress(start, len(ask), "Baseline: nearest neighbours")
        near, which = (ask[start : start + _ROWS_AT_ONCE] @ x.T).topk(min(max(counts), len(x)))
        weight = near.double().clamp(min=1e-6)
        total, said = weight.cumsum(1), (weight * y[which].double()).cumsum(1)
        at = torch.tensor([min(k, len(x)) - 1 for k in counts])
        found.append((said[:, at] / total[:, at]).T)
    return np.asarray(torch.cat(found, 1).numpy())


def _choose_neighbours(
    x: Tensor, y: Tensor, x_validation: Tensor, checked: Floats, progress: Progress
) -> tuple[int, float]:
    """The number of neighbours with the least error on the validation rows, the smallest of equals, and that error."""
    said = neighbour_scores(x, y, x_validation, NEIGHBOUR_COUNTS, progress)
    error, k = min((rmse(row - checked), k) for k, row in zip(NEIGHBOUR_COUNTS, said, strict=True))
    return k, error


def _words(parts: ScoreSplit, y: Floats, checked: Floats, progress: Progress) -> tuple[tfidf.TfIdf, float]:
    progress(0, 1, "Baseline: counting words")
    counts = tfidf.hashed(parts.train.texts)
    columns, idf = tfidf.vocabulary(counts)
    x, x_validation = (tfidf.scaled(c[:, columns], idf) for c in (counts, tfidf.hashed(parts.validation.texts)))
    line, error = _ridge(WORDS, x, y, x_validation, checked, part(progress, 0.3, 1))
    weight, bias = line.coef_.reshape(1, -1).astype(np.float32), np.array([line.intercept_], dtype=np.float32)
    return tfidf.TfIdf(columns, idf, weight, bias, line.alpha), error


def _ridge(name: str, x: Any, y: Floats, x_validation: Any, checked: Floats, progress: Progress) -> tuple[Ridge, float]:
    """Ridge regression (Hoerl & Kennard 1970) of each penalty; the least error on the validation rows is kept."""
    found = []
    for done, penalty in enumerate(PENALTIES):
        progress(done, len(PENALTIES), f"Baseline: {name}")
        line = Ridge(alpha=penalty).fit(x, y)
        found.append((line, rmse(line.predict(x_validation) - checked)))
    return min(found, key=lambda pair: pair[1])
