"""The abstain curve: a threshold chosen on validation rows, and an honest word on what it does on test rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.serving.abstain import BROKEN, KEPT, NOT_SHOWN, Confident, abstain, confident, find_threshold, rows_for


def calibrated(n: int, seed: int, shift: float = 0.0) -> Confident:
    """Answers that are right as often as they say, or less often by `shift`."""
    draw = np.random.default_rng(seed)
    sure = draw.beta(8, 1, n)
    return Confident(sure, draw.random(n) < sure - shift)


@given(st.integers(0, 50), st.integers(50, 400))
@settings(deadline=None, max_examples=40)
def test_every_point_counts_what_its_threshold_answers_and_its_intervals_hold_it(seed: int, n: int) -> None:
    test = calibrated(n, seed)
    found = abstain(calibrated(300, seed + 1), test)
    coverages = [p.coverage.value for p in found.curve]
    assert coverages == sorted(coverages, reverse=True)
    assert coverages[0] == 1
    assert found.curve[0].error.value == pytest.approx((~test.right).mean())
    for p in found.curve:
        assert p.n == (test.confidence >= p.threshold).sum()
        assert p.error.low <= p.error.value <= p.error.high
        assert p.coverage.low <= p.coverage.value <= p.coverage.high


def test_a_stricter_target_never_answers_more() -> None:
    validation = calibrated(3000, 1)
    thresholds = [find_threshold(validation, t) for t in (0.2, 0.1, 0.05, 0.03)]
    assert thresholds == sorted(thresholds)  # type: ignore[type-var]


def test_the_promise_is_kept_in_most_draws_where_validation_and_test_rows_are_alike() -> None:
    """The validation rows show it with 90 % confidence, so about 9 of 10 true errors are at most the target."""
    truth = calibrated(200_000, 99)
    good = 0
    for seed in range(100):
        threshold = find_threshold(calibrated(1000, seed), 0.05)
        assert threshold is not None
        answered = truth.confidence >= threshold
        good += (~truth.right[answered]).mean() <= 0.05
    assert good >= 80


def test_the_words_follow_the_interval_on_the_test_rows() -> None:
    validation, target = calibrated(600, 1), (0.05,)  # few rows choose with a margin to spare
    assert abstain(validation, calibrated(60, 2), target).promises[0].verdict == NOT_SHOWN
    assert abstain(validation, calibrated(20_000, 2, shift=0.2), target).promises[0].verdict == BROKEN
    kept = abstain(validation, calibrated(200_000, 2), target).promises[0]
    assert kept.verdict == KEPT
    assert kept.at is not None
    assert kept.at.error.high <= 0.05


def test_too_few_validation_rows_promise_nothing_and_say_how_many_it_takes() -> None:
    sure = Confident(np.full(100, 0.99), np.ones(100, dtype=bool))
    (promise,) = abstain(sure, sure, (0.01,)).promises
    assert promise.at is None
    assert promise.verdict == NOT_SHOWN
    assert f"{rows_for(0.01):,} answers" in promise.reason
    enough = Confident(np.full(rows_for(0.01), 0.99), np.ones(rows_for(0.01), dtype=bool))
    assert find_threshold(enough, 0.01) == 0.99


def test_rows_of_equal_confidence_are_answered_together_or_not_at_all() -> None:
    sure = np.array([0.9] * 100 + [0.8] * 50)
    right = np.array([True] * 100 + [True, False] * 25)
    assert find_threshold(Confident(sure, right), 0.05) == 0.9


def test_confidence_is_the_softmax_of_the_scaled_logits() -> None:
    logits = np.array([[2.0, 0.0], [0.0, 1.0]])
    found = confident(logits, [0, 0], temperature=2.0)
    assert found.confidence == pytest.approx([1 / (1 + np.exp(-1)), 1 / (1 + np.exp(-0.5))])
    assert found.right.tolist() == [True, False]


def test_all_wrong_is_never_promised() -> None:
    wrong = Confident(np.linspace(0.5, 1, 500), np.zeros(500, dtype=bool))
    assert all(p.at is None for p in abstain(wrong, wrong).promises)
