"""Rows as a model reads them: token ids, and their embeddings by the frozen base model."""

from collections.abc import Collection, Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import Tensor

from core.model import audit
from core.model.base import Base
from core.model.classifier import Encoded, tokenise
from core.model.embedded import embeddings
from core.progress import Progress, part

Side = tuple[Sequence[str], Sequence[int] | Sequence[float]]  # texts and their answers


def encode(
    base: Base, sides: tuple[Side, Side, Side], max_length: int, progress: Progress
) -> tuple[tuple[Encoded, Encoded, Encoded], list[int]]:
    """Token ids of training, validation and test rows, and the length of each whole text.

    Args:
        base: whose tokenizer is used.
        sides: texts and answers of the three.
        max_length: tokens of a text that are kept.
        progress: told at least every second or two.
    """
    texts = [t for side, _ in sides for t in side]
    ids = tokenise(base.tokenizer, texts, max_length, part(progress, 0, 0.8))
    lengths = audit.token_lengths(base.tokenizer, texts, ids, part(progress, 0.8, 1))
    ends = accumulate(len(side) for side, _ in sides)
    train, validation, test = (
        Encoded(ids[end - len(side) : end], answers) for (side, answers), end in zip(sides, ends, strict=True)
    )
    return (train, validation, test), lengths


def embed(
    base: Base, encoded: tuple[Encoded, Encoded, Encoded], progress: Progress, folder: Path | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """The embeddings of the three, of unit length: (rows, hidden); for `folder` see `core.model.embedded`."""
    x = embeddings(base, [row for side in encoded for row in side.ids], progress, folder)
    train, validation, test = x.split([len(side.ids) for side in encoded])
    return train, validation, test


def fresh(rows: int, twins: Collection[int]) -> npt.NDArray[np.bool_]:
    """Which of so many test rows are not among those that nearly repeat a training row."""
    mask = np.ones(rows, dtype=bool)
    mask[list(twins)] = False
    return mask
