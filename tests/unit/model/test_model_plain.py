"""The encoder of the first look reads as the library's does, and what it cannot read the library reads."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.errors import InputError
from core.model.base import load_base
from core.model.classifier import Classifier, in_batches, tokenise
from core.model.config import BUNDLED
from core.model.plain import PlainBert, read_base

TEXTS = ["My card was stolen!", "", "naïve café, 100 €", "loan " * 200, "\u4f60\u597d", "x"]


def embedded(base: str, read: object) -> tuple[list[list[int]], torch.Tensor]:
    it = read(base)  # type: ignore[operator]
    ids = tokenise(it.tokenizer, TEXTS, 96)
    return ids, in_batches(Classifier(it.encoder, 1).eval().embed, ids, it.tokenizer.pad_token_id)


@pytest.mark.parametrize("which", ["tiny", "bundled"])
def test_tokens_and_embeddings_are_those_of_the_library(which: str, tiny_base: Path) -> None:
    name = str(tiny_base) if which == "tiny" else BUNDLED
    assert isinstance(read_base(name).encoder, PlainBert)
    (ids, x), (wanted, y) = embedded(name, read_base), embedded(name, load_base)
    assert ids == wanted
    assert torch.allclose(x, y, atol=2e-6)
    assert read_base(name).sha256 == load_base(name).sha256


def test_another_kind_of_model_is_read_by_the_library(tiny_base: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(tiny_base, tmp_path / "other"))
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"hidden_act": "relu"}))
    assert not isinstance(read_base(str(other)).encoder, PlainBert)


def test_what_is_wrong_with_a_model_is_said_as_ever(tiny_base: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(tiny_base, tmp_path / "broken"))
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(InputError, match="damaged"):
        read_base(str(broken))
    (broken / "model.safetensors").unlink()
    with pytest.raises(InputError, match="no weights"):
        read_base(str(broken))


def test_a_first_look_does_not_import_the_library(tiny_base: Path) -> None:
    said = "import sys, core.model.look, core.model.plain; print('transformers' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
