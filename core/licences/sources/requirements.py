"""A requirements.txt or pip-style lock file, line by line, without following anything that leads out of its folder.

The file may come from a stranger. A line that would make an installer ask another server, build foreign code or start a
shell is skipped with its place and a way out; nothing of the file ever reaches a command line as it stands. Other files
that it includes are read where they lie in the same folder or below it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from core.errors import InputError
from core.licences.package import SkippedPackage
from core.licences.sources.listing import Listing, Wanted

MOST_LINES = 50_000  # with everything it includes: a lock of 250 packages with its hashes has 4,000
MOST_BYTES = 10_000_000
MOST_FILES = 50

_HASH = re.compile(r"\s--hash[= ]\s*(?P<algorithm>[a-z0-9]+):(?P<digest>[0-9a-fA-F]+)(?=\s|$)")
_SHELL = re.compile(r"[$`|&{}\\\x00-\x08\x0b-\x1f]")
_NAME = re.compile(r"^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^]]*\]\s*)?@")
_EGG = re.compile(r"#egg=([A-Za-z0-9][A-Za-z0-9._-]*)")
_FIRST = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")
_INDEX = {"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--no-index", "--trusted-host"}
_LONG = {"--requirement": "-r", "--constraint": "-c", "--editable": "-e"}
_INSTEAD = "name the published package and its version instead, such as pandas==3.1.1, or add its code as source"


class Refused(Exception):  # noqa: N818 - an answer the caller acts on
    """A line cannot be used; the message says why."""

    def __init__(self, why: str, *, ships: bool = True) -> None:
        """Take the reason, and whether a package that ships hides behind the line."""
        super().__init__(why)
        self.ships = ships


def read_requirements(path: Path, root: Path | None = None) -> Listing:
    """Read a requirements file with the files that it includes.

    Args:
        root: the folder that no included file may lie outside of; the file's own where None.

    Raises:
        InputError: the file as a whole cannot be used, with what to do.
    """
    reader = _Reader((root or path.parent).resolve())
    text = _text(path)
    reader.read(path, text)
    if not reader.wanted and not reader.skipped:
        raise InputError(f"{path.name}: names no package; write one requirement a line, such as pandas>=2.")
    complete = bool(reader.wanted) and all(w.pin and w.hashes for w in reader.wanted)
    return Listing(tuple(reader.wanted), tuple(reader.skipped), tuple(reader.constraints), complete)


def _text(path: Path) -> str:
    where = path.name
    if path.suffix.lower() in {".toml", ".json", ".yaml", ".yml", ".zip", ".whl", ".gz"}:
        raise InputError(f"{where}: not a requirements file; give a requirements.txt or a pip-style lock file.")
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{where}: larger than {MOST_BYTES // 1_000_000} MB; a requirements file is a few kB.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not UTF-8 at byte {error.start}; save it as UTF-8 text.") from None
    if "\0" in text:
        raise InputError(f"{where}: holds NUL bytes, so it is no text; give a requirements.txt or a lock file.")
    return text


class _Reader:
    """Reads a file and what it includes, each once, into one list."""

    def __init__(self, root: Path) -> None:
        self._root, self._seen, self._lines = root, set[Path](), 0
        self.wanted: list[Wanted] = []
        self.skipped: list[SkippedPackage] = []
        self.constraints: list[str] = []

    def read(self, path: Path, text: str, *, constrains: bool = False) -> None:
        """Read one file's text; of a constraints file only versions are kept."""
        self._seen.add(path.resolve())
        self._lines += text.count("\n") + 1
        if self._lines > MOST_LINES:
            raise InputError(f"{path.name}: more than {MOST_LINES:,} lines; split it into one file per product.")
        for number, line in _logical_lines(text):
            try:
                if line.startswith("-"):
                    self._option(line, path)
                elif constrains:
                    self.constraints.append(str(_requirement(line)[0]))
                else:
                    requirement, hashes = _requirement(line)
                    self.wanted.append(Wanted(requirement, number, hashes, path.name))
            except Refused as refused:
                where = f"{path.name}, line {number}"
                name = "" if constrains else _called(line)
                ships = refused.ships and not constrains
                self.skipped.append(SkippedPackage(name or where, f"{where}: {refused}", ships=ships))

    def _option(self, line: str, path: Path) -> None:
        """Follow an include, or refuse the option."""
        word = re.split(r"[\s=]", line, maxsplit=1)[0]
        word = word if word.startswith("--") else word[:2]  # "-ihttps://name:password@..." is one word
        short, rest = _LONG.get(word, word), line[len(word) :].strip().removeprefix("=").strip()
        if short in ("-r", "-c"):
            self._include(word, rest, path, constrains=short == "-c")
        elif short == "-e":
            raise Refused(f"{word} installs from a folder or a repository; {_INSTEAD}", ships=rest not in (".", "./"))
        elif word in _INDEX:
            why = f"{word} would ask another package index; the one set up on this machine is asked instead"
            raise Refused(why, ships=False)
        else:
            raise Refused(f"the option {word} is not used here (only --hash may follow a requirement)", ships=False)

    def _include(self, word: str, name: str, path: Path, *, constrains: bool) -> None:
        ships = not constrains
        if not name or "://" in name or _SHELL.search(name):
            raise Refused(f"{word} names no file beside it; put that file's lines in its place", ships=ships)
        full = (path.parent / name).resolve()
        if not full.is_relative_to(self._root):
            why = f"{word} leads out of the file's folder, which is not followed; put that file's lines in its place"
            raise Refused(why, ships=ships)
        if full in self._seen:
            return  # a circle, or a file named twice
        if not full.is_file():
            raise Refused(f"{word} names a file that is not there; bring it or put its lines there", ships=ships)
        if len(self._seen) >= MOST_FILES:
            raise Refused(f"{word} names file {MOST_FILES + 1} of a chain, which is too long", ships=ships)
        try:
            text = _text(full)
        except (InputError, OSError) as error:
            raise Refused(f"{word} names a file that cannot be read ({error})", ships=ships) from None
        self.read(full, text, constrains=constrains)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Join continued lines and drop comments, as pip does: a comment begins at a # after white space."""
    start, parts = 0, list[str]()
    for number, raw in enumerate(text.split("\n"), 1):
        line = re.sub(r"(^|\s)#.*$", "", raw.rstrip("\r"))
        start = start or number
        continued = line.endswith("\\")
        parts.append(line[:-1] if continued else line)
        if not continued:
            whole = " ".join(parts).strip()
            if whole:
                yield start, whole
            start, parts = 0, []
    if "".join(parts).strip():
        yield start, " ".join(parts).strip()


