"""What training makes small, and what an epoch is judged by."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from scipy.stats import spearmanr
from torch import Tensor
from torch.nn import functional

from core.errors import InputError
from core.model.config import TrainConfig

Loss = Callable[[Tensor, Tensor], Tensor]  # logits (rows, outputs) and labels (rows,) to one number


@dataclass(frozen=True, slots=True)
class Taught:
    """What a teacher says of the training rows, and how a student learns from it (Hinton 2015, arXiv 1503.02531).

    Attributes:
        logits: of the rows in their order (rows, classes).
        temperature: that both soften their answers by.
        weight: share of the teacher in the loss; the rest is the labels'.
    """

    logits: Tensor
    temperature: float
    weight: float

    def loss(self, hard: Tensor, logits: Tensor, teacher: Tensor) -> Tensor:
        """The labels' loss `hard` mixed with T² · KL(teacher ‖ student), T² so that both gradients stay comparable."""
        said = functional.log_softmax(logits / self.temperature, dim=-1)
        wanted = functional.log_softmax(teacher / self.temperature, dim=-1)
        apart = functional.kl_div(said, wanted, reduction="batchmean", log_target=True)
        return (1 - self.weight) * hard + self.weight * self.temperature**2 * apart


@dataclass(frozen=True, slots=True)
class Scale:
    """Mean and standard deviation of the scores learnt from: inside, the model predicts how many of these off it is."""

    mean: float = 0.0
    std: float = 1.0

    def inside(self, scores: Tensor) -> Tensor:
        """Scores as the model learns them."""
        return (scores.float() - self.mean) / self.std

    def outside(self, predicted: Tensor) -> Tensor:
        """What the model says, as scores again."""
        return predicted * self.std + self.mean


def scale_of(scores: Sequence[float]) -> Scale:
    """The scale of the training rows' scores.

    Raises:
        InputError: a score is no finite number, or all are equal.
    """
    values = torch.tensor(scores, dtype=torch.float64)
    wrong = (~values.isfinite()).nonzero()
    if len(wrong):
        raise InputError(f"Training row {int(wrong[0]) + 1}: the score is no finite number.")
    mean, std = float(values.mean()), float(values.std(correction=0))
    if not std > 1e-9 * max(1.0, abs(mean)):
        raise InputError("All scores of the training rows are equal: there is nothing to predict.")
    return Scale(mean, std)


def balanced_weights(labels: Sequence[float], n_classes: int) -> Tensor:
    """One weight a class, n / (classes · rows of the class): each class weighs the same (King & Zeng 2001)."""
    counts = torch.bincount(torch.tensor(labels, dtype=torch.long), minlength=n_classes).clamp(min=1)
    return len(labels) / (n_classes * counts.float())


def focal(logits: Tensor, labels: Tensor, gamma: float, weights: Tensor | None = None) -> Tensor:
    """Focal loss: the mean over rows of (1 - p)^gamma · -log p, p the probability of the right class.

    Lin et al. 2017 (arXiv 1708.02002), equation 5; class weights take the place of its alpha. The mean is over the
    rows' weights, so that with gamma 0 it is the weighted cross-entropy.
    """
    log_p = functional.log_softmax(logits, dim=-1).gather(1, labels.unsqueeze(1)).squeeze(1)
    off = (-torch.expm1(log_p)).clamp(min=1e-8)  # at 0 the power's slope has no end where gamma is below 1
    each = off**gamma * -log_p
    if weights is None:
        return each.mean()
    weight = weights[labels]
    return (weight * each).sum() / weight.sum()


def squared_error(logits: Tensor, scores: Tensor) -> Tensor:
    """Mean squared error of standardised scores (rows,) against one output a row (rows, 1)."""
    return functional.mse_loss(logits.squeeze(-1), scores)


def training_loss(config: TrainConfig, labels: Sequence[float], n_classes: int) -> Loss:
    """The loss that a configuration asks for, over classes 0 to n_classes - 1 or over standardised scores."""
    if config.task == "score":
        return squared_error
    weights = balanced_weights(labels, n_classes) if config.class_weights else None
    if config.loss == "focal":
        return lambda logits, y: focal(logits, y, config.focal_gamma, weights)
    return lambda logits, y: functional.cross_entropy(logits, y, weight=weights, label_smoothing=config.label_smoothing)


def class_metrics(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """Accuracy; `score` breaks ties between epochs by the loss, far below one row's worth of accuracy."""
    accuracy = float((logits.argmax(-1) == labels).double().mean())
    loss = float(functional.cross_entropy(logits.float(), labels))
    return {"accuracy": accuracy, "score": accuracy - 1e-9 * min(loss, 1e3)}


def score_metrics(predicted: Tensor, scores: Tensor) -> dict[str, float]:
    """Root of the mean squared error and mean absolute error in the scores' own unit, and the ranks' correlation.

    Spearman's correlation is left out where it is not defined: all predictions or all scores are equal.
    """
    error = predicted.double() - scores.double()
    rmse = float(error.square().mean().sqrt())
    found = {"rmse": rmse, "mae": float(error.abs().mean()), "score": -rmse}
    if predicted.unique().numel() > 1 and scores.unique().numel() > 1:
        spearman = float(spearmanr(predicted.numpy(), scores.numpy()).statistic)
        found |= {"spearman": spearman} if math.isfinite(spearman) else {}
    return found
