"""Structured pruning: the right neurons and layers go, the shape survives saving, and the model recovers."""

import shutil
from pathlib import Path

import pytest
import torch
import transformers
from torch.nn import functional

from core.errors import InputError
from core.model.base import load_tokenizer, without_pooler
from core.model.classifier import Classifier, Encoded, load_model, padded, save_model
from core.model.optimise.prune import Pruning, layers_to_keep, narrowed, prune, taylor, with_layers
from core.model.optimise.recover import Lesson, read_lesson
from core.model.serving.run import run_rows

SHAPE = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 48}
BERT_LIKE = ("Bert", "Roberta", "XLMRoberta", "Camembert", "Electra", "MPNet")
ROWS = Encoded([[5, 6, 7, 8], [9, 10], [11, 12, 13], [14]], [0, 1, 2, 0])


def made(kind: str) -> Classifier:
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(vocab_size=200, **SHAPE)
    return Classifier(without_pooler(getattr(transformers, f"{kind}Model")(config)), 3).eval()


def logits(model: Classifier, rows: Encoded = ROWS) -> torch.Tensor:
    with torch.inference_mode():
        return model(**padded(rows.ids, 0))["logits"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, finished: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path_factory.mktemp("prune") / "run"))


@pytest.mark.parametrize("kind", BERT_LIKE)
def test_a_pruned_model_of_each_supported_kind_is_the_same_after_saving_and_loading(
    kind: str, tmp_path: Path, three_layers: Path
) -> None:
    smaller = narrowed(with_layers(made(kind), [0, 2]), 16, ROWS, 0).eval()
    save_model(smaller, load_tokenizer(three_layers), ("a", "b", "c"), 16, tmp_path / "kept")
    again = load_model(tmp_path / "kept")[0]
    assert again.encoder.config.num_hidden_layers == len(again.encoder.encoder.layer) == 2
    assert again.encoder.config.intermediate_size == 16
    assert torch.equal(logits(again), logits(smaller))


@pytest.mark.parametrize("kind", BERT_LIKE)
def test_neurons_that_do_nothing_go_first_and_leave_the_answers_as_they_were(kind: str) -> None:
    model = made(kind)
    idle = torch.arange(0, 48, 3)
    for layer in model.encoder.encoder.layer:
        layer.output.dense.weight.data[:, idle] = 0
    before = logits(model)
    for importance in taylor(model, ROWS, 0):
        assert (importance[idle] == 0).all()
        assert (importance > 0).sum() == 48 - len(idle)
    assert torch.allclose(logits(narrowed(model, 48 - len(idle), ROWS, 0).eval()), before, atol=1e-5)


def test_importance_is_the_squared_first_order_change_of_the_loss_without_the_neuron() -> None:
    model, eps = made("Bert").double(), 1e-4
    layer = model.encoder.encoder.layer[1]

    def loss(row: int, neuron: int, gate: float) -> float:
        def shut(_module: object, _inputs: object, output: torch.Tensor) -> torch.Tensor:
            output = output.clone()
            output[..., neuron] *= gate
            return output

        hook = layer.intermediate.register_forward_hook(shut)
        with torch.inference_mode():
            said = model(**padded([ROWS.ids[row]], 0))["logits"]
        hook.remove()
        return float(functional.cross_entropy(said, torch.tensor([ROWS.labels[row]])))

    found = taylor(model, ROWS, 0)[1]
    for neuron in (0, 17, 47):
        slopes = [(loss(r, neuron, 1 + eps) - loss(r, neuron, 1 - eps)) / (2 * eps) for r in range(len(ROWS.ids))]
        assert float(found[neuron]) == pytest.approx(sum(s * s for s in slopes), rel=1e-3)


def test_the_important_neurons_keep_more_of_the_answers_than_the_others(run: Path) -> None:
    lesson = read_lesson(run, Pruning())
    rows = lesson.sample(64, 7)[0]
    best = logits(narrowed(lesson.teacher, 16, rows, lesson.pad).eval(), rows)
    turned = _with_least_important(lesson, rows)
    said = functional.log_softmax(logits(lesson.teacher, rows), -1)

    def apart(of: torch.Tensor) -> float:
        return float(functional.kl_div(functional.log_softmax(of, -1), said, reduction="batchmean", log_target=True))

    assert apart(best) < apart(turned)


def _with_least_important(lesson: Lesson, rows: Encoded) -> torch.Tensor:
    shut = [importance.topk(48).indices for importance in taylor(lesson.teacher, rows, lesson.pad)]
    model = with_layers(lesson.teacher, range(3))
    for layer, gone in zip(model.encoder.encoder.layer, shut, strict=True):
        layer.output.dense.weight.data[:, gone] = 0
    return logits(model.eval(), rows)


def test_a_layer_that_does_nothing_is_the_first_to_go(run: Path) -> None:
    lesson = read_lesson(run, Pruning())
    layer = lesson.teacher.encoder.encoder.layer[1]
    for dense in (layer.attention.output, layer.output):  # with nothing added only the second norm of a norm is left
        dense.dense.weight.data.zero_()
        dense.dense.bias.data.zero_()
        dense.LayerNorm.weight.data.fill_(1)
        dense.LayerNorm.bias.data.zero_()
    below = lesson.teacher.encoder.encoder.layer[0].output.LayerNorm
    below.weight.data.fill_(1)
    below.bias.data.zero_()
    fresh = lesson.sample(32, 7)[0]
    lesson.logits[:] = logits(lesson.teacher, lesson.train)
    assert layers_to_keep(lesson, 2, 32, 7) == [0, 2]
    without = with_layers(lesson.teacher, [0, 2]).eval()
    assert torch.allclose(logits(without, fresh), logits(lesson.teacher, fresh), atol=1e-3)


def test_a_pruned_run_recovers_and_its_model_is_left_as_it_was(run: Path) -> None:
    before = load_model(run / "model")[0].state_dict()
    out = prune(run, run.parent / "pruned", Pruning(layers=2, width=24, epochs=3, learning_rate=2e-3, batch_size=16))
    model, tokenizer, _, _ = load_model(out)
    rows = run_rows(run, None)
    ids = Encoded([tokenizer(text)["input_ids"] for text in rows.test], rows.test_labels.tolist())
    assert float((logits(model, ids).argmax(1).numpy() == rows.test_labels).mean()) > 0.8
    assert (model.encoder.config.num_hidden_layers, model.encoder.config.intermediate_size) == (2, 24)
    after = load_model(run / "model")[0].state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_another_kind_of_encoder_is_refused_by_name() -> None:
    config = transformers.DistilBertConfig(vocab_size=200, dim=32, n_layers=2, n_heads=2, hidden_dim=48)
    with pytest.raises(InputError, match="of the kind distilbert: only BERT, RoBERTa"):
        with_layers(Classifier(transformers.DistilBertModel(config), 3), [0])
