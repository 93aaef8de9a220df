"""The room's door: the bundled model tuned on a small table, once, and what its evidence says."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from model_support import INTENTS, labelled_rows, write_csv

from core.errors import InputError
from core.model.classifier import in_batches, load_model, tokenise
from core.model.look import Asked
from core.model.measure import IDS, LOOK_IDS, choose, look, measure
from core.model.run import train_and_benchmark
from core.venture import Venture, parse

ROWS = labelled_rows(150)

pytestmark = pytest.mark.usefixtures("few_requests")


class Run:
    """One measured venture, what it said on the way and what it printed."""

    def __init__(self, folder: Path) -> None:
        write_csv(folder / "rows.csv", ROWS)
        self.venture = venture(folder, path="rows.csv", text="text", label="label")
        self.dir = folder / "run"
        self.told: list[tuple[float, str]] = []
        self.evidence = {
            e.id: e for e in measure(self.venture, self.dir, lambda d, t, n="": self.told.append((d / t, n)))
        }
        self.result = json.loads((self.dir / "result.json").read_text())


def venture(folder: Path, **dataset: Any) -> Venture:
    values: dict[str, Any] = {"schema": 1, "name": "Test", "model": {"epochs": 2, "batch_size": 16}}
    if dataset:
        values["datasets"] = [{"id": "rows", **dataset}]
    return parse(values, folder / "venture.toml")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, few_requests: None) -> Run:
    return Run(tmp_path_factory.mktemp("venture"))


def test_every_figure_is_measured_with_its_interval(measured: Run) -> None:
    again = measured.evidence["model.reproduced"]
    assert (again.value, again.unit) == (None, "word"), "there is no earlier run to hold it against"
    figures = {i: e for i, e in measured.evidence.items() if e is not again}
    assert {i: e.unit for i, e in figures.items()} == IDS
    assert "model.cost_per_1000" not in measured.evidence
    for e in figures.values():
        assert e.value is not None
        assert e.source.kind == "measured"
        assert e.method
    for id in ("model.accuracy", "model.macro_f1", "model.baseline_accuracy", "model.gain", "model.p50_latency"):
        e = measured.evidence[id]
        assert e.low <= e.value <= e.high
        assert e.n


def test_the_details_hold_what_the_charts_need(measured: Run) -> None:
    detail = measured.evidence["model.accuracy"].detail
    n = measured.evidence["model.accuracy"].n
    assert detail["classes"] == ["card", "loan", "login"]
    assert sum(map(sum, detail["confusion"])) == n == detail["n_test"]
    assert sum(c["n"] for c in detail["per_class"]) == n
    assert [set(e) for e in detail["history"]] == [{"epoch", "train_loss", "val_loss", "val_accuracy"}] * 2
    assert detail["n_train"] + detail["n_val"] + detail["n_test"] == len(ROWS)
    assert [b["name"] for b in detail["baselines"]] == [
        "most frequent class",
        "TF-IDF + linear",
        "nearest neighbours",
        "logistic regression",
    ]
    assert measured.evidence["model.gain"].detail["verdict"] in ("better", "not shown to be better", "worse")
    p95 = measured.evidence["model.p95_latency"]
    assert sum(p95.detail["histogram"]["counts"]) == p95.n
    assert {"threads", "cpu", "load"} <= set(p95.detail)


def test_accuracy_confusion_and_gain_agree(measured: Run) -> None:
    e = measured.evidence
    right = sum(row[i] for i, row in enumerate(e["model.accuracy"].detail["confusion"]))
    assert e["model.accuracy"].value == pytest.approx(right / e["model.accuracy"].n)
    difference = e["model.accuracy"].value - e["model.baseline_accuracy"].value
    assert e["model.gain"].value == pytest.approx(difference)


def test_it_learned_something(measured: Run) -> None:
    majority = measured.evidence["model.accuracy"].detail["baselines"][0]["accuracy"]
    assert measured.evidence["model.accuracy"].value > majority + 0.3


def test_evidence_and_result_hold_no_text(measured: Run) -> None:
    kept = json.dumps([e.as_json(detail=True) for e in measured.evidence.values()]) + json.dumps(measured.result)
    kept += " ".join(note for _, note in measured.told)
    kept += "".join(p.read_text() for p in measured.dir.glob("*.json"))
    for texts in INTENTS.values():
        assert not [t for t in texts if t in kept]
    assert str(measured.dir.parent.parent) not in json.dumps(
        [e.as_json(detail=True) for e in measured.evidence.values()]
    )


def test_the_run_folder_holds_a_model_that_answers_as_measured(measured: Run) -> None:
    files = [p for p in measured.dir.rglob("*") if p.is_file()]
    assert {p.suffix for p in files} <= {".json", ".jsonl", ".safetensors", ".txt"}
    assert not (measured.dir / "checkpoints").exists()
    weights = (measured.dir / "model" / "model.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == measured.evidence["model.accuracy"].detail["weights_sha256"]
    model, tokenizer, classes, limit = load_model(measured.dir / "model")
    ids = tokenise(tokenizer, [t for t, _ in ROWS], limit)
    answers = in_batches(lambda **b: model(**b)["logits"], ids, 0).argmax(1).tolist()
    right = sum(classes[a] == c for a, (_, c) in zip(answers, ROWS, strict=True))
    assert right / len(ROWS) >= measured.evidence["model.accuracy"].low


def test_progress_never_falls_and_ends_near_the_end(measured: Run) -> None:
    shares = [s for s, _ in measured.told]
    assert shares == sorted(shares)
    assert shares[-1] > 0.9


def test_a_run_that_was_cut_off_while_measuring_does_not_train_again(measured: Run) -> None:
    told: list[str] = []
    again = measure(measured.venture, measured.dir, lambda d, t, n="": told.append(n))
    assert not [n for n in told if n.startswith("Epoch")]
    weights = next(e for e in again if e.id == "model.accuracy").detail["weights_sha256"]
    assert weights == measured.evidence["model.accuracy"].detail["weights_sha256"]


def test_without_labelled_data_every_figure_is_unknown_with_advice(tmp_path: Path) -> None:
    for of in (venture(tmp_path), venture(tmp_path, path="rows.csv", text="text")):
        found = measure(of, tmp_path / "run")
        *figures, again = found
        assert [e.id for e in figures] == list(IDS)
        assert all(e.value is None and "add a file" in e.reason for e in figures)
        assert (again.id, again.value) == ("model.reproduced", None)


def test_a_broken_table_is_the_inputs_fault(tmp_path: Path) -> None:
    write_csv(tmp_path / "rows.csv", [("a", "x")] * 5)
    with pytest.raises(InputError, match="every row has the label"):
        measure(venture(tmp_path, path="rows.csv", text="text", label="label"), tmp_path / "run")


def test_a_test_file_is_used_as_it_is_and_nothing_is_printed(
    tiny_base: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    train = write_csv(tmp_path / "train.csv", ROWS[:120])
    test = write_csv(tmp_path / "test.csv", ROWS[110:])
    settings = {"base": str(tiny_base), "epochs": 1, "batch_size": 16}
    asked = Asked(train, test, "text", "label", settings=settings)
    result = train_and_benchmark(asked, tmp_path / "run").as_json()
    assert capfd.readouterr().out == ""
    assert (result["n_test"], result["n_train"] + result["n_validation"]) == (40, 110)
    assert set(result) >= {"run", "n_train", "n_test", "baselines", "model", "paired", "latency"}
    assert set(result["baselines"][0]) >= {"name", "accuracy", "low", "high", "seconds"}
    assert set(result["model"]) >= {"accuracy", "low", "high", "macro_f1", "ece", "seconds"}
    assert set(result["paired"]) >= {"against", "delta", "low", "high", "p", "verdict"}
    assert set(result["data"]) >= {"near_duplicates", "suspect_labels", "accuracy_without_duplicates"}
    assert set(result["forecast"]) >= {"minutes", "low", "high", "actual"}
    most = max(b["validation_accuracy"] for b in result["baselines"])
    chosen = next(b for b in result["baselines"] if b["validation_accuracy"] == most)  # the cheapest comes first
    assert [b["name"] for b in result["baselines"] if b["best"]] == [chosen["name"]] == [result["paired"]["against"]]
    assert [c["against"] for c in result["compared"]] == [b["name"] for b in result["baselines"]]


def test_a_search_too_short_for_one_training_is_refused_before_it_begins(tiny_base: Path, tmp_path: Path) -> None:
    settings = {"base": str(tiny_base), "epochs": 50}
    asked = Asked(write_csv(tmp_path / "rows.csv", ROWS), None, "text", "label", settings=settings)
    with pytest.raises(InputError, match=r"too short for a search: one training of 50 epochs takes about"):
        train_and_benchmark(asked, tmp_path / "run", minutes=1e-6)
    assert not (tmp_path / "run" / "search").exists()


def test_the_forecast_is_made_before_the_training_and_scored_after_it(measured: Run) -> None:
    forecast, took = measured.evidence["model.forecast_minutes"], measured.evidence["model.train_minutes"]
    assert forecast.low < forecast.value < forecast.high
    assert forecast.detail["actual"] == took.value
    assert forecast.detail["inside"] == (forecast.low <= took.value <= forecast.high)
    assert {"precision", "threads"} <= {c["name"] for c in forecast.detail["advice"]["choices"]}


def test_a_first_look_says_what_the_run_says_later(measured: Run) -> None:
    seen = {e.id: e for e in look(measured.venture, measured.dir)}
    assert set(seen) == set(LOOK_IDS)
    for id, e in seen.items():
        assert (e.value, e.n) == (measured.evidence[id].value, measured.evidence[id].n)


def test_accuracy_without_near_duplicates_is_that_of_the_other_test_rows(measured: Run) -> None:
    e, twins = measured.evidence["model.accuracy_without_duplicates"], measured.evidence["model.near_duplicates"]
    assert e.n == twins.n - twins.value
    assert e.low <= e.value <= e.high


def test_base_models_are_compared_and_one_is_chosen_with_its_reason(tiny_base: Path, tmp_path: Path) -> None:
    write_csv(tmp_path / "rows.csv", ROWS)
    shutil.copytree(tiny_base, tmp_path / "tiny")
    of = venture(tmp_path, path="rows.csv", text="text", label="label")
    of = of.model_copy(update={"model": of.model.model_copy(update={"candidates": ["./tiny", "./nowhere"]})})
    (found,) = choose(of, tmp_path / "run")
    names = {c["name"]: c for c in found.detail["candidates"]}
    assert set(names) == {"all-MiniLM-L6-v2", "./tiny", "./nowhere"}
    assert names["./nowhere"]["error"]
    assert found.value in ("all-MiniLM-L6-v2", "./tiny")
    assert found.detail["reason"]
    assert str(tmp_path) not in json.dumps(found.detail)
