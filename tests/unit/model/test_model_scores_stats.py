"""Errors of scores and their intervals are those of the definitions; the reach around a prediction keeps its law."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from core.model.scores.conformal import conformal, reach_of
from core.model.scores.stats import errors, gain, rmse_interval

finite = st.floats(-1e6, 1e6, allow_nan=False)


def test_errors_and_their_order_are_those_of_the_definitions() -> None:
    draw = np.random.default_rng(0)
    truth = draw.normal(50, 10, 300)
    near, far = truth + draw.normal(0, 1, 300), truth + draw.normal(0, 5, 300)
    found = errors(truth, far, 7)
    assert found.mae.value == pytest.approx(np.abs(far - truth).mean())
    assert found.spearman.value == pytest.approx(spearmanr(truth, far).statistic)
    for figure in (found.rmse, found.mae, found.spearman):
        assert figure.low < figure.value < figure.high
    assert found.rmse == rmse_interval(truth, far, 7)
    assert gain(truth, near, far, "far", 7).verdict == "better"
    assert gain(truth, far, near, "near", 7).verdict == "worse"
    assert gain(truth, near, near, "itself", 7).verdict == "not shown to be better"


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=40))
def test_equal_scores_share_their_rank(pairs: list[tuple[int, int]]) -> None:
    truth, said = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    found = errors(truth, said, 7).spearman
    if len(set(truth)) == 1 or len(set(said)) == 1:
        assert found is None
    else:
        assert found.value == pytest.approx(spearmanr(truth, said).statistic, abs=1e-12)


def test_a_draw_that_holds_a_row_twice_ranks_it_twice() -> None:
    """The bootstrap counts rows instead of copying them: both must give the same correlations."""
    draw = np.random.default_rng(3)
    truth, said = draw.integers(0, 5, 60).astype(float), draw.normal(size=60)
    by_count = errors(truth, said, 7).spearman
    copies = []
    for _ in range(2000):
        rows = draw.integers(0, 60, 60)
        copies.append(np.corrcoef(rankdata(truth[rows]), rankdata(said[rows]))[0, 1])
    low, high = np.quantile(copies, [0.025, 0.975])
    assert (by_count.low, by_count.high) == pytest.approx((low, high), abs=0.04)


def test_the_interval_of_an_error_holds_the_true_one_about_as_often_as_it_says() -> None:
    draw = np.random.default_rng(1)
    held = 0
    for seed in range(150):
        off = draw.normal(0, 2, 120)
        found = rmse_interval(np.zeros(120), off, seed)
        held += found.low <= 2 <= found.high
    assert held / 150 > 0.88


@given(st.lists(finite, min_size=9, max_size=60), st.sampled_from([0.5, 0.8, 0.9]))
def test_the_reach_is_the_smallest_error_that_enough_rows_stay_below(off: list[float], level: float) -> None:
    reach, sizes = reach_of(np.array(off), level), np.abs(off)
    inside = (len(off) + 1) * level - 1e-9
    assert reach in sizes
    assert (sizes <= reach).sum() >= inside - 1 + level
    assert (sizes < reach).sum() < inside


@pytest.mark.parametrize("n", [0, 1, 8])
def test_too_few_rows_give_no_interval_and_say_how_many_it_takes(n: int) -> None:
    found = conformal(np.ones(n), np.ones(50))
    assert found.reach is None
    assert found.coverage is None
    assert found.needed == 9
    assert conformal(np.ones(9), np.ones(50)).reach == 1


@pytest.mark.parametrize("shape", ["normal", "skewed"])
def test_new_rows_lie_within_the_reach_as_often_as_promised_whatever_their_distribution(shape: str) -> None:
    draw = np.random.default_rng(5)
    make = (lambda n: draw.normal(size=n)) if shape == "normal" else (lambda n: draw.exponential(size=n) ** 2)
    shares = [conformal(make(49), make(400)).coverage.value for _ in range(400)]
    assert 0.9 - 0.01 <= np.mean(shares) <= 0.9 + 1 / 50 + 0.01  # between level and level + 1 / (n + 1)
    assert math.isclose(conformal(np.arange(1.0, 100.0), np.array([90.0, 91.0])).coverage.value, 0.5)
