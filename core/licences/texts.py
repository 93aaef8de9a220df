"""The text tiers: each different licence text is read once, and what was recognised in it is kept.

First by its words (milliseconds), then, where that leaves a doubt, by ScanCode's worker. Results are kept by the text's
SHA-256 and the version of what read it, so that a second check reads nothing and starts no worker.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from core.licences import keeping, similar
from core.licences.package import LicenceText
from core.licences.scancode import client
from core.licences.scancode.client import ScanCodeUnavailable
from core.licences.scancode.place import tool_version
from core.licences.weigh import Match, Read, Reader
from core.progress import Progress, silent

__all__ = ["ScanCodeUnavailable", "by_scancode", "by_words", "prepare"]
MANY = 5  # new texts from which some will be left to ScanCode

RULES = 1  # raise where the guards of `similar` change
Matches = tuple[Match, ...]
Scan = Callable[[Sequence[str], Callable[[], None]], Iterator[tuple[int, Matches | None]]]


def by_words(texts: Sequence[LicenceText], keep: Path, progress: Progress = silent) -> dict[LicenceText, Read]:
    """Read texts by their words alone: only those that are one licence beyond doubt are in the answer."""
    if not similar.available():
        return {}
    file = keep / f"similar-{RULES}-{tool_version()}.json"
    digests = {text: _digest(text) for text in texts}
    known = _kept(file)
    new = {digest: text for text, digest in digests.items() if digest not in known}
    found: dict[str, Matches] = {}
    for i, (digest, text) in enumerate(new.items()):
        if i % 10 == 0:
            progress(i, len(new), f"Comparing licence texts ({i + 1} of {len(new)})")
        found[digest] = _whole(text.text)
    known |= _keep(file, found)
    return {text: Read(text, known[digest], "similarity") for text, digest in digests.items() if known[digest]}


def prepare(texts: Sequence[LicenceText], keep: Path) -> None:
    """Let ScanCode's worker load its index meanwhile, where several texts are seen for the first time."""
    known = _kept(keep / f"similar-{RULES}-{tool_version()}.json")
    if sum(_digest(text) not in known for text in dict.fromkeys(texts)) >= MANY:
        with contextlib.suppress(ScanCodeUnavailable):  # said when a text has to be read
            client.start()


def by_scancode(
    texts: Sequence[LicenceText], keep: Path, progress: Progress = silent, scan: Scan = client.read
) -> dict[LicenceText, Read]:
    """Have texts read by ScanCode.

    Args:
        texts: what to read.
        keep: folder of the results kept from earlier.
        scan: reads the texts that are new; not called where there are none.

    Raises:
        ScanCodeUnavailable: its worker does not start or died; what it had read until then is kept.
    """
    file = keep / f"scancode-{tool_version()}.json"
    digests = {text: _digest(text) for text in texts}
    known = _kept(file)
    new = {digest: text.text for text, digest in digests.items() if digest not in known}
    if new:
        known |= _scanned(new, file, progress, scan)
    return _reads(digests, known, "text")


def _scanned(new: Mapping[str, str], file: Path, progress: Progress, scan: Scan) -> dict[str, Matches]:
    order = sorted(new, key=lambda digest: -len(new[digest]))  # longest first: no reader ends long after the others
    found: dict[str, Matches] = {}
    done = [0]

    def tick() -> None:
        note = f"Reading licence texts ({done[0]} of {len(order)})" if done[0] else "Loading the licence index"
        progress(done[0], len(order), note)

    try:
        for position, matches in scan([new[digest] for digest in order], tick):
            done[0] += 1
            if matches is not None:
                found[order[position]] = matches
    finally:
        _keep(file, found)
    return found


def _reads(digests: Mapping[LicenceText, str], known: Mapping[str, Matches], by: Reader) -> dict[LicenceText, Read]:
    return {text: Read(text, known.get(digest), by) for text, digest in digests.items()}


def _whole(text: str) -> Matches:
    found = similar.same_as(text)
    if found is None:
        return ()
    return (Match(found.licence, "text", round(100 * found.score, 1), 1, text.count("\n") + 1, found.words),)


def _digest(text: LicenceText) -> str:
    return hashlib.sha256(text.text.encode()).hexdigest()


def _kept(file: Path) -> dict[str, Matches]:
    """Results of earlier checks; rows that cannot be read count as none."""
    try:
        return {digest: tuple(Match(**m) for m in matches) for digest, matches in keeping.read(file).items()}
    except (TypeError, AttributeError):
        return {}


def _keep(file: Path, found: dict[str, Matches]) -> dict[str, Matches]:
    keeping.add(file, {digest: [asdict(m) for m in matches] for digest, matches in found.items()})
    return found
