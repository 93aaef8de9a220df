"""Everything of others inside one package: where it was seen, before its licence texts are read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.licences.bundled import native, sboms
from core.licences.bundled.files import PartText, part_texts, recorded
from core.licences.bundled.notices import Notice, notices
from core.licences.bundled.part import How, Part, part_key
from core.licences.bundled.symbols import Symbols
from core.licences.package import LicenceText, ResolvedPackage, SkippedPackage, read_package

_FIRST: dict[How, int] = {
    "library": 0,
    "static library": 1,
    "SBOM": 2,
    "vendored package": 3,
    "licence file": 4,
}


@dataclass(frozen=True, slots=True)
class XRay:
    """What one package holds of others.

    Attributes:
        parts: those whose licence is known, or known to be unknown, without reading a text.
        vendored: whole packages inside it, each with metadata of its own.
        texts: licence texts that lie with parts of it.
        left_out: what was not looked at, in words.
    """

    parts: tuple[Part, ...] = ()
    vendored: tuple[ResolvedPackage, ...] = ()
    texts: tuple[PartText, ...] = ()
    left_out: str = ""


def xray(package: ResolvedPackage, own_texts: Sequence[LicenceText], symbols: Symbols | None) -> XRay:
    """Look through one package.

    Args:
        own_texts: its main licence files, which may list parts.
        symbols: tells what native code defines; licence files of parts are then read, too. None: names and SBOMs only.
    """
    folder = package.folder
    if folder is None or not folder.name.endswith(".dist-info"):
        return XRay()
    names = recorded(folder)
    listed = notices(_listing(folder, names) if symbols is not None else [])
    libraries = [name for name in names if native.is_native(name)]
    parts = [
        *native.parts(folder.parent, libraries, listed, symbols),
        *sboms.parts(folder, package.name),
    ]
    parts += [_noticed(n) for n in listed if not _seen(n, listed, libraries)]
    own = {text.file for text in own_texts}
    theirs = [name for name in names if name not in own]
    texts, left = part_texts(package.name, folder, theirs) if symbols is not None else ([], "")
    return XRay(tuple(merged(parts)), tuple(_vendored(folder, names)), tuple(texts), left)


def _listing(folder: Path, names: Sequence[str]) -> list[LicenceText]:
    """The licence files of a package that may list parts: all of its dist-info, notices included."""
    own = [n for n in names if n.startswith(f"{folder.name}/") and n.endswith((".txt", "LICENSE", "NOTICE", ".md"))]
    out = []
    for name in own:
        path = folder.parent / name
        if path.is_file() and path.stat().st_size < 1_000_000 and not name.endswith("top_level.txt"):
            out.append(LicenceText(name, path.read_text("utf-8", "replace")))
    return out


def _seen(notice: Notice, listed: Sequence[Notice], libraries: Sequence[str]) -> bool:
    """Whether it is the notice of a library that was found as a file."""
    files = [name for name in libraries if notice.covers(name)]
    return any(notice is next(n for n in listed if n.covers(f)) for f in files)


def _noticed(notice: Notice) -> Part:
    return Part(
        notice.name, "", notice.licence, "licence file", notice.file, notice.line, f"gives {notice.said} for it"
    )


def _vendored(folder: Path, names: Iterable[str]) -> list[ResolvedPackage]:
    """The packages whose own dist-info folders lie inside this one's."""
    out = []
    for name in names:
        if not name.endswith(".dist-info/METADATA") or name.startswith(f"{folder.name}/"):
            continue
        found = read_package(folder.parent / name.removesuffix("/METADATA"))
        if not isinstance(found, SkippedPackage):
            out.append(found)
    return out


def merged(parts: Iterable[Part]) -> list[Part]:
    """One entry a part: the file that was seen comes before what a list says, and a known licence before none."""
    found: dict[tuple[str, bool], Part] = {}
    for part in sorted(parts, key=lambda p: _FIRST[p.how]):
        known = native.named(part_key(part.name))
        title = known.name if known else part.name
        key = (part_key(title), part.ships)
        first = found.setdefault(key, part if title == part.name else replace(part, name=title))
        if first.licence is None and part.licence is not None:
            first = replace(first, licence=part.licence, says=f"{part.file}: {part.says}", why="")
            found[key] = first
        if not first.version and part.version:
            found[key] = replace(first, version=part.version)
    return list(found.values())
