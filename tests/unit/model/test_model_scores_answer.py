"""A kept run of scores answers any text with an interval, its neighbours and the baselines, and keeps no text."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from model_support import write_csv
from scores_support import asked_of, scored_rows

from core.errors import InputError
from core.model.kept import FOLDER
from core.model.predict import answerer, serve
from core.model.scores import baselines
from core.model.scores.answer import ScoreAnswerer
from core.model.scores.run import ScoreResult, train_scores


@pytest.fixture(scope="module")
def result(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory, few_requests: None) -> ScoreResult:
    folder = tmp_path_factory.mktemp("answers")
    return train_scores(asked_of(folder, tiny_base, n=40), folder / "run")


@pytest.fixture(scope="module")
def loaded(result: ScoreResult) -> ScoreAnswerer:
    found = answerer(result.run)
    assert isinstance(found, ScoreAnswerer)
    return found


def test_a_text_gets_the_score_the_model_gave_it_when_it_was_measured(
    loaded: ScoreAnswerer, result: ScoreResult
) -> None:
    test = result.parts.test
    for text, measured in list(zip(test.texts, result.predicted, strict=True))[:8]:
        answer = loaded.answer(text)
        assert answer.score == pytest.approx(measured, abs=1e-3)
        assert answer.high - answer.score == pytest.approx(result.reach.reach)
        assert answer.score - answer.low == pytest.approx(result.reach.reach)


def test_the_coverage_that_is_shown_is_the_share_of_test_rows_inside(
    loaded: ScoreAnswerer, result: ScoreResult
) -> None:
    inside = np.abs(result.predicted - result.look.truth) <= result.reach.reach
    shown = loaded.answer("anything").interval["coverage"]
    assert shown["value"] == pytest.approx(inside.mean())
    assert shown["low"] < shown["value"] <= shown["high"]
    assert shown["n"] == len(inside)


def test_a_training_row_finds_itself_and_each_baseline_says_what_it_said(
    loaded: ScoreAnswerer, result: ScoreResult
) -> None:
    train = result.parts.train
    nearest = loaded.answer(train.texts[3]).neighbours[0]
    assert (nearest.row, nearest.score, nearest.text) == (train.rows[3], train.scores[3], train.texts[3])
    assert nearest.similarity == pytest.approx(1, abs=0.01)
    said = {b.name: b.score for b in loaded.answer(result.parts.test.texts[0]).baselines}
    assert list(said) == [baselines.MEAN, baselines.WORDS, baselines.NEIGHBOURS, baselines.EMBEDDINGS]
    for simple in result.look.fitted.table:
        assert said[simple.name] == pytest.approx(simple.test[0], abs=0.05), simple.name


@pytest.mark.parametrize("text", ["", "   ", "x" * 100_000, "word " * 20_000, "漢字 😀", "\x00"])
def test_any_text_gets_an_answer(loaded: ScoreAnswerer, text: str) -> None:
    answer = loaded.answer(text)
    assert np.isfinite([answer.score, answer.low, answer.high, *(b.score for b in answer.baselines)]).all()
    assert answer.cut is (len(text) == 100_000 and " " in text)
    json.dumps(answer.as_json())


def test_the_folder_holds_no_text_and_texts_are_not_shown_once_the_file_changed(
    loaded: ScoreAnswerer, result: ScoreResult
) -> None:
    kept = b"".join(f.read_bytes() for f in (result.run / FOLDER).iterdir())
    assert not any(t.encode() in kept for t in result.parts.train.texts)
    file = result.look.asked.data
    before = file.read_bytes()
    try:
        write_csv(file, [*scored_rows(40), ("one more", "3")])
        assert all(n.text is None for n in answerer(result.run).answer("great").neighbours)
    finally:
        file.write_bytes(before)


def test_a_damaged_folder_is_refused_in_plain_words(result: ScoreResult, tmp_path: Path) -> None:
    broken = tmp_path / "run"
    (broken / FOLDER).mkdir(parents=True)
    (broken / FOLDER / "answer.json").write_text("[1", encoding="utf-8")
    with pytest.raises(InputError, match="train it again"):
        answerer(broken)


def test_scores_are_answered_line_by_line(result: ScoreResult) -> None:
    said = io.StringIO()
    assert serve(result.run, io.StringIO('{"text": "a great app"}\nno json\n{"text": ""}\n'), said) == 3
    ready, first, wrong, empty = map(json.loads, said.getvalue().splitlines())
    assert ready == {"ready": True, "task": "score"}
    assert first["low"] <= first["score"] <= first["high"]
    assert "error" in wrong
    assert "score" in empty


@pytest.mark.usefixtures("few_requests")
def test_a_decoder_is_asked_as_it_was_measured(tiny_base: Path, tmp_path: Path) -> None:
    """Only a decoder's last token has read the whole text: neighbours of a mean over all would be others."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from core.model.base import load_base

    folder = tmp_path / "tiny-llama"
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    LlamaForCausalLM(LlamaConfig(vocab_size=30522, num_key_value_heads=2, **shape)).save_pretrained(folder)
    load_base(str(tiny_base)).tokenizer.save_pretrained(folder)
    found = train_scores(asked_of(tmp_path, folder), tmp_path / "run")
    text = found.parts.train.texts[0]
    nearest = answerer(tmp_path / "run").answer(text).neighbours[0]
    assert nearest.row == found.parts.train.rows[0]
    assert nearest.similarity == pytest.approx(1, abs=2e-3)
