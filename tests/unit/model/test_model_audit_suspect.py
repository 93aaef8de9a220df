"""Labels that were made wrong are found, rightly named, and hardly any other is accused."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.suspect import out_of_fold, suspect_labels


def clusters(n: int, k: int, seed: int) -> tuple[torch.Tensor, np.ndarray]:
    """Points of k well separated classes on the unit sphere in 16 dimensions."""
    draw = np.random.default_rng(seed)
    labels = np.arange(n) % k
    points = np.eye(16)[labels] + draw.normal(0, 0.12, (n, 16))
    return torch.from_numpy(points / np.linalg.norm(points, axis=1, keepdims=True)).float(), labels


@given(st.integers(0, 100), st.integers(2, 6), st.sampled_from([0.02, 0.05, 0.1]))
@settings(max_examples=12, deadline=None)
def test_planted_flips_between_clear_classes_are_found_and_named(seed: int, k: int, share: float) -> None:
    x, truth = clusters(300, k, seed)
    draw = np.random.default_rng(seed + 1)
    flipped = draw.choice(300, int(300 * share), replace=False)
    given_ = truth.copy()
    given_[flipped] = (truth[flipped] + draw.integers(1, k, len(flipped))) % k
    found = suspect_labels(out_of_fold(x, given_, k, seed=seed), given_)
    right = np.isin(found.rows, flipped)
    # Of 765 such tables every one had at least 70 % of its flips found, and three had one right label accused.
    assert right.sum() >= 0.6 * len(flipped)
    assert (~right).sum() <= 2
    assert (found.suggested[right] != truth[found.rows[right]]).sum() <= 1
    assert (np.diff(found.margin) >= 0).all()


@given(st.integers(0, 100))
@settings(max_examples=8, deadline=None)
def test_no_label_between_clear_classes_is_suspect_where_none_is_wrong(seed: int) -> None:
    x, truth = clusters(300, 4, seed)
    assert len(suspect_labels(out_of_fold(x, truth, 4, seed=seed), truth).rows) == 0


def test_the_confident_joint_follows_the_paper() -> None:
    # Thresholds: class 0 (.9 + .8 + .3) / 3 = .67, class 1 (.7 + .3) / 2 = .5.
    chances = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.3, 0.7], [0.7, 0.3]])
    found = suspect_labels(chances, np.array([0, 0, 0, 1, 1]))
    assert found.rows.tolist() == [2, 4]
    assert found.suggested.tolist() == [1, 0]
    assert found.margin.tolist() == pytest.approx([-0.4, -0.4])
    # The same answer with less confidence than is usual for its class accuses nobody.
    assert suspect_labels(np.array([[0.9, 0.1], [0.45, 0.55], [0.1, 0.9]]), np.array([0, 0, 1])).rows.tolist() == []


def test_a_row_just_below_the_usual_confidence_is_suspect_if_it_contradicts_outright() -> None:
    chances = np.array([0.95, 0.95, 0.1, 0.05, 0.05, 0.05])
    found = suspect_labels(np.stack([chances, 1 - chances], 1), np.array([0, 0, 0, 1, 1, 1]))
    assert found.rows.tolist() == [2]
    assert found.suggested.tolist() == [1]


def test_no_row_helps_to_judge_itself_or_its_copy() -> None:
    x, truth = clusters(120, 3, 5)
    copies = torch.cat([x, x[:1]])
    wrong = np.concatenate([truth, [(truth[0] + 1) % 3]])
    wrong[0] = wrong[-1]
    same = np.concatenate([np.arange(120), [0]])
    assert {0, 120} <= set(suspect_labels(out_of_fold(copies, wrong, 3, same), wrong).rows.tolist())


def test_out_of_fold_probabilities_are_probabilities_and_repeat() -> None:
    x, truth = clusters(90, 3, 2)
    chances = out_of_fold(x, truth, 3)
    assert chances.sum(1) == pytest.approx(np.ones(90))
    assert (chances == out_of_fold(x, truth, 3)).all()


def test_a_row_that_is_alone_in_its_class_is_not_accused() -> None:
    x, truth = clusters(91, 3, 2)
    truth[-1] = 3
    found = suspect_labels(out_of_fold(x, truth, 4), truth)
    assert 90 not in found.rows


def test_the_listener_hears_of_every_fold_and_may_end_it() -> None:
    x, truth = clusters(60, 3, 2)
    heard: list[float] = []
    out_of_fold(x, truth, 3, progress=lambda done, total, note="": heard.append(done))
    assert {int(5 * h) for h in heard} >= {0, 1, 2, 3, 4}

    def stop(done: float, total: float, note: str = "") -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        out_of_fold(x, truth, 3, progress=stop)
