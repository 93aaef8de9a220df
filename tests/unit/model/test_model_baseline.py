"""The free baselines are what they say they are."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from core.model import baseline
from core.progress import Cancelled


def rows(n: int = 240, classes: int = 3, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    draw = np.random.default_rng(seed)
    y = draw.integers(0, classes, n)
    x = draw.normal(size=(n, 16)) + np.eye(16)[y] * 1.2
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y)


def test_the_regression_is_that_of_scikit_learn() -> None:
    x, y = rows()
    found = baseline.fit(x, y, x[:60], y[:60], 3)
    other = LogisticRegression(C=found.strength, max_iter=2000, tol=1e-6).fit(x.numpy(), y.numpy())
    expected = torch.tensor(other.predict_proba(x.numpy())).float()
    assert torch.allclose(found.logits(x).softmax(1), expected, atol=2e-3)


def test_the_strength_is_the_one_that_validates_best() -> None:
    x, y = rows()
    x_validation, y_validation = rows(seed=1)
    found = baseline.fit(x, y, x_validation, y_validation, 3)
    by_hand = [
        LogisticRegression(C=c, max_iter=2000, tol=1e-6).fit(x.numpy(), y.numpy()).score(x_validation, y_validation)
        for c in baseline.STRENGTHS
    ]
    assert found.validation_accuracy == pytest.approx(max(by_hand), abs=0.005)


def test_one_strength_is_fitted_alone_and_a_start_changes_the_way_but_not_the_end() -> None:
    x, y = rows()
    alone = baseline.fit_one(x, y, 3, 10.0)
    warm = baseline.fit_one(x, y, 3, 10.0, start=baseline.fit_one(x, y, 3, 100.0))
    other = LogisticRegression(C=10.0, max_iter=2000, tol=1e-6).fit(x.numpy(), y.numpy())
    expected = torch.tensor(other.predict_proba(x.numpy())).float()
    assert torch.allclose(alone.logits(x).softmax(1), expected, atol=2e-3)
    assert torch.allclose(warm.logits(x).softmax(1), expected, atol=2e-3)
    assert (alone.strength, np.isnan(alone.validation_accuracy)) == (10.0, True)


def test_a_class_that_no_row_has_gets_little_probability() -> None:
    x, y = rows()
    found = baseline.fit_one(x, y, 4, 3.0)
    assert found.logits(x).shape == (240, 4)
    assert float(found.logits(x).softmax(1)[:, 3].max()) < 0.1


def test_two_classes_are_told_apart() -> None:
    x, y = rows(classes=2)
    found = baseline.fit(x, y, x, y, 2)
    assert float((found.logits(x).argmax(1) == y).float().mean()) > 0.8


def test_the_most_frequent_class_is_found_and_ties_go_to_the_first() -> None:
    assert baseline.majority([2, 1, 1, 0]) == 1
    assert baseline.majority([2, 1]) == 1


def test_a_fit_can_be_cancelled() -> None:
    def stop(done: float, total: float, note: str = "") -> None:
        assert 0 <= done <= total
        raise Cancelled

    x, y = rows()
    with pytest.raises(Cancelled):
        baseline.fit(x, y, x, y, 3, stop)
