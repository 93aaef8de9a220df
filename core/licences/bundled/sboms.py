"""The software bill of materials inside a wheel (PEP 770, CycloneDX JSON in `dist-info/sboms`)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from core.licences import spdx
from core.licences.bundled.part import Part

SBOM_BYTES = 5_000_000
_NOT_SHIPPED = {"optional", "excluded"}


def parts(folder: Path, own_name: str) -> Iterator[Part]:
    """Every component that the SBOMs of a dist-info folder list beside the package itself."""
    own = canonicalize_name(own_name)
    for path in sorted((folder / "sboms").glob("*.json")):
        file = f"{folder.name}/sboms/{path.name}"
        try:
            raw = path.read_bytes() if path.stat().st_size <= SBOM_BYTES else b""
            document = json.loads(raw)
        except (OSError, ValueError, RecursionError):
            yield Part(path.name, "", None, "SBOM", file, why="this SBOM cannot be read", ships=False)
            continue
        components = document.get("components") if isinstance(document, dict) else None
        lines = _Lines(raw)
        for component in _components(components):
            part = _part(component, file, lines.of(component["name"]))
            if canonicalize_name(part.name.split(".")[0]) != own and not _of_package(component, own):
                yield part


def _components(rows: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    for row in rows if isinstance(rows, list) and depth < 8 else []:
        if isinstance(row, dict) and isinstance(row.get("name"), str) and row.get("type") != "file":
            yield row
            yield from _components(row.get("components"), depth + 1)


def _of_package(component: dict[str, Any], own: str) -> bool:
    """Whether it is a part of the package's own code, such as one of its extension modules."""
    purl = str(component.get("purl", ""))
    return purl.startswith("pkg:pypi/") and canonicalize_name(purl[9:].split("@")[0].split("#")[0]) == own


def _part(component: dict[str, Any], file: str, line: int) -> Part:
    stated = _stated(component.get("licenses"))
    nodes = [spdx.read_name(text) for text in stated]
    known = [node for node in nodes if node is not None]
    licence = None if len(known) != len(nodes) or not known else known[0] if len(known) == 1 else spdx.All(tuple(known))
    scope = str(component.get("scope", ""))
    says = " AND ".join(stated) or "no licence"
    return Part(
        component["name"],
        str(component.get("version", "")),
        licence,
        "SBOM",
        file,
        line,
        f"{says}{f', scope {scope}' if scope else ''}"[:140],
        why="" if licence is not None else "its SBOM gives no licence that a list knows",
        ships=scope not in _NOT_SHIPPED,
    )


class _Lines:
    """On which line of a file each component is named; they are asked for in file order."""

    def __init__(self, raw: bytes) -> None:
        self._raw, self._at, self._line = raw, 0, 1

    def of(self, name: str) -> int:
        """The next line that names it, 0 where none does."""
        at = self._raw.find(b'"name": ' + json.dumps(name).encode(), self._at)
        if at < 0:
            return 0
        self._line += self._raw.count(b"\n", self._at, at)
        self._at = at
        return self._line


def _stated(licences: Any) -> list[str]:
    """The expressions, ids or names of a component's `licenses`, in the forms CycloneDX allows."""
    out = []
    for choice in licences if isinstance(licences, list) else []:
        if not isinstance(choice, dict):
            continue
        licence = choice.get("license")
        text = choice.get("expression") or (
            licence.get("id") or licence.get("name") if isinstance(licence, dict) else ""
        )
        if isinstance(text, str) and text.strip():
            out.append(text.replace("/", " OR ") if "/" in text and "://" not in text else text)
    return out
