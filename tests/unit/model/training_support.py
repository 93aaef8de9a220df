"""One small training, and someone who listens to it and may stop it."""

import hashlib
from pathlib import Path

import torch
from model_support import labelled_rows

from core.model.base import load_base
from core.model.classifier import Classifier, Encoded, tokenise
from core.model.config import TrainConfig
from core.model.train import Training, fine_tune
from core.progress import Cancelled

STEPS = 12  # of one epoch: 96 rows in batches of 8


class Ear:
    """Hears the progress, and raises at a step if told to."""

    def __init__(self, stop_at: int = -1) -> None:
        self.stop_at, self.heard = stop_at, []

    def __call__(self, done: float, total: float, note: str = "") -> None:
        self.heard.append((done, total, note))
        if done == self.stop_at:
            raise Cancelled


def tuned(config: TrainConfig, folder: Path, ear: Ear) -> tuple[str, Training]:
    """Hash of the weights after a training of three classes, and what it told."""
    base = load_base(config.base)
    torch.manual_seed(1)
    model = Classifier(base.encoder, 3)
    rows = labelled_rows(120)
    ids = tokenise(base.tokenizer, [t for t, _ in rows], config.max_length)
    labels = [("card", "loan", "login").index(c) for _, c in rows]
    sides = Encoded(ids[:96], labels[:96]), Encoded(ids[96:], labels[96:])
    told = fine_tune(model, *sides, config, 0, folder, ear)
    state = sorted(model.state_dict().items())
    return hashlib.sha256(b"".join(t.numpy().tobytes() for _, t in state)).hexdigest(), told
