"""Structured pruning: whole layers and whole neurons go, so what is left is a smaller model and not one with zeros.

Zeros in a matrix of the old size save neither time nor memory on a CPU (pytorch issue #36214). Every layer keeps the
same number of neurons: one `intermediate_size` is all that transformers' BERT-like configurations can hold, and so all
that a saved model can be loaded with.
"""

import copy
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.errors import InputError
from core.model.classifier import Classifier, Encoded, padded
from core.model.optimise.recover import Lesson, Reader, Teaching, made, read_lesson, said, teach
from core.progress import Progress, part, silent

SUPPORTED = {
    "bert": "BERT",
    "roberta": "RoBERTa",
    "xlm-roberta": "XLM-RoBERTa",
    "camembert": "CamemBERT",
    "electra": "ELECTRA",
    "mpnet": "MPNet",
}


@dataclass(frozen=True, slots=True)
class Pruning(Teaching):
    """How much of the tuned model stays, and how it recovers.

    Attributes:
        layers: that stay; None keeps two of three.
        width: neurons between the two feed-forward matrices of each layer that stay; None keeps half of them.
        rows: training rows on which neurons are judged; layers, of which there are few, on half of them.
    """

    epochs: int = 2
    layers: int | None = None
    width: int | None = None
    rows: int = 128


