"""A zip of somebody's source, unpacked so that nothing in it can reach out, swell, or fill the disk.

Of a source file only the head is unpacked, for that is where a licence notice stands; licence texts and lists of
packages are unpacked whole, up to a few megabytes.
"""

import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from core.errors import InputError
from core.licences.package import SkippedPackage
from core.licences.sources.tree import WHOLE_BYTES, worth
from core.progress import Progress, silent

MOST_ENTRIES = 50_000
MOST_BYTES = 500_000_000  # unpacked, all together
MOST_DEPTH, MOST_NAME = 40, 200
SWELLS, SWELLS_FROM = 200, 10_000_000  # a text packs 5 to 20 times smaller, and a bomb 1,000 times
_END, _END_BYTES = b"PK\x05\x06", 22
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


def unpack(path: Path, cache: Path, progress: Progress = silent) -> tuple[Path, list[SkippedPackage]]:
    """Unpack an archive into `cache`, or take it from there: its folder, and the entries that were left out.

    Raises:
        InputError: it is no readable zip file, or holds too many files.
    """
    count = _entries(path)
    if count > MOST_ENTRIES:
        raise InputError(
            f"{path.name}: holds {count:,} files or more, and at most {MOST_ENTRIES:,} are read; leave out "
            "node_modules, environments, build results and data."
        )
    with path.open("rb") as f:
        kept = cache / "sources" / hashlib.file_digest(f, "sha256").hexdigest()
    kept.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=kept.parent))
    try:
        with zipfile.ZipFile(path) as archive:
            left = list(_extract(archive, work, path.name, progress))
        if not kept.exists():
            os.replace(work, kept)
    except zipfile.BadZipFile:
        raise InputError(f"{path.name}: not a readable zip file; pack it again.") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
    inside = list(kept.iterdir())
    return (inside[0] if len(inside) == 1 and inside[0].is_dir() else kept), left


def _entries(path: Path) -> int:
    """How many entries an archive says it has, read before the whole list is: 65,535 or more read as 65,535."""
    with path.open("rb") as f:
        size = f.seek(0, os.SEEK_END)
        f.seek(max(0, size - _END_BYTES - 65_535))
        tail = f.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES:
        raise InputError(f"{path.name}: not a readable zip file; pack it again.")
    return int.from_bytes(tail[at + 10 : at + 12], "little")


def _extract(archive: zipfile.ZipFile, work: Path, name: str, progress: Progress) -> Iterator[SkippedPackage]:
    total, infos = 0, archive.infolist()
    for number, info in enumerate(infos):
        if number % 500 == 0:
            progress(number, len(infos), f"Unpacking {name} ({number:,} of {len(infos):,})")
        reason = _unsafe(info)
        if reason:
            yield SkippedPackage(info.filename[:MOST_NAME], f"{name}: {reason}")
            continue
        most = 0 if info.is_dir() else worth(PurePosixPath(info.filename))
        if not most:
            continue
        if total > MOST_BYTES:
            yield SkippedPackage(
                info.filename, f"{name}: not unpacked: more than {MOST_BYTES // 1_000_000} MB before it"
            )
            continue
        try:
            total += _write(archive, info, work, most)
        except _BROKEN as error:
            yield SkippedPackage(info.filename, f"{name}: cannot be unpacked ({type(error).__name__})")


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, work: Path, most: int) -> int:
    target = work / info.filename
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(info) as member:
        content = member.read(most)  # bounds what a bomb can write
    if most < info.file_size and most == WHOLE_BYTES:
        raise ValueError("a list of packages or licence text of this size is none")
    return target.write_bytes(content)


def _unsafe(info: zipfile.ZipInfo) -> str:
    """Why an entry is not unpacked, empty where it may be."""
    path, name = PurePosixPath(info.filename), info.filename
    if (
        not path.parts
        or path.is_absolute()
        or ".." in path.parts
        or "\\" in name
        or ":" in name
        or not name.isprintable()
    ):
        return "its name leads out of the archive, or holds characters that no file name should"
    if len(path.parts) > MOST_DEPTH or any(len(part.encode()) > MOST_NAME for part in path.parts):
        return "its name is too long or too deep"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a symbolic link, which is not followed"
    if info.flag_bits & 1:
        return "encrypted; pack it without a password"
    if info.file_size > SWELLS_FROM and info.file_size > SWELLS * max(1, info.compress_size):
        return f"swells to {info.file_size / max(1, info.compress_size):,.0f} times its size when unpacked"
    return ""