def _requirement(line: str) -> tuple[Requirement, frozenset[str]]:
    """A line that names a package, with the hashes behind it."""
    direct = _direct(line)
    if direct:
        raise Refused(f"{direct}; {_INSTEAD}")
    hashes = frozenset(m["digest"].lower() for m in _HASH.finditer(line) if m["algorithm"] == "sha256")
    bare = _HASH.sub("", line).strip()
    option = re.search(r"\s(--?[A-Za-z][\w-]*)", bare)
    if option and option[1] == "--hash":
        raise Refused("a --hash that is not algorithm:hex digits; copy the line from the lock file again")
    if option:
        raise Refused(f"the option {option[1]} is not used here; remove it (only --hash may follow)")
    found = _SHELL.search(bare)
    if found:
        raise Refused(f"holds {found[0]!r}, which no requirement needs; write the name and version plainly")
    return parse(bare), hashes


def parse(text: str) -> Requirement:
    """Read one requirement that names a package of the index.

    Raises:
        Refused: it is none, or points at a place of its own.
    """
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        why = str(error).splitlines()[0]
        raise Refused(f"not a requirement ({why}); write it as name==1.2.3 or name>=1.2") from None
    if requirement.url:
        raise Refused(f"{requirement.name} @ ... points at a place of its own; {_INSTEAD}")
    return requirement


def _called(line: str) -> str:
    """The package a refused line speaks of, empty where that cannot be told; never a part of a URL."""
    found = _NAME.match(line) or _EGG.search(line)
    if found:
        return found[1]
    first = _FIRST.match(line)
    return first[0] if first and not _direct(line) and not line[first.end() :].startswith((":", "@", "/")) else ""


def _direct(line: str) -> str:
    """Say what a line is that points at a place instead of naming a package; empty where it names one."""
    named = _NAME.match(line)
    if named:
        return f"{named[1]} @ ... points at a place of its own"
    low = line.lower()
    scheme = re.match(r"^(git|hg|svn|bzr)\+", low)
    if scheme:
        return f"{scheme[0]}... is a source repository"
    if low.startswith("file:") or re.match(r"^(\.{0,2}/|~|[a-z]:[\\/]|\.{1,2}$)", low) or "\\" in low:
        return "a path on this machine"
    if "://" in low.split(";")[0].split(" --hash")[0]:
        return "a URL"
    if re.search(r"\.(whl|zip|tar\.gz|tar\.bz2|tgz)(\s|$)", low) or "/" in low.split(";")[0]:
        return "a file or path"
    return ""
