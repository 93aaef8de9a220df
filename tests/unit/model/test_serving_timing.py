"""Variants are timed in turns on the same texts, and what was timed is what was answered."""

import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.model.latency import BLOCK, LEAST, Latency, Machine
from core.model.serving.timing import MOST, Timed, load_warning, time_engines, time_together
from core.model.stats import Interval
from core.progress import Cancelled

TEXTS = [f"text {i}" for i in range(50)]


class Sleeper:
    """Answers the number in the text modulo 3, after a time that a test chooses."""

    classes = ("a", "b", "c")
    folder = Path()

    def __init__(self, name: str, seconds: float = 0.0) -> None:
        self.name, self.seconds = name, seconds
        self.asked: list[str] = []

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        end = time.perf_counter() + self.seconds * len(texts)
        while time.perf_counter() < end:
            pass
        return np.eye(3, dtype=np.float32)[[int(t.split()[1]) % 3 for t in texts]]


def test_each_variant_answers_the_same_texts_in_turns() -> None:
    log: list[str] = []

    class Logged(Sleeper):
        def logits(self, texts: Sequence[str]) -> np.ndarray:
            log.append(self.name)
            return super().logits(texts)

    found = time_together([Logged("a"), Logged("b")], TEXTS, seed=1, seconds=0.01, longest=5)
    assert np.array_equal(found["a"].rows, found["b"].rows)
    runs = [log[0]] + [now for before, now in pairwise(log) if now != before]
    assert len(runs) >= found["a"].latency.n // BLOCK  # not one variant after the other
    firsts = found["a"].rows.ravel()[: len(TEXTS)]
    assert sorted(firsts.tolist()) == list(range(len(TEXTS)))  # all texts before any comes again


def test_percentiles_come_only_from_enough_requests() -> None:
    slow = time_engines([Sleeper("a", 0.002)], TEXTS, seed=1, seconds=0.001)["a"]
    assert slow.n < LEAST[0.95]  # three times the seconds were not enough
    assert slow.p95 is None
    enough = time_engines([Sleeper("a")], TEXTS, seed=1, seconds=0.5)["a"]
    assert enough.n == MOST
    assert enough.p99 is not None


def test_a_variant_that_takes_three_times_as_long_is_found_to_and_the_interval_holds_the_ratio() -> None:
    found = time_together([Sleeper("slow", 0.003), Sleeper("fast", 0.001)], TEXTS, seed=1, seconds=1.0)
    ratio = found["fast"].faster_than(found["slow"], q=0.5)
    assert ratio.value == pytest.approx(3, rel=0.15)
    assert ratio.low <= ratio.value <= ratio.high
    back = found["slow"].faster_than(found["fast"], q=0.5)
    assert back.value == pytest.approx(1 / ratio.value)


def test_accuracy_and_latency_come_from_the_same_requests() -> None:
    found = time_together([Sleeper("a")], TEXTS, seed=1, seconds=0.1)["a"]
    truth = np.arange(len(TEXTS)) % 3
    assert found.accuracy(truth).value == 1
    assert found.differing(truth) == 0
    wrong = truth.copy()
    wrong[0] = 2
    assert found.accuracy(wrong).value == pytest.approx(1 - 1 / len(TEXTS))  # a row timed twice counts once
    assert found.differing(wrong) == int((found.rows == 0).sum())


def test_only_what_was_timed_together_is_compared() -> None:
    one = time_together([Sleeper("a")], TEXTS, seed=1, seconds=0.01)["a"]
    two = time_together([Sleeper("a")], TEXTS, seed=2, seconds=0.01)["a"]
    with pytest.raises(ValueError, match="not timed together"):
        one.faster_than(two)
    with pytest.raises(ValueError, match="different names"):
        time_together([Sleeper("a"), Sleeper("a")], TEXTS, seed=1, seconds=0.01)


def test_the_same_seed_asks_the_same_texts() -> None:
    one, two = (time_together([Sleeper("a")], TEXTS, seed=5, seconds=0.05)["a"] for _ in range(2))
    n = min(len(one.rows), len(two.rows))
    assert np.array_equal(one.rows[:n], two.rows[:n])


def test_it_can_be_cancelled_while_it_warms_up_and_while_it_times() -> None:
    for after in (1, 3):
        told = 0

        def stop(done: float, total: float, note: str = "") -> None:
            nonlocal told
            told += 1
            if told >= after:  # noqa: B023 - called within this round only
                raise Cancelled

        with pytest.raises(Cancelled):
            time_engines([Sleeper("a", 0.02)], TEXTS, seed=1, seconds=30, progress=stop)


def latency(others: float, threads: int = 2, cores: int = 2) -> Latency:
    it = Interval(5.0, 4.0, 6.0)
    return Latency(100, 40, 5.0, it, it, None, (), (), Machine("cpu", "x", threads, cores, 1.0), others)


def test_a_busy_machine_is_said_and_how_much_it_may_matter() -> None:
    assert load_warning(latency(0.05)) == ""
    assert load_warning(latency(0.9, threads=1)) == ""  # both had a core
    assert "up to 1.5 times as long" in load_warning(latency(1.0))


def test_the_timed_values_have_one_place_a_request() -> None:
    found: Timed = time_together([Sleeper("a")], TEXTS, seed=1, seconds=0.01)["a"]
    assert found.times.shape == found.rows.shape == found.answers.shape == (found.latency.n // BLOCK, BLOCK)
