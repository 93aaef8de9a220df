"""A job whose work says nothing for a while still shows that it lives, and its log tells its stages."""

import sqlalchemy as sa
from waiting import until

from core import jobs
from core.settings import Settings


def test_a_silent_job_shows_how_long_it_has_been_silent(shared_engine: sa.Engine, shared: Settings) -> None:
    job_id = jobs.submit(shared_engine, shared, "silent")
    jobs.ensure_worker(shared)
    seen: set[str] = set()

    def counted() -> bool:
        seen.add(jobs.get(shared_engine, job_id).note)
        return len([note for note in seen if note.startswith("starting · ")]) >= 2

    try:
        until(counted)
    finally:
        jobs.cancel(shared_engine, job_id)
        jobs.wait(shared_engine, shared, [job_id])


def test_a_job_that_lets_no_thread_of_its_own_run_still_shows_that_it_lives(
    shared_engine: sa.Engine, shared: Settings
) -> None:
    job_id = jobs.submit(shared_engine, shared, "holds_the_lock", params={"seconds": 4})
    jobs.ensure_worker(shared)
    seen: set[str] = set()

    def ended() -> bool:
        job = jobs.get(shared_engine, job_id)
        seen.add(job.note)
        return not job.live

    until(ended)
    assert len([note for note in seen if note.startswith("reading a large file · ")]) >= 2
    assert jobs.get(shared_engine, job_id).note == "read"


def test_the_log_names_each_stage_once_however_often_its_numbers_change(
    shared_engine: sa.Engine, shared: Settings
) -> None:
    job_id = jobs.submit(shared_engine, shared, "steps", params={"n": 6})
    (job,) = jobs.wait(shared_engine, shared, [job_id])
    log = jobs.tail(job)
    assert log.count("step ") == 1
    assert "last words" in log
