"""How many threads a room may use."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

SMALL = 50_000_000  # multiplications of one step; below, threads wait for each other longer than they work

_share: list[int] = []  # what `sharing` leaves to this process


def threads() -> int:
    """Threads to use: those allowed, or this process's share of them where others work beside it."""
    return min([allowed(), *_share])


def for_request(characters: int, hidden: int, width: int) -> int:
    """Threads that answer one request: one where its largest matrix product is small, else all that are allowed.

    With two threads the sample's requests took PyTorch as long as with one (p50 17 ms) and INT8 in ONNX a quarter
    longer (4.9 for 3.9 ms), and one such process takes the cores from the next: two workers of one thread bear more.

    Args:
        characters: of a usual text; four are about a token.
        hidden, width: of the model, and of its layers' feed-forward matrices.
    """
    return 1 if characters // 4 * hidden * width < SMALL else threads()


def suit_request(shape: Mapping[str, Any], texts: Sequence[str]) -> int:
    """Threads that answer one of such texts; `shape` is the config.json of a model. See `for_request`."""
    hidden = int(shape.get("hidden_size") or SMALL)  # of a kind that does not say so: all threads
    width = int(shape.get("intermediate_size") or 4 * hidden)
    return for_request(int(median(len(text) for text in texts)), hidden, width)


def allowed() -> int:
    """OMP_NUM_THREADS where it is set, else the processors this process may run on."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def sharing(most: int) -> Iterator[None]:
    """Keep to so many threads for the time being, for others of this program work beside this process."""
    import torch  # noqa: PLC0415 - a server counts its threads without it

    before = torch.get_num_threads()
    _share.append(most)
    try:
        torch.set_num_threads(threads())
        yield
    finally:
        _share.pop()
        torch.set_num_threads(before)


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
