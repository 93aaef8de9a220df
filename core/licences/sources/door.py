"""The door: any target in, its packages out, each resolved or skipped with a reason."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.licences.sources.archive import unpack
from core.licences.sources.environment import holds_packages, package_folders, read_environment, read_wheels
from core.licences.sources.graph import Package
from core.licences.sources.kinds import Kind, kind_of
from core.licences.sources.listing import Listing
from core.licences.sources.locks import read_poetry_lock, read_pylock, read_uv_lock
from core.licences.sources.npm import read_node_modules, read_npm_lock, states_licences
from core.licences.sources.npm_tool import read_old_lock, read_package_json
from core.licences.sources.own import read_source
from core.licences.sources.pyproject import read_pyproject
from core.licences.sources.python import read_listing
from core.licences.sources.requirements import read_requirements
from core.licences.sources.sbom import read_cyclonedx, read_spdx
from core.licences.sources.target import marker_environment
from core.licences.sources.tree import few
from core.progress import Progress, part, silent

CURRENT = "current"
_NPM_LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "node_modules/.package-lock.json")
_PYTHON: dict[Kind, Callable[[Path, Path, dict[str, str]], Listing]] = {
    Kind.REQUIREMENTS: lambda path, root, _: read_requirements(path, root),
    Kind.PYPROJECT: lambda path, root, _: read_pyproject(path, root),
    Kind.PYLOCK: lambda path, _, environment: read_pylock(path),
    Kind.UV_LOCK: lambda path, _, environment: read_uv_lock(path, environment),
    Kind.POETRY_LOCK: lambda path, _, environment: read_poetry_lock(path),
}


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
    source = any((path / name).is_file() for name in ("pyproject.toml", "setup.py", "package.json"))
    if holds_packages(path, eggs=not source):
        return read_environment(package_folders(path), name, how.platform)
    if any(path.glob("*.whl")) and not source:
        return read_wheels(path, how.cache, how.platform, progress)
    return read_source(path, name, lambda file, told: _read_file(file, path, how, told), how.platform, progress)


def _read_file(path: Path, root: Path, how: _Reading, progress: Progress) -> list[Package]:
    """Read one file of any kind; what it includes must lie in `root`."""
    kind = kind_of(path)
    if kind is Kind.WHEEL:
        return read_wheels(path, how.cache, how.platform, progress)
    if kind is Kind.ZIP:
        folder, left = unpack(path, how.cache, part(progress, 0.0, 0.2))
        return [*_read_folder(folder, path.name, how, part(progress, 0.2, 1.0)), *few(left)]
    if kind in (Kind.CYCLONEDX, Kind.SPDX):
        return read_cyclonedx(path) if kind is Kind.CYCLONEDX else read_spdx(path)
    if kind in (Kind.NPM_LOCK, Kind.PACKAGE_JSON):
        return _read_npm(path, kind, how, progress)
    listing = _PYTHON[kind](path, root, marker_environment(how.platform))
    return read_listing(
        listing, platform=how.platform, offline=how.offline, cache=how.cache, installed=how.installed, progress=progress
    )


def _read_npm(path: Path, kind: Kind, how: _Reading, progress: Progress) -> list[Package]:
    """Read a lock of npm, or a package.json by the lock or the installed packages beside it."""
    if kind is Kind.NPM_LOCK:
        return (
            read_npm_lock(path, how.platform)
            if states_licences(path)
            else read_old_lock(path, how.platform, how.offline, progress)
        )
    beside = (
        path.parent / name for name in ("package-lock.json", "npm-shrinkwrap.json", "node_modules/.package-lock.json")
    )
    lock = next((p for p in beside if p.is_file()), None)
    if lock is not None:
        return _read_npm(lock, Kind.NPM_LOCK, how, progress)
    if (path.parent / "node_modules").is_dir():
        return read_node_modules(path.parent, how.platform)
    return read_package_json(path, how.platform, how.offline, progress)
