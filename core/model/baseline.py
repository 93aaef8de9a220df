"""What costs nothing: always the most frequent class, and logistic regression on the frozen embeddings.

The regression minimises the mean cross-entropy plus |W|²/(2 C n), the objective of scikit-learn's LogisticRegression,
by L-BFGS. It is written out because the library's own fit reports nothing while it runs: a person could not cancel.
"""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize
from torch import Tensor
from torch.nn import functional

from core.progress import Progress, silent

STRENGTHS = (3.0, 10.0, 30.0, 100.0)  # inverse regularisation; the validation rows choose, from strong to weak


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear classifier on embeddings: weight (classes, hidden), bias (classes), and how it was chosen."""

    weight: Tensor
    bias: Tensor
    strength: float
    validation_accuracy: float
    seconds: float

    def logits(self, x: Tensor) -> Tensor:
        """One logit a class for each row of embeddings."""
        return x @ self.weight.T + self.bias


def majority(labels: Sequence[int]) -> int:
    """The most frequent class; of equally frequent ones the first."""
    counts = Counter(labels)
    return min(counts, key=lambda c: (-counts[c], c))


def fit_one(
    x: Tensor, y: Tensor, n_classes: int, strength: float, start: Linear | None = None, progress: Progress = silent
) -> Linear:
    """Fit the regression of one strength; for out-of-fold probabilities, learning curves and probes.

    Args:
        x: training embeddings (rows, hidden), fp32.
        y: their classes (rows,).
        n_classes: classes in all, also those that no row has.
        strength: inverse regularisation, C.
        start: a regression of the same shape to start from, of another strength or other rows: fewer steps.
        progress: told several times a second.

    Returns:
        The regression; its `validation_accuracy` is NaN, for no rows validated it.
    """
    begun = time.perf_counter()
    flat = np.zeros(n_classes * (x.shape[1] + 1)) if start is None else _pack(start)
    flat = _minimise(x, y, n_classes, strength, flat, (0, 1), progress)
    weight, bias = _unpack(flat, n_classes, x.shape[1])
    return Linear(weight, bias, strength, math.nan, time.perf_counter() - begun)


def fit(
    x: Tensor, y: Tensor, x_validation: Tensor, y_validation: Tensor, n_classes: int, progress: Progress = silent
) -> Linear:
    """Fit one regression for each strength, each from the one before, and keep the best on the validation rows.

    Args:
        x: training embeddings (rows, hidden), fp32.
        y: their classes (rows,).
        x_validation: embeddings that choose the strength.
        y_validation: their classes.
        n_classes: classes in all.
        progress: told several times a second.
    """
    start = time.perf_counter()
    flat = np.zeros(n_classes * (x.shape[1] + 1))
    best: tuple[float, float, float, npt.NDArray[np.float64]] | None = None
    for n, strength in enumerate(STRENGTHS):
        flat = _minimise(x, y, n_classes, strength, flat, (n, len(STRENGTHS)), progress)
        weight, bias = _unpack(flat, n_classes, x.shape[1])
        logits = x_validation @ weight.T + bias
        accuracy = float((logits.argmax(1) == y_validation).float().mean())
        loss = float(functional.cross_entropy(logits, y_validation))
        if best is None or (accuracy, -loss) > best[:2]:
            best = (accuracy, -loss, strength, flat)
    assert best is not None  # noqa: S101 - STRENGTHS is not empty
    weight, bias = _unpack(best[3], n_classes, x.shape[1])
    return Linear(weight, bias, best[2], best[0], time.perf_counter() - start)


def _minimise(
    x: Tensor,
    y: Tensor,
    n_classes: int,
    strength: float,
    start: npt.NDArray[np.float64],
    which: tuple[int, int],
    progress: Progress,
) -> npt.NDArray[np.float64]:
    rows, hidden = x.shape
    target = functional.one_hot(y, n_classes).to(x.dtype)
    penalty = 1 / (strength * rows)

    def objective(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weight, bias = _unpack(flat, n_classes, hidden)
        log_p = functional.log_softmax(x @ weight.T + bias, dim=1)
        loss = -float((log_p * target).sum()) / rows + penalty / 2 * float((weight * weight).sum())
        error = (log_p.exp() - target) / rows
        gradient = torch.cat([(error.T @ x + penalty * weight).flatten(), error.sum(0)])
        return loss, gradient.double().numpy()

    steps = 0

    def tell(_: Any) -> None:
        nonlocal steps
        steps += 1
        share = which[0] + 1 - 0.97**steps  # the number of steps is not known beforehand
        progress(share, which[1], "Baseline: logistic regression")

    options = {"maxiter": 1000, "gtol": 1e-4, "ftol": 64 * np.finfo(float).eps}
    found = minimize(objective, start, jac=True, method="L-BFGS-B", callback=tell, options=options)
    return np.asarray(found.x, dtype=np.float64)


def _pack(linear: Linear) -> npt.NDArray[np.float64]:
    return torch.cat([linear.weight.flatten(), linear.bias]).double().numpy()


def _unpack(flat: npt.NDArray[np.float64], n_classes: int, hidden: int) -> tuple[Tensor, Tensor]:
    values = torch.from_numpy(flat).float()
    return values[: n_classes * hidden].view(n_classes, hidden), values[n_classes * hidden :]
