"""Distillation on a real run of a tiny model: what it leaves, what it learns from, and that it can be cancelled."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from model_support import write_csv
from optimise_support import WORDS
from torch.nn import functional
from training_support import Ear

from core.errors import InputError
from core.model.base import file_hash, load_base
from core.model.classifier import WEIGHTS, Classifier, Encoded, in_batches, load_model, tokenise
from core.model.losses import Taught
from core.model.optimise import recover
from core.model.optimise.distil import Distilling, distil, evenly
from core.model.optimise.prune import shape
from core.model.optimise.recover import FILE, ROWS, Teaching, known_words, read_lesson, varied
from core.model.serving.rows import run_parts
from core.model.serving.run import run_rows
from core.progress import Cancelled

SMALL = Distilling(layers=1, width=64, epochs=3, learning_rate=2e-3, batch_size=16, varied=0)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, finished: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path_factory.mktemp("distil") / "run"))


@pytest.fixture(scope="module")
def student(run: Path) -> Path:
    return distil(run, run.parent / "student", SMALL)


def right(run: Path, folder: Path) -> float:
    """Accuracy of the model in a folder on the run's test rows."""
    model, tokenizer, _, limit = load_model(folder)
    rows = run_rows(run, None)
    logits = in_batches(lambda **batch: model(**batch)["logits"], tokenise(tokenizer, rows.test, limit), 0)
    return float((logits.argmax(1).numpy() == rows.test_labels).mean())


def test_the_student_is_smaller_loads_like_any_model_and_answers_as_well(run: Path, student: Path) -> None:
    model, _, classes, limit = load_model(student)
    teacher, _, wanted, reads = load_model(run / "model")
    assert (classes, limit) == (wanted, reads)
    assert len(model.encoder.encoder.layer) == model.encoder.config.num_hidden_layers == 1
    assert sum(w.numel() for w in model.parameters()) < sum(w.numel() for w in teacher.parameters())
    assert right(run, student) >= right(run, run / "model") - 0.1


def test_it_says_what_it_was_made_from_and_how_its_training_went(run: Path, student: Path) -> None:
    told = json.loads((student / FILE).read_text())
    assert told["from"]["weights_sha256"] == file_hash(run / "model" / WEIGHTS)
    assert told["from"]["settings"]["layers"] == 1
    assert len(told["training"]["history"]) == SMALL.epochs


def test_nothing_but_the_model_is_left_behind(run: Path, student: Path) -> None:
    assert not list(run.parent.glob(".*"))


