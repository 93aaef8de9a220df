"""Sentences with slots: read from a file, cut into parts, split so that what judges was never learned from."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.settings import PROJECT

FOLDER = PROJECT / "data" / "names"
HELD_OUT = 0.25  # of the sentences judge the model and are never learned from
_SLOT = re.compile(r"\{\{|\}\}|\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a sentence: what it says, or, where `slot` is named, a hole for a made-up value."""

    text: str
    slot: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A sentence with slots; `kind` is where such sentences stand, such as "tweets"."""

    parts: tuple[Part, ...]
    kind: str

    @property
    def key(self) -> str:
        """The sentence without values: two rows that differ in their values alone share it."""
        return "".join(p.text or f"{{{p.slot}}}" for p in self.parts)


def parse(line: str, kind: str) -> Template:
    """Read `Dear {first},\\nyour ...`; a brace that is meant is written twice."""
    line = line.replace("\\n", "\n")
    parts: list[Part] = []
    at = 0
    for found in _SLOT.finditer(line):
        parts.append(Part(line[at : found.start()]))
        parts.append(Part("", found[1]) if found[1] else Part(found[0][0]))
        at = found.end()
    parts.append(Part(line[at:]))
    return Template(tuple(p for p in parts if p.text or p.slot), kind)


@cache
def templates(file: Path = FOLDER / "templates.txt") -> tuple[Template, ...]:
    """The sentences that come with the product, in the order of the file."""
    kind, found = "", []
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            kind = line[2:]
        elif line:
            found.append(parse(line, kind))
    return tuple(found)


def drawn(text: str) -> float:
    """A number in [0, 1) that hangs on the text alone, so that a split is the same in every run."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:6], "big") / 2**48


def split(given: Sequence[Template], share: float = HELD_OUT) -> tuple[list[Template], list[Template]]:
    """Part sentences into those to learn from and those that judge; equal ones never stand on both sides."""
    learn = [t for t in given if drawn(t.key) >= share]
    judge = [t for t in given if drawn(t.key) < share]
    return learn, judge
