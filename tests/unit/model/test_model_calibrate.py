"""Temperature scaling finds the factor by which a model boasts, and says what it did with an interval."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.calibrate import calibrate, find_temperature, worth


def honest(n: int, classes: int = 4, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits whose softmax is the truth's distribution."""
    torch.manual_seed(seed)
    logits = 2 * torch.randn(n, classes)
    return logits, torch.multinomial(logits.softmax(1), 1)[:, 0]


@pytest.mark.parametrize("boast", [0.5, 1.0, 3.0])
def test_the_temperature_is_the_factor_by_which_the_logits_were_stretched(boast: float) -> None:
    logits, labels = honest(8000)
    assert find_temperature(logits * boast, labels) == pytest.approx(boast, rel=0.07)


def test_a_boaster_is_calibrated_on_rows_it_was_not_fitted_on() -> None:
    logits, labels = honest(4000)
    found = calibrate(3 * logits[:1000], labels[:1000], 3 * logits[1000:], labels[1000:], 1)
    assert found.before.low > found.after.high
    assert found.after.value < 0.04
    for error in (found.before, found.after):
        assert error.low <= error.value <= error.high
    assert sum(b.n for b in found.curve) == 3000
    assert found.as_json()["after"]["ece"] == found.after.value
    assert found.temperature == found.fitted == pytest.approx(3, rel=0.15)
    assert "lowers the validation loss" in found.reason


@settings(max_examples=20, deadline=None)
@given(st.integers(5, 60), st.integers(2, 5), st.integers(0, 99))
def test_no_answer_changes_and_the_temperature_stays_in_bounds(n: int, classes: int, seed: int) -> None:
    logits, labels = honest(n, classes, seed)
    temperature = find_temperature(logits, labels)
    assert 0.05 <= temperature <= 20
    assert torch.equal((logits / temperature).argmax(1), logits.argmax(1))


def test_rows_that_are_all_right_or_all_wrong_give_a_finite_temperature() -> None:
    logits, _ = honest(50)
    for labels in (logits.argmax(1), logits.argmin(1)):
        found = calibrate(logits, labels, logits, labels, 1)
        assert np.isfinite([found.temperature, found.before.value, found.after.high]).all()


def test_honest_confidence_is_left_as_it_is_in_most_draws_and_the_reason_says_so() -> None:
    kept = []
    for seed in range(60):
        logits, labels = honest(300, seed=seed)
        found = calibrate(logits, labels, logits, labels, 1) if seed < 5 else None
        temperature, reason = worth(logits, labels, find_temperature(logits, labels))
        kept.append(temperature == 1)
        if found is not None:
            assert (found.temperature, found.reason) == (temperature, reason)
            assert found.as_json()["reason"] == reason
            if found.temperature == 1:
                assert found.after == found.before
                assert "left as it is" in reason
    assert np.mean(kept) > 0.7


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 80), st.integers(2, 5), st.integers(0, 99), st.floats(0.2, 5))
def test_a_temperature_is_taken_only_if_it_gains_more_than_one_standard_error(
    n: int, classes: int, seed: int, boast: float
) -> None:
    logits, labels = honest(n, classes, seed)
    logits = logits.double() * boast
    fitted = find_temperature(logits, labels)
    before, after = (
        np.array([-math.log(p[label]) for p, label in zip((logits / t).softmax(1).tolist(), labels, strict=True)])
        for t in (1.0, fitted)
    )
    gain = before - after
    pays = gain.mean() > gain.std(ddof=1) / math.sqrt(n)
    assert worth(logits, labels, fitted)[0] == (fitted if pays else 1.0)


def test_no_temperature_is_read_from_a_single_row() -> None:
    logits, labels = honest(1)
    assert worth(logits, labels, 3.0) == (1.0, "1 validation row is too few to tell whether a temperature helps.")
