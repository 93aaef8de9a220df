"""Encoder, mean over the tokens, unit length, linear head: the one model of this room, and how it is kept in a folder.

Mean pooling and unit length are how all-MiniLM was trained (Reimers & Gurevych 2019), so a logistic regression on the
frozen embeddings is this very model before its encoder learns anything, and its weights can start the head
(LP-FT: Kumar et al. 2022, arXiv 2202.10054).
"""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from core.errors import InputError
from core.model.base import empty_encoder
from core.progress import Progress, silent

WEIGHTS = "model.safetensors"
TOKENS_PER_BATCH = 2048  # about half a second of one core's work for a model of 22 million weights


class Classifier(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Token ids in, one logit a class out."""

    def __init__(self, encoder: PreTrainedModel, n_classes: int) -> None:
        """Put a new head of `n_classes` on an encoder."""
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.config.hidden_size, n_classes)

    def embed(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Mean of the tokens' last hidden states, scaled to unit length: (rows, hidden)."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return functional.normalize((hidden * mask).sum(1) / mask.sum(1).clamp(min=1), dim=-1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        """Logits (rows, classes); with labels also the mean cross-entropy, as the Trainer expects."""
        logits = self.head(self.embed(input_ids, attention_mask))
        if labels is None:
            return {"logits": logits}
        return {"loss": functional.cross_entropy(logits, labels), "logits": logits}


def tokenise(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_length: int) -> list[list[int]]:
    """Token ids of each text, cut at `max_length` or at what the model can read, whichever is less."""
    limit = min(max_length, tokenizer.model_max_length)
    out: list[list[int]] = []
    for start in range(0, len(texts), 1000):
        batch = list(texts[start : start + 1000])
        out += tokenizer(batch, truncation=True, max_length=limit, return_attention_mask=False)["input_ids"]
    return out


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
    """Run `answer(input_ids, attention_mask)` over all rows, similar lengths together; results in the rows' order.

    Sorting by length saves the work that padding would waste: 2.7 times on BANKING77 with batches of 32.
    """
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    results: list[Tensor] = []
    done = 0
    with torch.inference_mode():
        while done < len(order):
            size = max(1, TOKENS_PER_BATCH // len(rows[order[done]]))
            batch = [rows[i] for i in order[done : done + size]]
            results.append(answer(**padded(batch, pad)))
            done += len(batch)
            progress(done, len(order), note)
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return torch.cat(results)[back]


def save_model(
    model: Classifier, tokenizer: PreTrainedTokenizerBase, classes: Sequence[str], max_length: int, folder: Path
) -> None:
    """Keep a classifier as safetensors, config.json and tokenizer files; `folder` appears whole or not at all."""
    temporary = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    save_weights(model, temporary / WEIGHTS)
    config = model.encoder.config.to_diff_dict() | {
        "architectures": [type(model.encoder).__name__],
        "id2label": {str(i): c for i, c in enumerate(classes)},
        "label2id": {c: i for i, c in enumerate(classes)},
        "preflight": {"pooling": "mean", "normalised": True, "head": "linear", "max_length": max_length},
    }
    config.pop("_name_or_path", None)
    (temporary / "config.json").write_text(json.dumps(config, indent=2, default=str), encoding="utf-8")
    tokenizer.save_pretrained(temporary)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)


def load_model(folder: Path) -> tuple[Classifier, PreTrainedTokenizerBase, tuple[str, ...], int]:
    """Read back what `save_model` kept: model, tokenizer, classes and the tokens of a text that are read.

    Raises:
        InputError: the folder does not hold a model of this room, or its weights are damaged.
    """
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        classes = tuple(config["id2label"][str(i)] for i in range(len(config["id2label"])))
        model = Classifier(empty_encoder(folder), len(classes))
        model.load_state_dict(load_file(folder / WEIGHTS))
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except Exception as error:
        # JSON, safetensors, torch and transformers each have their own errors for a damaged folder.
        raise InputError(f"{folder.name}: not a model of this program, or damaged; train it again.") from error
    return model.eval(), tokenizer, classes, int(config["preflight"]["max_length"])


def save_weights(model: nn.Module, file: Path) -> None:
    """Write every weight, in an order that does not depend on the run."""
    tensors = {name: tensor.detach().contiguous() for name, tensor in sorted(model.state_dict().items())}
    save_file(tensors, file, metadata={"format": "pt"})
