"""The learning curve finds a law that is there, and says so where it cannot know."""

import numpy as np
import pytest
import torch

from core.model import curve
from core.model.curve import Point, fit_law, learning_curve
from core.progress import Cancelled

SIZES = (100, 250, 600, 1500, 4000, 10000)


def drawn(a: float, b: float, c: float, seed: int, held: int = 3000) -> curve.Curve:
    random = np.random.default_rng(seed)
    points = []
    for n in SIZES:
        error = a + b * n**-c
        measured = random.binomial(held, error) / held
        points.append(Point(n, 1 - measured, np.sqrt(error * (1 - error) / held), 1))
    return fit_law(points)


@pytest.mark.parametrize(("a", "b", "c"), [(0.05, 2.0, 0.5), (0.0, 1.5, 0.35), (0.1, 20.0, 0.9)])
def test_the_true_accuracy_at_three_times_the_rows_lies_in_the_band_in_most_draws(a: float, b: float, c: float) -> None:
    true = 1 - (a + b * 30_000**-c)
    bands = [drawn(a, b, c, seed).accuracy(30_000) for seed in range(40)]
    assert sum(low <= true <= high for _, low, high in bands) >= 31
    assert all(low <= middle <= high for middle, low, high in bands)
    assert np.median([high - low for _, low, high in bands]) < 0.05  # a band that says something


def test_the_rows_that_a_target_takes_lie_in_the_band_in_most_draws() -> None:
    a, b, c = 0.03, 2.0, 0.45
    true = 20_000
    target = 1 - (a + b * true**-c)
    held = 0
    for seed in range(40):
        need = drawn(a, b, c, seed).needed(target)
        if need.state == "forecast":
            assert need.low <= need.rows
            assert need.high is None or need.rows <= need.high
            held += need.low <= true <= (need.high or np.inf)
    assert held >= 31


def test_a_target_above_the_level_of_the_curve_is_not_reachable() -> None:
    need = drawn(0.2, 20.0, 0.9, 1, held=50_000).needed(0.95)
    assert (need.state, need.rows, need.low, need.high) == ("not reachable on this curve", None, None, None)
    assert "levels off" in need.reason


def test_a_target_that_is_met_is_reached() -> None:
    assert drawn(0.05, 2.0, 0.5, 1).needed(0.8).state == "reached"


def test_too_few_rows_give_no_law_but_a_reason() -> None:
    found = fit_law([Point(10, 0.5, 0.1, 3), Point(20, 0.6, 0.1, 1)], n_classes=5)
    assert found.accuracy(100) is None
    assert found.needed(0.9).state == "unknown"
    assert "40" in found.needed(0.9).reason
    assert found.as_json()["law"] is None


def test_labels_that_mean_nothing_promise_nothing() -> None:
    random = np.random.default_rng(2)
    x = torch.tensor(random.normal(size=(600, 8)), dtype=torch.float32)
    y = torch.tensor(random.integers(0, 3, 600))
    found = learning_curve(x[:500], y[:500], x[500:], y[500:], 3, 3.0, 1)
    assert found.needed(0.9).state != "forecast"
    assert found.needed(0.9).state != "reached"


def test_a_measured_curve_rises_over_nested_subsets_up_to_all_rows() -> None:
    random = np.random.default_rng(1)
    y = random.integers(0, 4, 1200)
    x = torch.tensor(random.normal(size=(1200, 32)) + 1.3 * np.eye(32)[y], dtype=torch.float32)
    heard: list[float] = []
    found = learning_curve(
        x[:800], torch.tensor(y[:800]), x[800:], torch.tensor(y[800:]), 4, 3.0, 1, lambda d, t, _: heard.append(d / t)
    )
    assert [p.n for p in found.points] == list(curve.sizes(800, 4))
    assert found.points[-1].n == 800
    assert found.points[-1].accuracy > found.points[0].accuracy
    assert heard == sorted(heard)
    assert set(found.as_json()["points"][0]) >= {"n", "accuracy", "low", "high", "law"}


def test_every_beginning_of_an_order_holds_each_class_in_its_share() -> None:
    y = np.array([0] * 60 + [1] * 30 + [2] * 10)
    order = curve._stratified_order(y, np.random.default_rng(1))
    assert sorted(order) == list(range(100))
    for n in (20, 50, 80):
        assert np.allclose(np.bincount(y[order[:n]], minlength=3), n * np.array([0.6, 0.3, 0.1]), atol=1.5)


def test_it_can_be_cancelled() -> None:
    def stop(done: float, total: float, note: str = "") -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        learning_curve(
            torch.randn(100, 4), torch.arange(100) % 2, torch.randn(20, 4), torch.arange(20) % 2, 2, 3, 1, stop
        )
