"""Scores from file to measured model: true errors, honest comparisons, and the same result after a kill."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from model_support import write_csv
from scores_support import asked_of
from typer.testing import CliRunner

from core.cli.model import app
from core.errors import InputError
from core.model import tuning
from core.model.classifier import load_model, predict_scores, tokenise
from core.model.look import Asked
from core.model.measure import IDS, LOOK_IDS, choose, look, measure
from core.model.scores import baselines, evidence
from core.model.scores.run import train_scores
from core.progress import Cancelled
from core.venture import parse

pytestmark = pytest.mark.usefixtures("few_requests", "few_trials")


@pytest.fixture(scope="module")
def few_trials() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning, "search", partial(tuning.search, most=3))
        yield


@pytest.fixture
def asked(tiny_base: Path, tmp_path: Path) -> Asked:
    return asked_of(tmp_path, tiny_base)


def test_a_run_measures_model_and_baselines_on_the_same_test_rows(asked: Asked, tmp_path: Path) -> None:
    result = train_scores(asked, tmp_path / "run")
    kept = json.loads((tmp_path / "run" / "result.json").read_text())
    names = [baselines.MEAN, baselines.WORDS, baselines.NEIGHBOURS, baselines.EMBEDDINGS]
    assert [b["name"] for b in kept["baselines"]] == [c["against"] for c in kept["compared"]] == names
    model, tokenizer, classes, limit = load_model(tmp_path / "run" / "model")
    assert classes == ()
    truth = np.array(result.parts.test.scores)
    said = predict_scores(model, tokenise(tokenizer, result.parts.test.texts, limit), 0).numpy()
    assert kept["model"]["rmse"]["value"] == pytest.approx(np.sqrt(np.mean((said - truth) ** 2)), rel=1e-4)
    always = result.look.baselines[0].errors
    assert always.rmse.value == pytest.approx(np.sqrt(np.mean((np.mean(result.parts.train.scores) - truth) ** 2)))
    assert always.spearman is None
    assert result.look.baselines[1].errors.rmse.value < always.rmse.value / 2, "the words tell the score"
    least = min(kept["baselines"], key=lambda b: b["validation_rmse"])
    assert kept["paired"]["against"] == least["name"]
    assert kept["paired"]["delta"] == pytest.approx(least["rmse"]["value"] - result.model.rmse.value)
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_killed_run_ends_as_an_uninterrupted_one(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The advice is timed: beside other work a run may be given other threads or another precision, and round otherwise.
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    asked = replace(asked, settings={**(asked.settings or {}), "precision": "fp32"})

    def stop(done: float, total: float, note: str = "") -> None:
        if note.startswith("Epoch 2"):
            raise Cancelled

    whole = train_scores(asked, tmp_path / "whole")
    with pytest.raises(Cancelled):
        train_scores(asked, tmp_path / "killed", stop)
    advised = (tmp_path / "killed" / "advice.json").read_text()
    resumed = train_scores(asked, tmp_path / "killed")
    assert resumed.weights_sha256 == whole.weights_sha256
    assert resumed.model == whole.model
    assert (tmp_path / "killed" / "advice.json").read_text() == advised, "a forecast is made once, before the training"


def test_a_run_of_scores_searches_and_tells_how_much_is_luck(asked: Asked, tmp_path: Path) -> None:
    result = train_scores(asked, tmp_path / "run", minutes=10, seeds=2)
    kept = json.loads((tmp_path / "run" / "result.json").read_text())
    trials, runs = kept["search"]["trials"], kept["seeds"]["runs"]
    assert result.config.as_json() == kept["search"]["best"] == kept["config"]
    assert kept["search"]["quality"] == max(t["quality"] for t in trials if t["status"] == "finished")
    assert kept["search"]["quality"] < 0, "minus the error: the most of it is the best"
    assert [r["seed"] for r in runs] == [7, 8]
    assert runs[0]["test"] == pytest.approx(kept["model"]["rmse"]["value"])
    assert runs[0]["low"] is None, "an error has no share's interval"
    assert kept["forecast"]["covers"] == "a search of 10 min, then 2 trainings"
    with pytest.raises(InputError, match="too short for a search"):
        train_scores(asked, tmp_path / "short", minutes=1e-6)


def test_a_venture_of_scores_has_errors_and_no_accuracy(asked: Asked, tiny_base: Path, tmp_path: Path) -> None:
    data = {"id": "rows", "path": "rows.csv", "text": "text", "label": "label", "task": "score"}
    settings = {"base": str(tiny_base), "epochs": 1, "batch_size": 16}
    of = parse({"schema": 1, "name": "Test", "model": settings, "datasets": [data]}, tmp_path / "venture.toml")
    told: list[tuple[float, str]] = []
    found = {e.id: e for e in measure(of, tmp_path / "run", lambda d, t, n="": told.append((d / t, n)))}
    assert set(found) == set(evidence.IDS) | set(IDS) | {"model.reproduced"}
    for id in ("model.rmse", "model.mae", "model.gain", "model.p50_latency", "model.forecast_minutes"):
        assert found[id].low <= found[id].value <= found[id].high
        assert found[id].unit == evidence.IDS[id]
    for id in ("model.accuracy", "model.baseline_accuracy", "model.suspect_labels"):
        assert found[id].value is None
        assert "scores" in found[id].reason
    forecast = found["model.forecast_minutes"]
    assert forecast.detail["actual"] == found["model.train_minutes"].value
    assert forecast.detail["inside"] == (forecast.low <= forecast.detail["actual"] <= forecast.high)
    assert {"precision", "threads"} <= {c["name"] for c in forecast.detail["advice"]["choices"]}
    assert len(found["model.rmse"].detail["points"]) == found["model.rmse"].n
    said = json.dumps([e.as_json(detail=True) for e in found.values()])
    assert str(tmp_path) not in said
    assert "awful" not in said
    shares = [s for s, _ in told]
    assert shares == sorted(shares)
    seen = {e.id: e for e in look(of, tmp_path / "run")}
    assert set(seen) == set(evidence.LOOK_IDS) | set(LOOK_IDS)
    for id in evidence.LOOK_IDS:
        assert (seen[id].value, seen[id].n) == (found[id].value, found[id].n), "a look says what the run says later"


def test_base_models_are_compared_by_their_error(asked: Asked, tiny_base: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_base, tmp_path / "tiny")
    data = {"id": "rows", "path": "rows.csv", "text": "text", "label": "label", "task": "score"}
    model = {"candidates": ["./tiny", "./nowhere"]}
    of = parse({"schema": 1, "name": "Test", "model": model, "datasets": [data]}, tmp_path / "venture.toml")
    (found,) = choose(of, tmp_path / "run")
    by_name = {c["name"]: c for c in found.detail["candidates"]}
    assert by_name["./nowhere"]["error"]
    for name in ("./tiny", "all-MiniLM-L6-v2"):
        assert by_name[name]["accuracy"] is None
        assert by_name[name]["rmse"]["low"] <= by_name[name]["rmse"]["value"] <= by_name[name]["rmse"]["high"]
    assert found.value in by_name
    assert "an error (RMSE) of" in found.detail["reason"]


def test_a_label_that_is_no_number_is_said_by_its_row(asked: Asked, tmp_path: Path) -> None:
    write_csv(tmp_path / "rows.csv", [("fine", "4"), ("so so", "three")])
    with pytest.raises(InputError, match=r"not a number \(row 3\)"):
        train_scores(asked, tmp_path / "run")


def command(*arguments: str) -> Result:
    """In this process: those of `test_model_cli.py` are real ones."""
    return CliRunner().invoke(app, arguments)


def test_the_command_line_looks_trains_and_answers_in_scores(asked: Asked, tiny_base: Path, tmp_path: Path) -> None:
    table = ["--data", str(asked.data), "--text", "text", "--label", "label", "--base", str(tiny_base), "--json"]
    out = str(tmp_path / "run")
    wrong = command("train", *table, "--out", out, "--task", "price")
    assert isinstance(wrong.exception, InputError)
    assert "it can be classify or score" in str(wrong.exception)
    seen = command("inspect", *table, "--task", "score", "--target", "1.5")
    assert seen.exit_code == 0, seen.output
    told = json.loads(seen.stdout)
    assert told["data"]["scores"]["distinct"] == 4
    assert told["curve"]["needed"]["target"] == 1.5
    trained = command("train", *table, "--out", out, "--task", "score", "--epochs", "1")
    assert trained.exit_code == 0, trained.output
    assert json.loads(trained.stdout) == json.loads((tmp_path / "run" / "result.json").read_text())
    answered = command("predict", out, "a great app", "--json")
    assert answered.exit_code == 0, answered.output
    (answer,) = json.loads(answered.stdout)
    assert answer["task"] == "score"
    assert answer["low"] <= answer["score"] <= answer["high"]
