"""A software bill of materials that a person brings: CycloneDX or SPDX 2 as JSON."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import InputError
from core.licences.package import LicenceText, Metadata, Package, ResolvedPackage, SkippedPackage, Usage
from core.licences.sources import cyclonedx
from core.licences.sources.documents import read_json, strings, table, tables
from core.licences.sources.graph import explain
from core.licences.sources.npm import fields

SUBJECT = "what the SBOM describes: your own product; add its folder as source to have it looked at"
_ECOSYSTEMS = {"pypi": "python", "npm": "npm", "huggingface": "model"}
_TYPES = {"machine-learning-model": "model", "data": "dataset"}
_NO_PACKAGE = {"file": "a file and no package", "cryptographic-asset": "a key or algorithm and no package"}
_SCOPES = {
    "optional": 'marked as optional: by the standard it is not installed (scope "optional")',
    "excluded": 'marked as not part of what ships (scope "excluded")',
}
_NOTHING = {"", "NOASSERTION", "NONE"}
_UNSHIPPED = re.compile(
    r"^(DEV|TEST|BUILD|OPTIONAL)_(DEPENDENCY|TOOL)_OF$|^(TEST_CASE|TEST|DEV_TOOL|DOCUMENTATION)_OF$"
)


def read_cyclonedx(path: Path) -> list[Package]:
    """Read a CycloneDX document; components marked as optional or excluded do not ship and are listed.

    Raises:
        InputError: it cannot be read, or names no component.
    """
    document = read_json(path)
    rows = list(cyclonedx.rows(document))
    if not rows:
        raise InputError(f"{path.name}: names no component; have the SBOM made of the whole product.")
    found: dict[str, Package] = {}
    requires: dict[str, list[str]] = {}
    for number, row in enumerate(rows):
        ref = row.ref if row.ref not in found else f"{row.ref} ({number})"  # references should be unique, and are not
        found[ref] = _component(row, path.name)
        if row.around:
            requires.setdefault(row.around, []).append(ref)
    for edge in map(table, tables(document.get("dependencies"))):
        requires.setdefault(str(edge.get("ref")), []).extend(strings(edge.get("dependsOn")))
    about = cyclonedx.subject(document)
    roots = {ref: path.name for ref in requires.pop(about.ref, []) if ref in found} if about else {}
    own = [SkippedPackage(about.component.name, SUBJECT, ships=False)] if about and about.component else []
    return _in_order([*explain(found, roots, requires, path.name).values(), *own])


def _component(row: cyclonedx.Row, file: str) -> Package:
    one = row.component
    if one is None:
        return SkippedPackage(row.ref, f"{file}: {row.problem}")
    kind, group = one.type or "library", one.group or ""
    ecosystem = _ecosystem(one.purl or "", _TYPES.get(kind, "other"))
    name = f"{group}{'/' if ecosystem == 'npm' else ':'}{one.name}" if group else one.name
    reason = _SCOPES.get(one.scope or "") or ("" if one.stated else _NO_PACKAGE.get(kind, ""))
    if reason:
        return SkippedPackage(name, f"{file}: {reason}", one.version or "", ships=False, ecosystem=ecosystem)
    stated = Metadata(file, tuple(fields(_all_of(one.stated), 0)), "CycloneDX")
    texts = tuple(LicenceText(f"{file} ({name})", text) for text in one.texts)
    return ResolvedPackage(name, one.version or "", None, "sbom", ecosystem, stated=stated, texts=texts)


def _all_of(licences: Iterable[str]) -> str:
    """Several licences of one component as one expression: all are taken to apply, which never says too little."""
    found = list(dict.fromkeys(licences))
    return " AND ".join(f"({x})" if " " in x else x for x in found) if len(found) > 1 else "".join(found)


def _ecosystem(purl: str, otherwise: str) -> str:
    """The ecosystem that a package URL names ("pkg:pypi/six@1.17.0")."""
    found = re.match(r"^pkg:/*([a-zA-Z][\w.+-]*)/", purl)
    return _ECOSYSTEMS.get(found[1].lower(), found[1].lower()) if found else otherwise


def _in_order(packages: Iterable[Package]) -> list[Package]:
    return sorted(packages, key=lambda p: (p.name.lower(), p.version))


class _Reference(BaseModel):
    model_config = ConfigDict(extra="ignore")
    type: str = Field("", alias="referenceType")
    locator: str = Field("", alias="referenceLocator")


class _SpdxPackage(BaseModel):
    """One package of an SPDX 2 document."""

    model_config = ConfigDict(extra="ignore")
    id: str = Field(alias="SPDXID", min_length=1)
    name: str = Field(min_length=1)
    version: str | None = Field(None, alias="versionInfo")
    concluded: str | None = Field(None, alias="licenseConcluded")
    declared: str | None = Field(None, alias="licenseDeclared")
    purpose: str | None = Field(None, alias="primaryPackagePurpose")
    references: tuple[_Reference, ...] = Field((), alias="externalRefs")

    @property
    def purl(self) -> str:
        """Its package URL, empty where it has none."""
        return next((r.locator for r in self.references if r.type == "purl"), "")


def read_spdx(path: Path) -> list[Package]:
    """Read an SPDX 2 document; what is related to the product for development only does not ship and is listed.

    Raises:
        InputError: it cannot be read, is SPDX 3, or names no package.
    """
    document = read_json(path)
    if not str(document.get("spdxVersion", "")).startswith("SPDX-2"):
        raise InputError(f"{path.name}: SPDX 3 is not read yet; export the SBOM as SPDX 2.3 JSON or CycloneDX JSON.")
    relations = [_relation(r) for r in tables(document.get("relationships"))]
    described = {b for a, word, b in relations if word == "DESCRIBES" and a == "SPDXRef-DOCUMENT"}
    described |= set(strings(document.get("documentDescribes")))
    rows = list(_spdx_rows(document, path.name))
    if not rows:
        raise InputError(f"{path.name}: names no package; have the SBOM made of the whole product.")
    others = [ref for ref, _ in rows if ref not in described]
    requires, unshipped, static = _edges(relations)
    texts = _extracted(document)
    found: dict[str, Package] = {}
    for ref, row in rows:
        if isinstance(row, SkippedPackage):
            found[ref] = row
        elif ref in described and others:
            found[ref] = SkippedPackage(row.name, SUBJECT, row.version or "", ships=False, ecosystem="own")
        else:
            found[ref] = _spdx_package(
                row, path.name, ref in unshipped, "static" if ref in static else "dynamic", texts
            )
    roots = {ref: path.name for one in described if others for ref in requires.get(one, []) if ref in found}
    kept = {ref: p for ref, p in found.items() if p.ecosystem != "own"}
    own = [p for p in found.values() if p.ecosystem == "own"]
    return _in_order([*explain(kept, roots, requires, path.name).values(), *own])


def _spdx_rows(document: Mapping[str, Any], file: str) -> Iterator[tuple[str, _SpdxPackage | SkippedPackage]]:
    seen = set[str]()
    for number, raw in enumerate(tables(document.get("packages")), 1):
        try:
            row: _SpdxPackage | SkippedPackage = _SpdxPackage.model_validate(raw)
            ref = row.id if isinstance(row, _SpdxPackage) else ""
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            what = f"{file}: package {number}: {'.'.join(map(str, first['loc']))}: {first['msg'].lower()}"
            name = table(raw).get("name")
            row, ref = SkippedPackage(name if isinstance(name, str) and name else f"package {number}", what), ""
        ref = ref if ref and ref not in seen else f"{ref} ({number})"
        seen.add(ref)
        yield ref, row


def _spdx_package(row: _SpdxPackage, file: str, unshipped: bool, use: Usage, texts: Mapping[str, str]) -> Package:
    ecosystem = _ecosystem(row.purl, "other")
    version = row.version or unquote(row.purl.partition("@")[2].partition("?")[0])
    if unshipped or (row.purpose == "FILE" and {row.concluded, row.declared} <= {None, *_NOTHING}):
        why = "only for development or optional, by its relations" if unshipped else "a file and no package"
        return SkippedPackage(row.name, f"{file}: {why}", version, ships=False, ecosystem=ecosystem)
    concluded, declared = (v if v and v not in _NOTHING else "" for v in (row.concluded, row.declared))
    rows = list(fields(concluded or declared, 0))
    if concluded and declared and concluded != declared:
        rows.append(("license-declared", 0, declared))
    tier = "SPDX concluded" if concluded else "SPDX declared"
    own = tuple(LicenceText(f"{file} ({k})", text) for k, text in texts.items() if k in (concluded or declared))
    stated = Metadata(file, tuple(rows), tier)
    return ResolvedPackage(row.name, version, None, "sbom", ecosystem, use, stated=stated, texts=own)


def _relation(row: Any) -> tuple[str, str, str]:
    one = table(row)
    names = ("spdxElementId", "relationshipType", "relatedSpdxElement")
    a, word, b = (str(one.get(name, "")) for name in names)
    return a, word.upper(), b


def _edges(relations: Iterable[tuple[str, str, str]]) -> tuple[dict[str, list[str]], set[str], set[str]]:
    """Who requires whom; what is only for development; what is linked statically."""
    requires: dict[str, list[str]] = {}
    shipped, unshipped, static = set[str](), set[str](), set[str]()
    for a, word, b in relations:
        if word in ("DEPENDS_ON", "CONTAINS", "DYNAMIC_LINK", "STATIC_LINK", "HAS_PREREQUISITE"):
            upper, lower = a, b
        elif word in ("DEPENDENCY_OF", "CONTAINED_BY", "RUNTIME_DEPENDENCY_OF", "PREREQUISITE_FOR"):
            upper, lower = b, a
        elif _UNSHIPPED.match(word):
            unshipped.add(a)
            continue
        else:
            continue
        requires.setdefault(upper, []).append(lower)
        shipped.add(lower)
        if word == "STATIC_LINK":
            static.add(lower)
    return requires, unshipped - shipped, static


def _extracted(document: Mapping[str, Any]) -> dict[str, str]:
    """The texts of licences that only this document knows, by their LicenseRef."""
    rows = map(table, tables(document.get("hasExtractedLicensingInfos")))
    return {
        str(r["licenseId"]): r["extractedText"]
        for r in rows
        if r.get("licenseId") and isinstance(r.get("extractedText"), str)
    }
