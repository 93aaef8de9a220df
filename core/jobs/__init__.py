"""The job engine: submit, watch, cancel and recover long work that runs in processes of its own.

A page or the command line submits a job and calls `ensure_worker`; a detached worker claims it and runs it as a child
process. Call `ensure_worker` again wherever live jobs are shown: it costs a file lock, and it is what brings work back
after a machine was restarted.
"""

from core.jobs.ensure import ensure_worker, prepare
from core.jobs.job import Job, JobStatus
from core.jobs.kinds import KINDS, Kind
from core.jobs.queue import cancel, get, jobs, submit
from core.jobs.watch import tail, wait

__all__ = [
    "KINDS",
    "Job",
    "JobStatus",
    "Kind",
    "cancel",
    "ensure_worker",
    "get",
    "jobs",
    "prepare",
    "submit",
    "tail",
    "wait",
]
