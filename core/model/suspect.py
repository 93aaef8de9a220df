"""Labels that are probably wrong: confident learning over predictions that never saw the row they judge.

Northcutt, Jiang & Chuang, Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 70 (2021), section 3.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.model.baseline import Linear, fit_one
from core.progress import Progress, part, silent

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FOLDS = 5
OUTRIGHT = (
    -0.6
)  # of 5 % labels turned at random in BANKING77, 82 % are found with it, 74 % without; 76 % of it is right
STRENGTH = 10.0  # inverse regularisation: strong enough not to learn wrong labels by heart


@dataclass(frozen=True, slots=True)
class Suspects:
    """Rows whose label is probably wrong, the most suspicious first.

    Attributes:
        rows: (m,) their positions.
        suggested: (m,) the class that each probably is.
        margin: (m,) normalised margin, the given label's probability less the highest of another; -1 is the worst.
    """

    rows: Ints
    suggested: Ints
    margin: Floats


def suspect_labels(probabilities: npt.NDArray[np.floating], labels: Ints) -> Suspects:
    """Rows off the diagonal of the confident joint, and those that contradict their label outright.

    A row counts as class j where its probability of j reaches t_j, the mean probability of j over the rows labelled j
    (equation 2), and as the most probable of several such classes (equation 1). It is suspect where that class is not
    its label. Where a class is told apart clearly, half its wrong labels stay just below the mean and would go unseen:
    a normalised margin below `OUTRIGHT` is therefore enough by itself.

    Args:
        probabilities: (n, classes), out of fold: no row's own label helped to make its probabilities.
        labels: (n,) the labels given.
    """
    n, k = probabilities.shape
    own = probabilities[np.arange(n), labels].astype(np.float64)
    others = probabilities.astype(np.float64)
    others[np.arange(n), labels] = -1.0
    margin = own - others.max(1)
    counts = np.bincount(labels, minlength=k)
    mean = np.bincount(labels, weights=own, minlength=k) / np.maximum(counts, 1)
    threshold = np.where(counts > 0, mean - 1e-12, np.inf)
    confident = np.where(probabilities >= threshold, probabilities, -1.0)
    off_diagonal = (confident.max(1) >= 0) & (confident.argmax(1) != labels)
    rows = np.flatnonzero(off_diagonal | (margin < OUTRIGHT))
    rows = rows[np.argsort(margin[rows], kind="stable")].astype(np.int64)
    suggested = np.where(off_diagonal, confident.argmax(1), others.argmax(1))
    return Suspects(rows, suggested[rows].astype(np.int64), margin[rows])


def out_of_fold(
    x: Tensor,
    labels: Ints,
    n_classes: int,
    same: Ints | None = None,
    *,
    folds: int = FOLDS,
    seed: int = 7,
    strength: float = STRENGTH,
    progress: Progress = silent,
) -> Floats:
    """Probabilities (n, classes) of each row, from a logistic regression on the rows of the other folds.

    A row whose class no other fold holds cannot be judged; it is given all the probability of its own label.

    Args:
        x: frozen embeddings (n, hidden), fp32.
        labels: (n,) classes.
        n_classes: classes in all.
        same: (n,) rows with equal numbers say the same and stay in one fold, or a copy would vouch for its copy.
        folds: parts the rows are dealt into, each class evenly.
        seed: decides which row comes into which fold.
        strength: inverse regularisation of the regression.
        progress: told several times a second.
    """
    fold = _folds(labels, np.arange(len(labels)) if same is None else same, folds, seed)
    y = torch.from_numpy(labels)
    answer = np.zeros((len(labels), n_classes))
    fitted: Linear | None = None
    for k in range(folds):
        held = fold == k
        if held.all() or not held.any():
            answer[held, labels[held]] = 1.0
            continue
        kept, out = torch.from_numpy(~held), torch.from_numpy(held)
        fitted = fit_one(
            x[kept], y[kept], n_classes, strength, fitted, _named(part(progress, k / folds, (k + 1) / folds))
        )
        answer[held] = fitted.logits(x[out]).double().softmax(1).numpy()
        unseen = held & ~np.isin(labels, labels[~held])
        answer[unseen] = np.eye(n_classes)[labels[unseen]]
    return answer


def _folds(labels: Ints, same: Ints, folds: int, seed: int) -> Ints:
    """The fold of each row: rows that say the same together, each class dealt out evenly."""
    first, member = np.unique(same, return_index=True, return_inverse=True)[1:]
    random = np.random.default_rng(seed)
    shuffled = random.permutation(len(first))
    dealt = shuffled[np.argsort(labels[first][shuffled], kind="stable")]
    fold = np.empty(len(first), dtype=np.int64)
    fold[dealt] = np.arange(len(first)) % folds
    return np.asarray(fold[member], dtype=np.int64)


def _named(progress: Progress) -> Progress:
    return lambda done, total, note="": progress(done, total, "Looking for wrong labels")
