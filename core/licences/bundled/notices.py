"""Bundled parts that a licence file lists in a form a machine can read.

Two forms are in use: the blocks of NumPy and SciPy (`Name:`, `Files:`, `License:`), and bold names followed by a
licence (`**iconv**: LGPL 2.1`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from core.licences import spdx
from core.licences.package import LicenceText
from core.licences.spdx import Node

_BLOCK = re.compile(r"^Name: *(?P<name>\S.*)\n(?P<rest>(?:[A-Z][a-z]+:.*\n|[ \t]+\S.*\n)*)", re.M)
_FIELD = re.compile(r"^(Files|License): *(.*(?:\n[ \t]+\S.*)*)", re.M)
_BOLD = re.compile(r"^[ \t>-]{0,3}\*\*(?P<name>[\w .+-]{2,40})\*\*: *(?P<licence>[^,\n(]{2,60})", re.M)


@dataclass(frozen=True, slots=True)
class Notice:
    """A part that a licence file names: which files hold it, and the licence given."""

    name: str
    licence: Node
    file: str
    line: int
    files: tuple[str, ...] = ()
    said: str = ""

    def covers(self, name: str) -> bool:
        """Whether it speaks of this file; a pattern that ends in .so also stands for .so.5."""
        return any(fnmatchcase(name, f"{pattern}*") for pattern in self.files)


def notices(texts: list[LicenceText]) -> list[Notice]:
    """Every part that some licence files list."""
    return [notice for text in texts for notice in (*_blocks(text), *_bold(text))]


def _blocks(text: LicenceText) -> Iterator[Notice]:
    for block in _BLOCK.finditer(text.text):
        fields = {name: " ".join(value.split()) for name, value in _FIELD.findall(block["rest"])}
        said = fields.get("License", "")
        node = spdx.read_name(said.split("  ")[0]) or _first_line(block["rest"])
        if node is not None:
            line = text.text.count("\n", 0, block.start()) + text.line
            files = tuple(fields.get("Files", "").split())
            yield Notice(block["name"].strip(), node, text.file, line, files, str(node))


def _first_line(rest: str) -> Node | None:
    found = re.search(r"^License: *(.+)$", rest, re.M)
    return spdx.read_name(found[1].strip()) if found else None


def _bold(text: LicenceText) -> Iterator[Notice]:
    for found in _BOLD.finditer(text.text):
        node = spdx.read_name(found["licence"].strip())
        if node is not None:
            line = text.text.count("\n", 0, found.start()) + text.line
            yield Notice(found["name"].strip(), node, text.file, line, said=found["licence"].strip())
