"""Queues behave as queueing theory says, and the rate that is reported is bracketed by what was tried."""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clock_support import Clock, told_by
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.latency import LEAST, this_machine
from core.model.serving.queueing import open_loop, poisson, waits
from core.model.serving.scenarios import Server, offline, server, single_stream
from core.progress import Cancelled

TEXTS = [f"text {'x' * (i % 7)}" for i in range(40)]


class Engine:
    classes = ("a", "b")
    folder = Path()
    name = "fake"

    def __init__(self, seconds: float, clock: Clock | None = None, fixed: float = 0.0) -> None:
        self.seconds, self.fixed, self.sleep = seconds, fixed, clock.sleep if clock else time.sleep

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        self.sleep(self.fixed + self.seconds * len(texts))
        return np.zeros((len(texts), 2), dtype=np.float32)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_the_mean_wait_of_equal_requests_is_that_of_m_d_1(load: float) -> None:
    """Pollaczek and Khinchine: load * service / (2 (1 - load))."""
    n, service = 200_000, 1.0
    waited = waits(poisson(load / service, n, seed=1), np.full(n, service)) - service
    assert waited.mean() == pytest.approx(load * service / (2 * (1 - load)), rel=0.05)


def test_the_mean_wait_of_random_requests_and_two_workers_is_that_of_m_m_2() -> None:
    """Erlang C with two servers: service * load^2 / (1 - load^2)."""
    n, load = 400_000, 0.7
    services = np.random.default_rng(2).exponential(1.0, n)
    waited = waits(poisson(2 * load, n, seed=1), services, workers=2) - services
    assert waited.mean() == pytest.approx(load**2 / (1 - load**2), rel=0.05)


