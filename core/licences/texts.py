"""The text tier: ScanCode recognises the licences in a text. Only jobs import this: its index takes 1.4 GB and seconds.

The index is loaded once a process with garbage collection off, then frozen, which saves a third of the time. It is
never asked to rebuild: that takes two minutes, and its `only_builtin` switch deletes the index that came with ScanCode.
Results are kept by the text's SHA-256 and ScanCode's version, so that a second scan loads nothing.
"""

import gc
import hashlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import licensedcode.cache
import scancode_config
from licensedcode.detection import detect_licenses

from core.licences.package import LicenceText
from core.licences.weigh import Kind, Match, Read
from core.progress import Progress, silent

VERSION = str(scancode_config.__version__)
PER_TEXT_S = 20.0  # the slowest real text (NVIDIA's EULA) takes 3 s
TICK_S = 0.25


class ScannerUnavailable(Exception):  # noqa: N818 - an answer the caller acts on
    """ScanCode does not start here; the message says why."""


@cache
def _load() -> None:
    """Load the index, which ScanCode keeps for the process."""
    gc.disable()
    try:
        licensedcode.cache.get_cache()
        gc.freeze()
    finally:
        gc.enable()


def read_texts(texts: Sequence[LicenceText], keep: Path, progress: Progress = silent) -> dict[LicenceText, Read]:
    """Recognise the licences in some texts, each different text once.

    Args:
        texts: what to read.
        keep: folder of the results kept from earlier.

    Raises:
        ScannerUnavailable: ScanCode's index cannot be loaded.
    """
    file = keep / f"scancode-{VERSION}.json"
    known = _kept(file)
    by_hash = {text: hashlib.sha256(text.text.encode()).hexdigest() for text in texts}
    new = {digest: text for text, digest in by_hash.items() if digest not in known}
    if new:
        found = _scan(new, progress)
        known |= found
        _keep(file, known)
    return {text: Read(text, known.get(digest)) for text, digest in by_hash.items()}


def _scan(texts: dict[str, LicenceText], progress: Progress) -> dict[str, tuple[Match, ...]]:
    """Read texts in a thread of their own, so that this one can say how far it is and can stop."""
    out: dict[str, tuple[Match, ...]] = {}
    stop, note = threading.Event(), ["Loading the licence index"]

    def work() -> None:
        _load()
        for digest, text in texts.items():
            if stop.is_set():
                return
            note[0] = f"Reading licence texts ({len(out) + 1} of {len(texts)})"
            matches = _matches(text.text)
            if matches is not None:
                out[digest] = matches

    _watch(work, lambda: progress(len(out), len(texts), note[0]), stop)
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
        raise ScannerUnavailable(f"ScanCode {VERSION} failed ({type(failed[0]).__name__})") from failed[0]


def _matches(text: str) -> tuple[Match, ...] | None:
    """What ScanCode recognises in one text; None where it took too long to be whole."""
    deadline = time.time() + PER_TEXT_S
    handle, name = tempfile.mkstemp(suffix=".LICENSE")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as f:
            f.write(text)  # a file, not a string: ScanCode breaks long lines of files only
        found = [m for d in detect_licenses(location=name, deadline=deadline) for m in d.matches]
    finally:
        os.unlink(name)
    return None if time.time() > deadline else tuple(_match(m) for m in found)


def _match(found: Any) -> Match:
    rule = found.rule
    kind: Kind = "clue"
    if rule.is_license_text:
        kind = "text"
    elif rule.is_license_notice:
        kind = "notice"
    elif rule.is_license_tag:
        kind = "tag"
    elif rule.is_license_reference:
        kind = "reference"
    expression = licensedcode.cache.build_spdx_license_expression(rule.license_expression) or ""
    return Match(str(expression), kind, round(found.score(), 1), found.start_line, found.end_line, found.len())


def _kept(file: Path) -> dict[str, tuple[Match, ...]]:
    """Results of earlier scans; a file that cannot be read counts as none."""
    try:
        rows: dict[str, list[dict[str, Any]]] = json.loads(file.read_text("utf-8"))
        return {digest: tuple(Match(**m) for m in matches) for digest, matches in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _keep(file: Path, known: dict[str, tuple[Match, ...]]) -> None:
    """Write the results whole or not at all. Two scans at once may lose each other's: they are only read again."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = {digest: [asdict(m) for m in matches] for digest, matches in known.items()}
    handle, name = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as f:
        json.dump(rows, f)
    os.replace(name, file)
