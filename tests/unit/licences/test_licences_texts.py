"""Licence texts are read once each, in a thread that can be watched and stopped."""

import time
from pathlib import Path

import pytest

from core.licences.package import LicenceText
from core.licences.texts import Matcher, MatcherUnavailable, read_texts
from core.licences.weigh import Match
from core.progress import Cancelled

MIT = (Match("MIT", "text", 99.5, 1, 20, 160),)


class Counting:
    """A matcher that counts what it is given; "slow" takes too long to be read whole."""

    def __init__(self) -> None:
        self.started = 0
        self.read: list[str] = []

    def start(self) -> Matcher:
        self.started += 1
        return self.matches

    def matches(self, text: str) -> tuple[Match, ...] | None:
        self.read.append(text)
        return None if text == "slow" else MIT


def texts(*bodies: str) -> list[LicenceText]:
    return [LicenceText(f"p{i}/LICENSE", body) for i, body in enumerate(bodies)]


def test_one_text_of_two_packages_is_read_once_and_kept(tmp_path: Path) -> None:
    matcher = Counting()
    rows = texts("a", "b", "a")
    found = read_texts(rows, tmp_path, "m-1", matcher.start)
    assert [found[t].matches for t in rows] == [MIT, MIT, MIT]
    assert matcher.read == ["a", "b"]
    assert read_texts(rows, tmp_path, "m-1", matcher.start) == found
    assert matcher.started == 1, "what is known starts no matcher"
    read_texts(rows, tmp_path, "m-2", matcher.start)
    assert matcher.started == 2, "another version knows other licences"


def test_a_text_that_took_too_long_is_not_kept(tmp_path: Path) -> None:
    matcher = Counting()
    for _ in range(2):
        found = read_texts(texts("slow", "a"), tmp_path, "m-1", matcher.start)
        assert [r.matches for r in found.values()] == [None, MIT]
    assert matcher.read == ["slow", "a", "slow"]


@pytest.mark.parametrize("broken", ["{broken", "[]", '{"a": [{"no": 1}]}', '{"a": 1}'])
def test_kept_results_that_cannot_be_read_count_as_none(tmp_path: Path, broken: str) -> None:
    (tmp_path / "m-1.json").write_text(broken)
    (found,) = read_texts(texts("a"), tmp_path, "m-1", Counting().start).values()
    assert found.matches == MIT


def test_a_matcher_that_does_not_start_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    def start() -> Matcher:
        raise ValueError("did not find any hooks")

    with pytest.raises(MatcherUnavailable, match="ValueError"):
        read_texts(texts("a"), tmp_path, "m-1", start)
    assert list(tmp_path.iterdir()) == []


def test_progress_is_asked_while_a_text_is_read_and_can_stop_it(tmp_path: Path) -> None:
    notes: list[str] = []
    read: list[str] = []

    def slow_start() -> Matcher:
        time.sleep(0.7)
        return slow_match

    def slow_match(text: str) -> tuple[Match, ...]:
        read.append(text)
        time.sleep(0.4)
        return MIT

    def watch(done: float, total: float, note: str = "") -> None:
        notes.append(note)
        if "2 of 50" in note:
            raise Cancelled

    begun = time.monotonic()
    with pytest.raises(Cancelled):
        read_texts(texts(*map(str, range(50))), tmp_path, "m-1", slow_start, watch)
    assert time.monotonic() - begun < 3
    time.sleep(1)
    assert len(read) <= 3, "the thread stops after the text it is at"
    assert notes[0] == "Loading the licence index"
