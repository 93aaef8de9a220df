"""One thing that ships: its licence, what lies inside it, and what that means in each mode."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from core.licences import spdx, ways
from core.licences.bundled import Part
from core.licences.detect import Detected, Finding
from core.licences.package import ResolvedPackage, SkippedPackage
from core.licences.policy import Answer, Mode, Policy, Standing, Use, judge, unknown, worst

Kind = Literal["package", "model", "dataset"]
_KINDS: dict[str, tuple[Kind, Use]] = {"model": ("model", "model"), "dataset": ("dataset", "dataset")}


@dataclass(frozen=True, slots=True)
class Law:
    """What licences are judged by: a policy, whether the product publishes its own source, how it holds packages.

    Attributes:
        uses: canonical name -> the ways in which the founder says that the product holds a package.
    """

    policy: Policy
    modes: tuple[Mode, ...]
    open_source: bool = False
    uses: Mapping[str, tuple[Use, ...]] = field(default_factory=dict)
    _known: dict[tuple[spdx.Node, Use], dict[Mode, Answer]] = field(default_factory=dict, compare=False, repr=False)

    def answers(self, node: spdx.Node | None, use: Use, why: str = "") -> dict[Mode, Answer]:
        """What a licence means in each mode; unknown with the reason `why` where there is none."""
        if node is None:
            return {mode: unknown(why) for mode in self.modes}
        if (node, use) not in self._known:  # a thousand packages have some thirty licences
            answers = {m: judge(node, m, self.policy, use=use, open_source=self.open_source) for m in self.modes}
            self._known[node, use] = answers
        return self._known[node, use]

    def held(self, package: ResolvedPackage) -> tuple[Use, ...]:
        """How the product holds a package: as the founder says, with what was seen; else as it comes."""
        seen: tuple[Use, ...] = (package.use,) if package.use != "dynamic" else ()
        return tuple(dict.fromkeys((*seen, *self.uses.get(package.key, ())))) or ("dynamic",)


@dataclass(frozen=True, slots=True)
class Asset:
    """A base model or a data set, with the licence somebody declares for it.

    Attributes:
        licence: an SPDX expression, a `LicenseRef-`, or a model hub's tag; empty where none is declared.
        tier: who declares it: "stated" by the founder, its "card", or a "catalogue".
        file, line: where that stands.
        why: what was looked at in vain, where no licence was found.
    """

    name: str
    licence: str
    tier: str = "stated"
    file: str = ""
    line: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that ships, its licence, and what that means in each mode.

    Attributes:
        why: why nothing is concluded.
        won, because: the tier that decided, and why it won.
        origin: where a package's metadata was read.
        uses: how the product holds it: as it comes ("dynamic"), or in each of several other ways.
        via: the chain that pulled it in, the file or environment first; `required_by`: its direct requirers.
        ways: mode -> the cheapest way out that is known, where it is blocked or unknown.
    """

    kind: Kind
    name: str
    version: str
    declared: str | None
    concluded: str | None
    category: str
    evidence: tuple[Finding, ...]
    modes: dict[Mode, Answer]
    why: str = ""
    origin: str = ""
    won: str = ""
    because: str = ""
    ecosystem: str = ""
    uses: tuple[Use, ...] = ("dynamic",)
    via: tuple[str, ...] = ()
    required_by: tuple[str, ...] = ()
    bundled: tuple[Part, ...] = ()
    ways: dict[Mode, str] | None = None

    @property
    def worst(self) -> Standing:
        """The worst of its answers."""
        return worst(a.status for a in self.modes.values())

    def as_json(self, *, brief: bool = False) -> dict[str, Any]:
        """The component as JSON values; `brief` leaves out bundled parts that are permissive and only counts them."""
        told = [p for p in self.bundled if not (brief and p.licence is not None and not spdx.is_copyleft(p.licence))]
        return {
            "name": self.name,
            "version": self.version,
            "declared": self.declared,
            "concluded": self.concluded,
            "category": self.category,
            "won": {"tier": self.won, "because": self.because},
            "evidence": [asdict(f) for f in self.evidence],
            "bundled": [p.as_json() for p in told],
            "bundled_left_out": len(self.bundled) - len(told),
            "modes": {mode: self._mode_json(mode) for mode in self.modes},
            "why": self.why,
            "origin": self.origin,
            "ecosystem": self.ecosystem,
            "use": ", ".join(self.uses),
            "via": list(self.via),
            "required_by": list(self.required_by),
        }

    def _mode_json(self, mode: Mode) -> dict[str, Any]:
        answer = self.modes[mode]
        out: dict[str, Any] = {
            "status": str(answer.status),
            "reason": answer.reason,
            "obligations": list(answer.obligations),
            "clause": answer.clause,
        }
        out |= {"chosen": list(answer.chosen)} if answer.chosen else {}
        return out | ({"way_out": self.ways[mode]} if self.ways and mode in self.ways else {})

    def brief(self, mode: Mode) -> dict[str, Any]:
        """What a list of blockers or unknowns says of it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "version": self.version,
            "licence": self.concluded or self.declared or "",
            "reason": self.modes[mode].reason,
            "clause": self.modes[mode].clause,
            "way_out": (self.ways or {}).get(mode, ""),
            "via": list(self.via),
        }


def package_component(found: Detected, law: Law) -> Component:
    """Judge a package whose metadata was read, with the code of others inside it."""
    node, package = found.concluded, found.package
    kind, asset_use = _KINDS.get(package.ecosystem, ("package", "dynamic"))
    held = (asset_use,) if kind != "package" else law.held(package)
    answers = _held(node, held, law, found.why)
    for bundled in (p for p in found.parts if p.ships):
        inner = law.answers(bundled.licence, _use_of(bundled, held), bundled.why)
        answers = {mode: _with(answers[mode], bundled, inner[mode]) for mode in law.modes}
    made = Component(
        *(kind, package.name, package.version, found.declared, _text(node), _category(node), found.evidence, answers),
        why=found.why,
        won=found.won,
        because=found.because,
        uses=held,
        bundled=found.parts,
        **_origin(package),
    )
    return ways.with_ways(made, law)


def _origin(package: ResolvedPackage) -> dict[str, Any]:
    return {
        "origin": package.origin,
        "ecosystem": package.ecosystem,
        "via": package.via,
        "required_by": package.required_by,
    }


def _held(node: spdx.Node | None, held: Sequence[Use], law: Law, why: str) -> dict[Mode, Answer]:
    """The answers for a package that is held in one way, or in several at once."""
    first, *others = (law.answers(node, use, why) for use in held)
    answers = dict(first)
    for use, more in zip(held[1:], others, strict=True):
        answers = {mode: _joined(answers[mode], more[mode], f"{use}: {more[mode].reason}") for mode in law.modes}
    return answers


def _use_of(bundled: Part, held: Sequence[Use]) -> Use:
    """How the product holds a part: as it holds the package, unless it is linked into a file of that.

    Who changes a package is taken to change its own files, and not the parts inside it.
    """
    if "copied" in held:
        return "copied"
    return "static" if bundled.static or "static" in held else "dynamic"


def _with(answer: Answer, bundled: Part, inner: Answer) -> Answer:
    """A package's answer with one part's taken in."""
    licence = bundled.licence if bundled.licence is not None else "no licence found"
    return _joined(answer, inner, f"{bundled.name} ({licence}), inside it as a {bundled.how}: {inner.reason}")


def _joined(answer: Answer, inner: Answer, said: str) -> Answer:
    """Two answers that both hold: the worse status with its reason, and all that is owed.

    Args:
        said: the second one's reason, with what it is about.
    """
    if inner.status == Standing.ALLOWED and not inner.obligations:
        return answer
    owed = tuple(dict.fromkeys((*answer.obligations, *inner.obligations)))
    if inner.status.badness <= answer.status.badness:
        if inner.status != answer.status or inner.status == Standing.ALLOWED:
            return replace(answer, obligations=owed)
    if inner.status.badness > answer.status.badness:
        return Answer(inner.status, said, owed, answer.chosen, inner.clause)
    clause = "; ".join(dict.fromkeys(c for c in (answer.clause, inner.clause) if c))
    return Answer(answer.status, f"{answer.reason}; {said}", owed, answer.chosen, clause)


def skipped_component(skipped: SkippedPackage, law: Law) -> Component:
    """A package that could not be read: unknown in every mode."""
    kind, use = _KINDS.get(skipped.ecosystem, ("package", "dynamic"))
    made = Component(
        *(kind, skipped.name, skipped.version, None, None, spdx.UNKNOWN_CATEGORY, ()),
        law.answers(None, use, skipped.reason),
        why=skipped.reason,
        ecosystem=skipped.ecosystem,
        via=skipped.via,
        required_by=skipped.required_by,
    )
    return replace(made, ways=dict.fromkeys(law.modes, ways.NOT_READ))


def asset_component(asset: Asset, kind: Literal["model", "dataset"], law: Law) -> Component:
    """Judge a base model or a data set by its declared licence."""
    node = spdx.read_tag(asset.licence)
    why = "" if node is not None else _asset_why(asset, kind)
    finding = Finding(asset.tier, asset.file, asset.line, asset.licence[:140])
    answers = law.answers(node, kind, why)
    made = Component(
        *(kind, asset.name, "", asset.licence or None, _text(node), _category(node)),
        (finding,) if asset.licence else (),
        answers,
        why=why,
        won=asset.tier if node is not None else "",
        because="the licence it is declared under" if node is not None else "",
        ecosystem=kind,
        uses=(kind,),
    )
    return ways.with_ways(made, law)


def _asset_why(asset: Asset, kind: str) -> str:
    if not asset.licence.strip():
        looked = f" ({asset.why})" if asset.why else ""
        return (
            f"no licence is declared for this {kind}{looked}: add the SPDX id or the hub's tag, or ask who publishes it"
        )
    if spdx.squeeze(asset.licence) in spdx.names()["hub"]:
        return f"the tag {asset.licence!r} names no licence: read what its publisher means by it"
    return f"nobody lists a licence {asset.licence[:80]!r}: give its SPDX id, or have its text read"


def _text(node: spdx.Node | None) -> str | None:
    return str(node) if node is not None else None


def _category(node: spdx.Node | None) -> str:
    return spdx.filed_under(node) if node is not None else spdx.UNKNOWN_CATEGORY
