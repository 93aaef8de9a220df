"""Variants of a model timed side by side: the same real texts, one by one, in blocks that take turns.

Rules after MLPerf inference as far as one machine allows: warm until stable, tokenisation included, fixed seed, the
answers of the timed requests kept and held against the accuracy run (TEST01). Taking turns (A B, then B A) lets the
load of other programs fall on all alike, so ratios repeat where times do not.
"""

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.model.latency import BLOCK, LEAST, Latency, Machine, busy_seconds, summary, this_machine, warm_up
from core.model.serving.engine import Engine
from core.model.stats import Interval, Ints, share
from core.progress import Progress, part, silent

LEAD = 2  # requests of a block that do not count: another variant's weights have just filled the processor's cache
MOST = 1000  # requests of each variant
_RESAMPLES = 1000
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Timed:
    """One variant's requests, in blocks (blocks, requests of a block).

    Attributes:
        latency: their percentiles.
        times: of each request in ms; variants timed together have the same texts at the same place.
        rows: which text it was.
        answers: the class it was given.
    """

    latency: Latency
    times: Floats
    rows: Ints
    answers: Ints

    def accuracy(self, truth: Ints) -> Interval:
        """The share of right answers among the different texts that were timed."""
        rows, first = np.unique(self.rows, return_index=True)
        return share(int((self.answers.ravel()[first] == truth[rows]).sum()), len(rows))

    def differing(self, answers: Ints) -> int:
        """Timed requests whose answer is not the one that the accuracy run gave to the same text: 0 is asked."""
        return int((self.answers != answers[self.rows]).sum())

    def faster_than(self, other: "Timed", q: float | None = 0.95, seed: int = 0) -> Interval:
        """How many times as long the other takes, by the q-quantile or by the mean (None).

        Both must come from the same call. The 95 % interval draws blocks again, both variants' block together, so
        that a busy moment of the machine stays with both (paired block bootstrap, Efron & Tibshirani 1993, ch. 8).
        """
        if not np.array_equal(self.rows, other.rows):
            raise ValueError("the two were not timed together")

        def of(times: Floats) -> Any:
            flat = times.reshape(*times.shape[:-2], -1)
            return flat.mean(-1) if q is None else np.quantile(flat, q, axis=-1, method="inverted_cdf")

        blocks = len(self.times)
        again = np.random.default_rng(seed).integers(0, blocks, (_RESAMPLES, blocks))
        value = float(of(other.times) / of(self.times))
        low, high = np.quantile(of(other.times[again]) / of(self.times[again]), [0.025, 0.975])
        return Interval(value, min(float(low), value), max(float(high), value))


def time_engines(
    engines: Sequence[Engine], texts: Sequence[str], *, seed: int, seconds: float, progress: Progress = silent
) -> dict[str, Latency]:
    """Single requests of each variant, by name; see `time_together`, which also keeps the answers."""
    timed = time_together(engines, texts, seed=seed, seconds=seconds, progress=progress)
    return {name: t.latency for name, t in timed.items()}


def time_together(
    engines: Sequence[Engine],
    texts: Sequence[str],
    *,
    seed: int,
    seconds: float,
    longest: float | None = None,
    most: int = MOST,
    progress: Progress = silent,
) -> dict[str, Timed]:
    """Time variants in turns on the same texts.

    Args:
        engines: variants with different names.
        texts: real texts of real lengths; each is drawn once before any is drawn again.
        seed: of that order.
        seconds: time to spend on all of them together, as long as that gives each enough requests for p95.
        longest: time to spend at most, even if it does not; three times `seconds` where left out.
        most: requests of each variant at which it ends, however much time is left.
        progress: told between requests.

    Raises:
        ValueError: two variants have the same name, or there is nothing to time.
    """
    names = [e.name for e in engines]
    if not names or not texts or len(set(names)) != len(names):
        raise ValueError("time variants with different names on at least one text")
    limit = 3 * seconds if longest is None else longest
    order, machine = _order(len(texts), seed, most), this_machine()
    told = _Told(part(progress, 0, 0.15))
    first = [texts[i] for i in order[0]]
    warmed = [warm_up(lambda t, e=e: _answer(e, t), first, limit / 4 / len(names), told) for e in engines]  # type: ignore[misc]
    told = _Told(part(progress, 0.15, 1))
    turns = _Turns(engines, texts)
    with _uncollected():
        begun = time.perf_counter()
        for done, block in enumerate(order):
            spent, n = time.perf_counter() - begun, done * BLOCK
            if done and (spent > limit or (spent > seconds and n >= LEAST[0.95])):
                break
            turns.take(done, block, told, max(spent / seconds, n / most))
    rows = np.array(order[: len(turns.times[0])])
    return {name: turns.timed(i, rows, warmed[i], machine) for i, name in enumerate(names)}


