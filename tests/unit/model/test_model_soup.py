"""A model soup: the mean of its members, the same after a kill, and nothing new where there is one member."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from model_support import labelled_rows
from training_support import STEPS, Ear, tuned

from core.errors import InputError
from core.model.base import load_base
from core.model.classifier import Classifier, tokenise
from core.model.config import TrainConfig
from core.model.history import read_history
from core.model.soup import train_members
from core.model.train import Encoded, Training
from core.progress import Cancelled, Progress, silent


@pytest.fixture
def config(tiny_base: Path) -> TrainConfig:
    return TrainConfig(base=str(tiny_base), epochs=2, batch_size=8, learning_rate=3e-3, max_length=24, members=3)


def cooked(config: TrainConfig, folder: Path, progress: Progress = silent) -> tuple[Classifier, Training]:
    """The same start and rows as `tuned`."""
    tokenizer = load_base(config.base).tokenizer
    rows = labelled_rows(120)
    ids = tokenise(tokenizer, [t for t, _ in rows], config.max_length)
    labels = [("card", "loan", "login").index(c) for _, c in rows]

    def fresh() -> Classifier:
        encoder = load_base(config.base).encoder
        torch.manual_seed(1)
        return Classifier(encoder, 3)

    sides = Encoded(ids[:96], labels[:96]), Encoded(ids[96:], labels[96:])
    return train_members(fresh, *sides, config, 0, folder / "checkpoints", progress)


def sha256(model: Classifier) -> str:
    state = sorted(model.state_dict().items())
    return hashlib.sha256(b"".join(t.numpy().tobytes() for _, t in state)).hexdigest()


def test_the_soup_is_the_mean_of_trainings_that_differ_in_their_seed(config: TrainConfig, tmp_path: Path) -> None:
    soup, told = cooked(config, tmp_path / "soup")
    alone = [cooked(replace(config, members=1, seed=config.seed + i), tmp_path / str(i)) for i in range(config.members)]
    states = [model.state_dict() for model, _ in alone]
    assert not torch.equal(states[0]["head.weight"], states[1]["head.weight"])
    for name, weight in soup.state_dict().items():
        mean = sum(s[name].double() for s in states) / config.members
        assert torch.allclose(weight.double(), mean, atol=1e-7), name
        if "embeddings" in name:
            assert torch.equal(weight, states[0][name]), "what does not learn stays exactly"
    assert [e.val_loss for e in told.history] == [e.val_loss for _, t in alone for e in t.history]
    assert [e.epoch for e in told.history] == [1, 2, 3, 4, 5, 6]
    best = told.history[told.best_epoch - 1]
    assert best.val_accuracy == max(e.val_accuracy for e in told.history)


@pytest.mark.parametrize("killed_after", [(STEPS + 3,), (2 * STEPS + 2, 3 * STEPS + 5)])
def test_a_soup_that_was_killed_and_resumed_is_the_uninterrupted_one(
    config: TrainConfig, tmp_path: Path, killed_after: tuple[int, ...]
) -> None:
    whole, expected = cooked(config, tmp_path / "whole")
    for steps in killed_after:
        with pytest.raises(Cancelled):
            cooked(config, tmp_path / "killed", _stop(steps / (3 * 2 * STEPS)))
    torch.manual_seed(99)
    resumed, told = cooked(config, tmp_path / "killed")
    assert sha256(resumed) == sha256(whole)
    assert told.history == expected.history


def test_a_finished_member_is_not_trained_again_unless_its_weights_are_damaged(
    config: TrainConfig, tmp_path: Path
) -> None:
    expected = sha256(cooked(config, tmp_path)[0])
    ear = Ear()
    assert sha256(cooked(config, tmp_path, ear)[0]) == expected
    assert not [note for _, _, note in ear.heard if "Epoch" in note]
    weights = tmp_path / "checkpoints" / "member-2" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\0")
    ear = Ear()
    assert sha256(cooked(config, tmp_path, ear)[0]) == expected
    assert {note[:12] for _, _, note in ear.heard if "Epoch" in note} == {"Member 2 of "}


def test_one_member_is_a_plain_training(config: TrainConfig, tmp_path: Path) -> None:
    one = replace(config, members=1)
    expected, told = tuned(one, tmp_path / "plain" / "checkpoints", Ear())
    model, same = cooked(one, tmp_path / "soup")
    assert sha256(model) == expected
    assert same.history == told.history


def test_the_history_shows_the_members_one_after_the_other(config: TrainConfig, tmp_path: Path) -> None:
    lengths: list[int] = []
    _, told = cooked(config, tmp_path, lambda *_: lengths.append(len(read_history(tmp_path))))
    points = read_history(tmp_path)
    assert lengths[0] <= 1 < lengths[len(lengths) // 2] < lengths[-1] == len(points), "it grows while they train"
    assert [p.step for p in points] == sorted(p.step for p in points)
    assert [p.seconds for p in points] == sorted(p.seconds for p in points)
    assert points[-1].step == points[-1].of == config.members * config.epochs * STEPS
    assert [p.val_loss for p in points if p.val_loss is not None] == [e.val_loss for e in told.history]
    assert [p.epoch for p in points if p.val_loss is not None] == [1, 2, 3, 4, 5, 6]


def test_progress_never_falls_and_names_the_member(config: TrainConfig, tmp_path: Path) -> None:
    ear = Ear()
    cooked(replace(config, epochs=1), tmp_path, ear)
    shares = [done / total for done, total, _ in ear.heard]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    said = " ".join(note for _, _, note in ear.heard)
    assert all(f"Member {i} of 3 · Epoch 1 of 1" in said for i in (1, 2, 3))


def test_a_soup_of_nothing_is_refused(config: TrainConfig) -> None:
    with pytest.raises(InputError, match="members is 0: it must be at least 1"):
        replace(config, members=0)


def _stop(share: float) -> Progress:
    def tell(done: float, total: float, note: str = "") -> None:
        if done / total >= share - 1e-9 and "Epoch" in note:
            raise Cancelled

    return tell