def prune(
    run: Path, out: Path, settings: Pruning | None = None, progress: Progress = silent, read: Reader = read_lesson
) -> Path:
    """Prune a run's model and let it recover on the run's own training rows, with the tuned model as the teacher.

    Args:
        run: folder of a finished training of classes.
        out: folder for the pruned model, which `load_model` reads; there at once if these settings made it before.
        settings: what stays, and the training.
        progress: told at least every second or two; what it raises ends the work, which can be taken up again.
        read: where the lesson is read, so that two students can share one.

    Returns:
        `out`.

    Raises:
        InputError: the run was changed since, the model is of a kind not in `SUPPORTED`, or is no larger than asked.
    """
    settings = settings or Pruning()
    follows, done = made(run, out, "pruned", settings)
    if done:
        return out
    lesson = read(run, settings, part(progress, 0, 0.1)).varied(settings)
    layers, width = shape(lesson.teacher, settings.layers, settings.width, of=(2 / 3, 1 / 2))
    keep = layers_to_keep(lesson, layers, settings.rows // 2, settings.seed, part(progress, 0.1, 0.2))
    student = with_layers(lesson.teacher, keep)
    student = narrowed(student, width, lesson.sample(settings.rows, settings.seed)[0], lesson.pad)
    return teach(lesson, student, settings, out, follows, part(progress, 0.2, 1))


def blocks(model: Classifier) -> nn.ModuleList:
    """The layers of a BERT-like encoder.

    Raises:
        InputError: the encoder is of another kind.
    """
    kind = model.encoder.config.model_type
    if kind not in SUPPORTED:
        raise InputError(
            f"The base model is of the kind {kind}: only {', '.join(SUPPORTED.values())} can be pruned or distilled. "
            "Its ONNX and INT8 variants need neither."
        )
    return model.encoder.encoder.layer


def shape(model: Classifier, layers: int | None, width: int | None, of: tuple[float, float]) -> tuple[int, int]:
    """Layers and width of a smaller model; where None was asked, the shares `of` those that the model has.

    Raises:
        InputError: says which number is wrong and what it can be, or that nothing would get smaller.
    """
    has = len(blocks(model)), int(model.encoder.config.intermediate_size)
    layers = math.ceil(has[0] * of[0]) if layers is None else layers
    width = math.ceil(has[1] * of[1]) if width is None else width
    for name, asked, most in (("layers", layers, has[0]), ("width", width, has[1])):
        if not 1 <= asked <= most:
            raise InputError(f"{name} is {asked}: it must be at least 1 and at most {most}, as the tuned model has.")
    if (layers, width) == has:
        raise InputError(f"{layers} layers of width {width} is what the tuned model has: ask for less of one of them.")
    return layers, width


def layers_to_keep(lesson: Lesson, layers: int, rows: int, seed: int, progress: Progress = silent) -> list[int]:
    """Leave out one layer after the other, each time the one without which the answers change least.

    How much they change is the mean KL divergence from the tuned model's answers to training rows. Greedy removal by a
    measured criterion: Sajjad et al. 2023 (arXiv 2004.03844) compare it with fixed choices.
    """
    sample, taught = lesson.sample(rows, seed)
    wanted, keep = functional.log_softmax(taught, -1), list(range(len(blocks(lesson.teacher))))
    total = sum(range(layers + 1, len(keep) + 1))
    done = 0
    while len(keep) > layers:
        apart = {}
        for candidate in keep:
            told = part(progress, done / total, (done + 1) / total)
            with _only(lesson.teacher, [i for i in keep if i != candidate]):
                logits = said(lesson.teacher, sample.ids, lesson.pad, told, "Judging the layers")
            apart[candidate] = float(
                functional.kl_div(functional.log_softmax(logits, -1), wanted, reduction="batchmean", log_target=True)
            )
            done += 1
        keep.remove(min(keep, key=lambda i: apart[i]))
    return keep


@contextmanager
def _only(model: Classifier, keep: Sequence[int]) -> Iterator[None]:
    """Let the model have only these of its layers for the time being: a copy of all its weights takes longer."""
    encoder, layers = model.encoder.encoder, blocks(model)
    encoder.layer = nn.ModuleList([layers[i] for i in keep])
    try:
        yield
    finally:
        encoder.layer = layers


def with_layers(model: Classifier, keep: Sequence[int]) -> Classifier:
    """A copy of the model with these of its layers, in this order."""
    smaller: Classifier = copy.deepcopy(model)
    old = blocks(smaller)
    smaller.encoder.encoder.layer = nn.ModuleList([old[i] for i in keep])
    smaller.encoder.config.num_hidden_layers = len(keep)
    return smaller


def narrowed(model: Classifier, width: int, sample: Encoded, pad: int) -> Classifier:
    """A copy of the model whose feed-forward layers have only their `width` most important neurons."""
    if width == model.encoder.config.intermediate_size:
        return model
    smaller: Classifier = copy.deepcopy(model)
    for layer, importance in zip(blocks(smaller), taylor(model, sample, pad), strict=True):
        keep = importance.topk(width).indices.sort().values
        layer.intermediate.dense = _linear(layer.intermediate.dense, rows=keep)
        layer.output.dense = _linear(layer.output.dense, columns=keep)
    smaller.encoder.config.intermediate_size = width
    return smaller


def taylor(model: Classifier, sample: Encoded, pad: int) -> list[Tensor]:
    """Importance of each layer's feed-forward neurons (width,): first-order Taylor expansion of the loss.

    Molchanov et al. 2019 (CVPR, arXiv 1906.10771), equation 8, with a gate on each neuron: the squared change of a
    row's cross-entropy, to first order, if the neuron's output were 0 at all of its tokens, summed over rows.
    """
    layers, seen = blocks(model), dict[int, Tensor]()
    found = [torch.zeros(layer.intermediate.dense.out_features) for layer in layers]

    def keep(i: int) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            output.retain_grad()
            seen[i] = output

        return hook

    hooks = [layer.intermediate.register_forward_hook(keep(i)) for i, layer in enumerate(layers)]
    order = sorted(range(len(sample.ids)), key=lambda i: len(sample.ids[i]))
    try:
        for start in range(0, len(order), 32):
            rows = order[start : start + 32]
            logits = model.eval()(**padded([sample.ids[i] for i in rows], pad))["logits"]
            labels = torch.tensor([int(sample.labels[i]) for i in rows])
            loss = functional.cross_entropy(logits, labels, reduction="sum")  # so that each row has a slope of its own
            loss.backward()
            for i, output in seen.items():
                found[i] += (output * output.grad).sum(1).square().sum(0).detach()
    finally:
        for handle in hooks:
            handle.remove()
        model.zero_grad(set_to_none=True)
    return found


def _linear(old: nn.Linear, rows: Tensor | None = None, columns: Tensor | None = None) -> nn.Linear:
    """A linear layer with some of another's outputs or inputs."""
    weight, bias = old.weight.detach(), old.bias.detach()
    if rows is not None:
        weight, bias = weight[rows], bias[rows]
    if columns is not None:
        weight = weight[:, columns]
    new = nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        new.weight.copy_(weight)
        new.bias.copy_(bias)
    return new
