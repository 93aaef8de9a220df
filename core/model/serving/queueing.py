"""Requests that arrive by themselves: a Poisson stream, the workers that answer it, and the queue's arithmetic."""

import heapq
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from core.progress import Progress, silent

Floats = npt.NDArray[np.float64]


class Clock(Protocol):
    """Seconds that pass; a test gives one of its own."""

    def now(self) -> float:
        """Seconds since some moment."""

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""


class WallClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Seconds since some moment."""
        return time.perf_counter()

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Served:
    """How a stream of requests was answered.

    Attributes:
        latencies: ms from each arrival to its answer, in order of arrival; only those answered before it was stopped.
        services: seconds that each of them took once a worker had it.
        asked: requests that were to arrive.
        gave_up: it was stopped because more were late than may be.
        seconds: from the first moment to the last answer.
    """

    latencies: Floats
    services: Floats
    asked: int
    gave_up: bool
    seconds: float


def poisson(rate: float, n: int, seed: int) -> Floats:
    """Arrival times (n,) in seconds of a Poisson stream with `rate` requests a second.

    The same seed gives the same stream at every rate, only denser: rates are compared on the same luck.
    """
    return np.cumsum(np.random.default_rng(seed).exponential(1.0, n)) / rate


def waits(arrivals: Floats, services: Floats, workers: int = 1) -> Floats:
    """Seconds from arrival to answer of each request, first come first served (Lindley 1952; Kiefer & Wolfowitz 1955).

    Args:
        arrivals: seconds, rising.
        services: seconds that each takes once a worker has it.
        workers: that answer side by side.
    """
    free = [0.0] * workers
    out = np.empty(len(arrivals))
    for i, (due, service) in enumerate(zip(arrivals, services, strict=True)):
        end = max(heapq.heappop(free), due) + service
        heapq.heappush(free, end)
        out[i] = end - due
    return out


def open_loop(
    answer: Callable[[str], object],
    texts: Sequence[str],
    arrivals: Floats,
    *,
    bound_ms: float,
    late: int,
    workers: int = 1,
    clock: Clock | None = None,
    progress: Progress = silent,
) -> Served:
    """Answer texts as they arrive, whether or not the ones before are done, and count each one's time from its arrival.

    A loop that sends the next request when the last one is answered never sees a queue; users make one.

    Args:
        answer: one text in, anything out; called from `workers` threads at once.
        texts: in order of arrival.
        arrivals: seconds of each.
        bound_ms: an answer after this is late.
        late: so many may be; one more and it is stopped, since more requests could not mend it.
        workers: threads that answer, first come first served.
        clock: another clock than the machine's.
        progress: told four times a second, from the calling thread.
    """
    stream = _Stream(answer, texts, arrivals, bound_ms, late, clock or WallClock())
    with ThreadPoolExecutor(workers) as pool:
        running = [pool.submit(stream.work) for _ in range(workers)]
        try:
            while wait(running, timeout=0.25).not_done:
                progress(stream.answered, len(arrivals), "Requests arrive by themselves")
        finally:
            stream.ended.set()
    for done in running:
        done.result()
    return stream.served()


class _Stream:
    """Requests on their way, shared by the workers that answer them."""

    def __init__(
        self,
        answer: Callable[[str], object],
        texts: Sequence[str],
        arrivals: Floats,
        bound_ms: float,
        late: int,
        clock: Clock,
    ) -> None:
        self.answer, self.texts, self.arrivals = answer, texts, arrivals
        self.bound_ms, self.late, self.clock = bound_ms, late, clock
        self.begun = clock.now()
        self.took, self.services = np.full(len(arrivals), np.nan), np.full(len(arrivals), np.nan)
        self.ended, self.lock, self.turns = threading.Event(), threading.Lock(), iter(range(len(arrivals)))
        self.missed = 0

    @property
    def answered(self) -> int:
        """Requests that are done."""
        return int(np.count_nonzero(~np.isnan(self.took)))

    def work(self) -> None:
        """Answer whichever request is next, until none is left or it ended."""
        while not self.ended.is_set():
            with self.lock:
                i = next(self.turns, None)
            if i is None:
                return
            due = self.begun + self.arrivals[i]
            while (early := due - self.clock.now()) > 1e-6 and not self.ended.is_set():
                self.clock.sleep(min(early, 0.5))  # in pieces, so that a cancelled run ends soon
            start = self.clock.now()
            self.answer(self.texts[i])
            end = self.clock.now()
            self.services[i], self.took[i] = end - start, (end - due) * 1000
            if self.took[i] > self.bound_ms:
                with self.lock:
                    self.missed += 1
                    if self.missed > self.late:
                        self.ended.set()

    def served(self) -> Served:
        """What came of it."""
        there = ~np.isnan(self.took)
        seconds = self.clock.now() - self.begun
        return Served(self.took[there], self.services[there], len(self.arrivals), self.missed > self.late, seconds)
