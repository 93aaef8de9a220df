"""Settings that suit the data, where a person left them open, and why."""

from collections.abc import Mapping
from typing import Any

from core.model.config import TrainConfig

FEW = 20  # training rows a class, up to which the settings for few examples are taken

# Chosen on 1,998 of BANKING77's training rows, two seeds each: 93.9 % right where 1e-4, one rate for all layers and no
# smoothing gave 93.5.
FULL_SETTINGS: dict[str, Any] = {"epochs": 5, "learning_rate": 2e-4, "layer_decay": 0.8}
SMOOTHING = 0.1  # of labels, where the loss is the plain one and there are many examples
# They suit each other: at a person's own 1e-4 the lower layers hardly move with them, and the sample venture's two
# epochs reached 90.9 % instead of 92.7.
_WITH_THE_RATE = ("layer_decay",)
# One in ten of so few rows is held back to choose the epochs, and missed: 9 rows of each BANKING77 class gave 84.0 %,
# 10 gave 84.7 (one draw, 2,000 training rows not learnt from; the regression alone 82.4 and 83.0).
FEW_SETTINGS: dict[str, Any] = {"epochs": 3, "learning_rate": 2e-4, "refit": True}


def settled(wanted: Mapping[str, Any], rows: int, classes: int, texts: int = 0) -> tuple[TrainConfig, str]:
    """The configuration of a run, and a sentence about what was chosen for the person.

    Args:
        wanted: fields of `TrainConfig` that a person set; what is None or missing is chosen here.
        rows: training rows.
        classes: classes they are spread over.
        texts: without a label, to learn from too.

    Raises:
        InputError: a setting means nothing, or contradicts another.
    """
    said = {name: value for name, value in wanted.items() if value is not None}
    few = rows <= FEW * classes
    chosen = (FEW_SETTINGS if few else FULL_SETTINGS) | {"spread": texts > 0}
    if "learning_rate" in said:
        chosen = {name: value for name, value in chosen.items() if name not in _WITH_THE_RATE}
    elif not few and said.get("task") != "score" and said.get("loss", "cross_entropy") == "cross_entropy":
        chosen = chosen | {"label_smoothing": SMOOTHING}
    kind = "few examples a class" if few else "many examples a class"
    config = TrainConfig(**chosen | said)
    why = f"Settings for {kind} ({rows / classes:.0f} on average), where none were given."
    if config.refit:
        why += " Once the validation rows chose the epochs, they are learned from too."
    if texts and config.spread:
        why += f" So are {texts:,} texts without a label, by the labels of those near them."
    return config, why
