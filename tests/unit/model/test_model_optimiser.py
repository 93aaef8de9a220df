"""Which weights learn and how fast, and the running mean over the steps."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from model_support import labelled_rows
from transformers import DistilBertConfig, GPT2Config, LlamaConfig, ModernBertConfig, PreTrainedModel
from transformers.models.auto import AutoModel

from core.errors import InputError
from core.model.base import load_base
from core.model.classifier import Classifier, Encoded, tokenise
from core.model.config import TrainConfig
from core.model.optimiser import Average, freeze, layers, optimiser, parameter_groups, set_dropout
from core.model.train import fine_tune

SMALL = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 64}


def encoder(kind: str) -> PreTrainedModel:
    configs = {
        "llama": LlamaConfig(vocab_size=50, num_key_value_heads=2, **SMALL),
        "modernbert": ModernBertConfig(vocab_size=50, **SMALL, pad_token_id=0),
        "distilbert": DistilBertConfig(vocab_size=50, dim=32, n_layers=3, n_heads=2, hidden_dim=64),
        "gpt2": GPT2Config(vocab_size=50, n_embd=32, n_layer=3, n_head=2),
    }
    return AutoModel.from_config(configs[kind])


def rates(model: Classifier, config: TrainConfig) -> dict[str, tuple[float, float]]:
    groups = parameter_groups(model, config)
    names = {id(w): n for n, w in model.named_parameters()}
    return {names[id(w)]: (g["lr"], g["weight_decay"]) for g in groups for w in g["params"]}


@pytest.mark.parametrize("kind", ["llama", "modernbert", "distilbert", "gpt2"])
def test_lower_layers_learn_slower_and_embeddings_slowest(kind: str) -> None:
    model = Classifier(encoder(kind), 2)
    config = TrainConfig(learning_rate=1.0, layer_decay=0.5, head_factor=4, freeze_embeddings=False)
    found = {name: rate for name, (rate, _) in rates(model, config).items()}
    assert layers(model) == 3
    assert found["head.weight"] == 4
    assert {1.0, 0.5, 0.25, 0.125, 4.0} == set(found.values())
    embeddings = {rate for name, rate in found.items() if "embed" in name or "wte" in name}
    assert embeddings == {0.125}


def test_biases_and_norms_do_not_decay(tiny_base: Path) -> None:
    model = Classifier(load_base(str(tiny_base)).encoder, 2)
    found = rates(model, TrainConfig(weight_decay=0.3))
    assert {d for n, (_, d) in found.items() if n.endswith("bias") or "LayerNorm" in n} == {0.0}
    assert {d for n, (_, d) in found.items() if not (n.endswith("bias") or "LayerNorm" in n)} == {0.3}


def test_frozen_layers_and_what_lies_below_them_are_left_out_of_the_optimiser() -> None:
    model = Classifier(encoder("distilbert"), 2)
    config = TrainConfig(freeze_layers=2, freeze_embeddings=False)
    freeze(model, config)
    learning = set(rates(model, config))
    assert {n.split(".")[3] for n in learning if ".layer." in n} == {"2"}
    assert not [n for n in learning if "embed" in n]


def test_more_frozen_layers_than_there_are_is_said() -> None:
    with pytest.raises(InputError, match="freeze_layers is 4: this base model has 3 layers"):
        freeze(Classifier(encoder("llama"), 2), TrainConfig(freeze_layers=4))


@pytest.mark.parametrize("name", ["adamw", "sgd", "adafactor"])
def test_every_optimiser_lowers_a_loss(name: str) -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 1))
    x, y = torch.randn(64, 4), torch.randn(64, 1)
    rate = {"adamw": 0.05, "sgd": 0.02, "adafactor": 0.1}[name]
    steps = optimiser(model, TrainConfig(optimizer=name, learning_rate=rate))
    losses = []
    for _ in range(60):
        loss = torch.nn.functional.mse_loss(model(x), y)
        steps.zero_grad()
        loss.backward()
        steps.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] * 0.9


@pytest.mark.parametrize("kind", ["llama", "distilbert"])
def test_dropout_of_zero_makes_training_answer_as_in_use(kind: str) -> None:
    model = Classifier(encoder(kind), 2)
    batch = {"input_ids": torch.randint(1, 50, (2, 6)), "attention_mask": torch.ones(2, 6, dtype=torch.long)}
    set_dropout(model, 0.5)
    model.train()
    assert not torch.equal(model(**batch)["logits"], model(**batch)["logits"])
    set_dropout(model, 0.0)
    assert torch.equal(model(**batch)["logits"], model.eval()(**batch)["logits"])


def test_the_running_mean_follows_the_weights_and_gives_them_back() -> None:
    model = torch.nn.Linear(2, 1, bias=False)
    average = Average(model, 0.5)
    with torch.no_grad():
        model.weight.fill_(1.0)
    for step in range(1, 60):
        average.update(step)
    own = model.weight.clone()
    with average.in_place():
        assert torch.allclose(model.weight, torch.ones(1, 2), atol=1e-4)
    assert torch.equal(model.weight, own)


def test_batches_that_are_added_up_give_the_weights_of_one_large_batch(tiny_base: Path, tmp_path: Path) -> None:
    rows = labelled_rows(32)

    def weights(name: str, batch: int, accumulate: int) -> torch.Tensor:
        base = load_base(str(tiny_base))
        torch.manual_seed(1)
        model = Classifier(base.encoder, 3)
        ids = [i[:5] for i in tokenise(base.tokenizer, [t for t, _ in rows], 24)]  # one length, so one order of rows
        side = Encoded(ids, [("card", "loan", "login").index(c) for _, c in rows])
        # SGD: Adam's first steps divide by gradients' size and would magnify rounding
        config = TrainConfig(epochs=1, batch_size=batch, accumulate=accumulate, dropout=0.0, optimizer="sgd")
        fine_tune(model, side, side, replace(config, learning_rate=0.01), 0, tmp_path / name / "checkpoints")
        return torch.cat([w.detach().flatten() for w in model.parameters()])

    whole = weights("whole", 32, 1)
    assert torch.allclose(weights("added", 16, 2), whole, atol=1e-5)
    assert not torch.allclose(weights("apart", 16, 1), whole, atol=1e-5)
