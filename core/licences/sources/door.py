"""The door: any target in, its packages out, each resolved or skipped with a reason."""

import sys
from pathlib import Path

from core.errors import InputError
from core.licences.sources.environment import package_folders, read_environment, read_wheels
from core.licences.sources.graph import Package
from core.licences.sources.python import read_listing
from core.licences.sources.requirements import read_requirements
from core.progress import Progress, silent

CURRENT = "current"


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
    listing = read_requirements(path)
    return read_listing(
        listing, platform=platform, offline=offline, cache=cache, installed=installed, progress=progress
    )
