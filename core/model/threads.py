"""How many threads a room may use."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

SMALL = 50_000_000  # multiplications of one step; below, threads wait for each other longer than they work


def threads() -> int:
    """Threads to use: OMP_NUM_THREADS where it is set, else the processors this process may run on."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def suited(multiplications: int) -> Iterator[None]:
    """Give torch one thread for the time being where each step is small.

    On an idle machine that costs nothing. Beside other work the threads of a small step spin at its end until the
    slowest, which was not given a processor, is there: the regressions of the sample took 100 s instead of 2.
    """
    import torch  # noqa: PLC0415 - a server counts its threads without it

    before = torch.get_num_threads()
    torch.set_num_threads(1 if multiplications < SMALL else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
