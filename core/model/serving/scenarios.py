"""How a variant serves: one request after the other, requests that arrive by themselves, or all rows at once.

Three scenarios of MLPerf inference (single stream, server, offline; Reddi et al. 2020, arXiv 1911.02549, §4), as far as
minutes on one machine allow: seconds where MLPerf asks for ten minutes, p95 where it asks for p99.
"""

import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.model.hardware import cpu_flags, cpu_quota
from core.model.latency import LEAST, Latency, busy_seconds, this_machine, warm_up
from core.model.serving.engine import Engine
from core.model.serving.queueing import Clock, Floats, open_loop, poisson, waits
from core.model.serving.timing import slowed, time_engines
from core.model.stats import Interval, percentile
from core.model.threads import threads
from core.progress import Progress, part, silent

TOO_FEW = "n too small"
_STEP = 1.25  # between rates, until one holds and one does not
_CLOSE = 1.1  # the two rates that bracket the answer are this near each other in the end
_MOST_TRIALS = 30
_LONG = 20_000  # requests of the stream that is worked out instead of waited for
_BATCHES = (1, 8, 32)
_CHUNK = 128  # texts of a round of the offline scenario
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class SingleStream:
    """One request after the other: the next is sent when the last is answered."""

    latency: Latency

    def as_json(self) -> dict[str, Any]:
        """The scenario as JSON values; a percentile of too few requests is null and says so."""
        told = self.latency.as_json()
        missing = {f"p{q * 100:.0f}": TOO_FEW for q, least in LEAST.items() if self.latency.n < least}
        rate = {"requests_per_s": 1000 / self.latency.mean}
        return {"scenario": "single"} | told | rate | {"missing": missing, "flags": list(cpu_flags())}


@dataclass(frozen=True, slots=True)
class Trial:
    """One rate of arrivals that was tried.

    Attributes:
        p95: of the requests of the trial; None where it was given up.
        steady_p95_ms: of a long stream at this rate whose requests take as long as these did, by arithmetic. Near the
            limit a queue takes minutes to grow to its usual length, so a trial of seconds alone would be too kind.
        service_ms: mean of what a request took once a worker had it, beside the other workers.
        held: both stayed under the bound.
    """

    rate: float
    n: int
    answered: int
    p50_ms: float | None
    p95: Interval | None
    steady_p95_ms: float | None
    service_ms: float
    held: bool


@dataclass(frozen=True, slots=True)
class Server:
    """The highest rate of arrivals that keeps p95 under a bound, between the two rates that bracket it.

    Attributes:
        rate: the highest one tried that held, in requests a second; None where none did.
        not_at: the lowest one above it that did not hold; None where all did.
        p95: at `rate`, with the interval of order statistics. Neighbours in a queue wait together, so it is a little
            too narrow.
        alone: p95 without any queue, from which the search started.
        others: cores that other programs kept busy meanwhile.
        reason: why there is no rate, or why the search ended early.
    """

    rate: float | None
    not_at: float | None
    p95: Interval | None
    bound_ms: float
    workers: int
    alone: Interval | None
    trials: tuple[Trial, ...]
    others: float
    reason: str

    def load_warning(self) -> str:
        """What the load of other programs may have done to the rate, in words; empty where there was room for all."""
        machine = this_machine()
        slower = slowed(self.others, self.workers * machine.threads, machine.cores)
        if slower == 1:
            return ""
        return (
            f"Other programs kept {self.others:.1f} of {machine.cores} cores busy meanwhile: an idle machine may bear "
            f"up to {slower:.1f} times this rate."
        )

    def as_json(self) -> dict[str, Any]:
        """The scenario as JSON values."""
        p95, machine = self.p95, this_machine()
        return {
            "scenario": "server",
            "requests_per_s": self.rate,
            "not_at": self.not_at,
            "bound_ms": self.bound_ms,
            "p95_ms": p95.value if p95 else None,
            "p95_low": p95.low if p95 else None,
            "p95_high": p95.high if p95 else None,
            "p95_alone_ms": self.alone.value if self.alone else None,
            "workers": self.workers,
            "trials": [asdict(t) for t in self.trials],
            "reason": self.reason,
            "warning": self.load_warning(),
            "others": self.others,
            "flags": list(cpu_flags()),
        } | machine.as_json()


@dataclass(frozen=True, slots=True)
class Offline:
    """All rows at once, in batches of similar length: rows a second with a bootstrap interval, by batch size."""

    rate: Interval
    batch: int
    n: int
    by_batch: tuple[tuple[int, float], ...]
    others: float

    def as_json(self) -> dict[str, Any]:
        """The scenario as JSON values."""
        return {
            "scenario": "offline",
            "samples_per_s": self.rate.value,
            "low": self.rate.low,
            "high": self.rate.high,
            "batch": self.batch,
            "n": self.n,
            "batches": [{"batch": b, "samples_per_s": r} for b, r in self.by_batch],
            "others": self.others,
            "flags": list(cpu_flags()),
        } | this_machine().as_json()


