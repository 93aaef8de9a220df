"""Checkpoints that hold no pickle: tensors as safetensors, all else as JSON; each appears whole or not at all.

A checkpoint holds what the next step depends on (weights, optimiser, schedule, random generators, the Trainer's state),
so that a resumed run ends with the same weights as one that was never interrupted.
"""

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.errors import InputError
from core.model.classifier import WEIGHTS, save_weights

STATE = "trainer_state.json"  # the name the Trainer looks for


def newest(folder: Path) -> Path | None:
    """The latest checkpoint in a folder; what an interrupted write left behind is removed."""
    for unfinished in folder.glob(".checkpoint-*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    return max(folder.glob("checkpoint-*"), key=lambda p: int(p.name.rpartition("-")[2]), default=None)


def write(folder: Path, model: Any, optimiser: Any, schedule: Any, state: Any, seconds: float) -> None:
    """Write `checkpoint-<step>`, then drop all but this one and the best so far.

    Raises:
        InputError: the disk is full; the checkpoints before stay.
    """
    final = folder / f"checkpoint-{state.global_step}"
    temporary = folder / f".{final.name}"
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        save_weights(model, temporary / WEIGHTS)
        tensors, plain = _take_apart(optimiser.state_dict())
        save_file(tensors | {"rng": torch.get_rng_state()}, temporary / "optimiser.safetensors")
        rest = {"optimiser": plain, "schedule": schedule.state_dict(), "random": _random_state(), "seconds": seconds}
        (temporary / "rest.json").write_text(json.dumps(rest), encoding="utf-8")
        state.save_to_json(str(temporary / STATE))
        _to_disk(temporary)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise InputError(
            f"The checkpoint could not be written ({error.strerror or 'unknown reason'}): free some space and run "
            "again; it goes on from the last one."
        ) from error
    shutil.rmtree(final, ignore_errors=True)
    temporary.rename(final)
    keep = {final.name, f"checkpoint-{state.best_global_step}"}
    for old in folder.glob("checkpoint-*"):
        if old.name not in keep:
            shutil.rmtree(old, ignore_errors=True)


def restore_optimiser(checkpoint: Path, optimiser: Any, schedule: Any) -> None:
    """Put the optimiser and the schedule back to where the checkpoint left them."""
    rest = json.loads((checkpoint / "rest.json").read_text(encoding="utf-8"))
    tensors = load_file(checkpoint / "optimiser.safetensors")
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
    python, numpy = json.loads((checkpoint / "rest.json").read_text(encoding="utf-8"))["random"]
    random.setstate((python[0], tuple(python[1]), python[2]))
    np.random.set_state((numpy[0], np.array(numpy[1], dtype=np.uint32), *numpy[2:]))
    torch.set_rng_state(load_file(checkpoint / "optimiser.safetensors")["rng"])


def seconds(checkpoint: Path) -> float:
    """Seconds of training that went into a checkpoint."""
    return float(json.loads((checkpoint / "rest.json").read_text(encoding="utf-8"))["seconds"])


def _take_apart(state: dict[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    tensors = {
        f"{index}.{name}": value.detach().contiguous()
        for index, values in state["state"].items()
        for name, value in values.items()
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
