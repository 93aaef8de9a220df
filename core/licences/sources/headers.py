"""Whose a source file says it is: the comment at its head, the holder it names, the licence it states."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from core.licences.sources.tree import HEAD_BYTES

_SPEAKS = re.compile(r"licen[cs]e|copyright|\(c\)|©|redistribut|public domain|all rights reserved", re.I)
_SPDX = re.compile(r"SPDX-License-Identifier:\s*([A-Za-z0-9.+() :-]+)")
_HOLDER = re.compile(
    r"(?:copyright|\(c\)|©)[\s:,(c)©]*(?:(?:19|20)\d\d[\s,–-]*|present[\s,]*)*(?:by\s+)?([^\n\r]*)", re.I
)
_BLOCK = re.compile(r"\s*(/\*.*?\*/|<!--.*?-->|\"\"\".*?\"\"\"|'''.*?''')", re.S)
_LINES = re.compile(r"\s*(?:(?:#|//|--|;|%|rem\b)[^\n]*(?:\n|$)\s*)+", re.I)
_MARKS = re.compile(r"^[ \t]*(?:#+!?|//+|--|;+|%+|/\*+!?|\*+/?|<!--|\"\"\"|''')?[ \t]?|\*/[ \t]*$|-->[ \t]*$", re.M)
_ADDRESS = re.compile(r"\s*<[^>\s]*@[^>]*>|\s*\(?\b[\w.+-]+@[\w.-]+\)?")  # whose mail it is, no report needs to say
_ENDING = re.compile(
    r"\b(all rights reserved|licensed under|released under|inc|ltd|llc|gmbh|authors?|contributors?)\b.*", re.I
)


@dataclass(frozen=True, slots=True)
class Header:
    """A head comment that speaks of rights: its text, the holder's name squeezed, and an SPDX id where it has one."""

    file: PurePath
    text: str
    holder: str
    holder_shown: str
    spdx: str
    spdx_line: int


def read_header(top: Path, file: PurePath) -> Header | None:
    """The head comment of a file, None where it says nothing of rights."""
    try:
        with (top / file).open("rb") as f:
            raw = f.read(HEAD_BYTES)
    except OSError:
        return None
    comment = head_comment(raw.decode("utf-8", "replace"))
    if not _SPEAKS.search(comment):
        return None
    found = _SPDX.search(comment)
    holder = holder_of(comment)
    line = comment[: found.start()].count("\n") + 1 if found else 0
    return Header(file, comment, squeeze(holder), holder, found[1].strip() if found else "", line)


def head_comment(text: str) -> str:
    """The comments that a file begins with, without their marks; empty lines keep the count of lines right."""
    text = text.removeprefix("\ufeff")
    at = text.find("\n") + 1 if text.startswith(("#!", "<?", "<!DOCTYPE", "<!doctype")) else 0
    start = 0
    while found := (_BLOCK.match(text, at) or _LINES.match(text, at)):
        if found.end() == at:
            break
        at = found.end()
    return _MARKS.sub("", text[start:at])


def holder_of(text: str) -> str:
    """The first holder of copyright that a text names, empty where it names none."""
    for found in _HOLDER.finditer(text):
        name = _ADDRESS.sub("", found[1]).strip(" .,*/-#\t")
        if (
            name
            and re.search(r"[A-Za-z]{2}", name)
            and not re.match(r"(notice|holders?|law|and|owner|the above)\b", name, re.I)
        ):
            return name[:80]
    return ""


def squeeze(holder: str) -> str:
    """A holder's name as two spellings of it are compared: small letters, without legal forms and addresses."""
    plain = _ENDING.sub("", re.sub(r"<[^>]*>|\([^)]*\)|https?://\S+", "", holder))
    return re.sub(r"[^a-z0-9]+", " ", plain.lower()).strip() or re.sub(r"[^a-z0-9]+", " ", holder.lower()).strip()


def foreign(headers: Iterable[Header], own: Iterable[str], own_licence: str) -> dict[tuple[str, str], list[Header]]:
    """Headers that name somebody else, grouped by holder and licence wording.

    Args:
        own: names of the product's own holders, where it states any; else the one that most of its files name is its
            own.
        own_licence: the licence that the product states, which files that name no holder may repeat.
    """
    rows = list(headers)
    mine = {squeeze(name) for name in own} - {""} or _most(h.holder for h in rows if h.holder)
    plain = {h for h in rows if not h.holder and _STATES.search(h.text)}
    repeated = _most(_wording(h) for h in plain)
    out: dict[tuple[str, str], list[Header]] = {}
    for header in rows:
        theirs = header.holder and header.holder not in mine
        alone = header in plain and _wording(header) not in repeated and (header.spdx or "?") != own_licence
        if theirs or alone:
            out.setdefault((header.holder, _wording(header)), []).append(header)
    return out


def _most(values: Iterable[str]) -> set[str]:
    """The value that more than half of them have, where at least two do."""
    counts = Counter(values)
    most = counts.most_common(1)
    return {most[0][0]} if most and most[0][1] * 2 > sum(counts.values()) and most[0][1] > 1 else set()


_STATES = re.compile(
    r"SPDX-License-Identifier|licen[cs]ed under|under the terms|permission is hereby|redistribution and use", re.I
)


def _wording(header: Header) -> str:
    """What the header says but for names and years, so that the files of one origin fall together."""
    return header.spdx or re.sub(r"[^a-z]+", " ", _HOLDER.sub("", header.text).lower()).strip()[:2000]


def own_holders(licences: Iterable[str], manifests: Mapping[str, object]) -> list[str]:
    """The holders that the product's own licence texts and manifests name."""
    names = [*map(holder_of, licences), *_authors(manifests)]
    return [n for n in names if n]


def _authors(manifests: Mapping[str, object]) -> Iterable[str]:
    project = manifests.get("project")
    listed = project.get("authors") if isinstance(project, dict) else None
    for row in listed if isinstance(listed, list) else []:
        if isinstance(row, dict) and isinstance(row.get("name"), str):
            yield row["name"]
    author = manifests.get("author")
    if isinstance(author, str):
        yield re.sub(r"[<(].*", "", author).strip()
    elif isinstance(author, dict) and isinstance(author.get("name"), str):
        yield author["name"]
