"""Where a job's process runs: here, as a process group of this machine.

A cluster needs a second class with the same methods and nothing else. Over the Ray Jobs API three of them are
`submit_job`, `get_job_status` and `stop_job`, with the same command as entry point and "job-ID-ATTEMPT" as id; the
fourth, `prepare`, may do nothing.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from core.jobs.job import Job
from core.jobs.kinds import find
from core.settings import PROJECT, Settings

WORKER_PID = "PREFLIGHT_WORKER_PID"  # tells a job's process whom to outlive not
AHEAD = "--ahead"  # of a process that imports first and is told its job afterwards
LOG = "log"
LOG_MB = 32  # a log that grows past this starts afresh


class Launcher(Protocol):
    """Starts, watches and stops the process of a job. No method waits."""

    def start(self, job: Job) -> str:
        """Start the job's process and return what to call it."""

    def poll(self, external_id: str) -> int | None:
        """None while it runs; then its exit code, negative for the signal that ended it."""

    def stop(self, external_id: str) -> None:
        """Ask it to stop; a later `poll` sees to it that it does."""

    def prepare(self, module: str, early: Mapping[str, Any] | None = None) -> None:
        """Get ready for a job that will import this module; `early` names a kind and a venture to do something for."""


@dataclass
class _Group:
    process: subprocess.Popen[bytes]
    log: Path
    kill_at: float | None = field(default=None)


class LocalLauncher:
    """Each job is a child process in a session and process group of its own, its output in run_dir/log."""

    def __init__(self, settings: Settings) -> None:
        """Take the grace period and what the child's environment says from the settings."""
        self._settings = settings
        self._groups: dict[str, _Group] = {}
        self._ready: dict[str, subprocess.Popen[bytes]] = {}  # by the module that it has imported
        self._early: dict[str, Mapping[str, Any]] = {}  # what each of them was last asked to do meanwhile

    def start(self, job: Job) -> str:
        """Start `python -m core.jobs.run ID ATTEMPT`, or hand the job to a process that got ready for it.

        Raises:
            OSError: the machine cannot.
        """
        folder = Path(job.run_dir)
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / LOG, "ab") as log:
            process = self._hand_over(job, folder / LOG)
            if process is None:
                process = spawn(["core.jobs.run", str(job.id), str(job.attempt)], job_environment(self._settings), log)
        self._groups[str(process.pid)] = _Group(process, folder / LOG)
        return str(process.pid)

    def poll(self, external_id: str) -> int | None:
        """Look after the process: kill it when its grace is over, clear what it left behind, keep its log bounded."""
        group = self._groups[external_id]
        if group.process.returncode is not None:
            return group.process.returncode
        code = group.process.poll()
        if code is not None:
            # What it started must not outlive it. While such a process lives the system gives the group's number to
            # nobody else; where none lives there is nothing to kill, and that is no error.
            _signal(group.process.pid, signal.SIGKILL)
            return code
        if group.kill_at is not None and time.monotonic() >= group.kill_at:
            _signal(group.process.pid, signal.SIGKILL)
        with suppress(OSError):
            if group.log.stat().st_size > LOG_MB * 2**20:
                os.truncate(group.log, 0)  # it is opened for appending, so writers go on from the new end
        return None

    def prepare(self, module: str, early: Mapping[str, Any] | None = None) -> None:
        """Start a process that imports the module and waits; one at a time. It ends by itself when this one does."""
        ready = self._ready.get(module)
        if ready is None or ready.poll() is not None:
            environment = job_environment(self._settings)
            ready = self._ready[module] = spawn(["core.jobs.run", AHEAD, module], environment, stdin=subprocess.PIPE)
            self._early.pop(module, None)
        if early and self._early.get(module) != early and ready.stdin is not None:
            self._early[module] = early
            ready.stdin.write((json.dumps(dict(early)) + "\n").encode())
            ready.stdin.flush()

    def _hand_over(self, job: Job, log: Path) -> subprocess.Popen[bytes] | None:
        """Give the job to a process that is ready for its kind; None where there is none."""
        process = self._ready.pop(find(job.kind).ahead, None)
        if process is None or process.stdin is None:
            return None
        line = json.dumps({"id": job.id, "attempt": job.attempt, "log": str(log)}) + "\n"
        try:
            process.stdin.write(line.encode())
            process.stdin.close()  # which also writes it
        except OSError:  # it ended, or was killed
            process.poll()
            return None
        return process

    def stop(self, external_id: str) -> None:
        """SIGTERM to the whole group now, SIGKILL when the grace period is over."""
        group = self._groups[external_id]
        if group.kill_at is None and group.process.returncode is None:
            group.kill_at = time.monotonic() + self._settings.grace_s
            _signal(group.process.pid, signal.SIGTERM)


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        os.killpg(group, number)


def spawn(
    arguments: list[str],
    environment: dict[str, str],
    output: IO[bytes] | int = subprocess.DEVNULL,
    *,
    stdin: int = subprocess.DEVNULL,
    keep: tuple[int, ...] = (),
) -> subprocess.Popen[bytes]:
    """Start `python -m ARGUMENTS` in the project's folder, detached from terminal, input and process group."""
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=PROJECT,
        env=environment,
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=keep,
    )


def environment(settings: Settings) -> dict[str, str]:
    """This process's environment with the settings in force, wherever they came from, as PREFLIGHT_ variables."""
    values = {f"PREFLIGHT_{name.upper()}": str(getattr(settings, name)) for name in type(settings).model_fields}
    return os.environ | values


def job_environment(settings: Settings) -> dict[str, str]:
    """The environment of a job: as many threads as allowed, and off the network where that is wished."""
    threads = str(settings.job_threads or _cores())
    values = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
    values |= {"TOKENIZERS_PARALLELISM": "false", "PYTHONUNBUFFERED": "1", WORKER_PID: str(os.getpid())}
    if settings.offline:
        values |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    return environment(settings) | values


def _cores() -> int:
    # Linux says how many this process may use; macOS does not.
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
