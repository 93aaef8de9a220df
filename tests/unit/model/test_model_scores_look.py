"""The first look at scores: spread, copies, contradictions and free methods, before anything is trained."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from model_support import write_csv
from scores_support import asked_of, scored_rows
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from torch.nn import functional

from core.errors import InputError
from core.model.classifier import predict_scores
from core.model.look import Asked
from core.model.scores import baselines
from core.model.scores.audit import repeat_error, spread_of
from core.model.scores.baselines import neighbour_scores
from core.model.scores.curve import learning_curve
from core.model.scores.look import ScoreLook, look_scores


@pytest.fixture(scope="module")
def found(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> ScoreLook:
    return look_scores(asked_of(tmp_path_factory.mktemp("look"), tiny_base))


def test_a_look_says_how_the_scores_are_spread_and_what_is_free(found: ScoreLook) -> None:
    said = found.as_json()
    assert said["task"] == "score"
    bars = said["data"]["scores"]["bars"]
    assert [b["low"] for b in bars] == [b["high"] for b in bars] == [1, 2, 4, 5]
    assert [b["learned"] + b["tested"] for b in bars] == [20] * 4
    assert sum(b["tested"] for b in bars) == said["data"]["n_test"]
    assert [b["best"] for b in said["baselines"]].count(True) == 1
    for b in said["baselines"]:
        assert b["rmse"]["low"] <= b["rmse"]["value"] <= b["rmse"]["high"]
    json.dumps(said)


def test_the_error_falls_with_more_rows_and_a_target_is_answered_in_rows(found: ScoreLook) -> None:
    curve = found.curve
    assert curve.points[-1].n == len(found.parts.train)
    dense = next(b for b in found.baselines if b.name == baselines.EMBEDDINGS)
    assert curve.points[-1].mae == pytest.approx(dense.errors.mae.value)
    assert curve.needed(100).state in ("reached", "unknown")
    random = np.random.default_rng(1)
    x, noise = random.normal(size=(3000, 30)), random.normal(size=3000)
    y = x @ random.normal(size=30) + noise
    much = learning_curve(x[:2000], y[:2000], x[2000:], y[2000:], 1.0, 7)
    errors = [p.mae for p in much.points]
    assert errors[0] > errors[-1] > 0.79, "the noise's own mean error, sqrt(2 / pi), is not learned away"
    assert much.needed(0.5).state == "not reachable on this curve"
    assert much.needed(1.5).state == "reached"
    json.dumps(much.as_json())


def test_the_start_of_the_training_is_the_ridge_regression(found: ScoreLook) -> None:
    said = predict_scores(found.start(), found.encoded[2].ids, 0).numpy()
    dense = next(b for b in found.fitted.table if b.name == baselines.EMBEDDINGS)
    assert said == pytest.approx(dense.test, abs=1e-3)


def test_ridge_and_neighbours_predict_what_the_library_does(found: ScoreLook) -> None:
    x, _, asked = found.embeddings
    y = np.asarray(found.parts.train.scores)
    dense = next(b for b in found.fitted.table if b.name == baselines.EMBEDDINGS)
    library = Ridge(alpha=dense.settings["penalty"]).fit(x.double().numpy(), y).predict(asked.double().numpy())
    assert dense.test == pytest.approx(library)
    weigh = KNeighborsRegressor(5, metric="cosine", weights=lambda d: np.maximum(1 - d, 1e-6)).fit(x.numpy(), y)
    said = neighbour_scores(x, torch.from_numpy(y), asked, (5,))[0]
    assert said == pytest.approx(weigh.predict(asked.numpy()), abs=1e-3)


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=30), st.integers(1, 40))
def test_neighbours_never_predict_beyond_the_scores_they_have(scores: list[float], k: int) -> None:
    torch.manual_seed(len(scores))
    x = functional.normalize(torch.randn(len(scores), 4), dim=1)
    said = neighbour_scores(x, torch.tensor(scores, dtype=torch.float64), x[:2], (k,))
    assert said.shape == (1, 2)
    assert min(scores) - 1e-9 <= said.min() <= said.max() <= max(scores) + 1e-9


def test_rows_that_repeat_or_contradict_each_other_are_named_by_row_and_not_by_text(
    tiny_base: Path, tmp_path: Path
) -> None:
    rows = scored_rows(20)
    same = [("one more plain text about a parcel", str(s)) for s in (1.0, 5.0)]
    near = [("one more plain texts about a parcel", "5.0")]
    asked = asked_of(tmp_path, tiny_base)
    file = write_csv(tmp_path / "rows.csv", [*rows, *same, *near])
    seen = look_scores(asked).report.as_json()
    (first, second) = seen["conflicts"]["pairs"]
    assert {first["a"]["row"], first["b"]["row"]} == {len(rows) + 2, len(rows) + 3}
    assert sorted(first["scores"]) == [1.0, 5.0]
    assert first["a"]["file"] == file.name
    assert (first["similarity"] == 1, second["similarity"] < 1) == (True, True)
    assert seen["conflicts"]["gap"] < 4
    assert "parcel" not in json.dumps(seen)


def test_the_error_without_near_duplicates_is_that_of_the_other_test_rows(tiny_base: Path, tmp_path: Path) -> None:
    asked = asked_of(tmp_path, tiny_base)
    text, _ = scored_rows(20)[0]
    test = write_csv(tmp_path / "test.csv", [(text.upper() + "!", "1"), ("something else entirely", "4")])
    seen = look_scores(replace(asked, test=test))
    assert seen.report.twins == (0,)
    for b, simple in zip(seen.baselines, seen.fitted.table, strict=True):
        assert b.fresh is not None
        assert b.fresh.value == pytest.approx(abs(simple.test[1] - 4))


def test_what_scores_cannot_have_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    asked = asked_of(tmp_path, tiny_base)
    with pytest.raises(InputError, match="scores have no classes"):
        look_scores(replace(asked, shots=8))
    few = Asked(write_csv(tmp_path / "few.csv", [(f"text {i}", str(i)) for i in range(20)]), None, "text", "label")
    with pytest.raises(InputError, match="at least 50 are needed"):
        look_scores(few)


@given(st.lists(st.floats(-1e5, 1e5), min_size=2, max_size=200).filter(lambda v: np.std(v) > 1e-3))
def test_every_row_stands_in_one_bar_of_the_histogram(values: list[float]) -> None:
    scores = np.array(values)
    learned = np.arange(len(scores)) % 3 > 0
    spread = spread_of(scores, learned)
    assert sum(b.learned for b in spread.bars) == learned.sum()
    assert sum(b.tested for b in spread.bars) == (~learned).sum()
    assert spread.bars[0].low == scores.min()
    assert spread.bars[-1].high == scores.max()
    assert 0 < spread.far <= 1 + 1e-9


def test_the_disagreement_of_repeated_texts_is_measured_with_its_interval() -> None:
    draw = np.random.default_rng(0)
    text = np.repeat(np.arange(100), 3)
    same = text * 3  # each points to the first row with its text
    scores = draw.normal(size=100)[text] * 5 + draw.normal(0, 0.7, 300)
    found = repeat_error(same, scores)
    assert found is not None
    assert (found.texts, found.rows) == (100, 300)
    assert found.rmse.low < 0.7 < found.rmse.high
    assert repeat_error(np.arange(300), scores) is None