def single_stream(
    engine: Engine, texts: Sequence[str], *, seed: int, seconds: float, progress: Progress = silent
) -> SingleStream:
    """Time single requests of one variant."""
    return SingleStream(time_engines([engine], texts, seed=seed, seconds=seconds, progress=progress)[engine.name])


def server(
    engine: Engine,
    texts: Sequence[str],
    *,
    bound_ms: float,
    seed: int,
    seconds: float,
    workers: int | None = None,
    clock: Clock | None = None,
    progress: Progress = silent,
) -> Server:
    """Find the highest rate of Poisson arrivals at which 95 of 100 answers come within `bound_ms` of their arrival.

    The first rate tried is the one that a queue of the measured single requests would bear. From there rates rise or
    fall by a quarter until one holds and one does not, then the gap is halved until it is 10 % or the time is up.

    Args:
        engine: the variant; asked from several threads where `workers` is above 1.
        texts: real texts.
        bound_ms: what p95 must stay under.
        seed: of texts and arrivals.
        seconds: time to spend; each rate is tried for an eighth of it, and long enough for 90 requests.
        workers: threads that answer; where left out, as many as fill the processors when each answer takes `threads()`.
        clock: another clock than the machine's.
        progress: told at least every second or two.
    """
    if bound_ms <= 0:
        raise ValueError("a bound is above 0 ms")
    many = workers or workers_for()
    busy, begun = busy_seconds(), time.perf_counter()

    def answer(text: str) -> object:
        return engine.logits([text])

    alone, services = _alone(answer, texts, seed, seconds / 8, clock, part(progress, 0, 0.15))
    if alone is not None and alone.value > bound_ms:
        reason = f"p95 is {alone.value:.3g} ms even without a queue, so no rate keeps it under {bound_ms:g} ms."
        return Server(None, None, None, bound_ms, many, alone, (), 0.0, reason)
    # An overload of 5 % needs twenty times the bound to be seen in the queue.
    load = _Load(answer, texts, bound_ms, max(seconds / 8, 20 * bound_ms / 1000), seed, many, clock)

    def trial(rate: float) -> Trial:
        far = min((time.perf_counter() - begun) / seconds, 0.9)
        return load.trial(rate, part(progress, 0.15 + 0.85 * far, 1))

    trials, early = _search(trial, _first_rate(services, bound_ms, many, seed), begun + seconds, many)
    others = (busy_seconds() - busy) / (time.perf_counter() - begun)
    return _result(trials, early, bound_ms, many, alone, round(max(others, 0.0), 2))


@dataclass(frozen=True, slots=True)
class _Load:
    """What every rate is tried with; `length` is the seconds that requests arrive for, 90 requests at least."""

    answer: Callable[[str], object]
    texts: Sequence[str]
    bound_ms: float
    length: float
    seed: int
    workers: int
    clock: Clock | None

    def trial(self, rate: float, progress: Progress) -> Trial:
        n = max(LEAST[0.95], round(rate * self.length))
        drawn = np.random.default_rng(self.seed).integers(0, len(self.texts), n)
        served = open_loop(
            self.answer,
            [self.texts[i] for i in drawn],
            poisson(rate, n, self.seed),
            bound_ms=self.bound_ms,
            late=n - math.ceil(0.95 * n),
            workers=self.workers,
            clock=self.clock,
            progress=progress,
        )
        times = served.latencies.tolist()
        p50, service = float(np.median(times)), 1000 * float(served.services.mean())
        if served.gave_up:
            return Trial(rate, n, len(times), p50, None, None, service, False)
        p95, steady = percentile(times, 0.95), _steady_p95(served.services, rate, self.workers, self.seed)
        held = p95.value <= self.bound_ms and steady <= self.bound_ms
        return Trial(rate, n, len(times), p50, p95, steady, service, held)


