"""Lock files of Python projects: pylock.toml (PEP 751), uv.lock and poetry.lock.

A lock names every package in one version, with the hashes of its files. The addresses in it are never asked, for they
may be anybody's: the files come from the index set up on this machine, and their hashes must be the lock's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core.errors import InputError
from core.licences.package import SkippedPackage
from core.licences.sources.documents import read_toml, strings, table, tables
from core.licences.sources.listing import Listing, Wanted
from core.licences.sources.pyproject import for_development
from core.licences.sources.requirements import Refused, parse
from core.licences.sources.target import applies

OWN = "your own code; add its folder as source to have it looked at"
_NOT_INDEX = {
    "vcs": "a source repository", "git": "a source repository", "directory": "a folder", "path": "a file",
    "archive": "an archive of its own", "url": "an address of its own", "file": "a file",
}  # fmt: skip


def read_pylock(path: Path) -> Listing:
    """Read a pylock.toml (PEP 751).

    Raises:
        InputError: it cannot be read, or is of a version that is not known.
    """
    document = read_toml(path)
    if not str(document.get("lock-version", "")).startswith("1."):
        raise InputError(f"{path.name}: lock-version must be 1.x; make it anew, for instance with uv export.")
    entries = [_entry(row, path.name) for row in tables(document.get("packages"))]
    wanted, skipped = list[Wanted](), list[SkippedPackage]()
    for entry in entries:
        elsewhere = next((word for word in ("vcs", "directory", "archive") if word in entry.row), "")
        _add(entry, elsewhere, entry.marker(entry.row.get("marker")), path.name, wanted, skipped)
    requires = {e.key: tuple(_names(e.row.get("dependencies"))) for e in entries}
    return _listing(wanted, skipped, requires if any(requires.values()) else {}, path)


def read_poetry_lock(path: Path) -> Listing:
    """Read a poetry.lock; groups other than main are for development. Errors as of `read_pylock`."""
    document = read_toml(path)
    files = table(table(document.get("metadata")).get("files"))  # where Poetry before 1.4 kept them
    entries = [_entry(row, path.name, files) for row in tables(document.get("package"))]
    wanted, skipped = list[Wanted](), list[SkippedPackage]()
    for entry in entries:
        groups = strings(entry.row.get("groups")) or [str(entry.row.get("category", "main"))]
        markers = entry.row.get("markers")
        marker = table(markers).get("main") if isinstance(markers, dict) else markers
        kind = str(table(entry.row.get("source")).get("type", ""))
        if "main" not in groups:
            why = f"{path.name}: only in the group {', '.join(groups)}; it does not ship"
            skipped.append(SkippedPackage(entry.name, why, entry.version, ships=False))
        else:
            _add(entry, kind if kind in _NOT_INDEX else "", entry.marker(marker), path.name, wanted, skipped)
    requires = {e.key: tuple(map(canonicalize_name, table(e.row.get("dependencies")))) for e in entries}
    return _listing(wanted, skipped, requires, path)


def read_uv_lock(path: Path, environment: dict[str, str]) -> Listing:
    """Read a uv.lock: what the project reaches on this platform ships, the rest is listed. Errors as of `read_pylock`.

    What an extra of the project adds counts as shipping, unless it is named as one for development.
    """
    document = read_toml(path)
    entries = [_entry(row, path.name) for row in tables(document.get("package"))]
    own = [e for e in entries if _is_own(e)]
    reached = _reach(own, entries, environment) if own else entries
    wanted, skipped = list[Wanted](), list[SkippedPackage]()
    for entry in entries:
        if entry in own:
            skipped.append(SkippedPackage(entry.name, OWN, entry.version, ships=False))
        elif entry not in reached:
            why = f"{path.name}: not reached on this platform: for development, another platform or another extra"
            skipped.append(SkippedPackage(entry.name, why, entry.version, ships=False))
        else:
            elsewhere = next((w for w in table(entry.row.get("source")) if w in _NOT_INDEX), "")
            _add(entry, elsewhere, "", path.name, wanted, skipped)
    edges = {e.key: tuple(_names(list(_edges(e, own)))) for e in reached}
    roots = frozenset(key for e in own for key in edges.get(e.key, ()))
    return _listing(wanted, skipped, edges, path, roots)


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """One package of a lock; `problem` says why it cannot be used."""

    name: str
    version: str
    row: dict[str, Any]
    hashes: frozenset[str] = frozenset()
    problem: str = ""

    @property
    def key(self) -> str:
        return canonicalize_name(self.name)

    @staticmethod
    def marker(value: Any) -> str:
        """A marker that can be read; one that cannot is left out, so that the package counts as shipping."""
        try:
            return str(Marker(value)) if isinstance(value, str) and value.strip() else ""
        except InvalidMarker:
            return ""


def _entry(row: Any, file: str, files: Mapping[str, Any] | None = None) -> _Entry:
    fields = table(row)
    name, version = fields.get("name"), fields.get("version", "")
    if not isinstance(name, str) or not isinstance(version, str):
        return _Entry(
            name if isinstance(name, str) else f"an entry of {file}", "", fields, problem="no name or version"
        )
    rows = [*tables(fields.get("wheels")), *tables(fields.get("files")), *tables((files or {}).get(name))]
    return _Entry(name, version, fields, frozenset(_hashes(rows)))


def _hashes(rows: Iterable[Any]) -> Iterable[str]:
    """The SHA-256 of each file: `hash = "sha256:..."` or `hashes.sha256`."""
    for row in map(table, rows):
        stated = str(row.get("hash", ""))
        if stated.startswith("sha256:"):
            yield stated.removeprefix("sha256:").lower()
        elif isinstance(table(row.get("hashes")).get("sha256"), str):
            yield row["hashes"]["sha256"].lower()


def _add(
    entry: _Entry, elsewhere: str, marker: str, file: str, wanted: list[Wanted], skipped: list[SkippedPackage]
) -> None:
    """Put an entry among those to read, or among those skipped, with the reason."""
    problem = entry.problem or (
        f"comes from {_NOT_INDEX[elsewhere]} and not from the index; add its code as source" if elsewhere else ""
    )
    try:
        if problem:
            raise Refused(problem)
        requirement = _pin(entry, marker)
    except Refused as refused:
        skipped.append(SkippedPackage(entry.name, f"{file}: {refused}", entry.version))
        return
    wanted.append(Wanted(requirement, 0, entry.hashes, file))


def _pin(entry: _Entry, marker: str) -> Requirement:
    if not entry.version:
        raise Refused("no version is locked")
    return parse(f"{entry.name}=={entry.version}" + (f"; {marker}" if marker else ""))


def _names(rows: Any) -> Iterable[str]:
    return (canonicalize_name(str(table(row).get("name", ""))) for row in tables(rows))


def _listing(
    wanted: Sequence[Wanted],
    skipped: Sequence[SkippedPackage],
    requires: Mapping[str, tuple[str, ...]],
    path: Path,
    roots: frozenset[str] = frozenset(),
) -> Listing:
    if not wanted and not skipped:
        raise InputError(f"{path.name}: locks no package; make it anew, or give the requirements file.")
    return Listing(tuple(wanted), tuple(skipped), complete=True, roots=roots, requires=requires)


def _is_own(entry: _Entry) -> bool:
    """Whether it is the project itself or a member of its workspace."""
    source = table(entry.row.get("source"))
    return any(isinstance(source.get(word), str) for word in ("virtual", "editable"))


def _edges(entry: _Entry, own: Sequence[_Entry], extras: Iterable[str] = ()) -> Iterable[Any]:
    """What an entry depends on; of the project itself also what its extras add."""
    yield from tables(entry.row.get("dependencies"))
    optional = table(entry.row.get("optional-dependencies"))
    asked = [name for name in optional if not for_development(name)] if entry in own else extras
    for name in asked:
        yield from tables(optional.get(name))


def _reach(own: Sequence[_Entry], entries: Sequence[_Entry], environment: dict[str, str]) -> list[_Entry]:
    """The entries that the project needs on this platform; a lock may hold one package in several versions."""
    by_name: dict[str, list[_Entry]] = {}
    for entry in entries:
        by_name.setdefault(entry.key, []).append(entry)
    reached: dict[int, _Entry] = {}
    seen, queue = set[tuple[int, frozenset[str]]](), [(e, frozenset[str]()) for e in own]
    while queue:
        entry, extras = queue.pop()
        if (id(entry), extras) in seen:
            continue
        seen.add((id(entry), extras))
        reached[id(entry)] = entry
        for row in map(table, _edges(entry, own, extras)):
            if _holds(row.get("marker"), environment):
                asked = frozenset(strings(row.get("extra")))
                queue += [(e, asked) for e in _meant(row, by_name)]
    return list(reached.values())


def _meant(row: dict[str, Any], by_name: Mapping[str, list[_Entry]]) -> list[_Entry]:
    """The entries that a dependency may mean: the one of its version where it names one."""
    options = by_name.get(canonicalize_name(str(row.get("name", ""))), [])
    return [e for e in options if row.get("version", e.version) == e.version]


def _holds(marker: Any, environment: dict[str, str]) -> bool:
    text = _Entry.marker(marker)
    return not text or applies(Requirement(f"x; {text}"), environment)
