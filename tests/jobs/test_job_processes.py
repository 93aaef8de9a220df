"""Jobs run in processes of their own, tell how far they are, and stop when asked, whatever they think of it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from databases import alive, processes
from waiting import until

from core import jobs
from core.errors import InputError
from core.jobs import Job, JobStatus, ensure, queue
from core.jobs.launch import LocalLauncher, environment
from core.jobs.worker import Worker
from core.settings import PROJECT, Settings


def run(engine: sa.Engine, config: Settings, kind: str, **params: object) -> Job:
    job_id = jobs.submit(engine, config, kind, params=params)
    return jobs.wait(engine, config, [job_id])[0]


def running(engine: sa.Engine, config: Settings, kind: str, file: str, **params: object) -> Job:
    """Start a job and wait until its body has written something into a file."""
    job_id = jobs.submit(engine, config, kind, params=params)
    jobs.ensure_worker(config)
    job = jobs.get(engine, job_id)
    told = Path(job.run_dir) / file
    until(lambda: told.exists() and told.read_text())
    return jobs.get(engine, job_id)


def test_a_job_runs_to_its_end_and_its_last_report_lands(shared_engine: sa.Engine, shared: Settings) -> None:
    told: list[Job] = []
    job_id = jobs.submit(shared_engine, shared, "steps", params={"n": 12})
    (job,) = jobs.wait(shared_engine, shared, [job_id], told.append)
    assert (job.status, job.error, job.done, job.total, job.note) == (JobStatus.DONE, "", 12, 12, "last words")
    assert job.result["pid"] not in (os.getpid(), 0)
    assert job.created <= job.started <= job.ended
    assert told[0].status in (JobStatus.QUEUED, JobStatus.RUNNING)
    assert told[-1].status == JobStatus.DONE
    written = [j.done for j in told if j.status == JobStatus.RUNNING and j.total]
    assert written == sorted(written)
    assert 2 <= len(written) <= 5, "1.2 s of work, two writes a second"
    log = jobs.tail(job)
    assert f"job {job_id} (steps), attempt 1" in log
    assert jobs.tail(job, lines=1).endswith("ended")


def test_a_report_that_came_too_soon_lands_though_no_other_follows(shared_engine: sa.Engine, shared: Settings) -> None:
    job_id = jobs.submit(shared_engine, shared, "falls_silent")
    jobs.ensure_worker(shared)
    until(lambda: jobs.get(shared_engine, job_id).done == 2)
    assert jobs.get(shared_engine, job_id).note.startswith("second")
    jobs.cancel(shared_engine, job_id)
    until(lambda: not jobs.get(shared_engine, job_id).live)


def test_work_starts_within_half_a_second_of_its_processs_imports(shared_engine: sa.Engine, shared: Settings) -> None:
    imports = [sys.executable, "-c", "import core.jobs.run"]
    start = time.monotonic()
    subprocess.run(imports, cwd=PROJECT, env=environment(shared), check=True)
    imported = time.monotonic() - start
    first = running(shared_engine, shared, "silent", "pid")
    second_id = jobs.submit(shared_engine, shared, "silent_resumable")
    start = time.monotonic()
    until((Path(jobs.get(shared_engine, second_id).run_dir) / "pid").exists)
    assert time.monotonic() - start < 2 * imported + 0.5
    for job_id in (first.id, second_id):
        jobs.cancel(shared_engine, job_id)
        until(lambda wanted=job_id: not jobs.get(shared_engine, wanted).live)


def test_a_stubborn_job_and_its_own_processes_are_gone_two_seconds_after_a_cancel(
    shared_engine: sa.Engine, shared: Settings
) -> None:
    job = running(shared_engine, shared, "stubborn", "pids")
    pids = json.loads((Path(job.run_dir) / "pids").read_text())
    assert all(map(alive, pids))
    start = time.monotonic()
    jobs.cancel(shared_engine, job.id)
    until(lambda: not jobs.get(shared_engine, job.id).live)
    assert time.monotonic() - start < shared.grace_s + 0.7
    assert jobs.get(shared_engine, job.id).status == JobStatus.CANCELLED
    assert not any(map(alive, pids))


def test_a_willing_job_stops_at_once_and_a_waiting_one_never_starts(engine: sa.Engine, config: Settings) -> None:
    config = config.model_copy(update={"slots": 1})
    first = running(engine, config, "silent", "pid")
    second = jobs.submit(engine, config, "steps", params={"n": 1})
    jobs.cancel(engine, second)
    start = time.monotonic()
    jobs.cancel(engine, first.id)
    until(lambda: not jobs.get(engine, first.id).live)
    assert time.monotonic() - start < 1.2
    assert [jobs.get(engine, i).status for i in (first.id, second)] == [JobStatus.CANCELLED] * 2
    assert jobs.get(engine, second).started is None


def test_no_more_jobs_run_at_once_than_there_are_slots(shared_engine: sa.Engine, shared: Settings) -> None:
    ids = [jobs.submit(shared_engine, shared, "steps", venture=v, params={"n": 4}) for v in "abcd"]
    most = 0

    def watch(_: Job) -> None:
        nonlocal most
        most = max(most, sum(j.status == JobStatus.RUNNING for j in jobs.jobs(shared_engine, live=True)))

    assert {j.status for j in jobs.wait(shared_engine, shared, ids, watch)} == {JobStatus.DONE}
    assert most == shared.slots


def test_what_a_job_leaves_behind_does_not_outlive_it(shared_engine: sa.Engine, shared: Settings) -> None:
    job = run(shared_engine, shared, "litter")
    assert job.status == JobStatus.DONE
    until(lambda: not alive(job.result["left"]), 5)


WATCH = """
import json, sys
from core import jobs, store
from core.settings import settings
config = settings()
engine = store.connect(config)
print(json.dumps("ready"), flush=True)
def tell(job): print(json.dumps([job.status, job.done, job.total, job.note]), flush=True)
jobs.wait(engine, config, [int(sys.stdin.readline())], tell)
"""


def test_two_watchers_of_one_job_see_the_same(shared_engine: sa.Engine, shared: Settings) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command, env = [sys.executable, "-c", WATCH], environment(shared)
    watchers = [subprocess.Popen(command, cwd=PROJECT, env=env, **pipes) for _ in range(2)]
    assert [json.loads(w.stdout.readline()) for w in watchers] == ["ready", "ready"]
    job_id = jobs.submit(shared_engine, shared, "steps", params={"n": 20})
    for watcher in watchers:
        watcher.stdin.write(f"{job_id}\n")
        watcher.stdin.flush()
    seen = [[json.loads(line) for line in w.communicate(timeout=60)[0].splitlines()] for w in watchers]
    assert seen[0][-1] == seen[1][-1] == ["done", 20, 20, "last words"]
    for one in seen:
        assert [s[1] for s in one] == sorted(s[1] for s in one)
    steps = [{tuple(s) for s in one if s[0] == "running" and s[2]} for one in seen]
    assert len(steps[0] & steps[1]) >= 2
    assert queue.get(shared_engine, job_id).attempt == 1
    assert len(processes(shared, "core.jobs.worker")) <= 1


SERVER = """
import sys
from core import jobs, store
from core.settings import settings
shared = settings()
print(jobs.submit(store.connect(shared), shared, "steps", params={"n": 25}))
jobs.ensure_worker(shared)
print("serving", flush=True)
sys.stdin.read()
"""


def test_a_job_goes_on_when_the_server_that_asked_for_it_is_killed(engine: sa.Engine, config: Settings) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER],
        cwd=PROJECT,
        env=environment(config),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    job_id = int(server.stdout.readline())
    assert server.stdout.readline() == "serving\n"
    until(lambda: jobs.get(engine, job_id).total > 0)
    os.killpg(server.pid, signal.SIGKILL)
    server.communicate()
    until(lambda: not jobs.get(engine, job_id).live)
    job = jobs.get(engine, job_id)
    assert (job.status, job.attempt, job.done) == (JobStatus.DONE, 1, 25)


def test_one_worker_serves_however_many_ask_and_it_leaves_when_idle(engine: sa.Engine, config: Settings) -> None:
    job_id = jobs.submit(engine, config, "steps", params={"n": 1})
    assert [jobs.ensure_worker(config) for _ in range(5)] == [True, False, False, False, False]
    assert len(processes(config, "core.jobs.worker")) == 1
    until(lambda: not jobs.get(engine, job_id).live)
    until(lambda: processes(config) == [], config.idle_s + 10)
    lock = ensure.take(config)
    assert lock is not None
    os.close(lock)


def test_a_worker_that_wants_to_leave_stays_if_a_job_came(engine: sa.Engine, config: Settings) -> None:
    config.var.mkdir(exist_ok=True)
    worker = Worker(engine, config, LocalLauncher(config), ensure.take(config))
    job_id = jobs.submit(engine, config, "steps")
    assert jobs.ensure_worker(config) is False
    assert worker._left() is False
    assert jobs.ensure_worker(config) is False, "it is still alive"
    jobs.cancel(engine, job_id)
    assert worker._left() is True
    lock = ensure.take(config)
    assert lock is not None, "whoever comes now finds no worker and starts one"
    os.close(lock)


def test_a_job_that_comes_as_the_worker_leaves_is_run_all_the_same(engine: sa.Engine, config: Settings) -> None:
    """Each job comes at another moment around the end of the worker's idle time, and nobody asks twice."""
    config = config.model_copy(update={"idle_s": 0.3})
    starts = 0
    for pause in (0.35, 0.5, 0.0):
        job_id = jobs.submit(engine, config, "steps", params={"n": 0})
        starts += jobs.ensure_worker(config)
        until(lambda wanted=job_id: not jobs.get(engine, wanted).live)
        assert jobs.get(engine, job_id).status == JobStatus.DONE
        time.sleep(pause)
    assert starts >= 1


