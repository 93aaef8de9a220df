"""Processes that search find what one detector finds, keep Presidio and torch out of the caller, and end with it."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import InputError
from core.privacy import search
from core.privacy.detect import detector
from core.privacy.pool import Engine, Pool
from core.privacy.search import Processes, Question, answers
from core.settings import PROJECT

TEXTS = [f"write to ann{i}@example.org or call Margaret Thompson on 212-555-01{i % 90 + 10}" for i in range(300)]


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with Processes(workers=2) as started:
        yield started


def test_processes_find_what_one_detector_finds_in_the_same_order(processes: Processes) -> None:
    found = processes.detect(TEXTS, context=["note"], weak=True)
    assert found == detector().detect(TEXTS, context=["note"], weak=True)


def test_each_question_is_answered_with_its_own_context_and_search(processes: Processes) -> None:
    plain, said = Question(["212540101"], ()), Question(["212540101"], ("ssn",))
    names, patterns = Question(["Margaret Thompson"]), Question(["Margaret Thompson of Bern"], names=False)
    one, several = (list(answers(finder, [plain, said, names, patterns])) for finder in (detector(), processes))
    assert one == several
    sure = [{s.type for spans in batch for s in spans if not s.weak} for batch in one]
    assert "US_SSN" not in sure[0]
    assert "US_SSN" in sure[1]
    assert "PERSON" in sure[2]


def test_what_was_started_ahead_is_taken_once(monkeypatch: pytest.MonkeyPatch, processes: Processes) -> None:
    monkeypatch.delitem(sys.modules, search.AHEAD, raising=False)
    monkeypatch.setattr(search, "Processes", type("Started", (), {"__new__": lambda _: processes}))
    started = importlib.import_module(search.AHEAD)
    assert started.take() is processes
    assert started.take() is None
    sys.modules.pop(search.AHEAD)


def test_a_failure_in_a_process_quotes_no_text_and_one_that_ends_is_told() -> None:
    with Pool(Engine("tests.unit.privacy.failing:engine", {}), workers=1) as pool:
        with pytest.raises(RuntimeError, match="a search of 1 texts failed \\(KeyError\\)") as error:
            list(pool.answers(["Quarterstaff"]))
        assert "Quarterstaff" not in str(error.value)
        with pytest.raises(RuntimeError, match="ended, perhaps for want of memory"):
            list(pool.answers(["end"]))


def test_a_policy_that_means_nothing_is_told_in_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("allow = 3", encoding="utf-8")
    with Processes(tmp_path / "policy.toml", workers=1) as started, pytest.raises(InputError, match=r"policy\.toml"):
        started.wait()


SCAN = """
import sys
from pathlib import Path
if __name__ == "__main__":
    from core.privacy import search
    from core.privacy.files import scan_files
    search.LARGE = 0
    report = scan_files([Path(sys.argv[1])])
    print(report.tables[0].direct_rows, *(n in sys.modules for n in ("torch", "presidio_analyzer", "spacy")))
"""


def test_a_scan_by_processes_imports_neither_presidio_nor_spacy_itself(tmp_path: Path) -> None:
    (tmp_path / "mails.csv").write_text("mail\nann@example.org\nbob@example.org\n", encoding="utf-8")
    script = tmp_path / "go.py"
    script.write_text(SCAN, encoding="utf-8")
    command = [sys.executable, str(script), str(tmp_path / "mails.csv")]
    done = subprocess.run(
        command, cwd=PROJECT, env={"PYTHONPATH": str(PROJECT)}, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout == "2 False False False\n", done.stderr
