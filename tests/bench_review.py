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
    """Median and range of the wall time, in milliseconds."""
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    return f"{statistics.median(taken):.0f} ms ({min(taken):.0f} to {max(taken):.0f}, n {RUNS})"


def main() -> None:
    """Print the two times; the first review, which also draws the points, is told apart."""
    venture, evidence = load(SAMPLE), {e.id: e for e in FIGURES}
    began = time.perf_counter()
    review(venture, evidence)
    print(f"first review, with its points: {1000 * (time.perf_counter() - began):.0f} ms")
    print(f"review, {DRAWS:,} draws: {timed(lambda: review(venture, evidence))}")
    change = {"privacy.direct_share": 0.0, "licences.on_premises": "allowed"}
    print(f"what-if, 4,096 draws, before and after: {timed(lambda: whatif(venture, evidence, change, n=4096))}")


if __name__ == "__main__":
    main()
