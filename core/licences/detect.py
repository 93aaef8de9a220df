"""The licence of a package, tier by tier, cheapest first, each leaving its evidence.

*Declared* is what the metadata claims, *concluded* what the evidence supports. They are kept apart, as SPDX has it.
A name that may stand for several licences ("BSD", "GPL") decides nothing; the licence text then does.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.licences import spdx
from core.licences.package import LicenceText, ResolvedPackage, licence_texts, source_headers
from core.licences.sbom import own_entries
from core.licences.spdx import Node
from core.licences.weigh import Hit, Read, family, only_references, proprietary, weigh

SAYS = 140  # characters of an evidence line
MENTIONS = 5  # evidence lines for what is only mentioned
TEXT_WORDS = 40  # words from which a licence field is a text and not a name
_FAMILIES = {
    "lesser general": "lgpl", "lgpl": "lgpl", "affero": "agpl", "agpl": "agpl", "general public": "gpl", "gpl": "gpl",
    "apache": "apache", "artistic": "artistic", "bsd": "bsd", "mozilla": "mpl", "mit": "mit", "nvidia": "licenseref",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of evidence: which tier, which file and line, and what it says."""

    tier: str
    file: str
    line: int
    says: str


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
        return licence_texts(self.package) or source_headers(self.package)


@dataclass(frozen=True, slots=True)
class Detected:
    """A package with its licence: `concluded` is None where nothing settles it, and `why` says what was missing."""

    package: ResolvedPackage
    declared: str | None
    concluded: Node | None
    evidence: tuple[Finding, ...]
    why: str = ""


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
    from_field = spdx.read_name(name) if name else None
    node, why = _settle(name, from_field, [spdx.read_classifier(value) for _, value in classifiers])
    hints = frozenset().union(_families(name), *(_families(value) for _, value in classifiers))
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
    if _families(name) and not _families(name) & _family(only):
        return None, f"its licence field says {_short(name)!r}, its classifier {only}"
    return only, ""


def _family(node: Node) -> frozenset[str]:
    return frozenset(family(leaf.id) for leaf in spdx.leaves(node))


def _families(text: str) -> frozenset[str]:
    """The licence families a name speaks of."""
    low, out = text.lower(), set[str]()
    for words, name in _FAMILIES.items():
        if re.search(rf"(?<![a-z]){words}", low):
            out.add(name)
            low = low.replace(words, " ")
    return frozenset(out)


def decide(claim: Claim, reads: Sequence[Read] | None, unread: str = "") -> Detected:
    """Conclude a package's licence from its claim and, where the claim needs them, its texts.

    Args:
        claim: what the metadata says.
        reads: what was recognised in its texts; None where they were not read.
        unread: why they were not read.
    """
    if not claim.wants_text or reads is None:
        why = claim.why if claim.node is None else ""
        return Detected(claim.package, claim.declared, claim.node, claim.evidence, _joined(why, unread) if why else "")
    weighed = weigh(reads, claim.hints)
    evidence = (*claim.evidence, *_findings(weighed.hits))
    if claim.node is not None:  # a name that no list knows stands unless its text turns out to be a listed licence
        if isinstance(weighed.concluded, spdx.Leaf) and not proprietary(reads):
            return Detected(claim.package, claim.declared, weighed.concluded, evidence)
        borne_out = [replace(hit, applies=hit.applies and hit.match.closed) for hit in weighed.hits]
        return Detected(claim.package, claim.declared, claim.node, (*claim.evidence, *_findings(borne_out)))
    why = "" if weighed.concluded is not None else _joined(claim.why, weighed.why)
    return Detected(claim.package, claim.declared, weighed.concluded, evidence, why)


def _findings(hits: Sequence[Hit]) -> list[Finding]:
    """Evidence lines of the text tier: what applies, then a few of what does not, and why not."""
    first: dict[tuple[bool, str], Hit] = {}
    for hit in sorted(hits, key=lambda h: (not h.applies, not h.covers)):
        licence = str(hit.node)
        if (True, licence) not in first:
            first.setdefault((hit.applies, licence), hit)
    rows = [(applies, Finding(h.text.tier, h.text.file, h.text.line + h.match.start - 1, _told(h)))
            for (applies, _), h in first.items()]  # fmt: skip
    return [f for applies, f in rows if applies] + [f for applies, f in rows if not applies][:MENTIONS]


def _told(hit: Hit) -> str:
    what = f"{hit.match.kind} of {hit.match.words} words, score {hit.match.score:.0f}"
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
