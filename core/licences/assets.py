"""The declared licence of a base model or data set: what the founder states, its card, its licence file.

Nothing is loaded. Of an id the hub's card is asked, and where no hub answers it is unknown. A folder is read for its
card (the YAML head of README.md, as model hubs write it), the descriptions that data sets come with
(`datapackage.json`, `croissant.json`, `dataset_infos.json`), then its licence file.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from core.errors import InputError
from core.licences.component import Asset
from core.licences.hub import Kind, declared
from core.licences.package import TEXT_BYTES, LicenceText, is_primary
from core.licences.tags import of_card
from core.licences.texts import ScanCodeUnavailable, by_scancode, by_words
from core.licences.weigh import weigh

CARD_BYTES = 2_000_000
DESCRIPTIONS = ("datapackage.json", "croissant.json", "dataset_infos.json", "dataset_info.json")
_HEAD = re.compile(r"\A﻿?---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(\r?\n|\Z)", re.S)
_KEY = re.compile(r"^(license|licence|license_name):[ \t]*(.*)$", re.I)


def asset(
    text: str,
    keep: Path,
    catalogue: Mapping[str, Asset] = MappingProxyType({}),
    *,
    kind: Kind = "model",
    texts: bool = True,
    hub: str | None = None,
) -> Asset:
    """Read what the command line is given: `NAME=LICENCE`, a folder, a file, or an id.

    Args:
        keep: folder of what was recognised in licence texts before.
        catalogue: ids whose licence is known.
        kind: what an id names.
        texts: read licence texts where no card says anything.
        hub: address of the hub; see `core.licences.hub.declared`.

    Raises:
        InputError: it is empty, or looks like a path and there is nothing.
    """
    name, equals, licence = text.partition("=")
    path = Path(text).expanduser()
    if not text.strip() or (equals and not name.strip()):
        raise InputError(f"{text!r}: give NAME=LICENCE, a folder or file, or the id of a model hub.")
    if path.exists():
        return _at(path, keep, texts=texts)
    if equals:
        return Asset(name.strip(), licence.strip(), "stated", "command line")
    if text.startswith((".", "/", "~")):
        raise InputError(f"{text}: no such file or folder; give a folder, an id, or NAME=LICENCE.")
    return catalogue.get(text) or declared(text, kind, endpoint=hub)


def _at(path: Path, keep: Path, *, texts: bool) -> Asset:
    folder = path if path.is_dir() else path.parent
    for licence, tier, file, line in (*_card(folder), *_described(folder)):
        return Asset(path.name, licence, tier, file, line)
    files = [
        p for p in sorted(folder.iterdir()) if p.is_file() and is_primary(p.name) and p.stat().st_size <= TEXT_BYTES
    ]
    if not files:
        return Asset(path.name, "", why=f"{folder.name} has no card that names a licence, and no licence file")
    read = [LicenceText(f"{folder.name}/{p.name}", p.read_bytes().decode("utf-8", "replace")) for p in files]
    return _from_texts(path.name, read, keep) if texts else Asset(path.name, "", why="its licence file was not read")


def _from_texts(name: str, texts: list[LicenceText], keep: Path) -> Asset:
    reads = dict(by_words(texts, keep))
    try:
        reads |= by_scancode([t for t in texts if t not in reads], keep)
    except ScanCodeUnavailable as error:
        return Asset(name, "", why=f"its licence file was not read: ScanCode failed ({error})")
    weighed = weigh([reads[t] for t in texts], frozenset())
    hit = next((h for h in weighed.hits if h.applies), None)
    if weighed.concluded is None or hit is None:
        return Asset(name, "", why=f"its licence file: {weighed.why}")
    return Asset(name, str(weighed.concluded), hit.tier, hit.text.file, hit.match.start)


def _card(folder: Path) -> Iterator[tuple[str, str, str, int]]:
    """The licence that the head of README.md names; of several, all (the hubs do not say whether all or any apply)."""
    path = folder / "README.md"
    if not path.is_file():
        return
    with path.open("rb") as f:
        head = _HEAD.match(f.read(CARD_BYTES).decode("utf-8", "replace"))
    named: dict[str, tuple[list[str], int]] = {}
    listed: list[str] | None = None
    for number, line in enumerate(head[1].splitlines() if head else [], 2):
        found, item = _KEY.match(line), re.match(r"^[ \t]*-[ \t]+(\S.*)$", line)
        if found:
            listed = [v for v in re.split(r"[\[\],]", found[2]) if v.strip()] if found[2].strip() else []
            named.setdefault(found[1].lower().replace("licence", "license"), (listed, number))
        elif item and listed is not None:
            listed.append(item[1])
        elif line.strip():
            listed = None
    licence, key = of_card({name: values for name, (values, _) in named.items()})
    if licence:
        yield licence, "card", f"{folder.name}/README.md", named[key][1]


def _described(folder: Path) -> Iterator[tuple[str, str, str, int]]:
    """The licence in a description that data sets come with."""
    for name in DESCRIPTIONS:
        path = folder / name
        try:
            document = json.loads(path.read_bytes()) if path.is_file() and path.stat().st_size <= CARD_BYTES else None
        except (OSError, ValueError, RecursionError):
            continue
        found = _in(document)
        if found:
            yield found, "card", f"{folder.name}/{name}", 1


def _in(document: Any) -> str:
    """A licence in `license`, or in the first entry of `licenses`, as an id, a name or an SPDX address."""
    if not isinstance(document, dict):
        return ""
    value = document.get("license") or document.get("licenses")
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, dict):
        first = first.get("name") or first.get("@id") or first.get("url") or ""
    text = str(first or "").strip()
    return re.sub(r"^https?://(?:www\.)?spdx\.org/licenses/|\.html?$", "", text)
