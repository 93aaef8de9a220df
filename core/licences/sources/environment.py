"""Packages that lie here whole, installed in an environment."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from core.errors import InputError
from core.licences.package import Package, ResolvedPackage, read_package
from core.licences.sources.graph import explain
from core.licences.sources.target import applies, marker_environment

_INSTALLED = ("*.dist-info", "*.egg-info")
_PLAIN = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?) *(?:\[[\w., -]*\])? *"
    r"(?:\([<>=!~][\w.*+!<>=~, -]*\)|[<>=!~][\w.*+!<>=~, -]*)?(?: *;(?P<marker>.*\S.*))?$"
)
_EXTRA = re.compile(r"""\bextra *== *(?:'[^']+'|"[^"]+")""")
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


def requirements_of(packages: Mapping[str, Package], environment: dict[str, str]) -> dict[str, list[str]]:
    """Key -> keys that each package depends on, as its metadata says; without extras, for nobody says which."""
    holds = cache(lambda marker: _holds(marker, environment))
    return {
        key: [name for _, line in p.metadata.all("Requires-Dist") if (name := _needed(line, holds))]
        for key, p in packages.items()
        if isinstance(p, ResolvedPackage)
    }


def _needed(line: str, holds: Callable[[str], bool]) -> str:
    """The key of the package that a requirement asks for; empty where its marker does not hold or it is none.

    The common form is taken apart here, for parsing the 2,400 requirements of an environment takes a fifth of a second.
    """
    plain = _PLAIN.match(line)
    if plain is None:
        try:
            whole = Requirement(line)
        except InvalidRequirement:
            return ""
        return canonicalize_name(whole.name) if whole.marker is None or holds(str(whole.marker)) else ""
    return canonicalize_name(plain["name"]) if not plain["marker"] or holds(plain["marker"]) else ""


def _holds(marker: str, environment: dict[str, str]) -> bool:
    if _EXTRA.search(marker) and " or " not in marker:
        return False  # asks for an extra, and nobody says which were asked for
    try:
        return applies(Requirement(f"x; {marker}"), environment)
    except InvalidRequirement:
        return False


def by_name(packages: Mapping[str, Package]) -> list[Package]:
    """The packages in the order of their keys."""
    return [packages[key] for key in sorted(packages)]
