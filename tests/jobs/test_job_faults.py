"""What a job's row and log tell of an exception: all that helps, and no value of anybody's data."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from job_bodies import SECRET
from test_job_processes import run

from core import jobs, store
from core.errors import InputError
from core.jobs import JobStatus, faults
from core.settings import Settings


def test_bad_input_is_told_as_it_stands(shared_engine: sa.Engine, shared: Settings) -> None:
    job = run(shared_engine, shared, "bad_input")
    assert (job.status, job.error) == (JobStatus.FAILED, "tickets.csv, row 3: the label is empty; fill it in.")
    assert (job.done, job.total, job.note) == (3, 10, "reading")
    assert job.error in jobs.tail(job)


@pytest.mark.parametrize(
    ("kind", "error", "in_log"),
    [
        (
            "crash",
            "internal error: ExceptionGroup (see log)",
            ["job_bodies.py", "KeyError", "RuntimeError", "ValueError"],
        ),
        ("crash_after_bad_input", "tickets.csv, row 3, column age: not a number.", ["ValueError", "InputError"]),
        ("invalid", "age: Input should be a valid integer, unable to parse string as an integer", ["ValidationError"]),
        ("nowhere", "internal error: ModuleNotFoundError (see log)", ["ModuleNotFoundError"]),
    ],
)
def test_an_exception_tells_its_type_and_place_but_no_value(
    shared_engine: sa.Engine, shared: Settings, kind: str, error: str, in_log: list[str]
) -> None:
    job = run(shared_engine, shared, kind)
    assert (job.status, job.error) == (JobStatus.FAILED, error)
    log = (Path(job.run_dir) / "log").read_text()
    for word in in_log:
        assert word in log
    for part in ("Jane", "555-0100"):
        assert part not in log
        for file in shared.var.rglob("*"):
            assert not file.is_file() or part.encode() not in file.read_bytes(), file
        with store.reading(shared_engine) as c:
            assert part not in str(c.execute(sa.select(store.jobs)).all())


def test_a_library_error_is_never_quoted_and_bad_input_always_is() -> None:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as e:
            raise InputError("column age: not a number") from e
    except InputError as e:
        told = faults.describe(e)
    assert "column age: not a number" in told
    assert told.index("KeyError") < told.index("InputError"), "the cause comes first"
    assert SECRET not in told
    assert faults.message(OSError(SECRET)) == "internal error: OSError (see log)"
    assert "PREFLIGHT_JOB_MEMORY_MB" in faults.message(MemoryError())


def test_a_chain_that_bites_its_tail_is_told_once() -> None:
    one, two = ValueError("a"), ValueError("b")
    one.__cause__, two.__cause__ = two, one
    assert faults.describe(one).count("ValueError") == 2
