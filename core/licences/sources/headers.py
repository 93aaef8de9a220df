"""Whose a source file, or a part of it, says it is: its comments, the holder they name, the licence they state."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from core.licences.sources.tree import CODE_BYTES

_SPEAKS = re.compile(r"licen[cs]e|copyright|\(c\)|©|redistribut|public domain|all rights reserved", re.I)
_SPDX = re.compile(r"SPDX-License-Identifier:\s*([A-Za-z0-9.+() :-]+)")
_HOLDER = re.compile(
    r"(?:copyright|\(c\)|©)[\s:,(c)©]*(?:(?:19|20)\d\d[\s,–-]*|present[\s,]*)*(?:by\s+)?([^\n\r]*)", re.I
)
_BLOCK = re.compile(r"\s*(/\*.*?\*/|<!--.*?-->|\"\"\".*?\"\"\"|'''.*?''')", re.S)
_LINES = re.compile(r"\s*(?:(?:#|//|--|;|%|rem\b)[^\n]*(?:\n|$)\s*)+", re.I)
_MARKS = re.compile(r"^[ \t]*(?:#+!?|//+|--|;+|%+|/\*+!?|\*+/?|<!--|\"\"\"|''')?[ \t]?|\*/[ \t]*$|-->[ \t]*$", re.M)
_STATES = re.compile(
    r"SPDX-License-Identifier|licen[cs]ed under|under the terms|permission is hereby|redistribution and use", re.I
)
_FAMILY = re.compile(
    r"\b(?:L?GPL|AGPL|MIT|BSD|Apache|Mozilla|MPL|GNU|Creative Commons|CC[- ]BY\b|ISC|Unlicense)\b", re.I
)
_DATED = re.compile(r"copyright[\s:,(c)©]*(?:19|20)\d\d[\s,\d–-]*(?:by\s+)?[A-Z]", re.I)
_WORTH = re.compile(
    rb"licen[cs]e|copyright|\(c\)|\xc2?\xa9|redistribut|public domain|all rights reserved|permission", re.I
)
_INNER = re.compile(r"(?:^[ \t]*(?:#|//|--|;|%)[^\n]*(?:\n|\Z))+", re.M)
_PAIRS = (("/*", "*/"), ("<!--", "-->"))
_BY_LINES = frozenset(".py .pyx .pxd .pyi .rb .pl .r .jl .sh .bash".split())  # of these "/*" is a path's
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


def read_headers(top: Path, file: PurePath) -> list[Header]:
    """What a file says of rights: in the comment at its head, and in comments above code that was copied into it.

    Further down a comment has to state a licence by its SPDX id or its name, or a holder with a year: many speak of
    licences.
    """
    try:
        with (top / file).open("rb") as f:
            raw = f.read(CODE_BYTES)
    except OSError:
        return []
    if not _WORTH.search(raw):
        return []
    text = raw.decode("utf-8", "replace").removeprefix("\ufeff")
    end = _head_end(text)
    head = head_comment(text)
    found = [_header(file, head, 0)] if _SPEAKS.search(head) else []
    for start, block in _inner(text, end, by_lines=file.suffix.lower() in _BY_LINES):
        comment = _MARKS.sub("", block)
        if _SPDX.search(comment) or _DATED.search(comment) or (_STATES.search(comment) and _FAMILY.search(comment)):
            found.append(_header(file, comment, text.count("\n", 0, start)))
    return found


def _inner(text: str, at: int, *, by_lines: bool) -> Iterator[tuple[int, str]]:
    """Comments below the head, with where they begin; found in one pass however many marks are never closed."""
    yield from ((found.start(), found[0]) for found in _INNER.finditer(text, at))
    for opens, closes in () if by_lines else _PAIRS:
        start = text.find(opens, at)
        while start >= 0 and (stop := text.find(closes, start + len(opens))) >= 0:
            yield start, text[start : stop + len(closes)]
            start = text.find(opens, stop)


def _header(file: PurePath, comment: str, above: int) -> Header:
    """What a comment says; the lines `above` it are kept as empty ones, so that a line's number is the file's."""
    comment = "\n" * above + comment
    found, holder = _SPDX.search(comment), holder_of(comment)
    line = comment[: found.start()].count("\n") + 1 if found else 0
    return Header(file, comment, squeeze(holder), holder, found[1].strip() if found else "", line)


def head_comment(text: str) -> str:
    """The comments that a file begins with, without their marks; empty lines keep the count of lines right."""
    text = text.removeprefix("\ufeff")
    return _MARKS.sub("", text[: _head_end(text)])


def _head_end(text: str) -> int:
    at = text.find("\n") + 1 if text.startswith(("#!", "<?", "<!DOCTYPE", "<!doctype")) else 0
    while found := (_BLOCK.match(text, at) or _LINES.match(text, at)):
        if found.end() == at:
            break
        at = found.end()
    return at


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
