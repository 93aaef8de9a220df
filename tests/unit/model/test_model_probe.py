"""Candidates are compared on the same rows; a bad one is a row with its reason; the pick is the cheapest good one."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from model_support import labelled_rows

from core.errors import InputError
from core.model import probe as probing
from core.model.config import BUNDLED
from core.model.data import ScoredRows
from core.model.headed import Headed
from core.model.latency import BLOCK, LEAST
from core.model.probe import Candidate, Probed, probe, rank, sample, stated_licence
from core.model.scores.stats import rmse_interval
from core.model.split import Part
from core.model.stats import Interval, share
from core.progress import Cancelled

CLASSES = ("card", "loan", "login")
TRUTH = np.zeros(200, dtype=np.int64)


def side(start: int, stop: int) -> Part:
    rows = labelled_rows(180)[start:stop]
    return Part(tuple(t for t, _ in rows), tuple(CLASSES.index(c) for _, c in rows))


@pytest.fixture(scope="module")
def asked() -> Iterator[list[tuple[str, str, int]]]:
    """Who answered what on how many threads; no more requests are timed than p95 needs, however fast the machine."""
    log: list[tuple[str, str, int]] = []
    logits = Headed.logits

    def logged(self: Headed, texts: Sequence[str]) -> np.ndarray:
        found = logits(self, texts)
        log.extend((self.name, text, torch.get_num_threads()) for text in texts)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Headed, "logits", logged)
        patch.setattr(probing, "REQUESTS", 5 * BLOCK)
        yield log


@pytest.fixture(scope="module")
def probed(tiny_base: Path, asked: list[tuple[str, str, int]]) -> Probed:
    names = [str(tiny_base), "/no/such/folder", BUNDLED]
    return probe(names, side(0, 120), side(120, 180), 3, 24, 1, {BUNDLED: ("Apache-2.0", False)}, latency_seconds=60)


def test_candidates_are_timed_in_turns_on_the_same_texts(
    probed: Probed, asked: list[tuple[str, str, int]], tiny_base: Path
) -> None:
    begun = next(i for i, (name, _, _) in enumerate(asked) if name == BUNDLED)  # until then the first warmed up
    turns = [name for name, _ in groupby(name for name, _, _ in asked[begun:])]
    assert len(turns) > LEAST[0.95] // BLOCK
    assert {t for n, t, _ in asked if n == BUNDLED} == {t for n, t, _ in asked if n == str(tiny_base)}
    assert {threads for _, _, threads in asked} == {1}  # so short texts and so small matrices need no more
    assert "rounds" not in probed.reason


def test_candidates_that_memory_does_not_hold_together_are_timed_in_rounds_and_it_is_said(
    asked: list[tuple[str, str, int]], tiny_base: Path, three_layers: Path
) -> None:
    asked.clear()
    names = [str(tiny_base), str(three_layers)]
    found = probe(names, side(0, 60), side(60, 90), 3, 24, 1, latency_seconds=60, room=1)
    assert [name for name, _ in groupby(name for name, _, _ in asked)] == names
    assert all(c.p95_ms for c in found.candidates)
    assert "timed in 2 rounds" in found.reason


def test_a_trained_model_beats_a_random_one_or_costs_too_much(probed: Probed) -> None:
    by_name = {Path(c.name).name: c for c in probed.candidates}
    tiny, bundled = by_name["tiny-bert"], by_name[BUNDLED]
    assert bundled.accuracy.value >= tiny.accuracy.value
    assert tiny.size_mb < bundled.size_mb
    assert bundled.parameters == pytest.approx(22.6e6, rel=0.02)
    assert bundled.p95_ms.value > 0
    assert (bundled.licence, tiny.licence) == ("Apache-2.0", "unknown")
    assert (probed.n_train, probed.n_validation) == (120, 60)


def test_a_candidate_that_cannot_be_loaded_is_a_row_with_its_reason(probed: Probed) -> None:
    last = probed.candidates[-1]
    assert last.error == "Base model folder: no such folder."
    assert (last.accuracy, last.front) == (None, False)
    assert probed.pick != last.name
    told = probed.as_json()
    assert told["candidates"][-1]["accuracy"] is None
    assert "/" not in "".join(c["name"] for c in told["candidates"])


def candidate(name: str, right: int, ms: float, mb: float, **more: object) -> tuple[Candidate, np.ndarray]:
    answers = np.ones(200, dtype=np.int64)
    answers[:right] = 0
    return Candidate(name, accuracy=share(right, 200), p95_ms=Interval(ms, ms, ms), size_mb=mb, **more), answers


def ranked(*made: tuple[Candidate, np.ndarray]) -> Probed:
    return rank([c for c, _ in made], {c.name: a for c, a in made}, TRUTH, 1000, 1)


def test_the_pick_is_the_fastest_of_those_not_shown_to_be_worse() -> None:
    found = ranked(candidate("big", 182, 90, 400), candidate("small", 180, 10, 90), candidate("poor", 120, 2, 10))
    assert found.pick == "small"
    assert "does not tell apart" in found.reason
    assert {c.name: c.below_best for c in found.candidates} == {"big": False, "small": False, "poor": True}
    assert all(c.front for c in found.candidates)


def test_a_candidate_that_is_worse_in_everything_is_not_on_the_front() -> None:
    found = ranked(candidate("good", 180, 10, 90), candidate("bad", 170, 20, 100))
    assert {c.name: c.front for c in found.candidates} == {"good": True, "bad": False}


def test_a_blocked_licence_comes_last_and_is_never_picked() -> None:
    found = ranked(candidate("free", 150, 10, 90), candidate("closed", 190, 5, 50, blocked=True))
    assert (found.pick, found.candidates[-1].name) == ("free", "closed")
    assert found.candidates[0].front


def test_an_unknown_licence_is_flagged_in_the_reason() -> None:
    assert "licence is unknown" in ranked(candidate("a", 150, 10, 90)).reason
    assert "licence is unknown" not in ranked(candidate("a", 150, 10, 90, licence="MIT")).reason


def test_nothing_usable_gives_no_pick() -> None:
    found = rank([Candidate("a", error="broken")], {}, TRUTH, 10, 1)
    assert (found.pick, found.candidates[0].error) == (None, "broken")
    with pytest.raises(InputError):
        probe([], side(0, 20), side(20, 30), 3, 24, 1)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 90), st.integers(1, 90)), min_size=1, max_size=6))
def test_the_most_accurate_is_never_below_the_best_and_the_front_is_never_empty(
    made: list[tuple[int, int, int]],
) -> None:
    found = ranked(*(candidate(str(i), *values) for i, values in enumerate(made)))
    assert any(c.front for c in found.candidates)
    assert not max(found.candidates, key=lambda c: c.accuracy.value).below_best
    assert found.pick == found.candidates[0].name


@given(st.lists(st.integers(0, 5), min_size=1, max_size=300), st.integers(6, 100))
def test_a_sample_keeps_every_class(labels: list[int], most: int) -> None:
    rows = Part(tuple(str(i) for i in range(len(labels))), tuple(labels), tuple(range(2, len(labels) + 2)))
    found = sample(rows, most, 1)
    assert len(found) == min(most, len(labels))
    assert set(found.labels) == set(labels)
    assert all(
        labels[int(t)] == c and r == int(t) + 2 for t, c, r in zip(found.texts, found.labels, found.rows, strict=True)
    )


@pytest.mark.parametrize(
    ("file", "content", "licence"),
    [
        ("README.md", "---\nlanguage: en\nlicense: apache-2.0\n---\n# A model\n", "apache-2.0"),
        ("config.json", '{"license": "mit"}', "mit"),
        ("README.md", "license: mit, says the text below no front matter", "unknown"),
        ("other.txt", "", "unknown"),
    ],
)
def test_the_licence_is_the_one_the_folder_states(tmp_path: Path, file: str, content: str, licence: str) -> None:
    (tmp_path / file).write_text(content)
    assert stated_licence(tmp_path) == licence


def of_score(name: str, error: float, ms: float) -> tuple[Candidate, np.ndarray]:
    said = np.random.default_rng(1).normal(0, error, 200)
    return Candidate(name, rmse=rmse_interval(np.zeros(200), said, 1), p95_ms=Interval(ms, ms, ms), size_mb=9.0), said


def test_of_scores_the_fastest_of_those_with_no_larger_error_is_taken() -> None:
    made = [of_score("far", 3.0, 2), of_score("best", 1.0, 90), of_score("near", 1.0, 10)]
    found = rank([c for c, _ in made], {c.name: a for c, a in made}, np.zeros(200), 1000, 1)
    assert found.pick == "near"
    assert {c.name: c.below_best for c in found.candidates} == {"far": True, "best": False, "near": False}


def test_a_sample_of_scores_keeps_every_tenth_of_them() -> None:
    scores = tuple(float(i) for i in range(1000))
    rows = ScoredRows(tuple(map(str, range(1000))), scores, tuple(range(2, 1002)))
    found = sample(rows, 100, 1)
    assert isinstance(found, ScoredRows)
    assert np.histogram(found.scores, 10, (0, 1000))[0].tolist() == pytest.approx([10] * 10, abs=2)
    assert all(
        str(int(s)) == t and r == int(s) + 2 for t, s, r in zip(found.texts, found.scores, found.rows, strict=True)
    )


def test_it_can_be_cancelled(tiny_base: Path) -> None:
    def stop(done: float, total: float, note: str = "") -> None:
        if done > 0.1:
            raise Cancelled

    with pytest.raises(Cancelled):
        probe([str(tiny_base)], side(0, 60), side(60, 90), 3, 24, 1, progress=stop)
