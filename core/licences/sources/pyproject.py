"""pyproject.toml: what a Python project says it needs (PEP 621, PEP 735, and Poetry's own table)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from core.errors import InputError
from core.licences.package import SkippedPackage
from core.licences.sources.documents import read_toml, strings, table
from core.licences.sources.listing import Listing, Wanted
from core.licences.sources.requirements import Refused, parse, read_requirements

DEVELOPMENT = {
    *("dev", "develop", "development", "test", "tests", "testing", "doc", "docs", "documentation", "lint", "linting"),
    *("typing", "types", "mypy", "ci", "bench", "benchmark", "benchmarks", "release", "build", "tox", "nox", "qa"),
}
_ELSEWHERE = ("git", "path", "url", "file", "develop")


def read_pyproject(path: Path, root: Path | None = None) -> Listing:
    """Read a project's dependencies.

    What an extra adds counts as shipping, unless the extra is named as one for development. Dependency groups are
    never part of what is published, so they are listed and not followed.

    Args:
        root: the folder that no file it names may lie outside of; the file's own where None.

    Raises:
        InputError: it cannot be read, or names no dependencies.
    """
    document = read_toml(path)
    project, tool = table(document.get("project")), table(document.get("tool"))
    reader = _Reader(path)
    reader.lines(project.get("dependencies", []), "project.dependencies", path.name)
    _extras(reader, table(project.get("optional-dependencies")))
    for name in table(document.get("dependency-groups")):
        reader.skip(f"group {name}", "a dependency group is for development and not part of what is published", False)
    _poetry(reader, table(tool.get("poetry")))
    if "dependencies" in strings(project.get("dynamic")):
        _dynamic(reader, table(table(tool.get("setuptools")).get("dynamic")), path, root or path.parent)
    if not reader.wanted and not reader.skipped and "dependencies" not in project:
        raise InputError(f"{path.name}: has no [project] table with dependencies; give a requirements or lock file.")
    return Listing(tuple(reader.wanted), tuple(reader.skipped))


class _Reader:
    """Collects what a project needs, and what of it cannot be used."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.wanted: list[Wanted] = []
        self.skipped: list[SkippedPackage] = []

    def skip(self, name: str, why: str, ships: bool = True) -> None:
        self.skipped.append(SkippedPackage(name, f"{self.name}: {why}", ships=ships))

    def lines(self, values: Any, where: str, place: str) -> None:
        if not isinstance(values, list):
            return self.skip(where, f"{where} is no array of requirements")
        for number, value in enumerate(values, 1):
            self.line(value, f"{where}, entry {number}", place)
        return None

    def line(self, value: Any, where: str, place: str) -> None:
        try:
            if not isinstance(value, str):
                raise Refused('no text; write a requirement such as "pandas>=2"')
            self.wanted.append(Wanted(parse(value), 0, file=place))
        except Refused as refused:
            found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", value) if isinstance(value, str) else None
            self.skip(found[0] if found else where, f"{where}: {refused}", refused.ships)


def for_development(name: str) -> bool:
    """Whether an extra, group or file of this name is by common usage not part of the product."""
    return any(word in DEVELOPMENT for word in re.split(r"[^a-z0-9]+", name.lower()))


def _extras(reader: _Reader, extras: dict[str, Any]) -> None:
    for name, lines in extras.items():
        if for_development(name):
            reader.skip(f"extra {name}", "an extra for development, by its name; it does not ship", ships=False)
        else:
            reader.lines(lines, f"project.optional-dependencies.{name}", f"{reader.name}, extra {name}")


def _dynamic(reader: _Reader, dynamic: dict[str, Any], path: Path, root: Path) -> None:
    """Dependencies that setuptools reads from requirement files; any other build tool would have to be run."""
    stated = table(dynamic.get("dependencies")).get("file", [])
    names = [stated] if isinstance(stated, str) else strings(stated)
    if not names:
        reader.skip("dynamic dependencies", "made by the project's build, which is not run; give a lock file instead")
    for name in names:
        full = (path.parent / name).resolve()
        if not full.is_relative_to(root.resolve()) or not full.is_file():
            reader.skip(name, "named as its list of dependencies, but not there or outside of its folder")
            continue
        listing = read_requirements(full, root)
        reader.wanted += listing.wanted
        reader.skipped += listing.skipped


def _poetry(reader: _Reader, poetry: dict[str, Any]) -> None:
    """Poetry's own tables, older than PEP 621."""
    for name, value in table(poetry.get("dependencies")).items():
        if canonicalize_name(name) != "python":
            _poetry_entry(reader, name, value)
    for group in table(poetry.get("group")):
        if group != "main":
            reader.skip(f"group {group}", "a dependency group is for development and does not ship", ships=False)
    if "dev-dependencies" in poetry:
        reader.skip("dev-dependencies", "they are for development and do not ship", ships=False)


def _poetry_entry(reader: _Reader, name: str, value: Any) -> None:
    for one in value if isinstance(value, list) else [value]:
        row = table(one)
        where = f"tool.poetry.dependencies.{name}"
        version = one if isinstance(one, str) else row.get("version", "")
        if elsewhere := next((k for k in _ELSEWHERE if k in row), ""):
            reader.skip(name, f"{where}: comes from a {elsewhere} and not from the index; add its code as source")
        elif not isinstance(version, str) or not (isinstance(one, str) or row):
            reader.skip(name, f"{where}: no version that can be read")
        else:
            extras = f"[{','.join(strings(row.get('extras')))}]" if row.get("extras") else ""
            marker = f"; {row['markers']}" if isinstance(row.get("markers"), str) else ""
            reader.line(f"{name}{extras}{_specifier(version)}{marker}", where, reader.name)


def _specifier(text: str) -> str:
    """A version constraint of Poetry as PEP 440 has it: ^1.2 is >=1.2,<2 and ~1.2 is >=1.2,<1.3."""
    return ",".join(s for part in text.split(",") for s in _bounds(part.strip()))


def _bounds(part: str) -> Iterator[str]:
    if part in ("", "*"):
        return
    found = re.fullmatch(r"([\^~])\s*(\d[\w.+!-]*)", part)
    if found is None:
        yield f"=={part}" if re.match(r"\d", part) else part
        return
    try:
        release = Version(found[2]).release
    except InvalidVersion:
        yield part  # said to be no requirement by whoever parses it
        return
    keep = 1 if found[1] == "~" and len(release) > 1 else 0
    if found[1] == "^":
        keep = next((i for i, n in enumerate(release) if n), len(release) - 1)
    yield f">={found[2]}"
    yield "<" + ".".join(map(str, (*release[:keep], release[keep] + 1)))
