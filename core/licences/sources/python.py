"""Python requirements turned into packages: what is installed here is read here, the package index gives the rest."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from time import monotonic

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core.licences.package import Package, ResolvedPackage, SkippedPackage
from core.licences.sources.environment import by_name, read_environment, requirements_of
from core.licences.sources.graph import explain
from core.licences.sources.index import IndexUnreachable, NoSolution, resolve
from core.licences.sources.listing import Listing, Wanted, pinned
from core.licences.sources.target import applies, marker_environment
from core.licences.sources.wheel import Wheel, fetch_all, is_kept
from core.progress import Progress, part, silent

UNREACHABLE = "not installed and the package index could not be reached"
OFFLINE = f"{UNREACHABLE} (asking it is switched off)"
MOST_ABSENT = 20  # packages that the index does not have; from there on the file is at fault
MOST_ALONE = 20  # roots resolved one by one after all together found no solution
MOST_ASKED = 1000  # missing packages of one file; a large product names some 300
ASKING_S = 180.0  # for all tries together


def read_listing(
    listing: Listing, *, platform: str, offline: bool, cache: Path, installed: bool = True, progress: Progress = silent
) -> list[Package]:
    """Read every package that a manifest names, with all that these depend on.

    Packages installed here in a version that fits are read here. The rest is resolved by the index, with the installed
    versions kept where they can be, and its metadata is read from the wheels.

    Args:
        installed: look at what is installed here; otherwise the index is asked for everything.
    """
    environment = marker_environment(platform)
    wanted, twice = _one_version([w for w in listing.wanted if applies(w.requirement, environment)])
    local = Installed(environment, look=installed)
    found, missing = local.closure(wanted, follow=not listing.complete)
    out: dict[str, Package] = {p.key: p for p in found}
    if missing:
        asked = _Missing(listing, wanted, missing, local, platform, cache, progress)
        out.update(_skipped(missing, OFFLINE) if offline else asked.read())
    for line in listing.wanted:
        if line.key not in out:
            reason = f"not installed on {platform} with this Python ({line.requirement.marker})"
            out[line.key] = SkippedPackage(line.requirement.name, reason, ships=False)
    return [*by_name(_explained(listing, out, environment)), *twice, *listing.skipped]


def _one_version(wanted: Sequence[Wanted]) -> tuple[list[Wanted], list[SkippedPackage]]:
    """Of a package that a file pins to two versions the first, and the others as skipped."""
    pins: dict[str, str] = {}
    kept, twice = [], []
    for one in wanted:
        if one.pin and pins.setdefault(one.key, one.pin) != one.pin:
            line = f", line {one.line}" if one.line else ""
            why = f"{one.file}{line}: pinned to {pins[one.key]} before, which was read; only one can be installed"
            twice.append(SkippedPackage(one.requirement.name, why, one.pin))
        else:
            kept.append(one)
    return kept, twice


def _explained(listing: Listing, packages: Mapping[str, Package], environment: dict[str, str]) -> dict[str, Package]:
    """Why each package is here: by the lock's own graph where it has one, else by what the metadata says."""
    roots = {w.key: w.file for w in reversed(listing.wanted) if not listing.roots or w.key in listing.roots}
    requires = listing.requires or requirements_of(packages, environment)
    place = next((w.file for w in listing.wanted), "")
    if listing.complete and not listing.roots:  # a flat lock: its roots are those that nothing else requires
        roots = {}
    return explain(packages, roots, requires, place)


def _skipped(requirements: Iterable[Requirement], reason: str) -> dict[str, Package]:
    return {canonicalize_name(r.name): SkippedPackage(r.name, reason, pinned(r)) for r in requirements}


