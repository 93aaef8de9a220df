"""A BERT that reads texts, without the library that trains it: the first look's, which a person waits for.

`transformers` takes half of what a process imports before its first text; a table of free methods needs nothing of it
but this forward pass. Any base model of another kind is loaded by the library, as for a training.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from core.model.base import Base, file_hash, load_base, located

_NEEDED = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
_LAYER = "encoder.layer."


def read_base(name: str) -> Base:
    """The base model as `load_base` gives it, for reading only: it can neither be trained nor saved.

    Raises:
        InputError: as `load_base` does.
    """
    folder, weights, shown = located(name)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    usual = all(config.get(key, value) == value for key, value in _NEEDED.items()) and "model_type" in config
    if not usual or len(weights) != 1 or not (folder / "tokenizer.json").is_file() or config.get("is_decoder"):
        return load_base(name)
    try:
        tensors = {key.removeprefix("bert."): w.float() for key, w in load_file(weights[0]).items()}
        encoder, tokenizer = PlainBert(config, tensors), PlainTokenizer(folder)
    except (KeyError, ValueError, OSError, RuntimeError):
        return load_base(name)  # which says what is wrong with it, or reads it all the same
    return Base(shown, cast(Any, encoder), cast(Any, tokenizer), file_hash(*weights))


class PlainTokenizer:
    """The rules of a tokenizer.json, asked as the library's tokenizers are."""

    def __init__(self, folder: Path) -> None:
        """Read them."""
        told = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        self._rules = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._rules.no_padding()
        self.model_max_length = int(told["model_max_length"])
        self.pad_token_id: int | None = self._rules.token_to_id(str(told.get("pad_token", "[PAD]")))

    def __call__(
        self, texts: Sequence[str], *, truncation: bool, max_length: int | None = None, **_: object
    ) -> dict[str, list[list[int]]]:
        """Token ids of each text, cut at `max_length` where that is wished."""
        if truncation and max_length:
            self._rules.enable_truncation(max_length)
        else:
            self._rules.no_truncation()
        return {"input_ids": [found.ids for found in self._rules.encode_batch(list(texts))]}


class PlainBert(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """The encoder of Devlin et al. 2019 (arXiv 1810.04805): embeddings, then attention and two matrices a layer."""

    def __init__(self, config: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        """Take the weights by the names that published models have. Raises KeyError where one is missing."""
        super().__init__()
        self.config = SimpleNamespace(hidden_size=int(config["hidden_size"]))
        self._heads, self._eps = int(config["num_attention_heads"]), float(config.get("layer_norm_eps", 1e-12))
        types = tensors["embeddings.token_type_embeddings.weight"][0]
        self._words = tensors["embeddings.word_embeddings.weight"]
        self._positions = tensors["embeddings.position_embeddings.weight"] + types  # every text is of the first type
        self._norm = _pair(tensors, "embeddings.LayerNorm")
        self._layers = [_layer(tensors, f"{_LAYER}{i}.") for i in range(int(config["num_hidden_layers"]))]

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Any:
        """An object with `last_hidden_state` (rows, tokens, hidden)."""
        x = self._normed(self._words[input_ids] + self._positions[: input_ids.shape[1]], self._norm)
        seen = attention_mask.bool()[:, None, None, :]
        for layer in self._layers:
            x = self._normed(x + functional.linear(self._attended(x, seen, layer["read"]), *layer["join"]), layer["n1"])
            wide = functional.gelu(functional.linear(x, *layer["widen"]))
            x = self._normed(x + functional.linear(wide, *layer["narrow"]), layer["n2"])
        return SimpleNamespace(last_hidden_state=x)

    def _attended(self, x: Tensor, seen: Tensor, read: tuple[Tensor, Tensor]) -> Tensor:
        rows, tokens, hidden = x.shape
        asked = functional.linear(x, *read).view(rows, tokens, 3, self._heads, hidden // self._heads)
        q, k, v = asked.permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        return found.transpose(1, 2).reshape(rows, tokens, hidden)

    def _normed(self, x: Tensor, norm: tuple[Tensor, Tensor]) -> Tensor:
        return functional.layer_norm(x, (x.shape[-1],), *norm, self._eps)


def _layer(tensors: dict[str, Tensor], at: str) -> dict[str, tuple[Tensor, Tensor]]:
    """A layer's weights and biases; query, key and value lie in one matrix, which is one product instead of three."""
    parts = [_pair(tensors, f"{at}attention.self.{name}") for name in ("query", "key", "value")]
    return {
        "read": (torch.cat([weight for weight, _ in parts]), torch.cat([bias for _, bias in parts])),
        "join": _pair(tensors, f"{at}attention.output.dense"),
        "n1": _pair(tensors, f"{at}attention.output.LayerNorm"),
        "widen": _pair(tensors, f"{at}intermediate.dense"),
        "narrow": _pair(tensors, f"{at}output.dense"),
        "n2": _pair(tensors, f"{at}output.LayerNorm"),
    }


def _pair(tensors: dict[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    return tensors[f"{name}.weight"], tensors[f"{name}.bias"]
