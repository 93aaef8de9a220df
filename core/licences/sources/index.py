"""What the package index knows of packages that are not installed here: which versions fit, and where their wheels lie.

Resolving is uv's work. It is given names and versions only (checked line by line before), in an empty folder of its
own, so that no configuration beside a stranger's file is read while the machine's own index settings stay in force.
Wheels only: a source distribution would have to be built, which runs its code.
"""

import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from uv import find_uv_bin

from core.licences.sources.relay import Relay, upstream
from core.licences.sources.tool import TooSlow, run
from core.licences.sources.wheel import Wheel
from core.progress import Progress, silent

RESOLVE_S = 90.0  # 172 packages resolve in seconds cold; a network that needs more is as good as none
_PATIENCE_S = "60"  # with the relay, which itself waits 10 s for each part it asks for
_ABSENT = re.compile(
    r"Because (?:all versions of )?([\w.-]+?)(?:(?:[=<>!~]=?|,)\S*)? "
    r"(?:was not found in the|ha(?:s|ve) no usable wheels|has no wheels)"
    r"|there (?:is|are) no versions? of ([\w.-]+?)(?:[=<>!~,]|\s)"
)


class IndexUnreachable(Exception):  # noqa: N818 - an answer the caller acts on
    """The package index could not be asked."""


class NoSolution(Exception):  # noqa: N818 - an answer the caller acts on
    """The index was asked and has no wheels that fit; the message says which."""

    def __init__(self, message: str, culprit: str = "") -> None:
        """Take the key of the one package that the index lacks; empty where several do not fit together."""
        super().__init__(message)
        self.culprit = culprit


def resolve(
    requirements: Sequence[str],
    *,
    constraints: Iterable[str] = (),
    excluded: Iterable[str] = (),
    dependencies: bool = True,
    platform: str = "linux",
    cache: Path | None = None,
    progress: Progress = silent,
) -> dict[str, list[Wheel]]:
    """Resolve requirement lines to wheels, with all that they depend on.

    Args:
        requirements: plain PEP 508 lines; no options, URLs or paths.
        constraints: versions to keep to, as `name==version`.
        excluded: names to leave out wherever they are required.
        dependencies: False for a lock file, which is complete as it stands.
        platform: linux, macos or windows; this Python's version.
        cache: where the index's pages and the wheels' metadata are kept on the way, if the machine's settings of the
            index are plain enough to stand in for it.

    Returns:
        Canonical name -> the wheels of the chosen version that fit the platform.

    Raises:
        IndexUnreachable: no answer in time, or none at all.
        NoSolution: the index has no wheels that fit.
    """
    with tempfile.TemporaryDirectory(prefix="licences-") as folder:
        work = Path(folder)
        (work / "uv.toml").touch()  # stops the search for a configuration in the folders above
        (work / "wanted.in").write_text("\n".join(requirements) + "\n", "utf-8")
        (work / "keep.txt").write_text("\n".join(constraints) + "\n", "utf-8")
        (work / "without.txt").write_text("\n".join(excluded) + "\n", "utf-8")
        command = [
            *("pip", "compile", "wanted.in", "--constraints", "keep.txt", "--excludes", "without.txt"),
            *("--format", "pylock.toml", "--output-file", "pylock.toml"),
            *("--quiet", "--no-progress", "--color", "never"),
            *("--only-binary", ":all:", "--python-platform", platform),
            *("--python", sys.executable, "--no-python-downloads"),
            *(() if dependencies else ("--no-deps",)),
        ]
        environment = _environment()
        index = upstream(environment) if cache is not None else ""
        with Relay(index, cache) if index and cache is not None else nullcontext() as relay:
            said = _uv(command, work, _through(relay, environment, work), progress)
            lock = work / "pylock.toml"
            if said is not None or not lock.is_file():
                _raise(said or "")
            return _wheels(tomllib.loads(lock.read_text("utf-8")), relay.real if relay else str)


def _through(relay: Relay | None, environment: dict[str, str], work: Path) -> dict[str, str]:
    """The settings with the relay as the only index; its address is new each time, so uv need not keep its pages."""
    if relay is None:
        return environment
    local = {name: ",".join(filter(None, (environment.get(name), "127.0.0.1"))) for name in ("NO_PROXY", "no_proxy")}
    return {
        **environment,
        **local,
        "UV_DEFAULT_INDEX": relay.url,
        "UV_CACHE_DIR": str(work / "uv"),
        "UV_HTTP_TIMEOUT": _PATIENCE_S,
    }


def _uv(command: list[str], work: Path, environment: dict[str, str], progress: Progress) -> str | None:
    """Run uv; None where it succeeded, else what it said."""
    try:
        binary = find_uv_bin()
    except FileNotFoundError:
        raise IndexUnreachable("uv is not installed") from None
    note = "Asking the package index which versions fit"
    try:
        status, said = run([binary, *command], work, environment, RESOLVE_S, progress, note)
    except TooSlow as error:
        raise IndexUnreachable(str(error)) from None
    return None if status == 0 else said


def _environment() -> dict[str, str]:
    """The machine's own settings, with short waits where it sets none."""
    environment = dict(os.environ)
    environment.setdefault("UV_HTTP_TIMEOUT", "10")
    environment.setdefault("UV_HTTP_RETRIES", "1")
    if "UV_DEFAULT_INDEX" not in environment and "UV_INDEX_URL" not in environment and environment.get("PIP_INDEX_URL"):
        environment["UV_DEFAULT_INDEX"] = environment["PIP_INDEX_URL"]  # a machine set up for pip only
    return environment


def _raise(said: str) -> None:
    if "No solution found" not in said:
        raise IndexUnreachable("the package index did not answer")
    cause = said.split("cause:", 1)[-1].split("hint:")[0]
    sentence = " ".join(cause.split()).split(", we can conclude")[0].removeprefix("Because ")
    found = _ABSENT.search(" ".join(said.split()))
    raise NoSolution(sentence[:200], canonicalize_name(next(n for n in found.groups() if n)) if found else "")


def _wheels(lock: dict[str, Any], real: Callable[[str], str]) -> dict[str, list[Wheel]]:
    out: dict[str, list[Wheel]] = {}
    for package in lock.get("packages", []):
        name, version = str(package["name"]), str(package.get("version", ""))
        out[canonicalize_name(name)] = [
            Wheel(
                name,
                version,
                real(str(w.get("url") or w.get("path") or "")),
                str(w["hashes"].get("sha256", "")),
                int(w.get("size", 0)),
            )
            for w in package.get("wheels", [])
        ]
    return out
