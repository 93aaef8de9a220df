"""What kind of input a file is: by its name where that says so, else by what it holds."""

import re
from enum import StrEnum
from pathlib import Path

from core.errors import InputError
from core.licences.sources.documents import read_json, read_toml

HEAD = 4096


class Kind(StrEnum):
    """The kinds of files that are read."""

    WHEEL = "wheel"
    ZIP = "zip"
    REQUIREMENTS = "requirements"
    PYPROJECT = "pyproject.toml"
    PYLOCK = "pylock.toml"
    UV_LOCK = "uv.lock"
    POETRY_LOCK = "poetry.lock"
    PACKAGE_JSON = "package.json"
    NPM_LOCK = "package-lock.json"
    CYCLONEDX = "CycloneDX"
    SPDX = "SPDX"


_NAMES = {
    "pyproject.toml": Kind.PYPROJECT,
    "uv.lock": Kind.UV_LOCK,
    "poetry.lock": Kind.POETRY_LOCK,
    "package.json": Kind.PACKAGE_JSON,
    "package-lock.json": Kind.NPM_LOCK,
    "npm-shrinkwrap.json": Kind.NPM_LOCK,
}
_NOT_READ = {
    "yarn.lock": "Yarn's lock is not read; give package.json, or a package-lock.json made by npm install "
    "--package-lock-only",
    "pnpm-lock.yaml": "pnpm's lock is not read; give package.json, or a package-lock.json made by npm install "
    "--package-lock-only",
    "pipfile": "not read; give the requirements file that pipenv requirements writes",
    "pipfile.lock": "not read; give the requirements file that pipenv requirements writes",
    "setup.py": "would have to be run to know what it needs; give a requirements or lock file",
    "setup.cfg": "not read; give a requirements or lock file",
    "environment.yml": "conda's environments are not read; give the environment's folder, or a requirements file",
    "environment.yaml": "conda's environments are not read; give the environment's folder, or a requirements file",
}
_HEADS = (
    (rb"PK\x03\x04|PK\x05\x06", "zip"),
    (rb"\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!", "an archive of a kind that is not read; give a zip file or a folder"),
    (rb"%PDF", "a PDF; give the requirements file, lock file or SBOM itself"),
    (
        rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<bom\b",
        "CycloneDX as XML, which is not read; export the SBOM as JSON (cyclonedx convert --output-format json)",
    ),
    (rb"\s*(<\?xml|<rdf)", "XML, which is not read; export the SBOM as JSON"),
    (rb"\s*(#[^\n]*\n\s*)*SPDXVersion:", "SPDX as tags and values, which is not read; export the SBOM as JSON"),
)


def kind_of(path: Path) -> Kind:
    """The kind of a file.

    Raises:
        InputError: one that is known and not read, with what to give instead.
    """
    name = path.name.lower()
    if name in _NAMES:
        return _NAMES[name]
    if name in _NOT_READ:
        raise InputError(f"{path.name}: {_NOT_READ[name]}.")
    if re.fullmatch(r"pylock(\.[^.]+)?\.toml", name):
        return Kind.PYLOCK
    if name.endswith(".whl"):
        return Kind.WHEEL
    if _head(path) == "zip":
        return Kind.ZIP
    if name.endswith(".zip"):
        raise InputError(f"{path.name}: not a zip archive, whatever its name says; make it anew, or give the folder.")
    if name.endswith(".json"):
        return _json_kind(path)
    if name.endswith(".toml") or (name.endswith(".lock") and _is_toml(path)):
        return _toml_kind(path)
    return Kind.REQUIREMENTS


def _head(path: Path) -> str:
    try:
        with path.open("rb") as f:
            head = f.read(HEAD).removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read ({error.strerror}).") from None
    said = next((what for pattern, what in _HEADS if re.match(pattern, head, re.S)), "")
    if said and said != "zip":
        raise InputError(f"{path.name}: this is {said}.")
    return said


def _json_kind(path: Path) -> Kind:
    found = read_json(path)
    if found.get("bomFormat") == "CycloneDX":
        return Kind.CYCLONEDX
    if "spdxVersion" in found or "@graph" in found:
        return Kind.SPDX
    if "lockfileVersion" in found:
        return Kind.NPM_LOCK
    if "dependencies" in found or "devDependencies" in found:
        return Kind.PACKAGE_JSON
    raise InputError(
        f"{path.name}: neither an SBOM (CycloneDX, SPDX) nor a package.json or its lock; give one of these."
    )


def _is_toml(path: Path) -> bool:
    try:
        return bool(read_toml(path))
    except InputError:
        return False


def _toml_kind(path: Path) -> Kind:
    found = read_toml(path)
    if "lock-version" in found:
        return Kind.PYLOCK
    if isinstance(found.get("package"), list):
        return Kind.POETRY_LOCK if "metadata" in found else Kind.UV_LOCK
    if "project" in found or "tool" in found:
        return Kind.PYPROJECT
    raise InputError(f"{path.name}: no lock file and no pyproject.toml; give one of these or a requirements file.")
