"""Labelled texts: less stays uncovered than with the default, more spans are right, no more clean texts are flagged."""

import random

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


def test_the_score_counts_leaks_whatever_their_type_and_spans_by_type() -> None:
    rows = [("ann is 34", 0, [(0, 3, "PERSON"), (7, 9, "AGE")]), ("hello", 0, []), ("bob", 0, [(0, 3, "PERSON")])]
    result = bench_privacy.score(rows, [[(0, 3, "LOCATION"), (7, 9, "AGE")], [(0, 5, "PERSON")], []])
    assert (result["private"], result["leak"], result["clean"], result["clean_flagged"]) == (2, 0.5, 1, 1.0)
    assert result["types"]["AGE"] == {"n": 1, "f2": 1.0, "missed": 0.0}
    assert result["types"]["PERSON"]["missed"] == 0.5
    assert result["f2"] == pytest.approx(5 * 1 / (4 * 3 + 3), abs=1e-3)
