"""Licence texts told apart by their words: Sørensen-Dice similarity to every text of LicenseDB, with guards.

It takes milliseconds where ScanCode takes a second, and decides only what is beyond doubt: a file that is one licence
text, with nothing added that could change it. Everything else is left to ScanCode.

Method: similarity of word multisets, 2|A∩B| / (|A|+|B|) (Dice 1945, Sørensen 1948), as licensee uses it for word sets.
The texts are those of LicenseDB (CC-BY-4.0), which come with scancode-toolkit and cover the SPDX list.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from core.licences import spdx

LEAST = 0.98
CANDIDATE = 0.965  # what counts as a rival
MARGIN = 0.002
NEAR = 0.015  # rivals this close are told apart word by word
FEWEST_WORDS = 40
LONGEST_BYTES = 200_000

# Words that can change what a licence means: where one stands in a file more often than in the licence, ScanCode reads.
_ALARM = frozenset(
    "commercial noncommercial commercially except exception exceptions unless gpl lgpl agpl gnu llvm evil military "
    "ethical prohibited forbidden restricted additionally additional dual alternatively clause academic research "
    "evaluation royalty sublicensing portions includes bundled vendored third derived based contains following "
    "apache bsd mit mozilla either gplv2 gplv3".split()
)
_WORD = re.compile(r"[a-z0-9]+")
_COPYRIGHT = re.compile(r"^\W*(copyright\b(?! (holder|owner|notice|licen))|\(c\)|©|all rights reserved\W*$)", re.I)
# Apache's advice on how to apply it, which many leave out. What stands below it may be an exception and stays.
_APPENDIX = re.compile(r"(end of terms and conditions\s*)?appendix: how to apply the apache.*?under the license\.\s*\Z|"
                       r"end of terms and conditions\s*(?=appendix: how to apply the apache|\Z)", re.S)  # fmt: skip
_HEAD = re.compile(r"\A---\n(.*?)\n---\n", re.S)
_KEY = re.compile(r"^spdx_license_key: *(\S+)", re.M)
_TITLE = re.compile(r"licen[cs]e|version \d|^\W*https?://|bsd|\bmit\b")
_CHOICE = re.compile(r"\b(or|and|either|both|under|terms|dual|with)\b|gpl")
_HEAD_LINES, _TITLE_WORDS = 6, 8


@dataclass(frozen=True, slots=True)
class Similar:
    """The one licence that a text is: its SPDX id, the similarity, and how many words were compared."""

    licence: str
    score: float
    words: int


@dataclass(frozen=True, slots=True)
class _Known:
    licence: str
    size: int
    path: Path


def same_as(text: str) -> Similar | None:
    """The licence whose text this is, beyond doubt; None where there is any."""
    if len(text) > LONGEST_BYTES:
        return None
    counts = _count(text)
    total = counts.total()
    if total < FEWEST_WORDS:
        return None
    near = sorted(_near(counts, total), key=lambda pair: -pair[1])
    if not near or near[0][1] < LEAST:
        return None
    (best, score), rivals = near[0], near[1:]
    licence = _ids()[best]
    sure = _told_apart(counts, best, [k for k, s in rivals if _ids()[k] != licence and score - s < NEAR])
    clear = all(score - s >= MARGIN for k, s in rivals if _ids()[k] != licence)
    return (
        Similar(licence, score, total)
        if sure and clear and not _alarming(counts, best) and _titled(text, licence)
        else None
    )


def available() -> bool:
    """Whether the licence texts are installed."""
    return bool(_library())


def _near(counts: "Counter[str]", total: int) -> Iterator[tuple[Path, float]]:
    letters = sum(len(word) * n for word, n in counts.items())
    for known in _library():
        if not 0.5 * letters <= known.size <= 2.2 * letters + 600:
            continue
        other = _words_of(known.path)
        size = other.total()
        if 2 * min(size, total) < CANDIDATE * (size + total):
            continue
        score = 2 * (counts & other).total() / (size + total)
        if score >= CANDIDATE:
            yield known.path, score


def _told_apart(counts: "Counter[str]", best: Path, rivals: list[Path]) -> bool:
    """Whether every word that tells the best from each rival stands in the text."""
    own = _words_of(best)
    return all(not (own - _words_of(rival)) - counts for rival in rivals)


def _alarming(counts: "Counter[str]", best: Path) -> bool:
    return bool(_ALARM & (counts - _words_of(best)).keys())


def _titled(text: str, licence: str) -> bool:
    """Whether the first lines name no other licence family than this one's."""
    lines = [line.lower() for line in text.splitlines() if line.strip()][:_HEAD_LINES]
    named = spdx.families(" ".join(filter(_title, lines)))
    return not named or spdx.family(licence) in named


def _count(text: str) -> "Counter[str]":
    """The words of a text, without title, copyright lines and Apache's appendix: they say whose it is, not what."""
    lines = [line for line in _APPENDIX.sub("", text.lower()).splitlines() if line.strip()]
    kept = [
        line for i, line in enumerate(lines) if not _COPYRIGHT.match(line) and not (i < _HEAD_LINES and _title(line))
    ]
    return Counter(_WORD.findall("\n".join(kept)))


def _title(line: str) -> bool:
    return len(line.split()) <= _TITLE_WORDS and bool(_TITLE.search(line)) and not _CHOICE.search(line)


@cache
def _library() -> tuple[_Known, ...]:
    """Every licence text that came with ScanCode, found without importing it."""
    spec = find_spec("licensedcode")
    places = list(spec.submodule_search_locations or ()) if spec else []
    folder = Path(places[0]) / "data" / "licenses" if places else None
    if folder is None or not folder.is_dir():
        return ()
    rows = ((path, path.stat().st_size) for path in sorted(folder.glob("*.LICENSE")))
    return tuple(_Known(path.stem, size, path) for path, size in rows)


@cache
def _parts(path: Path) -> tuple[str, str]:
    text = path.read_text("utf-8", "replace")
    head = _HEAD.match(text)
    return (head[1], text[head.end() :]) if head else ("", text)


@cache
def _words_of(path: Path) -> "Counter[str]":
    return _count(_parts(path)[1])


class _Ids(dict[Path, str]):
    """The SPDX id of each text, read when first asked for; a text without one goes by ScanCode's reference."""

    def __missing__(self, path: Path) -> str:
        found = _KEY.search(_parts(path)[0])
        self[path] = found[1] if found else f"LicenseRef-scancode-{path.stem}"
        return self[path]


@cache
def _ids() -> _Ids:
    return _Ids()
