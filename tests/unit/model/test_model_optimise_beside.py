"""A student's training in a process of its own: what it could not make is said, and it ends with whoever asked."""

import os
import signal
from pathlib import Path

import pytest

from core.errors import InputError
from core.model.optimise.beside import Beside, make_variants
from core.model.optimise.variants import DISTILLED, RECIPES
from core.progress import Cancelled, silent

OF_STUDENT = [r for r in RECIPES if r.student == DISTILLED]


def beside(run: Path) -> Beside:
    return Beside(run, OF_STUDENT, None, ["a text"], 1)


def test_variants_of_a_process_that_was_killed_are_left_out_and_say_so(tmp_path: Path) -> None:
    with beside(tmp_path) as other:
        os.kill(other.pid, signal.SIGKILL)
        left_out = other.wait(silent)
    assert [x.name for x in left_out] == ["distilled", "distilled-int8"]
    assert "ended before it was done (exit code -9)" in left_out[0].why


def test_who_stops_waiting_leaves_no_process_behind(tmp_path: Path) -> None:
    def stop(done: float, total: float, note: str = "") -> None:
        raise Cancelled

    with pytest.raises(Cancelled), beside(tmp_path) as other:
        other.wait(stop)
    with pytest.raises(ProcessLookupError):
        os.kill(other.pid, 0)


def test_nothing_is_started_for_a_run_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no training of classes has ended here"):
        make_variants(tmp_path, None, [])
