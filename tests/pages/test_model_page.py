"""The model page: each view says what was measured, uploads are read kindly, and the process that answers is kept."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import ventures
from core.errors import InputError
from core.evidence import Evidence, Source
from core.jobs import jobs
from core.settings import Settings
from core.store import append, connect
from core.venture import load
from pages.shared.answers import Answerer
from pages.shared.files import header, likely_label

PROJECT = Path(__file__).resolve().parents[2]
PAGE = "pages/model/train.py"
SERVES = """
import json, sys, time
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    text = json.loads(line)["text"]
    if text == "sleep": time.sleep(60)
    if text == "die": sys.exit(3)
    print(json.dumps({"label": text.upper()}), flush=True)
    if text == "last": sys.exit(0)
"""


@pytest.fixture
def process() -> Iterator[Answerer]:
    it = Answerer([sys.executable, "-c", SERVES], start_s=30, answer_s=1)
    yield it
    it.close()


def open_page(slug: str, view: str = "") -> AppTest:
    at = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=30)
    at.query_params["venture"] = slug
    at.run()
    at.switch_page(PAGE).run()
    return at.radio(key=f"model-view-{slug}").set_value(view).run() if view else at


def words(at: AppTest) -> str:
    kinds = (at.title, at.markdown, at.caption, at.info, at.error, at.warning, at.success)
    return "\n".join(str(e.value) for kind in kinds for e in kind)


def seed(own: Settings, *records: Evidence) -> str:
    sample = next(e for e in ventures.entries(own) if e.sample)
    of = load(sample.file, ventures.roots(own, sample.file))
    append(connect(own), of.key, [r.with_inputs(of.inputs("model")) for r in records], run=None)
    return sample.slug


def record(id: str, value: float | str | None, unit: str, **detail: object) -> Evidence:
    low, high = (value - 0.01, value + 0.01) if isinstance(value, float) else (None, None)
    return Evidence(id, value, unit, "Measured.", Source("measured"), low=low, high=high, n=300, detail=detail)


BASELINES = [
    {"name": n, "accuracy": a, "low": a - 0.02, "high": a + 0.02, "without_duplicates": a - 0.1, "seconds": 1.0}
    | {"best": a > 0.5}
    for n, a in (("majority class", 0.3), ("logistic regression", 0.8))
]
CURVE = {
    "points": [
        {"n": n, "accuracy": a, "error": 0.01, "draws": 3, "law": a, "low": a - 0.02, "high": a + 0.02}
        for n, a in ((100, 0.6), (200, 0.7), (400, 0.8))
    ],
    "needed": {"state": "forecast", "rows": 900, "reason": "900 rows in all, 700 to 1,400 (90% band)."},
}
REPORT = {
    "classes": [
        {"name": "card", "train": 40, "validation": 5, "test": 60, "measurable": True},
        {"name": "loan", "train": 9, "validation": 1, "test": 3, "measurable": False},
    ],
    "imbalance": 8.0,
    "lengths": {"limit": 96, "p50": 9, "p95": 20, "edges": [0, 50, 97, 120], "counts": [90, 7, 3], "cut": 3},
    "exact_duplicates": {"train": 2, "left_out": 1},
    "near_duplicates": {"train": 4, "train_groups": 2, "test": 5, "test_rows": []},
    "conflicts": {"count": 0, "pairs": []},
    "too_small": {"needed": 40, "classes": ["loan"]},
    "notes": ["2 rows without a text were left out."],
}
VIEWS = ["The data", "Base model", "Worth it?", "Training", "Try it"]


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_says_what_it_answers_before_anything_is_measured(own: Settings, view: str) -> None:
    at = open_page("support-desk", view)
    assert not at.exception
    assert at.info


def test_the_data_view_names_small_classes_with_the_rows_they_need_and_both_accuracies(own: Settings) -> None:
    slug = seed(
        own,
        record("model.near_duplicates", 5, "rows", report=REPORT),
        record(
            "model.suspect_labels", 1, "rows", rows=[{"file": "t.csv", "row": 7, "given": "card", "suggested": "x"}]
        ),
        record("model.baseline_accuracy", 0.8, "share", baselines=BASELINES, curve=CURVE),
    )
    at = open_page(slug, "The data")
    assert not at.exception
    said = words(at)
    assert "Each needs 40 test rows: loan" in said
    assert "80 % on all test rows, 70 % without near-duplicates" in said
    assert "3 texts are cut at 96 tokens" in said
    assert "2 rows without a text were left out" in said


def test_the_free_methods_and_the_rows_needed_stand_before_any_training(own: Settings) -> None:
    slug = seed(own, record("model.baseline_accuracy", 0.8, "share", baselines=BASELINES, curve=CURVE))
    at = open_page(slug, "Worth it?")
    assert not at.exception
    said = words(at)
    assert "Without any training: 80 % by logistic regression" in said
    assert "About 900 rows would reach the target" in said
    assert "Fine-tuning was not measured yet" in said
    table = at.dataframe[0].value
    assert list(table.columns) == ["method", "accuracy", "without duplicates", "takes"]  # nothing to compare yet
    assert table.loc[1, "accuracy"] == "80 % (78 to 82 %)"


def test_a_difference_that_was_not_shown_is_never_called_better(own: Settings) -> None:
    verdict = {"against": "logistic regression", "verdict": "not shown to be better", "p": 0.4, "rows_needed": 2700}
    row = {"delta": 0.01, "low": -0.01, "high": 0.03, "detectable": 0.035} | verdict
    slug = seed(
        own,
        record("model.accuracy", 0.81, "share", baselines=BASELINES, per_class=[]),
        record("model.gain", 0.01, "share", compared=[row], **verdict),
    )
    at = open_page(slug, "Worth it?")
    assert not at.exception
    assert "**Not shown to be worth it.**" in words(at)
    assert "About 2,700 test rows would show a difference of this size; there are 300." in words(at)
    table = at.dataframe[0].value.set_index("method")
    assert table.loc["logistic regression (best free one)", "could see"] == "3.5 points"
    assert "not shown to be better than logistic regression, which needs no training" in words(at)
    assert table.loc["majority class", "tuned is"] == ""


def test_the_base_model_view_marks_the_pick_and_says_why_another_is_out(own: Settings) -> None:
    mini = {
        "name": "mini",
        "error": None,
        "size_mb": 91.0,
        "licence": "Apache-2.0",
        "accuracy": {"value": 0.8, "low": 0.75, "high": 0.85},
        "p95_ms": {"value": 6.0, "low": 5.0, "high": 7.0},
    }
    rows = [mini, {"name": "./gone", "error": "no such folder"}]
    detail = {"candidates": rows, "pick": "mini", "reason": "mini: it is the only one."}
    at = open_page(seed(own, record("model.base", "mini", "word", **detail)), "Base model")
    assert not at.exception
    assert "mini: it is the only one." in words(at)
    assert list(at.dataframe[0].value["model"]) == ["mini (take this)", "./gone"]
    assert at.dataframe[0].value["why not"][1] == "no such folder"


def test_settings_are_written_to_the_venture_file_and_emptied_ones_taken_out(own: Settings) -> None:
    file = ventures.create(own, "Tuned", {"model.learning_rate": 0.001})
    texts = {"id": "mails", "path": "mails.csv", "text": "text"}
    file.write_text(ventures.put_dataset(file.read_text(), texts), encoding="utf-8")
    at = open_page("tuned", "Training")
    at.number_input(key="set-epochs-tuned").set_value(3)
    at.number_input(key="set-learning_rate-tuned").set_value(0.0)
    at.selectbox(key="set-optimizer-tuned").set_value("sgd")
    at.selectbox(key="set-precision-tuned").set_value("bf16")
    at.selectbox(key="set-unlabelled-tuned").set_value("mails")
    next(b for b in at.button if b.label == "Save the settings").click().run()
    assert not at.exception
    model = load(file).model
    assert (model.epochs, model.optimizer, model.learning_rate, model.dropout) == (3, "sgd", None, None)
    assert model.settings["precision"] == "bf16"
    assert model.unlabelled == "mails"


def test_a_run_that_goes_on_is_drawn_from_its_history(own: Settings) -> None:
    at = open_page("support-desk", "Training")
    at.button(key="start-model").click().run()
    assert not at.exception
    assert "once the run has started" in words(at)
    (job,) = jobs(connect(own))
    folder = Path(job.run_dir)
    folder.mkdir(parents=True, exist_ok=True)
    line = '{"step": 5, "of": 40, "epoch": 0.5, "seconds": 3.0, "loss": 1.2}\n'
    (folder / "history.jsonl").write_text(line + '{"step": 6, "of"')
    at.run()
    assert not at.exception
    assert "Step 5 of 40" in words(at)


def test_a_base_model_of_the_hub_is_entered_and_the_former_ones_licence_goes(own: Settings) -> None:
    file = ventures.create(own, "Hub", {"model.licence": "Apache-2.0"})
    at = open_page("hub", "Training")
    assert "safetensors weights only; remote code off" in words(at)
    next(b for b in at.button if b.label == "Save the settings").click().run()
    assert load(file).model.licence == "Apache-2.0"
    at.text_input(key="set-base-hub").set_value("owner/name")
    next(b for b in at.button if b.label == "Save the settings").click().run()
    assert not at.exception
    assert (load(file).model.base, load(file).model.licence) == ("owner/name", "")


def test_several_seeds_are_asked_for_and_shown_with_their_spread(own: Settings) -> None:
    file = ventures.create(own, "Seeded", {})
    at = open_page("seeded", "Training")
    at.number_input(key="set-seeds-seeded").set_value(3)
    next(b for b in at.button if b.label == "Save the settings").click().run()
    assert not at.exception
    assert load(file).model.seeds == 3
    assert "seeds" not in load(file).model.settings


def test_candidates_are_written_to_the_venture_file(own: Settings) -> None:
    file = ventures.create(own, "Picks", {})
    at = open_page("picks", "Base model")
    at.text_area[-1].set_value("./one\n\nowner/two\n./one")
    next(b for b in at.button if b.label == "Save the candidates").click().run()
    assert not at.exception
    assert load(file).model.candidates == ["./one", "owner/two"]


def test_a_labelled_upload_with_its_test_rows_is_looked_at_at_once(own: Settings) -> None:
    file = ventures.create(own, "Fed", {})
    at = open_page("fed")
    at.file_uploader(key="data-fed").upload("rows.jsonl", b'{"text": "hello there", "intent": "a"}\n').run()
    assert at.selectbox(key="label-fed").value == "intent"
    at.file_uploader(key="test-fed").upload("held.tsv", b"text\tintent\nbye now\tb\n").run()
    next(b for b in at.button if b.label == "Add the table").click().run()
    assert not at.exception
    (data,) = load(file).datasets
    assert (data.path, data.text, data.label, data.test) == ("rows.jsonl", "text", "intent", "held.tsv")
    assert [j.kind for j in jobs(connect(own))] == ["look"]


def test_the_columns_of_each_kind_of_table_are_read() -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.table({"id": [1], "text": ["a long text"], "label": ["b"]}), sink)
    for name, content in (
        ("a.csv", b"id;text;label\n1;a long text;b\n"),
        ("a.tsv", b"id\ttext\tlabel\n1\ta long text\tb\n"),
        ("a.ndjson", b'{"id": 1, "text": "a long text", "label": "b"}\n'),
        ("a.parquet", sink.getvalue()),
    ):
        assert header(name, content) == (["id", "text", "label"], "text")


def test_a_byte_that_is_not_utf8_is_counted_from_one() -> None:
    with pytest.raises(InputError, match="byte 6 is not UTF-8"):
        header("a.csv", b"text\n\xffsecret")


def test_only_a_column_that_says_so_is_taken_for_the_answer() -> None:
    assert likely_label(["Text", "Category"], "Text") == "Category"
    assert likely_label(["text", "when"], "text") is None


def test_a_process_that_ended_is_started_again_and_the_question_answered(process: Answerer) -> None:
    assert process.ask("last") == {"label": "LAST"}
    assert process.process is not None
    process.process.wait(10)
    assert process.ask("again") == {"label": "AGAIN"}


def test_a_late_answer_is_never_given_to_the_next_question(process: Answerer) -> None:
    with pytest.raises(InputError, match="said nothing for 1 s"):
        process.ask("sleep")
    assert process.ask("next") == {"label": "NEXT"}


def test_a_process_that_dies_on_a_text_is_reported_without_the_text(process: Answerer) -> None:
    with pytest.raises(InputError, match="ended while it answered") as caught:
        process.ask("die")
    assert "die" not in str(caught.value)


def test_a_run_that_cannot_answer_says_why(tmp_path: Path) -> None:
    it = Answerer([sys.executable, "-c", "import sys; sys.stderr.write('noise\\nno run here\\n'); sys.exit(2)"])
    with pytest.raises(InputError, match="no run here"):
        it.ask("hello")
