"""A model as training left it, in PyTorch."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.model.classifier import in_batches, load_model, tokenise


class Eager:
    """The kept model in PyTorch, fp32."""

    batch_free = True

    def __init__(self, folder: Path, name: str = "fp32") -> None:
        """Load it.

        Raises:
            InputError: the folder holds no model, or a damaged one.
        """
        self.name, self.folder = name, folder
        self.model, self.tokenizer, self.classes, self.limit = load_model(folder)

    def logits(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Logits (texts, classes)."""
        ids, pad = tokenise(self.tokenizer, texts, self.limit), self.tokenizer.pad_token_id or 0
        found: npt.NDArray[np.float32] = in_batches(lambda **b: self.model(**b)["logits"], ids, pad).numpy()
        return found
