"""Texts without a label: labels spread to them from near labelled ones, and a model learns from both.

Where a few rows of each class are labelled, many more texts often lie about. A model tuned on the labelled rows puts
texts of one class near one another, so the labels are spread along nearest neighbours (Zhou et al. 2004, Learning with
local and global consistency), and a second model learns from all texts (self-training, Lee 2013). What spreads are
shares of the classes, so a text between two of them stays between them.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy.sparse import csr_matrix
from sklearn.neighbors import kneighbors_graph
from sklearn.semi_supervised import LabelSpreading
from torch import Tensor
from torch.nn.functional import one_hot

from core.model.classifier import Classifier, Encoded, in_batches
from core.model.config import TrainConfig
from core.model.losses import Taught
from core.model.train import Training, fine_tune
from core.progress import Progress, part, silent

EPOCHS = 3  # of the second training, which starts from the base model again
FOLDER = "spread"  # of the second training
# Chosen on BANKING77's training rows, ten of each class labelled (one draw, 7,000 texts): 88.9 % of the labels right,
# 86.3 by the model itself; 88.0 to 89.0 with 10 or 20 neighbours, a width of .03 to .1 and a share of .9 or .97.
_NEIGHBOURS, _WIDTH, _FROM_OTHERS = 10, 0.05, 0.95
_SWEEPS = 200
_LEAST = 1e-6  # share of a class that nothing speaks for: its logarithm is learned from


def spread(x: Tensor, labels: Sequence[int], classes: int) -> Tensor:
    """Shares of the classes (rows, classes) for the rows after the labelled ones; each row's add up to 1.

    Args:
        x: embeddings of unit length (labelled rows, then the others; hidden).
        labels: classes of the first rows, at least one row of each.
        classes: how many there are.
    """
    known = np.r_[np.asarray(labels, dtype=np.int64), np.full(len(x) - len(labels), -1)]
    model = LabelSpreading(kernel=_graph, alpha=_FROM_OTHERS, max_iter=_SWEEPS, tol=1e-4 * len(x))
    with np.errstate(invalid="ignore", divide="ignore"):  # a text that no label reaches
        model.fit(x.double().numpy(), known)
    shares = torch.zeros(len(x) - len(labels), classes)
    shares[:, torch.from_numpy(model.classes_)] = torch.from_numpy(model.label_distributions_[len(labels) :]).float()
    unreached = ~(shares.sum(1) > 0.5)
    shares[unreached] = 1 / classes
    return shares


def _graph(x: npt.NDArray[np.float64], _: object = None) -> csr_matrix:
    """How alike near rows are, exp(-d²/2w) of their distance d: symmetric, 0 for rows that are not near."""
    near = kneighbors_graph(x, min(_NEIGHBOURS, len(x) - 1), mode="distance")
    near.data = np.exp(-(near.data**2) / (2 * _WIDTH))
    return near.maximum(near.T)


def learn_texts(
    first: Classifier,
    fresh: Callable[..., Classifier],
    sides: tuple[Encoded, Encoded],
    texts: Sequence[Sequence[int]],
    config: TrainConfig,
    pad: int,
    folder: Path,
    progress: Progress = silent,
) -> tuple[Classifier, Training, Tensor | None]:
    """Spread the labels by what `first` says is near, then train a fresh model on labelled rows and texts.

    Args:
        first: tuned on the training rows; its head is not used.
        fresh: gives a model as training should find it; see `core.model.refit.learned`.
        sides: training and validation rows.
        texts: token ids of the texts without a label.
        config: the run's settings; where `refit`, the validation rows are learned from too.
        pad: id of the padding token.
        folder: for `spread/`; an interrupted training in it goes on.
        progress: told after every step.

    Returns:
        The model, its training, and of validation rows that were learned from the logarithms of the shares (rows,
        classes) that the training rows alone spread to them; None where they choose the epoch.

    Raises:
        InputError: see `fine_tune`.
    """
    train, validation = sides
    classes = first.head.out_features
    held = validation.ids if config.refit else []
    ids = [*train.ids, *held, *texts]
    x = in_batches(first.embed, ids, pad, part(progress, 0, 0.08), "Reading the texts without a label")
    progress(0.08, 1, "Spreading the labels")
    labelled, unseen = [int(label) for label in train.labels], None
    if config.refit:
        unseen = _logits(spread(x, labelled, classes)[: len(held)])
        labelled += [int(label) for label in validation.labels]
    shares = spread(x, labelled, classes)
    taught = torch.cat([one_hot(torch.tensor(labelled), classes).float(), shares])
    training = fine_tune(
        (model := fresh(refit=config.refit)),
        Encoded(ids, taught.argmax(1).tolist()),
        None if config.refit else validation,
        replace(config, epochs=EPOCHS),
        pad,
        folder / FOLDER / "checkpoints",
        _named(part(progress, 0.1, 1)),
        taught=Taught(_logits(taught), temperature=1.0, weight=1.0),
    )
    return model, training, unseen


def _logits(shares: Tensor) -> Tensor:
    return shares.clamp(min=_LEAST).log()


def _named(progress: Progress) -> Progress:
    return lambda done, total, note="": progress(done, total, f"With the texts without a label · {note}")