class Installed:
    """The packages of this program's environment, and what can be answered from them alone."""

    def __init__(self, environment: dict[str, str], *, look: bool = True) -> None:
        """Read them, or none of them where not to look."""
        packages = read_environment(sys.path, "this environment", "linux") if look else []
        self._by_name = {p.key: p for p in packages if isinstance(p, ResolvedPackage)}
        self._environment = environment

    def get(self, name: str, version: str) -> ResolvedPackage | None:
        """The package in exactly this version."""
        package = self._by_name.get(name)
        return package if package and package.version == version else None

    def pins(self) -> dict[str, str]:
        """Every installed package as `name==version`; versions of a local build are left free."""
        return {p.key: f"{p.key}=={p.version}" for p in self._by_name.values() if "+" not in p.version}

    def closure(self, wanted: Sequence[Wanted], *, follow: bool) -> tuple[list[ResolvedPackage], list[Requirement]]:
        """Follow requirements through what is installed: the packages found, and what is missing or does not fit."""
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
        listing: Listing,
        wanted: Sequence[Wanted],
        missing: Sequence[Requirement],
        local: Installed,
        platform: str,
        cache: Path,
        progress: Progress,
    ) -> None:
        self._listing, self._wanted, self._missing, self._local = listing, wanted, missing, local
        self._platform, self._cache, self._progress = platform, cache, progress
        self._until = monotonic() + ASKING_S
        self._hashes = {w.key: w.hashes for w in wanted if w.hashes}

    def read(self) -> dict[str, Package]:
        """Every package that the index adds, and those that it could not give, with the reason."""
        out: dict[str, Package] = {}
        if len(self._missing) > MOST_ASKED:
            why = f"not asked for: the file names {len(self._missing):,} packages that are not installed here"
            return _skipped(self._missing, f"{why}, and at most {MOST_ASKED:,} are; split it into one file per product")
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
        """Resolve all at once, with the installed versions kept where they can be.

        A package that the index does not have is left out and told, and the rest asked again. Where several do not fit
        together, the installed versions are given up, then each root is asked by itself.
        """
        follow = not self._listing.complete
        lines = [str(w.requirement) for w in self._wanted] if follow else [str(r) for r in self._missing]
        keep = self._local.pins() if follow else {}
        absent: dict[str, Package] = {}
        while len(absent) < MOST_ABSENT and monotonic() < self._until:
            try:
                return self._ask(lines, keep.values(), absent, progress), absent
            except NoSolution as error:
                if error.culprit in keep:
                    del keep[error.culprit]
                elif error.culprit and error.culprit not in absent:
                    absent[error.culprit] = self._absent(error.culprit, str(error))
                elif keep:
                    keep = {}
                else:
                    break
        return self._one_by_one(absent, progress)

    def _absent(self, name: str, why: str) -> SkippedPackage:
        asked = next((r for r in self._missing if canonicalize_name(r.name) == name), None)
        version = pinned(asked) if asked else ""
        return SkippedPackage(asked.name if asked else name, f"the package index has none that fits: {why}", version)

    def _one_by_one(
        self, absent: dict[str, Package], progress: Progress
    ) -> tuple[dict[str, list[Wheel]], dict[str, Package]]:
        wheels: dict[str, list[Wheel]] = {}
        refused = dict(absent)
        missing = [r for r in self._missing if canonicalize_name(r.name) not in absent]
        late = "not asked for: more of the file's packages than that are missing or do not fit; correct those first"
        refused |= _skipped(missing[MOST_ALONE:], late)
        for requirement in missing[:MOST_ALONE]:
            name = canonicalize_name(requirement.name)
            if monotonic() > self._until:
                refused |= _skipped([requirement], f"no answer of the package index within {ASKING_S:.0f} s")
                continue
            try:
                wheels |= self._ask([str(requirement)], [], absent, progress)
            except NoSolution as error:
                refused[name] = self._absent(name, str(error))
        return wheels, refused

    def _ask(
        self, lines: Sequence[str], keep: Iterable[str], without: Iterable[str], progress: Progress
    ) -> dict[str, list[Wheel]]:
        return resolve(
            lines,
            constraints=[*keep, *self._listing.constraints],
            excluded=without,
            dependencies=not self._listing.complete,
            platform=self._platform,
            cache=self._cache,
            progress=progress,
        )

    def _choose(self, name: str, options: Sequence[Wheel]) -> Wheel | SkippedPackage:
        """Of the wheels that the file's hashes accept one that was read before, else the smallest."""
        accepted = self._hashes.get(name)
        fitting = [w for w in options if not accepted or w.sha256 in accepted]
        if fitting:
            return min(fitting, key=lambda w: (not is_kept(w, self._cache), w.size))
        reason = "none of its wheels has a hash that the file lists; make the lock anew or look who changed it"
        return SkippedPackage(name, reason, options[0].version if options else "")
