"""Five random kills during one training lose nothing but time."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.model.history import read_history

HERE = Path(__file__).parent
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {"checkpoint_seconds": 0.03},
    "everything": {
        "checkpoint_seconds": 0.0,
        "average": 0.9,
        "accumulate": 2,
        "batch_size": 4,
        "dropout": 0.3,
        "schedule": "cosine",
        "layer_decay": 0.8,
        "freeze_layers": 1,
        "label_smoothing": 0.1,
        "class_weights": True,
    },
    "bf16": {"checkpoint_seconds": 0.03, "precision": "bf16"},
    "scores by low rank": {"checkpoint_seconds": 0.0, "task": "score", "lora_rank": 2, "optimizer": "adafactor"},
}


@pytest.fixture(scope="module")
def trained(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("killed")
    common = {"base": str(tiny_base), "epochs": 3, "patience": 3, "batch_size": 8, "learning_rate": 3e-3}
    given = json.dumps({name: common | own for name, own in SETTINGS.items()})
    path = os.pathsep.join([str(HERE), str(HERE.parents[2])])
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": path, "TOKENIZERS_PARALLELISM": "false"}
    command = [sys.executable, str(HERE / "kill_and_resume.py"), str(folder), given]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, json.loads(done.stdout)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_run_killed_five_times_ends_with_the_weights_of_a_whole_one(
    trained: tuple[Path, dict[str, Any]], name: str
) -> None:
    folder, told = trained
    whole, killed = (json.loads((folder / name / n / "done.json").read_text()) for n in ("whole", "killed"))
    assert killed["sha256"] == whole["sha256"]
    assert killed["epochs"] == whole["epochs"], "the losses and validations told are the same too"
    an_epoch = told[name]["total"] // 3
    assert any(first % an_epoch > 1 for first in told[name]["firsts"]), "some attempt went on inside an epoch"


@pytest.mark.parametrize("name", SETTINGS)
def test_the_history_of_a_killed_run_has_no_step_twice_and_none_missing(
    trained: tuple[Path, dict[str, Any]], name: str
) -> None:
    folder, _ = trained
    whole, killed = (
        [{k: v for k, v in p.as_json().items() if k != "seconds"} for p in read_history(folder / name / n)]
        for n in ("whole", "killed")
    )
    assert len(whole) > 20
    assert killed == whole
