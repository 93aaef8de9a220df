"""The licence of a package, tier by tier, cheapest first, each leaving its evidence.

*Declared* is what the metadata claims, *concluded* what the evidence supports. They are kept apart, as SPDX has it.
A name that may stand for several licences ("BSD", "GPL") decides nothing; the licence text then does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.licences import spdx
from core.licences.bundled import Part
from core.licences.package import LicenceText, ResolvedPackage, licence_texts, overlong_texts, source_headers
from core.licences.sbom import own_entries
from core.licences.spdx import Node
from core.licences.weigh import Hit, Read, Weighed, only_references, proprietary, same_text, weigh

SAYS = 140  # characters of an evidence line
MENTIONS = 5  # evidence lines for what is only mentioned
TEXT_WORDS = 40  # words from which a licence field is a text and not a name


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of evidence: which tier, which file and line, what it says, and whether it applies to the package."""

    tier: str
    file: str
    line: int
    says: str
    applies: bool = True


@dataclass(frozen=True, slots=True)
class Claim:
    """What metadata alone says of a package.

    Attributes:
        declared: its claim in its own words, or as an SPDX expression where it can be read as one.
        node: the licence it settles on; None where it is ambiguous, contradicts itself, or says nothing.
        hints: families it names without saying which licence.
        why: why `node` is None.
    """

    package: ResolvedPackage
    declared: str | None
    node: Node | None
    evidence: tuple[Finding, ...]
    hints: frozenset[str] = frozenset()
    why: str = ""

    @property
    def wants_text(self) -> bool:
        """Whether the licence text is needed: nothing settled, or only a name that no list knows."""
        return self.node is None or only_references(self.node)

    def texts(self) -> list[LicenceText]:
        """The texts that can settle it: a licence field that is a text, else the licence files."""
        for line, value in self.package.metadata.all("License"):
            if len(value.split()) >= TEXT_WORDS:
                return [LicenceText(self.package.metadata.file, value, line)]
        return licence_texts(self.package) or (source_headers(self.package) if self.node is None else [])


@dataclass(frozen=True, slots=True)
class Detected:
    """A package with its licence.

    Attributes:
        concluded: None where nothing settles it, and `why` says what was missing.
        won: the tier that decided, and `because` says why it won over the others.
        parts: code of others inside it.
    """

    package: ResolvedPackage
    declared: str | None
    concluded: Node | None
    evidence: tuple[Finding, ...]
    why: str = ""
    won: str = ""
    because: str = ""
    parts: tuple[Part, ...] = ()


def claim(package: ResolvedPackage) -> Claim:
    """Read a package's claim from its metadata: PEP 639 expression, then licence field, then classifiers."""
    expression = package.metadata.first("License-Expression")
    if expression is not None:
        line, text = expression
        node = spdx.parse(text)
        found = Finding(package.metadata.tier or "License-Expression", package.metadata.file, line, _short(text))
        if node is not None:
            return Claim(package, str(node), node, (found,))
        why = f"its {package.metadata.tier or 'License-Expression'} {_short(text)!r} is not an SPDX expression"
        return Claim(package, _short(text), None, (found,), why=why)
    return _legacy(package)


def _legacy(package: ResolvedPackage) -> Claim:
    """Weigh the licence field and the classifiers of metadata older than PEP 639."""
    file = package.metadata.file
    field = package.metadata.first("License")
    classifiers = [(line, v) for line, v in package.metadata.all("Classifier") if _names_licence(v)]
    evidence = [Finding(package.metadata.tier or "License", file, *_cut(field))] if field else []
    evidence += [Finding("classifier", file, *_cut(row)) for row in classifiers]
    name = field[1] if field and len(field[1].split()) < TEXT_WORDS else ""
    read = spdx.read_tag if package.ecosystem in ("model", "dataset") else spdx.read_name
    from_field = (read(name) or spdx.read_name(name)) if name else None
    node, why = _settle(name, from_field, [spdx.read_classifier(value) for _, value in classifiers])
    hints = frozenset().union(spdx.families(name), *(spdx.families(value) for _, value in classifiers))
    said = [name, *(value.rsplit(" :: ", 1)[-1] for _, value in classifiers)]
    declared = str(node) if node is not None else "; ".join(dict.fromkeys(_short(s) for s in said if s))
    said_so = Claim(package, declared or ("(a licence text)" if field else None), node, tuple(evidence), hints, why)
    return said_so if node is not None else _from_sbom(said_so)


def _from_sbom(claim: Claim) -> Claim:
    """Settle a claim by the package's own SBOM, where that names a licence of the family the metadata speaks of."""
    folder = claim.package.folder
    for entry in own_entries(folder, claim.package.name) if folder is not None else ():
        node = spdx.parse(entry.licence)
        if node is not None and claim.hints & _family(node):
            found = Finding("SBOM", entry.file, 1, _short(entry.licence))
            return replace(claim, node=node, evidence=(*claim.evidence, found), why="")
    return claim


def _names_licence(classifier: str) -> bool:
    return classifier.startswith("License :: ") and not classifier.endswith(("OSI Approved", "DFSG approved"))


def _cut(row: tuple[int, str]) -> tuple[int, str]:
    return row[0], _short(row[1])