def workers_for() -> int:
    """Answers that fit side by side: the processors this process may run on by the threads that one answer takes.

    Two workers with one thread each bore 2.2 times the rate of one worker with one thread (2 cores, p95 under 250 ms).
    """
    return max(1, cores() // threads())


def cores() -> int:
    """Processors that this process may run on, a container's limit included."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, math.ceil(cpu_quota() or usable)))


def offline(
    engine: Engine,
    texts: Sequence[str],
    *,
    seed: int,
    seconds: float,
    batches: Sequence[int] = _BATCHES,
    progress: Progress = silent,
) -> Offline:
    """Rows a second when all lie ready: texts of similar length in one batch, the batch sizes in turns.

    The interval draws rounds of 128 texts again (percentile bootstrap).
    """
    random = np.random.default_rng(seed)
    warm_up(lambda t: engine.logits([t]), texts[:8], seconds / 8, progress)
    took: dict[int, list[float]] = {b: [] for b in batches}
    busy, begun = busy_seconds(), time.perf_counter()
    while (spent := time.perf_counter() - begun) < seconds or len(took[batches[0]]) < 3:
        chunk = sorted((texts[i] for i in random.integers(0, len(texts), _CHUNK)), key=len)
        for size in batches:
            start = time.perf_counter()
            for at in range(0, _CHUNK, size):
                engine.logits(chunk[at : at + size])
                if at % 32 == 0:
                    progress(min(spent / seconds, 0.99), 1.0, f"Batches of {size} texts")
            took[size].append(time.perf_counter() - start)
    others = (busy_seconds() - busy) / (time.perf_counter() - begun)
    rates = {b: _CHUNK * len(t) / sum(t) for b, t in took.items()}
    best = max(rates, key=lambda b: rates[b])
    times = np.array(took[best])
    again = times[random.integers(0, len(times), (_RESAMPLES, len(times)))].mean(1)
    low, high = _CHUNK / np.quantile(again, [0.975, 0.025])
    ordered = sorted(rates.items(), key=lambda r: -r[1])
    rate = Interval(rates[best], min(float(low), rates[best]), max(float(high), rates[best]))
    return Offline(rate, best, _CHUNK * len(times), tuple(ordered), round(max(others, 0.0), 2))


def _alone(
    answer: Callable[[str], object],
    texts: Sequence[str],
    seed: int,
    seconds: float,
    clock: Clock | None,
    progress: Progress,
) -> tuple[Interval | None, Floats]:
    """Single requests without a queue, after warm-up: their p95, where there were enough, and their seconds."""
    first = [texts[i] for i in np.random.default_rng(seed).integers(0, len(texts), 500)]
    warm_up(answer, first, seconds, progress)
    due = np.zeros(len(first))
    now = clock.now if clock else time.perf_counter
    done, begun = 0, time.perf_counter()
    for i, text in enumerate(first):
        start = now()
        answer(text)
        due[i], done = now() - start, i + 1
        progress(i, len(first), "Single requests first")
        spent = time.perf_counter() - begun
        if spent > 4 * seconds or (spent > seconds and done >= LEAST[0.95]):
            break
    services = due[:done]
    return (percentile((services * 1000).tolist(), 0.95) if done >= LEAST[0.95] else None), services


def _first_rate(services: Floats, bound_ms: float, workers: int, seed: int) -> float:
    """The highest rate at which a queue of the measured service times would keep p95 under the bound, by arithmetic."""
    low, high = 0.05 / float(services.mean()), workers / float(services.mean())
    for _ in range(10):
        rate = math.sqrt(low * high)
        low, high = (rate, high) if _steady_p95(services, rate, workers, seed) <= bound_ms else (low, rate)
    return low


def _steady_p95(services: Floats, rate: float, workers: int, seed: int) -> float:
    """p95 in ms of a long Poisson stream whose requests take times drawn from `services`."""
    drawn = np.random.default_rng(seed).choice(services, _LONG)
    return float(np.quantile(waits(poisson(rate, _LONG, seed + 1), drawn, workers), 0.95) * 1000)


def _result(
    trials: Sequence[Trial], early: str, bound_ms: float, workers: int, alone: Interval | None, others: float
) -> Server:
    held, broke = _bracket(trials)
    reason = early or ("" if held else f"No rate that was tried kept p95 under {bound_ms:g} ms.")
    rate, not_at = held.rate if held else None, broke.rate if broke else None
    p95 = held.p95 if held else None
    return Server(rate, not_at, p95, bound_ms, workers, alone, tuple(trials), others, reason)


def _bracket(trials: Sequence[Trial]) -> tuple[Trial | None, Trial | None]:
    """The highest rate that held, and the lowest above it that did not."""
    held = max((t for t in trials if t.held), key=lambda t: t.rate, default=None)
    above = [t for t in trials if not t.held and (held is None or t.rate > held.rate)]
    return held, min(above, key=lambda t: t.rate, default=None)


def _search(trial: Callable[[float], Trial], rate: float, until: float, workers: int) -> tuple[list[Trial], str]:
    """Try rates until the highest that holds and the lowest that does not are 10 % apart, or the time is up."""
    trials: list[Trial] = []
    while True:
        trials.append(trial(rate))
        held, broke = _bracket(trials)
        if held and broke and broke.rate / held.rate <= _CLOSE:
            return trials, ""
        if time.perf_counter() > until or len(trials) > _MOST_TRIALS:
            return trials, "The time was up before the two rates came within 10 % of each other."
        if held and broke:
            rate = math.sqrt(held.rate * broke.rate)
        elif held:
            rate = held.rate * _STEP
        else:  # workers side by side slow each other down, so they may bear far less than one alone suggests
            rate = min(rate / _STEP, 0.95 * 1000 * workers / trials[-1].service_ms)
