"""Which of the licences found in a package's texts apply to it, and which are only mentioned there.

A text matcher reports every licence it recognises: the GPL named in Python's history, the licence of a bundled part,
the word "GPL" in a sentence. Here a hit *applies* when it covers a licence text or a notice of some length in the
package's own licence file; the rest is kept as *mentioned* and decides nothing.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.licences.package import LicenceText
from core.licences.spdx import All, Leaf, Node, OneOf, category, family, is_reference, leaves, parse

Kind = Literal["text", "notice", "tag", "reference", "clue"]
Reader = Literal["text", "similarity"]

SURE = 90.0  # score from which a text counts as this licence and not as one like it
NEAR, LONG = 70.0, 300  # a long text that was edited (an EULA's next version) is still that text
NOTICE_WORDS = 10  # "released under the GPL" has 4 and stands in many histories
SHORT_FILE = 60  # words of a licence file that only names its licence
_PARTS = re.compile(r"^.*\bbundles? the following (software|files|libraries)|^Name: .+\nFiles: ", re.M | re.I)
FREE = {"Permissive", "Public Domain"}
CLOSED = {"Proprietary Free", "Commercial", "Free Restricted", "Source-available"}


@dataclass(frozen=True, slots=True)
class Match:
    """One licence recognised in a text.

    Attributes:
        kind: what the words are: a licence text, a notice that puts something under it, an SPDX tag, a mere reference.
        score: 0 to 100, how sure the matcher is.
        words: how many words of the text it covers.
    """

    expression: str
    kind: Kind
    score: float
    start: int
    end: int
    words: int

    @property
    def closed(self) -> bool:
        """Whether it is a licence of a proprietary kind."""
        node = parse(self.expression)
        return node is not None and any(category(leaf.id) in CLOSED for leaf in leaves(node))


@dataclass(frozen=True, slots=True)
class Read:
    """A licence text and what was recognised in it, by ScanCode ("text") or by its words ("similarity").

    `matches` is None where it could not be read in time.
    """

    text: LicenceText
    matches: tuple[Match, ...] | None
    by: Reader = "text"

    @property
    def tier(self) -> str:
        """What an evidence line calls it: a source header, however it was read, is a header."""
        return self.text.tier if self.text.tier == "header" else self.by


@dataclass(frozen=True, slots=True)
class Hit:
    """A match in its file, and what it is taken for."""

    text: LicenceText
    match: Match
    node: Node
    applies: bool
    covers: bool  # it is a text or notice of its own, though perhaps a bundled part's
    tier: str = "text"


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a package's texts say: the licence, every hit behind it, and why there is none if there is none."""

    concluded: Node | None
    hits: tuple[Hit, ...]
    why: str = ""


def weigh(reads: Sequence[Read], hints: frozenset[str]) -> Weighed:
    """Conclude a package's licence from its texts.

    Args:
        reads: its main licence texts.
        hints: families that its metadata names without saying which ("bsd", "apache", "gpl"), to tell the package's
            own licence from those of bundled parts listed below it.
    """
    if not reads:
        return Weighed(None, (), "it ships no licence text")
    if any(read.matches is None for read in reads):
        return Weighed(None, (), "a licence text took too long to read")
    files = [_sort(read) for read in reads]
    hits = [hit for file in files for hit in file]
    own = [_refine(_own(file, hints)) for file in files]
    nodes = [nodes for nodes in own if nodes]
    if not nodes:
        return Weighed(None, tuple(hits), "no licence is recognised in its texts")
    why = _undecidable(nodes)
    chosen = None if why else join(node for group in nodes for node in group)
    return Weighed(chosen, tuple(_marked(hits, chosen)), why)


def first_families(reads: Sequence[Read]) -> frozenset[str]:
    """The families of the first licence in each file: where nothing else says so, that is the file's own."""
    firsts = (next((h for h in _sort(read) if h.applies), None) for read in reads)
    return frozenset(family(leaf.id) for hit in firsts if hit is not None for leaf in leaves(hit.node))


def proprietary(reads: Sequence[Read]) -> bool:
    """Whether the texts bear out a package's own claim to a licence that no list knows."""
    matches = [m for read in reads for m in read.matches or ()]
    return any(m.closed and (m.score >= NEAR or m.words >= LONG) for m in matches)


def _sort(read: Read) -> list[Hit]:
    """Every match of a file in reading order, with whether it covers a text or notice of its own.

    What stands below a line such as "also bundles the following software" is of those parts and does not apply.
    """
    words = len(read.text.text.split())
    theirs = _parts_from(read.text.text)
    rows = [(m, parse(m.expression)) for m in sorted(read.matches or (), key=lambda m: (m.start, -m.words))]
    known = [(m, node) for m, node in rows if node is not None and not _says_nothing(node)]
    covering = [m for m, _ in known if _covers(m)]
    if not covering and words <= SHORT_FILE:  # the file says no more than "MIT"
        return [_hit(read, m, node, m.score >= SURE) for m, node in known]
    hits = [_hit(read, m, node, m in covering and not _inside(m, covering)) for m, node in known]
    return [replace(hit, applies=hit.applies and hit.match.start < theirs) for hit in hits]


