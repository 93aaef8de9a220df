"""Disks that are full or have damaged a file: said in one line, nothing lost, the last sound checkpoint usable."""

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from training_support import STEPS, Ear, tuned

from core.errors import InputError
from core.model.base import load_base
from core.model.classifier import Classifier, load_model, save_model
from core.model.config import TrainConfig
from core.model.history import read_history
from core.progress import Cancelled


def settings(tiny_base: Path) -> TrainConfig:
    return TrainConfig(base=str(tiny_base), epochs=3, patience=3, batch_size=8, learning_rate=3e-3, max_length=24)


@pytest.fixture
def config(tiny_base: Path) -> TrainConfig:
    return settings(tiny_base)


@pytest.fixture(scope="module")
def expected(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The weights' hash of a training that nothing befell."""
    folder = tmp_path_factory.mktemp("whole") / "checkpoints"
    return tuned(settings(tiny_base), folder, Ear())[0]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[Path, Callable[[str], None]]]:
    """A real disk that holds one checkpoint and not two, and a way to make it larger."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk")
    yield disk, lambda size: subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True) and None
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_fills_up_is_said_and_the_checkpoint_before_is_gone_on_from(
    config: TrainConfig, expected: str, small_disk: tuple[Path, Callable[[str], None]]
) -> None:
    disk, grow = small_disk
    with pytest.raises(InputError, match=r"No space left on device.*free some space and run again") as caught:
        tuned(config, disk / "checkpoints", Ear())
    assert str(disk) not in str(caught.value)
    assert [p.name for p in (disk / "checkpoints").iterdir()] == [f"checkpoint-{STEPS}"]
    grow("8m")
    ear = Ear()
    assert tuned(config, disk / "checkpoints", ear)[0] == expected
    assert ear.heard[0][0] > STEPS


def test_a_write_that_the_system_refuses_midway_leaves_the_checkpoint_before(
    config: TrainConfig, tmp_path: Path, expected: str
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    class Shrinking(Ear):
        def __call__(self, done: float, total: float, note: str = "") -> None:
            if done == STEPS + 1:
                resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))

    try:
        with pytest.raises(InputError, match="File too large"):
            tuned(config, tmp_path / "small" / "checkpoints", Shrinking())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [p.name for p in (tmp_path / "small" / "checkpoints").iterdir()] == [f"checkpoint-{STEPS}"]
    assert tuned(config, tmp_path / "small" / "checkpoints", Ear())[0] == expected


def test_a_model_that_does_not_fit_on_the_disk_leaves_the_one_before_it(
    tiny_base: Path, small_disk: tuple[Path, Callable[[str], None]]
) -> None:
    base = load_base(str(tiny_base))
    disk, grow = small_disk
    grow("6m")  # one model is 5 MB
    save_model(Classifier(base.encoder, 3), base.tokenizer, ["a", "b", "c"], 48, disk / "model")
    with pytest.raises(InputError, match="model could not be written"):
        save_model(Classifier(base.encoder, 3), base.tokenizer, ["x", "y", "z"], 48, disk / "model")
    assert load_model(disk / "model")[2] == ("a", "b", "c")
    assert [p.name for p in disk.iterdir()] == ["model"]


def truncated(checkpoint: Path) -> None:
    file = checkpoint / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])


def flipped(checkpoint: Path) -> None:
    file = checkpoint / "optimiser.safetensors"
    contents = bytearray(file.read_bytes())
    contents[len(contents) // 2] ^= 1
    file.write_bytes(contents)


def unreadable(checkpoint: Path) -> None:
    (checkpoint / "sha256.json").write_text("{")


@pytest.mark.parametrize("damage", [truncated, flipped, unreadable])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before_it(
    config: TrainConfig, tmp_path: Path, expected: str, damage: Callable[[Path], None]
) -> None:
    config = replace(config, checkpoint_seconds=0)
    folder = tmp_path / "killed" / "checkpoints"
    with pytest.raises(Cancelled):
        tuned(config, folder, Ear(stop_at=2 * STEPS + 6))
    damage(folder / f"checkpoint-{2 * STEPS + 5}")
    ear = Ear()
    assert tuned(config, folder, ear)[0] == expected
    assert ear.heard[0] == (
        2 * STEPS + 4,
        3 * STEPS,
        f"The last checkpoint is damaged: going on from step {2 * STEPS + 4}",
    )


def test_a_run_whose_checkpoints_are_all_damaged_starts_from_the_beginning(
    config: TrainConfig, tmp_path: Path, expected: str
) -> None:
    folder = tmp_path / "killed" / "checkpoints"
    with pytest.raises(Cancelled):
        tuned(config, folder, Ear(stop_at=STEPS + 2))
    flipped(folder / f"checkpoint-{STEPS}")
    ear = Ear()
    assert tuned(config, folder, ear)[0] == expected
    assert "starting from the beginning" in ear.heard[0][2]


def test_the_history_can_be_read_while_it_grows_and_after_a_line_was_cut_off(
    config: TrainConfig, tmp_path: Path
) -> None:
    lengths = []

    class Reader(Ear):
        def __call__(self, done: float, total: float, note: str = "") -> None:
            lengths.append(len(read_history(tmp_path)))

    assert read_history(tmp_path) == ()
    _, told = tuned(config, tmp_path / "checkpoints", Reader())
    points = read_history(tmp_path)
    assert lengths == sorted(lengths)
    assert lengths[-1] >= len(points) - 2
    assert [p.step for p in points if p.loss is not None] == list(range(1, 3 * STEPS + 1))
    validations = [p for p in points if p.val_loss is not None]
    assert [(p.epoch, p.val_loss, p.val_accuracy) for p in validations] == [
        (e.epoch, e.val_loss, e.val_accuracy) for e in told.history
    ]
    assert max(p.rate for p in points if p.rate is not None) == pytest.approx(config.learning_rate, rel=0.2)
    with (tmp_path / "history.jsonl").open("a") as file:
        file.write('{"step": 37, "of"')
    assert read_history(tmp_path) == points


def test_reading_a_history_imports_no_torch() -> None:
    program = (
        "import sys, core.model.history; print([m for m in ('torch', 'numpy', 'transformers') if m in sys.modules])"
    )
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, '.'); {program}"]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