def test_a_worker_that_cannot_start_is_told_of_and_not_waited_for(
    engine: sa.Engine, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.jobs.watch._ENSURE_S", 0.0)
    monkeypatch.setattr("core.jobs.watch._MOST_STARTS", 1)
    monkeypatch.setenv("PREFLIGHT_KINDS", "no_such_module")
    job_id = jobs.submit(engine, config, "steps", params={"n": 1})
    with pytest.raises(InputError, match=r"worker\.log"):
        jobs.wait(engine, config, [job_id])
    assert "no_such_module" in ensure.log(config).read_text()


def test_a_job_gets_the_threads_and_the_silence_it_was_given(engine: sa.Engine, config: Settings) -> None:
    names = ["OMP_NUM_THREADS", "TOKENIZERS_PARALLELISM", "HF_HUB_OFFLINE", "PREFLIGHT_OFFLINE"]
    told = config.model_copy(update={"job_threads": 3, "offline": True})
    assert run(engine, told, "environment", names=names).result == dict(
        zip(names, ("3", "false", "1", "True"), strict=True)
    )


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS sets no limit on a process's address space")
def test_a_job_that_takes_more_memory_than_allowed_says_so(engine: sa.Engine, config: Settings) -> None:
    job = run(engine, config.model_copy(update={"job_memory_mb": 2048}), "greedy")
    assert job.status == JobStatus.FAILED
    assert "memory" in job.error


def test_the_tail_of_a_log_is_bounded_and_skips_what_a_progress_bar_wrote_over(tmp_path: Path) -> None:
    job = Job(**dict.fromkeys(Job.__slots__, "") | {"run_dir": str(tmp_path)})
    assert jobs.tail(job) == ""
    (tmp_path / "log").write_bytes(b"x" * 10_000_000 + b"\nfirst\n10 %\r50 %\r100 %\nbad \xff byte\nlast\n")
    assert jobs.tail(job, lines=4) == "first\n100 %\nbad \ufffd byte\nlast"
    assert len(jobs.tail(job, lines=10_000)) <= 64 * 1024


def ready(config: Settings) -> list[int]:
    return [p.pid for p in processes(config, "core.jobs.run --ahead")]


def test_a_job_is_handed_to_the_process_that_got_ready_for_it(engine: sa.Engine, config: Settings) -> None:
    assert not run(engine, config, "imported").result["ahead"]
    jobs.prepare(config, "imported")
    jobs.ensure_worker(config)
    until(lambda: ready(config))
    (waiting,) = ready(config)
    job = run(engine, config, "imported")
    assert job.result == {"ahead": True, "pid": waiting, "input": ""}
    assert f"job {job.id} (imported), attempt 1" in jobs.tail(job)


def test_a_process_that_got_ready_works_ahead_for_the_open_venture_until_it_is_given_a_job(
    engine: sa.Engine, config: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "venture.toml"
    file.write_text('schema = 1\nname = "Ahead"\n', encoding="utf-8")
    launcher = LocalLauncher(config)
    launcher.prepare("colorsys", {"kind": "early", "venture": str(file), "roots": []})
    until((tmp_path / "early").exists)
    job_id = jobs.submit(engine, config, "early")
    started = launcher.start(queue.claim(engine, "a worker", 60.0))
    until(lambda: launcher.poll(started) is not None)
    assert jobs.get(engine, job_id).result["ahead"]
    assert (tmp_path / "early").read_text() == "stopped"


def test_a_kind_with_nothing_to_import_asks_for_no_process(config: Settings) -> None:
    jobs.prepare(config, "steps")
    assert not ensure.asked(config)
    jobs.prepare(config.model_copy(update={"prepare": False}), "imported")
    assert not ensure.asked(config)


def test_a_job_starts_though_the_process_that_got_ready_was_killed(engine: sa.Engine, config: Settings) -> None:
    launcher = LocalLauncher(config)
    launcher.prepare("colorsys")
    launcher.prepare("colorsys")
    until(lambda: ready(config))
    (waiting,) = ready(config)
    os.kill(waiting, signal.SIGKILL)
    until(lambda: not alive(waiting))
    job_id = jobs.submit(engine, config, "imported")
    started = launcher.start(queue.claim(engine, "a worker", 60.0))
    until(lambda: launcher.poll(started) is not None)
    assert jobs.get(engine, job_id).status == JobStatus.DONE
    assert not jobs.get(engine, job_id).result["ahead"]


def test_a_process_that_got_ready_ends_with_its_worker(engine: sa.Engine, config: Settings) -> None:
    jobs.prepare(config, "imported")
    jobs.ensure_worker(config)
    until(lambda: ready(config))
    until(lambda: not processes(config))  # the worker leaves after a second without work
