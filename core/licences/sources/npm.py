"""package-lock.json and node_modules: the packages of a JavaScript product, with the licence that each states."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.licences import spdx
from core.licences.package import Metadata, Origin, Package, ResolvedPackage, SkippedPackage
from core.licences.sources.documents import read_json, read_text, strings, table, tables
from core.licences.sources.graph import explain
from core.progress import Progress, silent

OWN = "your own code (a member of the workspace); add its folder as source to have it looked at"
MODULES = "node_modules/"
OS = {"linux": "linux", "macos": "darwin", "windows": "win32"}
CPU = {"linux": "x64", "macos": "arm64", "windows": "x64"}
MOST_FOLDERS = 20_000
_NEEDS = ("dependencies", "optionalDependencies", "peerDependencies")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One package of a lock, by its path in the tree ("node_modules/a/node_modules/b")."""

    path: str
    row: Mapping[str, Any]
    line: int = 0
    licence_line: int = 0

    @property
    def name(self) -> str:
        stated = self.row.get("name")
        return stated if isinstance(stated, str) else self.path.rpartition(MODULES)[2] or self.path

    @property
    def version(self) -> str:
        """Empty where a repository or an address stands in its place: that may hold a password."""
        stated = self.row.get("version")
        return stated if isinstance(stated, str) and not set(stated) & set("/:@") else ""


def read_npm_lock(path: Path, platform: str, progress: Progress = silent) -> list[Package]:
    """Read a package-lock.json of any version; texts are read where `node_modules` lies beside it.

    A lock of version 1 states no licences: its packages then have none, unless their folders are there.

    Raises:
        InputError: it cannot be read, or locks nothing.
    """
    progress(0, 1, "Reading the list of packages")
    document = read_json(path)
    if isinstance(document.get("packages"), dict):
        rows = document["packages"]
    else:
        rows = {"": {"dependencies": _nested_roots(document)}, **_nested(document.get("dependencies"), "")}
    lines = _lines(read_text(path))
    entries = [_Entry(key, table(row), *lines.get(key, (0, 0))) for key, row in rows.items()]
    if not [e for e in entries if e.path]:
        raise InputError(f"{path.name}: locks no package; run npm install --package-lock-only and give it again.")
    top = path.parent.parent if path.parent.name == "node_modules" else path.parent
    return _packages(entries, path.name, top, platform, "lock")


def states_licences(path: Path) -> bool:
    """Whether a lock is of a kind that states each package's licence (version 2 or 3)."""
    return isinstance(read_json(path).get("packages"), dict)


def read_node_modules(folder: Path, platform: str) -> list[Package]:
    """Read the packages below `folder/node_modules` themselves, where no lock lists them."""
    entries = []
    for manifest in _manifests(folder / "node_modules"):
        try:
            row = read_json(manifest)
        except InputError as error:
            row = {"problem": str(error)}
        entries.append(_Entry(manifest.parent.relative_to(folder).as_posix(), row))
    needs = _read_own(folder / "package.json")
    return _packages([_Entry("", needs), *entries], "package.json", folder, platform, "node_modules")


