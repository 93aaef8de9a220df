"""Time the market: a whole recompute, and its sliders in a browser; prints JSON."""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench_sliders import RUNS as SLIDES
from tests.bench_sliders import sliders

PROJECT = Path(__file__).resolve().parents[1]
SAMPLE = PROJECT / "data" / "ventures" / "support-desk" / "venture.toml"
RUNS = 15


def timed(run: Callable[[int], object]) -> dict[str, float]:
    """Milliseconds of CPU and of wall time: the median of `RUNS` runs, and the least."""
    cpu, wall = [], []
    for k in range(RUNS):
        begun = time.process_time(), time.perf_counter()
        run(k)
        cpu.append(1000 * (time.process_time() - begun[0]))
        wall.append(1000 * (time.perf_counter() - begun[1]))
    return {
        "cpu_ms": round(statistics.median(cpu), 1),
        "cpu_least_ms": round(min(cpu), 1),
        "wall_ms": round(statistics.median(wall), 1),
        "wall_least_ms": round(min(wall), 1),
    }


def recompute() -> dict[str, Any]:
    """The sample venture (three methods, a formula, a correlation) and the templates, beside sorts of as many draws."""
    from core.market.measure import market_size
    from core.venture import load_market
    from core.venture_figures import templates

    files = {"sample venture": SAMPLE, **templates()}
    out: dict[str, Any] = {}
    for name, file in files.items():
        market = load_market(file)
        market_size(market)
        out[name] = timed(lambda _, market=market: market_size(market))
    draws = np.random.default_rng(1).random(2**14)
    out["sorting 16,384 numbers 100 times"] = timed(lambda _: [np.sort(draws) for _ in range(100)])
    return out


def rows() -> list[tuple[str, str, str]]:
    """Rows of docs/benchmarks.md: what, measured, at most. Without a browser the sliders are left out."""

    def said(of: Mapping[str, float]) -> str:
        return f"{of['median']:.0f} ms ({of['least']:.0f} to {of['most']:.0f}, n {SLIDES})"

    sample = recompute()["sample venture"]
    size = f"{sample['wall_ms']:.0f} ms, {sample['cpu_ms']:.0f} ms of CPU (n {RUNS})"
    out = [("Market: a whole recompute of the sample, 16,384 draws", size, "100 ms")]
    for name, of in sliders().items():
        out.append((f"Market, {name}: from a key on a slider to its last chart", said(of["all_charts_ms"]), "150 ms"))
    return out


if __name__ == "__main__":
    found = {"recompute": recompute(), "sliders": sliders(), "load": os.getloadavg()[0]}
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
