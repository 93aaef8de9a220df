"""Checkpoints that hold no pickle: tensors as safetensors, all else as JSON; each appears whole or not at all.

A checkpoint holds what the next step depends on (weights that learn, optimiser, schedule, random generators, the
Trainer's state), so that a resumed run ends with the same weights as one that was never interrupted. It also holds the
hash of each of its files: one that the disk has damaged is not gone on from.
"""

import json
import os
import random
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from core.errors import InputError
from core.model.base import file_hash
from core.model.disk import says_why

STATE = "trainer_state.json"  # the name the Trainer looks for
WEIGHTS, AVERAGE, OPTIMISER = "weights.safetensors", "average.safetensors", "optimiser.safetensors"
REST, HASHES = "rest.json", "sha256.json"


@dataclass(frozen=True, slots=True)
class Memory:
    """What a checkpoint holds beside weights, optimiser and schedule.

    Attributes:
        seconds: of training that went into it.
        epoch_random: torch's generator as it was when the epoch began, which orders the rows of the epoch.
        notes: whatever else the listener needs, as JSON values.
    """

    seconds: float
    epoch_random: Tensor
    notes: dict[str, Any]


def newest(folder: Path) -> tuple[Path | None, int]:
    """The latest sound checkpoint in a folder, and how many later ones were damaged.

    A checkpoint is sound if its own files are and those of the best one before it, which the run would end with.
    Damaged ones are removed, and what an interrupted write left behind.
    """
    for unfinished in folder.glob(".checkpoint-*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    damaged = 0
    for step in sorted((_step(p) for p in folder.glob("checkpoint-*")), reverse=True):
        path = at(folder, step)
        if _sound(path) and _sound(at(folder, _best(path) or step)):
            return path, damaged
        shutil.rmtree(path, ignore_errors=True)
        damaged += 1
    return None, damaged


def at(folder: Path, step: int) -> Path:
    """Where the checkpoint of a step lies."""
    return folder / f"checkpoint-{step}"


def write(
    folder: Path,
    model: nn.Module,
    optimiser: Any,
    schedule: Any,
    state: Any,
    memory: Memory,
    average: Mapping[str, Tensor] | None = None,
) -> None:
    """Write `checkpoint-<step>`, then drop all but the best so far, this one and the one before it.

    Args:
        folder: where checkpoints lie.
        model: of which the weights that learn are kept.
        optimiser: a torch optimiser.
        schedule: of its rate.
        state: the Trainer's.
        memory: what else the next step depends on.
        average: the running mean of the weights that learn, where there is one.

    Raises:
        InputError: the disk is full; the checkpoints before stay.
    """
    final = at(folder, state.global_step)
    temporary = folder / f".{final.name}"
    shutil.rmtree(temporary, ignore_errors=True)
    with says_why("The checkpoint", "it goes on from the last one", temporary):
        temporary.mkdir(parents=True)
        _save({n: w for n, w in model.named_parameters() if w.requires_grad}, temporary / WEIGHTS)
        if average is not None:
            _save(average, temporary / AVERAGE)
        tensors, plain = _take_apart(optimiser.state_dict())
        _save(tensors | {"rng": torch.get_rng_state(), "epoch_rng": memory.epoch_random}, temporary / OPTIMISER)
        rest = {
            "optimiser": plain,
            "schedule": schedule.state_dict(),
            "random": _random_state(),
            "seconds": memory.seconds,
            "notes": memory.notes,
        }
        (temporary / REST).write_text(json.dumps(rest), encoding="utf-8")
        state.save_to_json(str(temporary / STATE))
        hashes = {file.name: file_hash(file) for file in sorted(temporary.iterdir())}
        (temporary / HASHES).write_text(json.dumps(hashes), encoding="utf-8")
        _to_disk(temporary)
        shutil.rmtree(final, ignore_errors=True)
        temporary.rename(final)
    _tidy(folder, state.global_step, state.best_global_step)


def load_weights(checkpoint: Path, model: nn.Module, *, averaged: bool = False) -> None:
    """Put a checkpoint's weights, or their running mean, into a model; those that do not learn stay."""
    _, unexpected = model.load_state_dict(load_file(checkpoint / (AVERAGE if averaged else WEIGHTS)), strict=False)
    if unexpected:
        raise InputError("The checkpoints are of another model: give a new or empty folder.")


def load_average(checkpoint: Path) -> dict[str, Tensor]:
    """The running mean of the weights."""
    return dict(load_file(checkpoint / AVERAGE))


def restore_optimiser(checkpoint: Path, optimiser: Any, schedule: Any) -> None:
    """Put the optimiser and the schedule back to where the checkpoint left them."""
    rest = _rest(checkpoint)
    tensors = load_file(checkpoint / OPTIMISER)
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, _, name = key.partition(".")
        if index.isdigit():
            state.setdefault(int(index), {})[name] = tensor
    groups = [g | {"betas": tuple(g["betas"])} if "betas" in g else g for g in rest["optimiser"]["param_groups"]]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
    schedule.load_state_dict(rest["schedule"])


def restore_random(checkpoint: Path) -> None:
    """Put the random generators of Python, NumPy and torch back to where the checkpoint left them."""
    python, numpy = _rest(checkpoint)["random"]
    random.setstate((python[0], tuple(python[1]), python[2]))
    np.random.set_state((numpy[0], np.array(numpy[1], dtype=np.uint32), *numpy[2:]))
    torch.set_rng_state(load_file(checkpoint / OPTIMISER)["rng"])


def memory(checkpoint: Path) -> Memory:
    """What a checkpoint holds beside weights, optimiser and schedule."""
    rest = _rest(checkpoint)
    return Memory(float(rest["seconds"]), load_file(checkpoint / OPTIMISER)["epoch_rng"], rest["notes"])


def seconds(checkpoint: Path) -> float:
    """Seconds of training that went into a checkpoint."""
    return float(_rest(checkpoint)["seconds"])


def _rest(checkpoint: Path) -> dict[str, Any]:
    return dict(json.loads((checkpoint / REST).read_text(encoding="utf-8")))


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def _best(checkpoint: Path) -> int | None:
    return json.loads((checkpoint / STATE).read_text(encoding="utf-8"))["best_global_step"] or None


def _sound(checkpoint: Path) -> bool:
    try:
        hashes = json.loads((checkpoint / HASHES).read_text(encoding="utf-8"))
        return {WEIGHTS, OPTIMISER, REST, STATE} <= set(hashes) and all(
            file_hash(checkpoint / name) == expected for name, expected in hashes.items()
        )
    except (OSError, ValueError, TypeError):
        return False


def _tidy(folder: Path, step: int, best: int | None) -> None:
    """Keep the best, the newest, and the one before it in case the newest is damaged."""
    steps = sorted(_step(p) for p in folder.glob("checkpoint-*"))
    before = [s for s in steps if s < step][-1:]
    for old in set(steps) - {step, best, *before}:
        shutil.rmtree(at(folder, old), ignore_errors=True)


def _save(tensors: Mapping[str, Tensor], file: Path) -> None:
    save_file({name: tensor.detach().contiguous() for name, tensor in sorted(tensors.items())}, file)


def _take_apart(state: dict[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    tensors = {
        f"{index}.{name}": value
        for index, values in state["state"].items()
        for name, value in values.items()
        if isinstance(value, Tensor)  # SGD without momentum keeps a None
    }
    return tensors, {"param_groups": state["param_groups"]}


def _random_state() -> list[Any]:
    name, keys, *rest = np.random.get_state(legacy=True)
    return [random.getstate(), [name, np.asarray(keys).tolist(), *rest]]


def _to_disk(folder: Path) -> None:
    """Wait until the files are on the disk: a rename may otherwise outlive the contents in a power cut."""
    for file in folder.iterdir():
        with file.open("rb+") as f:
            os.fsync(f.fileno())
