"""Intervals and tests agree with published values and with other implementations."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.metrics import f1_score

from core.model.stats import (
    calibration_error,
    compare,
    confusion_matrix,
    macro_f1,
    macro_f1_interval,
    percentile,
    share,
)

labels = st.lists(st.integers(0, 3), min_size=5, max_size=60)


@pytest.mark.parametrize(("n", "low", "high"), [(100, 86.3, 96.6), (300, 89.5, 95.4), (1000, 91.2, 94.4)])
def test_wilson_agrees_with_published_values(n: int, low: float, high: float) -> None:
    interval = share(round(0.93 * n), n)
    assert (round(100 * interval.low, 1), round(100 * interval.high, 1)) == (low, high)


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_holds_the_share_and_stays_a_share(right: int, n: int) -> None:
    right = min(right, n)
    interval = share(right, n)
    assert 0 <= interval.low <= right / n <= interval.high <= 1
    assert interval.high - interval.low > 0


@given(labels, st.randoms())
def test_macro_f1_agrees_with_scikit_learn(truth: list[int], random: object) -> None:
    answer = [random.choice([t, 0, 3]) for t in truth]
    confusion = confusion_matrix(np.array(truth), np.array(answer), 4)
    assert float(macro_f1(confusion)) == pytest.approx(f1_score(truth, answer, average="macro", zero_division=0))


def test_the_interval_of_macro_f1_narrows_with_more_rows() -> None:
    confusion = np.array([[40, 10], [5, 45]])
    few, many = macro_f1_interval(confusion, 1), macro_f1_interval(confusion * 25, 1)
    assert few.low < few.value < few.high
    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(5, rel=0.2)
    assert macro_f1_interval(confusion, 1) == few


def paired(won: int, lost: int, both: int) -> object:
    truth = np.zeros(won + lost + both, dtype=np.int64)
    model, other = truth.copy(), truth.copy()
    other[:won] = 1
    model[won : won + lost] = 1
    return compare(truth, model, other, "other", 1)


def test_mcnemar_is_the_exact_binomial_test() -> None:
    result = paired(won=6, lost=1, both=93)
    assert result.p == pytest.approx(2 * binom.cdf(1, 7, 0.5))
    assert (result.delta, result.verdict) == (pytest.approx(0.05), "not shown to be better")


def test_the_three_verdicts() -> None:
    assert paired(30, 5, 65).verdict == "better"
    assert paired(5, 30, 65).verdict == "worse"
    same = paired(0, 0, 50)
    assert (same.p, same.delta, same.low, same.high, same.verdict) == (1.0, 0, 0, 0, "not shown to be better")


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 200))
def test_the_paired_interval_holds_the_difference(won: int, lost: int, both: int) -> None:
    result, mirrored = paired(won, lost, both), paired(lost, won, both)
    assert result.low <= result.delta <= result.high
    assert result.p == pytest.approx(mirrored.p)
    assert result.delta == -mirrored.delta


def test_calibration_error_is_nought_for_an_honest_answer_and_the_gap_for_a_boaster() -> None:
    right = np.array([True] * 7 + [False] * 3)
    assert calibration_error(np.full(10, 0.7), right) == pytest.approx(0)
    assert calibration_error(np.full(10, 1.0), right) == pytest.approx(0.3)


@given(st.integers(1, 3000), st.sampled_from([0.5, 0.95, 0.99]))
def test_order_statistics_cover_the_percentile_at_95_percent(n: int, q: float) -> None:
    found = percentile(list(range(1, n + 1)), q)  # the values are their own ranks
    assert found.value == math.ceil(q * n)
    below = binom.cdf(found.low - 1, n, q) if found.low else 0.0
    above = binom.sf(found.high - 1, n, q) if found.high else 0.0
    assert below <= 0.025
    assert above <= 0.025
