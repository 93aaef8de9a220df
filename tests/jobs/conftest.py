"""What the tests of the job engine share: the kinds of job_bodies, and patience."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.register_assert_rewrite("databases")

from databases import config, engine, shared, shared_engine  # noqa: E402, F401 - fixtures

from core.jobs.kinds import EXTENSIONS, KINDS  # noqa: E402


def until(holds: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something holds; fail where it does not in time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the kinds of job_bodies, here and in the processes that the test starts."""
    import job_bodies

    monkeypatch.setenv(EXTENSIONS, "job_bodies")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    for kind in job_bodies.KINDS:
        monkeypatch.setitem(KINDS, kind.name, kind)
