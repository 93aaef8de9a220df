"""Which weights learn, how fast each of them does, and the running mean over the steps."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from core.errors import InputError
from core.model.config import TrainConfig

_LAYER = re.compile(r"(?:^|\.)(?:layers?|h|blocks?)\.(\d+)\.")  # as BERT, Llama, GPT-2 and T5 name theirs
_EMBEDDING = re.compile(r"embed|\.wte\.|\.wpe\.")


def layers(model: nn.Module) -> int:
    """Layers of the encoder; 0 where it names or shares them in a way of its own."""
    found = (_LAYER.search(name) for name, _ in model.named_parameters())
    return max((int(match[1]) + 1 for match in found if match), default=0)


def depth(name: str, n_layers: int) -> int:
    """Layers between a weight and the top: 0 in the top layer and above it, `n_layers` in the embeddings."""
    if match := _LAYER.search(name):
        return n_layers - 1 - int(match[1])
    return n_layers if _EMBEDDING.search(name) else 0


def freeze(model: nn.Module, config: TrainConfig) -> None:
    """Leave embeddings and the lowest layers as they are, where the configuration says so.

    Raises:
        InputError: more layers are to be frozen than there are.
    """
    n = layers(model)
    if config.freeze_layers > n:
        raise InputError(f"freeze_layers is {config.freeze_layers}: this base model has {n} layers that can be frozen.")
    for name, weight in model.named_parameters():
        is_embedding = not _LAYER.search(name) and bool(_EMBEDDING.search(name))
        if is_embedding and config.freeze_embeddings:
            weight.requires_grad_(False)
        if config.freeze_layers and depth(name, n) >= n - config.freeze_layers:
            weight.requires_grad_(False)


def set_dropout(model: nn.Module, share: float) -> None:
    """Drop this share of activations in training, in attention too, whatever the base model came with."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = share
        if isinstance(getattr(module, "attention_dropout", None), float):  # Llama and its like keep a number instead
            module.attention_dropout = share


def parameter_groups(model: nn.Module, config: TrainConfig) -> list[dict[str, object]]:
    """Weights that learn, by rate and decay: slower towards the bottom, faster in the head, no decay on biases, norms.

    Discriminative rates: Howard & Ruder 2018 (arXiv 1801.06146), section 3.2; as one factor a layer Clark et al. 2020.
    """
    n = layers(model)
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            factor = config.head_factor if name.startswith("head.") else config.layer_decay ** depth(name, n)
            decay = config.weight_decay if weight.ndim > 1 else 0.0
            groups.setdefault((config.learning_rate * factor, decay), []).append(weight)
    return [{"params": p, "lr": rate, "weight_decay": decay} for (rate, decay), p in groups.items()]


def optimiser(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """The optimiser that a configuration asks for; AdamW and SGD in one fused call a step."""
    groups = parameter_groups(model, config)
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, momentum=config.momentum, nesterov=config.momentum > 0, fused=True)
    if config.optimizer == "adafactor":
        return torch.optim.Adafactor(groups)
    return torch.optim.AdamW(groups, fused=True)


class Average:
    """Exponential moving average of the weights that learn (Polyak & Juditsky 1992; Tarvainen & Valpola 2017).

    Early on the decay is (1 + step) / (10 + step), so that the first, untrained weights are soon forgotten.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        """Begin with the weights as they are."""
        self.decay = decay
        self.learning = {n: w for n, w in model.named_parameters() if w.requires_grad}
        self.mean = {n: w.detach().clone() for n, w in self.learning.items()}

    def update(self, step: int) -> None:
        """Take in the weights after a step of the optimiser, the first of which is 1."""
        share = 1 - min(self.decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, weight in self.learning.items():
                self.mean[name].lerp_(weight, share)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the mean in the model's place; afterwards its own weights are back."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for name, weight in self.learning.items():
            weight.data, self.mean[name] = self.mean[name], weight.data
