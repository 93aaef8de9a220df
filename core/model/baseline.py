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

from core.model.threads import suited
from core.progress import Progress, silent

STRENGTHS = (3.0, 10.0, 30.0, 100.0)  # inverse regularisation; the validation rows choose, from strong to weak
# Of the preconditioned gradient: on BANKING77 (9,497 rows, 384 dimensions, 77 classes) a tenth of it took three times
# as many steps (801 for 242), lowered the objective by at most 0.33 % and changed right answers by at most 5 of 3,080.
GRADIENT = 1e-4


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
    flat = np.zeros(n_classes * (x.shape[1] + 1)) if start is None else _pack(start.weight, start.bias)
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
    """L-BFGS over preconditioned weights: centred rows, scaled by the root of the Hessian's curvature bound.

    Embeddings of a language model share a mean and vary along few directions, so steps in the plain weights zigzag.
    Neither change moves the minimum: the bias takes up the centre, and the penalty is of the plain weights.
    """
    rows, hidden = x.shape
    target = functional.one_hot(y, n_classes).to(x.dtype)
    penalty = 1 / (strength * rows)
    centre = x.mean(0)
    scale = _preconditioner(x - centre, penalty, n_classes)
    scaled = (x - centre) @ scale

    def objective(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        free, bias = _unpack(flat, n_classes, hidden)
        weight = free @ scale
        log_p = functional.log_softmax(torch.addmm(bias, scaled, free.T), dim=1)
        loss = -float((log_p * target).sum()) / rows + penalty / 2 * float((weight * weight).sum())
        error = log_p.exp_().sub_(target).div_(rows)
        gradient = torch.cat([(error.T @ scaled + penalty * weight @ scale).flatten(), error.sum(0)])
        return loss, gradient.double().numpy()

    steps = 0

    def tell(_: Any) -> None:
        nonlocal steps
        steps += 1
        share = which[0] + 1 - 0.97**steps  # the number of steps is not known beforehand
        progress(share, which[1], "Baseline: logistic regression")

    weight, bias = _unpack(start, n_classes, hidden)
    begin = _pack(torch.linalg.solve(scale, weight, left=False), bias + weight @ centre)
    options = {"maxiter": 1000, "gtol": GRADIENT, "ftol": 64 * np.finfo(float).eps, "maxcor": 20}
    with suited(rows * hidden * n_classes):
        found = minimize(objective, begin, jac=True, method="L-BFGS-B", callback=tell, options=options)
    free, bias = _unpack(np.asarray(found.x, dtype=np.float64), n_classes, hidden)
    weight = free @ scale
    return _pack(weight, bias - weight @ centre)


def _preconditioner(centred: Tensor, penalty: float, n_classes: int) -> Tensor:
    """(Covariance / classes + penalty)^-1/2, symmetric: near the inverse root of the loss's mean curvature."""
    values, vectors = torch.linalg.eigh(centred.T.double() @ centred.double() / len(centred))
    root = (values.clamp(min=0) / n_classes + penalty).rsqrt()
    return ((vectors * root) @ vectors.T).to(centred.dtype)


def _pack(weight: Tensor, bias: Tensor) -> npt.NDArray[np.float64]:
    return np.concatenate([weight.numpy().ravel(), bias.numpy()]).astype(np.float64)


def _unpack(flat: npt.NDArray[np.float64], n_classes: int, hidden: int) -> tuple[Tensor, Tensor]:
    values = torch.from_numpy(flat).float()
    return values[: n_classes * hidden].view(n_classes, hidden), values[n_classes * hidden :]
