"""Packages that lie here whole: installed in an environment, or as a folder of wheels."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

from core.errors import InputError
from core.licences.package import ResolvedPackage, read_package
from core.licences.sources.graph import Package, explain
from core.licences.sources.target import applies, marker_environment
from core.licences.sources.wheel import read_wheel_file
from core.progress import Progress, silent

_INSTALLED = ("*.dist-info", "*.egg-info")
_VENV = ("lib/python*/site-packages", "lib64/python*/site-packages", "Lib/site-packages")


def package_folders(folder: Path) -> list[str]:
    """The folders below `folder` where packages are installed: itself, or those of a virtual environment."""
    found = {p.resolve(): p for pattern in _VENV for p in sorted(folder.glob(pattern))}
    return [str(p) for p in (folder, *found.values())]


def holds_packages(folder: Path, *, eggs: bool = True) -> bool:
    """Whether packages are installed in a folder, or in the virtual environment that it is.

    `eggs` is False for a source folder: there an `.egg-info` is what a build of the source left behind.
    """
    patterns = _INSTALLED if eggs else _INSTALLED[:1]
    return any(next(Path(top).glob(p), None) for top in package_folders(folder) for p in patterns)


def read_environment(paths: Iterable[str], named: str, platform: str) -> list[Package]:
    """Read the packages installed in some folders; of two with one name the first counts, as Python has it.

    Raises:
        InputError: there are none.
    """
    found: dict[str, Package] = {}
    for path in dict.fromkeys(paths):
        top = Path(path or ".")
        if not top.is_dir():
            continue
        for folder in sorted(p for pattern in _INSTALLED for p in top.glob(pattern)):
            package = read_package(folder)
            found.setdefault(canonicalize_name(package.name), package)
    if not found:
        raise InputError(
            f"{named}: holds no installed packages (no *.dist-info folder); give the environment's folder."
        )
    return by_name(explain(found, {}, requirements_of(found, marker_environment(platform)), named))


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


def requirements_of(packages: Mapping[str, Package], environment: dict[str, str]) -> dict[str, list[str]]:
    """Key -> keys that each package depends on, as its metadata says; without extras, for nobody says which."""
    return {
        key: [canonicalize_name(r.name) for r in p.requires() if applies(r, environment)]
        for key, p in packages.items()
        if isinstance(p, ResolvedPackage)
    }


def by_name(packages: Mapping[str, Package]) -> list[Package]:
    """The packages in the order of their keys."""
    return [packages[key] for key in sorted(packages)]
