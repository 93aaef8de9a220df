"""One piece of other people's code found inside a package."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from core.licences import spdx
from core.licences.spdx import Node

How = Literal["SBOM", "vendored package", "library", "static library", "licence file"]
_ASIDE = re.compile(r"\s*\(.*\)$|^(lib|gnu\s+)")
_MARKS = re.compile(r"[^a-z0-9+]+")


@dataclass(frozen=True, slots=True)
class Part:
    """One bundled part.

    Attributes:
        licence: its licence; None where nothing says.
        how: where it was seen.
        says: what was seen there, in words.
        why: why its licence is unknown, where it is.
        ships: False for what a build may use and this package does not hold (`scope: optional` of an SBOM).
        static: linked into a file of the package, so that it cannot be swapped by replacing a file.
    """

    name: str
    version: str
    licence: Node | None
    how: How
    file: str
    line: int = 0
    says: str = ""
    why: str = ""
    ships: bool = True
    static: bool = False

    def as_json(self) -> dict[str, Any]:
        """The part as JSON values."""
        return {
            "name": self.name,
            "version": self.version,
            "licence": str(self.licence) if self.licence is not None else None,
            "category": spdx.filed_under(self.licence) if self.licence is not None else spdx.UNKNOWN_CATEGORY,
            "how": self.how,
            "file": self.file,
            "line": self.line,
            "says": self.says,
            "ships": self.ships,
        } | ({"why": self.why} if self.why else {})


@lru_cache(maxsize=8192)
def part_key(name: str) -> str:
    """A name as two sources of one part are matched: "libiconv" and "iconv" are one."""
    return _MARKS.sub("", _ASIDE.sub("", name.casefold()))
