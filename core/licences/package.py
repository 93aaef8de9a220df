"""One package as it lies on disk: its metadata with line numbers, and the licence texts that came with it.

Only files are read, as bytes that may be in any encoding; nothing of a package is imported or run.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Literal

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

Origin = Literal["installed", "index", "wheel", "node_modules", "lock", "sbom", "source"]
Usage = Literal["dynamic", "static", "copied"]  # what can be seen; that it was modified, only the founder can say
TEXT_BYTES = 1_000_000  # the longest real licence file seen (CUDA) is 80 kB; beyond this a file is not a licence
METADATA_BYTES = 5_000_000
STEP_BYTES = 16_384  # most headers fit; the description below them can be long
HEADERS, HEADER_BYTES = 12, 8_000

_EMPTY_LINE = re.compile(rb"\n\r?\n")
_HEADER = re.compile(r"^([A-Za-z0-9-]+):[ \t]?(.*)$")
_PRIMARY = re.compile(r"licen[cs]e|^copying|^copyright", re.I)
_SECONDARY = re.compile(r"third|3rd|bundled|vendor|notice|authors|licenses\.|_for_|dependenc", re.I)
_SPEAKS = re.compile(r"licen[cs]e|redistribut", re.I)
_CODE = {".py", ".pyc", ".pyi", ".so", ".json", ".c", ".h", ".html"}


@dataclass(frozen=True, slots=True)
class SkippedPackage:
    """A package that was named but could not be read, with the reason.

    Attributes:
        ships: False where the product never holds it (its marker says so, or it is only for development): it then
            leaves no doubt behind.
        ecosystem, via, required_by: as of a `ResolvedPackage`.
    """

    name: str
    reason: str
    version: str = ""
    ships: bool = True
    ecosystem: str = "python"
    via: tuple[str, ...] = ()
    required_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class ResolvedPackage:
    """A package whose metadata can be read.

    Attributes:
        folder: where its files lie: the `.dist-info` folder of a Python package (`.egg-info` for old ones), a folder
            below `node_modules`, a source folder. None where only a lock file or an SBOM speaks of it.
        origin: where its metadata was read.
        ecosystem: "python", "npm", "own" (the product's own code), "model", "dataset", "bundled" (found inside
            another package), or the type that an SBOM's package URL gives ("cargo", "maven", "deb").
        use: how the product holds it: a dynamic dependency, linked into a binary, or copied into the source.
        stated: its METADATA, or what a lock file or SBOM says of its licence in the same form; None: not read yet.
        texts: licence texts that came with such a statement.
        via: why it is here: where the chain of requirers begins (a file, an environment), then the packages on the
            way, its direct requirer last. One entry only: it was named itself.
        required_by: every package that directly requires it.
    """

    name: str
    version: str
    folder: Path | None
    origin: Origin = "installed"
    ecosystem: str = "python"
    use: Usage = "dynamic"
    stated: "Metadata | None" = field(default=None, compare=False, repr=False)
    texts: "tuple[LicenceText, ...]" = field(default=(), compare=False, repr=False)
    via: tuple[str, ...] = ()
    required_by: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name as the index compares it."""
        return canonicalize_name(self.name)

    @cached_property
    def metadata(self) -> "Metadata":
        """What its METADATA says, read once, or what is stated of it."""
        if self.stated is not None or self.folder is None:
            return self.stated or Metadata("", ())
        return read_metadata(self.folder)

    def requires(self) -> Iterator[Requirement]:
        """What its metadata says it depends on; lines that are no valid requirement are passed over."""
        for _, line in self.metadata.all("Requires-Dist"):
            try:
                yield Requirement(line)
            except InvalidRequirement:
                continue


Package = ResolvedPackage | SkippedPackage


@dataclass(frozen=True, slots=True)
class Metadata:
    """The header fields of a METADATA file: (lower-case name, line, value), in file order.

    What a lock file or an SBOM says takes the same form, an expression as `license-expression`, any other name as
    `license`; `tier` then names who says it ("package-lock.json", "CycloneDX"), and is empty for METADATA itself.
    """

    file: str
    fields: tuple[tuple[str, int, str], ...]
    tier: str = ""

    def all(self, name: str) -> list[tuple[int, str]]:
        """Every (line, value) of a field."""
        return [(line, value) for key, line, value in self.fields if key == name.lower()]

    def first(self, name: str) -> tuple[int, str] | None:
        """The first (line, value) of a field that says something."""
        return next(((line, v) for line, v in self.all(name) if v.strip()), None)


@dataclass(frozen=True, slots=True)
class LicenceText:
    """A text that came with a package: where it lies, and what it says."""

    file: str
    text: str
    line: int = 1  # where the text begins in that file
    tier: Literal["text", "header"] = "text"  # a licence text, or the comment at the head of a source file


def read_metadata(folder: Path) -> Metadata:
    """Read METADATA (PKG-INFO in an egg-info). A missing file gives no fields; wrong bytes become replacement marks."""
    for name in ("METADATA", "PKG-INFO"):
        path = folder / name
        if path.is_file():
            return Metadata(f"{folder.name}/{name}", tuple(_fields(_head(path).decode("utf-8", "replace"))))
    return Metadata(f"{folder.name}/METADATA", ())


def _head(path: Path) -> bytes:
    """A file up to its first empty line."""
    with path.open("rb") as f:
        raw = f.read(STEP_BYTES)
        while not _EMPTY_LINE.search(raw) and len(raw) < METADATA_BYTES and (more := f.read(STEP_BYTES)):
            raw += more
    end = _EMPTY_LINE.search(raw)
    return raw[: end.end()] if end else raw


