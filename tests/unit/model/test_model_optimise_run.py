"""`model optimise` on a real run of a tiny model: every variant is made, measured and held against the tuned one."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from core.cli.model import app
from core.errors import InputError
from core.model.optimise import export as exporting
from core.model.optimise import run as running
from core.model.optimise import variants
from core.model.optimise.run import Asked, optimise
from core.model.optimise.variants import RECIPES
from core.model.serving.run import Asked as Timing
from core.model.serving.run import benchmark
from core.progress import Cancelled

NAMES = ["fp32", *(r.name for r in RECIPES)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, finished: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path_factory.mktemp("optimise") / "run"))


@pytest.fixture(scope="module")
def told(run: Path) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "2")  # so that one student is trained in a process of its own
        return optimise(Asked(run, seconds=2, server_seconds=2))


@pytest.fixture
def unstarted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No fresh processes: each imports torch, and `told` has them."""
    monkeypatch.setattr(running, "cold_start", lambda *_: None)


def test_all_variants_are_on_the_board_each_with_a_receipt_against_the_tuned_model(told: dict[str, Any]) -> None:
    json.dumps(told, allow_nan=False)
    assert [v["name"] for v in told["variants"]] == NAMES
    assert told["left_out"] == []
    first, *others = told["variants"]
    assert first["receipt"] == ""
    assert first["flips"] == 0
    for v in others:
        assert v["receipt"] in {"proven", "not proven", "worse"}
        assert v["receipt_detail"]["n"] == told["n"]
        assert v["flips"] == sum(c["lost"] + c["won"] + c["other"] for c in v["flips_by_class"]) == len(v["flipped"])
        gone = round((first["accuracy"] - v["accuracy"]) * told["n"])
        assert gone == sum(c["lost"] - c["won"] for c in v["flips_by_class"])
        assert v["cold_start_s"] > 0
        assert v["differing"] == 0  # what was timed answered as the accuracy run did
    by_name = {v["name"]: v for v in told["variants"]}
    assert by_name["onnx-fp32"]["flips"] == 0
    assert by_name["onnx-fp32"]["max_logit_diff"] < 1e-4
    assert by_name["distilled"]["size_mb"] < by_name["onnx-fp32"]["size_mb"]
    assert by_name["pruned-int8"]["division"] == by_name["distilled"]["division"] == "open"
    assert by_name["onnx-int8"]["division"] == "closed"


def test_few_test_rows_are_said_to_prove_nothing_and_int8_to_hang_on_the_processor(told: dict[str, Any]) -> None:
    assert f"{told['n']} test rows are too few" in told["too_few"]
    assert all(v["receipt"] != "proven" for v in told["variants"])
    assert "INT8" in told["portability"]


@pytest.mark.usefixtures("unstarted")
def test_variants_are_made_once_and_timed_by_model_benchmark(run: Path, told: dict[str, Any]) -> None:
    made = {f: f.stat().st_mtime_ns for f in (run / "variants").glob("*/model.onnx")}
    assert len(made) == len(RECIPES)
    again = optimise(Asked(run, students=False, seconds=1, server_seconds=2))
    assert {f: f.stat().st_mtime_ns for f in (run / "variants").glob("*/model.onnx")} == made
    assert [v["accuracy"] for v in again["variants"]] == [v["accuracy"] for v in told["variants"]]
    timed = benchmark(Timing(run, "single", seconds=2))
    assert [v["variant"] for v in timed["variants"]] == NAMES


@pytest.mark.usefixtures("unstarted")
def test_one_variant_that_fails_is_named_and_the_others_are_measured(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    shutil.rmtree(copy / "variants", ignore_errors=True)
    real = variants.export

    def failing(source: Path, out: Path, name: str, *rest: Any, **more: Any) -> Any:
        if name == "onnx-int8":
            raise InputError("onnx-int8: the disk is full.")
        return real(source, out, name, *rest, **more)

    monkeypatch.setattr(variants, "export", failing)
    found = optimise(Asked(copy, students=False, seconds=1, server_seconds=2))
    assert found["left_out"] == [{"name": "onnx-int8", "why": "onnx-int8: the disk is full."}]
    assert [v["name"] for v in found["variants"]] == ["fp32", "onnx-fp32"]


@pytest.mark.usefixtures("unstarted")
def test_a_processor_without_8_bit_products_is_told_and_its_weights_keep_to_7_bits(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (running, exporting):
        monkeypatch.setattr(module, "cpu_flags", lambda: ("avx2",))
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    shutil.rmtree(copy / "variants", ignore_errors=True)
    found = optimise(Asked(copy, students=False, seconds=1, server_seconds=2))
    assert "no VNNI" in found["portability"]
    assert _widest(copy) <= 64 < _widest(run)


def _widest(run: Path) -> int:
    """The largest whole number among the INT8 variant's weights."""
    graph = onnx.load(run / "variants" / "onnx-int8" / "model.onnx").graph
    weights = [w for w in map(onnx.numpy_helper.to_array, graph.initializer) if w.dtype == np.int8]
    return max(int(np.abs(w.astype(np.int16)).max()) for w in weights if w.ndim == 2)


@pytest.mark.usefixtures("unstarted")
def test_a_cancelled_one_keeps_what_it_made(run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    shutil.rmtree(copy / "variants", ignore_errors=True)

    def stop(done: float, total: float, note: str = "") -> None:
        if "onnx-int8" in note:
            raise Cancelled

    with pytest.raises(Cancelled):
        optimise(Asked(copy, students=False, seconds=1, server_seconds=2), stop)
    assert (copy / "variants" / "onnx-fp32" / "model.onnx").is_file()


def test_a_run_that_changed_or_never_ended_and_a_senseless_margin_are_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no training of classes has ended here"):
        optimise(Asked(tmp_path))
    with pytest.raises(InputError, match="margin is 2: it must be above 0 and below 1"):
        optimise(Asked(run, margin=2))
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    (copy / "model" / "model.safetensors").write_bytes(b"other")
    with pytest.raises(InputError, match="changed since it was trained"):
        optimise(Asked(copy))


@pytest.mark.usefixtures("unstarted")
def test_the_command_prints_the_promised_keys_as_json(run: Path, told: dict[str, Any]) -> None:
    command = ["optimise", str(run), "--no-students", "--json", "--seconds", "1", "--server-seconds", "2"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    keys = "name accuracy low high receipt p50_ms p95_ms p99_ms requests_per_s size_mb peak_mb max_logit_diff flips"
    assert all(set(keys.split()) <= set(v) for v in found["variants"])
    assert {"pick", "why"} <= set(found)
    assert [v["name"] for v in found["variants"]] == [v["name"] for v in told["variants"]]
