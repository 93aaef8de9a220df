"""A folder or zip of one's own code: its lists of packages, the code of others copied into it, what was left out."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from core.errors import InputError
from core.licences.package import LicenceText, Metadata, Package, ResolvedPackage, SkippedPackage, read_package
from core.licences.sources.documents import read_json, read_toml, table
from core.licences.sources.headers import Header, foreign, own_holders, read_headers, squeeze
from core.licences.sources.npm import fields, read_node_modules
from core.licences.sources.pyproject import for_development
from core.licences.sources.tree import VENDOR, Tree, few, walk
from core.progress import Progress, part, silent

Read = Callable[[Path, Progress], list[Package]]
LOCKS = ("uv.lock", "poetry.lock", "pylock.toml")
NPM_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
MOST_MANIFESTS = 50
MOST_COPIES = 200
TEXT_BYTES = 200_000


def read_source(top: Path, name: str, read: Read, platform: str, progress: Progress = silent) -> list[Package]:
    """Read a folder of one's own code.

    Args:
        name: what the person knows it by.
        read: reads one list of packages.

    Raises:
        InputError: it holds neither code nor a list of packages.
    """
    progress(0, 1, f"Looking through {name}")
    tree = walk(top)
    if not tree.code and not tree.manifests and not tree.modules:
        raise InputError(
            f"{name}: holds no installed packages (no *.dist-info folder), no wheels, no list of packages and no "
            "source code; give the folder of one of these."
        )
    found = list(_manifests(tree, read, platform, part(progress, 0.2, 0.9)))
    copies = [*_vendored(tree, name), *_nested(tree, name)]
    progress(0.95, 1, f"Reading {len(tree.code):,} source files")
    copied, looked = _headers(tree, name)
    own = SkippedPackage(
        name, f"your own code: {looked:,} source files were read for notices of others", ships=False,
        ecosystem="own",
    )  # fmt: skip
    return [*found, *copies, *copied, own, *few(tree.skipped)]


def _manifests(tree: Tree, read: Read, platform: str, progress: Progress) -> Iterator[Package]:
    """The packages that the lists in a tree name; of a list and its lock in one folder the lock is read."""
    folders: dict[PurePath, list[PurePath]] = {}
    for path in tree.manifests:
        folders.setdefault(path.parent, []).append(path)
    chosen = [(p, why) for paths in folders.values() for p, why in _choose(paths)]
    wanted = [p for p, why in chosen if not why]
    for path, why in chosen:
        if why:
            yield SkippedPackage(str(path), why, ships=False)
    for number, path in enumerate(wanted):
        if number >= MOST_MANIFESTS:
            yield SkippedPackage(str(path), f"more than {MOST_MANIFESTS} lists of packages; this one was not read")
            continue
        try:
            packages = read(tree.top / path, part(progress, number / len(wanted), (number + 1) / len(wanted)))
        except InputError as error:
            packages = [SkippedPackage(str(path), str(error), ships=path.name.lower() not in ("setup.py", "setup.cfg"))]
        yield from (_placed(p, path) for p in packages)
    for folder in tree.modules:
        if not any(p.name in (*NPM_LOCKS, "package.json") for p in folders.get(folder, [])):
            yield from (_placed(p, folder / "node_modules") for p in read_node_modules(tree.top / folder, platform))


def _choose(paths: Iterable[PurePath]) -> Iterator[tuple[PurePath, str]]:
    """Each list of one folder, with why it is not read where another says more."""
    rows = {p.name.lower(): p for p in paths}
    python = next((n for n in (*LOCKS, *rows) if n in rows and (n in LOCKS or n.startswith("pylock."))), "")
    npm = next((n for n in NPM_LOCKS if n in rows), "")
    plain = python or next((n for n in ("requirements.lock", "requirements.txt") if n in rows), "")
    for name, path in rows.items():
        if name.endswith((".txt", ".lock", ".in")) and for_development(path.stem):
            yield path, "for development, by its name; give it by itself where it ships"
        elif name.startswith("constraints"):
            yield path, "constraints only; a requirements file that names it is read with it"
        elif other := _says_more(name, python, plain, npm):
            yield path, f"{other} beside it was read, which says the same or more"
        else:
            yield path, ""


def _says_more(name: str, python: str, plain: str, npm: str) -> str:
    """The list beside one that covers it, empty where it has to be read itself."""
    if name in ("package.json", "yarn.lock", "pnpm-lock.yaml"):
        return npm
    if name.endswith(".whl") or name in (*NPM_LOCKS, python, plain):
        return ""
    if name.startswith("requirements") and name not in ("requirements.txt", "requirements.in"):
        return python  # one folder may hold several that all ship
    return plain


def _placed(package: Package, path: PurePath) -> Package:
    """The package, said to come from a list at its place in the tree."""
    return replace(package, via=(str(path), *package.via[1:])) if package.via else package


def _vendored(tree: Tree, name: str) -> Iterator[Package]:
    """Whole packages in folders that are named as those for the code of others."""
    named = {p.name.partition("-")[0].lower() for p in tree.vendored if p.suffix in (".dist-info", ".egg-info")}
    for path in tree.vendored:
        folder = tree.top / path
        via = (name, str(path.parent))
        if folder.name.endswith((".dist-info", ".egg-info")):
            yield _with_use(read_package(folder), via)
        elif path.name.lower().replace("-", "_") not in named:
            yield _copy(folder, path, via)


def _with_use(package: Package, via: tuple[str, ...]) -> Package:
    if isinstance(package, SkippedPackage):
        return replace(package, via=via)
    return replace(package, origin="source", use="copied", via=via)


def _nested(tree: Tree, name: str) -> Iterator[Package]:
    """Folders below the top that bring a licence text which is not the product's own."""
    own = {_text(tree.top / p) for p in tree.licences if p.parent == PurePath(".")}
    holders = {squeeze(h) for h in _holders(tree)}
    for folder in sorted({p.parent for p in tree.licences} - {PurePath(".")}):
        texts = [_text(tree.top / p) for p in tree.licences if p.parent == folder]
        named = {squeeze(h) for h in own_holders(texts, {})}
        if any(t not in own for t in texts) and not (named and named <= holders):
            yield _copy(tree.top / folder, folder, (name, str(folder)))


