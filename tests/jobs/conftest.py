"""What the tests of the job engine share: the kinds of job_bodies, and patience."""

from pathlib import Path

import pytest

pytest.register_assert_rewrite("databases")

from databases import config, engine, shared, shared_engine  # noqa: E402, F401 - fixtures

from core.jobs.kinds import EXTENSIONS, KINDS  # noqa: E402


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the kinds of job_bodies, here and in the processes that the test starts."""
    import job_bodies

    monkeypatch.setenv(EXTENSIONS, "job_bodies")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    for kind in job_bodies.KINDS:
        monkeypatch.setitem(KINDS, kind.name, kind)
