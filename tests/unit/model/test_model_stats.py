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
    holm,
    macro_f1,
    macro_f1_interval,
    percentile,
    reliability,
    rows_needed,
    share,
    smallest_detectable,
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


@pytest.mark.parametrize(("delta", "discordant"), [(0.02, 0.06), (0.05, 0.10), (0.01, 0.03)])
def test_the_rows_needed_give_four_tests_in_five_that_find_the_difference(delta: float, discordant: float) -> None:
    n = rows_needed(delta, discordant)
    shares = [(discordant + delta) / 2, (discordant - delta) / 2, 1 - discordant]
    draws = np.random.default_rng(3).multinomial(n, shares, size=3000)
    p = np.array([2 * binom.cdf(min(won, lost), won + lost, 0.5) for won, lost, _ in draws])
    assert float((p < 0.05).mean()) == pytest.approx(0.8, abs=0.06)  # the exact test is a little shy of the formula


@given(st.integers(30, 20_000), st.floats(0.005, 0.9))
def test_what_can_be_detected_shrinks_with_rows_and_agrees_with_the_rows_needed(n: int, discordant: float) -> None:
    least = smallest_detectable(n, discordant)
    assert 0 < least <= discordant
    assert smallest_detectable(4 * n, discordant) <= least
    if least < discordant * 0.999:
        assert rows_needed(least, discordant) <= n < rows_needed(least * 0.99, discordant)


def test_not_shown_to_be_better_says_what_could_have_been_seen() -> None:
    result = paired(won=12, lost=8, both=980)
    assert result.verdict == "not shown to be better"
    assert result.detectable == pytest.approx(0.0123, abs=0.001)
    assert result.rows_needed > 1000
    assert result.as_json()["detectable"] == result.detectable
    same = paired(0, 0, 50)
    assert (same.detectable, same.rows_needed) == (None, None)


def test_holm_agrees_with_the_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_never_makes_a_finding_easier_and_keeps_the_order(p: list[float]) -> None:
    adjusted = holm(p)
    assert all(a >= b for a, b in zip(adjusted, p, strict=True))
    assert all(a <= 1 for a in adjusted)
    assert sorted(range(len(p)), key=lambda i: (p[i], i)) == sorted(range(len(p)), key=lambda i: (adjusted[i], p[i], i))


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80))
def test_the_calibration_curve_holds_every_answer_and_gives_the_calibration_error(
    answers: list[tuple[float, bool]],
) -> None:
    confidence, right = np.array([c for c, _ in answers]), np.array([r for _, r in answers])
    bins = reliability(confidence, right)
    assert sum(b.n for b in bins) == len(answers)
    gap = sum(b.n * abs(b.confidence - b.accuracy.value) for b in bins) / len(answers)
    assert gap == pytest.approx(calibration_error(confidence, right), abs=1e-9)
    assert all(b.low <= b.confidence <= b.high + 1e-9 and b.accuracy.low <= b.accuracy.high for b in bins)