def _settle(name: str, field: Node | None, named: Sequence[Node | None]) -> tuple[Node | None, str]:
    """Decide between a licence field and classifiers; a reason where they leave it open.

    Args:
        name: what the licence field says, empty where it is missing or a whole text.
        field: the licence that name stands for, None where it is ambiguous.
        named: the licence of each classifier, None for one that names a family.
    """
    sure = {node for node in named if node is not None}
    classified = ", ".join(sorted(map(str, sure)))
    if field is not None:
        if sure and not _family(field) & frozenset().union(*map(_family, sure)):
            return None, f"its licence field says {field}, its classifiers {classified}"
        return field, ""
    if not named:
        return None, f"its licence field says only {_short(name)!r}" if name else "its metadata names no licence"
    if len(sure) > 1 or None in named:
        return None, "its classifiers name a family of licences, or several without saying whether all or any apply"
    (only,) = sure
    if spdx.families(name) and not spdx.families(name) & _family(only):
        return None, f"its licence field says {_short(name)!r}, its classifier {only}"
    return only, ""


def _family(node: Node) -> frozenset[str]:
    return frozenset(spdx.family(leaf.id) for leaf in spdx.leaves(node))


def decide(claim: Claim, reads: Sequence[Read] | None, unread: str = "") -> Detected:
    """Conclude a package's licence from its claim and its texts.

    Args:
        claim: what the metadata says.
        reads: what was recognised in its texts; None where they were not read. Where metadata is clear, the texts
            that were recognised are enough.
        unread: why they were not read.
    """
    if claim.node is not None and not claim.wants_text:
        return _stated(claim, claim.node, [read for read in reads or () if read.matches])
    if reads is None:
        why = _joined(claim.why, unread) if claim.node is None else ""
        return _detected(claim, claim.node, (), _stated_because(claim) if claim.node is not None else "", why)
    weighed = weigh(reads, claim.hints)
    if claim.node is not None:  # a name that no list knows stands unless its text turns out to be a listed licence
        if isinstance(weighed.concluded, spdx.Leaf) and not proprietary(reads):
            because = (
                f"{claim.node} is a name that no list knows, and the text that came with it is {weighed.concluded}"
            )
            return _detected(claim, weighed.concluded, weighed.hits, because, by_text=True)
        borne_out = [replace(hit, applies=hit.applies and hit.match.closed) for hit in weighed.hits]
        return _detected(claim, claim.node, borne_out, "a licence of its publisher's own, which its text bears out")
    if weighed.concluded is None:
        long = overlong_texts(claim.package)
        return _detected(
            claim, None, weighed.hits, "", _joined(claim.why, *long, weighed.why if reads or not long else "")
        )
    because = f"metadata leaves it open ({claim.why}); the licence text decides"
    return _detected(claim, weighed.concluded, weighed.hits, because, by_text=True)


def _stated(claim: Claim, node: Node, reads: Sequence[Read]) -> Detected:
    """A clear claim, set against the texts that were recognised: it stands unless a stricter text contradicts it."""
    weighed = (
        weigh(reads, frozenset(spdx.family(leaf.id) for leaf in spdx.leaves(node))) if reads else Weighed(None, ())
    )
    ids = [leaf.id for leaf in spdx.leaves(node)]
    found = [hit for hit in weighed.hits if hit.covers]
    agreeing = [hit for hit in found if any(same_text(t.id, i) for t in spdx.leaves(hit.node) for i in ids)]
    hits = [replace(hit, applies=hit in agreeing) for hit in weighed.hits]
    told = _stated_because(claim)
    if agreeing:
        return _detected(claim, node, hits, f"{told}; the text in {agreeing[0].text.file} agrees")
    if not found:
        return _detected(claim, node, hits, told)
    named = " and ".join(dict.fromkeys(str(hit.node) for hit in found))
    if any(spdx.is_copyleft(hit.node) for hit in found) and not spdx.is_copyleft(node):
        return _detected(claim, None, hits, "", f"it states {node} but ships the text of {named}: ask its authors")
    return _detected(claim, node, hits, f"{told}; the text it ships reads like {named}, which is no stricter")


def _stated_because(claim: Claim) -> str:
    tier = claim.evidence[-1].tier if claim.evidence else ""
    if tier == "SBOM":
        return "metadata names a family only, and its own SBOM says which licence of it"
    return "stated by its authors in a form that leaves no doubt"


def _detected(
    claim: Claim, node: Node | None, hits: Sequence[Hit], because: str, why: str = "", *, by_text: bool = False
) -> Detected:
    findings = _findings(hits)
    deciding = [f for f in findings if f.applies] if by_text else [e for e in claim.evidence if e.applies]
    won = (deciding or [Finding("", "", 0, "")])[0 if by_text else -1].tier if node is not None else ""
    evidence = (*claim.evidence, *findings)
    return Detected(claim.package, claim.declared, node, evidence, why, won, because)


def _findings(hits: Sequence[Hit]) -> list[Finding]:
    """Evidence lines of the text tier: what applies, then a few of what does not, and why not."""
    first: dict[tuple[bool, str], Hit] = {}
    for hit in sorted(hits, key=lambda h: (not h.applies, not h.covers)):
        licence = str(hit.node)
        if (True, licence) not in first:
            first.setdefault((hit.applies, licence), hit)
    rows = [
        Finding(h.tier, h.text.file, h.text.line + h.match.start - 1, _told(h), applies)
        for (applies, _), h in first.items()
    ]
    return [f for f in rows if f.applies] + [f for f in rows if not f.applies][:MENTIONS]


def _told(hit: Hit) -> str:
    what = f"{hit.match.kind} of {hit.match.words} words, score {hit.match.score:.0f}"
    if hit.tier == "similarity":
        what = f"{hit.match.score:.1f} % of its words are those of the licence"
    if hit.applies:
        return _short(f"{hit.node}: {what}")
    if hit.covers:
        return _short(f"{hit.node} for a part bundled or repeated there ({what}); not the package's own licence")
    return _short(f"mentions {hit.node} ({what}); does not apply by itself")


def _joined(*reasons: str) -> str:
    return "; ".join(r for r in reasons if r)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SAYS else line[: SAYS - 1] + "…"
