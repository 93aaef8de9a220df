"""A clock for what is timed: it passes only when somebody sleeps, whatever else the machine does."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from unittest import mock


class Clock:
    """It begins at 0 s."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@contextmanager
def told_by(clock: Clock) -> Iterator[None]:
    """Let requests be timed by this clock."""
    with ExitStack() as patched:
        for module in ("latency", "serving.timing", "serving.scenarios"):
            patched.enter_context(mock.patch(f"core.model.{module}.time", SimpleNamespace(perf_counter=clock.now)))
        yield
