"""The report on a data set names what is in it, by rows that a person finds, and shows no text."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from model_support import labelled_rows

from core.intervals import wilson
from core.model.audit import inspect, rows_needed, token_lengths, twins_of_training
from core.model.base import load_base
from core.model.classifier import tokenise
from core.model.config import BUNDLED
from core.model.data import read_rows
from core.model.look import Asked, look
from core.model.split import Split, split

Table = Callable[..., Path]
SAMPLE = Path(__file__).parents[3] / "data" / "ventures" / "support-desk"
WORDS = [f"{a}{b}{c}" for a in "bdfgk" for b in ("an", "el", "or") for c in ("ta", "mi", "su", "lo")]


def sentences(n: int, seed: int = 1) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=12)) for _ in range(n)]


def parts_of(table: Table, train: list[tuple[str, str]], test: list[tuple[str, str]] | None = None) -> Split:
    rows = read_rows(table(train), "text", "label")
    held = read_rows(table(test, name="test.csv"), "text", "label") if test else None
    return split(rows, held, 7, "rows.csv")


def test_copies_twins_and_contradictions_are_counted_and_named_by_row(table: Table) -> None:
    texts = sentences(60)
    train = [(t, "ab"[i % 2]) for i, t in enumerate(texts)]
    train[20] = (texts[10].upper(), "b")  # row 22 says what row 12 says, under another label
    train[31] = (f"hi {texts[30]}", "b")  # row 33 nearly says what row 32 says
    test = [(t, "a") for t in sentences(6, seed=2)] + [(f"{texts[5]} ok", "b"), (texts[7], "b")]
    made = parts_of(table, train, test)
    report = inspect(made, files=("rows.csv", "test.csv"))
    assert report.rows == (len(made.train), len(made.validation), 8)
    assert (report.exact_train, report.left_out) == (1, 1)
    assert (report.near_train, report.near_groups) == (2, 1)
    assert report.twins == (6,)
    assert [(p.file, p.row) for p in report.near_test] == [("test.csv", 8)]
    assert twins_of_training(made).tolist() == [False] * 6 + [True, False]
    assert {frozenset((c.a.row, c.b.row)) for c in report.conflicts} == {frozenset((12, 22)), frozenset((32, 33))}
    assert report.conflicts[0].similarity == 1
    assert {*report.conflicts[0].labels} == {"a", "b"}
    assert report.suspects is None


def test_rows_held_back_from_one_file_are_named_by_that_file(table: Table) -> None:
    texts = sentences(50)
    rows = [(t, "ab"[i % 2]) for i, t in enumerate([*texts, *(f"{t} ok" for t in texts)])]
    made = parts_of(table, rows)
    report = inspect(made, files=("rows.csv", "rows.csv"))
    assert len(report.near_test) == len(report.twins) == twins_of_training(made).sum() > 0
    learned = {*made.train.rows, *made.validation.rows}
    for place in report.near_test:
        other = (place.row - 2 + 50) % 100 + 2
        assert other in learned
        assert place.file == "rows.csv"


def test_classes_too_small_to_measure_are_named_with_what_is_needed(table: Table) -> None:
    needed = rows_needed()
    low, high = wilson(round(0.9 * needed), needed)
    assert high - low <= 0.2
    low, high = wilson(round(0.9 * (needed - 10)), needed - 10)
    assert high - low > 0.2
    texts = sentences(300)
    test = [(t, "a" if i < needed else "b") for i, t in enumerate(texts[200:][: 2 * needed - 1])]
    made = parts_of(table, [(t, "a" if i % 3 else "b") for i, t in enumerate(texts[:200])], test)
    report = inspect(made, files=("rows.csv", "test.csv"))
    assert report.too_small == ("b",)
    assert [c.test for c in report.classes] == [needed, needed - 1]
    assert report.imbalance == pytest.approx((133 + needed) / (67 + needed - 1))


def test_lengths_are_those_of_whole_texts_and_what_is_cut_is_counted(table: Table) -> None:
    tokenizer = load_base(BUNDLED).tokenizer
    texts = ["card", "card " * 30_000, "card card"]
    assert token_lengths(tokenizer, texts, tokenise(tokenizer, texts, 64)) == [3, 30_002, 4]
    assert token_lengths(tokenizer, texts[::2], tokenise(tokenizer, texts[::2], 64)) == [3, 4]
    assert token_lengths(tokenizer, [], []) == []
    made = parts_of(table, [(t, "ab"[i % 2]) for i, t in enumerate(sentences(40))])
    tokens = [*range(3, 42), 30_002]
    found = inspect(made, files=("rows.csv", "rows.csv"), lengths=tokens, limit=32).lengths
    assert found is not None
    assert (found.cut, found.longest, found.p50) == (10, 30_002, 22)
    assert found.counts[-1] == found.cut
    assert sum(found.counts) == 40
    assert found.edges[-2:] == (33, 30_003)


def test_a_label_turned_on_purpose_is_suspect_in_its_row(table: Table) -> None:
    rows = [(t, "ab"[i % 2]) for i, t in enumerate(sentences(120))]
    rows[40] = (rows[40][0], "b")
    made = parts_of(table, rows)
    numbers = np.array([*made.train.rows, *made.validation.rows, *made.test.rows])
    x = torch.from_numpy(np.eye(4)[(numbers % 2)]).float()
    report = inspect(made, files=("rows.csv", "rows.csv"), x=x)
    assert report.suspects is not None
    assert [(s.place.row, s.given, s.suggested) for s in report.suspects] == [(42, "b", "a")]


def test_a_file_is_inspected_whole_and_no_text_is_in_the_report(table: Table, tiny_base: Path) -> None:
    rows = labelled_rows(90)
    heard: list[float] = []
    asked = Asked(table(rows), None, "text", "label", settings={"base": str(tiny_base)})
    report = look(asked, lambda d, t, note="": heard.append(d / t)).report
    told = json.dumps(report.as_json(), allow_nan=False)
    assert not any(text in told for text, _ in rows)
    assert str(tiny_base) not in told
    assert sum(report.rows) == 90
    assert report.lengths is not None
    assert report.n_suspects is not None
    assert heard == sorted(heard)


def test_what_was_planted_in_the_sample_venture_is_found() -> None:
    planted = json.loads((SAMPLE / "planted.json").read_text())
    report = look(Asked(SAMPLE / "tickets.csv", SAMPLE / "tickets-test.csv", "text", "intent")).report
    twins = {p["row"] + 1 for p in planted["near_duplicates"] if p["how"] != "exact"}
    assert twins <= {p.row for p in report.near_test}
    assert report.left_out == len(planted["near_duplicates"]) - len(twins)
    wrong = {(p["file"], p["row"] + 1) for p in planted["wrong_labels"]}
    assert report.suspects is not None
    found = [(s.place.file, s.place.row) in wrong for s in report.suspects]
    assert sum(found) >= 0.7 * len(wrong)
    assert sum(found) >= 0.55 * len(found)
    assert sum(found[:20]) >= 16
