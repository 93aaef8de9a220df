"""Our own Sobol points and normal quantiles are SciPy's, and the market room needs no SciPy for them."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_ndtr, ndtri_exp
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


def test_normal_quantiles_are_scipys_in_both_tails() -> None:
    z = np.concatenate([np.linspace(-700, 700, 4001), np.linspace(-6, 6, 4001)])
    half = ndtri_exp(-np.logaddexp(0, np.abs(z)))
    assert at_logit(z) == pytest.approx(np.where(z < 0, half, -half), rel=1e-9, abs=1e-12)
    w = np.linspace(-30, 30, 501)
    assert logit_of(w) == pytest.approx(log_ndtr(w) - log_ndtr(-w), rel=1e-12, abs=1e-12)


def test_sizing_a_market_loads_no_scipy() -> None:
    code = "import sys, core.market.measure, core.market.sizing; print([m for m in sys.modules if m == 'scipy'])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
