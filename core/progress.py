"""How a long piece of work says how far it is, to whoever listens."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Called by room functions as they go; outside a job nobody listens and it does nothing.

    A job's listener raises `Cancelled` when the run should stop, so call it at least every second or two.
    """

    def __call__(self, done: float, total: float, note: str = "") -> None:
        """Report `done` of `total` (same unit, any unit) and, in a few words for a person, what is being done."""


def silent(done: float, total: float, note: str = "") -> None:
    """Listen to nothing: the default outside a job."""


def part(progress: Progress, start: float, stop: float) -> Progress:
    """Let one step of a larger work report 0 to 1 of itself as `start` to `stop` (both of 1) of the whole."""

    def report(done: float, total: float, note: str = "") -> None:
        share = min(max(done / total, 0.0), 1.0) if total else 0.0
        progress(start + (stop - start) * share, 1.0, note)

    return report


def told_while(work: Callable[[], T], progress: Progress, note: str) -> T:
    """Run a library's call that says nothing for seconds, and say so each second meanwhile.

    A cancelled job waits for the call to end, for a thread cannot be stopped from outside.
    """
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(work)
        waited = 0
        while not wait([running], timeout=1).done:
            waited += 1
            progress(1 - 0.9**waited, 1, f"{note} · {waited} s")
        return running.result()


class Cancelled(Exception):  # noqa: N818 - not an error: the person asked for it
    """Raised from `progress` inside a job that was cancelled or no longer owns its row."""
