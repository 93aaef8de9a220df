"""Time the market: a whole recompute, and a run of its page after a slider moved; prints JSON."""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

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


def page() -> dict[str, float]:
    """The whole page run again in its process after a slider moved; the browser's drawing is not in it."""
    with tempfile.TemporaryDirectory() as var:
        os.environ["PREFLIGHT_VAR"] = var
        from streamlit.testing.v1 import AppTest

        at = AppTest.from_file(PROJECT / "app.py", default_timeout=120).run()
        at.switch_page("pages/market/sizing.py").run()
        stated = at.slider[0].value

        def move(k: int) -> None:
            at.slider[0].set_value(stated * (1 + 0.01 * (k + 1))).run()
            if at.exception:
                raise RuntimeError(at.exception[0].value)

        move(-2)
        return timed(move)


if __name__ == "__main__":
    found = {"recompute": recompute(), "page": page(), "load": os.getloadavg()[0]}
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
