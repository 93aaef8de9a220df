"""Labelled texts: less stays uncovered than with the default, more spans are right, no more clean texts are flagged."""

import random
from pathlib import Path

import pytest

from core.settings import PROJECT
from tests import bench_privacy

LABELLED = PROJECT.parent / "shared" / "data" / "pii"


@pytest.mark.skipif(not LABELLED.is_dir(), reason="the labelled texts are not beside the project")
def test_more_is_found_and_less_is_flagged_than_by_the_default_on_templates_not_written_for() -> None:
    rows = [r for r in bench_privacy.read(LABELLED) if r[1] % 2]
    rows = random.Random(0).sample(rows, 400)
    texts = [text for text, _, _ in rows]
    default, ours = (bench_privacy.score(rows, make()(texts)) for make in (bench_privacy.default, bench_privacy.ours))
    assert ours["leak"] < default["leak"] / 2
    assert ours["f2"] > default["f2"] + 0.15
    assert ours["clean_flagged"] <= default["clean_flagged"]


def test_posts_typed_in_a_hurry_leak_less_than_half_as_much_as_with_the_default_and_clean_ones_are_left_alone() -> None:
    rows = [r for r in bench_privacy.read(PROJECT / "tests" / "gold" / "posts.txt") if r[1] % 2]
    texts = [text for text, _, _ in rows]
    default, ours = (bench_privacy.score(rows, make()(texts)) for make in (bench_privacy.default, bench_privacy.ours))
    assert ours["private"] >= 60
    assert ours["leak"] < default["leak"] / 2
    assert ours["f2"] > default["f2"] + 0.15
    assert ours["clean_flagged"] <= 0.10


def test_marked_posts_are_read_with_the_half_they_belong_to(tmp_path: Path) -> None:
    (tmp_path / "posts.txt").write_text(
        "#! told\n# development\nhi [[PERSON ann lee]]!\n# unseen\n#ootd, no\n", "utf-8"
    )
    assert bench_privacy.read(tmp_path / "posts.txt") == [("hi ann lee!", 0, [(3, 10, "PERSON")]), ("#ootd, no", 3, [])]


def test_the_score_counts_leaks_whatever_their_type_and_spans_by_type() -> None:
    rows = [("ann is 34", 0, [(0, 3, "PERSON"), (7, 9, "AGE")]), ("hello", 0, []), ("bob", 0, [(0, 3, "PERSON")])]
    result = bench_privacy.score(rows, [[(0, 3, "LOCATION"), (7, 9, "AGE")], [(0, 5, "PERSON")], []])
    assert (result["private"], result["leak"], result["clean"], result["clean_flagged"]) == (2, 0.5, 1, 1.0)
    assert result["types"]["AGE"] == {"n": 1, "f2": 1.0, "missed": 0.0}
    assert result["types"]["PERSON"]["missed"] == 0.5
    assert result["f2"] == pytest.approx(5 * 1 / (4 * 3 + 3), abs=1e-3)
