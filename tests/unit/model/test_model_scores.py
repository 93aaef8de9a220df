"""Scores from file to measured model: true errors, honest comparisons, and the same result after a kill."""

import json
import random
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from model_support import write_csv
from scipy.stats import spearmanr

from core.errors import InputError
from core.model import scores
from core.model.classifier import load_model, predict_scores, tokenise
from core.model.look import Asked
from core.model.measure import IDS, SCORE_IDS, look, measure
from core.model.scores import errors, gain, train_scores
from core.progress import Cancelled
from core.venture import parse

PROJECT = Path(__file__).resolve().parents[3]
WORDS = {"awful": 1.0, "poor": 2.0, "good": 4.0, "great": 5.0}


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "measure_latency", partial(scores.measure_latency, seconds=0.3))


@pytest.fixture
def asked(tiny_base: Path, tmp_path: Path) -> Asked:
    draw = random.Random(1)
    rows = [(f"{draw.choice(['the', 'a', 'this'])} {w} app no {i}", str(WORDS[w])) for i in range(20) for w in WORDS]
    settings = {"base": str(tiny_base), "epochs": 2, "batch_size": 8, "learning_rate": 1e-3}
    return Asked(write_csv(tmp_path / "rows.csv", rows), None, "text", "label", settings=settings)


def test_a_run_measures_model_and_baselines_on_the_same_test_rows(asked: Asked, tmp_path: Path) -> None:
    result = train_scores(asked, tmp_path / "run")
    kept = json.loads((tmp_path / "run" / "result.json").read_text())
    assert [b["name"] for b in kept["baselines"]] == [scores.MEAN, scores.WORDS, scores.EMBEDDINGS]
    model, tokenizer, classes, limit = load_model(tmp_path / "run" / "model")
    assert classes == ()
    truth = np.array(result.parts.test.scores)
    said = predict_scores(model, tokenise(tokenizer, result.parts.test.texts, limit), 0).numpy()
    assert kept["model"]["rmse"]["value"] == pytest.approx(np.sqrt(np.mean((said - truth) ** 2)), rel=1e-4)
    always = result.baselines[0][1]
    assert always.rmse.value == pytest.approx(np.sqrt(np.mean((np.mean(result.parts.train.scores) - truth) ** 2)))
    assert always.spearman is None
    assert result.baselines[1][1].rmse.value < always.rmse.value / 2, "the words tell the score"
    against = next(e for b, e in result.baselines if b.name == result.paired.against)
    assert result.paired.delta == pytest.approx(against.rmse.value - result.model.rmse.value)
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_killed_run_ends_as_an_uninterrupted_one(asked: Asked, tmp_path: Path) -> None:
    def stop(done: float, total: float, note: str = "") -> None:
        if note.startswith("Epoch 2"):
            raise Cancelled

    whole = train_scores(asked, tmp_path / "whole")
    with pytest.raises(Cancelled):
        train_scores(asked, tmp_path / "killed", stop)
    resumed = train_scores(asked, tmp_path / "killed")
    assert resumed.weights_sha256 == whole.weights_sha256
    assert resumed.model == whole.model


def test_errors_and_their_order_are_those_of_the_definitions() -> None:
    draw = np.random.default_rng(0)
    truth = draw.normal(50, 10, 300)
    near, far = truth + draw.normal(0, 1, 300), truth + draw.normal(0, 5, 300)
    found = errors(truth, far, 7)
    assert found.mae.value == pytest.approx(np.abs(far - truth).mean())
    assert found.spearman.value == pytest.approx(spearmanr(truth, far).statistic)
    for figure in (found.rmse, found.mae, found.spearman):
        assert figure.low < figure.value < figure.high
    assert gain(truth, near, far, "far", 7).verdict == "better"
    assert gain(truth, far, near, "near", 7).verdict == "worse"
    assert gain(truth, near, near, "itself", 7).verdict == "not shown to be better"


def test_a_venture_of_scores_has_errors_and_no_accuracy(asked: Asked, tiny_base: Path, tmp_path: Path) -> None:
    data = {"id": "rows", "path": "rows.csv", "text": "text", "label": "label", "task": "score"}
    settings = {"base": str(tiny_base), "epochs": 1, "batch_size": 16}
    of = parse({"schema": 1, "name": "Test", "model": settings, "datasets": [data]}, tmp_path / "venture.toml")
    found = {e.id: e for e in measure(of, tmp_path / "run")}
    assert set(found) == set(SCORE_IDS) | set(IDS)
    for id in ("model.rmse", "model.mae", "model.gain", "model.p50_latency"):
        assert found[id].low <= found[id].value <= found[id].high
        assert found[id].unit == SCORE_IDS[id]
    assert found["model.accuracy"].value is None
    assert "scores" in found["model.accuracy"].reason
    assert str(tmp_path) not in json.dumps([e.as_json(detail=True) for e in found.values()])
    assert all(e.value is None for e in look(of, tmp_path / "run"))


def test_a_label_that_is_no_number_is_said_by_its_row(asked: Asked, tmp_path: Path) -> None:
    write_csv(tmp_path / "rows.csv", [("fine", "4"), ("so so", "three")])
    with pytest.raises(InputError, match=r"not a number \(row 3\)"):
        train_scores(asked, tmp_path / "run")


def test_the_command_line_trains_scores_and_names_a_wrong_task(asked: Asked, tiny_base: Path, tmp_path: Path) -> None:
    given = ["--data", str(asked.data), "--text", "text", "--label", "label", "--base", str(tiny_base)]
    told = [sys.executable, "-m", "core", "model", "train", *given, "--out", str(tmp_path / "run"), "--json", "--task"]
    wrong, right = (
        subprocess.run([*told, *task], cwd=PROJECT, capture_output=True, text=True, timeout=120)
        for task in (["price"], ["score", "--epochs", "1"])
    )
    assert wrong.returncode
    assert "it can be classify or score" in wrong.stderr
    assert right.returncode == 0, right.stderr
    assert json.loads(right.stdout) == json.loads((tmp_path / "run" / "result.json").read_text())
