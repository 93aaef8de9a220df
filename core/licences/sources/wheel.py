"""The metadata and licence texts of a wheel on a server, without fetching the wheel.

A wheel is a zip file: its table of contents lies at the end, so two or three range requests of some 100 kB read the
METADATA of a package of half a gigabyte. What was read is kept by the wheel's SHA-256.
"""

import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from time import monotonic
from typing import Any

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from core.licences.package import Origin, ResolvedPackage, SkippedPackage, is_primary, read_package
from core.licences.sources.wire import RefusedByServerError, get
from core.progress import Progress, silent

AT_ONCE = 8
ALL_S = 90.0  # for all wheels together; what is left then is listed as skipped
WHOLE_BYTES = 20_000_000  # largest wheel fetched whole where the server does not serve parts
PART_BYTES = 16_000  # the end of a wheel: 116 of 172 have their table of contents and METADATA in it
CONTENTS_BYTES = 30_000_000  # torch's table of contents has 1.5 MB
MEMBER_BYTES = 2_000_000
MOST_MEMBERS = 200


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel of the index: `url` is http(s), or a path where the machine's own index is a folder."""

    name: str
    version: str
    url: str
    sha256: str
    size: int = 0

    @property
    def key(self) -> str:
        """The name as the index compares it."""
        return canonicalize_name(self.name)


class _Remote(io.RawIOBase):
    """A file on a server as a seekable stream; the end is fetched first and kept."""

    def __init__(self, url: str) -> None:
        self._url, self._at = url, 0
        status, body, total = _get(url, f"bytes=-{PART_BYTES}")
        self._tail, self._size = body, total if status == 206 else len(body)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        stop = min(self._at + len(buffer), self._size)
        if stop <= self._at:
            return 0
        tail = self._size - len(self._tail)
        if self._at >= tail:
            piece = self._tail[self._at - tail : stop - tail]
        else:
            if stop - self._at > CONTENTS_BYTES:
                raise OSError("its table of contents is too large")
            _, piece, _ = _get(self._url, f"bytes={self._at}-{stop - 1}")
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def _get(url: str, part: str) -> tuple[int, bytes, int]:
    """Fetch a part of a file: status, bytes, and the size of the whole."""
    whole = part.startswith("bytes=-")
    answer = get(url, {"Range": part, "Accept-Encoding": "identity"}, WHOLE_BYTES + 1 if whole else CONTENTS_BYTES)
    if answer.status == 206:
        return 206, answer.body, int(answer.headers["content-range"].rpartition("/")[2])
    if len(answer.body) > WHOLE_BYTES or not whole:
        raise OSError("its server does not serve parts of a file")
    return 200, answer.body, len(answer.body)


def fetch_all(
    wheels: list[Wheel], cache: Path, progress: Progress = silent
) -> Iterator[ResolvedPackage | SkippedPackage]:
    """Read the metadata of many wheels, a few at a time, in the order they arrive."""
    begun, total = monotonic(), len(wheels)
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        waiting = {pool.submit(fetch, w, cache): w for w in wheels}
        while waiting:
            done, _ = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in done:
                del waiting[future]
                yield future.result()
            progress(total - len(waiting), total, "Reading metadata from the package index")
            if monotonic() - begun > ALL_S:
                break
        for wheel in waiting.values():
            yield SkippedPackage(wheel.name, f"its metadata did not arrive within {ALL_S:.0f} s", wheel.version)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def fetch(wheel: Wheel, cache: Path, origin: Origin = "index") -> ResolvedPackage | SkippedPackage:
    """Read one wheel's dist-info into `cache`, or take it from there."""
    kept = _place(wheel, cache)
    try:
        folder = _dist_info(kept) or _unpack(wheel, kept)
    except RefusedByServerError as error:
        return SkippedPackage(wheel.name, f"the package index refused its wheel (HTTP {error.status})", wheel.version)
    except zipfile.BadZipFile:
        return SkippedPackage(wheel.name, "its wheel is not a readable zip file", wheel.version)
    except (OSError, ValueError, KeyError, NotImplementedError) as error:
        reason = "its wheel could not be read from the package index"
        said = str(error) if type(error) is OSError and not error.errno else ""
        return SkippedPackage(wheel.name, f"{reason} ({said})" if said else reason, wheel.version)
    return read_package(folder, origin)


def is_kept(wheel: Wheel, cache: Path) -> bool:
    """Whether a wheel was read before."""
    return bool(_dist_info(_place(wheel, cache)))


def _place(wheel: Wheel, cache: Path) -> Path:
    return cache / "wheels" / (wheel.sha256 or f"{wheel.key}-{wheel.version}")


def read_wheel_file(file: Path, cache: Path) -> ResolvedPackage | SkippedPackage:
    """Read a wheel that lies here; what was read is kept by the file's name, size and time of change."""
    try:
        name, version, _, _ = parse_wheel_filename(file.name)
        stat = file.stat()
    except InvalidWheelFilename:
        return SkippedPackage(file.name, "its name is not one of a wheel (name-version-python-abi-platform.whl)")
    except OSError as error:
        return SkippedPackage(file.name, f"cannot be read ({error.strerror})")
    known_as = hashlib.sha256(f"{file.resolve()} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()
    return fetch(Wheel(name, str(version), str(file.resolve()), known_as, stat.st_size), cache, "wheel")


def _dist_info(kept: Path) -> Path | None:
    return next(kept.glob("*.dist-info"), None) if kept.is_dir() else None


def _unpack(wheel: Wheel, kept: Path) -> Path:
    """Write METADATA, the main licence files and a RECORD of those to `kept`, all or nothing."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    local = Path(wheel.url) if Path(wheel.url).is_absolute() else None
    source: io.BufferedIOBase = local.open("rb") if local else io.BufferedReader(_Remote(wheel.url), PART_BYTES)
    work = Path(tempfile.mkdtemp(dir=kept.parent))
    try:
        with source, zipfile.ZipFile(source) as archive:
            names = _worth_reading(archive)
            for name in names:
                target = work / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as member:
                    target.write_bytes(member.read(MEMBER_BYTES))  # bounds what a zip bomb can write
        folder = _dist_info(work)
        if folder is None:
            raise OSError("it has no dist-info")
        (folder / "RECORD").write_text("".join(f"{n},,\n" for n in names), "utf-8")
        if not kept.exists():
            os.replace(work, kept)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return kept / folder.name


def _worth_reading(archive: zipfile.ZipFile) -> list[str]:
    """METADATA and the files whose names say licence, near the top; never a name that leads out of the folder."""
    names: list[str] = []
    for name in archive.namelist():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "," in name or name.endswith("/"):
            continue
        inside = path.parts[0].endswith(".dist-info")
        if inside and path.parts[1:] == ("METADATA",):
            names.insert(0, name)
        elif inside and path.parts[1:2] == ("sboms",) and path.suffix == ".json":
            names.append(name)
        elif is_primary(name) and len(path.parts) <= (4 if inside else 2):
            names.append(name)
    return names[:MOST_MEMBERS]