def test_a_student_that_is_there_is_not_trained_again(
    run: Path, student: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file_hash(student / WEIGHTS)
    monkeypatch.setattr(recover, "fine_tune", None)
    assert distil(run, student, SMALL) == student
    assert file_hash(student / WEIGHTS) == before


def test_a_cancelled_distillation_goes_on_and_ends_with_the_same_weights(run: Path, student: Path) -> None:
    out = run.parent / "resumed"

    def stop(done: float, total: float, note: str = "") -> None:
        if note.startswith("Epoch 3"):
            raise Cancelled

    with pytest.raises(Cancelled):
        distil(run, out, SMALL, stop)
    assert not out.exists()
    ear = Ear()
    distil(run, out, SMALL, ear)
    assert not any(note.startswith("Epoch 1") for _, _, note in ear.heard)
    assert file_hash(out / WEIGHTS) == file_hash(student / WEIGHTS)


def test_other_settings_begin_anew_and_replace_what_was_there(run: Path, student: Path) -> None:
    out = Path(shutil.copytree(student, run.parent / "again"))
    distil(run, out, replace(SMALL, layers=2, epochs=1, varied=1))
    told = json.loads((out / FILE).read_text())
    assert told["from"]["settings"]["layers"] == load_model(out)[0].encoder.config.num_hidden_layers == 2


def test_only_training_rows_are_learnt_from(run: Path) -> None:
    lesson, parts = read_lesson(run, Teaching(varied=1)), run_parts(run, None)
    n = len(parts.train)
    assert list(lesson.train.labels[:n]) == list(parts.train.labels)
    assert len(lesson.train.ids) == len(lesson.logits) == 2 * n
    assert list(lesson.train.labels[n:]) == lesson.logits[n:].argmax(1).tolist()
    known = {word for text in parts.train.texts for word in text.split()}
    assert {w for t in varied(parts.train.texts, parts.train.labels, 1, 7) for w in t.split()} <= known
    assert list(lesson.validation.labels) == list(parts.validation.labels)


def test_only_the_words_that_occur_are_learnt_and_the_others_stay_as_they_were(run: Path) -> None:
    lesson, model = read_lesson(run, Teaching()), load_model(run / "model")[0]
    table = model.encoder.get_input_embeddings()
    before, rows = table.weight.detach().clone(), lesson.train.ids[:9]
    said = in_batches(lambda **batch: model(**batch)["logits"], rows, lesson.pad)
    with known_words(model, [Encoded(rows, [0] * 9), lesson.validation], lesson.pad) as (few, _):
        inside = in_batches(lambda **batch: model(**batch)["logits"], few.ids, lesson.pad)
        assert torch.allclose(inside, said, atol=1e-6)
        learning = model.encoder.get_input_embeddings().weight
        with torch.no_grad():
            learning += 1
    assert model.encoder.get_input_embeddings() is table
    moved = set(torch.nonzero((table.weight != before).any(1)).flatten().tolist())
    occur = {token for row in (*rows, *lesson.validation.ids) for token in row}
    assert moved == occur | {lesson.pad}


def test_the_teachers_answers_weigh_as_asked() -> None:
    torch.manual_seed(0)
    logits, teacher, hard = torch.randn(5, 3), torch.randn(5, 3), torch.tensor(2.0)
    assert Taught(teacher, 3.0, 0.0).loss(hard, logits, teacher) == 2.0
    assert Taught(teacher, 3.0, 0.5).loss(hard, teacher, teacher) == pytest.approx(1.0)
    soft, said = functional.softmax(teacher / 3, -1), functional.softmax(logits / 3, -1)
    expected = 9 * (soft * (soft / said).log()).sum(1).mean()
    assert Taught(teacher, 3.0, 1.0).loss(hard, logits, teacher) == pytest.approx(float(expected), rel=1e-5)


def test_a_hot_teacher_is_followed_by_the_same_slope_as_the_labels() -> None:
    """At high temperature T² · KL has the slope of the gap of centred logits over classes (Hinton 2015, equation 4)."""
    torch.manual_seed(1)
    logits, teacher = torch.randn(4, 6, dtype=torch.float64, requires_grad=True), torch.randn(4, 6, dtype=torch.float64)
    Taught(teacher, 1e3, 1.0).loss(torch.tensor(0.0), logits, teacher).backward()
    gap = (logits - logits.mean(1, keepdim=True) - teacher + teacher.mean(1, keepdim=True)).detach()
    assert torch.allclose(logits.grad, gap / 6 / 4, atol=1e-4)


@given(st.integers(1, 24), st.data())
def test_layers_are_spread_from_the_first_to_the_last(has: int, data: st.DataObject) -> None:
    wanted = data.draw(st.integers(1, has))
    layers = evenly(has, wanted)
    assert len(set(layers)) == wanted
    assert layers == sorted(layers)
    assert layers[0] == 0
    assert wanted == 1 or layers[-1] == has - 1


def test_six_of_twelve_layers_are_those_of_distilbert() -> None:
    assert evenly(12, 6) == [0, 2, 4, 7, 9, 11]


@given(st.lists(st.sampled_from(["a b c d", "e f", "g", "h i j"]), min_size=1, max_size=20), st.integers(0, 3))
def test_varied_texts_are_as_many_as_asked_repeatable_and_never_empty(texts: list[str], copies: int) -> None:
    labels = [i % 2 for i in range(len(texts))]
    found = varied(texts, labels, copies, 3)
    assert len(found) == copies * len(texts)
    assert all(found)
    assert found == varied(texts, labels, copies, 3)


@given(st.integers(1, 50_000))
def test_few_rows_are_varied_more_often_and_many_at_least_once(rows: int) -> None:
    copies = Distilling().copies(rows)
    assert 1 <= copies <= 20
    assert copies == 20 or (copies + 1) * rows >= ROWS
    assert copies == 1 or copies * rows < ROWS
    assert Distilling(varied=3).copies(rows) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0.0}, "temperature is 0: it must be more than 0"),
        ({"weight": 1.5}, "weight is 1.5: it must be at least 0 and at most 1"),
        ({"varied": -1}, "varied is -1"),
        ({"epochs": 0}, "epochs is 0"),
        ({"learning_rate": 0.0}, "learning_rate is 0"),
    ],
)
def test_settings_without_meaning_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Distilling(**settings)


def test_where_nothing_is_asked_the_shape_is_a_share_of_the_tuned_models(three_layers: Path) -> None:
    model = Classifier(load_base(str(three_layers)).encoder, 3)
    assert shape(model, None, None, (1 / 3, 1 / 4)) == (1, 16)
    assert shape(model, None, 64, (2 / 3, 1 / 2)) == (2, 64)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layers": 4}, "layers is 4: it must be at least 1 and at most 3"),
        ({"layers": 0}, "layers is 0"),
        ({"layers": 3, "width": 64}, "3 layers of width 64 is what the tuned model has"),
        ({"layers": 3, "width": 65}, "width is 65: it must be at least 1 and at most 64"),
    ],
)
def test_a_student_no_smaller_than_its_teacher_is_refused(run: Path, settings: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        distil(run, run.parent / "refused", Distilling(**settings))
    assert not (run.parent / "refused").exists()


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Callable[[], Path]:
    return lambda: Path(shutil.copytree(run, tmp_path / "copy"))


def test_a_run_that_changed_since_or_never_ended_is_refused(copy: Callable[[], Path], tmp_path: Path) -> None:
    changed = copy()
    weights = changed / "model" / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match="changed since it was trained"):
        distil(changed, tmp_path / "out")
    (changed / "result.json").unlink()
    with pytest.raises(InputError, match="no training of classes has ended here"):
        distil(changed, tmp_path / "out")


def test_a_test_table_that_the_run_was_not_measured_on_is_refused(run: Path, tmp_path: Path) -> None:
    other = write_csv(tmp_path / "other.csv", [(f"{word} of another", word) for word in WORDS])
    with pytest.raises(InputError, match=r"other\.csv is not the test table that"):
        distil(run, tmp_path / "out", replace(SMALL, test=other))
