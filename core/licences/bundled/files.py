"""The files of an installed package, as its RECORD lists them, and the licence files of others among them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

from core.licences import spdx
from core.licences.package import TEXT_BYTES, LicenceText

MOST_TEXTS = 150  # a package with more is a collection of licences, as ScanCode is: torch has 64
_NAMED = re.compile(r"licen[cs]e|^copying|^copyright|^unlicense", re.I)
_LISTED = re.compile(r"licen[cs]es/[^/]+$|licen[cs]es$", re.I)  # a folder of texts, each named after what it is for
_WORDS = re.compile(r"(un)?licen[cs]es?|copying|copyright|\.(txt|md|rst|html)$", re.I)
_GENERIC = {"", "licenses", "license_files", "licences", "third_party", "thirdparty", "vendor", "_vendor", "data"}
_NO_TEXT = {".py", ".pyc", ".pyi", ".so", ".json", ".c", ".h", ".html", ".about", ".js", ".pyd", ".dll", ".yml"}


@dataclass(frozen=True, slots=True)
class PartText:
    """A licence text that lies with a part of a package, and what the part is called."""

    part: str
    text: LicenceText


def recorded(folder: Path) -> list[str]:
    """Every file that a package installed, relative to the folder that holds its dist-info; none without a RECORD."""
    record = folder / "RECORD"
    if not record.is_file():
        return []
    lines = record.read_text("utf-8", "replace").splitlines()
    return [line[1:].split('",')[0] if line.startswith('"') else line.partition(",")[0] for line in lines]


def part_texts(package: str, folder: Path, names: Sequence[str]) -> tuple[list[PartText], str]:
    """The licence texts of a package's parts, and why some were left out, if any were."""
    likely = (name for name in names if "licen" in (low := name.lower()) or "copy" in low)  # most of 80,000 are not
    named = ((part, name) for name in likely if (part := _part(package, folder.name, name)))
    found = list(islice(named, MOST_TEXTS + 1))
    if len(found) > MOST_TEXTS:
        return [], f"it holds more than {MOST_TEXTS} licence files, which are taken for a collection and were not read"
    return [PartText(part, text) for part, name in found for text in _read(folder.parent, name)], ""


def _part(package: str, info: str, name: str) -> str:
    """What the part is called whose licence file this is; empty where it is the package's own or no licence file."""
    if not _NAMED.search(name.rpartition("/")[2]) and not _LISTED.search(name):
        return ""
    path = PurePosixPath(name)
    if path.suffix.lower() in _NO_TEXT or ".." in path.parts or path.is_absolute():
        return ""
    folders = path.parts[:-1]
    own = folders[:1] == (info,)
    if not folders or any(f.endswith(".dist-info") for f in folders[1:]):
        return ""
    inside = folders[2:] if own else folders[1:]
    if not _NAMED.search(path.name):
        listed = own and _LISTED.search("/".join(inside)) and not _is_licence(path.stem)
        return path.stem.lower() if listed else ""
    named = next((f for f in reversed(inside) if f.casefold() not in _GENERIC), "") or _named_after(path.name)
    return "" if _is_own(package, named) else named


def _named_after(file: str) -> str:
    """The part in a file's name: "eigen" of LICENSE.eigen; nothing where it only names a licence."""
    rest = _WORDS.sub("", _WORDS.sub("", file)).strip("-_. ")
    return "" if len(rest) < 2 or _is_licence(rest) else rest.lower()


def _is_licence(text: str) -> bool:
    """Whether it is an SPDX id or a name people use for a licence; ScanCode's keys are names of projects, too."""
    node = spdx.parse(text)
    by_id = node is not None and str(node).casefold() == text.casefold()
    return by_id or spdx.squeeze(text) in spdx.names()["aliases"] or bool(spdx.families(text))


def _is_own(package: str, part: str) -> bool:
    return canonicalize_name(part).strip("-") in {
        "",
        *canonicalize_name(package).split("-"),
        canonicalize_name(package),
    }


def _read(top: Path, name: str) -> Iterator[LicenceText]:
    path = top / name
    try:
        if not path.resolve().is_relative_to(top.resolve()):
            return
        raw = path.read_bytes() if path.stat().st_size <= TEXT_BYTES else b""
    except OSError:
        return
    if raw.strip() and b"\0" not in raw:
        yield LicenceText(name, raw.decode("utf-8", "replace"))
