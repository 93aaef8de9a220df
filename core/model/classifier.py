"""Encoder, one vector a text, unit length, linear head: the one model of this room, and how it is kept in a folder.

Mean pooling and unit length are how all-MiniLM was trained (Reimers & Gurevych 2019), so a logistic regression on the
frozen embeddings is this very model before its encoder learns anything, and its weights can start the head
(LP-FT: Kumar et al. 2022, arXiv 2202.10054). A decoder, such as a causal language model, reads from left to right:
only its last token has seen the whole text, so that one stands for it.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from core.errors import InputError
from core.model.base import empty_encoder, load_tokenizer
from core.model.batching import by_length
from core.model.disk import says_why
from core.model.losses import Scale
from core.progress import Progress, silent

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

WEIGHTS = "model.safetensors"


class Classifier(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Token ids in, one logit a class out, or one standardised score.

    Attributes:
        encoder: the base model.
        head: a linear layer with one output a class, or with one for a score.
        pooling: "mean" over a text's tokens, or its "last" one.
        scale: of the scores that were learnt; of no meaning for classes.
    """

    def __init__(self, encoder: "PreTrainedModel", n_outputs: int, pooling: str | None = None) -> None:
        """Put a new head on an encoder; the pooling is the mean, and for decoders the last token, if not given."""
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.config.hidden_size, n_outputs)
        self.pooling = pooling or ("last" if is_decoder(encoder) else "mean")
        self.scale = Scale()

    def embed(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Pooled last hidden states of tokens padded on the right, scaled to unit length: (rows, hidden)."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        if self.pooling == "last":
            ends = attention_mask.sum(1) - 1
            return functional.normalize(hidden[torch.arange(len(hidden)), ends], dim=-1)
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return functional.normalize((hidden * mask).sum(1) / mask.sum(1).clamp(min=1), dim=-1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """Logits (rows, classes), or standardised scores (rows, 1)."""
        return {"logits": self.head(self.embed(input_ids, attention_mask))}


def is_decoder(encoder: "PreTrainedModel") -> bool:
    """Whether each token sees only those before it."""
    return any(getattr(module, "is_causal", False) for module in encoder.modules())


def predict_scores(
    model: Classifier, rows: Sequence[Sequence[int]], pad: int, progress: Progress = silent, note: str = "Predicting"
) -> Tensor:
    """Scores (rows,) of token ids, in the unit of the scores that the model learnt from."""
    said = in_batches(lambda **batch: model(**batch)["logits"], rows, pad, progress, note)
    return model.scale.outside(said.squeeze(-1))


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids of each row, and its class or its score."""

    ids: Sequence[Sequence[int]]
    labels: Sequence[float]


def tokenise(
    tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str], max_length: int, progress: Progress = silent
) -> list[list[int]]:
    """Token ids of each text, cut at `max_length` or at what the model can read, whichever is less.

    A text of which no token is left, as a tokenizer without start and end marks makes of an empty one, is one padding
    token.
    """
    limit = min(max_length, tokenizer.model_max_length)
    out: list[list[int]] = []
    for start in range(0, len(texts), 1000):
        batch = list(texts[start : start + 1000])
        out += tokenizer(batch, truncation=True, max_length=limit, return_attention_mask=False)["input_ids"]
        progress(len(out), len(texts), "Cutting the texts into tokens")
    return [ids or [tokenizer.pad_token_id or 0] for ids in out]


def padded(rows: Sequence[Sequence[int]], pad: int) -> dict[str, Tensor]:
    """A batch as long as its longest row: ids and mask."""
    ids = torch.full((len(rows), max(len(r) for r in rows)), pad, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row, dtype=torch.long)
        mask[i, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def in_batches(
    answer: Callable[..., Tensor], rows: Sequence[Sequence[int]], pad: int, progress: Progress = silent, note: str = ""
) -> Tensor:
    """Run `answer(input_ids, attention_mask)` over all rows, similar lengths together; results in the rows' order."""
    order: list[int] = []
    results: list[Tensor] = []
    with torch.inference_mode():
        for batch in by_length([len(row) for row in rows]):
            results.append(answer(**padded([rows[i] for i in batch], pad)))
            order += batch
            progress(len(order), len(rows), note)
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return torch.cat(results)[back]


def save_model(
    model: Classifier, tokenizer: "PreTrainedTokenizerBase", classes: Sequence[str], max_length: int, folder: Path
) -> None:
    """Keep a model as safetensors, config.json and tokenizer files; `folder` appears whole or not at all.

    Args:
        model: without low-rank updates: `fine_tune` has merged them.
        tokenizer: its base model's.
        classes: in the order of the logits; none where scores are predicted.
        max_length: tokens of a text that are read.
        folder: where to; what it held is replaced.

    Raises:
        InputError: the disk is full; what `folder` held before stays.
    """
    temporary = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    kept: dict[str, Any] = {"pooling": model.pooling, "normalised": True, "head": "linear", "max_length": max_length}
    if not classes:
        kept["score"] = asdict(model.scale)
    config = model.encoder.config.to_diff_dict() | {
        "architectures": [type(model.encoder).__name__],
        "id2label": {str(i): c for i, c in enumerate(classes)},
        "label2id": {c: i for i, c in enumerate(classes)},
        "preflight": kept,
    }
    config.pop("_name_or_path", None)
    with says_why("The model", "the training itself is kept", temporary):
        temporary.mkdir(parents=True)
        save_weights(model, temporary / WEIGHTS)
        (temporary / "config.json").write_text(json.dumps(config, indent=2, default=str), encoding="utf-8")
        tokenizer.save_pretrained(temporary)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)


def load_model(folder: Path) -> tuple[Classifier, "PreTrainedTokenizerBase", tuple[str, ...], int]:
    """Read back what `save_model` kept: model, tokenizer, classes and the tokens of a text that are read.

    A model that predicts scores has no classes; `predict_scores` asks it.

    Raises:
        InputError: the folder does not hold a model of this room, or its weights are damaged.
    """
    missing = [n for n in ("config.json", WEIGHTS, "tokenizer_config.json") if not (folder / n).is_file()]
    if missing:
        raise InputError(f"{folder.name}: {missing[0]} is missing: not a model of this program, or copied in part.")
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        classes = tuple(config["id2label"][str(i)] for i in range(len(config["id2label"])))
        kept = config["preflight"]
        model = Classifier(empty_encoder(folder), len(classes) or 1, kept["pooling"])
        model.scale = Scale(**kept.get("score", {}))
        model.load_state_dict(load_file(folder / WEIGHTS))
        tokenizer = load_tokenizer(folder)
    except InputError:
        raise
    except Exception as error:
        # JSON, safetensors, torch and transformers each have their own errors for a damaged folder.
        raise InputError(f"{folder.name}: not a model of this program, or damaged; train it again.") from error
    return model.eval(), tokenizer, classes, int(kept["max_length"])


def save_weights(model: nn.Module, file: Path) -> None:
    """Write every weight, in an order that does not depend on the run."""
    tensors = {name: tensor.detach().contiguous() for name, tensor in sorted(model.state_dict().items())}
    save_file(tensors, file, metadata={"format": "pt"})
