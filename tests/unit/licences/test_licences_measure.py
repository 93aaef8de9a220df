"""The door of the licence room: a venture in, evidence out, with every doubt said."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from core.evidence import Evidence
from core.licences import conclude
from core.licences import measure as door
from core.licences.check import check
from core.licences.component import Asset
from core.licences.measure import measure
from core.licences.texts import ScanCodeUnavailable
from core.settings import Settings
from core.venture import Venture, parse

Make = Callable[..., Path]
MODES = ("internal", "saas", "on_premises", "on_device")
PROJECT = Path(__file__).resolve().parents[3]


def venture(folder: Path, **tables: Any) -> Venture:
    (folder / "run").mkdir(exist_ok=True)
    return parse({"schema": 1, "name": "Trial", **tables}, folder / "venture.toml")


def measured(one: Venture) -> dict[str, Evidence]:
    return {e.id: e for e in measure(one, one.folder / "run")}


@pytest.fixture
def env(tmp_path: Path, make_dist: Make, own_settings: Settings) -> Path:
    """Three packages whose metadata says it all: permissive, lesser copyleft, copyleft."""
    folder = tmp_path / "env"
    make_dist(folder, "free", headers={"License-Expression": "MIT"})
    make_dist(folder, "lesser", headers={"License-Expression": "LGPL-3.0-or-later"})
    make_dist(folder, "copyleft", headers={"License-Expression": "GPL-3.0-only"})
    return folder


def test_a_venture_gives_every_record_with_a_verdict_for_each_way_of_selling(tmp_path: Path, env: Path) -> None:
    found = measured(venture(tmp_path, dependencies=[{"environment": "env"}], distribution={"modes": ["saas"]}))
    assert list(found) == [f"licences.{n}" for n in ("packages", "known", "blocked", "unknown", "fine_tune", *MODES)]
    assert (found["licences.packages"].value, found["licences.packages"].unit) == (3, "packages")
    known = found["licences.known"]
    assert (known.value, known.n, known.high) == (1.0, 3, pytest.approx(1.0))
    assert known.low == pytest.approx(0.4385, abs=1e-3)
    assert [found[f"licences.{m}"].value for m in MODES] == ["allowed", "allowed", "blocked", "blocked"]
    assert "copyleft (GPL-3.0-only)" in found["licences.on_device"].reason
    assert found["licences.blocked"].value == 0, "only the venture's own ways of selling count"
    for record in found.values():
        assert record.inputs == {}
        json.dumps(record.as_json(detail=True))


def test_blockers_are_counted_once_over_the_ventures_own_modes(tmp_path: Path, env: Path) -> None:
    modes = {"modes": ["on_premises", "on_device"]}
    found = measured(venture(tmp_path, dependencies=[{"environment": "env"}], distribution=modes))
    assert found["licences.blocked"].value == 1
    (row,) = found["licences.blocked"].detail["modes"]["on_device"]
    assert (row["kind"], row["name"], row["licence"]) == ("package", "copyleft", "GPL-3.0-only")
    assert "GPL-3.0 section 5(c)" in row["reason"]


def test_the_report_has_the_shape_of_the_command_line_and_lies_whole_in_the_run(tmp_path: Path, env: Path) -> None:
    found = measured(venture(tmp_path, dependencies=[{"environment": "env"}]))
    report = found["licences.packages"].detail
    assert report == json.loads((tmp_path / "run" / "licences.json").read_text()), "nothing is inside these packages"
    first = report["packages"][0]
    assert first["name"] == "copyleft", "what needs a person comes first"
    assert set(first) >= {"name", "version", "declared", "concluded", "category", "evidence", "bundled", "modes"}
    (line,) = first["evidence"]
    told = {"tier": "License-Expression", "file": "copyleft-1.0.dist-info/METADATA", "line": 4, "says": "GPL-3.0-only"}
    assert line == told | {"applies": True}
    assert first["won"]["tier"] == "License-Expression"
    assert set(first["modes"]["saas"]) == {"status", "reason", "obligations", "clause"}
    assert set(report["modes"]["saas"]) == {"verdict", "blockers", "unknown"}
    assert report["modes"]["on_device"]["verdict"] == "blocked"
    assert {c["category"]: c["n"] for c in report["categories"]} == {
        "Permissive": 1, "Copyleft Limited": 1, "Copyleft": 1}  # fmt: skip
    assert report["models"][0]["concluded"] == "Apache-2.0"


def test_an_open_source_venture_gets_other_answers(tmp_path: Path, env: Path) -> None:
    found = measured(venture(tmp_path, dependencies=[{"environment": "env"}], distribution={"open_source": True}))
    assert found["licences.on_premises"].value == "obligations"


def test_models_and_data_are_judged_by_their_declared_licence(tmp_path: Path, env: Path) -> None:
    rows = [
        {"id": "own", "path": "own.csv", "text": "t", "licence": "LicenseRef-own"},
        {"id": "borrowed", "path": "b.csv", "text": "t", "licence": "cc-by-nc-4.0"},
        {"id": "found", "path": "f.csv", "text": "t"},
    ]
    one = venture(
        tmp_path, dependencies=[{"environment": "env"}], datasets=rows, model={"base": "x/y", "licence": "llama3"}
    )
    found = measured(one)
    assert found["licences.saas"].value == "blocked"
    report = found["licences.packages"].detail
    saas = {d["name"]: d["modes"]["saas"]["status"] for d in report["datasets"] + report["models"]}
    assert saas == {"own": "allowed", "borrowed": "blocked", "found": "unknown", "x/y": "obligations"}
    assert "no licence is declared" in next(d for d in report["datasets"] if d["name"] == "found")["why"]


def test_a_venture_without_dependencies_is_unknown_and_not_clean(tmp_path: Path, own_settings: Settings) -> None:
    found = measured(venture(tmp_path))
    assert found.pop("licences.fine_tune").value == "allowed", "the bundled model may be tuned whatever ships beside it"
    assert all(e.value is None and "names no dependencies" in e.reason for e in found.values())
    rows = [{"id": "borrowed", "path": "b.csv", "text": "t", "licence": "cc-by-nc-4.0"}]
    found = measured(venture(tmp_path, datasets=rows))
    assert (found["licences.saas"].value, found["licences.internal"].value) == ("blocked", None)
    tuned = found["licences.fine_tune"]
    assert (tuned.value, tuned.reason) == ("blocked", "blocked: borrowed (CC-BY-NC-4.0)")


def test_an_unknown_package_makes_every_verdict_unknown_and_says_why(tmp_path: Path, make_dist: Make) -> None:
    make_dist(tmp_path / "env", "free", headers={"License": "MIT"})
    make_dist(tmp_path / "env", "meta-package")
    report = check(tmp_path / "env", cache=tmp_path / "cache")
    assert {str(report.verdict(m)) for m in MODES} == {"unknown"}
    (row,) = report.as_json()["modes"]["saas"]["unknown"]
    assert row["reason"] == "its metadata names no licence; it ships no licence text"
    assert report.concluded == 1


def test_without_texts_what_metadata_leaves_open_stays_unknown(tmp_path: Path, make_dist: Make) -> None:
    make_dist(tmp_path / "env", "vague", headers={"License": "BSD"}, files={"licenses/LICENSE": "some text"})
    report = check(tmp_path / "env", texts=False, cache=tmp_path / "cache")
    assert report.components[0].why == "its licence field says only 'BSD'; licence texts were not read"
    assert report.unread == "licence texts were not read"


def test_when_scancode_does_not_start_the_other_tiers_stand(
    tmp_path: Path, make_dist: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(*_: object) -> None:
        raise ScanCodeUnavailable("ValueError: no hooks")

    monkeypatch.setattr(conclude, "by_scancode", dead)
    make_dist(tmp_path / "env", "vague", headers={"License": "BSD"}, files={"licenses/LICENSE": "some text"})
    make_dist(tmp_path / "env", "clear", headers={"License": "MIT"})
    report = check(tmp_path / "env", cache=tmp_path / "cache")
    assert report.unread.startswith("licence texts were not read by ScanCode, which does not start")
    assert {c.name: c.concluded for c in report.components} == {"clear": "MIT", "vague": None}
    assert str(report.verdict("saas")) == "unknown"


def test_what_the_setting_offline_says_is_obeyed(
    tmp_path: Path, own_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_settings, "offline", True)
    (tmp_path / "requirements.txt").write_text("packaging\nzz-not-here\nzz-mac; sys_platform == 'darwin'\n")
    report = check(tmp_path / "requirements.txt")
    rows = {c.name: c for c in report.components}
    assert rows["packaging"].concluded == "Apache-2.0 OR BSD-2-Clause"
    assert rows["zz-not-here"].why.startswith("not installed and the package index could not be reached")
    assert [s.name for s in report.skipped] == ["zz-mac", "zz-not-here"]
    assert set(rows) == {"packaging", "zz-not-here"}, "what the target never installs leaves no doubt"
    assert str(report.verdict("internal")) == "unknown"


def test_a_manifest_that_cannot_be_used_is_the_inputs_fault(tmp_path: Path, own_settings: Settings) -> None:
    (tmp_path / "requirements.txt").write_bytes(b"caf\xe9\n")
    with pytest.raises(InputError, match=r"requirements\.txt: not UTF-8"):
        measured(venture(tmp_path, dependencies=[{"manifest": "requirements.txt"}]))


def test_a_line_that_cannot_be_used_leaves_the_verdict_open(tmp_path: Path, own_settings: Settings) -> None:
    (tmp_path / "requirements.txt").write_text("packaging\ngit+https://example.org/x\n--pre\n")
    found = measured(venture(tmp_path, dependencies=[{"manifest": "requirements.txt"}]))
    assert (found["licences.saas"].value, found["licences.packages"].value) == ("unknown", 2)
    assert len(found["licences.packages"].detail["skipped"]) == 2


def test_one_unusable_target_of_several_is_listed_and_the_others_are_read(tmp_path: Path, env: Path) -> None:
    report = check([env, tmp_path / "gone.txt"], cache=tmp_path / "cache")
    assert sorted(c.name for c in report.components) == ["copyleft", "free", "gone.txt", "lesser"]
    (gone,) = report.skipped
    assert "no such file" in gone.reason
    assert str(report.verdict("internal")) == "unknown"


def test_two_targets_are_one_report(tmp_path: Path, env: Path, make_dist: Make) -> None:
    make_dist(tmp_path / "more", "free", headers={"License-Expression": "MIT"})
    make_dist(tmp_path / "more", "other", headers={"License-Expression": "ISC"})
    report = check([env, tmp_path / "more"], cache=tmp_path / "cache")
    assert sorted(c.name for c in report.components) == ["copyleft", "free", "lesser", "other"]


def test_progress_moves_and_ends(tmp_path: Path, env: Path) -> None:
    seen: list[float] = []
    check(
        env, models=[Asset("m", "mit")], cache=tmp_path, progress=lambda done, total, note="": seen.append(done / total)
    )
    assert seen == sorted(seen)
    assert seen[-1] == 1


def test_this_environments_metadata_is_read_in_two_seconds(tmp_path: Path) -> None:
    begun = time.process_time()
    report = check("current", texts=False, cache=tmp_path)
    assert time.process_time() - begun < 2
    assert report.concluded / len(report.components) > 0.85
    rows = {c.name.lower(): c for c in report.components}
    assert rows["gemfileparser2"].concluded == "GPL-3.0-or-later OR MIT"
    assert rows["gemfileparser2"].modes["on_premises"].chosen == ("MIT",)
    for name in ("typing_extensions", "pandas", "click", "attrs", "requests"):
        assert rows[name].category == "Permissive", name


def test_the_room_can_be_imported_without_scancode() -> None:
    heavy = "('licensedcode', 'scancode', 'torch')"
    code = f"import sys, core.licences.measure; sys.exit(any(m in sys.modules for m in {heavy}))"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT).returncode == 0


def test_the_bundled_model_is_taken_from_the_catalogue_unless_the_founder_says_otherwise(tmp_path: Path) -> None:
    assert door._model(venture(tmp_path), tmp_path).tier == "catalogue"
    stated = door._model(venture(tmp_path, model={"licence": "MIT"}), tmp_path)
    assert (stated.tier, stated.licence, stated.file) == ("stated", "MIT", "venture.toml")
