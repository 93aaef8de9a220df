"""The locks fit requirements.txt, pin everything with hashes, and differ only where the CPU lock says so."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).with_name("uv")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.M)


def requirements(name: str) -> list[Requirement]:
    lines = (line.split(" #")[0].strip() for line in (PROJECT / name).read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def pins(name: str) -> dict[str, set[str]]:
    out: dict[str, set[str]] = {}
    for package, version in PIN.findall((PROJECT / name).read_text(encoding="utf-8")):
        out.setdefault(canonicalize_name(package), set()).add(version)
    return out


@pytest.mark.parametrize(
    ("wish", "lock"),
    [
        ("requirements.txt", "requirements.lock"),
        ("requirements.txt", "requirements-cpu.lock"),
        ("requirements-dev.txt", "requirements-dev.lock"),
    ],
)
def test_every_requirement_is_pinned_within_its_range(wish: str, lock: str) -> None:
    found = pins(lock)
    for r in requirements(wish):
        versions = found.get(canonicalize_name(r.name), set())
        assert versions, f"{r.name} is not in {lock}: run make lock"
        assert all(r.specifier.contains(v, prereleases=True) for v in versions), (
            f"{r} against {versions}: run make lock"
        )


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-cpu.lock", "requirements-dev.lock"])
def test_every_pin_has_a_hash(lock: str) -> None:
    text = (PROJECT / lock).read_text(encoding="utf-8")
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        if PIN.match(block):
            assert "--hash=sha256:" in block, block.splitlines()[0]


def test_the_cpu_lock_is_the_full_lock_without_the_named_wheels() -> None:
    text = (PROJECT / "cpu-excludes.txt").read_text(encoding="utf-8")
    named = {line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")}
    full, cpu = pins("requirements.lock"), pins("requirements-cpu.lock")
    assert set(full) - set(cpu) == named
    assert {k: full[k] for k in cpu} == cpu


def test_every_direct_dependency_gives_its_reason() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (PROJECT / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "-")):
                assert re.search(r"\s#\s*\S+ \S+", line), f"{name}: {line} gives no reason"


@pytest.mark.network
def test_compiling_the_requirements_again_gives_the_same_lock(tmp_path: Path) -> None:
    if not UV.exists():
        pytest.skip("uv is not installed beside this Python")
    for name in ("requirements.txt", "requirements.lock"):
        shutil.copy(PROJECT / name, tmp_path / name)
    command = [str(UV), "pip", "compile", "requirements.txt", "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--no-header", "--no-emit-index-url", "--generate-hashes", "-o", "requirements.lock"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode:
        pytest.skip("the package index cannot be reached")
    assert pins_text(tmp_path / "requirements.lock") == pins_text(PROJECT / "requirements.lock")


def pins_text(file: Path) -> list[tuple[str, str]]:
    return PIN.findall(file.read_text(encoding="utf-8"))