@given(st.floats(0.1, 5), st.integers(1, 4), st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_more_workers_never_make_anyone_wait_longer_and_denser_arrivals_never_less(
    rate: float, workers: int, seed: int
) -> None:
    services = np.random.default_rng(seed).exponential(0.3, 300)
    here = waits(poisson(rate, 300, seed), services, workers)
    assert (waits(poisson(rate, 300, seed), services, workers + 1) <= here + 1e-9).all()
    if workers == 1:
        assert (waits(poisson(rate * 1.5, 300, seed), services, 1) >= here - 1e-9).all()
    assert (here >= services - 1e-9).all()


@given(st.floats(1, 200), st.integers(0, 99))
@settings(deadline=None, max_examples=20)
def test_the_real_loop_on_a_clock_of_its_own_is_the_queue_of_arithmetic(rate: float, seed: int) -> None:
    clock, n = Clock(), 120
    arrivals = poisson(rate, n, seed)
    served = open_loop(lambda _: clock.sleep(0.02), TEXTS * 3, arrivals, bound_ms=1e9, late=n, workers=1, clock=clock)
    assert served.latencies == pytest.approx(waits(arrivals, np.full(n, 0.02)) * 1000)
    assert not served.gave_up


def test_latency_counts_from_the_arrival_not_from_the_first_attention() -> None:
    served = open_loop(lambda _: time.sleep(0.02), TEXTS, np.zeros(5), bound_ms=1e9, late=5, workers=1)
    assert served.latencies[-1] >= 99  # the fifth of five that came at once waited for four


def test_workers_answer_side_by_side() -> None:
    seen, most, lock = 0, 0, threading.Lock()

    def answer(_: str) -> None:
        nonlocal seen, most
        with lock:
            seen += 1
            most = max(most, seen)
        time.sleep(0.01)
        with lock:
            seen -= 1

    open_loop(answer, TEXTS, np.zeros(20), bound_ms=1e9, late=20, workers=3)
    assert most == 3


def test_a_hopeless_rate_is_given_up_before_its_end() -> None:
    clock, n = Clock(), 1000
    served = open_loop(
        lambda _: clock.sleep(0.1), TEXTS * 30, poisson(100, n, 1), bound_ms=200, late=50, workers=1, clock=clock
    )
    assert served.gave_up
    assert len(served.latencies) < 100


def test_what_goes_wrong_in_a_worker_is_raised_and_a_cancelled_search_stops() -> None:
    def broken(_: str) -> None:
        raise RuntimeError("no answer")

    with pytest.raises(RuntimeError, match="no answer"):
        open_loop(broken, TEXTS, np.zeros(5), bound_ms=1, late=5, workers=2)

    def stop(done: float, total: float, note: str = "") -> None:
        raise Cancelled

    answered: list[str] = []

    def slow(text: str) -> None:
        answered.append(text)
        time.sleep(0.1)

    with pytest.raises(Cancelled):
        open_loop(slow, TEXTS, np.zeros(40), bound_ms=1e9, late=40, progress=stop)
    assert len(answered) < 40


def theory(service: float, bound: float) -> float:
    """The rate at which p95 of an M/D/1 queue is the bound, from a long run of the arithmetic."""
    low, high = 0.01 / service, 1 / service
    for _ in range(20):
        rate = (low + high) / 2
        late = np.quantile(waits(poisson(rate, 50_000, 9), np.full(50_000, service)), 0.95) > bound
        low, high = (low, rate) if late else (rate, high)
    return low


@pytest.mark.parametrize("bound_ms", [25, 60])
def test_the_highest_rate_is_the_one_of_queueing_theory_and_stands_between_two_that_were_tried(bound_ms: int) -> None:
    clock = Clock()
    found = server(Engine(0.01, clock), TEXTS, bound_ms=bound_ms, seed=3, seconds=200, workers=1, clock=clock)
    assert found.rate is not None
    assert found.not_at is not None
    assert found.rate < found.not_at <= 1.1 * found.rate
    assert found.rate == pytest.approx(theory(0.01, bound_ms / 1000), rel=0.12)
    held = [t.rate for t in found.trials if t.held]
    assert max(held) == found.rate
    assert all(t.p95 is not None and t.p95.value <= bound_ms for t in found.trials if t.held)
    assert found.as_json()["requests_per_s"] == found.rate


def test_a_short_trial_near_the_limit_is_not_believed() -> None:
    """At 97 % load the queue of equal requests needs minutes to grow: two seconds of it look fine."""
    clock = Clock()
    engine = Engine(0.01, clock)
    found = server(engine, TEXTS, bound_ms=100, seed=3, seconds=8, workers=1, clock=clock)
    assert found.rate == pytest.approx(theory(0.01, 0.1), rel=0.1)
    assert all(t.steady_p95_ms <= 100 for t in found.trials if t.held)


def test_a_bound_below_a_single_request_has_no_rate_and_says_why() -> None:
    clock = Clock()
    found = server(Engine(0.01, clock), TEXTS, bound_ms=5, seed=3, seconds=20, workers=1, clock=clock)
    assert found.rate is None
    assert found.as_json()["requests_per_s"] is None
    assert "10 ms even without a queue" in found.reason


def test_a_rate_measured_beside_other_programs_says_how_much_an_idle_machine_may_bear() -> None:
    alone = Server(50.0, 55.0, None, 250, 2, None, (), 0.0, "")
    assert alone.as_json()["warning"] == ""
    machine = this_machine()
    busy = replace(alone, others=machine.cores * 1.0, workers=machine.cores)
    assert "may bear up to" in busy.as_json()["warning"]


def test_a_looser_bound_never_lowers_the_rate() -> None:
    rates = []
    for bound in (15, 30, 100):
        clock = Clock()
        found = server(Engine(0.01, clock), TEXTS, bound_ms=bound, seed=3, seconds=200, workers=1, clock=clock)
        rates.append(found.rate or 0)
    assert rates == sorted(rates)


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    with told_by(clock):
        yield clock


def test_batches_that_share_a_fixed_cost_serve_more_rows(clock: Clock) -> None:
    found = offline(Engine(0.0001, clock, fixed=0.002), TEXTS, seed=1, seconds=0.5, batches=(1, 32))
    assert found.batch == 32
    assert found.rate.low <= found.rate.value <= found.rate.high
    assert found.rate.value > 2 * dict(found.by_batch)[1]
    assert found.n >= 3 * 128


def test_a_percentile_of_too_few_single_requests_is_null_and_says_so(clock: Clock) -> None:
    told = single_stream(Engine(0.002, clock), TEXTS, seed=1, seconds=0.3).as_json()
    assert LEAST[0.95] <= told["n"] < LEAST[0.99]
    assert told["p95_ms"] is not None
    assert told["p99_ms"] is None
    assert told["missing"] == {"p99": "n too small"}
    assert told["requests_per_s"] == pytest.approx(1000 / told["mean_ms"])
