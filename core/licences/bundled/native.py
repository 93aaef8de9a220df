"""Native libraries that a package carries as files of their own, or linked into its extension modules."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from core.licences import spdx
from core.licences.bundled.notices import Notice
from core.licences.bundled.part import Part, part_key
from core.licences.bundled.symbols import Symbols
from core.licences.spdx import Node

TABLE = Path(__file__).resolve().parents[3] / "data" / "policies" / "licences" / "libraries.toml"
_LIBRARY = re.compile(r"\.(so(\.[\d.]+)?|dylib|dll|a)$", re.I)
_EXTENSION = re.compile(r"\.(cpython-|cp\d|abi3|pypy)[^/]*\.(so|pyd)$|\.pyd$", re.I)
_ENDS = tuple(e for end in (".dylib", ".dll", ".a", ".pyd") for e in (end, end.upper()))
_STEM = re.compile(r"^(?:lib)?(?P<stem>.+?)(?:-[0-9a-f]{8,32})*(?:[-.]\d[\d.]*)?\.(?:so[\d.]*|dylib|dll|a)$", re.I)
_REPAIRED = re.compile(r"(\.libs|\.dylibs)/")  # where auditwheel, delocate and delvewheel put what they copy in


@dataclass(frozen=True, slots=True)
class Library:
    """A row of libraries.toml."""

    name: str
    files: tuple[str, ...]
    symbols: tuple[bytes, ...]
    licence: Node | None
    unsettled: str
    source: str


@cache
def table() -> tuple[Library, ...]:
    """The libraries that are known by file name or function."""
    rows = tomllib.loads(TABLE.read_text("utf-8"))["libraries"]
    return tuple(
        Library(
            row["name"],
            tuple(row["files"]),
            tuple(s.encode() for s in row.get("symbols", ())),
            spdx.parse(row["licence"]) if "licence" in row else None,
            row.get("unsettled", ""),
            f"{row['source']}; {_checked(row)}",
        )
        for row in rows
    )


def _checked(row: dict[str, Any]) -> str:
    """What was opened to see an entry's licence, in words."""
    return f"checked in {row['checked']}" if row.get("checked") else "from general knowledge, not checked"


@cache
def _by_name() -> tuple[dict[str, Library], list[tuple[str, Library]]]:
    exact = {p: one for one in table() for p in one.files if "*" not in p}
    exact |= {part_key(one.name): one for one in table()}
    return exact, [(p, one) for one in table() for p in one.files if "*" in p]


@lru_cache(maxsize=4096)
def named(stem: str) -> Library | None:
    """The library that goes by a name, without "lib", hash and version."""
    exact, patterns = _by_name()
    return exact.get(stem) or next((one for p, one in patterns if fnmatchcase(stem, p)), None)


def is_native(name: str) -> bool:
    """Whether a file holds machine code, by its name."""
    if ".so" not in name and not name.endswith(_ENDS):
        return False
    return bool(_LIBRARY.search(name) or _EXTENSION.search(name))


def parts(top: Path, names: Sequence[str], notices: Sequence[Notice], symbols: Symbols | None) -> Iterator[Part]:
    """The libraries of others among a package's files.

    Args:
        top: the folder that `names` start from.
        names: the package's native files.
        notices: what its licence files say of bundled parts; they come before the table.
        symbols: tells what was linked into them; None: they are not opened.
    """
    for name in names:
        if _EXTENSION.search(name):
            yield from _linked_in(top, name, notices, symbols) if symbols is not None else ()
            continue
        stem = _stem(name)
        known = named(stem) or named(stem.split("-")[0])
        notice = next((n for n in notices if n.covers(name)), None)
        if known is not None or _REPAIRED.search(name):
            yield _as_file(name, stem, known, notice)
        elif symbols is not None:
            yield from _linked_in(top, name, notices, symbols)


def _stem(name: str) -> str:
    base = PurePosixPath(name).name.lower()
    found = _STEM.match(base)
    return found["stem"] if found else base


def _as_file(name: str, stem: str, known: Library | None, notice: Notice | None) -> Part:
    licence = notice.licence if notice else known.licence if known else None
    why = "" if licence is not None else known.unsettled if known else "its licence is not known: ask or look it up"
    says = f"{notice.file} line {notice.line} gives {notice.said} for it" if notice else known.source if known else ""
    title = known.name if known else f"lib{stem}"
    return Part(title, "", licence, "library", name, 0, says, why, static=name.lower().endswith(".a"))


def _linked_in(top: Path, name: str, notices: Sequence[Notice], symbols: Symbols) -> Iterator[Part]:
    found = symbols.of(top / name)
    for known in table() if found else ():
        seen = sorted(s.decode() for s in known.symbols if s in found)
        if not seen:
            continue
        notice = next((n for n in notices if part_key(n.name) == part_key(known.name)), None)
        said = f"; {notice.file} line {notice.line} says {notice.said}" if notice else ""
        licence = notice.licence if notice else known.licence
        says = f"it defines {seen[0]}() of {known.name} ({known.source}){said}"
        yield Part(
            known.name, "", licence, "static library", name, 0, says, "" if licence else known.unsettled, static=True
        )


@cache
def telling() -> frozenset[bytes]:
    """The functions by which linked-in libraries are known."""
    return frozenset(symbol for library in table() for symbol in library.symbols)
