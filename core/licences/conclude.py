"""From packages to concluded licences: metadata first, then texts by their words, then what is left by ScanCode."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.licences import spdx
from core.licences.bundled import Part, xray
from core.licences.bundled.files import PartText
from core.licences.bundled.native import telling
from core.licences.bundled.symbols import Symbols
from core.licences.bundled.xray import XRay, merged
from core.licences.detect import Claim, Detected, claim, decide
from core.licences.package import LicenceText, ResolvedPackage
from core.licences.spdx import Node
from core.licences.texts import ScanCodeUnavailable, by_scancode, by_words, prepare
from core.licences.weigh import Hit, Read, first_families, join, weigh
from core.progress import Progress, part

UNREAD = "licence texts were not read"
EARLY = 20  # packages whose texts tell whether ScanCode will be needed, so that its index loads meanwhile
Reads = Mapping[LicenceText, Read]


@dataclass(frozen=True, slots=True)
class Concluded:
    """Every package with its licence, why texts were not read if they were not, and what was not looked at."""

    packages: tuple[Detected, ...]
    unread: str = ""
    left_out: tuple[tuple[str, str], ...] = ()  # package, why


@dataclass(frozen=True, slots=True)
class _Looked:
    """A package, what its metadata says, its texts, and what lies inside it."""

    claim: Claim
    texts: tuple[LicenceText, ...]
    ray: XRay
    vendored: tuple["_Looked", ...] = ()


def conclude(packages: Sequence[ResolvedPackage], *, texts: bool, keep: Path, progress: Progress) -> Concluded:
    """Conclude the licence of every package and of the code inside it.

    Args:
        texts: read licence texts, and look into native code; False: metadata, SBOMs and file names only.
        keep: folder of what was recognised before.
    """
    looked: list[_Looked] = []
    symbols = Symbols(telling(), keep) if texts else None
    for i, package in enumerate(packages):
        if i % 20 == 0:
            progress(i, len(packages) * 5, f"Reading metadata ({i} of {len(packages)})")
        if texts and i == EARLY:
            prepare(_unsettled(looked), keep)
        looked.append(_look(package, symbols))
    if symbols is not None:
        symbols.save()
    unread = "" if texts else UNREAD
    reads: Reads = {}
    if texts:
        reads, unread = _read(looked, keep, part(progress, 0.2, 1.0))
    wanted = any(one.claim.wants_text for one in looked)
    left = tuple((one.claim.package.name, one.ray.left_out) for one in looked if one.ray.left_out)
    return Concluded(tuple(_decide(one, reads, unread) for one in looked), unread if wanted else "", left)


def _look(package: ResolvedPackage, symbols: Symbols | None, *, inside: bool = True) -> _Looked:
    found = claim(package)
    own = tuple(found.texts()) if symbols is not None else ()
    ray = xray(package, own, symbols) if inside else XRay()
    return _Looked(found, own, ray, tuple(_look(v, symbols, inside=False) for v in ray.vendored))


def _unsettled(looked: Sequence[_Looked]) -> list[LicenceText]:
    """The texts on which something still hangs."""
    every = [one for top in looked for one in (top, *top.vendored)]
    own = [text for one in every if one.claim.wants_text for text in one.texts]
    return [*own, *(found.text for one in looked for found in one.ray.texts)]


def _read(looked: Sequence[_Looked], keep: Path, progress: Progress) -> tuple[Reads, str]:
    """Read all texts by their words, and by ScanCode those that something still hangs on."""
    every = [one for top in looked for one in (top, *top.vendored)]
    own = [text for one in every for text in one.texts]
    theirs = [found.text for one in looked for found in one.ray.texts]
    asked = _unsettled(looked)
    prepare(asked, keep)
    reads = dict(by_words([*own, *theirs], keep, part(progress, 0.0, 0.3)))
    open_texts = [text for text in dict.fromkeys(asked) if text not in reads]
    try:
        return reads | by_scancode(open_texts, keep, part(progress, 0.3, 1.0)), ""
    except ScanCodeUnavailable as error:
        return reads, f"{UNREAD} by ScanCode, which does not start or failed ({error})"


def _decide(one: _Looked, reads: Reads, unread: str) -> Detected:
    read = [reads[text] for text in one.texts if text in reads]
    whole = len(read) == len(one.texts) and not (unread and not one.texts)
    found = decide(one.claim, read if whole or not one.claim.wants_text else None, unread)
    inner = [_vendored(_decide(v, reads, unread)) for v in one.vendored]
    return replace(
        found, parts=tuple(merged([*one.ray.parts, *inner, *_from_texts(one.ray.texts, reads, found.concluded)]))
    )


def _vendored(found: Detected) -> Part:
    package = found.package
    file = f"{package.folder.parent.name}/{package.folder.name}" if package.folder is not None else ""
    says = found.evidence[0].says if found.evidence else ""
    return Part(
        package.name, package.version, found.concluded, "vendored package", file, 0, f"states {says}", found.why
    )


def _from_texts(texts: Iterable[PartText], reads: Reads, stated: Node | None) -> list[Part]:
    """The parts whose licence texts were recognised; a text that is not leaves the package's own word standing."""
    grouped: dict[str, list[LicenceText]] = {}
    for found in texts:
        grouped.setdefault(found.part, []).append(found.text)
    parts = (_from_group(name, [reads[t] for t in group if t in reads], stated) for name, group in grouped.items())
    return [one for one in parts if one is not None]


def _from_group(name: str, read: Sequence[Read], stated: Node | None) -> Part | None:
    """One part from its texts. Its first licence is its own; what stands further down is of parts of the part."""
    own = [r for r in read if r.matches]
    weighed = weigh(own, first_families(own)) if own else None
    hits = [h for h in weighed.hits if h.covers] if weighed is not None else []
    if weighed is None or not hits:
        return None
    licence = weighed.concluded or _all_of(hits, stated)
    hit = next((h for h in hits if h.applies), hits[0])
    says = f"the text there is {hit.node}"
    line = hit.text.line + hit.match.start - 1
    return Part(name, "", licence, "licence file", hit.text.file, line, says, weighed.why if licence is None else "")


def _all_of(hits: Sequence[Hit], stated: Node | None) -> Node | None:
    """Several texts without a word on how they go together, all taken as applying: only where that costs nothing.

    That is where none is stricter than permissive, or than what the package states for the whole of itself.
    """
    whole = join(h.node for h in hits)
    mild = not spdx.is_copyleft(whole) or spdx.filed_under(whole) == "Patent License"
    return whole if mild or (stated is not None and not spdx.stricter(whole, stated)) else None
