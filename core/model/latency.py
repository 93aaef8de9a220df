"""How long one answer takes: real texts, one at a time, tokenisation included, after warm-up.

A percentile is given only from enough requests: 90 for p95, 459 for p99, the least from which none over the bound
proves it with 99 % confidence (MLPerf inference rules, early stopping).
"""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from core.model.stats import Interval, percentile
from core.progress import Progress, silent

LEAST = {0.95: 90, 0.99: 459}
BLOCK = 20
_BINS = 30


@dataclass(frozen=True, slots=True)
class Machine:
    """What the times depend on besides the model."""

    device: str
    cpu: str
    threads: int
    cores: int
    load: float | None  # 1-minute load average when the measurement began

    def as_json(self) -> dict[str, Any]:
        """The machine as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Latency:
    """Times of single requests in ms, with what is needed to doubt them. p95 and p99 are None where n is too small.

    `others` says how many cores other programs kept busy meanwhile: on a machine of one's own it is near 0.
    """

    n: int
    warm_up: int
    mean: float
    p50: Interval
    p95: Interval | None
    p99: Interval | None
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    machine: Machine
    others: float

    def reason(self, q: float) -> str:
        """Why a percentile is missing."""
        return (
            f"{self.n} requests are too few for p{q * 100:.0f}: it takes {LEAST[q]}. Measure again on an idle machine."
        )

    def as_json(self) -> dict[str, Any]:
        """The times as JSON values, without the histogram."""
        out: dict[str, Any] = {"n": self.n, "mean_ms": self.mean}
        for name in ("p50", "p95", "p99"):
            interval: Interval | None = getattr(self, name)
            out[f"{name}_ms"] = interval.value if interval else None
            out[f"{name}_low"], out[f"{name}_high"] = (interval.low, interval.high) if interval else (None, None)
        return out | {"others": self.others} | self.machine.as_json()


def measure_latency(
    answer: Callable[[str], object],
    texts: Sequence[str],
    *,
    seed: int,
    most: int = 1000,
    seconds: float = 8.0,
    longest: float = 45.0,
    progress: Progress = silent,
) -> Latency:
    """Time `answer` on texts drawn from `texts` with replacement.

    Args:
        answer: one text in, anything out: the whole way that a request goes.
        texts: real texts of real lengths.
        seed: which of them are drawn.
        most: requests at most.
        seconds: time to spend, as long as that gives enough requests for p95.
        longest: time to spend at most, even if it does not.
        progress: told between requests.
    """
    machine = this_machine()
    chosen = [texts[i] for i in np.random.default_rng(seed).integers(0, len(texts), most)]
    warmed = warm_up(answer, chosen, longest / 4, progress)
    times: list[float] = []
    before = busy_seconds()
    begun = told = time.perf_counter()
    for text in chosen:
        start = time.perf_counter()
        answer(text)
        end = time.perf_counter()
        times.append((end - start) * 1000)
        spent = end - begun
        if spent > longest or (spent > seconds and len(times) >= LEAST[0.95]):
            break
        if end - told > 0.25:
            told = end
            progress(max(spent / seconds, len(times) / most), 1.0, f"Timing single requests · {len(times)}")
    others = (busy_seconds() - before) / (time.perf_counter() - begun)
    return summary(times, warmed, machine, others)


def this_machine() -> Machine:
    """The processor, its threads in use, and how busy it is."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return Machine("cpu", _cpu_name(), torch.get_num_threads(), os.cpu_count() or 1, load)


def busy_seconds() -> float:
    """Processor seconds that all programs but this one have used so far."""
    all_of_it, own = psutil.cpu_times(), psutil.Process().cpu_times()
    idle = all_of_it.idle + getattr(all_of_it, "iowait", 0.0)
    # Linux counts a guest's time a second time within user and nice.
    guest = getattr(all_of_it, "guest", 0.0) + getattr(all_of_it, "guest_nice", 0.0)
    return float(sum(all_of_it) - idle - guest - own.user - own.system)


def warm_up(answer: Callable[[str], object], texts: Sequence[str], longest: float, progress: Progress = silent) -> int:
    """Answer the same few texts again and again until a round takes as long as the one before, within 5 %.

    Returns how many requests that were: at most ten rounds, and no more after `longest` seconds. Different texts in
    each round would differ in length, and so in time, however warm it is.
    """
    begun, before, block, done = time.perf_counter(), float("inf"), texts[:BLOCK], 0
    for _ in range(10):
        start = time.perf_counter()
        for text in block:
            answer(text)
            done += 1
            progress(0, 1.0, "Warming up")
            if time.perf_counter() - begun > longest:
                return done
        took = time.perf_counter() - start
        if abs(took / before - 1) < 0.05:
            break
        before = took
    return done


def summary(times: Sequence[float], warmed: int, machine: Machine, others: float) -> Latency:
    """What the times of requests, in ms, amount to: percentiles only where there are enough of them.

    Args:
        times: of the requests that count.
        warmed: requests before them, which do not.
        machine: as it was when the first one began.
        others: cores that other programs kept busy meanwhile.
    """
    n = len(times)
    top = percentile(times, 0.99).value  # the last bin also holds what is slower, or one hiccup would flatten the rest
    counts, edges = np.histogram(np.minimum(times, top), bins=_BINS)
    return Latency(
        n=n,
        warm_up=warmed,
        mean=float(np.mean(times)),
        p50=percentile(times, 0.5),
        p95=percentile(times, 0.95) if n >= LEAST[0.95] else None,
        p99=percentile(times, 0.99) if n >= LEAST[0.99] else None,
        edges=tuple(round(float(e), 3) for e in edges),
        counts=tuple(int(c) for c in counts),
        machine=machine,
        others=round(max(others, 0.0), 2),
    )


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = (
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        )
        return next(names, platform.machine())
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or platform.machine()
    return platform.processor() or platform.machine()
