"""Times are of single real requests after warm-up, and a percentile is refused where n cannot carry it."""

import subprocess
import sys
import time

import psutil
import pytest

from core.model.latency import LEAST, measure_latency
from core.progress import Cancelled


@pytest.mark.parametrize(
    ("n", "p95", "p99"), [(89, False, False), (90, True, False), (458, True, False), (459, True, True)]
)
def test_a_percentile_is_refused_under_its_least_number_of_requests(n: int, p95: bool, p99: bool) -> None:
    found = measure_latency(len, ["a", "bb"], seed=1, most=n)
    assert (found.n, found.p95 is not None, found.p99 is not None) == (n, p95, p99)
    assert (found.as_json()["p95_ms"] is not None) is p95
    assert str(LEAST[0.95]) in found.reason(0.95)


def test_the_times_are_those_of_the_requests_and_warm_up_is_not_among_them() -> None:
    asked: list[str] = []

    def answer(text: str) -> None:
        asked.append(text)
        time.sleep(0.05 if len(asked) <= 20 else 0.002)

    found = measure_latency(answer, ["one", "two", "three"], seed=1, most=100)
    assert len(asked) == found.n + found.warm_up
    assert found.warm_up >= 40  # the first block was slower than the second
    assert 2 <= found.p50.value < 20
    assert set(asked) == {"one", "two", "three"}
    assert found.p50.low <= found.p50.value <= found.p50.high


def test_a_slow_model_is_given_time_for_p95_but_not_for_ever() -> None:
    found = measure_latency(lambda _: time.sleep(0.004), ["a"], seed=1, seconds=0.05)
    assert 90 <= found.n <= 92
    stopped = measure_latency(lambda _: time.sleep(0.01), ["a"], seed=1, seconds=0.05, longest=0.3)
    assert stopped.n < 90
    assert stopped.p95 is None


def test_the_machine_and_the_histogram_are_recorded() -> None:
    found = measure_latency(len, ["a"], seed=1, most=200)
    assert found.machine.cpu
    assert found.machine.threads >= 1
    assert found.machine.load is None or found.machine.load >= 0
    assert sum(found.counts) == found.n
    assert len(found.edges) == len(found.counts) + 1


def test_work_of_other_programs_is_told_apart_from_the_models_own() -> None:
    def work(_: str) -> None:
        end = time.process_time() + 0.002
        while time.process_time() < end:
            pass

    cores = psutil.cpu_count() or 1
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    try:
        own, begun = time.process_time(), time.perf_counter()
        found = measure_latency(work, ["a"], seed=1, most=500)
        own = (time.process_time() - own) / (time.perf_counter() - begun)
    finally:
        for other in others:
            other.kill()
            other.wait()
    assert found.others > 0.2
    assert found.others <= cores - own + 0.3  # the machine is full, so its own work cannot be among that of others


def test_it_can_be_cancelled() -> None:
    def stop(done: float, total: float, note: str = "") -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        measure_latency(lambda _: time.sleep(0.01), ["a"], seed=1, progress=stop)