def _hit(read: Read, match: Match, node: Node, covers: bool) -> Hit:
    return Hit(read.text, match, node, covers, covers, read.tier)


def _parts_from(text: str) -> float:
    """The line from which a licence file speaks of bundled parts; infinity where it does not."""
    low = text.lower()
    found = _PARTS.search(text) if "the following" in low or "\nfiles: " in low else None
    return text.count("\n", 0, found.start()) + 1 if found else float("inf")


def _says_nothing(node: Node) -> bool:
    return all(category(leaf.id) == "Unstated License" or leaf.id.endswith("-disclaimer") for leaf in leaves(node))


def _covers(match: Match) -> bool:
    if match.kind == "text":
        return match.score >= SURE or (match.score >= NEAR and match.words >= LONG)
    if match.kind == "notice":
        return match.score >= SURE and match.words >= NOTICE_WORDS
    return match.kind == "tag" and match.score >= SURE


def _inside(match: Match, others: Iterable[Match]) -> bool:
    """Whether it lies within a longer text: the words belong to that text."""
    return any(
        o.kind == "text" and o.words > match.words and o.start <= match.start and match.end <= o.end for o in others
    )


def _own(file: Sequence[Hit], hints: frozenset[str]) -> list[Hit]:
    """The hits of a file that speak of the package itself.

    Where the first licence is of a family that the metadata names, copyleft and proprietary texts further down belong
    to bundled parts; permissive ones are kept, for their notices are owed either way. Without such a hint all count.
    """
    applying = [hit for hit in file if hit.applies]
    if not applying or not hints & {family(leaf.id) for leaf in leaves(applying[0].node)}:
        return applying
    first = applying[0]
    return [first, *(h for h in applying[1:] if _free(h.node) or _is_arm(h.node, first.node))]


def _refine(hits: Sequence[Hit]) -> list[Node]:
    """Fold a text that only spells out an arm of a choice offered above it into that arm."""
    nodes: list[Node] = list(dict.fromkeys(hit.node for hit in hits))
    for choice in [n for n in nodes if isinstance(n, OneOf)]:
        arms, spent = list(choice.arms), set[Node]()
        for text in nodes:
            for i, arm in enumerate(arms):
                if isinstance(arm, Leaf) and isinstance(text, Leaf) and same_text(text.id, arm.id):
                    spent.add(text)
                    arms[i] = text if text.id.startswith(f"{arm.id}-") else arm
        nodes = [OneOf(tuple(arms)) if n == choice else n for n in nodes if n not in spent]
    return nodes


def _is_arm(node: Node, choice: Node) -> bool:
    arms = choice.arms if isinstance(choice, OneOf) else ()
    return isinstance(node, Leaf) and any(isinstance(a, Leaf) and same_text(node.id, a.id) for a in arms)


def same_text(text: str, arm: str) -> bool:
    """Whether a licence text is the one an id stands for: "GPL-2.0-only" is the text of "GPL-2.0-or-later"."""
    return text == arm or text.startswith(f"{arm}-") or _stem(text) == _stem(arm)


def _stem(licence: str) -> str:
    return licence.removesuffix("-only").removesuffix("-or-later")


def _free(node: Node) -> bool:
    return all(category(leaf.id) in FREE for leaf in leaves(node))


def _undecidable(groups: Sequence[Sequence[Node]]) -> str:
    """Say why several licence files leave it open whether all or any of them apply; empty where they do not."""
    nodes = _without_base_text({node for group in groups for node in group})
    if len(groups) < 2 or len(nodes) < 2 or all(_free(n) for n in nodes):
        return ""
    if any(nodes <= _without_base_text(set(group)) for group in groups):
        return ""  # one file says it all, the others repeat parts of it
    return f"it ships {' and '.join(sorted(map(str, nodes)))} without saying whether both or either apply"


def _without_base_text(nodes: set[Node]) -> set[Node]:
    """LGPL-3.0 is written as additions to GPL-3.0, whose text therefore lies beside it."""
    lesser = any(isinstance(n, Leaf) and _stem(n.id) == "LGPL-3.0" for n in nodes)
    return {n for n in nodes if not (lesser and isinstance(n, Leaf) and _stem(n.id) == "GPL-3.0")}


def join(nodes: Iterable[Node]) -> Node:
    """All of some licences, each once."""
    ordered = list(dict.fromkeys(nodes))
    kept = _without_base_text(set(ordered))
    flat = [arm for n in ordered if n in kept for arm in (n.arms if isinstance(n, All) else (n,))]
    whole = tuple(dict.fromkeys(flat))
    return whole[0] if len(whole) == 1 else All(whole)


def _marked(hits: Sequence[Hit], chosen: Node | None) -> list[Hit]:
    """The hits with `applies` kept only where their licence is part of the conclusion."""
    ids = {leaf.id for leaf in leaves(chosen)} if chosen is not None else set()
    return [replace(h, applies=h.applies and _speaks_of(h.node, ids)) for h in hits]


def _speaks_of(node: Node, ids: Iterable[str]) -> bool:
    return any(same_text(chosen, leaf.id) for leaf in leaves(node) for chosen in ids)


def only_references(node: Node) -> bool:
    """Whether an expression names nothing but licences that no list knows."""
    return all(is_reference(leaf.id) for leaf in leaves(node))
