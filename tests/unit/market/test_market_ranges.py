"""A range of three quantiles becomes a distribution that says what was stated, or says that it could not."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.market.ranges import FEASIBLE, Z90, Range, fit

TENTHS = np.array([0.1, 0.5, 0.9])
GRID = np.concatenate([np.geomspace(1e-9, 0.5, 400), 1 - np.geomspace(0.5, 1e-9, 400)[1:]])

positive = st.tuples(*[st.floats(1e-3, 1e6)] * 3).map(sorted)
shares = st.tuples(*[st.floats(1e-4, 1 - 1e-4)] * 3).map(sorted)


@settings(deadline=None)
@given(positive)
def test_a_positive_range_hits_its_quantiles_or_says_that_it_does_not(stated: list[float]) -> None:
    fitted = fit(*stated)
    got = fitted.quantile(TENTHS)
    assert got[[0, 2]] == pytest.approx([stated[0], stated[2]], rel=1e-9)
    if fitted.family == "lognormal":
        assert "median" in fitted.notice
    else:
        assert got[1] == pytest.approx(stated[1], rel=1e-9)


@settings(deadline=None)
@given(shares)
def test_a_share_hits_its_quantiles_or_says_that_it_does_not(stated: list[float]) -> None:
    fitted = fit(*stated, share=True)
    got = fitted.quantile(TENTHS)
    assert got[[0, 2]] == pytest.approx([stated[0], stated[2]], rel=1e-9)
    assert ("median" in fitted.notice) if fitted.family == "logit-normal" else got[1] == pytest.approx(stated[1])


@settings(deadline=None)
@given(positive)
def test_larger_probabilities_never_give_smaller_values(stated: list[float]) -> None:
    values = fit(*stated).log_at(np.log(GRID) - np.log1p(-GRID))
    assert np.all(np.diff(values) >= -1e-9 * np.abs(values[1:]))


@settings(deadline=None)
@given(shares)
def test_shares_rise_and_stay_between_0_and_1(stated: list[float]) -> None:
    values = fit(*stated, share=True).quantile(GRID)
    assert np.all(np.diff(values) >= -1e-12)
    assert values.min() >= 0
    assert values.max() <= 1


@pytest.mark.parametrize("side", [0, 1])
def test_just_outside_the_feasible_band_the_metalog_would_fall_somewhere(side: int) -> None:
    """Keelin's bounds are what keeps quantiles in order: inside they rise, a little outside they do not."""
    step = 0.001 if side == 0 else -0.001
    steps = [_smallest_step(FEASIBLE[side] + k * step) for k in (1, -1)]
    assert steps[0] > 0 > steps[1]


def _smallest_step(r: float) -> float:
    width = 2.0
    a = (r * width, width / (2 * math.log(9)), (1 - 2 * r) * width / (0.8 * math.log(9)))
    curve = Range("log-metalog", 1, math.exp(a[0]), math.exp(width), a)
    return float(np.diff(curve.log_at(np.linspace(-12, 12, 4001))).min())


@pytest.mark.parametrize("stated", [(10, 20, 100), (1, 2, 20)])
def test_skewed_answers_that_a_plain_metalog_refuses_fit_in_the_logarithm(stated: tuple[float, ...]) -> None:
    r = (stated[1] - stated[0]) / (stated[2] - stated[0])
    assert r < FEASIBLE[0]
    assert fit(*stated).family == "log-metalog"
    assert fit(*stated).notice == ""


def test_a_range_that_leans_too_far_says_how_far_the_median_moved() -> None:
    fitted = fit(10, 10.5, 1000)
    assert fitted.family == "lognormal"
    assert float(fitted.quantile(np.array([0.5]))[0]) == pytest.approx(100)
    assert "from 10.5 to 100 (+852.4%)" in fitted.notice


@pytest.mark.parametrize("stated", [(5.0, 5.0, 9.0), (5.0, 9.0, 9.0)])
def test_two_equal_quantiles_get_the_stand_in(stated: tuple[float, ...]) -> None:
    fitted = fit(*stated)
    assert fitted.family == "lognormal"
    assert fitted.quantile(TENTHS)[[0, 2]] == pytest.approx([5, 9])


def test_three_equal_quantiles_are_one_fixed_number() -> None:
    fitted = fit(7, 7, 7)
    assert np.array_equal(np.round(fitted.quantile(GRID), 12), np.full_like(GRID, 7.0))
    assert fitted.mean() == pytest.approx(7)
    assert fit(1, 1, 1, share=True).quantile(GRID).max() == 1.0


def test_quantiles_that_differ_by_rounding_only_are_one_fixed_number() -> None:
    assert fit(0.01, 0.01, 0.010000000000000002, share=True).family == "fixed"
    assert fit(0.01, 0.01, 0.0100001, share=True).family == "logit-normal"


def test_a_share_with_p90_of_1_keeps_its_quantiles_and_stops_at_1() -> None:
    fitted = fit(0.5, 0.8, 1.0, share=True)
    assert fitted.quantile(TENTHS) == pytest.approx([0.5, 0.8, 1.0])
    assert fitted.quantile(GRID).max() == 1.0
    assert "top tenth is exactly 1" in fitted.notice


@settings(deadline=None)
@given(st.floats(0.01, 1e4), st.floats(1.01, 3), st.floats(1.01, 3))
def test_the_mean_is_the_integral_of_the_quantiles(p50: float, down: float, up: float) -> None:
    fitted = fit(p50 / down, p50, p50 * up)
    assume(fitted.family == "log-metalog")
    y = (np.arange(400_000) + 0.5) / 400_000
    assert fitted.mean() == pytest.approx(float(fitted.quantile(y).mean()), rel=5e-3)


def test_the_mean_of_a_lognormal_is_the_textbook_one() -> None:
    mu, sigma = 1.3, 0.7
    fitted = Range("lognormal", 0, 0, 0, (mu, sigma, 0.0))
    assert fitted.mean() == pytest.approx(math.exp(mu + sigma**2 / 2), rel=1e-12)
    assert fitted.mean(2) == pytest.approx(math.exp(2 * mu + 2 * sigma**2), rel=1e-12)
    assert fitted.quantile(TENTHS) == pytest.approx(np.exp(mu + sigma * np.array([-Z90, 0, Z90])))


def test_a_tail_too_heavy_for_a_mean_has_none() -> None:
    assert fit(1, 10, 1000).mean() is None
    assert fit(1, 2, 30).mean() is None  # by its skew: a2 alone is 0.77
    assert fit(10, 20, 100).mean() is not None
    assert fit(10, 20, 100).mean(2) is None


@pytest.mark.parametrize(
    ("stated", "share"),
    [
        ((0, 1, 2), False),
        ((3, 2, 1), False),
        ((1, 2, math.inf), False),
        ((1, math.nan, 2), False),
        ((0.1, 0.5, 2), True),
    ],
)
def test_an_impossible_range_is_refused_with_its_numbers(stated: tuple[float, ...], share: bool) -> None:
    with pytest.raises(InputError, match="p10 <= p50 <= p90"):
        fit(*stated, share=share)
