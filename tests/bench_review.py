"""How long a review and a what-if of the sample take, in one process: `python -m tests.bench_review`."""

import statistics
import time
from collections.abc import Callable

from core.draws import DRAWS
from core.evidence import Evidence, Source
from core.readiness.joint.review import review
from core.readiness.joint.whatif import whatif
from core.settings import PROJECT
from core.venture import load

SAMPLE = PROJECT / "data" / "ventures" / "support-desk" / "venture.toml"
RUNS = 9
M = Source("measured")
FIGURES = (  # any will do: what is timed is the drawing, which takes as long for other values
    Evidence("model.accuracy", 0.93, "share", "m", M, low=0.9, high=0.95, n=450),
    Evidence("model.p95_latency", 40.0, "ms", "m", M, low=35.0, high=45.0, n=200),
    Evidence("model.server_rate", 150.0, "requests/s", "m", M, n=500),
    Evidence("privacy.direct_share", 0.8, "share", "m", M, low=0.78, high=0.82, n=2050),
    Evidence("licences.saas", "allowed", "word", "m", M),
    Evidence("licences.on_premises", "blocked", "word", "m", M),
    Evidence("licences.blocked", 1.0, "components", "m", M),
)


def timed(work: Callable[[], object]) -> str:
    """Median and range of the wall time in milliseconds, and the median of the processor's own."""
    taken, cpu = [], []
    for _ in range(RUNS):
        began, used = time.perf_counter(), time.process_time()
        work()
        taken.append(1000 * (time.perf_counter() - began))
        cpu.append(1000 * (time.process_time() - used))
    of_cpu = f"{statistics.median(cpu):.0f} ms of the processor"
    return f"{statistics.median(taken):.0f} ms ({min(taken):.0f} to {max(taken):.0f}, n {RUNS}), {of_cpu}"


def main() -> None:
    """Print the two times; the first review, which also draws the points, is told apart."""
    venture, evidence = load(SAMPLE), {e.id: e for e in FIGURES}
    began = time.perf_counter()
    review(venture, evidence)
    print(f"first review, with its points: {1000 * (time.perf_counter() - began):.0f} ms")
    print(f"review, {DRAWS:,} draws: {timed(lambda: review(venture, evidence))}")
    accuracy = iter(range(800, 1000))
    price = iter(range(100, 300))

    def moved() -> None:
        whatif(venture, evidence, {"model.accuracy": next(accuracy) / 1000, "licences.on_premises": "allowed"}, n=4096)

    def priced() -> None:
        at = next(price) / 1000
        whatif(venture, evidence, {f"market.assumptions.price.{q}": at for q in ("p10", "p50", "p90")}, n=4096)

    whatif(venture, evidence, {}, n=4096)  # the unchanged venture is drawn with the page, before anything is moved
    print(f"what-if, 4,096 draws, a figure moved: {timed(moved)}")
    print(f"what-if, 4,096 draws, the price moved: {timed(priced)}")


if __name__ == "__main__":
    main()
