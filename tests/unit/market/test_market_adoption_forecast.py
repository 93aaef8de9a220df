"""Before the peak there are bands and no line; they hold what comes about as often as they say; nothing is absurd."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.market.adoption.bass import BASS
from core.market.adoption.fit import Fit, Problem, fit
from core.market.adoption.forecast import CURVES, adoption, estimate, problem
from core.market.adoption.gompertz import GOMPERTZ
from core.market.adoption.posterior import posterior
from core.market.survival import customers
from tests.unit.market.adoption_support import made, published


@pytest.mark.parametrize("model", list(CURVES))
def test_all_42_windows_answer_with_no_absurd_market_and_bands_that_hold(model: str) -> None:
    inside, errors, windows = [], [], 0
    for name, sales in published().items():
        whole = fit(problem(sales, model))
        size = whole.estimate[2] if isinstance(whole, Fit) else sales.sum()
        for n in range(4, len(sales) - 2):
            early = problem(sales[:n], model)
            drawn = posterior(early)
            said = estimate(early, drawn)
            assert 0 < said.values["m"] < 5 * size, (name, n)
            assert said.identified == (not said.reason)
            coming = sales[n : n + 3]
            low, middle, high = np.quantile(drawn.sales(len(coming)), (0.1, 0.5, 0.9), axis=0)
            inside += ((low <= coming) & (coming <= high)).tolist()
            errors.append(float(np.mean(np.abs(middle - coming) / coming)))
            windows += 1
    assert windows == 42
    assert np.mean(inside) >= 0.75
    assert np.median(errors) < 0.41


def test_bands_hold_their_share_of_made_up_series() -> None:
    """Products drawn from the priors themselves: 80 % bands must hold about 80 %."""
    random = np.random.default_rng(11)
    inside = []
    for k in range(60):
        p, q = np.exp(-4.3 + 0.73 * random.standard_normal()), np.exp(-1.18 + 0.36 * random.standard_normal())
        sales = made(BASS, p, q, 1000, 12, noise=0.2, seed=k)
        n = int(random.integers(4, 10))
        low, high = np.quantile(posterior(problem(sales[:n])).sales(3), (0.1, 0.9), axis=0)
        inside += ((low <= sales[n : n + 3]) & (sales[n : n + 3] <= high)).tolist()
    assert 0.75 <= np.mean(inside) <= 0.95


@pytest.mark.parametrize("model", list(CURVES))
def test_after_the_peak_the_series_tells_and_before_it_the_reason_is_said(model: str) -> None:
    curve = CURVES[model]
    a, b = curve.shape(np.asarray(0.02), np.asarray(0.45))
    sales = made(curve, float(a), float(b), 1000, 16, noise=0.03)
    late, early = adoption(problem(sales, model)), adoption(problem(sales[:4], model))
    assert late.estimate.identified
    assert late.estimate.values["m"] == pytest.approx(1000, rel=0.1)
    assert not early.estimate.identified
    assert early.estimate.reason


def test_the_same_series_gives_the_same_figures() -> None:
    sales = made(BASS, 0.01, 0.4, 500, 7, noise=0.1)
    first, again = (json.dumps(adoption(problem(sales)).as_json()) for _ in range(2))
    assert first == again


def test_the_answer_has_exactly_the_promised_keys() -> None:
    told = adoption(problem(made(BASS, 0.02, 0.4, 500, 12, noise=0.05)), horizon=3).as_json()
    keys = {"model", "form", "p", "q", "m", "se", "interval", "residual_se", "identified", "forecast", "backtest"}
    assert set(told) == keys
    assert set(told["se"]) == set(told["interval"]) == {"p", "q", "m"}
    assert [row["t"] for row in told["forecast"]] == [13, 14, 15]
    assert all(0 <= row["p10"] <= row["p50"] <= row["p90"] for row in told["forecast"])
    assert told["backtest"]["held_out"] == len(told["backtest"]["rows"])
    other = adoption(problem(made(GOMPERTZ, 6.0, 0.75, 500, 12), "gompertz")).as_json()
    assert set(other) == keys | {"b2", "b3"}
    assert other["p"] is None


def test_four_periods_have_no_backtest_and_still_a_forecast() -> None:
    told = adoption(problem(np.array([1.0, 2, 4, 7]))).as_json()
    assert told["backtest"]["held_out"] == 0
    assert told["backtest"]["inside_80"] is None


def test_a_period_of_a_month_is_not_taken_for_a_year() -> None:
    monthly = made(BASS, 0.0135 / 12, 0.306 / 12, 10_000, 12)
    right = posterior(Problem(BASS, "srinivasan-mason", monthly), per_year=12).best
    assert np.exp(right[2]) == pytest.approx(10_000, rel=0.5)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(0, 1e9), min_size=4, max_size=14).filter(lambda v: sum(v) > 1e-3),
    st.sampled_from(list(CURVES)),
)
def test_any_series_gets_finite_rising_bands(values: list[float], model: str) -> None:
    of = problem(np.array(values), model)
    drawn = posterior(of)
    bands = np.quantile(drawn.sales(4), (0.1, 0.5, 0.9), axis=0)
    assert np.isfinite(bands).all()
    assert (bands >= 0).all()
    assert (np.diff(bands, axis=0) >= 0).all()
    assert np.isfinite(drawn.natural(drawn.best[None])).all()


@given(
    st.lists(st.floats(0, 1000), min_size=1, max_size=12),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(0, 11),
)
def test_more_churn_never_keeps_more_and_more_adopters_never_leave_fewer(
    new: list[float], one: float, other: float, at: int
) -> None:
    arrivals = np.array(new)
    less, more = sorted((one, other))
    assert (customers(arrivals, more) <= customers(arrivals, less) + 1e-9).all()
    added = arrivals.copy()
    added[at % len(added)] += 10
    assert (customers(added, less) >= customers(arrivals, less)).all()
    assert customers(arrivals, 0.0)[-1] == pytest.approx(arrivals.sum())
