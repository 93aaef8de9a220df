"""Refit: the validation rows choose the epochs, then they are learned from too, and nothing forgets that."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from model_support import labelled_rows, write_csv
from torch import Tensor
from training_support import Ear

from core.model.base import load_base
from core.model.classifier import Classifier, Encoded, in_batches, load_model, tokenise
from core.model.config import TrainConfig
from core.model.look import Asked
from core.model.refit import Tuned, learned
from core.model.run import train_and_benchmark
from core.model.serving.run import run_rows
from core.model.train import fine_tune
from core.model.unseen import unseen
from core.progress import Cancelled

STEPS = 9  # of one epoch: 72 rows in batches of 8


@pytest.fixture
def config(tiny_base: Path) -> TrainConfig:
    return TrainConfig(base=str(tiny_base), epochs=2, batch_size=8, learning_rate=3e-3, max_length=24, refit=True)


def fresh(config: TrainConfig, *, refit: bool = False) -> Classifier:
    base = load_base(config.base)
    torch.manual_seed(2 if refit else 1)
    return Classifier(base.encoder, 3)


def rows(config: TrainConfig) -> tuple[Encoded, Encoded]:
    drawn = labelled_rows(90)
    ids = tokenise(load_base(config.base).tokenizer, [t for t, _ in drawn], config.max_length)
    labels = [("card", "loan", "login").index(c) for _, c in drawn]
    return Encoded(ids[:72], labels[:72]), Encoded(ids[72:], labels[72:])


def tuned(config: TrainConfig, folder: Path, ear: Ear, texts: Sequence[Sequence[int]] = ()) -> Tuned:
    return learned(partial(fresh, config), rows(config), config, 0, folder, ear, texts)


def without_labels(config: TrainConfig) -> list[list[int]]:
    return tokenise(load_base(config.base).tokenizer, [t for t, _ in labelled_rows(40, seed=8)], config.max_length)


def sha256(model: Classifier) -> str:
    state = sorted(model.state_dict().items())
    return hashlib.sha256(b"".join(t.numpy().tobytes() for _, t in state)).hexdigest()


def logits(model: Classifier, side: Encoded) -> Tensor:
    return in_batches(lambda **b: model(**b)["logits"], side.ids, 0)


def test_the_kept_model_is_one_of_all_rows_and_the_validation_was_said_before_it_saw_them(
    config: TrainConfig, tmp_path: Path
) -> None:
    found = tuned(config, tmp_path / "run", Ear())
    train, validation = rows(config)
    first = fresh(config)
    told = fine_tune(first, train, validation, config, 0, tmp_path / "first" / "checkpoints")
    assert found.training.history == told.history
    assert found.unseen is not None
    assert torch.equal(found.unseen, logits(first, validation))
    second, everything = (
        fresh(config, refit=True),
        Encoded([*train.ids, *validation.ids], [*train.labels, *validation.labels]),
    )
    same = replace(config, epochs=told.best_epoch)
    fine_tune(second, everything, None, same, 0, tmp_path / "second" / "checkpoints")
    assert sha256(found.model) == sha256(second) != sha256(first)


@pytest.mark.parametrize("killed_at", [STEPS + 3, 2 * STEPS + 8])
def test_a_run_resumed_in_either_training_ends_with_the_same_weights(
    config: TrainConfig, tmp_path: Path, killed_at: int
) -> None:
    config = replace(config, checkpoint_seconds=0)
    whole = tuned(config, tmp_path / "whole", Ear())

    steps = 0

    class Killed(Ear):
        def __call__(self, done: float, total: float, note: str = "") -> None:
            nonlocal steps
            steps += "left" in note or "timing" in note
            if steps == killed_at:
                raise Cancelled

    with pytest.raises(Cancelled):
        tuned(config, tmp_path / "killed", Killed())
    torch.manual_seed(99)  # another process: other random numbers were drawn before
    again = tuned(config, tmp_path / "killed", Ear())
    assert sha256(again.model) == sha256(whole.model)
    assert again.unseen is not None
    assert whole.unseen is not None
    assert torch.equal(again.unseen, whole.unseen)


@pytest.mark.parametrize("refit", [True, False])
def test_a_run_stopped_while_it_learns_from_texts_without_a_label_ends_with_the_same_weights(
    config: TrainConfig, tmp_path: Path, *, refit: bool
) -> None:
    config, texts = replace(config, epochs=1, refit=refit, spread=True), without_labels(config)
    whole = tuned(config, tmp_path / "whole", Ear(), texts)
    assert (whole.unseen is not None) == refit

    class Stopped(Ear):
        def __call__(self, done: float, total: float, note: str = "") -> None:
            if "without a label" in note and "left" in note:
                raise Cancelled

    with pytest.raises(Cancelled):
        tuned(config, tmp_path / "stopped", Stopped(), texts)
    torch.manual_seed(99)
    assert sha256(tuned(config, tmp_path / "stopped", Ear(), texts).model) == sha256(whole.model)


@pytest.mark.usefixtures("few_requests")
def test_a_run_of_few_rows_learns_from_all_of_them_and_promises_nothing_by_rows_it_has_seen(
    tiny_base: Path, tmp_path: Path
) -> None:
    table = write_csv(tmp_path / "rows.csv", labelled_rows(120))
    asked = Asked(table, None, "text", "label", shots=8, settings={"base": str(tiny_base), "epochs": 1})
    result = train_and_benchmark(asked, tmp_path / "run")
    assert result.config.refit
    assert result.as_json()["n_unlabelled"] == len(result.parts.texts) > 0
    said = unseen(tmp_path / "run")
    assert said is not None
    assert said.shape == (result.calibration.n_validation, 3)
    model = load_model(tmp_path / "run" / "model")[0]
    assert not torch.allclose(said, logits(model, result.look.encoded[1]))
    assert run_rows(tmp_path / "run", None).validation == ()
