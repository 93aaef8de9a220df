"""What the people at this installation chose once and need not choose again, in one small file of the var folder.

There is no login, so it is one choice for all who use this installation.
"""

import json
import os
import tempfile
from pathlib import Path

from core.settings import Settings


def preference(settings: Settings, name: str) -> str:
    """What was chosen; empty where nothing was, or where the file cannot be read."""
    return _read(_file(settings)).get(name, "")


def prefer(settings: Settings, name: str, value: str) -> None:
    """Keep a choice; the file is replaced whole. Where it cannot be written the choice holds for nobody."""
    file = _file(settings)
    kept = _read(file) | {name: value}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, delete=False) as new:
            json.dump(kept, new)
        os.replace(new.name, file)
    except OSError:
        return  # a choice of comfort: a full disk will be told where something is lost by it


def _file(settings: Settings) -> Path:
    return settings.var / "preferences.json"


def _read(file: Path) -> dict[str, str]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}
