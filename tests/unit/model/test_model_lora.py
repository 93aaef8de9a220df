"""Low-rank updates: they learn, are merged away, and a causal language model classifies by its last token."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from model_support import labelled_rows
from transformers import LlamaConfig, LlamaForCausalLM

from core.model.base import load_base
from core.model.classifier import Classifier, Encoded, in_batches, is_decoder, load_model, padded, save_model, tokenise
from core.model.config import BUNDLED, TrainConfig
from core.model.train import Training, fine_tune
from core.progress import Cancelled

CLASSES = ("card", "loan", "login")


@pytest.fixture(scope="module")
def tiny_decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A causal language model of two narrow layers with random weights, and the bundled model's tokenizer."""
    folder = tmp_path_factory.mktemp("decoder") / "tiny-llama"
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    LlamaForCausalLM(LlamaConfig(vocab_size=30522, num_key_value_heads=2, **shape)).save_pretrained(folder)
    load_base(BUNDLED).tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(params=["encoder", "decoder"])
def base(request: pytest.FixtureRequest, tiny_base: Path, tiny_decoder: Path) -> Path:
    return tiny_base if request.param == "encoder" else tiny_decoder


def fresh(base: Path) -> tuple[Classifier, Encoded, Encoded]:
    loaded = load_base(str(base))
    torch.manual_seed(1)
    rows = labelled_rows(120)
    ids = tokenise(loaded.tokenizer, [t for t, _ in rows], 24)
    labels = [CLASSES.index(c) for _, c in rows]
    return Classifier(loaded.encoder, 3), Encoded(ids[:90], labels[:90]), Encoded(ids[90:], labels[90:])


def tune(base: Path, folder: Path, config: TrainConfig, stop_at: int = -1) -> tuple[Classifier, Training]:
    def progress(done: float, total: float, note: str = "") -> None:
        if done == stop_at:
            raise Cancelled

    model, train, validation = fresh(base)
    return model, fine_tune(model, train, validation, config, 0, folder / "checkpoints", progress)


CONFIG = TrainConfig(epochs=4, patience=4, batch_size=8, learning_rate=1e-2, lora_rank=4)


def test_low_rank_updates_learn_and_leave_a_plain_model(base: Path, tmp_path: Path) -> None:
    before = fresh(base)[0]
    model, told = tune(base, tmp_path, CONFIG)
    assert type(model.encoder) is type(before.encoder), "the updates are merged"
    assert set(model.state_dict()) == set(before.state_dict())
    assert max(e.val_accuracy for e in told.history) > 0.6, "three classes: by chance a third"
    moved = {n for n, w in model.encoder.state_dict().items() if not torch.equal(w, before.encoder.state_dict()[n])}
    assert moved
    for name in moved:
        change = model.encoder.state_dict()[name] - before.encoder.state_dict()[name]
        assert torch.linalg.matrix_rank(change, rtol=1e-3) <= 4, name


def test_checkpoints_hold_the_updates_alone(tiny_base: Path, tmp_path: Path) -> None:
    tune(tiny_base, tmp_path, replace(CONFIG, epochs=1))
    whole = sum(w.numel() * 4 for w in fresh(tiny_base)[0].parameters())
    file = tmp_path / "checkpoints" / "checkpoint-12" / "weights.safetensors"
    assert file.stat().st_size < whole / 50


def test_a_resumed_run_with_low_rank_updates_ends_with_the_same_weights(base: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, epochs=2, average=0.9, dropout=0.1, checkpoint_seconds=0)
    whole, _ = tune(base, tmp_path / "whole", config)
    with pytest.raises(Cancelled):
        tune(base, tmp_path / "killed", config, stop_at=17)
    torch.manual_seed(5)
    resumed, _ = tune(base, tmp_path / "killed", config)
    for name, weight in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], weight), name


def test_a_tuned_model_is_read_back_without_peft(
    tiny_decoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = tune(tiny_decoder, tmp_path, replace(CONFIG, epochs=1))
    tokenizer = load_base(str(tiny_decoder)).tokenizer
    save_model(model, tokenizer, CLASSES, 24, tmp_path / "model")
    ids = tokenise(tokenizer, ["my card is blocked", "a loan for a house"], 24)
    expected = in_batches(lambda **b: model(**b)["logits"], ids, 0)
    for name in [n for n in sys.modules if n.partition(".")[0] == "peft"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError):
        importlib.import_module("peft")
    kept, _, classes, _ = load_model(tmp_path / "model")
    assert classes == CLASSES
    assert kept.pooling == "last"
    assert torch.equal(in_batches(lambda **b: kept(**b)["logits"], ids, 0), expected)
    assert {f.suffix for f in (tmp_path / "model").iterdir()} == {".json", ".safetensors"}


def test_a_decoder_reads_a_text_by_its_last_token_whatever_the_padding(tiny_decoder: Path, tiny_base: Path) -> None:
    loaded = load_base(str(tiny_decoder))
    assert is_decoder(loaded.encoder)
    assert not is_decoder(load_base(str(tiny_base)).encoder)
    model = Classifier(loaded.encoder, 3).eval()
    ids = tokenise(loaded.tokenizer, ["my card", "the card has not arrived since monday"], 24)
    with torch.inference_mode():
        together = model.embed(**padded(ids, 0))
        hidden = loaded.encoder(input_ids=torch.tensor([ids[0]])).last_hidden_state[0, -1]
    assert torch.allclose(together[0], hidden / hidden.norm(), atol=1e-5)
