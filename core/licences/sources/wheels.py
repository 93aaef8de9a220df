"""Packages that lie here as wheels."""

from pathlib import Path

from packaging.utils import canonicalize_name

from core.licences.package import Package
from core.licences.sources.environment import by_name, requirements_of
from core.licences.sources.graph import explain
from core.licences.sources.target import marker_environment
from core.licences.sources.wheel import read_wheel_file
from core.progress import Progress, silent


def read_wheels(folder: Path, cache: Path, platform: str, progress: Progress = silent) -> list[Package]:
    """Read a folder of wheels, or a single one; two wheels of one package (for two machines) count once a version."""
    files = [folder] if folder.is_file() else sorted(folder.glob("*.whl"))
    found: dict[str, Package] = {}
    for i, file in enumerate(files):
        progress(i, len(files), f"Reading wheels ({i} of {len(files)})")
        package = read_wheel_file(file, cache)
        key: str = canonicalize_name(package.name)
        other = found.get(key)
        if other is not None and other.version != package.version:
            key = f"{key}=={package.version}"
        found.setdefault(key, package)
    requires = requirements_of(found, marker_environment(platform))
    return by_name(explain(found, {}, requires, folder.name))
