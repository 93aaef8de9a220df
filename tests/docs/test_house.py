"""The rules of the house that no single module can keep."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "transformers", "presidio_analyzer", "spacy", "sklearn", "scancode", "licensedcode", "onnxruntime")
PAGES = sorted((PROJECT / "pages").glob("*/*.py"))


def test_no_script_lies_directly_in_pages() -> None:
    """Else a deep link on a cold server runs it without app.py."""
    assert list((PROJECT / "pages").glob("*.py")) == []


def test_app_py_has_at_most_fifty_lines() -> None:
    assert len((PROJECT / "app.py").read_text(encoding="utf-8").splitlines()) <= 50


def test_the_ui_process_imports_nothing_that_takes_seconds() -> None:
    """All that pages import, imported for real in a fresh process."""
    modules = sorted({name for page in PAGES for name in _imports(page) if name.startswith(("core", "pages.shared"))})
    assert "core.readiness.assess" in modules
    code = f"import sys, {', '.join(modules)}\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert out.stdout.strip().splitlines()[-1] == "[]"


def test_core_never_imports_streamlit_or_pages() -> None:
    guilty = [
        str(file.relative_to(PROJECT))
        for file in (PROJECT / "core").rglob("*.py")
        if any(name.split(".")[0] in ("streamlit", "pages") for name in _imports(file))
    ]
    assert guilty == []


@pytest.mark.parametrize("room", ["model", "privacy", "licences", "market", "jobs"])
def test_no_room_imports_another(room: str) -> None:
    others = {f"core.{r}" for r in ("model", "privacy", "licences", "market", "jobs", "readiness", "cli")} - {
        f"core.{room}"
    }
    for file in (PROJECT / "core" / room).rglob("*.py"):
        for name in _imports(file):
            assert not any(name == o or name.startswith(o + ".") for o in others), f"{file.name} imports {name}"


def test_the_inner_files_of_a_room_know_no_venture_and_no_store() -> None:
    for room in ("model", "privacy", "licences", "market"):
        for file in (PROJECT / "core" / room).rglob("*.py"):
            if file.name != "measure.py":
                guilty = {n for n in _imports(file) if n == "core.store" or n.startswith("core.venture")}
                guilty -= {"core.venture_errors"}  # says what is wrong with any TOML file
                assert not guilty, f"{room}/{file.name} imports {guilty}"


def test_modules_stay_under_four_hundred_lines() -> None:
    files = [*(PROJECT / "core").rglob("*.py"), *PAGES]
    assert {f.name: n for f in files if (n := len(f.read_text(encoding="utf-8").splitlines())) > 400} == {}


def _imports(file: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{a.name}" for a in node.names if node.module == "core")]
    return [f for f in found if f != "core" or "core" in found]
