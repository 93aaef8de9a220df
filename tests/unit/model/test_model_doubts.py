"""A class that is missed, labels that are wrong and weights that do not return are told, and unknown where unseen."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evidence import Source
from core.intervals import wilson
from core.model.doubts import reproduced, suspect_share, worst_class

M = Source("measured")
MADE_FROM = {"rows": "a", "config": {"seed": 7}}


def rows(*counts: tuple[int, int]) -> list[dict[str, object]]:
    return [{"label": f"c{k}", "n": n, "recall": right / n if n else None} for k, (right, n) in enumerate(counts)]


def test_the_worst_class_is_named_with_its_recall() -> None:
    found = worst_class(rows((9, 10), (3, 10), (10, 10)), M)
    assert (found.value, found.n, found.detail["label"]) == (0.3, 10, "c1")
    assert (found.low, found.high) == wilson(3, 10)


def test_a_class_of_few_test_rows_widens_the_answer_though_it_is_not_the_worst() -> None:
    found = worst_class(rows((80, 100), (2, 2)), M)
    assert found.value == 0.8
    assert found.low == wilson(2, 2)[0] < wilson(80, 100)[0]


def test_a_class_without_a_test_row_may_be_the_worst_so_nothing_is_claimed() -> None:
    found = worst_class(rows((9, 10), (0, 0)), M)
    assert found.value is None
    assert "c1" in found.reason


@given(st.lists(st.integers(1, 50).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1))
def test_the_interval_holds_the_value_and_no_class_is_worse(counts: list[tuple[int, int]]) -> None:
    found = worst_class(rows(*counts), M)
    assert found.low <= found.value <= found.high  # type: ignore[operator]
    assert found.value == min(right / n for right, n in counts)


def test_the_share_of_suspect_labels_has_an_interval_and_is_unknown_where_nobody_looked() -> None:
    found = suspect_share(3, 100, M)
    assert (found.value, found.low, found.high) == (0.03, *wilson(3, 100))
    assert suspect_share(None, 100, M).value is None


def run(folder: Path, name: str, weights: str, made_from: object = MADE_FROM) -> Path:
    (folder / name).mkdir()
    (folder / name / "run.json").write_text(json.dumps(made_from))
    (folder / name / "result.json").write_text(json.dumps({"model": {"weights_sha256": weights}}))
    return folder / name


@pytest.mark.parametrize(("weights", "word"), [("aa", "same"), ("bb", "different")])
def test_a_second_run_from_the_same_is_held_against_the_first(tmp_path: Path, weights: str, word: str) -> None:
    run(tmp_path, "1", "aa")
    second = reproduced(run(tmp_path, "2", weights), M)
    assert (second.value, second.detail["earlier"]) == (word, "aa")


def test_a_run_from_other_rows_and_a_broken_one_say_nothing_of_it(tmp_path: Path) -> None:
    run(tmp_path, "1", "aa", MADE_FROM | {"rows": "b"})
    (run(tmp_path, "2", "aa") / "run.json").write_text("{")
    found = reproduced(run(tmp_path, "3", "aa"), M)
    assert found.value is None
    assert "train once more" in found.reason
