"""The model room's commands as real processes: one JSON document each, and answers over pipes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from model_support import labelled_rows, write_csv
from typer.testing import CliRunner

from core.cli.model import app

PROJECT = Path(__file__).resolve().parents[3]


def command(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core", "model", *arguments],
        cwd=PROJECT,
        input=given,
        capture_output=True,
        text=True,
        timeout=280,
    )


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("rows") / "rows.csv", labelled_rows(120))


@pytest.fixture(scope="module")
def trained(table: Path, tiny_base: Path) -> tuple[Path, dict[str, Any]]:
    run = table.parent / "run"
    asked = ["--data", str(table), "--text", "text", "--label", "label", "--base", str(tiny_base)]
    done = command("train", *asked, "--out", str(run), "--epochs", "1", "--shots", "20", "--seeds", "2", "--json")
    assert done.returncode == 0, done.stderr
    return run, json.loads(done.stdout)


def test_train_prints_what_the_run_folder_keeps(trained: tuple[Path, dict[str, Any]]) -> None:
    run, said = trained
    assert said == json.loads((run / "result.json").read_text())
    assert said["n_train"] + said["n_validation"] == 3 * 20
    assert said["config"]["epochs"] == 1


def test_several_seeds_are_told_with_their_intervals_and_the_forecast_covers_them(
    trained: tuple[Path, dict[str, Any]],
) -> None:
    run, told = trained
    seeds, model = told["seeds"], told["model"]
    assert [r["seed"] for r in seeds["runs"]] == [7, 8]
    assert {k: seeds["runs"][0][k] for k in ("low", "high")} == {k: model[k] for k in ("low", "high")}
    assert seeds["runs"][0]["test"] == model["accuracy"]
    assert seeds["mean"] == sum(r["test"] for r in seeds["runs"]) / 2
    assert told["forecast"]["covers"] == "2 trainings"
    assert told["forecast"]["actual"] * 60 == sum(r["seconds"] for r in seeds["runs"])
    assert json.loads((run / "forecast.json").read_text())["minutes"] == told["forecast"]["minutes"]


def test_predict_answers_texts_and_lines(trained: tuple[Path, dict[str, Any]]) -> None:
    run, _ = trained
    (answer,) = json.loads(CliRunner().invoke(app, ["predict", str(run), "my card was declined", "--json"]).stdout)
    assert answer["label"] in ("card", "loan", "login")
    lines = '{"text": "my card was declined"}\nnot json\n'
    ready, served, wrong = map(json.loads, command("predict", str(run), "--serve", given=lines).stdout.splitlines())
    assert ready["ready"]
    assert served == answer
    assert "Not JSON" in wrong["error"]


def test_inspect_says_what_is_free_and_how_many_rows_a_target_takes(table: Path, tiny_base: Path) -> None:
    asked = ["--data", str(table), "--text", "text", "--label", "label", "--base", str(tiny_base)]
    done = command("inspect", *asked, "--target", "0.9", "--json")
    said = json.loads(done.stdout)
    assert len(said["baselines"]) == 4
    assert said["curve"]["needed"]["target"] == 0.9
    assert said["data"]["n_test"] == 24


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["predict", "nowhere", "hello"], "no training run has ended here"),
        (["predict", "nowhere"], "Nothing to answer"),
        (["train", "--data", "no.csv", "--text", "a", "--label", "b", "--out", "x"], "no.csv"),
    ],
)
def test_a_wrong_input_is_one_line_and_exit_code_2(arguments: list[str], problem: str, tmp_path: Path) -> None:
    done = command(*arguments)
    assert done.returncode == 2
    assert problem in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_wrong_column_is_said_before_torch_is_imported(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("text,label\na text,a\n", encoding="utf-8")
    code = (
        "import sys; from typer.testing import CliRunner; from core.cli.model import app; "
        "from core.errors import InputError; "
        f"r = CliRunner().invoke(app, ['inspect', '--data', {str(table)!r}, '--text', 'wrong', '--label', 'label']); "
        "assert isinstance(r.exception, InputError), r; assert 'torch' not in sys.modules; print(r.exception)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert "rows.csv has no column 'wrong'" in done.stdout
