"""Licence texts are read once each: by their words first, then by whoever is handed in as the scanner."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from core.licences.package import LicenceText
from core.licences.texts import ScanCodeUnavailable, by_scancode, by_words
from core.licences.weigh import Match
from core.progress import Cancelled

MIT = (Match("MIT", "text", 99.5, 1, 20, 160),)
Answer = Iterator[tuple[int, tuple[Match, ...] | None]]


class Scanner:
    """Counts what it is given; "slow" takes too long, "dead" ends it."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, texts: Sequence[str], tick: Callable[[], None]) -> Answer:
        tick()
        for position, text in enumerate(texts):
            if text == "dead":
                raise ScanCodeUnavailable("its process ended")
            self.read.append(text)
            tick()
            yield position, None if text == "slow" else MIT


def texts(*bodies: str) -> list[LicenceText]:
    return [LicenceText(f"p{i}/LICENSE", body) for i, body in enumerate(bodies)]


def test_one_text_of_two_packages_is_read_once_and_kept(tmp_path: Path) -> None:
    scanner = Scanner()
    rows = texts("a", "b", "a")
    found = by_scancode(rows, tmp_path, scan=scanner)
    assert [found[t].matches for t in rows] == [MIT, MIT, MIT]
    assert scanner.read == ["a", "b"]
    assert by_scancode(rows, tmp_path, scan=scanner) == found
    assert scanner.read == ["a", "b"], "what is known is not read again"


def test_a_text_that_took_too_long_is_not_kept(tmp_path: Path) -> None:
    scanner = Scanner()
    for _ in range(2):
        found = by_scancode(texts("slow", "a"), tmp_path, scan=scanner)
        assert [r.matches for r in found.values()] == [None, MIT]
    assert scanner.read == ["slow", "a", "slow"]


def test_what_was_read_before_the_scanner_died_is_kept(tmp_path: Path) -> None:
    scanner = Scanner()
    with pytest.raises(ScanCodeUnavailable):
        by_scancode(texts("a", "dead", "b"), tmp_path, scan=scanner)
    by_scancode(texts("a", "b"), tmp_path, scan=scanner)
    assert scanner.read == ["a", "b"]


@pytest.mark.parametrize("broken", ["{broken", "[]", '{"a": [{"no": 1}]}', '{"a": 1}'])
def test_kept_results_that_cannot_be_read_count_as_none(tmp_path: Path, broken: str) -> None:
    by_scancode(texts("a"), tmp_path, scan=Scanner())
    (file,) = tmp_path.glob("scancode-*.json")
    file.write_text(broken)
    (found,) = by_scancode(texts("a"), tmp_path, scan=Scanner()).values()
    assert found.matches == MIT


def test_two_checks_at_once_do_not_lose_each_others_results(tmp_path: Path) -> None:
    class Slower(Scanner):
        def __call__(self, texts: Sequence[str], tick: Callable[[], None]) -> Answer:
            by_scancode([LicenceText("q/LICENSE", "other")], tmp_path, scan=Scanner())  # ends while this one reads
            yield from super().__call__(texts, tick)

    by_scancode(texts("a"), tmp_path, scan=Slower())
    scanner = Scanner()
    by_scancode(texts("a", "other"), tmp_path, scan=scanner)
    assert scanner.read == []


def test_progress_is_asked_while_texts_are_read_and_can_stop_it(tmp_path: Path) -> None:
    notes: list[str] = []
    scanner = Scanner()

    def watch(done: float, total: float, note: str = "") -> None:
        notes.append(note)
        if "2 of 50" in note:
            raise Cancelled

    with pytest.raises(Cancelled):
        by_scancode(texts(*map(str, range(50))), tmp_path, watch, scanner)
    assert len(scanner.read) <= 3
    assert notes[0] == "Loading the licence index"


def test_by_words_only_texts_beyond_doubt_are_answered(tmp_path: Path) -> None:
    exact = LicenceText("p/LICENSE", _library("mit"))
    prose = LicenceText("q/LICENSE", "Do what you like with it, but be nice. " * 20)
    for _ in range(2):  # the second time from what was kept
        found = by_words([exact, prose], tmp_path)
        assert set(found) == {exact}
        (match,) = found[exact].matches or ()
        assert (match.expression, match.score, found[exact].tier) == ("MIT", 100.0, "similarity")


def _library(key: str) -> str:
    import licensedcode

    text = (Path(licensedcode.__file__).parent / "data" / "licenses" / f"{key}.LICENSE").read_text()
    return text.split("---\n", 2)[2]
