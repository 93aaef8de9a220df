"""Results kept from one check to the next: a JSON file of rows by key, added to whole or not at all."""

import json
import os
import tempfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any


def read(file: Path) -> dict[str, Any]:
    """The rows kept; none where the file cannot be read."""
    try:
        rows = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return rows if isinstance(rows, dict) else {}


def add(file: Path, rows: Mapping[str, Any]) -> None:
    """Add rows to the file; those that another check wrote meanwhile stay."""
    if not rows:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with import_module("filelock").FileLock(file.with_suffix(".lock")):  # brings asyncio; most checks add nothing
        handle, name = tempfile.mkstemp(dir=file.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as f:
            json.dump(read(file) | dict(rows), f)
        os.replace(name, file)
