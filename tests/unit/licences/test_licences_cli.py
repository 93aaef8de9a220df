"""The command as a gate in a founder's CI: one JSON document, and an exit code that says how it stands."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from core.cli.app import app
from core.cli.start import ALONE, commands
from core.errors import InputError
from core.settings import Settings

Make = Callable[..., Path]


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["licences", "check", *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


@pytest.mark.parametrize(
    ("licence", "mode", "code"),
    [
        ("MIT", "all", 0),
        ("MPL-2.0", "saas", 0),
        ("MPL-2.0", "on_premises", 10),
        ("GPL-3.0-only", "saas", 0),
        ("GPL-3.0-only", "on_device", 20),
        ("AGPL-3.0-only", "saas", 20),
        ("AGPL-3.0-only OR MIT", "all", 0),
        ("MIT AND GPL-3.0-only", "all", 20),
        ("LicenseRef-somebodys", "internal", 30),
    ],
)
def test_the_exit_code_says_how_it_stands(
    tmp_path: Path, make_dist: Make, own_settings: Settings, licence: str, mode: str, code: int
) -> None:
    make_dist(tmp_path / "env", "one", headers={"License-Expression": licence})
    found, _ = run(str(tmp_path / "env"), "--mode", mode, "--no-texts")
    assert found == code


def test_the_document_has_the_agreed_shape(tmp_path: Path, make_dist: Make, own_settings: Settings) -> None:
    make_dist(tmp_path / "env", "one", headers={"License-Expression": "MIT"})
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "README.md").write_text("---\nlicense: llama3.1\n---\n")
    given = ("--model", str(tmp_path / "model"), "--dataset", "rows=cc-by-nc-4.0", "--dataset", "x/unheard-of")
    code, out = run(str(tmp_path / "env"), *given, "--no-texts", "--json")
    report: dict[str, Any] = json.loads(out)
    assert code == 20
    assert set(report) >= {"seconds", "packages", "models", "datasets", "modes"}
    (package,) = report["packages"]
    assert set(package) >= {"name", "version", "declared", "concluded", "category", "evidence", "bundled", "modes"}
    assert set(package["evidence"][0]) >= {"tier", "file", "line", "says"}
    assert set(package["modes"]["saas"]) >= {"status", "reason", "obligations"}
    assert set(report["modes"]) == {"internal", "saas", "on_premises", "on_device"}
    assert {b["name"] for b in report["modes"]["saas"]["blockers"]} == {"rows"}
    assert {u["name"] for u in report["modes"]["saas"]["unknown"]} == {"x/unheard-of"}
    assert report["models"][0]["modes"]["saas"]["status"] == "obligations"
    assert report["models"][0]["evidence"][0]["file"] == "model/README.md"


def test_without_json_each_block_comes_with_its_reason_and_a_way_out(
    tmp_path: Path, make_dist: Make, own_settings: Settings
) -> None:
    make_dist(tmp_path / "env", "one", headers={"License-Expression": "GPL-3.0-only"})
    _, out = run(str(tmp_path / "env"), "--no-texts")
    assert "On-premises: blocked" in out
    assert "blocks: one (GPL-3.0-only): " in out
    assert "way out: replace one, or ask its authors for a commercial licence" in out


@pytest.mark.parametrize(
    "arguments", [("nowhere.txt",), ("current", "--mode", "resale"), ("current", "--model", "./nowhere", "--no-texts")]
)
def test_bad_input_is_one_clear_message(own_settings: Settings, arguments: tuple[str, ...]) -> None:
    from core.errors import InputError

    with pytest.raises(InputError):
        run(*arguments)


@pytest.mark.parametrize("room", ALONE)
def test_a_room_loaded_alone_has_the_commands_it_has_among_all(room: str) -> None:
    alone, whole = (CliRunner().invoke(one, [room, "--help"]) for one in (commands([room, "x"]), app))
    assert alone.exit_code == whole.exit_code == 0
    assert alone.stdout == whole.stdout


def test_a_check_loads_no_database_and_none_of_the_other_rooms() -> None:
    heavy = {"sqlalchemy", "pandas", "numpy", "core.market", "core.readiness", "core.venture", "urllib3"}
    code = (
        "import sys; from core.cli.start import commands; commands(['licences']); import core.licences.check; "
        f"sys.exit(', '.join(m for m in {heavy} if m in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_how_a_package_is_held_changes_the_exit_code(tmp_path: Path, make_dist: Make, own_settings: Settings) -> None:
    make_dist(tmp_path / "env", "one", headers={"License-Expression": "LGPL-3.0-only"})
    given = (str(tmp_path / "env"), "--mode", "on_device", "--no-texts")
    assert run(*given)[0] == 10
    assert run(*given, "--use", "One=copied")[0] == 20
    with pytest.raises(InputError, match="static, modified, copied"):
        run(*given, "--use", "one=changed")


def test_many_skipped_for_one_reason_are_told_by_a_few_and_a_count(
    tmp_path: Path, own_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("".join(f"git+https://example.org/{i}.git\n" for i in range(30)))
    done = CliRunner().invoke(app, ["licences", "check", str(file), "--no-texts"])
    assert done.exit_code == 30
    told = [line for line in done.stderr.splitlines() if line.startswith("skipped:")]
    assert len(told) == 11
    assert told[-1] == "skipped: 20 more for the same reason; --json lists all"
    assert told[0].count("line 1") == 1
    assert "mend what the reason names" in done.stdout
