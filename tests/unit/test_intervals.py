import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.intervals import wilson


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"), [(81, 263, 0.2553, 0.3662), (1, 29, 0.0061, 0.1718), (0, 20, 0.0, 0.1611)]
)
def test_wilson_is_the_published_interval(hits: int, n: int, low: float, high: float) -> None:
    """Newcombe 1998, table I, method 3."""
    assert wilson(hits, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_its_share_and_mirrors(counts: tuple[int, int]) -> None:
    hits, n = counts
    low, high = wilson(hits, n)
    assert 0 <= low <= hits / n <= high <= 1
    assert wilson(n - hits, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_no_observation_is_no_share() -> None:
    with pytest.raises(ValueError, match="at least one"):
        wilson(0, 0)
