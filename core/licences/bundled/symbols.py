"""Which known functions the native files of packages define: what was linked into them shows by these.

Reading the symbol tables of an environment takes a second, so what was found is kept by the path, size and time of
change; a second check opens none of the files.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

from core.licences import keeping
from core.licences.bundled import elf


class Symbols:
    """The symbols wanted, and which files define which of them."""

    def __init__(self, wanted: frozenset[bytes], keep: Path | None = None) -> None:
        """Look for `wanted`; `keep` is the folder of what was found before, None: nothing is kept."""
        self._wanted = wanted
        digest = hashlib.sha256(b" ".join(sorted(wanted))).hexdigest()[:12]
        self._file = keep / f"symbols-{digest}.json" if keep is not None else None
        self._known: dict[str, Any] = keeping.read(self._file) if self._file is not None else {}
        self._new: dict[str, Any] = {}

    def of(self, path: Path) -> set[bytes]:
        """Those that a file defines; none where it cannot be read."""
        try:
            stat = os.stat(path)
        except OSError:
            return set()
        stamp, row = [stat.st_size, stat.st_mtime_ns], self._known.get(str(path))
        if isinstance(row, list) and row[:2] == stamp:
            return {str(name).encode() for name in row[2:]}
        found = elf.defined(path, self._wanted)
        self._new[str(path)] = [*stamp, *sorted(name.decode() for name in found)]
        return found

    def save(self) -> None:
        """Keep what was found."""
        if self._file is not None:
            keeping.add(self._file, self._new)
            self._known |= self._new
            self._new = {}
