"""Whatever dies, and however, the row ends up telling the truth, and nothing runs twice at once."""

import os
import signal
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from databases import alive, processes
from test_job_processes import run, running
from waiting import until

from core import jobs, store
from core.jobs import JobStatus, queue
from core.settings import Settings


def worker_pid(config: Settings) -> int:
    (worker,) = processes(config, "core.jobs.worker")
    return worker.pid


def test_a_job_killed_from_outside_says_killed_often_out_of_memory(shared_engine: sa.Engine, shared: Settings) -> None:
    job = running(shared_engine, shared, "silent", "pid")
    os.kill(int((Path(job.run_dir) / "pid").read_text()), signal.SIGKILL)
    until(lambda: not jobs.get(shared_engine, job.id).live)
    job = jobs.get(shared_engine, job.id)
    assert (job.status, job.error) == (JobStatus.FAILED, "killed, often out of memory")


def test_a_job_that_ends_in_another_odd_way_says_which(shared_engine: sa.Engine, shared: Settings) -> None:
    fault = run(shared_engine, shared, "killed", signal=signal.SIGSEGV)
    assert (fault.status, f"signal {int(signal.SIGSEGV)}" in fault.error) == (JobStatus.FAILED, True)
    assert "job_bodies.py" in jobs.tail(fault), "the log shows where it was"
    exit_ = run(shared_engine, shared, "leaves")
    assert (exit_.status, "exit code 7" in exit_.error) == (JobStatus.FAILED, True)


def test_a_job_stops_when_its_worker_is_killed_and_is_lost(engine: sa.Engine, config: Settings) -> None:
    job = running(engine, config, "silent", "pid")
    pid = int((Path(job.run_dir) / "pid").read_text())
    os.kill(worker_pid(config), signal.SIGKILL)
    until(lambda: not alive(pid), 3)
    assert "its worker died" in jobs.tail(job)
    assert jobs.get(engine, job.id).live, "nobody knows yet: its lease has not run out"
    (ended,) = jobs.wait(engine, config, [job.id])
    assert (ended.status, "run it again" in ended.error) == (JobStatus.LOST, True)


def test_a_killed_worker_loses_no_finished_step_of_a_resumable_job(engine: sa.Engine, config: Settings) -> None:
    job_id = jobs.submit(engine, config, "resume", params={"n": 30})
    steps = Path(jobs.get(engine, job_id).run_dir) / "steps"
    jobs.ensure_worker(config)
    until(lambda: steps.exists() and len(steps.read_text()) >= 5)
    os.kill(worker_pid(config), signal.SIGKILL)
    until(lambda: len(processes(config)) == 0)
    kept = len(steps.read_text())
    (job,) = jobs.wait(engine, config, [job_id])
    assert (job.status, job.attempt, job.losses) == (JobStatus.DONE, 2, 1)
    assert job.result == {"begun_at": kept, "steps": 30}


def test_a_worker_told_to_stop_ends_its_jobs_properly_and_starts_no_new_one(
    engine: sa.Engine, config: Settings
) -> None:
    config = config.model_copy(update={"grace_s": 0.5})
    plain = running(engine, config, "stubborn", "pids")
    training = running(engine, config, "resume", "steps", n=600)
    waiting = jobs.submit(engine, config, "steps", params={"n": 1})
    os.kill(worker_pid(config), signal.SIGTERM)
    until(lambda: processes(config, "") == [], 5)
    status = [jobs.get(engine, i).status for i in (plain.id, training.id, waiting)]
    assert status == [JobStatus.LOST, JobStatus.QUEUED, JobStatus.QUEUED]
    assert "worker was stopped" in jobs.get(engine, plain.id).error
    assert jobs.get(engine, training.id).losses == 0


def test_a_process_whose_job_was_given_away_stops_without_a_word(engine: sa.Engine, config: Settings) -> None:
    """Its worker froze: the lease runs out, another claims the job, and the first process must not go on beside it."""
    job = running(engine, config, "fenced", "pid")
    pid = int((Path(job.run_dir) / "pid").read_text())
    os.kill(worker_pid(config), signal.SIGSTOP)
    time.sleep(config.lease_s + 0.2)
    assert [j.id for j in queue.recover(engine)] == [job.id]
    until(lambda: not alive(pid), config.lease_s)
    assert "no longer its own" in jobs.tail(job)
    os.kill(worker_pid(config), signal.SIGCONT)
    time.sleep(0.6)
    assert jobs.get(engine, job.id).status == JobStatus.LOST
    assert run(engine, config, "steps", n=1).status == JobStatus.DONE, "the worker that woke up goes on with its work"


def test_a_second_attempt_waits_until_the_first_has_left_the_folder(engine: sa.Engine, config: Settings) -> None:
    """The first attempt holds the folder's lock for a second more; the second only then begins."""
    from filelock import FileLock

    job_id = jobs.submit(engine, config, "resume", params={"n": 1})
    folder = Path(jobs.get(engine, job_id).run_dir)
    folder.mkdir(parents=True)
    with FileLock(folder / ".lock"):
        jobs.ensure_worker(config)
        until(lambda: jobs.get(engine, job_id).status == JobStatus.RUNNING)
        time.sleep(2.5)
        assert not (folder / "steps").exists()
    (job,) = jobs.wait(engine, config, [job_id])
    assert job.status == JobStatus.DONE


def test_a_machine_that_cannot_start_the_process_says_so(engine: sa.Engine, config: Settings) -> None:
    job_id = jobs.submit(engine, config, "steps", params={"n": 1})
    config.runs.parent.mkdir(parents=True, exist_ok=True)
    config.runs.write_text("a file where the folder of runs should be")
    (job,) = jobs.wait(engine, config, [job_id])
    assert job.status == JobStatus.FAILED
    assert "could not be started" in job.error


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_cancel_that_crosses_the_end_leaves_one_final_state(engine: sa.Engine, config: Settings, moment: str) -> None:
    job_id = jobs.submit(engine, config, "steps")
    job = queue.claim(engine, "w", 60)
    if moment == "before":
        jobs.cancel(engine, job_id)
    with store.writing(engine) as c:
        queue.finish(c, job_id, JobStatus.DONE, attempt=job.attempt)
    assert jobs.cancel(engine, job_id) is False
    assert jobs.get(engine, job_id).status == JobStatus.DONE
