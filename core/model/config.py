"""What a training run is told: one frozen value that a file can hold and a checkpoint can be compared with."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import InputError

BUNDLED = "all-MiniLM-L6-v2"

OPTIMIZERS = ("adamw", "sgd", "adafactor")
SCHEDULES = ("linear", "cosine", "constant")
LOSSES = ("cross_entropy", "focal")
TASKS = ("classify", "score")
PRECISIONS = ("auto", "fp32", "bf16")


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How a model is fine-tuned. Two runs with equal configurations, rows and threads give equal weights.

    Attributes:
        base: the bundled model's name, a folder (an absolute path, or one that begins with a dot), or a hub id.
        learning_rate: of the encoder's top layer, after warm-up; the new head learns `head_factor` times as fast.
        batch_size: texts in one pass; `accumulate` of them make one step of the optimiser.
        weight_decay: pull of the weights towards 0, apart from biases and norms (Loshchilov & Hutter 2019).
        warmup: share of the steps in which the rate rises linearly from 0; then `schedule` takes it on.
        max_length: tokens of a text that are read; the rest is cut off.
        patience: epochs without a better validation after which training stops.
        clip: largest norm of the gradient; 0 leaves it as it is.
        freeze_embeddings: leave the token embeddings as they are: they are half the weights and gain least.
        task: "classify" names one of several classes, "score" predicts a number.
        optimizer: "adamw", "sgd" (with `momentum`) or "adafactor" (Shazeer & Stern 2018: a fraction of the memory).
        momentum: of SGD, in Nesterov's form; the other optimisers have their own.
        schedule: after warm-up the rate falls to 0 "linear" or as a "cosine", or stays "constant".
        layer_decay: each layer learns this many times as fast as the one above it (Howard & Ruder 2018); 1 is off.
        dropout: share of activations that are dropped in training; None keeps the base model's own.
        accumulate: batches whose gradients are added up before a step, so a large batch needs no large memory.
        loss: of classes: "cross_entropy", or "focal" for many easy rows and few hard ones. Scores use squared error.
        class_weights: weigh each class by the inverse of its frequency, so that small ones count as much.
        label_smoothing: share of each row's answer that is spread over all classes (Szegedy et al. 2016).
        focal_gamma: how much the focal loss turns to hard rows; 0 makes it cross-entropy.
        freeze_layers: lowest layers of the encoder that stay as they are, and the embeddings below them.
        average: decay of a running mean over the weights of all steps, which is measured and kept in place of the
            last ones (Polyak & Juditsky 1992; Tarvainen & Valpola 2017); 0 is off.
        refit: once the validation rows have chosen the number of epochs, train again for as many on training and
            validation rows together, and keep that model, as scikit-learn's searches do; what is known of the
            validation stays the first training's.
        spread: learn from texts without a label too, where there are any; see `core.model.unlabelled`.
        lora_rank: rank of the low-rank updates that are learnt in place of the encoder's weights; 0 is off.
        precision: of the arithmetic of a training step, "fp32" or "bf16" (weights, updates and answers stay fp32);
            "auto" is settled by the adviser, which times both where the processor has bf16 units, and is fp32 untimed.
        checkpoint_seconds: time after which a checkpoint is written inside an epoch; there is one after each anyway.
    """

    base: str = BUNDLED
    epochs: int = 4
    learning_rate: float = 1e-4
    head_factor: float = 10.0
    batch_size: int = 32
    max_length: int = 96
    seed: int = 7
    weight_decay: float = 0.01
    warmup: float = 0.1
    patience: int = 2
    clip: float = 1.0
    freeze_embeddings: bool = True
    task: str = "classify"
    optimizer: str = "adamw"
    momentum: float = 0.9
    schedule: str = "linear"
    layer_decay: float = 1.0
    dropout: float | None = None
    accumulate: int = 1
    loss: str = "cross_entropy"
    class_weights: bool = False
    label_smoothing: float = 0.0
    focal_gamma: float = 2.0
    freeze_layers: int = 0
    average: float = 0.0
    refit: bool = False
    spread: bool = False
    lora_rank: int = 0
    precision: str = "auto"
    checkpoint_seconds: float = 60.0

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing, or that contradict each other.

        Raises:
            InputError: names the setting, what it was given, and what it can be.
        """
        for name, allowed in (
            ("task", TASKS),
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("loss", LOSSES),
            ("precision", PRECISIONS),
        ):
            if getattr(self, name) not in allowed:
                raise InputError(f"{name} is {getattr(self, name)!r}: it can be {', '.join(allowed)}.")
        for name in ("epochs", "batch_size", "max_length", "patience", "accumulate"):
            _check(name, getattr(self, name), 1, math.inf)
        for name in ("seed", "freeze_layers", "lora_rank", "weight_decay", "clip", "focal_gamma", "checkpoint_seconds"):
            _check(name, getattr(self, name), 0, math.inf)
        for name in ("learning_rate", "head_factor", "layer_decay"):
            _check(name, getattr(self, name), 0, 1 if name == "layer_decay" else math.inf, above=True)
        for name in ("warmup", "dropout", "momentum", "label_smoothing", "average"):
            value = getattr(self, name)
            if value is not None:
                _check(name, value, 0, 1 if name == "warmup" else math.nextafter(1, 0))
        if self.loss == "focal" and self.label_smoothing:
            raise InputError(
                "The focal loss turns to hard rows and label_smoothing away from them: choose one of them."
            )
        if self.task == "score" and self.refit:
            raise InputError("refit is for classes: a score's band is made from validation rows that were not learned.")
        if self.task == "score" and self.spread:
            raise InputError("spread is for classes: a score does not pass from a text to one that is near it.")
        if self.task == "score" and (self.loss != "cross_entropy" or self.class_weights or self.label_smoothing):
            raise InputError("loss, class_weights and label_smoothing are for classes; a score has none of them.")

    @property
    def base_name(self) -> str:
        """The base model's name without the folders of this machine."""
        is_folder = Path(self.base).is_absolute() or self.base.startswith(".")
        return Path(self.base).resolve().name if is_folder else self.base

    def as_json(self) -> dict[str, Any]:
        """The configuration as JSON values, fit to be shown: the base model by name."""
        return asdict(self) | {"base": self.base_name}


def _check(name: str, value: float, low: float, high: float, *, above: bool = False) -> None:
    fits = math.isfinite(value) and (low < value if above else low <= value) and value <= high
    if not fits:
        least = f"more than {low:g}" if above else f"at least {low:g}"
        most = "" if high == math.inf else f" and {'at most 1' if high == 1 else 'less than 1'}"
        raise InputError(f"{name} is {value:g}: it must be {least}{most}.")
