"""SHA-256 of files and folders, each file read once for each change of it.

Whether a file changed is told by its size and the times of its last change and of its last change of status; the second
cannot be set back by a program. What was read of a folder is kept on disk, so that the next process reads nothing anew.
"""

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from core.settings import settings

FRESH_NS = 2_000_000_000  # a file changed so recently may change again without its times showing it: it is not kept
FEW_FILES = 100  # folders with fewer are read anew by each process
_INSTALLED = (".dist-info", ".egg-info")
_SITE = ("lib/python*/site-packages", "lib64/python*/site-packages", "Lib/site-packages")

Stamp = tuple[int, int, int]  # size, mtime_ns, ctime_ns
_files: dict[str, tuple[Stamp, str]] = {}
_folders: dict[str, tuple[str, str]] = {}


def content_hash(path: Path) -> str:
    """SHA-256 of a file; of a folder, that of its files' names and hashes.

    In a folder, what begins with a dot, compiled Python and environments are left out, as nothing here reads them.
    Links to folders are not followed.

    Raises:
        OSError: it is not there, or a file cannot be read.
    """
    return _folder(path, _below(path)) if path.is_dir() else _file(str(path), path.stat())


def packages_hash(path: Path) -> str:
    """SHA-256 of what describes the packages installed in a folder or virtual environment, not of all their files.

    Of a folder that holds no installed packages, that of all its files.
    """
    tops = [path, *(p for pattern in _SITE for p in sorted(path.glob(pattern)))]
    infos = [p for top in tops for p in sorted(top.iterdir()) if p.name.endswith(_INSTALLED)]
    return _folder(path, (e for info in infos for e in _below(info))) if infos else content_hash(path)


def _below(folder: Path) -> Iterator[os.DirEntry[str]]:
    """The files in and below a folder, in the order of their names."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda e: e.name)
    for entry in entries:
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        if entry.is_dir(follow_symlinks=False):
            inner = Path(entry.path)
            if not (inner / "pyvenv.cfg").is_file():
                yield from _below(inner)
        elif entry.is_file():
            yield entry


def _folder(top: Path, found: Iterator[os.DirEntry[str]]) -> str:
    rows = [(entry.path, entry.stat()) for entry in found]
    told = hashlib.sha256("\n".join(f"{path} {_stamp(stat)}" for path, stat in rows).encode(errors="replace"))
    stamp, key = told.hexdigest(), str(top)
    if key in _folders and _folders[key][0] == stamp:
        return _folders[key][1]
    if len(rows) >= FEW_FILES:
        _recall(top)
    new = [path for path, stat in rows if _known(path, stat) is None]
    names = "\n".join(f"{os.path.relpath(path, top)} {_file(path, stat)}" for path, stat in rows)
    digest = hashlib.sha256(names.encode(errors="replace")).hexdigest()
    if all(_known(path, stat) for path, stat in rows):
        _folders[key] = (stamp, digest)
    if new and len(rows) >= FEW_FILES:
        _keep(top, [path for path, _ in rows])
    return digest


def _stamp(stat: os.stat_result) -> Stamp:
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _known(path: str, stat: os.stat_result) -> str | None:
    row = _files.get(path)
    return row[1] if row is not None and row[0] == _stamp(stat) else None


def _file(path: str, stat: os.stat_result) -> str:
    known = _known(path, stat)
    if known is not None:
        return known
    with open(path, "rb") as f:
        digest = hashlib.file_digest(f, "sha256").hexdigest()
    if time.time_ns() - max(stat.st_mtime_ns, stat.st_ctime_ns) > FRESH_NS:
        _files[path] = (_stamp(stat), digest)
    return digest


def _kept_at(top: Path) -> Path:
    name = hashlib.sha256(str(top).encode(errors="replace")).hexdigest()[:24]
    return settings().var / "cache" / "contents" / f"{name}.json"


def _recall(top: Path) -> None:
    """Take in what another process read of a folder; a file that cannot be read counts as none."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        for path, (size, changed, status, digest) in json.loads(_kept_at(top).read_text("utf-8")).items():
            _files.setdefault(path, ((size, changed, status), digest))


def _keep(top: Path, paths: list[str]) -> None:
    """Keep what was read of a folder, whole or not at all; where nothing can be written, nothing is."""
    target = _kept_at(top)
    rows = {path: [*_files[path][0], _files[path][1]] for path in paths if path in _files}
    with contextlib.suppress(OSError):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as f:
            json.dump(rows, f)
        os.replace(name, target)
