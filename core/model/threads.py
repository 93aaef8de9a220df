"""How many threads a room may use."""

import os


def threads() -> int:
    """Threads to use: OMP_NUM_THREADS where it is set, else the processors this process may run on."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
