"""A kept run answers texts of any kind, keeps none of them, and serves line by line as a process of its own."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from model_support import labelled_rows, write_csv

from core.errors import InputError
from core.model import baselines
from core.model.base import load_base
from core.model.classifier import Classifier, in_batches, save_model, tokenise
from core.model.kept import Source
from core.model.predict import FOLDER, Answerer, keep, serve

CLASSES = ("card", "loan", "login")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    """A run folder whose model is the base with the regression as its head, and the data file beside it."""
    folder = tmp_path_factory.mktemp("run")
    rows = labelled_rows(150)
    data = write_csv(folder / "rows.csv", rows)
    base = load_base(str(tiny_base))
    texts, labels = [t for t, _ in rows], [CLASSES.index(c) for _, c in rows]
    model = Classifier(base.encoder, 3).eval()
    x = in_batches(model.embed, tokenise(base.tokenizer, texts, 32), 0)
    sides = (slice(0, 100), slice(100, 125), slice(125, 150))
    fitted = baselines.measure_baselines(
        tuple(texts[s] for s in sides), (labels[sides[0]], labels[sides[1]]), tuple(x[s] for s in sides), 3
    )
    with torch.no_grad():
        model.head.weight.copy_(fitted.linear.weight)
        model.head.bias.copy_(fitted.linear.bias)
    save_model(model, base.tokenizer, CLASSES, 32, folder / "model")
    numbers = range(2, 102)
    keep(folder, x[:100], labels[:100], numbers, fitted, str(tiny_base), Source(data, "text", "label"), temperature=1.0)
    return folder


@pytest.fixture(scope="module")
def answerer(run: Path) -> Answerer:
    return Answerer(run)


def test_a_training_row_finds_itself_and_every_baseline_has_its_say(answerer: Answerer) -> None:
    text, label = labelled_rows(150)[4]
    answer = answerer.answer(text)
    nearest = answer.neighbours[0]
    assert (nearest.row, nearest.label, nearest.text) == (6, label, text)
    assert nearest.similarity == pytest.approx(1, abs=0.01)
    names = [b.name for b in answer.baselines]
    assert names == [baselines.MAJORITY, baselines.WORDS, baselines.NEIGHBOURS, baselines.REGRESSION]
    assert answer.top[0] == (answer.label, answer.confidence)
    assert sum(p for _, p in answer.top) == pytest.approx(1, abs=1e-4)
    assert answer.calibrated
    json.dumps(answer.as_json())


def test_model_and_regression_agree_where_the_model_is_the_regression(answerer: Answerer) -> None:
    for text, _ in labelled_rows(150)[100:110]:
        answer = answerer.answer(text)
        assert answer.baselines[3].label == answer.label
        assert answer.baselines[3].confidence == pytest.approx(answer.confidence, abs=1e-3)


@pytest.mark.parametrize("text", ["", "   ", "x" * 100_000, "word " * 20_000, "\u6f22\u5b57 \U0001f600", "\x00"])
def test_any_text_gets_an_answer(answerer: Answerer, text: str) -> None:
    answer = answerer.answer(text)
    assert answer.label in CLASSES
    assert np.isfinite(answer.confidence)
    assert answer.cut is (len(text) == 100_000 and " " in text)


def test_the_folder_holds_no_text_and_no_pickle(run: Path) -> None:
    files = [f for f in (run / FOLDER).rglob("*") if f.is_file()]
    assert {f.suffix for f in files} == {".json", ".safetensors"}
    kept = b"".join(f.read_bytes() for f in files)
    assert not any(t.encode() in kept for t, _ in labelled_rows(150))
    assert b"mortgage" not in kept


def test_texts_are_not_shown_once_the_data_file_has_changed_or_gone(run: Path) -> None:
    data = run / "rows.csv"
    before = data.read_bytes()
    try:
        data.write_bytes(before + b"one more,card\n")
        assert all(n.text is None for n in Answerer(run).answer("my card").neighbours)
        data.unlink()
        assert all(n.text is None and n.label for n in Answerer(run).answer("my card").neighbours)
    finally:
        data.write_bytes(before)


def test_a_run_that_has_not_ended_is_refused_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no training run has ended here"):
        Answerer(tmp_path)


def test_a_damaged_folder_is_refused_in_plain_words(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    file = tmp_path / "run" / FOLDER / "answer.safetensors"
    file.write_bytes(file.read_bytes()[:-500])
    with pytest.raises(InputError, match="train it again"):
        Answerer(tmp_path / "run")


SERVE = (
    "import sys; from pathlib import Path; from core.model.predict import serve; "
    "serve(Path(sys.argv[1]), sys.stdin, sys.stdout, float(sys.argv[2]))"
)


def test_a_process_answers_line_by_line_and_ends_with_its_input(run: Path) -> None:
    asked = ['{"text": "my card was declined"}', "no json", '{"txt": 1}', "[]", '{"text": ""}', '{"text": "\\ud800"}']
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, str(run), "60"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert json.loads(process.stdout.readline())["ready"] is True
        replies = []
        for line in asked:  # one at a time: each reply comes before the next request
            process.stdin.write(line + "\n")
            process.stdin.flush()
            replies.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        assert process.wait(60) == 0
    assert ["error" in r for r in replies] == [False, True, True, True, False, False]
    assert replies[0]["label"] in CLASSES


def test_who_is_asked_nothing_ends_by_itself(run: Path) -> None:
    reads, writes = os.pipe()
    said = io.StringIO()
    with os.fdopen(reads) as silence, os.fdopen(writes, "w"):  # closed from the writing end first
        assert serve(run, silence, said, 0.3) == 0
    assert json.loads(said.getvalue())["ready"] is True
