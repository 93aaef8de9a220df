"""The model page where the answer is a score, on the evidence of one real run of the bundled model."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import ventures
from core.evidence import Evidence, Source
from core.jobs import cancel, get, submit
from core.settings import Settings, settings
from core.store import append, connect, latest
from core.venture import load
from pages.shared import frame
from pages.shared.answers import answerer

PROJECT = Path(__file__).resolve().parents[2]
VIEWS = ["The data", "Base model", "Worth it?", "Training", "Try it"]
MEASURES = """
import sys
from functools import partial
from pathlib import Path
from core.model.measure import measure
from core.model.scores import run
from core.settings import settings
from core.store import append, connect
from core.venture import load
run.measure_latency = partial(run.measure_latency, seconds=0.5)
file, run_dir, job = sys.argv[1:]
of = load(Path(file))
append(connect(settings()), of.key, [e.with_inputs(of.inputs("model")) for e in measure(of, Path(run_dir))], int(job))
"""


def stars(own: Settings, name: str) -> Path:
    """A venture whose data holds stars, with a text that is rated twice."""
    file = ventures.create(own, name, {"model.epochs": 1, "model.batch_size": 16})
    draw, words = random.Random(2), {"awful": 1, "poor": 2, "fine": 3, "good": 4, "great": 5}
    rows = [f"{draw.choice(['the', 'this'])} {w} app number {i},{n}" for i in range(20) for w, n in words.items()]
    rows += ["the very same text,1", "the very same text,5"]
    (file.parent / "rows.csv").write_text("\n".join(["text,stars", *rows]), encoding="utf-8")
    row = {"id": "rows", "path": "rows.csv", "text": "text", "label": "stars", "task": "score"}
    file.write_text(ventures.put_dataset(file.read_text(encoding="utf-8"), row), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFLIGHT_VAR", str(tmp_path_factory.mktemp("var")))
        settings.cache_clear()
        frame.store.clear()
        patch.setattr("pages.shared.watch.ensure_worker", lambda _settings: False)
        yield settings()
    settings.cache_clear()
    frame.store.clear()


@pytest.fixture(scope="module")
def measured(own: Settings) -> Iterator[Path]:
    """A venture that was trained; its venture.toml."""
    file = stars(own, "Stars")
    number = submit(connect(own), own, "model", venture=load(file).key, params={})
    cancel(connect(own), number)  # the work is done below, without a worker
    job = get(connect(own), number)
    assert job is not None
    told = [sys.executable, "-c", MEASURES, str(file), job.run_dir, str(number)]
    environment = os.environ | {"PREFLIGHT_VAR": str(own.var), "OMP_NUM_THREADS": "1"}
    subprocess.run(told, cwd=PROJECT, env=environment, check=True, timeout=300)
    yield file
    answerer(job.run_dir).close()


def open_page(slug: str, view: str = "") -> AppTest:
    at = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120)
    at.query_params["venture"] = slug
    at.run()
    at.switch_page("pages/model/train.py").run()
    return at.radio(key=f"model-view-{slug}").set_value(view).run() if view else at


def words(at: AppTest) -> str:
    kinds = (at.title, at.markdown, at.caption, at.info, at.error, at.warning, at.success)
    return "\n".join(str(e.value) for kind in kinds for e in kind)


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_says_what_it_answers_before_anything_is_measured(own: Settings, view: str) -> None:
    slug = f"new-{VIEWS.index(view)}"
    stars(own, slug)
    at = open_page(slug, view)
    assert not at.exception
    assert at.info
    assert "Not measured yet" in words(at)


def test_the_first_line_says_how_far_off_the_scores_are_and_never_speaks_of_accuracy(measured: Path) -> None:
    at = open_page("stars")
    assert not at.exception
    said = words(at)
    assert "The tuned model's scores are off by" in said
    assert "Nine in ten lie within" in said
    assert "accuracy" not in said.lower()


def test_the_data_view_shows_the_spread_and_rows_that_contradict_each_other(measured: Path) -> None:
    at = open_page("stars", "The data")
    assert not at.exception
    said = words(at)
    assert "Eight in ten scores lie between 1 and 5" in said
    assert "apart:** 1 pairs" in said
    (pairs,) = [d.value for d in at.dataframe if "other score" in d.value]
    assert sorted(pairs[["score", "other score"]].iloc[0]) == [1.0, 5.0]


def test_the_verdict_names_the_best_free_method_with_the_difference_and_its_interval(
    own: Settings, measured: Path
) -> None:
    at = open_page("stars", "Worth it?")
    assert not at.exception
    gain = latest(connect(own), load(measured).key, detail=True)["model.gain"]
    said = words(at)
    word = {"better": "**Worth it.**", "worse": "**Not worth it.**"}.get(gain.detail["verdict"], "**Not shown")
    assert word in said
    assert f"than that of {gain.detail['against']}, which needs no training." in said
    table = at.dataframe[-1].value.set_index("method")
    assert list(table.index[-1:]) == ["fine-tuned"]
    assert table.loc[f"{gain.detail['against']} (best free one)", "tuned is"] == gain.detail["verdict"]


def test_the_run_is_drawn_with_its_forecast_and_asks_for_no_setting_of_classes(measured: Path) -> None:
    at = open_page("stars", "Training")
    assert not at.exception
    said = words(at)
    assert "that was forecast" in said
    assert "of the test rows lie in it" in said
    asked = {box.label for box in at.selectbox}
    assert "Optimiser" in asked
    assert not {"Loss", "Small classes count as much as large ones"} & asked


def test_a_text_gets_a_score_with_its_interval_and_what_that_held(measured: Path) -> None:
    at = open_page("stars", "Try it")
    at.text_area[-1].set_value("this great app")
    at.button(key="ask").click().run(timeout=120)
    assert not at.exception
    assert not at.error
    said = words(at)
    assert [m.value for m in at.metric if m.label == "The model predicts"]
    assert "90 % interval:" in said
    assert "test rows (" in said
    free, near = (d.value for d in at.dataframe)
    assert "mean of the training scores" in set(free["method"])
    assert {"row", "score", "similarity", "text"} == set(near)


def test_base_models_are_compared_by_their_error(own: Settings) -> None:
    file = stars(own, "Bases")
    figures = {"rmse": {"value": 1.25, "low": 1.1, "high": 1.4}, "p95_ms": {"value": 6.0, "low": 5.0, "high": 7.0}}
    rows = [
        {"name": "mini", "error": None, "accuracy": None, "size_mb": 91.0} | figures,
        {"name": "no", "error": "gone"},
    ]
    detail = {"candidates": rows, "pick": "mini", "reason": "mini: it is the only one."}
    found = Evidence("model.base", "mini", "word", "Probed.", Source("measured"), detail=detail)
    append(connect(own), load(file).key, [found])
    at = open_page("bases", "Base model")
    assert not at.exception
    assert list(at.dataframe[0].value["error (RMSE)"]) == ["1.25 (1.10 to 1.40)", "unknown"]
    assert "accuracy" not in at.dataframe[0].value


def test_the_board_shows_how_far_off_the_scores_are(measured: Path) -> None:
    at = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120)
    at.query_params["venture"] = "stars"
    at.run()
    assert not at.exception
    labels = [m.label for m in at.metric]
    assert "Off on average" in labels
    assert "Right answers" not in labels


def test_why_a_score_has_no_smaller_variant_is_said_and_not_that_training_is_missing(
    own: Settings, measured: Path
) -> None:
    at = open_page("stars", "Smaller and faster")
    assert not at.exception
    assert "The tuned model can be served as it is" in words(at)


def test_a_task_that_was_changed_shows_nothing_of_the_other_one(own: Settings, measured: Path) -> None:
    """Evidence of scores stays in the store when the data set's task becomes classes: no view may trip over it."""
    file = stars(own, "Turned")
    known = latest(connect(own), load(measured).key, detail=True)
    append(connect(own), load(file).key, known.values())
    free = Evidence("model.baseline_accuracy", 0.5, "share", "Measured.", Source("measured"), 0.4, 0.6, n=20)
    ladder = [{"name": "a", "accuracy": 0.5, "low": 0.4, "high": 0.6, "without_duplicates": None, "seconds": 1.0}]
    ladder[0]["best"] = True
    append(connect(own), load(file).key, [Evidence(**_fields(free) | {"detail": {"baselines": ladder}})])
    text = file.read_text(encoding="utf-8").replace('task = "score"', 'task = "classify"')
    file.write_text(text, encoding="utf-8")
    for view in VIEWS:
        at = open_page("turned", view)
        assert not at.exception, view
        assert "scores are off" not in words(at)


def _fields(e: Evidence) -> dict[str, object]:
    return {name: getattr(e, name) for name in ("id", "value", "unit", "method", "source", "low", "high", "n")}


def test_an_upload_of_numbers_is_learned_as_a_score_and_can_be_turned_back(own: Settings) -> None:
    file = ventures.create(own, "Fed", {})
    at = open_page("fed")
    at.file_uploader(key="data-fed").upload("rows.csv", b"text,target\nhello there,3.5\n").run()
    at.radio(key="task-fed").set_value("score")
    next(b for b in at.button if b.label == "Add the table").click().run()
    assert not at.exception
    assert load(file).labelled.task == "score"
    at.switch_page("pages/work/ventures.py").run()
    at.radio(key="view-fed").set_value("Files").run()
    at.radio(key="task-now-fed").set_value("classify")
    next(b for b in at.button if b.label == "Save what is learned").click().run()
    assert not at.exception
    assert load(file).labelled.task == "classify"
    assert (load(file).labelled.path, load(file).labelled.label) == ("rows.csv", "target")
