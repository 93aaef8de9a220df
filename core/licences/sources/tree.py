"""A folder of source: what lies in it, sorted into what is read and what is left out with a reason."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from core.licences.package import SkippedPackage, is_primary

CODE_BYTES = 200_000  # of a source file: a notice stands at its head, or above what was copied into it
WHOLE_BYTES = 20_000_000  # of a list of packages or a licence text
MOST_FILES = 50_000
FEW = 20  # entries of one reason that are listed by name
CODE = frozenset(
    ".py .pyx .pxd .pyi .ipynb .js .mjs .cjs .jsx .ts .mts .tsx .vue .svelte .css .scss .less .html .c .h .cc .cpp "
    ".cxx .hh .hpp .cu .cuh .m .mm .java .kt .kts .scala .go .rs .rb .php .cs .swift .dart .lua .pl .r .jl .sh "
    ".bash .ps1 .sql .tf .proto".split()
)
MANIFESTS = frozenset(
    "pyproject.toml uv.lock poetry.lock package.json package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml "
    "pipfile pipfile.lock setup.py setup.cfg environment.yml environment.yaml".split()
)
VENDOR = re.compile(r"^_?(vendor(ed|s)?|third[-_]?part(y|ies)|3rd[-_]?party|extern(al|als)?)$", re.I)
_REQUIREMENTS = re.compile(r"^(requirements|constraints)([-_.].*)?\.(txt|lock|in)$|^.*[-_.]requirements\.txt$", re.I)
_PYLOCK = re.compile(r"^pylock(\.[^.]+)?\.toml$", re.I)
_IGNORED = {"__pycache__"}  # and all whose names begin with a dot: tools keep their own there
_BINARY = frozenset(
    ".so .dll .dylib .a .lib .pyd .exe .jar .war .aar .class .wasm .node .egg .nupkg .deb .rpm .apk".split()
)
_ARCHIVES = frozenset(".zip .gz .tgz .bz2 .xz .7z .tar .rar".split())


@dataclass(slots=True)
class Tree:
    """What a folder holds, as paths relative to it.

    Attributes:
        code: source files.
        manifests: files that list packages.
        licences: main licence files.
        vendored: what lies directly in a folder that is named as one for the code of others.
        modules: folders that hold a `node_modules`.
    """

    top: Path
    code: list[PurePath] = field(default_factory=list)
    manifests: list[PurePath] = field(default_factory=list)
    licences: list[PurePath] = field(default_factory=list)
    vendored: list[PurePath] = field(default_factory=list)
    modules: list[PurePath] = field(default_factory=list)
    skipped: list[SkippedPackage] = field(default_factory=list)


def worth(path: PurePath) -> int:
    """How many bytes of a file are worth reading: none, its beginning, or all that such a file may have."""
    if is_manifest(path.name) or is_primary(path.name) or path.name in ("METADATA", "PKG-INFO"):
        return WHOLE_BYTES
    return CODE_BYTES if path.suffix.lower() in CODE else 1 if path.suffix.lower() in _BINARY | _ARCHIVES else 0


def is_manifest(name: str) -> bool:
    """Whether a file of this name lists packages, or is a wheel, which is one."""
    low = name.lower()
    return low in MANIFESTS or low.endswith(".whl") or bool(_REQUIREMENTS.match(low) or _PYLOCK.match(low))


def walk(top: Path) -> Tree:
    """Sort the files below a folder; links are not followed, environments and tools' own folders not entered."""
    tree, count = Tree(top), 0
    for folder, names, files in os.walk(top, followlinks=False):
        here = Path(folder)
        relative = here.relative_to(top)
        names[:] = sorted(n for n in names if _enter(here / n, relative / n, tree))
        if VENDOR.match(here.name) and here != top:
            tree.vendored += [relative / n for n in names]
            names[:] = []  # their files are theirs; a loose file beside them is looked at as any other
        for name in sorted(files):
            count += 1
            if count > MOST_FILES:
                why = f"more than {MOST_FILES:,} files; those after it were not looked at"
                tree.skipped.append(SkippedPackage(str(relative / name), why))
                return tree
            _sort(here / name, relative / name, tree)
    return tree


def _enter(folder: Path, relative: PurePath, tree: Tree) -> bool:
    if (folder / "pyvenv.cfg").is_file():
        why = "an environment of Python; give its folder by itself where it ships"
        tree.skipped.append(SkippedPackage(str(relative), why, ships=False))
        return False
    if folder.is_symlink():
        tree.skipped.append(SkippedPackage(str(relative), "a symbolic link, which is not followed"))
        return False
    if folder.name == "node_modules":
        tree.modules.append(relative.parent)
        return False
    return folder.name not in _IGNORED and not folder.name.startswith(".")


def _sort(path: Path, relative: PurePath, tree: Tree) -> None:
    suffix = path.suffix.lower()
    if path.is_symlink():
        tree.skipped.append(SkippedPackage(str(relative), "a symbolic link, which is not followed"))
    elif is_manifest(path.name):
        tree.manifests.append(relative)
    elif suffix in CODE:
        tree.code.append(relative)
    elif is_primary(path.name):
        tree.licences.append(relative)
    elif suffix in _BINARY:
        why = "compiled or packed code, whose licence cannot be read; say what it is made of, in an SBOM for instance"
        tree.skipped.append(SkippedPackage(str(relative), why))
    elif suffix in _ARCHIVES:
        tree.skipped.append(SkippedPackage(str(relative), "an archive, which is not looked into", ships=False))


def few(skipped: Iterable[SkippedPackage]) -> Iterator[SkippedPackage]:
    """Skipped entries with at most a few of one reason by name, and then how many more there are."""
    rows = list(skipped)
    seen: Counter[tuple[str, bool]] = Counter()
    for one in rows:
        seen[one.reason, one.ships] += 1
        if seen[one.reason, one.ships] <= FEW:
            yield one
    for (reason, ships), n in seen.items():
        if n > FEW:
            first = next(s for s in rows if (s.reason, s.ships) == (reason, ships))
            yield replace(first, name=f"{n - FEW:,} more", version="")