def _copy(folder: Path, path: PurePath, via: tuple[str, ...]) -> Package:
    """One copied package, with what its own manifest states of it."""
    manifest, document = _manifest(folder)
    named, version = document.get("name"), document.get("version")
    licence = _licence(document)
    stated = (
        Metadata(f"{path}/{manifest}", tuple(fields(licence, 0)), manifest) if manifest else Metadata(str(path), ())
    )
    return ResolvedPackage(
        named if isinstance(named, str) and named else path.name, version if isinstance(version, str) else "",
        folder, "source", "bundled", "copied", stated=stated, via=via,
    )  # fmt: skip


def _manifest(folder: Path) -> tuple[str, Mapping[str, Any]]:
    """The manifest of a folder and the table that names it; empty where it has none that can be read."""
    for name in ("package.json", "pyproject.toml"):
        file = folder / name
        if file.is_file() and not file.is_symlink():
            try:
                return name, read_json(file) if name.endswith(".json") else table(read_toml(file).get("project"))
            except InputError:
                continue
    return "", {}


def _licence(document: Mapping[str, Any]) -> str:
    """The licence a manifest states: a text, or the text of PEP 621's and npm's older tables."""
    stated = document.get("license")
    if isinstance(stated, str):
        return stated
    value = table(stated).get("text", table(stated).get("type"))
    return value if isinstance(value, str) else ""


def _holders(tree: Tree) -> list[str]:
    """Whom the product's own licence and manifest name as its holder."""
    texts = [_text(tree.top / p) for p in tree.licences if p.parent == PurePath(".")]
    _, document = _manifest(tree.top)
    return own_holders(texts, {"project": document, **document})


def _text(path: Path) -> str:
    try:
        with path.open("rb") as f:
            return re.sub(r"\s+", " ", f.read(TEXT_BYTES).decode("utf-8", "replace")).strip()
    except OSError:
        return ""


def _headers(tree: Tree, name: str) -> tuple[list[Package], int]:
    """The files that name somebody else, one package for each holder and licence; and how many were read."""
    files = [p for p in tree.code if not _in_copy(p, tree)]
    headers = [h for p in files for h in read_headers(tree.top, p)]
    _, document = _manifest(tree.top)
    groups = foreign(headers, _holders(tree), _licence(document))
    copies: list[Package] = [_noticed(rows, name) for rows in list(groups.values())[:MOST_COPIES]]
    if len(groups) > MOST_COPIES:
        why = f"{len(groups) - MOST_COPIES:,} more notices of others in source files than are listed"
        copies.append(SkippedPackage(f"{len(groups) - MOST_COPIES:,} more notices", why))
    return copies, len(files)


def _in_copy(path: PurePath, tree: Tree) -> bool:
    return any(VENDOR.match(name) for name in path.parts[:-2]) or any(
        folder in path.parents for folder in {p.parent for p in tree.licences} - {PurePath(".")}
    )


def _noticed(rows: list[Header], name: str) -> ResolvedPackage:
    """Code that a notice says is somebody else's."""
    first = rows[0]
    who = f"code of {first.holder_shown}" if first.holder_shown else "code under a licence of its own"
    more = f" and {len(rows) - 1} more files" if len(rows) > 1 else ""
    stated = Metadata(str(first.file), tuple(fields(first.spdx, first.spdx_line)), "SPDX header")
    text = LicenceText(str(first.file), first.text, tier="header")
    return ResolvedPackage(
        f"{who} ({first.file}{more})", "", None, "source", "bundled", "copied", stated=stated, texts=(text,),
        via=(name, str(first.file)),
    )  # fmt: skip
