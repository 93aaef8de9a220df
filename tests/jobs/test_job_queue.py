"""The queue's rows change only as they may, by whomever and in whatever order they are asked to."""

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core import jobs, store
from core.errors import InputError
from core.jobs import JobStatus, queue
from core.jobs.launch import environment
from core.settings import PROJECT, Settings


def end(engine: sa.Engine, job_id: int, status: JobStatus = JobStatus.DONE, **more: object) -> bool:
    with store.writing(engine) as c:
        return queue.finish(c, job_id, status, **more)


def test_a_submitted_job_waits_with_all_it_was_given(engine: sa.Engine, config: Settings) -> None:
    job_id = jobs.submit(engine, config, "steps", venture="v", params={"n": 3}, requested_by="ada")
    job = jobs.get(engine, job_id)
    assert job is not None
    assert (job.kind, job.venture, job.params, job.requested_by) == ("steps", "v", {"n": 3}, "ada")
    assert (job.status, job.live, job.attempt, job.result, job.error) == (JobStatus.QUEUED, True, 0, {}, "")
    assert Path(job.run_dir) == config.runs / str(job_id)
    assert job.created.tzinfo is UTC
    assert job.started is job.ended is job.lease is None


def test_a_second_submit_finds_the_live_job(engine: sa.Engine, config: Settings) -> None:
    first = jobs.submit(engine, config, "steps", venture="v")
    assert jobs.submit(engine, config, "steps", venture="v") == first
    queue.claim(engine, "w", 60)
    assert jobs.submit(engine, config, "steps", venture="v") == first
    assert jobs.submit(engine, config, "steps", venture="w") != first
    assert jobs.submit(engine, config, "silent", venture="v") != first
    end(engine, first, attempt=1)
    assert jobs.submit(engine, config, "steps", venture="v") != first


def test_one_job_too_many_is_refused_and_one_that_ends_makes_room(engine: sa.Engine, config: Settings) -> None:
    config = config.model_copy(update={"queue_limit": 2})
    jobs.submit(engine, config, "steps", venture="a")
    second = jobs.submit(engine, config, "steps", venture="b")
    with pytest.raises(InputError, match=r"2 jobs wait already.*PREFLIGHT_QUEUE_LIMIT"):
        jobs.submit(engine, config, "steps", venture="c")
    assert jobs.submit(engine, config, "steps", venture="b") == second
    jobs.cancel(engine, second)
    jobs.submit(engine, config, "steps", venture="c")
    assert len(jobs.jobs(engine, live=True)) == 2


def test_many_who_submit_at_once_get_one_job_a_venture_and_never_too_many(engine: sa.Engine, config: Settings) -> None:
    config = config.model_copy(update={"queue_limit": 12})

    def submit(number: int) -> int | None:
        try:
            return jobs.submit(engine, config, "steps", venture=str(number % 20))
        except InputError:
            return None

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(submit, range(120)))
    waiting = jobs.jobs(engine, live=True)
    assert len(waiting) == 12
    assert {j.id for j in waiting} == set(ids) - {None}
    assert all(i is None or i == ids[n % 20] or ids[n % 20] is None for n, i in enumerate(ids))


def test_an_unknown_kind_is_refused(engine: sa.Engine, config: Settings) -> None:
    with pytest.raises(InputError, match="'os:system'"):
        jobs.submit(engine, config, "os:system")
    assert jobs.jobs(engine) == []


def test_jobs_are_listed_newest_first_by_venture_and_by_life(engine: sa.Engine, config: Settings) -> None:
    a, b, c = (jobs.submit(engine, config, "steps", venture=v) for v in ("v", "w", "x"))
    jobs.cancel(engine, b)
    assert [j.id for j in jobs.jobs(engine)] == [c, b, a]
    assert [j.id for j in jobs.jobs(engine, live=True)] == [c, a]
    assert [j.id for j in jobs.jobs(engine, live=False)] == [b]
    assert [j.id for j in jobs.jobs(engine, venture="v")] == [a]
    assert [j.id for j in jobs.jobs(engine, limit=1)] == [c]


@pytest.mark.parametrize("job_id", [0, -1, 999, 2**31, 2**70])
def test_a_job_that_is_not_there_is_none_and_cannot_be_cancelled(engine: sa.Engine, job_id: int) -> None:
    assert jobs.get(engine, job_id) is None
    with pytest.raises(InputError, match=str(job_id)):
        jobs.cancel(engine, job_id)


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_is_asked(engine: sa.Engine, config: Settings) -> None:
    job_id = jobs.submit(engine, config, "steps", venture="a")
    assert jobs.cancel(engine, job_id)
    assert jobs.get(engine, job_id).status == JobStatus.CANCELLED
    assert jobs.get(engine, job_id).ended is not None
    assert not jobs.cancel(engine, job_id)
    running = jobs.submit(engine, config, "steps", venture="b")
    queue.claim(engine, "w", 60)
    assert jobs.cancel(engine, running)
    assert (jobs.get(engine, running).status, jobs.get(engine, running).cancel) == (JobStatus.RUNNING, True)
    assert not queue.progress(engine, running, 1, 1, 2, "still here")


def test_claims_go_to_the_oldest_and_end_when_nothing_waits(engine: sa.Engine, config: Settings) -> None:
    first, second = (jobs.submit(engine, config, "steps", venture=v) for v in "ab")
    taken = [queue.claim(engine, "w", 60) for _ in range(3)]
    assert [t.id if t else None for t in taken] == [first, second, None]
    assert (taken[0].status, taken[0].attempt, taken[0].owner) == (JobStatus.RUNNING, 1, "w")
    assert taken[0].lease - taken[0].started == timedelta(seconds=60)


