"""Time what the adoption and money pages compute when a slider moves, and a whole adoption; prints JSON."""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.market.adoption.forecast import adoption, problem
from core.market.survival import customers
from core.market.unitcost import Service, at_scales, spread

RUNS = 15
SALES = [96.0, 195, 238, 380, 1045, 1230, 1267, 1828, 1586, 1673, 1800, 1580, 1500]  # room air conditioners, 1949-61


def timed(run: Callable[[], object], runs: int = RUNS) -> dict[str, float]:
    """Median milliseconds of processor time and of wall time."""
    cpu, wall = [], []
    for _ in range(runs):
        a, b = time.process_time(), time.perf_counter()
        run()
        cpu.append(1000 * (time.process_time() - a))
        wall.append(1000 * (time.perf_counter() - b))
    return {"cpu_ms": statistics.median(cpu), "wall_ms": statistics.median(wall)}


def measure() -> dict[str, Any]:
    """A churn slider, the money page's two charts, 16,384 draws at three demands, and a whole adoption."""
    random = np.random.default_rng(1)
    paths = random.random((1024, 20))
    few, many = np.exp(random.standard_normal(4096)) * 1e6, np.exp(random.standard_normal(16_384)) * 1e6
    service = Service(0.1, 50, 55, 4, 0.7)
    grid = np.geomspace(0.01, 1000, 31).tolist()
    return {
        "churn": timed(lambda: [spread(c) for c in customers(paths, 0.05).T]),
        "money": timed(lambda: (at_scales(few, few / 1e9, service, grid), at_scales(few, few / 1e9, service))),
        "venture": timed(lambda: at_scales(many, many / 1e9, service)),
        "adoption": timed(lambda: adoption(problem(np.array(SALES))), 3),
        "load": float(Path("/proc/loadavg").read_text().split()[0]) if Path("/proc/loadavg").exists() else None,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure()) + "\n")
