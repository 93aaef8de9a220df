"""The door: any target in, its packages out, each resolved or skipped with a reason."""

import sys
from collections.abc import Callable
from pathlib import Path

from core.errors import InputError
from core.licences.sources.environment import package_folders, read_environment, read_wheels
from core.licences.sources.graph import Package
from core.licences.sources.kinds import Kind, kind_of
from core.licences.sources.listing import Listing
from core.licences.sources.locks import read_poetry_lock, read_pylock, read_uv_lock
from core.licences.sources.npm import read_node_modules, read_npm_lock, states_licences
from core.licences.sources.npm_tool import read_old_lock, read_package_json
from core.licences.sources.pyproject import read_pyproject
from core.licences.sources.python import read_listing
from core.licences.sources.requirements import read_requirements
from core.licences.sources.sbom import read_cyclonedx, read_spdx
from core.licences.sources.target import marker_environment
from core.progress import Progress, silent

CURRENT = "current"
_NPM_LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "node_modules/.package-lock.json")
_PYTHON: dict[Kind, Callable[[Path, dict[str, str]], Listing]] = {
    Kind.REQUIREMENTS: lambda path, _: read_requirements(path),
    Kind.PYPROJECT: lambda path, _: read_pyproject(path),
    Kind.PYLOCK: read_pylock,
    Kind.UV_LOCK: read_uv_lock,
    Kind.POETRY_LOCK: read_poetry_lock,
}


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
        target: "current" for this program's own environment, a folder that holds installed packages (a virtual
            environment, a site-packages) or wheels, or a requirements or lock file.
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
    if path.is_dir():
        if any(path.glob("*.whl")):
            return read_wheels(path, cache, platform, progress)
        return read_environment(package_folders(path), path.name, platform)
    if not path.is_file():
        raise InputError(f'{target}: no such file or folder; give a requirements file, an environment, or "{CURRENT}".')
    if path.suffix == ".whl":
        return read_wheels(path, cache, platform, progress)
    return read_manifest(path, platform=platform, offline=offline, cache=cache, installed=installed, progress=progress)


def read_manifest(
    path: Path, *, platform: str, offline: bool, cache: Path, installed: bool, progress: Progress
) -> list[Package]:
    """Read one file of any kind."""
    kind = kind_of(path)
    environment = marker_environment(platform)
    if kind in (Kind.NPM_LOCK, Kind.PACKAGE_JSON):
        return _read_npm(path, kind, platform, offline, progress)
    if kind in (Kind.CYCLONEDX, Kind.SPDX):
        return read_cyclonedx(path) if kind is Kind.CYCLONEDX else read_spdx(path)
    listing = _PYTHON[kind](path, environment)
    return read_listing(
        listing, platform=platform, offline=offline, cache=cache, installed=installed, progress=progress
    )


def _read_npm(path: Path, kind: Kind, platform: str, offline: bool, progress: Progress) -> list[Package]:
    """Read a lock of npm, or a package.json by the lock or the installed packages beside it."""
    if kind is Kind.NPM_LOCK:
        return (
            read_npm_lock(path, platform) if states_licences(path) else read_old_lock(path, platform, offline, progress)
        )
    beside = (
        path.parent / name for name in ("package-lock.json", "npm-shrinkwrap.json", "node_modules/.package-lock.json")
    )
    lock = next((p for p in beside if p.is_file()), None)
    if lock is not None:
        return _read_npm(lock, Kind.NPM_LOCK, platform, offline, progress)
    if (path.parent / "node_modules").is_dir():
        return read_node_modules(path.parent, platform)
    return read_package_json(path, platform, offline, progress)
