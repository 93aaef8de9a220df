"""The door: any target in, its packages out, each resolved or skipped with a reason."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.licences.package import Package
from core.licences.sources.environment import holds_packages, package_folders, read_environment
from core.licences.sources.kinds import Kind, kind_of
from core.licences.sources.target import marker_environment
from core.progress import Progress, part, silent

CURRENT = "current"
_NPM_LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "node_modules/.package-lock.json")
_PYTHON: dict[Kind, Callable[[Path, Path, dict[str, str]], Any]] = {
    Kind.REQUIREMENTS: lambda path, root, _: _reader("requirements").read_requirements(path, root),
    Kind.PYPROJECT: lambda path, root, _: _reader("pyproject").read_pyproject(path, root),
    Kind.PYLOCK: lambda path, _, environment: _reader("locks").read_pylock(path),
    Kind.UV_LOCK: lambda path, _, environment: _reader("locks").read_uv_lock(path, environment),
    Kind.POETRY_LOCK: lambda path, _, environment: _reader("locks").read_poetry_lock(path),
}


def _reader(name: str) -> Any:
    """A module beside this one, loaded when a target needs it: all of them take longer than reading an environment."""
    return import_module(f"core.licences.sources.{name}")


@dataclass(frozen=True, slots=True)
class Given:
    """A target with the platform that it is for."""

    path: str | Path
    platform: str = "linux"


def read_target(
    target: str | Path,
    *,
    platform: str = "linux",
    offline: bool = False,
    cache: Path,
    installed: bool = True,
    progress: Progress = silent,
) -> list[Package]:
    """Read every package of a target.

    Args:
        target: "current" for this program's own environment; a folder that holds installed packages (a virtual
            environment, a site-packages), wheels, or source code; a zip of source; a wheel; a requirements file,
            manifest or lock file of Python or npm; an SBOM.
        platform: where the product runs (linux, macos, windows); decides markers and wheels.
        offline: never ask the package index.
        cache: folder where what the index said is kept.
        installed: requirements are looked for among what is installed here first.

    Raises:
        InputError: the target is none of these, holds no package, or its file cannot be used.
    """
    if str(target) == CURRENT:
        return read_environment(sys.path, "this environment", platform)
    path = Path(target)
    reading = _Reading(platform, offline, cache, installed)
    if path.is_dir():
        return _read_folder(path, path.name, reading, progress)
    if not path.is_file():
        raise InputError(f'{target}: no such file or folder; give a requirements file, an environment, or "{CURRENT}".')
    return _read_file(path, path.parent, reading, progress)


@dataclass(frozen=True, slots=True)
class _Reading:
    """How to read: the arguments of `read_target` that every kind may need."""

    platform: str
    offline: bool
    cache: Path
    installed: bool


def _read_folder(path: Path, name: str, how: _Reading, progress: Progress) -> list[Package]:
    """Read a folder: an environment, wheels, or source code."""
    found: list[Package]
    source = any((path / name).is_file() for name in ("pyproject.toml", "setup.py", "package.json"))
    if holds_packages(path, eggs=not source):
        found = read_environment(package_folders(path), name, how.platform)
    elif any(path.glob("*.whl")) and not source:
        found = _reader("wheels").read_wheels(path, how.cache, how.platform, progress)
    else:
        found = _reader("own").read_source(
            path, name, lambda file, told: _read_file(file, path, how, told), how.platform, progress
        )
    return found


def _read_file(path: Path, root: Path, how: _Reading, progress: Progress) -> list[Package]:
    """Read one file of any kind; what it includes must lie in `root`."""
    found: list[Package]
    kind = kind_of(path)
    if kind is Kind.WHEEL:
        found = _reader("wheels").read_wheels(path, how.cache, how.platform, progress)
    elif kind is Kind.ZIP:
        found = _read_zip(path, how, progress)
    elif kind is Kind.CYCLONEDX:
        found = _reader("sbom").read_cyclonedx(path)
    elif kind is Kind.SPDX:
        found = _reader("sbom").read_spdx(path)
    elif kind in (Kind.NPM_LOCK, Kind.PACKAGE_JSON):
        found = _read_npm(path, kind, how, progress)
    else:
        listing = _PYTHON[kind](path, root, marker_environment(how.platform))
        found = _reader("python").read_listing(
            listing, platform=how.platform, offline=how.offline, cache=how.cache, installed=how.installed,
            progress=progress,
        )  # fmt: skip
    return found


def _read_zip(path: Path, how: _Reading, progress: Progress) -> list[Package]:
    folder, left = _reader("archive").unpack(path, how.cache, part(progress, 0.0, 0.2))
    inside = _read_folder(folder, path.name, how, part(progress, 0.2, 1.0))
    return [*inside, *_reader("tree").few(left)]


def _read_npm(path: Path, kind: Kind, how: _Reading, progress: Progress) -> list[Package]:
    """Read a lock of npm, or a package.json by the lock or the installed packages beside it."""
    npm, tool = _reader("npm"), _reader("npm_tool")
    found: list[Package]
    lock = next((p for name in _NPM_LOCKS if (p := path.parent / name).is_file()), None)
    if kind is not Kind.NPM_LOCK and lock is not None:
        found = _read_npm(lock, Kind.NPM_LOCK, how, progress)
    elif kind is not Kind.NPM_LOCK and (path.parent / "node_modules").is_dir():
        found = npm.read_node_modules(path.parent, how.platform)
    elif kind is not Kind.NPM_LOCK:
        found = tool.read_package_json(path, how.platform, how.offline, progress)
    elif npm.states_licences(path):
        found = npm.read_npm_lock(path, how.platform)
    else:
        found = tool.read_old_lock(path, how.platform, how.offline, progress)
    return found
