"""What this folder needs of a variant of a model: texts in, logits out, tokenisation included."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt


class Engine(Protocol):
    """A variant that answers: `classes` in the order of the logits, `folder` as it would be deployed."""

    name: str
    classes: tuple[str, ...]
    folder: Path

    def logits(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Logits (texts, classes)."""
