"""What a wheel's own software bill of materials (PEP 770, CycloneDX JSON in `dist-info/sboms`) says."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

SBOM_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A licence that an SBOM gives for the package it came with."""

    file: str
    licence: str


def own_entries(folder: Path, name: str) -> list[Entry]:
    """The licences that the SBOMs of a dist-info folder give for the package itself: their subject, or its namesake."""
    out = []
    for path in sorted((folder / "sboms").glob("*.json")):
        try:
            document = json.loads(path.read_bytes()) if path.stat().st_size <= SBOM_BYTES else None
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(document, dict):
            file = f"{folder.name}/sboms/{path.name}"
            out += [Entry(file, text) for text in _licences(document, canonicalize_name(name))]
    return out


def _licences(document: dict[str, Any], key: str) -> list[str]:
    metadata = document.get("metadata")
    subject = metadata.get("component") if isinstance(metadata, dict) else None
    listed = document.get("components")
    rows = [subject, *(listed if isinstance(listed, list) else [])]
    own = [r for r in rows if isinstance(r, dict) and canonicalize_name(str(r.get("name", ""))) == key]
    return [text for row in own for text in _stated(row.get("licenses"))]


def _stated(licences: Any) -> list[str]:
    """The expressions or ids of a component's `licenses`, in either form CycloneDX allows."""
    out = []
    for choice in licences if isinstance(licences, list) else []:
        licence = choice.get("license") if isinstance(choice, dict) else None
        if isinstance(choice, dict) and isinstance(choice.get("expression"), str):
            out.append(choice["expression"])
        elif isinstance(licence, dict) and isinstance(licence.get("id"), str):
            out.append(licence["id"])
    return out