def _read_own(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def _manifests(modules: Path) -> Iterator[Path]:
    """Every package.json of a package below a node_modules folder; links are not followed."""
    queue, seen = [modules], 0
    while queue and seen < MOST_FOLDERS:
        for folder in sorted(p for p in queue.pop().iterdir() if p.is_dir() and not p.is_symlink()):
            if folder.name.startswith("@"):
                queue.append(folder)
            elif (folder / "package.json").is_file() and not (folder / "package.json").is_symlink():
                seen += 1
                yield folder / "package.json"
                if (folder / "node_modules").is_dir():
                    queue.append(folder / "node_modules")


def _packages(entries: list[_Entry], file: str, top: Path, platform: str, origin: Origin) -> list[Package]:
    """Every entry as a package; one that stands at several places of the tree in one version counts once."""
    by_path = {e.path: e for e in entries}
    found: dict[str, Package] = {e.path: _package(e, file, top, platform, origin) for e in entries if e.path}
    roots = {key: file for e in entries if not _is_module(e.path) for key in _needed(e, by_path)}
    requires = {e.path: list(_needed(e, by_path)) for e in entries if e.path}
    explained = explain(found, roots, requires, file)
    out: dict[tuple[str, str, bool], Package] = {}
    for _, package in sorted(explained.items(), key=lambda item: (len(item[1].via), item[0])):
        key = (package.name, package.version, isinstance(package, SkippedPackage))
        first = out.setdefault(key, package)
        out[key] = replace(first, required_by=tuple(dict.fromkeys((*first.required_by, *package.required_by))))
    return [out[key] for key in sorted(out)]


def _package(entry: _Entry, file: str, top: Path, platform: str, origin: Origin) -> Package:
    where = f"{file}, line {entry.line}" if entry.line else file
    reason, ships = _left_out(entry, platform)
    if reason:
        return SkippedPackage(entry.name, f"{where}: {reason}", entry.version, ships, "npm")
    folder = (top / entry.path).resolve()
    own = folder if _is_module(entry.path) and folder.is_dir() and folder.is_relative_to(top.resolve()) else None
    row, said_in, line = entry.row, file, entry.licence_line or entry.line
    if own is not None and not _licence(row) and (own / "package.json").is_file():
        row, said_in, line = _own_or_nothing(own / "package.json"), f"{entry.path}/package.json", 0
    stated = Metadata(said_in, tuple(fields(_licence(row), line)), said_in.rpartition("/")[2])
    return ResolvedPackage(
        entry.name, entry.version, own, "node_modules" if own else origin, ecosystem="npm", stated=stated
    )


def _own_or_nothing(path: Path) -> dict[str, Any]:
    """A package.json, or an empty one where it cannot be read: it then states nothing."""
    try:
        return read_json(path)
    except InputError:
        return {}


def _left_out(entry: _Entry, platform: str) -> tuple[str, bool]:
    """Why an entry is not looked at, and whether it may ship all the same."""
    if problem := entry.row.get("problem"):
        return str(problem), True
    if entry.row.get("link") is True or not _is_module(entry.path):
        return OWN, False
    if entry.row.get("dev") is True:
        return "only for development; it does not ship", False
    for word, value in (("os", OS[platform]), ("cpu", CPU[platform])):
        listed = strings(entry.row.get(word))
        if (listed and f"!{value}" in listed) or (any(not v.startswith("!") for v in listed) and value not in listed):
            return f"not installed on {platform} ({word}: {', '.join(listed)})", False
    return (
        ("", True)
        if entry.version
        else ("comes from a repository or folder, or has no version; add its code as source", True)
    )


def _licence(row: Mapping[str, Any]) -> str:
    """What a package states: a text, or the names in the older forms `{type}` and `licenses: [...]`."""
    stated = row.get("license", row.get("licence"))
    if isinstance(stated, str):
        return stated
    listed = [stated] if isinstance(stated, dict) else tables(row.get("licenses")) or tables(stated)
    names = [v if isinstance(v, str) else table(v).get("type") for v in listed]
    return "; ".join(n for n in names if isinstance(n, str))


def fields(text: str, line: int) -> Iterator[tuple[str, int, str]]:
    """A licence statement as a field of metadata: an expression where it is one, else a name."""
    if text.strip():
        yield ("license-expression" if spdx.parse(text) is not None else "license"), line, text.strip()


def _is_module(path: str) -> bool:
    return path.startswith(MODULES) or f"/{MODULES}" in path


def _needed(entry: _Entry, by_path: Mapping[str, _Entry]) -> Iterator[str]:
    """The paths that an entry's dependencies mean: looked for as Node does, in its own folder and then upwards."""
    needs = {**table(entry.row.get("requires"))} | {n: "" for key in _NEEDS for n in table(entry.row.get(key))}
    for name in needs:
        folder = entry.path
        while True:
            path = f"{folder}/{MODULES}{name}" if folder else f"{MODULES}{name}"
            if path in by_path:
                yield path
            if path in by_path or not folder:
                break
            folder = folder.rpartition(MODULES)[0].rstrip("/") if _is_module(folder) else ""


def _nested(rows: Any, above: str) -> dict[str, Any]:
    """The tree of a lock of version 1 as paths."""
    out: dict[str, Any] = {}
    queue = [(table(rows), above)]
    while queue:
        level, folder = queue.pop()
        for name, row in level.items():
            path = f"{folder}/{MODULES}{name}" if folder else f"{MODULES}{name}"
            out[path] = {k: v for k, v in table(row).items() if k != "dependencies"}
            queue.append((table(table(row).get("dependencies")), path))
    return out


def _nested_roots(document: Mapping[str, Any]) -> dict[str, str]:
    """The packages of the first level that no other requires: version 1 does not say what the product asks for."""
    level = table(document.get("dependencies"))
    required = {n for row in _nested(level, "").values() for n in table(row.get("requires"))}
    return {name: "" for name in level if name not in required}


def _lines(text: str) -> dict[str, tuple[int, int]]:
    """Path -> its line and that of its licence, where the lock is written a line a value as npm does."""
    out: dict[str, tuple[int, int]] = {}
    at = ""
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r'^    "([^"]+)": \{', line):
            at = found[1]
            out[at] = (number, 0)
        elif at and re.match(r'^      "license":', line):
            out[at] = (out[at][0], number)
    return out
