"""Shares say how sure they are, and are as sure as they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, hypergeom

from core.privacy.share import Share, pooled, share_of


def test_no_hit_in_3000_rows_bounds_the_share_at_a_tenth_of_a_percent() -> None:
    share = share_of(0, 3_000, 1_000_000)
    assert (share.value, share.low) == (0, 0)
    assert share.high == pytest.approx(0.001, rel=0.01)


@given(st.data())
def test_a_file_read_whole_is_known_exactly(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 5_000))
    hits = data.draw(st.integers(0, n))
    assert share_of(hits, n, n) == Share(hits / n, hits / n, hits / n)


@given(st.data())
def test_bounds_hold_the_share_and_what_is_certain(data: st.DataObject) -> None:
    total = data.draw(st.integers(1, 10_000))
    n = data.draw(st.integers(1, total))
    hits = data.draw(st.integers(0, n))
    unread = data.draw(st.integers(0, n - hits))
    share = share_of(hits, n, total, unread)
    assert 0 <= share.low <= share.value <= share.high <= 1
    assert share.low >= hits / total - 1e-12
    assert share.high <= (total - n + hits + unread) / total + 1e-12
    assert share.high >= share_of(hits, n, total).high - 1e-12


@pytest.mark.parametrize("n", [50, 400])
def test_the_interval_covers_95_of_100_samples_on_average(n: int) -> None:
    bounds = [share_of(k, n, 10**9) for k in range(n + 1)]
    truths = [i / 200 for i in range(1, 200)]
    covers = [sum(binom.pmf(k, n, p) for k, s in enumerate(bounds) if s.low <= p <= s.high) for p in truths]
    assert sum(covers) / len(covers) == pytest.approx(0.95, abs=0.01)
    assert min(covers) > 0.88


def test_the_interval_covers_a_finite_file_sampled_without_replacement() -> None:
    total, n = 300, 60
    bounds = [share_of(k, n, total) for k in range(n + 1)]
    for true in range(0, total + 1, 5):
        pmf = hypergeom(total, true, n).pmf
        assert sum(pmf(k) for k, s in enumerate(bounds) if s.low - 1e-9 <= true / total <= s.high + 1e-9) > 0.9


def test_a_zero_is_wrong_for_at_most_one_sample_in_twenty() -> None:
    bound = share_of(0, 200, 10**9).high
    assert binom.pmf(0, 200, bound) == pytest.approx(0.05, rel=1e-6)


def test_files_are_pooled_by_their_rows_and_a_whole_one_adds_no_doubt() -> None:
    whole, sampled = share_of(10, 100, 100), share_of(10, 50, 300)
    both = pooled([(whole, 100), (sampled, 300)])
    assert both.value == pytest.approx((10 + 60) / 400)
    assert both.low == pytest.approx(both.value - 0.75 * (sampled.value - sampled.low))
    assert pooled([(whole, 100)]) == whole


def test_nothing_read_is_nothing_known() -> None:
    assert share_of(0, 0, 0) == pooled([]) == Share(0, 0, 1)
