"""ScanCode as a matcher of licence texts. Only its own worker loads this.

Its index takes 1.4 GB and seconds. It is loaded once a process with garbage collection off, then frozen, which saves a
third of the time. It is never asked to rebuild: that takes two minutes, and its `only_builtin` switch deletes the index
that came with ScanCode.
"""

import gc
import os
import tempfile
import time
from functools import cache
from typing import Any

import licensedcode.cache
from licensedcode.detection import detect_licenses

from core.licences.weigh import Kind, Match

PER_TEXT_S = 90.0  # the slowest real text takes 3 s alone, 20 s on a machine that does much else


@cache
def load() -> None:
    """Load the index, which ScanCode keeps for the process."""
    gc.disable()
    try:
        licensedcode.cache.get_cache()
        gc.freeze()
    finally:
        gc.enable()


def matches(text: str) -> tuple[Match, ...] | None:
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
