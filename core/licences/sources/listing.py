"""What a manifest or lock file of Python packages names, in one form for all of their kinds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core.licences.package import SkippedPackage


@dataclass(frozen=True, slots=True)
class Wanted:
    """One requirement: what it asks for, where that stands, and the file hashes it accepts.

    Attributes:
        line: its line in `file`; 0 where the file's format does not tell.
    """

    requirement: Requirement
    line: int
    hashes: frozenset[str] = frozenset()
    file: str = ""

    @property
    def key(self) -> str:
        """The name as the index compares it."""
        return canonicalize_name(self.requirement.name)

    @property
    def pin(self) -> str:
        """The exact version it asks for, empty where it leaves a choice."""
        return pinned(self.requirement)


@dataclass(frozen=True, slots=True)
class Listing:
    """Every requirement of a file, and everything of it that cannot be used, with the reason.

    Attributes:
        constraints: versions to keep to, of a constraints file.
        complete: it is a lock that names everything itself, so that no dependency is followed.
        roots: the keys that the product itself asks for, where a lock tells them apart from what these pull in.
        requires: key -> keys it depends on, where a lock tells.
    """

    wanted: tuple[Wanted, ...]
    skipped: tuple[SkippedPackage, ...] = ()
    constraints: tuple[str, ...] = ()
    complete: bool = False
    roots: frozenset[str] = frozenset()
    requires: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def pinned(requirement: Requirement) -> str:
    """The one version that a requirement allows, empty where it leaves a choice."""
    exact = [s.version for s in requirement.specifier if s.operator in ("==", "===")]
    return exact[0] if len(exact) == 1 and "*" not in exact[0] else ""
