"""The text tier: each different licence text is read once, and what was recognised in it is kept.

Results are kept by the text's SHA-256 and the matcher's version, so that a second check starts no matcher at all.
"""

import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.licences.package import LicenceText
from core.licences.weigh import Match, Read
from core.progress import Progress, silent

TICK_S = 0.25
Matcher = Callable[[str], tuple[Match, ...] | None]


class MatcherUnavailable(Exception):  # noqa: N818 - an answer the caller acts on
    """The matcher does not start here; the message says why."""


def read_texts(
    texts: Sequence[LicenceText], keep: Path, version: str, start: Callable[[], Matcher], progress: Progress = silent
) -> dict[LicenceText, Read]:
    """Recognise the licences in some texts.

    Args:
        texts: what to read.
        keep: folder of the results kept from earlier.
        version: the matcher's name and version.
        start: makes the matcher ready, which may take long; called only where a text is new.

    Raises:
        MatcherUnavailable: the matcher cannot be started.
    """
    file = keep / f"{version}.json"
    known = _kept(file)
    by_text = {text: hashlib.sha256(text.text.encode()).hexdigest() for text in texts}
    new = {digest: text for text, digest in by_text.items() if digest not in known}
    if new:
        known |= _read(new, start, progress)
        _keep(file, known)
    return {text: Read(text, known.get(digest)) for text, digest in by_text.items()}


def _read(
    texts: dict[str, LicenceText], start: Callable[[], Matcher], progress: Progress
) -> dict[str, tuple[Match, ...]]:
    """Read texts in a thread of their own, so that this one can say how far it is and can stop."""
    out: dict[str, tuple[Match, ...]] = {}
    stop, at, note = threading.Event(), [0], ["Loading the licence index"]

    def work() -> None:
        matcher = start()
        for i, (digest, text) in enumerate(texts.items()):
            if stop.is_set():
                return
            at[0], note[0] = i, f"Reading licence texts ({i + 1} of {len(texts)})"
            matches = matcher(text.text)
            if matches is not None:
                out[digest] = matches

    _watch(work, lambda: progress(at[0], len(texts), note[0]), stop)
    return out


def _watch(work: Callable[[], None], tick: Callable[[], None], stop: threading.Event) -> None:
    failed: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # handed to the waiting thread
            failed.append(error)

    thread = threading.Thread(target=guarded, name="licence-texts", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(TICK_S)
            tick()
    finally:
        stop.set()
    if failed:
        raise MatcherUnavailable(f"ScanCode does not start or failed ({type(failed[0]).__name__})") from failed[0]


def _kept(file: Path) -> dict[str, tuple[Match, ...]]:
    """Results of earlier checks; a file that cannot be read counts as none."""
    try:
        rows: dict[str, list[dict[str, Any]]] = json.loads(file.read_text("utf-8"))
        return {digest: tuple(Match(**m) for m in matches) for digest, matches in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _keep(file: Path, known: dict[str, tuple[Match, ...]]) -> None:
    """Write the results whole or not at all. Two checks at once may lose each other's: they are only read again."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = {digest: [asdict(m) for m in matches] for digest, matches in known.items()}
    handle, name = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as f:
        json.dump(rows, f)
    os.replace(name, file)
