"""Embeddings of a venture's rows, kept by what they follow from: whoever reads the same rows again need not.

Only the first look keeps them. A training reads its rows itself, so that its weights are the same bit by bit whether a
look went before it or not.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from core.model.base import Base
from core.model.classifier import Classifier, in_batches
from core.progress import Progress

MOST = 4  # files of a venture: of its rows as they are, and as they were before the last changes
_NAME = "x"

_begun: dict[str, Tensor] = {}  # by batch: what this process read before it was interrupted


def embeddings(base: Base, ids: Sequence[Sequence[int]], progress: Progress, folder: Path | None) -> Tensor:
    """What a frozen base model makes of token ids: (rows, hidden), of unit length.

    Args:
        base: the model.
        ids: of each row.
        progress: told after every batch; what it raises ends the work, and this process goes on from there next time.
        folder: where they are kept, and looked for first; None keeps nothing.
    """
    model, pad = Classifier(base.encoder, 1).eval(), base.tokenizer.pad_token_id or 0
    if folder is None:
        return in_batches(model.embed, ids, pad, progress, "Reading the texts")
    key = _key(base, ids)
    file = folder / f"{key}.safetensors"
    kept = _kept(file, len(ids))
    if kept is not None:
        return kept

    def answer(input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        at = key + hashlib.sha256(input_ids.numpy().tobytes()).hexdigest()
        if at not in _begun:
            _begun[at] = model.embed(input_ids, attention_mask)
        return _begun[at]

    found = in_batches(answer, ids, pad, progress, "Reading the texts")
    _begun.clear()
    _keep(file, found)
    return found


def _key(base: Base, ids: Sequence[Sequence[int]]) -> str:
    """Of the weights, of what multiplies them, and of the rows in their order."""
    by = [base.sha256, type(base.encoder).__name__, torch.__version__]
    return hashlib.sha256(json.dumps([by, list(map(list, ids))]).encode()).hexdigest()


def _kept(file: Path, rows: int) -> Tensor | None:
    """What lies there, where it is whole."""
    with suppress(OSError, SafetensorError, KeyError):
        found: Tensor = load(file.read_bytes())[_NAME]
        file.touch()
        return found if len(found) == rows else None
    return None


def _keep(file: Path, found: Tensor) -> None:
    """Write them for their owner alone, and drop what was not asked for longest; a full disk keeps nothing."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = file.with_suffix(".tmp")
        new.touch(mode=0o600)
        new.write_bytes(save({_NAME: found.contiguous()}))
        new.rename(file)
        oldest = sorted(file.parent.glob("*.safetensors"), key=lambda f: f.stat().st_mtime)[:-MOST]
        for old in oldest:
            old.unlink()
