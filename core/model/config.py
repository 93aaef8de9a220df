"""What a training run is told: one frozen value that a file can hold and a checkpoint can be compared with."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

BUNDLED = "all-MiniLM-L6-v2"


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How a classifier is fine-tuned. Two runs with equal configurations, rows and threads give equal weights.

    Attributes:
        base: the bundled model's name, a folder (an absolute path, or one that begins with a dot), or a hub id.
        learning_rate: of the encoder, after warm-up; the new head learns `head_factor` times as fast.
        warmup: share of the steps in which the rate rises linearly from 0; then it falls linearly to 0.
        max_length: tokens of a text that are read; the rest is cut off.
        patience: epochs without a better validation accuracy after which training stops.
        clip: largest norm of the gradient.
        freeze_embeddings: leave the token embeddings as they are: they are half the weights and gain least.
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

    @property
    def base_name(self) -> str:
        """The base model's name without the folders of this machine."""
        is_folder = Path(self.base).is_absolute() or self.base.startswith(".")
        return Path(self.base).resolve().name if is_folder else self.base

    def as_json(self) -> dict[str, Any]:
        """The configuration as JSON values, fit to be shown: the base model by name."""
        return asdict(self) | {"base": self.base_name}
