"""Draws of one record keep its value and its interval."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.draws import DRAWS, joint
from core.evidence import Evidence, Source
from core.readiness.joint.spread import spread

Y = joint()[:, 0]


def record(value: float | str | None, low: float | None = None, high: float | None = None, **more: object) -> Evidence:
    base: dict[str, object] = {"unit": "ms", "method": "m", "source": Source("measured"), "reason": "why"}
    return Evidence(id="model.x", value=value, low=low, high=high, **(base | more))  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.floats(0.01, 0.99), st.floats(0.001, 0.5), st.sampled_from([0.8, 0.95]), st.sampled_from(["share", "ms"]))
def test_draws_have_the_records_own_quantiles(value: float, half: float, level: float, unit: str) -> None:
    low, high = max(value - half, 0.001), min(value + half * 1.5, 0.999)
    drawn = spread(record(value, low, high, unit=unit, level=level), Y)
    assert drawn is not None
    tail = (1 - level) / 2
    assert np.quantile(drawn, (tail, 0.5, 1 - tail)) == pytest.approx((low, value, high), rel=0.01)


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_share_never_leaves_0_to_1(a: float, b: float, c: float) -> None:
    low, value, high = sorted((a, b, c))
    drawn = spread(record(value, low, high, unit="share"), Y)
    assert drawn is not None
    assert ((drawn >= 0) & (drawn <= 1)).all()


def test_a_difference_may_be_negative_and_a_time_may_not() -> None:
    gain = spread(record(0.01, -0.02, 0.04, unit="share"), Y)
    time = spread(record(1.0, 0.0, 9.0), Y)
    assert gain is not None
    assert time is not None
    assert gain.min() < 0
    assert time.min() >= 0


def test_a_record_without_an_interval_is_a_point_and_without_a_number_nothing() -> None:
    assert np.array_equal(spread(record(3.0), Y), np.full(DRAWS, 3.0))
    assert spread(record(None), Y) is None
    assert spread(record("allowed"), Y) is None
