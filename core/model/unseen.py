"""What a run said of its validation rows before it learned from them too: what calibrates the model that is kept.

As scikit-learn's CalibratedClassifierCV does it with `ensemble=False`: predictions that have not seen their rows set
the temperature of a model that was fitted to all of them.
"""

from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from core.model.disk import says_why

FILE = "validation.safetensors"  # in the run's folder


def keep(logits: Tensor, run: Path) -> None:
    """Write the logits (validation rows, classes).

    Raises:
        InputError: the disk is full.
    """
    with says_why(FILE, "the training itself is kept", run / FILE):
        save_file({"logits": logits}, run / FILE)


def unseen(run: Path) -> Tensor | None:
    """Logits (validation rows, classes); None of a run that did not learn from them, whose model can be asked."""
    file = run / FILE
    return load_file(file)["logits"] if file.is_file() else None
