"""Losses: the laws that tie them together, and the figures a score's epoch is judged by."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch.nn import functional

from core.errors import InputError
from core.model.config import TrainConfig
from core.model.losses import balanced_weights, focal, scale_of, score_metrics, training_loss

CLASSES = 4


@st.composite
def batches(draw: st.DrawFn, largest: float = 30) -> tuple[torch.Tensor, torch.Tensor]:
    n = draw(st.integers(1, 8))
    logits = draw(arrays("float32", (n, CLASSES), elements=st.floats(-largest, largest, width=32)))
    labels = draw(st.lists(st.integers(0, CLASSES - 1), min_size=n, max_size=n))
    return torch.from_numpy(logits), torch.tensor(labels)


def loss_of(**settings: object) -> object:
    return training_loss(TrainConfig(**settings), [0, 1, 1, 2, 2, 2, 3, 3], CLASSES)


@given(batches())
def test_focal_loss_without_focus_is_cross_entropy(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    expected = loss_of()(*batch)
    assert torch.allclose(loss_of(loss="focal", focal_gamma=0.0)(*batch), expected, atol=1e-5)


@given(batches())
def test_weighted_focal_loss_without_focus_is_weighted_cross_entropy(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    expected = loss_of(class_weights=True)(*batch)
    assert torch.allclose(loss_of(loss="focal", focal_gamma=0.0, class_weights=True)(*batch), expected, atol=1e-5)


@given(batches(), st.sampled_from([{}, {"label_smoothing": 0.1}, {"loss": "focal"}]))
def test_weights_of_equally_frequent_classes_change_nothing(
    batch: tuple[torch.Tensor, torch.Tensor], settings: dict[str, object]
) -> None:
    labels = list(range(CLASSES)) * 3
    weighed = training_loss(TrainConfig(class_weights=True, **settings), labels, CLASSES)
    assert torch.allclose(weighed(*batch), training_loss(TrainConfig(**settings), labels, CLASSES)(*batch), atol=1e-5)


@given(batches(), st.floats(0, 0.99))
def test_smoothing_mixes_the_answer_with_all_classes(batch: tuple[torch.Tensor, torch.Tensor], share: float) -> None:
    logits, labels = batch
    spread = -functional.log_softmax(logits, dim=-1).mean()
    expected = (1 - share) * functional.cross_entropy(logits, labels) + share * spread
    assert torch.allclose(loss_of(label_smoothing=share)(logits, labels), expected, atol=1e-4, rtol=1e-4)


@given(batches(), st.floats(0, 5), st.floats(0.1, 5))
def test_more_focus_never_makes_the_focal_loss_larger(
    batch: tuple[torch.Tensor, torch.Tensor], gamma: float, more: float
) -> None:
    assert focal(*batch, gamma + more) <= focal(*batch, gamma) + 1e-6


@given(
    batches(largest=1e4),
    st.sampled_from(
        [{"loss": "focal", "focal_gamma": g, "class_weights": w} for g in (0.0, 0.3, 1.0, 2.0) for w in (True, False)]
        + [{"label_smoothing": 0.2}, {"class_weights": True}]
    ),
)
def test_gradients_are_finite_however_sure_the_model_is(
    batch: tuple[torch.Tensor, torch.Tensor], settings: dict[str, object]
) -> None:
    logits = batch[0].requires_grad_()
    loss_of(**settings)(logits, batch[1]).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@given(st.lists(st.integers(0, CLASSES - 1), min_size=1))
def test_balanced_weights_let_each_class_that_occurs_weigh_the_same(labels: list[int]) -> None:
    weights = balanced_weights(labels, CLASSES)
    shares = {c: labels.count(c) * float(weights[c]) for c in set(labels)}
    assert all(share == pytest.approx(len(labels) / CLASSES, rel=1e-5) for share in shares.values())
    assert weights.isfinite().all()


@given(st.lists(st.floats(-1e6, 1e6), min_size=2).filter(lambda v: max(v) - min(v) > 1e-3))
def test_scores_come_back_from_their_scale(scores: list[float]) -> None:
    scale, values = scale_of(scores), torch.tensor(scores, dtype=torch.float64)
    inside = scale.inside(values)
    assert torch.allclose(scale.outside(inside).double(), values, atol=1e-5 * max(map(abs, scores)) + 1e-5)


def test_scores_inside_have_mean_zero_and_deviation_one() -> None:
    inside = scale_of([1, 2, 3, 4, 10]).inside(torch.tensor([1.0, 2, 3, 4, 10]))
    assert inside.mean() == pytest.approx(0, abs=1e-6)
    assert inside.std(correction=0) == pytest.approx(1)


def test_scores_that_cannot_be_learnt_are_named() -> None:
    with pytest.raises(InputError, match="All scores of the training rows are equal"):
        scale_of([3.0, 3.0, 3.0])
    with pytest.raises(InputError, match="Training row 2: the score is no finite number"):
        scale_of([3.0, math.nan, 4.0])


def test_score_metrics_are_those_of_a_worked_example() -> None:
    found = score_metrics(torch.tensor([1.0, 2.0, 5.0]), torch.tensor([1.0, 4.0, 4.0]))
    assert found["rmse"] == pytest.approx(math.sqrt(5 / 3))
    assert found["mae"] == pytest.approx(1.0)
    assert found["spearman"] == pytest.approx(math.sqrt(3) / 2)


def test_a_rank_correlation_that_is_not_defined_is_left_out() -> None:
    assert "spearman" not in score_metrics(torch.tensor([2.0, 2.0]), torch.tensor([1.0, 4.0]))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"optimizer": "magic"}, "optimizer is 'magic': it can be adamw, sgd, adafactor"),
        ({"epochs": 0}, "epochs is 0: it must be at least 1"),
        ({"learning_rate": -1.0}, "learning_rate is -1: it must be more than 0"),
        ({"learning_rate": math.nan}, "learning_rate is nan"),
        ({"layer_decay": 1.2}, "layer_decay is 1.2: it must be more than 0 and at most 1"),
        ({"dropout": 1.0}, "dropout is 1: it must be at least 0 and less than 1"),
        ({"loss": "focal", "label_smoothing": 0.1}, "choose one of them"),
        ({"task": "score", "class_weights": True}, "are for classes"),
    ],
)
def test_settings_that_mean_nothing_are_refused_by_name(settings: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said.replace("(", r"\(")):
        TrainConfig(**settings)
