"""What this folder needs of a variant of a model: texts in, logits out, tokenisation included."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt


class Engine(Protocol):
    """A variant that answers.

    Attributes:
        name: of the variant.
        classes: in the order of the logits.
        folder: the variant as it would be deployed, and nothing else.
        batch_free: whether a text's answer does not depend on the texts beside it.
    """

    name: str
    classes: tuple[str, ...]
    folder: Path
    batch_free: bool

    def logits(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Logits (texts, classes)."""


def size_mb(folder: Path) -> float:
    """What a variant takes on disk, in MB of a million bytes."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6
