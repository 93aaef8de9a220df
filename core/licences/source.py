"""What goes in: an installed environment or a requirements file, and out of it one package after the other.

As in pip-audit, a package is either resolved or skipped with a reason; none is dropped.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core.errors import InputError
from core.licences.index import IndexUnreachable, NoSolution, Wheel, resolve
from core.licences.package import ResolvedPackage, SkippedPackage, read_package
from core.licences.requirements import Wanted, applies, marker_environment, read_requirements
from core.licences.wheel import fetch_all
from core.progress import Progress, part, silent

Package = ResolvedPackage | SkippedPackage
CURRENT = "current"
UNREACHABLE = "not installed and the package index could not be reached"
OFFLINE = f"{UNREACHABLE} (asking it is switched off)"
MOST_ALONE = 20  # roots resolved one by one after all together found no solution


def read_target(
    target: str | Path,
    *,
    platform: str = "linux",
    offline: bool = False,
    cache: Path,
    progress: Progress = silent,
) -> list[Package]:
    """Read every package of a target, by name.

    Args:
        target: "current" for this program's own environment, a folder that holds installed packages (a virtual
            environment, a site-packages), or a requirements or lock file.
        platform: where the product runs (linux, macos, windows); decides markers and wheels.
        offline: never ask the package index.
        cache: folder where what the index said is kept.

    Raises:
        InputError: the target is none of these, holds no package, or its file cannot be used.
    """
    if str(target) == CURRENT:
        return read_environment(sys.path)
    path = Path(target)
    if path.is_dir():
        return read_environment(package_folders(path), named=path.name)
    if not path.is_file():
        raise InputError(f'{target}: no such file or folder; give a requirements file, an environment, or "{CURRENT}".')
    return read_manifest(path, platform=platform, offline=offline, cache=cache, progress=progress)


def package_folders(folder: Path) -> list[str]:
    """The folders below `folder` where packages are installed: itself, or those of a virtual environment."""
    patterns = ("lib/python*/site-packages", "lib64/python*/site-packages", "Lib/site-packages")
    found = {p.resolve(): p for pattern in patterns for p in sorted(folder.glob(pattern))}
    return [str(p) for p in (folder, *found.values())]


def read_environment(paths: Iterable[str], named: str = "this environment") -> list[Package]:
    """Read the packages installed in some folders; of two with one name the first counts, as Python has it.

    Raises:
        InputError: there are none.
    """
    found: dict[str, Package] = {}
    for path in dict.fromkeys(paths):
        top = Path(path or ".")
        if not top.is_dir():
            continue
        for folder in sorted((*top.glob("*.dist-info"), *top.glob("*.egg-info"))):
            package = read_package(folder)
            found.setdefault(canonicalize_name(package.name), package)
    if not found:
        raise InputError(
            f"{named}: holds no installed packages (no *.dist-info folder); give the environment's folder."
        )
    return [found[name] for name in sorted(found)]


def read_manifest(
    path: Path, *, platform: str = "linux", offline: bool = False, cache: Path, progress: Progress = silent
) -> list[Package]:
    """Read the packages of a requirements or lock file, with all that they depend on.

    Packages installed here in a version that fits are read here. The rest is resolved by the index, with the installed
    versions kept where they can be, and its metadata is read from the wheels.
    """
    environment = marker_environment(platform)
    lines = read_requirements(path)
    wanted = [w for w in lines if applies(w.requirement, environment)]
    local = _Installed(environment)
    found, missing = local.closure(wanted)
    out: dict[str, Package] = {p.key: p for p in found}
    if missing:
        reached = _Missing(wanted, missing, local, platform, cache, progress)
        out.update(_skipped(missing, OFFLINE) if offline else reached.read())
    for line in lines:
        marker = line.requirement.marker
        if line not in wanted and line.key not in out:
            reason = f"not installed on {platform} with this Python ({marker})"
            out[line.key] = SkippedPackage(line.requirement.name, reason, ships=False)
    return [out[name] for name in sorted(out)]


def complete(wanted: Sequence[Wanted]) -> bool:
    """Whether a file is a lock that names everything: every line has one version and hashes, as pip demands."""
    return all(w.pin and w.hashes for w in wanted)


def _skipped(requirements: Iterable[Requirement], reason: str) -> dict[str, Package]:
    return {canonicalize_name(r.name): SkippedPackage(r.name, reason, _pinned(r)) for r in requirements}


def _pinned(requirement: Requirement) -> str:
    specifiers = list(requirement.specifier)
    exact = len(specifiers) == 1 and specifiers[0].operator == "==" and "*" not in specifiers[0].version
    return specifiers[0].version if exact else ""


class _Installed:
    """The packages of this environment, and what can be answered from them alone."""

    def __init__(self, environment: dict[str, str]) -> None:
        packages = (p for p in read_environment(sys.path) if isinstance(p, ResolvedPackage))
        self._by_name = {p.key: p for p in packages}
        self._environment = environment

    def get(self, name: str, version: str) -> ResolvedPackage | None:
        """The package in exactly this version."""
        package = self._by_name.get(name)
        return package if package and package.version == version else None

    def pins(self) -> list[str]:
        """Every installed package as `name==version`; versions of a local build are left free."""
        return [f"{p.key}=={p.version}" for p in self._by_name.values() if "+" not in p.version]

    def closure(self, wanted: Sequence[Wanted]) -> tuple[list[ResolvedPackage], list[Requirement]]:
        """Follow requirements through what is installed: the packages found, and what is missing or does not fit."""
        follow = not complete(wanted)
        found: dict[str, ResolvedPackage] = {}
        missing: dict[str, Requirement] = {}
        seen: set[tuple[str, frozenset[str]]] = set()
        queue = [w.requirement for w in wanted]
        while queue:
            requirement = queue.pop()
            name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
            package = self._by_name.get(name)
            if package is None or not requirement.specifier.contains(package.version, prereleases=True):
                missing.setdefault(name, requirement)
            elif (name, extras) not in seen:
                seen.add((name, extras))
                found[name] = package
                if follow:
                    queue += [r for r in package.requires() if applies(r, self._environment, extras)]
        return [p for name, p in found.items() if name not in missing], list(missing.values())


class _Missing:
    """What the index has to answer, because it is not installed here."""

    def __init__(
        self,
        wanted: Sequence[Wanted],
        missing: Sequence[Requirement],
        local: _Installed,
        platform: str,
        cache: Path,
        progress: Progress,
    ) -> None:
        self._wanted, self._missing, self._local = wanted, missing, local
        self._platform, self._cache, self._progress = platform, cache, progress
        self._hashes = {w.key: w.hashes for w in wanted if w.hashes}

    def read(self) -> dict[str, Package]:
        """Every package that the index adds, and those of `missing` that it could not give, with the reason."""
        out: dict[str, Package] = {}
        try:
            wheels, refused = self._resolve(part(self._progress, 0.0, 0.5))
        except IndexUnreachable:
            return _skipped(self._missing, UNREACHABLE)
        out.update(refused)
        to_fetch = []
        for name, options in wheels.items():
            local = self._local.get(name, options[0].version) if options else None
            choice = local or self._choose(name, options)
            if isinstance(choice, Wheel):
                to_fetch.append(choice)
            else:
                out[name] = choice
        for package in fetch_all(to_fetch, self._cache, part(self._progress, 0.5, 1.0)):
            out[canonicalize_name(package.name)] = package
        left = [r for r in self._missing if canonicalize_name(r.name) not in out]
        return _skipped(left, "the package index has no wheel of it for this platform") | out

    def _resolve(self, progress: Progress) -> tuple[dict[str, list[Wheel]], dict[str, Package]]:
        """Resolve all at once with the installed versions kept, then without; where that fails, one root at a time."""
        if complete(self._wanted):
            lines, dependencies = [str(r) for r in self._missing], False
        else:
            lines, dependencies = [str(w.requirement) for w in self._wanted], True
        for keep in (self._local.pins(), []) if dependencies else ([],):
            try:
                return self._ask(lines, keep, dependencies, progress), {}
            except NoSolution:
                continue
        return self._one_by_one(dependencies, progress)

    def _one_by_one(self, dependencies: bool, progress: Progress) -> tuple[dict[str, list[Wheel]], dict[str, Package]]:
        wheels: dict[str, list[Wheel]] = {}
        refused: dict[str, Package] = {}
        for number, requirement in enumerate(self._missing):
            name = canonicalize_name(requirement.name)
            if number >= MOST_ALONE:
                refused |= _skipped(
                    [requirement], "the file's versions do not fit together; correct those named before"
                )
                continue
            try:
                wheels |= self._ask([str(requirement)], [], dependencies, progress)
            except NoSolution as error:
                refused[name] = SkippedPackage(requirement.name, f"the package index has none that fits: {error}")
        return wheels, refused

    def _ask(
        self, lines: Sequence[str], keep: Sequence[str], dependencies: bool, progress: Progress
    ) -> dict[str, list[Wheel]]:
        return resolve(lines, constraints=keep, dependencies=dependencies, platform=self._platform, progress=progress)

    def _choose(self, name: str, options: Sequence[Wheel]) -> Wheel | SkippedPackage:
        """The smallest wheel that the file's hashes accept."""
        accepted = self._hashes.get(name)
        fitting = [w for w in options if not accepted or w.sha256 in accepted]
        if fitting:
            return min(fitting, key=lambda w: w.size)
        reason = "none of its wheels has a hash that the file lists; make the lock anew or look who changed it"
        return SkippedPackage(name, reason, options[0].version if options else "")
