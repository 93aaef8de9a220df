"""What was found and what it means, component by component and mode by mode, as pages and command line show it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from core.licences.component import Component, Kind
from core.licences.package import SkippedPackage
from core.licences.policy import Mode, Standing, worst


@dataclass(frozen=True, slots=True)
class LicenceReport:
    """A whole check.

    Attributes:
        unread: why licence texts were not read, where they were not.
        skipped: packages that could not be read, and those the target never installs.
        left_out: what was not looked at inside packages: (package, why).
    """

    seconds: float
    components: tuple[Component, ...]
    skipped: tuple[SkippedPackage, ...]
    modes: tuple[Mode, ...]
    unread: str = ""
    policy: str = ""
    left_out: tuple[tuple[str, str], ...] = ()

    def of(self, kind: Kind) -> list[Component]:
        """The components of one kind."""
        return [c for c in self.components if c.kind == kind]

    @property
    def concluded(self) -> int:
        """How many packages have a concluded licence."""
        return sum(c.concluded is not None for c in self.of("package"))

    def verdict(self, mode: Mode) -> Standing:
        """The worst standing of all components."""
        return worst(c.modes[mode].status for c in self.components)

    def with_status(self, mode: Mode, status: Standing) -> list[Component]:
        """The components that stand so in a mode."""
        return [c for c in self.components if c.modes[mode].status == status]

    def categories(self) -> list[dict[str, Any]]:
        """How many packages lie in each category, most first."""
        counts = Counter(c.category for c in self.of("package"))
        return [{"category": name, "n": n} for name, n in counts.most_common()]

    def mode_json(self, mode: Mode, most: int | None = None) -> dict[str, Any]:
        """A mode's verdict with its blockers and unknowns, at most `most` of each."""
        return {
            "verdict": str(self.verdict(mode)),
            "blockers": [c.brief(mode) for c in self.with_status(mode, Standing.BLOCKED)[:most]],
            "unknown": [c.brief(mode) for c in self.with_status(mode, Standing.UNKNOWN)[:most]],
        }

    def as_json(self, most: int | None = None) -> dict[str, Any]:
        """The report as JSON values: at most `most` packages, those that need a person first, then by name.

        Where `most` is given, permissive parts inside packages are counted and not listed.
        """
        packages = sorted(self.of("package"), key=lambda c: (-c.worst.badness, c.name.lower()))
        return {
            "seconds": round(self.seconds, 3),
            "packages": [c.as_json(brief=most is not None) for c in packages[:most]],
            "packages_left_out": max(0, len(packages) - (most or len(packages))),
            "models": [c.as_json() for c in self.of("model")],
            "datasets": [c.as_json() for c in self.of("dataset")],
            "skipped": [asdict(s) for s in self.skipped],
            "left_out": [{"name": name, "reason": why} for name, why in self.left_out],
            "modes": {mode: self.mode_json(mode, most) for mode in self.modes},
            "categories": self.categories(),
            "policy": self.policy,
            "note": self.unread,
        }


def in_words(components: Iterable[Component], most: int = 5) -> str:
    """Names with their licences, a few of them."""
    rows = [f"{c.name} ({c.concluded or c.declared or 'no licence found'})" for c in components]
    return ", ".join(rows[:most]) + (f" and {len(rows) - most} more" if len(rows) > most else "")
