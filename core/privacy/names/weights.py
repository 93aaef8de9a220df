"""The weights of a name model: read, average, kept as a small difference to a base model, and put back.

A file is NumPy's compressed archive of 16-bit differences and one JSON text about them: what they were made from (hash
of the base model), how, and what was measured. It is read without pickle, so it can hold nothing that runs.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.privacy.names.templates import FOLDER

SHIPPED = FOLDER / "tuned.npz"
ABOUT = "about"
IN_FORCE = "PREFLIGHT_NAMES"  # set by the process that scans for a venture, read by the workers that it starts

Weights = dict[str, NDArray[np.float32]]


def read(nlp: Any) -> Weights:
    """A copy of the weights of a spaCy pipeline's `ner`, by layer and name."""
    return {
        f"{i}.{name}": np.array(node.get_param(name), dtype=np.float32)
        for i, node in enumerate(nlp.get_pipe("ner").model.walk())
        for name in node.param_names
        if node.has_param(name)
    }


def write(nlp: Any, weights: Mapping[str, NDArray[np.float32]]) -> None:
    """Put weights into a pipeline's `ner`; those not named stay."""
    for i, node in enumerate(nlp.get_pipe("ner").model.walk()):
        for name in node.param_names:
            if f"{i}.{name}" in weights:
                node.set_param(name, weights[f"{i}.{name}"])


def between(base: Weights, tuned: Weights, share: float) -> Weights:
    """The weights at `share` of the way from one model to the other (WiSE-FT, arXiv 2109.01903): 0 base, 1 tuned."""
    return {k: base[k] + np.float32(share) * (tuned[k] - base[k]) for k in base}


def fingerprint(weights: Weights) -> str:
    """The SHA-256 of all weights: two models share it only where they answer alike."""
    whole = hashlib.sha256()
    for key in sorted(weights):
        whole.update(f"{key}{weights[key].shape}".encode())
        whole.update(np.ascontiguousarray(weights[key]).tobytes())
    return whole.hexdigest()


def save(file: Path, base: Weights, tuned: Weights, about: Mapping[str, Any]) -> None:
    """Write the difference of two models, whole or not at all; `about` gets the base model's hash."""
    told = json.dumps({**about, "base_sha256": fingerprint(base)}, ensure_ascii=False)
    arrays: dict[str, Any] = {k: (tuned[k] - base[k]).astype(np.float16) for k in base}
    arrays[ABOUT] = np.array(told)
    part = file.with_name(f".{file.name}.part")
    with part.open("wb") as out:
        np.savez_compressed(out, **arrays)
    part.replace(file)


def about(file: Path) -> dict[str, Any]:
    """What a file of weights says of itself; empty where there is none that can be read."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            told: dict[str, Any] = json.loads(str(archive[ABOUT]))
            return told
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return {}


def in_force() -> Path:
    """The file of weights that this process and those it starts use: a venture's own, or the one that ships."""
    return Path(os.environ.get(IN_FORCE) or SHIPPED)


def load_tuned(nlp: Any, file: Path | None = None) -> bool:
    """Turn a freshly loaded base model into the one in force; where a venture's does not fit, the one that ships.

    False, and nothing changed, where neither fits: a difference to other weights means nothing to these.
    """
    return any(_load(nlp, f) for f in dict.fromkeys((file or in_force(), SHIPPED)))


def _load(nlp: Any, file: Path) -> bool:
    try:
        with np.load(file, allow_pickle=False) as archive:
            base = read(nlp)
            if json.loads(str(archive[ABOUT])).get("base_sha256") != fingerprint(base):
                return False
            tuned = {k: base[k] + archive[k].astype(np.float32) for k in base}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return False
    write(nlp, tuned)
    return True
