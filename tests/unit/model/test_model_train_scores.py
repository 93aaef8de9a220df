"""Predicting scores: learnt inside their scale, judged in their own unit, read back with it."""

import random
from pathlib import Path

import pytest
import torch

from core.errors import InputError
from core.model.base import load_base
from core.model.classifier import Classifier, Encoded, load_model, predict_scores, save_model, tokenise
from core.model.config import TrainConfig
from core.model.listener import ScoreEpoch
from core.model.train import fine_tune

WORDS = {"awful": 100.0, "poor": 150.0, "good": 250.0, "great": 300.0}


def sides(tokenizer: object) -> tuple[Encoded, Encoded]:
    draw = random.Random(1)
    rows = [(f"{draw.choice(['the', 'a', 'this'])} {w} app no {i}", WORDS[w]) for i in range(40) for w in WORDS]
    ids = tokenise(tokenizer, [t for t, _ in rows], 24)
    scores = [s for _, s in rows]
    return Encoded(ids[:120], scores[:120]), Encoded(ids[120:], scores[120:])


def test_scores_are_learnt_and_read_back_in_their_own_unit(tiny_base: Path, tmp_path: Path) -> None:
    base = load_base(str(tiny_base))
    train, validation = sides(base.tokenizer)
    torch.manual_seed(1)
    model = Classifier(base.encoder, 1)
    config = TrainConfig(
        task="score", epochs=6, patience=6, batch_size=8, learning_rate=3e-3, dropout=0.0, freeze_embeddings=False
    )
    told = fine_tune(model, train, validation, config, 0, tmp_path / "checkpoints")
    best = told.history[told.best_epoch - 1]
    assert isinstance(best, ScoreEpoch)
    assert best.val_rmse == min(e.val_rmse for e in told.history)
    assert best.val_rmse < 40, "always saying the mean is 79 off"
    assert best.val_spearman > 0.8
    truth = torch.tensor(validation.labels)
    said = predict_scores(model, validation.ids, 0)
    assert float((said - truth).square().mean().sqrt()) == pytest.approx(best.val_rmse, rel=1e-3)
    assert float((said - truth).abs().mean()) == pytest.approx(best.val_mae, rel=1e-3)
    save_model(model, base.tokenizer, (), 24, tmp_path / "model")
    kept, _, classes, _ = load_model(tmp_path / "model")
    assert classes == ()
    assert torch.equal(predict_scores(kept, validation.ids, 0), said)


def test_scores_that_are_all_equal_are_refused(tiny_base: Path, tmp_path: Path) -> None:
    rows = Encoded([[1, 2], [1, 3]], [5.0, 5.0])
    with pytest.raises(InputError, match="All scores"):
        fine_tune(
            Classifier(load_base(str(tiny_base)).encoder, 1), rows, rows, TrainConfig(task="score"), 0, tmp_path / "c"
        )