CLAIM = """
import sys, os
from core import store
from core.jobs import JobStatus, queue
from core.settings import settings
engine = store.connect(settings())
print("ready", flush=True); sys.stdin.readline()
while job := queue.claim(engine, f"w{os.getpid()}", 60):
    with store.writing(engine) as c:
        assert queue.finish(c, job.id, JobStatus.DONE, attempt=1)
    print(job.id)
"""


def test_four_workers_claim_four_hundred_jobs_once_each(engine: sa.Engine, config: Settings) -> None:
    many = config.model_copy(update={"queue_limit": 400})
    ids = [jobs.submit(engine, many, "steps", venture=str(i)) for i in range(400)]
    command, env = [sys.executable, "-c", CLAIM], environment(config)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen(command, cwd=PROJECT, env=env, **pipes) for _ in range(4)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    claimed = [list(map(int, worker.communicate()[0].split())) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4
    assert Counter(i for share in claimed for i in share) == Counter(ids)
    assert sum(bool(share) for share in claimed) >= 2, "only one worker took part, so nothing was tested"


def test_progress_is_kept_within_its_bounds(engine: sa.Engine, config: Settings) -> None:
    job_id = jobs.submit(engine, config, "steps")
    queue.claim(engine, "w", 60)
    for done, total, kept in [(5, 3, (3, 3)), (-1, 3, (0, 3)), (float("nan"), 3, (0, 3)), (1, float("inf"), (0, 0))]:
        assert queue.progress(engine, job_id, 1, done, total, "x" * 999 + "\0")
        job = jobs.get(engine, job_id)
        assert (job.done, job.total) == kept
        assert job.note == "x" * 200
    assert queue.progress(engine, job_id, 1, 1, 4, "file \udcff.csv")
    end(engine, job_id, attempt=1)
    assert (jobs.get(engine, job_id).done, jobs.get(engine, job_id).total) == (4, 4)


def test_a_late_attempt_can_write_neither_progress_nor_an_end(engine: sa.Engine, config: Settings) -> None:
    job_id = jobs.submit(engine, config, "resume")
    queue.claim(engine, "w", -1)
    assert [j.id for j in queue.recover(engine)] == [job_id]
    for _ in ("while it waits again", "while its second attempt runs"):
        assert not queue.progress(engine, job_id, 1, 1, 2, "zombie")
        assert not end(engine, job_id, attempt=1)
        assert not queue.owns(engine, job_id, 1)
        queue.claim(engine, "w2", 60)
    assert queue.progress(engine, job_id, 2, 1, 2, "alive")
    queue.renew(engine, "w", [job_id], 999)
    assert jobs.get(engine, job_id).lease < jobs.get(engine, job_id).started + timedelta(seconds=61)


def test_a_lease_that_is_renewed_does_not_run_out(engine: sa.Engine, config: Settings) -> None:
    job_id = jobs.submit(engine, config, "steps")
    queue.claim(engine, "w", -1)
    queue.renew(engine, "w", [job_id], 60)
    assert queue.recover(engine) == []
    queue.renew(engine, "w", [job_id], -1)
    assert len(queue.recover(engine)) == 1


def test_a_lost_job_says_run_it_again_and_a_resumable_one_goes_on_twice(engine: sa.Engine, config: Settings) -> None:
    plain, training = (jobs.submit(engine, config, k) for k in ("steps", "resume"))
    folder = jobs.get(engine, training).run_dir
    for losses in (1, 2):
        while queue.claim(engine, "w", -1):
            pass
        queue.recover(engine)
        job = jobs.get(engine, training)
        assert (job.status, job.losses, job.attempt) == (JobStatus.QUEUED, losses, losses)
    lost = jobs.get(engine, plain)
    assert (lost.status, "run it again" in lost.error) == (JobStatus.LOST, True)
    assert queue.claim(engine, "w", -1).run_dir == folder
    queue.recover(engine)
    assert jobs.get(engine, training).status == JobStatus.LOST


def test_a_cancelled_job_whose_worker_died_is_cancelled_not_queued_again(engine: sa.Engine, config: Settings) -> None:
    job_id = jobs.submit(engine, config, "resume")
    queue.claim(engine, "w", -1)
    jobs.cancel(engine, job_id)
    queue.recover(engine)
    assert jobs.get(engine, job_id).status == JobStatus.CANCELLED


def test_stopping_a_worker_on_purpose_does_not_count_against_a_job(engine: sa.Engine, config: Settings) -> None:
    job_id = jobs.submit(engine, config, "resume")
    for attempt in range(1, 6):
        job = queue.claim(engine, "w", 60)
        with store.writing(engine) as c:
            queue.abandon(c, job, crashed=False)
        job = jobs.get(engine, job_id)
        assert (job.status, job.losses, job.attempt) == (JobStatus.QUEUED, 0, attempt)


@pytest.mark.parametrize("status", [JobStatus.DONE, JobStatus.FAILED, JobStatus.LOST, JobStatus.QUEUED])
def test_a_waiting_job_can_only_be_cancelled(engine: sa.Engine, config: Settings, status: JobStatus) -> None:
    job_id = jobs.submit(engine, config, "steps")
    with pytest.raises(ValueError, match="cannot end"):
        end(engine, job_id, status)
    assert jobs.get(engine, job_id).status == JobStatus.QUEUED


def test_the_database_itself_holds_one_live_job_per_kind_and_venture(engine: sa.Engine, config: Settings) -> None:
    jobs.submit(engine, config, "steps", venture="v")
    twin = queue._NEW | {"kind": "steps", "venture": "v", "params": {}, "requested_by": ""}
    with pytest.raises(sa.exc.IntegrityError), store.writing(engine) as c:
        c.execute(sa.insert(store.jobs).values(**twin, created=store.now(c)))
