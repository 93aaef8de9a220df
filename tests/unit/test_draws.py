"""Our own Sobol points are as good as SciPy's, and the market room needs no scipy.stats for them."""

import subprocess
import sys
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import qmc

from core.draws import DIMENSIONS, _directions, logits, points
from core.normal import at_logit, logit_of


def test_the_direction_numbers_are_those_of_joe_and_kuo() -> None:
    assert np.array_equal(_directions(), qmc.Sobol(DIMENSIONS, scramble=False, bits=32)._sv)


@given(st.integers(0, 2**32), st.integers(1, 12))
def test_each_of_n_equal_slices_holds_one_point_whatever_the_seed(seed: int, dimensions: int) -> None:
    found = points(dimensions, 256, seed)
    for column in found.T:
        assert np.array_equal(np.sort((column * 256).astype(int)), np.arange(256))
    assert 0 < found.min()
    assert found.max() < 1


def test_pairs_of_dimensions_are_spread_as_evenly_as_scipys() -> None:
    ours = qmc.discrepancy(points(6, 1024, 3), method="L2-star")
    theirs = qmc.discrepancy(qmc.Sobol(6, rng=np.random.default_rng(3)).random(1024), method="L2-star")
    assert ours < 1.5 * theirs


@given(st.integers(0, 2**32), st.integers(1, DIMENSIONS - 1))
def test_a_figure_more_leaves_the_draws_of_the_others_as_they_were(seed: int, few: int) -> None:
    assert np.array_equal(points(DIMENSIONS, 64, seed)[:, :few], points(few, 64, seed))


def test_points_are_kept_and_cannot_be_changed() -> None:
    assert logits(3, 64, 1) is logits(3, 64, 1)
    with pytest.raises(ValueError, match="read-only"):
        logits(3, 64, 1)[0, 0] = 0


@given(st.floats(-700, 700))
def test_the_share_below_a_normal_quantile_is_the_one_that_was_asked_for_in_both_tails(z: float) -> None:
    w = at_logit(np.array([z, -z]))
    assert w[0] == -w[1]
    assert logit_of(w) == pytest.approx([z, -z], rel=1e-9, abs=1e-12)


def test_normal_quantiles_are_those_of_the_standard_library() -> None:
    y = np.linspace(0.001, 0.999, 501)
    assert at_logit(np.log(y / (1 - y))) == pytest.approx([NormalDist().inv_cdf(v) for v in y.tolist()], abs=1e-9)


def test_sizing_a_market_loads_of_scipy_only_its_special_functions() -> None:
    heavy = ["scipy.stats", "scipy.optimize", "pandas"]
    code = f"import sys, core.market.measure, core.market.sizing; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
