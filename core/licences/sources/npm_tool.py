"""package.json without a lock: npm itself chooses the versions, without running a script or fetching a package.

Nothing of the person's folder reaches npm but names and version ranges: no .npmrc, no scripts, no addresses.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.licences.package import Metadata, Package, SkippedPackage
from core.licences.sources.documents import read_json, table
from core.licences.sources.npm import read_npm_lock
from core.licences.sources.tool import TooSlow, run
from core.progress import Progress, silent

RESOLVE_S = 60.0
MOST_ABSENT = 20
REGISTRY = "npm registry"
NO_NPM = "no versions are locked, and npm is not installed here to choose them; give package-lock.json as well"
NO_ANSWER = "no versions are locked, and the npm registry could not be reached"
OFFLINE = f"{NO_ANSWER} (asking it is switched off)"
_NAME = re.compile(r"^(@[a-z0-9~][a-z0-9._~-]*/)?[a-zA-Z0-9~._-][a-zA-Z0-9._~-]*$")
_RANGE = re.compile(r"^(npm:(@[\w.~-]+/)?[\w.~-]+@)?[\w\s.^~<>=|*+-]*$")
_ABSENT = re.compile(r"(?:requested resource '|No matching version found for )((?:@[^@'/\s]+/)?[^@'\s]+)@")
_KEPT = ("version", "dev", "optional", "requires")  # of a lock of version 1: no address of its own is asked


def read_package_json(path: Path, platform: str, offline: bool, progress: Progress = silent) -> list[Package]:
    """Read a package.json that has no lock beside it.

    Raises:
        InputError: it cannot be read, or names no dependencies.
    """
    document = read_json(path)
    wanted, refused = _wanted(document, path.name)
    if not wanted and not refused:
        if "dependencies" in document:
            return []
        raise InputError(f"{path.name}: names no dependencies; give the package.json or lock of the product itself.")
    files = {"package.json": _manifest(wanted, set(table(document.get("optionalDependencies"))))}
    found = list(_resolved(files, wanted, path.name, platform, offline, progress))
    return [*found, *refused]


def read_old_lock(path: Path, platform: str, offline: bool, progress: Progress = silent) -> list[Package]:
    """Read a lock of version 1, which states no licences, with those that the registry states for its versions."""
    plain = read_npm_lock(path, platform)
    level = table(read_json(path).get("dependencies"))
    wanted = {name: str(table(row).get("version", "")) for name, row in level.items()}
    if offline or not all(_usable(n, v) for n, v in wanted.items()) or not shutil.which("npm"):
        return plain
    lock = {"lockfileVersion": 1, "requires": True, "dependencies": _bare(level)}
    optional = {name for name, row in level.items() if table(row).get("optional") is True}
    files = {"package.json": _manifest(wanted, optional), "package-lock.json": lock}
    found = _resolved(files, wanted, path.name, platform, offline, progress)
    stated = {(p.name, p.version): p for p in found if not isinstance(p, SkippedPackage)}
    return [_with(p, stated.get((p.name, p.version))) for p in plain]


def _with(package: Package, known: Package | None) -> Package:
    """The package as its lock has it, with the licence that the registry states."""
    if isinstance(package, SkippedPackage) or known is None or isinstance(known, SkippedPackage):
        return package
    return package if package.metadata.fields else replace(package, stated=known.stated)


def _bare(level: Mapping[str, Any]) -> dict[str, Any]:
    """A level of an old lock with names and versions only."""
    return {
        name: {k: v for k, v in table(row).items() if k in _KEPT}
        | ({"dependencies": _bare(table(row)["dependencies"])} if table(table(row).get("dependencies")) else {})
        for name, row in level.items()
    }


def _manifest(wanted: Mapping[str, str], optional: set[str]) -> dict[str, Any]:
    """A package.json that asks for names and ranges; what is optional may be of another platform."""
    return {
        "dependencies": {n: v for n, v in wanted.items() if n not in optional},
        "optionalDependencies": {n: v for n, v in wanted.items() if n in optional},
    }


def _wanted(document: Mapping[str, Any], file: str) -> tuple[dict[str, str], list[Package]]:
    """What ships as name -> range, and what cannot be asked for or does not ship."""
    wanted: dict[str, str] = {}
    refused: list[Package] = []
    for key in ("dependencies", "optionalDependencies", "peerDependencies"):
        for name, text in table(document.get(key)).items():
            if isinstance(text, str) and _usable(name, text):
                wanted.setdefault(name, text)
            else:
                why = f"{file}: {key}: comes from a repository, a folder or an address of its own, which is not asked"
                refused.append(SkippedPackage(name[:200], f"{why}; add its code as source", ecosystem="npm"))
    for name in table(document.get("devDependencies")):
        why = f"{file}: devDependencies: only for development; it does not ship"
        refused.append(SkippedPackage(name[:200], why, ships=False, ecosystem="npm"))
    return wanted, refused


def _usable(name: str, text: str) -> bool:
    return bool(_NAME.match(name) and _RANGE.match(text)) and len(name) <= 214


def _resolved(
    files: Mapping[str, Any], wanted: Mapping[str, str], place: str, platform: str, offline: bool, progress: Progress
) -> Iterator[Package]:
    """The tree that npm makes of some files, and what it could not find."""
    reason = OFFLINE if offline else "" if shutil.which("npm") else NO_NPM
    absent: set[str] = set()
    while not reason and len(absent) < min(MOST_ABSENT, len(wanted)):
        with tempfile.TemporaryDirectory(prefix="licences-") as folder:
            work = Path(folder)
            for name, content in files.items():
                (work / name).write_text(json.dumps(_without(content, absent)), "utf-8")
            reason, missing = _npm(work, progress)
            if not reason and not missing:
                yield from (_from(p, place) for p in read_npm_lock(work / "package-lock.json", platform))
                break
            if missing and missing not in wanted:
                reason = f"{missing}, which they depend on, is not in the npm registry any more"
            absent |= {missing} & set(wanted)
    gone = wanted if reason else absent
    why = reason or "the npm registry has no such package, or none in that version"
    for name in sorted(gone):
        yield SkippedPackage(name, f"{place}: {why}", wanted.get(name, ""), ecosystem="npm", via=(place,))


def _from(package: Package, place: str) -> Package:
    """A package of the lock made here, said to come from the person's own file and the registry."""
    via = (place, *package.via[1:])
    if isinstance(package, SkippedPackage):
        return replace(package, via=via)
    fields = tuple((name, 0, value) for name, _, value in package.metadata.fields)
    return replace(package, via=via, origin="index", stated=Metadata(REGISTRY, fields, REGISTRY))


def _without(content: Mapping[str, Any], absent: set[str]) -> dict[str, Any]:
    """A manifest or lock without some packages."""
    return {
        key: {k: v for k, v in value.items() if k not in absent} if isinstance(value, dict) else value
        for key, value in content.items()
    }


def _npm(work: Path, progress: Progress) -> tuple[str, str]:
    """Let npm write a lock: why it could not, and the package that the registry does not have."""
    command = [
        *("npm", "install", "--package-lock-only", "--ignore-scripts", "--lockfile-version", "3"),
        *("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel", "error"),
    ]
    note = "Asking the npm registry which versions fit"
    try:
        status, said = run(command, work, os.environ, RESOLVE_S, progress, note)
        if "ERESOLVE" in said:  # peers that contradict each other: people install such trees nevertheless
            status, said = run([*command, "--legacy-peer-deps"], work, os.environ, RESOLVE_S, progress, note)
    except (TooSlow, OSError):
        return NO_ANSWER, ""
    if status == 0 and (work / "package-lock.json").is_file():
        return "", ""
    found = _ABSENT.search(said)
    return ("", found[1]) if found else (NO_ANSWER, "")
