"""`model benchmark` on a real run of a tiny model: each scenario, and what is refused."""

import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from model_support import labelled_rows, write_csv

from core.errors import InputError
from core.model.latency import BLOCK, LEAST
from core.model.look import Asked as Training
from core.model.run import train_and_benchmark
from core.model.serving import run as serving
from core.model.serving.rows import check_run
from core.model.serving.run import Asked, benchmark, run_rows
from core.model.serving.timing import time_together

PROJECT = Path(__file__).resolve().parents[3]


def trained(folder: Path, base: Path, test: bool, shots: int | None = None) -> Path:
    rows = labelled_rows(160)
    table = write_csv(folder / "rows.csv", rows[:120] if test else rows)
    held = write_csv(folder / "held.csv", rows[120:]) if test else None
    asked = Training(table, held, "text", "label", shots=shots, settings={"base": str(base), "epochs": 1})
    train_and_benchmark(asked, folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, few_requests: None) -> Path:
    return trained(tmp_path_factory.mktemp("plain"), tiny_base, test=False)


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path, few_requests: None) -> Path:
    return trained(tmp_path_factory.mktemp("tested"), tiny_base, test=True, shots=10)


def test_single_requests_give_times_and_the_accuracy_of_the_same_answers(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "time_together", partial(time_together, most=5 * BLOCK))
    told = benchmark(Asked(run, "single", seconds=600))  # it ends with its requests, however slow the machine
    (fp32,) = told["variants"]
    assert fp32["variant"] == "fp32"
    assert fp32["n"] == 5 * BLOCK
    assert fp32["p95_ms"] >= fp32["p50_ms"] > 0
    truth = run_rows(run, None).test_labels
    assert told["n_texts"] == len(truth)
    assert fp32["low"] <= fp32["accuracy"] <= fp32["high"]
    assert json.loads((run / "result.json").read_text())["model"]["accuracy"] == pytest.approx(fp32["accuracy"])


def test_the_server_scenario_keeps_its_bound_and_offline_counts_rows(run: Path) -> None:
    served = benchmark(Asked(run, "server", bound_ms=100, seconds=3))
    if served["requests_per_s"] is None:  # on a machine that is too busy for it
        assert served["reason"]
    else:
        assert served["p95_ms"] <= 100
    batches = benchmark(Asked(run, "offline", seconds=1))
    assert batches["low"] <= batches["samples_per_s"] <= batches["high"]


def test_a_run_finds_its_test_table_asks_for_it_where_it_is_gone_and_takes_no_other(tested: Path) -> None:
    assert len(run_rows(tested, None).test) == 40
    held = tested.parent / "held.csv"
    gone = held.rename(tested.parent / "elsewhere.csv")
    try:
        with pytest.raises(InputError, match="--test: name the test table with which run"):
            run_rows(tested, None)
        assert len(run_rows(tested, gone).test) == 40
    finally:
        gone.rename(held)
    rows = run_rows(tested, held)
    assert len(rows.test) == len(rows.test_labels) == 40
    assert len(rows.validation) == 0  # of so few rows it learned from these too, so they can choose nothing more
    other = write_csv(tested.parent / "other.csv", labelled_rows(20, seed=9))
    with pytest.raises(InputError, match=r"other\.csv is not the test table that run"):
        run_rows(tested, other)


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run, tmp_path / "copy"))


def test_a_changed_model_is_refused(copy: Path) -> None:
    weights = copy / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match="changed since it was trained"):
        benchmark(Asked(copy, "single"))
    weights.unlink()
    with pytest.raises(InputError, match="incomplete"):
        check_run(copy)


def test_a_run_that_has_not_ended_or_whose_data_changed_is_refused(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no training of classes has ended here"):
        check_run(tmp_path)
    (tmp_path / "result.json").write_text(json.dumps({"task": "score", "model": {"weights_sha256": "0"}}))
    with pytest.raises(InputError, match="made only of models that name classes"):
        check_run(tmp_path)
    kept: dict[str, Any] = json.loads((copy / "answer" / "answer.json").read_text())
    kept["source"]["sha256"] = "0"
    (copy / "answer" / "answer.json").write_text(json.dumps(kept))
    with pytest.raises(InputError, match=r"rows.csv: changed since copy was trained"):
        run_rows(copy, None)


def test_unknown_scenarios_and_variants_name_those_there_are(run: Path) -> None:
    with pytest.raises(InputError, match="must be one of single, server, offline"):
        benchmark(Asked(run, "warp"))
    with pytest.raises(InputError, match="this run has fp32"):
        benchmark(Asked(run, "single", variant="int3"))


def test_the_command_prints_one_document(run: Path) -> None:
    command = [sys.executable, "-m", "core", "model", "benchmark", str(run), "--scenario", "single", "--seconds", "1"]
    done = subprocess.run([*command, "--json"], cwd=PROJECT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    (fp32,) = json.loads(done.stdout)["variants"]
    assert fp32["variant"] == "fp32"
    assert fp32["n"] > 0
    assert (fp32["p95_ms"] is not None) == (fp32["n"] >= LEAST[0.95])
