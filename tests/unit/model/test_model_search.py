"""The search keeps to its minutes, can be cancelled and gone on with, and its best is what it says; seeds' spread."""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from model_support import labelled_rows

from core.errors import InputError
from core.model.base import load_base
from core.model.classifier import Classifier, Encoded, tokenise
from core.model.config import TrainConfig
from core.model.history import TRIALS, read_trials
from core.model.search import FINISHED, PRUNED, search
from core.model.seeds import several
from core.model.train import fine_tune
from core.progress import Cancelled, silent

CLASSES = ("card", "loan", "login")


@pytest.fixture
def config(tiny_base: Path) -> TrainConfig:
    return TrainConfig(base=str(tiny_base), epochs=2, batch_size=8, learning_rate=1e-3, max_length=24)


@pytest.fixture(scope="module")
def sides(tiny_base: Path) -> tuple[Encoded, Encoded, Encoded]:
    rows = labelled_rows(100)
    ids = tokenise(load_base(str(tiny_base)).tokenizer, [t for t, _ in rows], 24)
    labels = [CLASSES.index(c) for _, c in rows]
    return tuple(Encoded(ids[a:b], labels[a:b]) for a, b in ((0, 60), (60, 80), (80, 100)))


@pytest.fixture
def fresh(tiny_base: Path) -> Callable[[], Classifier]:
    def make() -> Classifier:
        torch.manual_seed(1)
        return Classifier(load_base(str(tiny_base)).encoder, 3)

    return make


def test_a_search_tries_the_given_settings_first_and_returns_the_best(
    config: TrainConfig, sides: tuple[Encoded, ...], fresh: Callable[[], Classifier], tmp_path: Path
) -> None:
    found = search(fresh, *sides[:2], config, 0, tmp_path, minutes=5, most=5)
    assert len(found.trials) == 5
    first = found.trials[0]
    assert first.status == FINISHED
    assert {n: getattr(config, n) for n in first.values} == first.values
    finished = [t for t in found.trials if t.status == FINISHED]
    assert found.quality == max(t.quality for t in finished)
    assert len({tuple(t.values.values()) for t in found.trials}) == 5, "no setting twice"
    assert {t.status for t in found.trials} <= {FINISHED, PRUNED}
    assert all(t.seconds > 0 and t.epochs > 0 for t in found.trials)
    again = fine_tune(fresh(), *sides[:2], found.best, 0, tmp_path / "again" / "checkpoints")
    assert max(e.val_accuracy for e in again.history) == found.quality
    assert not list(tmp_path.glob("trial-*")), "trials leave no checkpoints"
    # the same search again only reads what it found
    begun = time.perf_counter()
    assert search(fresh, *sides[:2], config, 0, tmp_path, minutes=5, most=5).trials == found.trials
    assert time.perf_counter() - begun < found.seconds


def test_a_search_ends_within_its_minutes_and_starts_no_trial_that_could_not(
    config: TrainConfig,
    sides: tuple[Encoded, ...],
    fresh: Callable[[], Classifier],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = count()  # each look at the clock is 0.05 s later, so that other programs have no say in how many are tried
    monkeypatch.setattr("core.model.search.time", SimpleNamespace(perf_counter=lambda: 0.05 * next(clock)))
    heard = []
    found = search(
        fresh, *sides[:2], config, 0, tmp_path, minutes=0.08, progress=lambda d, t, n="": heard.append((d, t))
    )
    assert 0.05 * next(clock) < 0.08 * 60 + 1
    assert len(found.trials) > 1
    assert read_trials(tmp_path.parent) == []
    assert json.loads((tmp_path / TRIALS).read_text()) == [asdict(t) for t in found.trials]
    assert [t.status for t in found.trials[:-1]].count("out of time") == 0
    done = [d for d, _ in heard]
    assert done == sorted(done)
    assert {t for _, t in heard} == {60 * 0.08}


def test_a_cancelled_search_goes_on_where_it_was(
    config: TrainConfig, sides: tuple[Encoded, ...], fresh: Callable[[], Classifier], tmp_path: Path
) -> None:
    config = replace(config, checkpoint_seconds=0)
    whole = search(fresh, *sides[:2], config, 0, tmp_path / "whole", minutes=5, most=3)

    said = []

    def cancel(done: float, total: float, note: str = "") -> None:
        said.append(note.startswith("Trial 2"))
        if sum(said) == 4:  # the second step: the first one's checkpoint is written
            raise Cancelled

    with pytest.raises(Cancelled):
        search(fresh, *sides[:2], config, 0, tmp_path / "cut", minutes=5, most=3, progress=cancel)
    assert len(list((tmp_path / "cut").glob("trial-*"))) == 1
    heard = []
    resumed = search(fresh, *sides[:2], config, 0, tmp_path / "cut", 5, lambda d, t, n="": heard.append(n), most=3)
    assert heard[0].startswith("Trial 2")
    told = [[(t.values, t.status, t.quality) for t in found.trials] for found in (resumed, whole)]
    assert told[0] == told[1]


def test_too_few_minutes_for_one_training_is_said_with_how_many_are_needed(
    config: TrainConfig, sides: tuple[Encoded, ...], fresh: Callable[[], Classifier], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"too short for a search: one training of 60 epochs takes about"):
        search(fresh, *sides[:2], replace(config, epochs=60, patience=60), 0, tmp_path, minutes=0.01)


def test_a_setting_that_diverges_is_a_line_of_the_table_and_not_the_end(
    config: TrainConfig, sides: tuple[Encoded, ...], fresh: Callable[[], Classifier], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="lower the learning rate"):
        search(fresh, *sides[:2], replace(config, learning_rate=1e30, warmup=0.0), 0, tmp_path, minutes=1, most=2)


def test_several_seeds_tell_their_spread_and_a_finished_one_is_not_trained_again(
    config: TrainConfig, sides: tuple[Encoded, Encoded, Encoded], fresh: Callable[[], Classifier], tmp_path: Path
) -> None:
    config = replace(config, epochs=1)
    found = several(fresh, sides, config, 3, 0, tmp_path)
    assert [r.seed for r in found.runs] == [7, 8, 9]
    tests = [r.test for r in found.runs]
    assert (found.mean, found.sd) == (statistics.fmean(tests), statistics.stdev(tests))
    assert all(r.low <= r.test <= r.high and r.high > r.low for r in found.runs)
    assert (found.low, found.high) == (min(tests), max(tests))
    model = fresh()
    told = fine_tune(model, *sides[:2], replace(config, seed=8), 0, tmp_path / "alone" / "checkpoints", silent)
    assert found.runs[1].validation == told.history[0].val_accuracy
    heard = []
    assert several(fresh, sides, config, 3, 0, tmp_path, lambda *a: heard.append(a)) == found
    assert not heard
