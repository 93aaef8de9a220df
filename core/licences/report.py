"""What was found and what it means, component by component and mode by mode, as pages and command line show it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.licences import spdx
from core.licences.detect import Detected, Finding
from core.licences.package import SkippedPackage
from core.licences.policy import Answer, Mode, Policy, Standing, Use, judge, unknown, worst


@dataclass(frozen=True, slots=True)
class Asset:
    """A base model or a data set, with the licence somebody declares for it.

    Attributes:
        licence: an SPDX expression, a `LicenseRef-`, or a model hub's tag; empty where none is declared.
        tier: who declares it: "stated" by the founder, or a "catalogue".
        file: where that stands.
    """

    name: str
    licence: str
    tier: str = "stated"
    file: str = ""


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that ships, its licence, and what that means in each mode."""

    kind: Use
    name: str
    version: str
    declared: str | None
    concluded: str | None
    category: str
    evidence: tuple[Finding, ...]
    modes: dict[Mode, Answer]
    why: str = ""  # why nothing is concluded
    origin: str = ""  # where a package's metadata was read: installed, index

    def as_json(self) -> dict[str, Any]:
        """The component as JSON values."""
        return {
            "name": self.name,
            "version": self.version,
            "declared": self.declared,
            "concluded": self.concluded,
            "category": self.category,
            "evidence": [asdict(f) for f in self.evidence],
            "bundled": [],
            "modes": {mode: _answer_json(answer) for mode, answer in self.modes.items()},
            "why": self.why,
            "origin": self.origin,
        }

    def brief(self, mode: Mode) -> dict[str, str]:
        """What a list of blockers or unknowns says of it."""
        licence = self.concluded or self.declared or ""
        return {
            "kind": self.kind,
            "name": self.name,
            "version": self.version,
            "licence": licence,
            "reason": self.modes[mode].reason,
        }


def _answer_json(answer: Answer) -> dict[str, Any]:
    out: dict[str, Any] = {
        "status": str(answer.status),
        "reason": answer.reason,
        "obligations": list(answer.obligations),
    }
    return out | {"chosen": list(answer.chosen)} if answer.chosen else out


@dataclass(frozen=True, slots=True)
class LicenceReport:
    """A whole check.

    Attributes:
        unread: why licence texts were not read, where they were not.
        skipped: packages that could not be read, and those the target never installs.
    """

    seconds: float
    components: tuple[Component, ...]
    skipped: tuple[SkippedPackage, ...]
    modes: tuple[Mode, ...]
    unread: str = ""
    policy: str = ""

    def of(self, kind: Use) -> list[Component]:
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
        """The report as JSON values: at most `most` packages, those that need a person first, then by name."""
        packages = sorted(self.of("package"), key=lambda c: (-self._worst(c).badness, c.name.lower()))
        return {
            "seconds": round(self.seconds, 3),
            "packages": [c.as_json() for c in packages[:most]],
            "packages_left_out": max(0, len(packages) - (most or len(packages))),
            "models": [c.as_json() for c in self.of("model")],
            "datasets": [c.as_json() for c in self.of("dataset")],
            "skipped": [asdict(s) for s in self.skipped],
            "modes": {mode: self.mode_json(mode, most) for mode in self.modes},
            "categories": self.categories(),
            "policy": self.policy,
            "note": self.unread,
        }

    def _worst(self, component: Component) -> Standing:
        return worst(a.status for a in component.modes.values())


def package_component(found: Detected, modes: Sequence[Mode], policy: Policy, *, open_source: bool) -> Component:
    """Judge a package whose metadata was read."""
    node, package = found.concluded, found.package
    answers = {m: _judged(node, m, policy, "package", open_source, found.why) for m in modes}
    category = spdx.filed_under(node) if node is not None else spdx.UNKNOWN_CATEGORY
    concluded = str(node) if node is not None else None
    return Component(
        *("package", package.name, package.version, found.declared, concluded, category, found.evidence, answers),
        why=found.why,
        origin=package.origin,
    )


def skipped_component(skipped: SkippedPackage, modes: Sequence[Mode]) -> Component:
    """A package that could not be read: unknown in every mode."""
    answers = {m: unknown(skipped.reason) for m in modes}
    category = spdx.UNKNOWN_CATEGORY
    return Component(*("package", skipped.name, skipped.version, None, None, category, (), answers), why=skipped.reason)


def asset_component(asset: Asset, kind: Use, modes: Sequence[Mode], policy: Policy, *, open_source: bool) -> Component:
    """Judge a base model or a data set by its declared licence."""
    node = spdx.read_tag(asset.licence)
    why = "" if node is not None else _asset_why(asset, kind)
    answers = {m: _judged(node, m, policy, kind, open_source, why) for m in modes}
    evidence = (Finding(asset.tier, asset.file, 0, asset.licence[:140]),) if asset.licence else ()
    category = spdx.filed_under(node) if node is not None else spdx.UNKNOWN_CATEGORY
    concluded = str(node) if node is not None else None
    return Component(kind, asset.name, "", asset.licence or None, concluded, category, evidence, answers, why=why)


def _asset_why(asset: Asset, kind: Use) -> str:
    if not asset.licence.strip():
        return f"no licence is declared for this {kind}: add the SPDX id or the hub's tag, or ask who publishes it"
    if spdx.squeeze(asset.licence) in spdx.names()["hub"]:
        return f"the tag {asset.licence!r} names no licence: read what its publisher means by it"
    return f"nobody lists a licence {asset.licence[:80]!r}: give its SPDX id, or have its text read"


def _judged(node: spdx.Node | None, mode: Mode, policy: Policy, use: Use, open_source: bool, why: str) -> Answer:
    return unknown(why) if node is None else judge(node, mode, policy, use=use, open_source=open_source)


def in_words(components: Iterable[Component], most: int = 5) -> str:
    """Names with their licences, a few of them."""
    rows = [f"{c.name} ({c.concluded or c.declared or 'no licence found'})" for c in components]
    return ", ".join(rows[:most]) + (f" and {len(rows) - most} more" if len(rows) > most else "")
