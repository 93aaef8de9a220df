"""Least squares agrees with R's nls, tells its doubt as R's confint does, and says so where there is no estimate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.market.adoption.bass import BASS
from core.market.adoption.curves import Curve, Form, bound, free
from core.market.adoption.fit import Fit, Problem, fit
from core.market.adoption.gompertz import GOMPERTZ
from core.market.adoption.logistic import LOGISTIC
from core.market.adoption.profile import intervals
from tests.unit.market.adoption_support import NAMES, made, reference

CURVES = [BASS, GOMPERTZ, LOGISTIC]
SHAPES = {"bass": (0.02, 0.4), "gompertz": (6.0, 0.75), "logistic": (7.0, 1.8)}


def fitted(problem: Problem) -> Fit:
    found = fit(problem)
    assert isinstance(found, Fit), found
    return found


@pytest.mark.parametrize("form", ["srinivasan-mason", "density"])
@pytest.mark.parametrize("name", NAMES)
def test_bass_agrees_with_r_on_every_series_that_r_can_fit(name: str, form: Form) -> None:
    one = reference()["series"][name]
    r = one["R"].get(form.replace("-", "_"))
    if r is None:
        pytest.skip("R's nls fails on this series in this form")
    found = fitted(Problem(BASS, form, np.array(one["values"], float)))
    assert found.estimate == pytest.approx([r["p"], r["q"], r["m"]], rel=1e-4)
    assert found.se == pytest.approx([r["se_p"], r["se_q"], r["se_m"]], rel=1e-4)
    assert found.residual_se == pytest.approx(r["residual_se"], rel=1e-4)


@pytest.mark.parametrize("name", ["dutch_car_stock_1965_1989", "chicken_weight_kg"])
def test_gompertz_and_logistic_agree_with_r_on_levels(name: str) -> None:
    one = reference()["growth_curves_levels"][name]
    sales = np.diff(np.array(one["values"], float), prepend=0)
    r = one["R_SSgompertz"]
    found = fitted(Problem(GOMPERTZ, "cumulative", sales))
    assert found.estimate == pytest.approx([r["b2"], r["b3"], r["Asym"]], rel=1e-4)
    assert found.residual_se == pytest.approx(r["residual_se"], rel=1e-4)
    r = one["R_SSlogis"]
    found = fitted(Problem(LOGISTIC, "cumulative", sales))
    assert found.estimate == pytest.approx([r["xmid"], r["scal"], r["Asym"]], rel=1e-4)
    assert found.residual_se == pytest.approx(r["residual_se"], rel=1e-4)


def test_the_interval_is_the_profile_that_r_gives_and_longer_above_for_m() -> None:
    one = reference()["series"]["room_air_conditioners"]
    found = fitted(Problem(BASS, "density", np.array(one["values"], float)))
    ours, r = intervals(found), one["R"]["density"]["profile_ci95"]
    for name in ("p", "q", "m"):
        assert ours[name] == pytest.approx(r[name], rel=2e-4)
    low, high = ours["m"]
    assert low is not None
    assert high is not None
    assert high - found.estimate[2] > 1.2 * (found.estimate[2] - low)


@pytest.mark.parametrize("curve", CURVES, ids=lambda c: c.name)
@pytest.mark.parametrize("form", ["srinivasan-mason", "density", "cumulative"])
def test_a_curve_without_noise_is_found_again(curve: Curve, form: Form) -> None:
    a, b = SHAPES[curve.name]
    t = np.arange(1.0, 15)
    target = 1000 * curve.mean(t, np.asarray(a), np.asarray(b), form)
    sales = np.diff(target, prepend=0) if form == "cumulative" else target
    found = fitted(Problem(curve, form, sales))
    assert found.estimate == pytest.approx([a, b, 1000], rel=1e-5)


def test_no_estimate_is_said_in_words_and_never_a_point_on_the_rim() -> None:
    growing = fit(Problem(BASS, "srinivasan-mason", 2.0 ** np.arange(8)))
    assert isinstance(growing, str)
    assert "still falls" in growing
    level = fit(Problem(BASS, "srinivasan-mason", np.full(9, 5.0)))
    assert isinstance(level, str)


@pytest.mark.parametrize("curve", CURVES, ids=lambda c: c.name)
@given(p=st.floats(0.001, 0.05), q=st.floats(0.1, 0.8))
def test_every_curve_rises_to_one_and_reaches_a_half_with_its_bass_twin(curve: Curve, p: float, q: float) -> None:
    a, b = curve.shape(np.asarray(p), np.asarray(q))
    t = np.linspace(0, 400, 801)
    share = curve.share(t, a, b)
    assert (np.diff(share) >= 0).all()
    assert share[-1] == pytest.approx(1, abs=1e-4)
    half = np.log(2 + q / p) / (p + q)
    assert float(curve.share(np.asarray(half), a, b)) == pytest.approx(0.5, abs=1e-9)
    slope = (curve.share(half + 1e-5, a, b) - curve.share(half - 1e-5, a, b)) / 2e-5
    assert float(curve.density(np.asarray(half), a, b)) == pytest.approx(float(slope), rel=1e-4)


@pytest.mark.parametrize("curve", CURVES, ids=lambda c: c.name)
@settings(max_examples=30)
@given(p=st.floats(0.001, 0.05), q=st.floats(0.1, 0.8), n=st.integers(4, 30))
def test_what_periods_sell_adds_up_to_the_share_at_their_end(curve: Curve, p: float, q: float, n: int) -> None:
    a, b = curve.shape(np.asarray(p), np.asarray(q))
    t = np.arange(1.0, n + 1)
    whole = curve.mean(t, a, b, "cumulative")[-1]
    assert curve.mean(t, a, b, "srinivasan-mason").sum() == pytest.approx(float(whole), rel=1e-9)


@given(value=st.floats(1e-6, 0.999))
def test_free_scales_and_back(value: float) -> None:
    for scale in ("log", "logit", "plain"):
        assert float(bound(free(np.asarray(value), scale), scale)) == pytest.approx(value, rel=1e-9)


def test_the_peak_is_where_the_density_is_highest() -> None:
    for curve in CURVES:
        found = fitted(Problem(curve, curve.form, made(curve, *SHAPES[curve.name], 500, 20)))
        t = np.linspace(0.01, 20, 4001)
        a, b, _ = found.estimate
        assert t[np.argmax(curve.density(t, a, b))] == pytest.approx(found.peak, abs=0.02)
