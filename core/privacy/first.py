"""What a scan knows after some rows of each file, kept in the run's folder for those who watch it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROWS = 200  # drawn at random of each table before all of it is read
_FILE = "first.json"


class Firsts:
    """The first looks of a run, one a table, in the order in which they were taken."""

    def __init__(self, run_dir: Path) -> None:
        """Begin with none; they are written to the run's folder."""
        self._file = run_dir / _FILE
        self._told: list[Mapping[str, Any]] = []

    def add(self, told: Mapping[str, Any]) -> None:
        """Take in a table's, as `TableScan.as_json` has it, and write all, whole or not at all."""
        self._told.append(told)
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(self._told, ensure_ascii=False), encoding="utf-8")
        part.replace(self._file)


def read(run_dir: Path) -> list[dict[str, Any]]:
    """The first looks of a run so far; none before the first."""
    try:
        found: list[dict[str, Any]] = json.loads((run_dir / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return found
