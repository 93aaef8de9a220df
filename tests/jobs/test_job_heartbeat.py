"""A job whose work says nothing for a while still shows that it lives, and its log tells its stages."""

import sqlalchemy as sa
from conftest import until

from core import jobs
from core.settings import Settings


def test_a_silent_job_shows_how_long_it_has_been_silent(shared_engine: sa.Engine, shared: Settings) -> None:
    job_id = jobs.submit(shared_engine, shared, "silent")
    jobs.ensure_worker(shared)
    seen: set[str] = set()

    def counted() -> bool:
        seen.add(jobs.get(shared_engine, job_id).note)
        return len([note for note in seen if note.startswith("loading · ")]) >= 2

    try:
        until(counted)
    finally:
        jobs.cancel(shared_engine, job_id)
        jobs.wait(shared_engine, shared, [job_id])


def test_the_log_names_each_stage_once_however_often_its_numbers_change(
    shared_engine: sa.Engine, shared: Settings
) -> None:
    job_id = jobs.submit(shared_engine, shared, "steps", params={"n": 6})
    (job,) = jobs.wait(shared_engine, shared, [job_id])
    log = jobs.tail(job)
    assert log.count("step ") == 1
    assert "last words" in log
