"""Single requests by number and not by time, so that a test's cost and its claims are the same on any machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from core.model import run
from core.model.latency import BLOCK, measure_latency
from core.model.scores import run as scores


@contextmanager
def requests(n: int = 5 * BLOCK) -> Iterator[None]:
    """Let trainings time `n` requests each, enough for p95 where nothing else is said."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (run, scores):
            patch.setattr(module, "measure_latency", partial(measure_latency, most=n, seconds=600, longest=600))
        yield
