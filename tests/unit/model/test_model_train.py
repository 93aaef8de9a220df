"""Training: it resumes exactly, keeps the best epoch, tells how far it is, and leaves no pickle."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from model_support import labelled_rows, write_csv
from training_support import STEPS, Ear, tuned
from transformers import TrainerState

from core.errors import InputError
from core.model import listener, tuning
from core.model.base import load_base
from core.model.classifier import Classifier, Encoded, in_batches, tokenise
from core.model.config import TrainConfig
from core.model.look import Asked, look
from core.model.train import fine_tune, kept_step
from core.progress import Cancelled


@pytest.fixture
def config(tiny_base: Path) -> TrainConfig:
    return TrainConfig(base=str(tiny_base), epochs=3, batch_size=8, learning_rate=3e-3, max_length=24)


@pytest.mark.parametrize("killed_at", [(STEPS + 1,), (2 * STEPS - 1, 2 * STEPS + 5)])
def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    config: TrainConfig, tmp_path: Path, killed_at: tuple[int, ...]
) -> None:
    expected, whole = tuned(config, tmp_path / "whole", Ear())
    for step in killed_at:
        with pytest.raises(Cancelled):
            tuned(config, tmp_path / "killed", Ear(stop_at=step))
    torch.manual_seed(99)  # another process: other random numbers were drawn before
    ear = Ear()
    found, resumed = tuned(config, tmp_path / "killed", ear)
    assert found == expected
    assert resumed.history == whole.history
    assert ear.heard[0][0] > STEPS, "the finished epoch was not trained again"
    assert resumed.seconds > 0


def test_another_seed_gives_other_weights(config: TrainConfig, tmp_path: Path) -> None:
    config = replace(config, epochs=1)
    first = tuned(config, tmp_path / "a", Ear())[0]
    assert first == tuned(config, tmp_path / "b", Ear())[0]
    assert first != tuned(replace(config, seed=8), tmp_path / "c", Ear())[0]


def test_bf16_trains_other_weights_than_fp32_and_auto_untimed_is_fp32(config: TrainConfig, tmp_path: Path) -> None:
    hashes = {p: tuned(replace(config, precision=p), tmp_path / p, Ear())[0] for p in ("auto", "fp32", "bf16")}
    assert hashes["auto"] == hashes["fp32"] != hashes["bf16"]


def test_a_run_killed_after_its_last_checkpoint_trains_no_further(config: TrainConfig, tmp_path: Path) -> None:
    expected, _ = tuned(config, tmp_path, Ear())
    ear = Ear()
    found, told = tuned(config, tmp_path, ear)
    assert (found, ear.heard, len(told.history)) == (expected, [], 3)


def test_checkpoints_hold_no_pickle_and_the_best_the_newest_and_the_one_before_it_stay(
    config: TrainConfig, tmp_path: Path
) -> None:
    _, told = tuned(replace(config, epochs=4, patience=4), tmp_path, Ear())
    kept = {p.name for p in tmp_path.iterdir()}
    assert kept == {f"checkpoint-{n * STEPS}" for n in (told.best_epoch, 3, 4)}
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert files
    assert {p.suffix for p in files} == {".safetensors", ".json"}


def test_a_half_written_checkpoint_is_not_resumed_from(config: TrainConfig, tmp_path: Path) -> None:
    (tmp_path / ".checkpoint-999").mkdir()
    (tmp_path / ".checkpoint-999" / "model.safetensors").write_bytes(b"half")
    _, told = tuned(replace(config, epochs=1), tmp_path, Ear())
    assert len(told.history) == 1
    assert not (tmp_path / ".checkpoint-999").exists()


def test_a_loss_that_is_no_number_ends_the_run_with_advice(config: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Lower the learning rate"):
        tuned(replace(config, learning_rate=1e30, warmup=0.0), tmp_path, Ear())


def test_progress_rises_to_the_end_and_names_epoch_loss_and_time_left(config: TrainConfig, tmp_path: Path) -> None:
    ear = Ear()
    tuned(config, tmp_path, ear)
    done = [d for d, _, _ in ear.heard]
    assert done == sorted(done)
    assert ear.heard[-1][0] == ear.heard[-1][1] == 3 * STEPS
    assert len(set(done)) == 3 * STEPS, "told after every step"
    notes = " ".join(n for _, _, n in ear.heard)
    assert "Epoch 2 of 3 · loss " in notes
    assert " left" in notes


def test_training_stops_when_validation_no_longer_gains(config: TrainConfig) -> None:
    log = [{"eval_score": s} for s in (0.8, 0.9, 0.85, 0.9)]
    config = replace(config, epochs=10, patience=2)
    assert [listener.over(log[:n], config) for n in range(5)] == [False, False, False, False, True]
    assert not listener.over(log, replace(config, patience=3))
    assert listener.over(log, replace(config, epochs=4, patience=9))


def test_an_early_stop_ends_training_and_keeps_the_best_epoch(config: TrainConfig, tmp_path: Path) -> None:
    # A rate of next to nothing changes no answer, so the second epoch gains nothing.
    still = replace(config, epochs=9, patience=1, learning_rate=1e-12)
    _, told = tuned(still, tmp_path, Ear())
    assert len(told.history) < 9
    best = told.history[told.best_epoch - 1]
    assert all(best.val_accuracy >= e.val_accuracy for e in told.history)


def test_embeddings_stay_as_they_were_and_the_rest_learns(config: TrainConfig, tmp_path: Path) -> None:
    base = load_base(config.base)
    model = Classifier(base.encoder, 3)
    before = {n: t.clone() for n, t in model.state_dict().items()}
    rows = Encoded(tokenise(base.tokenizer, ["a b c", "d e", "f"] * 8, 24), [0, 1, 2] * 8)
    fine_tune(model, rows, rows, replace(config, epochs=1), 0, tmp_path)
    moved = {n for n, t in model.state_dict().items() if not torch.equal(t, before[n])}
    assert not [n for n in moved if "embeddings" in n]
    assert [n for n in moved if "layer.0" in n]
    assert "head.weight" in moved


def test_the_head_starts_as_the_logistic_regression(tiny_base: Path, tmp_path: Path) -> None:
    rows = write_csv(tmp_path / "rows.csv", labelled_rows(90))
    found = look(Asked(rows, None, "text", "label", settings={"base": str(tiny_base)}))
    model = found.start()
    untuned = in_batches(lambda **b: model(**b)["logits"], found.encoded[2].ids, 0)
    assert torch.allclose(untuned, found.fitted.chosen.logits(found.embeddings[2]), atol=1e-4)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(3, 4, "about 5 s"), (31, 52, "30 to 55 s"), (100, 170, "2 to 3 min"), (290, 300, "about 5 min")],
)
def test_time_left_is_said_as_a_person_would(low: float, high: float, said: str) -> None:
    assert listener.span(low, high) == said


def test_a_folder_that_is_not_a_runs_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "precious").touch()
    with pytest.raises(InputError, match="new or empty folder"):
        tuning.begin(tmp_path, {"config": 1})
    assert (tmp_path / "model" / "precious").exists()


def test_other_settings_start_a_run_anew(tmp_path: Path) -> None:
    tuning.begin(tmp_path, {"config": 1})
    (tmp_path / "checkpoints").mkdir()
    tuning.begin(tmp_path, {"config": 1})
    assert (tmp_path / "checkpoints").exists()
    tuning.begin(tmp_path, {"config": 2})
    assert not (tmp_path / "checkpoints").exists()
    assert json.loads((tmp_path / "run.json").read_text()) == {"config": 2}


@pytest.mark.parametrize(("last", "kept"), [(0.93, 30), (0.915, 30), (0.90, 10)])
def test_an_earlier_epoch_is_kept_only_where_it_is_ahead_by_more_than_chance(last: float, kept: int) -> None:
    """With 200 rows one standard error of 93 % is 1.8 points."""
    log = [{"eval_accuracy": accuracy} for accuracy in (0.93, 0.92, last)]
    state = TrainerState(log_history=log, global_step=30, best_global_step=10)
    assert kept_step(state, 200, TrainConfig()) == kept
