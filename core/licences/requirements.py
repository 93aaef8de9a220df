"""A requirements.txt or pip-style lock file, read line by line without following anything it points at.

The file may come from a stranger. What would make an installer read another file, another server or a shell is refused
with the line and a way out; nothing of the file ever reaches a command line as it stands.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Environment, default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from core.errors import InputError

MOST_LINES = 10_000
MOST_BYTES = 10_000_000  # 10,000 lines of hashes are about 5 MB
TARGETS: dict[str, dict[str, str]] = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    "macos": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
    "windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
}

_HASH = re.compile(r"\s--hash[= ]\s*(?P<algorithm>[a-z0-9]+):(?P<digest>[0-9a-fA-F]+)(?=\s|$)")
_SHELL = re.compile(r"[$`|&{}\\\x00-\x08\x0b-\x1f]")
_NAME = re.compile(r"^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^]]*\]\s*)?@")
_INDEX = {"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--no-index", "--trusted-host"}
_EXCUSES = {
    "-r": "includes another file, which is not followed; put that file's lines in its place",
    "-c": "names a constraints file, which is not followed; write the versions on the requirement lines",
    "-e": "installs from a folder in editable mode; name the published packages it depends on instead",
}
_LONG = {"--requirement": "-r", "--constraint": "-c", "--editable": "-e"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One requirement line: what it asks for, where it stands, and the file hashes it accepts."""

    requirement: Requirement
    line: int
    hashes: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """The name as the index compares it."""
        return canonicalize_name(self.requirement.name)

    @property
    def pin(self) -> str:
        """The exact version it asks for, empty where it leaves a choice."""
        versions = [s.version for s in self.requirement.specifier if s.operator in ("==", "===")]
        return versions[0] if len(versions) == 1 and "*" not in versions[0] else ""


def read_requirements(path: Path) -> list[Wanted]:
    """Read a requirements file whole.

    Raises:
        InputError: the first thing in it that cannot be used, with its line and what to do.
    """
    where = path.name
    if path.suffix.lower() in {".toml", ".json", ".yaml", ".yml", ".zip", ".whl", ".gz"}:
        raise InputError(f"{where}: not a requirements file; give a requirements.txt or a pip-style lock file.")
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{where}: larger than {MOST_BYTES // 1_000_000} MB; a requirements file is a few kB.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not UTF-8 at byte {error.start}; save it as UTF-8 text.") from None
    if text.count("\n") >= MOST_LINES:
        raise InputError(f"{where}: more than {MOST_LINES:,} lines; split it into one file per product.")
    wanted = [_read_line(line, number, where) for number, line in _logical_lines(text)]
    if not wanted:
        raise InputError(f"{where}: names no package; write one requirement a line, such as pandas>=2.")
    return wanted


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


def _read_line(line: str, number: int, file: str) -> Wanted:
    where = f"{file}, line {number}"
    if line.startswith("-"):
        raise InputError(f"{where}: {_option(line)}.")
    direct = _direct(line)
    if direct:
        raise InputError(
            f"{where}: {direct}; name the published package and its version instead, such as pandas==3.1.1."
        )
    hashes = frozenset(m["digest"].lower() for m in _HASH.finditer(line) if m["algorithm"] == "sha256")
    bare = _HASH.sub("", line).strip()
    option = re.search(r"\s(--?[A-Za-z][\w-]*)", bare)
    if option and option[1] == "--hash":
        raise InputError(f"{where}: a --hash that is not algorithm:hex digits; copy the line from the lock file again.")
    if option:
        raise InputError(f"{where}: the option {option[1]} is not used here; remove it (only --hash may follow).")
    found = _SHELL.search(bare)
    if found:
        raise InputError(
            f"{where}: holds {found[0]!r}, which no requirement needs; write the name and version plainly."
        )
    try:
        requirement = Requirement(bare)
    except InvalidRequirement as error:
        why = str(error).splitlines()[0]
        raise InputError(f"{where}: not a requirement ({why}); write it as name==1.2.3 or name>=1.2.") from None
    return Wanted(requirement, number, hashes)


def _option(line: str) -> str:
    """Say what an option line is and what to do about it."""
    word = re.split(r"[\s=]", line, maxsplit=1)[0]
    word = word if word.startswith("--") else word[:2]  # "-ihttps://name:password@..." is one word
    short = _LONG.get(word, word)
    if short in _EXCUSES:
        return f"{word} {_EXCUSES[short]}"
    if word in _INDEX:
        return f"{word} would ask another package index; remove it, the index set up on this machine is used"
    return f"the option {word} is not used here; remove it (only --hash may follow a requirement)"


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


def marker_environment(platform: str) -> dict[str, str]:
    """The values markers are compared with: this Python, on the target platform.

    Raises:
        InputError: a platform that is not one of linux, macos, windows.
    """
    if platform not in TARGETS:
        raise InputError(f"platform {platform!r}: give one of {', '.join(TARGETS)}.")
    environment: Environment = default_environment()
    return {k: str(v) for k, v in environment.items()} | TARGETS[platform]


def applies(requirement: Requirement, environment: dict[str, str], extras: frozenset[str] = frozenset()) -> bool:
    """Whether the target installs it: its marker holds, for no extra or for one of those asked for."""
    if requirement.marker is None:
        return True
    return any(requirement.marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras))
