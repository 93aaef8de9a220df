"""The text tier with the real ScanCode, once, in a process of its own: its index takes 1.4 GB."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[3]
PROBE = """
import json, sys
from pathlib import Path
from core.licences.check import check
notes = []
def progress(done, total, note=""):
    notes.append(note)
runs = []
for _ in range(2):
    notes.clear()
    report = check(Path(sys.argv[1]), cache=Path(sys.argv[2]), progress=progress)
    runs.append({"report": report.as_json(), "notes": sorted(set(notes)), "calls": len(notes)})
print(json.dumps(runs))
"""


@dataclass(frozen=True)
class Runs:
    first: dict[str, Any]
    again: dict[str, Any]

    def of(self, name: str) -> dict[str, Any]:
        return next(p for p in self.first["report"]["packages"] if p["name"] == name)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """A small environment of real licence texts with vague metadata, checked twice."""
    site = tmp_path_factory.mktemp("site")
    for name, headers, texts in (
        ("text-unidecode", "License: Artistic License\n", ["text-unidecode"]),
        ("history", "", ["typing_extensions"]),
        ("vague-bsd", "Classifier: License :: OSI Approved :: BSD License\n", ["colorama"]),
        ("not-so-proprietary", "License-Expression: LicenseRef-NVIDIA-Proprietary\n", ["click"]),
        ("two-files", "", ["gemfileparser2"]),
    ):
        folder = site / f"{name.replace('-', '_')}-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n{headers}\n")
        for source in texts:
            _copy_licences(source, folder)
    code = [sys.executable, "-c", PROBE, str(site), str(tmp_path_factory.mktemp("cache"))]
    out = subprocess.run(code, cwd=PROJECT, capture_output=True, text=True, timeout=240)
    assert out.returncode == 0, out.stderr[-2000:]
    first, again = json.loads(out.stdout.splitlines()[-1])
    return Runs(first, again)


def _copy_licences(name: str, folder: Path) -> None:
    for file in distribution(name).files or []:
        if ".dist-info" in str(file) and "LICEN" in file.name.upper():
            shutil.copy(str(file.locate()), folder / file.name)


def test_a_choice_written_in_prose_is_read_as_a_choice(runs: Runs) -> None:
    found = runs.of("text-unidecode")
    assert found["concluded"] == "GPL-1.0-or-later OR GPL-2.0-or-later OR Artistic-1.0-Perl"
    assert found["modes"]["on_premises"]["status"] == "obligations"
    assert found["modes"]["on_premises"]["chosen"] == ["Artistic-1.0-Perl"]


def test_the_gpl_in_pythons_history_does_not_apply_to_what_carries_it(runs: Runs) -> None:
    found = runs.of("history")
    assert "GPL" not in found["concluded"]
    assert found["category"] == "Permissive"
    assert any("mentions GPL-1.0-or-later" in e["says"] for e in found["evidence"])


def test_a_vague_name_is_settled_by_the_text_with_file_and_line(runs: Runs) -> None:
    found = runs.of("vague-bsd")
    assert (found["declared"], found["concluded"]) == ("BSD License", "BSD-3-Clause")
    line = found["evidence"][-1]
    assert (line["tier"], line["file"], line["line"] >= 1) == ("text", "vague_bsd-1.dist-info/LICENSE.txt", True)


def test_a_proprietary_claim_over_a_free_text_is_corrected_and_both_are_kept(runs: Runs) -> None:
    found = runs.of("not-so-proprietary")
    assert (found["declared"], found["concluded"]) == ("LicenseRef-NVIDIA-Proprietary", "BSD-3-Clause")


def test_two_licences_side_by_side_without_a_word_stay_unknown(runs: Runs) -> None:
    found = runs.of("two-files")
    assert found["concluded"] is None
    assert "whether both or either apply" in found["why"]


def test_results_are_kept_and_a_second_check_loads_no_index(runs: Runs) -> None:
    assert any("index" in note for note in runs.first["notes"])
    assert not any("index" in note or "texts" in note for note in runs.again["notes"])
    assert runs.again["report"]["packages"] == runs.first["report"]["packages"]


def test_progress_is_reported_while_the_worker_reads(runs: Runs) -> None:
    assert runs.first["calls"] > runs.again["calls"], "a job can be cancelled, and says how far it is"
