"""The ventures on this machine: find, create, duplicate, edit, delete, and take in the files a founder uploads.

Every write goes to a temporary file that is checked and then renamed, so a venture is never half-written.
"""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import tomlkit

from core.contents import content_hash
from core.errors import InputError
from core.settings import Settings, private_folder
from core.tomltext import dump
from core.venture import Venture, load, load_text

_REFUSED = (
    (b"\x80\x02", "a pickle, which can run code when it is opened"),
    (b"\x80\x03", "a pickle, which can run code when it is opened"),
    (b"\x80\x04", "a pickle, which can run code when it is opened"),
    (b"\x80\x05", "a pickle, which can run code when it is opened"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
)
_MOST_NULS = 0.3  # of the bytes of a text in which some stand by mistake, which a search drops and names
# Parquet, workbooks, PDF, UTF-16: NUL bytes belong there.
_BINARY = (b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\xff\xfe", b"\xfe\xff")
_FORMS = ("manifest", "environment", "source", "sbom")
_CHUNK = 1 << 20
_OWN = ("venture.toml", "privacy.toml")  # an upload must not replace them


@dataclass(frozen=True, slots=True)
class Entry:
    """A venture folder: its slug, its file, whether it came with the product, and what is wrong with it."""

    slug: str
    file: Path
    sample: bool
    venture: Venture | None
    problem: str = ""

    @property
    def name(self) -> str:
        """What it is called, also where its file is broken."""
        return self.venture.name if self.venture else self.slug


def slug_of(name: str) -> str:
    """A folder name for a venture called `name`: small letters, digits and hyphens."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:48].strip("-")
    if not slug:
        raise InputError("The name needs at least one letter a-z or digit, because its folder is named after it.")
    return slug


def roots(settings: Settings, file: Path) -> tuple[Path, ...]:
    """The folders that a venture known to the browser may read from: its own and the uploads."""
    return (file.resolve().parent, settings.uploads)


def entries(settings: Settings) -> list[Entry]:
    """All ventures, the founder's own first; a broken file is listed with its problem, never left out."""
    own = sorted(settings.ventures.glob("*/venture.toml")) if settings.ventures.is_dir() else []
    samples = sorted(settings.sample_ventures.glob("*/venture.toml")) if settings.sample else []
    return [_entry(settings, f, sample=False) for f in own] + [_entry(settings, f, sample=True) for f in samples]


def _entry(settings: Settings, file: Path, *, sample: bool) -> Entry:
    try:
        stat = file.stat()
        found = _loaded(file, roots(settings, file), (stat.st_ino, stat.st_size, stat.st_mtime_ns))
        return Entry(file.parent.name, file, sample, found)
    except (InputError, OSError) as error:
        return Entry(file.parent.name, file, sample, None, str(error))


@lru_cache(maxsize=256)
def _loaded(file: Path, inside: tuple[Path, ...], stamp: tuple[int, int, int]) -> Venture:
    """A venture; a file that stands as it was is read once, because every page lists all of them."""
    return load(file, inside)


def create(settings: Settings, name: str, answers: Mapping[str, Any]) -> Path:
    """Write a new venture from the guided form; `answers` maps dotted keys of venture.toml to values.

    Raises:
        InputError: the name is taken, or an answer is not valid; nothing is written then.
    """
    folder = _free_folder(settings, name)
    head = "# What Preflight is told about this venture. Pages edit this file; you may too, comments are kept.\n"
    text = change(f"{head}schema = 1\n", {"name": name.strip(), **answers})
    load_text(text, folder / "venture.toml")
    _publish(folder, lambda new: (new / "venture.toml").write_text(text, encoding="utf-8"))
    return folder / "venture.toml"


def duplicate(settings: Settings, entry: Entry, name: str) -> Path:
    """Copy a venture with its files under a new name."""
    folder = _free_folder(settings, name)
    text = change(entry.file.read_text(encoding="utf-8"), {"name": name.strip()})

    def fill(new: Path) -> None:
        skip = shutil.ignore_patterns("*.py", "__pycache__", "planted.json")
        shutil.copytree(entry.file.parent, new, dirs_exist_ok=True, ignore=skip)
        (new / "venture.toml").write_text(text, encoding="utf-8")

    _publish(folder, fill)
    return folder / "venture.toml"


def delete(settings: Settings, entry: Entry, runs: Iterable[Path] = ()) -> None:
    """Remove a venture with all that was made from its rows; figures in the store stay, for they hold no row.

    That is its folder, uploads that no other venture shows, its private folder (labels, drafts, own weights), and the
    folders of its `runs`. It leaves the list in one step before anything is removed.

    Raises:
        InputError: it is a sample, lies elsewhere, or something of it could not be removed.
    """
    folder = entry.file.parent
    if entry.sample or folder.resolve().parent != settings.ventures.resolve():
        raise InputError("Only a venture made here can be deleted; the sample stays as it is.")
    key = str(entry.file.resolve())
    uploads = {p.name for p in settings.uploads.glob("*") if p.is_file()} if settings.uploads.is_dir() else set()
    shown = _digests(folder) & uploads
    gone = Path(tempfile.mkdtemp(prefix=".gone-", dir=settings.var))
    try:
        folder.rename(gone / folder.name)
    except OSError as error:
        gone.rmdir()
        raise InputError(f"{entry.name} cannot be deleted ({error.strerror}); nothing was changed.") from None
    others = {d for e in entries(settings) for d in _digests(e.file.parent)} if shown else set()
    own_runs = [r for r in runs if r.resolve().parent == settings.runs.resolve()]
    for path in (gone, private_folder(settings.var, key), *own_runs):
        shutil.rmtree(path, ignore_errors=True)
    for digest in shown - others:
        (settings.uploads / digest).unlink(missing_ok=True)
    if left := [p for p in (gone, private_folder(settings.var, key), *own_runs) if p.exists()]:
        raise InputError(f"{entry.name} is deleted, but these could not be removed: {', '.join(map(str, left))}.")


def _digests(folder: Path) -> set[str]:
    """The SHA-256 of each file of a folder; links are not followed."""
    return {content_hash(p) for p in folder.rglob("*") if p.is_file() and not p.is_symlink()}


def _free_folder(settings: Settings, name: str) -> Path:
    folder = settings.ventures / slug_of(name)
    if folder.exists() or (settings.sample_ventures / folder.name).exists():
        raise InputError(f"There is a venture called {folder.name} already; choose another name.")
    return folder


def _publish(folder: Path, fill: Any) -> None:
    """Fill a hidden folder beside the target, then rename it: a venture appears whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        fill(new)
        new.rename(folder)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def save(settings: Settings, file: Path, text: str) -> Venture:
    """Check the text of a venture file and put it in place; an invalid text changes nothing.

    Raises:
        InputError: every problem of the text, with line and key; or the file is a sample.
    """
    refuse_sample(settings, file)
    venture = load_text(text, file, roots(settings, file))
    write(file, text)
    return venture


def refuse_sample(settings: Settings, file: Path) -> None:
    """Raise InputError where the file is a sample's."""
    if file.resolve().is_relative_to(settings.sample_ventures.resolve()):
        raise InputError("The sample stays as it is; duplicate it and change the copy.")


def write(file: Path, text: str) -> None:
    """Put a text in place of a venture's file, whole or not at all."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, prefix=".venture-", delete=False) as new:
        new.write(text)
    os.replace(new.name, file)


def change(text: str, values: Mapping[str, Any]) -> str:
    """Set dotted keys in a TOML text and keep everything else, comments included; None removes a key."""
    doc = tomlkit.parse(text)
    for dotted, value in values.items():
        *tables, key = dotted.split(".")
        part: Any = doc
        for name in tables:
            part = part.setdefault(name, tomlkit.table())
        if value is None:
            part.pop(key, None)
        else:
            part[key] = value
    return dump(doc)


def put_scenario(text: str, name: str, changes: Mapping[str, Any]) -> str:
    """Keep what somebody tried under a name; one of that name is replaced."""
    doc = tomlkit.parse(text)
    rows = doc.setdefault("scenarios", tomlkit.aot())
    row = next((r for r in rows if r.get("name") == name), None)
    if row is None:
        rows.append(tomlkit.table())
        row = rows[-1]
        row["name"] = name
    row["set"] = tomlkit.inline_table()
    for key, value in changes.items():
        row["set"][key] = value
    return dump(doc)


def put_dataset(text: str, values: Mapping[str, Any]) -> str:
    """Add the data set `values` (keys of a [[datasets]] table), or replace the one that has its id."""
    doc = tomlkit.parse(text)
    rows = doc.setdefault("datasets", tomlkit.aot())
    row = next((r for r in rows if r.get("id") == values["id"]), None)
    if row is None:
        row = tomlkit.table()
        rows.append(row)
        row = rows[-1]
    for key, value in values.items():
        row[key] = value
    return dump(doc)


def put_dependencies(text: str, form: str, path: str, platform: str = "linux") -> str:
    """Name `path` as a part of what ships, in one of the forms of [[dependencies]]; one there already is replaced."""
    doc = tomlkit.parse(text)
    rows = doc.setdefault("dependencies", tomlkit.aot())
    there = next(
        (r for r in rows if path in (r.get("manifest"), r.get("environment"), r.get("source"), r.get("sbom"))), None
    )
    if there is None:
        rows.append(tomlkit.table())
        there = rows[-1]
    for key in (*_FORMS, "platform"):
        there.pop(key, None)
    there[form] = path
    if platform != "linux":
        there["platform"] = platform
    return dump(doc)


def put_use(text: str, package: str, how: Sequence[str]) -> str:
    """Say how the product holds a package, in its row of [[uses]]; nothing: as it comes, and the row goes."""
    doc = tomlkit.parse(text)
    rows = doc.setdefault("uses", tomlkit.aot())
    at = next((i for i, row in enumerate(rows) if row.get("package") == package), None)
    if not how:
        if at is not None:
            del rows[at]
    elif at is None:
        row = tomlkit.table()
        row["package"], row["how"] = package, list(how)
        rows.append(row)
    else:
        rows[at]["how"] = list(how)
    if not rows:
        del doc["uses"]
    return dump(doc)


def form_of(file: Path) -> str:
    """The form of [[dependencies]] in which an uploaded file names what ships: manifest, source or sbom."""
    with file.open("rb") as f:
        head = f.read(1 << 16)
    if head.startswith(b"PK"):
        return "manifest" if file.suffix == ".whl" else "source"
    marks = (b'"bomFormat"', b'"spdxVersion"', b"<bom", b"SPDXVersion:")
    return "sbom" if any(mark in head for mark in marks) else "manifest"


def take_upload(settings: Settings, file: Path, name: str, stream: BinaryIO, *, ships: bool = False) -> str:
    """Keep an uploaded file by its SHA-256 and show it in the venture's folder under a safe form of its name.

    Returns the path to write into the venture file. The bytes are copied once; an unchanged file is kept once.

    Args:
        ships: it tells what ships, and may then be a zip of source code.

    Raises:
        InputError: larger than `upload_mb`, empty, of a kind that is not read (archive, pickle, binary), or named as a
            file that the venture itself is made of.
    """
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(name).name).strip(".-") or "upload"
    if safe.casefold() in _OWN:  # also where file names differ by case only in appearance
        raise InputError(f"{safe}: this name belongs to the venture itself; give the file another one.")
    settings.uploads.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=settings.uploads, prefix=".new-", delete=False) as new:
        try:
            digest = _copy_checked(stream, new, safe, settings.upload_mb)
            new.flush()
            if not ships:
                _check_workbook(Path(new.name), safe)
        except BaseException:
            os.unlink(new.name)
            raise
    kept = settings.uploads / digest
    os.replace(new.name, kept)
    target = file.parent / safe
    shown = Path(tempfile.mktemp(prefix=".new-", dir=file.parent))  # noqa: S306 - os.link needs a name that is free
    try:
        os.link(kept, shown)
    except OSError:  # another file system
        shutil.copyfile(kept, shown)
    os.replace(shown, target)
    return safe


def _copy_checked(stream: BinaryIO, new: Any, name: str, limit_mb: int) -> str:
    digest, size, binary = hashlib.sha256(), 0, False
    while chunk := stream.read(_CHUNK):
        if size == 0:
            _refuse(chunk, name)
            binary = chunk.startswith(_BINARY)
        size += len(chunk)
        if size > limit_mb << 20:
            raise InputError(f"{name}: larger than {limit_mb} MB; put it beside venture.toml and use the command line.")
        if not binary and chunk.count(0) > _MOST_NULS * len(chunk):
            raise InputError(f"{name}: holds many NUL bytes, so it is not a text table; save it as CSV in UTF-8.")
        digest.update(chunk)
        new.write(chunk)
    if size == 0:
        raise InputError(f"{name}: is empty; nothing was kept.")
    return digest.hexdigest()


def _refuse(head: bytes, name: str) -> None:
    for magic, what in _REFUSED:
        if head.startswith(magic):
            raise InputError(f"{name}: this is {what}; upload the table itself as CSV in UTF-8.")


def _check_workbook(path: Path, name: str) -> None:
    """Refuse a zip archive that is no workbook, or one that would unpack to more than can be held."""
    with path.open("rb") as file:
        zipped = file.read(4) == b"PK\x03\x04"
    if zipped:
        from core.privacy.sources.workbook import check_archive  # noqa: PLC0415 - a library that few files need

        check_archive(path, name)