class _Turns:
    """What each variant has done so far: times and answers of its blocks, and what other programs did meanwhile."""

    def __init__(self, engines: Sequence[Engine], texts: Sequence[str]) -> None:
        self.engines, self.texts = engines, texts
        self.times: list[list[list[float]]] = [[] for _ in engines]
        self.answers: list[list[list[int]]] = [[] for _ in engines]
        self.others, self.seconds = [0.0] * len(engines), [0.0] * len(engines)

    def take(self, done: int, block: Sequence[int], progress: Progress, far: float) -> None:
        """Let every variant answer the same rows; who begins changes, and every other time the order is reversed."""
        n = len(self.engines)
        turn = [(done + i) % n for i in range(n)]
        for i in turn if done % 2 == 0 else turn[::-1]:
            busy, start = busy_seconds(), time.perf_counter()
            took, said = _block(self.engines[i], [self.texts[row] for row in block], progress, far)
            self.times[i].append(took)
            self.answers[i].append(said)
            self.others[i] += busy_seconds() - busy
            self.seconds[i] += time.perf_counter() - start

    def timed(self, i: int, rows: Ints, warmed: int, machine: Machine) -> Timed:
        """The variant's requests and what they amount to."""
        flat = [t for block in self.times[i] for t in block]
        latency = summary(flat, warmed, machine, self.others[i] / self.seconds[i])
        return Timed(latency, np.array(self.times[i]), rows, np.array(self.answers[i], dtype=np.int64))


def load_warning(latency: Latency) -> str:
    """What the load of other programs may have done to the times, in words; empty where there was room for both."""
    slower = slowed(latency.others, latency.machine.threads, latency.machine.cores)
    if slower == 1:
        return ""
    return (
        f"Other programs kept {latency.others:.1f} of {latency.machine.cores} cores busy meanwhile: times may be up to "
        f"{slower:.1f} times as long as on an idle machine. Ratios between variants suffer less: they took turns. "
        "Measure again on an idle machine for times to promise."
    )


def slowed(others: float, threads: int, cores: int) -> float:
    """How many times as long work on `threads` may take beside programs that keep `others` cores busy; at least 1.

    On a full machine the scheduler gives each running thread an equal share of the cores.
    """
    return max(1.0, (threads + others) / cores) if others >= 0.1 else 1.0


@contextmanager
def _uncollected() -> Iterator[None]:
    """Hold Python's garbage collector: its pauses grow with what this process did before, whichever variant answers."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _order(n: int, seed: int, most: int) -> list[list[int]]:
    """Rows in the order they are asked for, in blocks: one shuffle of all after the other."""
    random = np.random.default_rng(seed)
    drawn: list[int] = []
    while len(drawn) < most:
        drawn += random.permutation(n).tolist()
    return [drawn[start : start + BLOCK] for start in range(0, most, BLOCK)]


def _block(engine: Engine, texts: Sequence[str], progress: Progress, far: float) -> tuple[list[float], list[int]]:
    times, answers = [], []
    for text in texts[:LEAD]:
        _answer(engine, text)
    for text in texts:
        start = time.perf_counter()
        answer = _answer(engine, text)
        times.append((time.perf_counter() - start) * 1000)
        answers.append(answer)
        progress(min(far, 0.99), 1.0, f"Timing single requests · {engine.name}")
    return times, answers


def _answer(engine: Engine, text: str) -> int:
    return int(engine.logits([text])[0].argmax())


class _Told:
    """Progress at most four times a second, so that telling it takes no time from what is measured."""

    def __init__(self, progress: Progress) -> None:
        self.progress, self.last = progress, 0.0

    def __call__(self, done: float, total: float, note: str = "") -> None:
        now = time.perf_counter()
        if now - self.last > 0.25:
            self.last = now
            self.progress(done, total, note)
