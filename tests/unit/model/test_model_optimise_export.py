"""An export answers as the model it was made of, without torch, and is whole or not there."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.model.optimise import export as exporting
from core.model.optimise.export import Parity, export
from core.model.serving.cold import cold_start
from core.model.serving.eager import Eager
from core.model.serving.engine import size_mb
from core.model.serving.onnx import MODEL, TOLD, OnnxEngine
from core.model.serving.run import run_rows

TEXTS = ["the card is blocked card", "", "a loan " * 300, "Password?! déjà 忘记 login"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, finished: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path_factory.mktemp("export") / "run"))


@pytest.fixture(scope="module")
def fp32(run: Path) -> tuple[Path, Parity]:
    out = run.parent / "onnx-fp32"
    return out, export(run / "model", out, "onnx-fp32", run_rows(run, None).test, "0", int8=False)


@pytest.fixture(scope="module")
def int8(run: Path) -> tuple[Path, Parity]:
    out = run.parent / "onnx-int8"
    return out, export(run / "model", out, "onnx-int8", run_rows(run, None).test, "0", int8=True)


def test_an_fp32_export_gives_the_models_logits_over_batches_lengths_and_threads(fp32: tuple[Path, Parity]) -> None:
    _, parity = fp32
    assert parity.max_logit_diff < 1e-4
    assert set(parity.batches) >= {1, 2, 8, 32}
    assert min(parity.lengths) <= 2
    assert max(parity.lengths) == 96  # where the model stops reading
    assert 1 in parity.threads


@pytest.mark.parametrize("texts", [[text] for text in TEXTS] + [TEXTS])
def test_the_engine_reads_texts_as_the_model_does(run: Path, fp32: tuple[Path, Parity], texts: list[str]) -> None:
    engine, model = OnnxEngine(fp32[0]), Eager(run / "model")
    assert engine.classes == model.classes
    assert engine.batch_free
    assert np.allclose(engine.logits(texts), model.logits(texts), atol=1e-4)


def test_int8_is_a_third_of_the_size_or_less_and_nearly_always_of_the_same_mind(
    run: Path, fp32: tuple[Path, Parity], int8: tuple[Path, Parity]
) -> None:
    assert (int8[0] / MODEL).stat().st_size * 3 < (fp32[0] / MODEL).stat().st_size
    assert size_mb(int8[0]) == pytest.approx(sum(f.stat().st_size for f in int8[0].iterdir()) / 1e6)
    engine, model, texts = OnnxEngine(int8[0]), Eager(run / "model"), run_rows(run, None).test
    assert not engine.batch_free
    alone = np.concatenate([engine.logits([text]) for text in texts])
    assert (alone.argmax(1) == model.logits(texts).argmax(1)).mean() > 0.9
    assert int8[1].max_logit_diff > fp32[1].max_logit_diff


def test_an_export_is_made_once_and_again_where_the_weights_changed(run: Path, fp32: tuple[Path, Parity]) -> None:
    out, parity = fp32
    before = (out / MODEL).stat().st_mtime_ns
    assert export(run / "model", out, "onnx-fp32", TEXTS, "0", int8=False) == parity
    assert (out / MODEL).stat().st_mtime_ns == before
    other = Path(shutil.copytree(run / "model", run.parent / "other"))
    weights = other / "model.safetensors"
    held = bytearray(weights.read_bytes())
    held[-2] ^= 1
    weights.write_bytes(held)
    copy = Path(shutil.copytree(out, run.parent / "again"))
    export(other, copy, "onnx-fp32", TEXTS, "0", int8=False)
    assert (copy / MODEL).stat().st_mtime_ns != before


def test_int8_made_of_the_fp32_export_is_the_one_made_of_the_model(
    run: Path, fp32: tuple[Path, Parity], int8: tuple[Path, Parity]
) -> None:
    out = run.parent / "again-int8"
    assert export(run / "model", out, "onnx-int8", run_rows(run, None).test, "0", int8=True, fp32=fp32[0]) == int8[1]
    assert sorted(f.name for f in out.iterdir()) == sorted(f.name for f in int8[0].iterdir())


def test_an_export_that_fails_or_answers_otherwise_leaves_nothing(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "CLOSE", -1.0)
    out = run.parent / "wrong"
    with pytest.raises(InputError, match="off the model's, so it was thrown away"):
        export(run / "model", out, "wrong", TEXTS, "0", int8=False)
    monkeypatch.setattr(
        exporting, "_convert", lambda *_a, **_k: (_ for _ in ()).throw(RuntimeError("no such operator"))
    )
    with pytest.raises(InputError, match="cannot be exported to ONNX"):
        export(run / "model", out, "wrong", TEXTS, "0", int8=False)
    assert not [f for f in run.parent.iterdir() if "wrong" in f.name]


def test_serving_it_imports_neither_torch_nor_transformers(fp32: tuple[Path, Parity]) -> None:
    code = (
        "import sys; from pathlib import Path; from core.model.serving.onnx import OnnxEngine; "
        "OnnxEngine(Path(sys.argv[1])).logits(['a card']); "
        "print([m for m in ('torch', 'transformers', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(fp32[0])], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_fresh_process_needs_less_time_and_memory_without_torch(run: Path, fp32: tuple[Path, Parity]) -> None:
    eager, onnx = cold_start(run / "model", TEXTS), cold_start(fp32[0], TEXTS)
    assert eager is not None
    assert onnx is not None
    assert onnx.seconds < eager.seconds
    assert onnx.peak_mb is None or eager.peak_mb is None or onnx.peak_mb < eager.peak_mb


def test_a_damaged_variant_is_refused(fp32: tuple[Path, Parity], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(fp32[0], tmp_path / "copy"))
    told = json.loads((copy / TOLD).read_text())
    (copy / MODEL).write_bytes((copy / MODEL).read_bytes()[:1000])
    with pytest.raises(InputError, match="damaged; make it again"):
        OnnxEngine(copy)
    assert told["classes"] == ["card", "loan", "login"]
    assert cold_start(copy, TEXTS) is None
