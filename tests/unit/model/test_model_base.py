"""Only safetensors are loaded, no code of a model runs, and what cannot be had is said in one line."""

import json
import shutil
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from safetensors.torch import load_file, save_file

from core.errors import InputError
from core.model.base import load_base
from core.model.classifier import Classifier, in_batches, load_model, padded, save_model, tokenise
from core.model.config import BUNDLED, TrainConfig
from core.settings import settings


@pytest.fixture
def copy(tiny_base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_base, tmp_path / "mine"))


def refused(name: str) -> str:
    with pytest.raises(InputError) as caught:
        load_base(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_bundled_model_is_there_without_a_network() -> None:
    base = load_base(BUNDLED)
    assert base.encoder.config.hidden_size == 384
    assert base.encoder.dtype == torch.float32
    assert len(base.sha256) == 64


def test_its_sentences_lie_where_their_meaning_is() -> None:
    base = load_base(BUNDLED)
    model = Classifier(base.encoder, 2).eval()
    texts = ["my card was stolen", "someone took my bank card", "what is the mortgage rate"]
    card, stolen, mortgage = in_batches(model.embed, tokenise(base.tokenizer, texts, 96), 0)
    assert card.norm() == pytest.approx(1)
    assert card @ stolen > card @ mortgage + 0.3


def test_sorting_by_length_changes_no_answer(tiny_base: Path) -> None:
    base = load_base(str(tiny_base))
    model = Classifier(base.encoder, 3).eval()
    ids = tokenise(base.tokenizer, ["word " * n for n in (70, 1, 40, 2, 3, 64, 5)] * 40, 96)
    together = in_batches(model.embed, ids, 0)
    with torch.inference_mode():
        alone = torch.cat([model.embed(**padded([row], 0)) for row in ids])
    assert torch.allclose(together, alone, atol=1e-5)


def test_a_folder_with_pickled_weights_only_is_refused(copy: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    assert "pickles" in refused(str(copy))


def test_a_pickle_beside_safetensors_is_not_opened(copy: Path) -> None:
    (copy / "pytorch_model.bin").write_bytes(b"no pickle at all")
    assert load_base(str(copy)).encoder.config.hidden_size == 32


@pytest.mark.parametrize("missing", ["config.json", "tokenizer_config.json"])
def test_a_missing_file_of_a_model_is_named(copy: Path, missing: str) -> None:
    (copy / missing).unlink()
    assert missing in refused(str(copy))


def test_damaged_weights_are_named(copy: Path) -> None:
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    assert "model.safetensors is damaged" in refused(str(copy))


def test_a_model_that_brings_code_is_refused_and_its_code_does_not_run(copy: Path) -> None:
    fired = copy / "fired"
    (copy / "own.py").write_text(f"open({str(fired)!r}, 'w')\n")
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "own.Own"}}))
    assert "code of its own" in refused(str(copy))
    assert not fired.exists()


def test_a_folder_that_is_not_there_and_a_name_that_is_none() -> None:
    assert "no such folder" in refused("/nowhere/at/all")
    assert "neither a folder nor a hub id" in refused("a/b/c; rm")


def test_a_hub_id_is_not_asked_for_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFLIGHT_OFFLINE", "true")
    settings.cache_clear()
    try:
        message = refused("nobody/such-a-model")
    finally:
        settings.cache_clear()
    assert "PREFLIGHT_OFFLINE" in message
    assert BUNDLED in message


def test_a_hub_that_cannot_be_reached_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    assert "cannot be reached" in refused("nobody/such-a-model")


def test_a_kept_model_is_read_back_with_the_same_answers(tiny_base: Path, tmp_path: Path) -> None:
    base = load_base(str(tiny_base))
    model = Classifier(base.encoder, 3).eval()
    save_model(model, base.tokenizer, ["a", "b", "c"], 48, tmp_path / "model")
    kept, tokenizer, classes, limit = load_model(tmp_path / "model")
    assert (classes, limit) == (("a", "b", "c"), 48)
    ids = tokenise(tokenizer, ["hello there", "x"], limit)
    expected = in_batches(lambda **b: model(**b)["logits"], ids, 0)
    assert torch.equal(in_batches(lambda **b: kept(**b)["logits"], ids, 0), expected)
    assert {f.suffix for f in (tmp_path / "model").iterdir()} <= {".json", ".safetensors", ".txt"}


def test_a_damaged_kept_model_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    base = load_base(str(tiny_base))
    save_model(Classifier(base.encoder, 3), base.tokenizer, ["a", "b", "c"], 48, tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(InputError, match="train it again"):
        load_model(tmp_path / "model")


def test_the_folders_of_this_machine_are_not_told() -> None:
    assert TrainConfig(base="/home/someone/models/mine").as_json()["base"] == "mine"


def test_a_tokenizer_without_its_vocabulary_is_refused(copy: Path) -> None:
    (copy / "tokenizer.json").unlink()
    assert "vocabulary is missing" in refused(str(copy))


def test_weights_that_are_missing_from_a_file_are_named_and_not_made_up(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    assert "1 weights are missing (encoder.layer.1.output.dense.weight)" in refused(str(copy))


def test_a_part_of_the_weights_that_is_missing_is_named(copy: Path) -> None:
    parts = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (copy / "model.safetensors.index.json").write_text(json.dumps(parts))
    assert "model-00002-of-00002.safetensors is missing" in refused(str(copy))


def test_no_folder_of_this_machine_is_told_when_a_model_cannot_be_loaded(copy: Path) -> None:
    (copy / "config.json").write_text('{"model_type": "no-such-type"}')
    assert str(copy.parent) not in refused(str(copy))


def test_a_kept_model_without_tokenizer_is_refused_by_the_missing_file(tiny_base: Path, tmp_path: Path) -> None:
    base = load_base(str(tiny_base))
    save_model(Classifier(base.encoder, 3), base.tokenizer, ["a", "b", "c"], 48, tmp_path / "model")
    (tmp_path / "model" / "tokenizer.json").unlink()
    with pytest.raises(InputError, match="model: the tokenizer's vocabulary is missing"):
        load_model(tmp_path / "model")
    (tmp_path / "model" / "tokenizer_config.json").unlink()
    with pytest.raises(InputError, match=r"tokenizer_config.json is missing"):
        load_model(tmp_path / "model")