def _fields(text: str) -> Iterator[tuple[str, int, str]]:
    """Split the header block; a line that begins with white space goes on with the field before it."""
    name, start, lines = "", 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if not line:
            break
        if line[0] in " \t" and name:
            lines.append(line.removeprefix("        ").removeprefix("       |"))
            continue
        if name:
            yield name, start, "\n".join(lines).strip()
        found = _HEADER.match(line)
        name, start, lines = (found[1].lower(), number, [found[2]]) if found else ("", 0, [])
    if name:
        yield name, start, "\n".join(lines).strip()


def read_package(folder: Path, origin: Origin = "installed") -> ResolvedPackage | SkippedPackage:
    """Read one `.dist-info` or `.egg-info` folder. Its own metadata names it; the folder's name only stands in."""
    stem_name, _, stem_version = folder.name.rsplit(".", 1)[0].partition("-")
    try:
        metadata = read_metadata(folder)
    except OSError as error:
        return SkippedPackage(stem_name, f"its metadata cannot be read ({error.strerror})", stem_version)
    if not metadata.fields:
        return SkippedPackage(stem_name, "its METADATA file is missing or empty", stem_version)
    name, version = metadata.first("Name"), metadata.first("Version")
    called, numbered = name[1] if name else stem_name, version[1] if version else stem_version
    return ResolvedPackage(called, numbered, folder, origin, stated=metadata)


def licence_texts(package: ResolvedPackage) -> list[LicenceText]:
    """The package's own licence files, main ones only: no notices, no folders of bundled parts.

    Looked for in its dist-info first, then in the files it installed (RECORD).
    """
    found = list(package.texts)
    for path in _text_files(package):
        try:
            raw = path.read_bytes() if path.stat().st_size <= TEXT_BYTES else b""
        except OSError:
            continue
        if raw.strip() and b"\0" not in raw:
            found.append(LicenceText(_shown(package, path), raw.decode("utf-8", "replace")))
    return found


def overlong_texts(package: ResolvedPackage) -> list[str]:
    """Main licence files that are not read because of their size, in words."""
    sizes = [(path, path.stat().st_size) for path in _text_files(package) if path.is_file()]
    long = [(path, size / 1e6) for path, size in sizes if size > TEXT_BYTES]
    return [f"{_shown(package, path)} has {size:.1f} MB or more, which no licence has: not read" for path, size in long]


def _shown(package: ResolvedPackage, path: Path) -> str:
    return path.relative_to(package.folder.parent).as_posix() if package.folder else path.name


def _text_files(package: ResolvedPackage) -> list[Path]:
    folder = package.folder
    if folder is None:
        return []
    if package.ecosystem == "python":
        return _in_folder(folder) or _in_record(folder)
    return sorted(p for p in _listing(folder) if is_primary(p.name) and _lies_in(p, folder.resolve()))


def is_primary(name: str) -> bool:
    """Whether a file of this name states the licence of the package itself."""
    path = PurePosixPath(name)
    if path.suffix.lower() in _CODE or _SECONDARY.search(path.name):
        return False
    return bool(_PRIMARY.search(path.name))


def _in_folder(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    own = [*folder.iterdir(), *(p for sub in ("licenses", "license_files") for p in _listing(folder / sub))]
    named = [p for p in own if p.is_file() and is_primary(p.name)]
    if named:
        return sorted(named)
    deeper = _listing(folder / "licenses", "*/*")  # some builds keep the project's folder in front of the file
    return sorted(p for p in deeper if p.is_file() and is_primary(p.name))


def _listing(folder: Path, pattern: str = "*") -> list[Path]:
    return list(folder.glob(pattern)) if folder.is_dir() else []


def _in_record(folder: Path) -> list[Path]:
    """Licence files in the package's own top folders, where its dist-info holds none."""
    record, root = folder / "RECORD", folder.parent.resolve()
    if not record.is_file():
        return []
    names = [n for n in _recorded(record) if n.count("/") == 1 and is_primary(n)]
    return sorted(folder.parent / n for n in names if _lies_in(root / n, root))


def _recorded(record: Path) -> list[str]:
    """The files a package installed outside its dist-info, as RECORD lists them."""
    with record.open(encoding="utf-8", errors="replace", newline="") as f:
        names = [row[0] for row in csv.reader(f) if row]
    return [n for n in names if ".dist-info/" not in n]


def _lies_in(path: Path, root: Path) -> bool:
    return path.resolve().is_relative_to(root) and path.is_file()


def source_headers(package: ResolvedPackage) -> list[LicenceText]:
    """The comments at the head of a few of the package's top source files, where they speak of a licence."""
    if package.folder is None or not (package.folder / "RECORD").is_file():
        return []
    record, root = package.folder / "RECORD", package.folder.parent.resolve()
    names = sorted(n for n in _recorded(record) if n.endswith(".py") and n.count("/") <= 1 and "test" not in n)
    out = []
    for name in names[:HEADERS]:
        text = _header(root / name) if _lies_in(root / name, root) else ""
        if _SPEAKS.search(text):
            out.append(LicenceText(name, text, tier="header"))
    return out


def _header(path: Path) -> str:
    with path.open("rb") as f:
        lines = f.read(HEADER_BYTES).decode("utf-8", "replace").splitlines()
    comment = list(takewhile(lambda line: not line.strip() or line.startswith("#"), lines))
    return "\n".join(comment)
