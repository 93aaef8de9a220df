"""A tuned model as ONNX, in fp32 and in INT8, and how far its answers are from the model's own.

The exporter is torch's own (torch.export, then onnxscript); INT8 is ONNX Runtime's dynamic quantisation: weights as
whole numbers with a scale for each output channel, token embeddings too, activations scaled as they come.
"""

import json
import logging
import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.registry import IntegerOpsRegistry
from torch import Tensor, nn

from core.errors import InputError
from core.model.base import file_hash
from core.model.classifier import WEIGHTS, Classifier, load_model, padded
from core.model.disk import says_why
from core.model.hardware import cpu_flags, int8_native
from core.model.serving.onnx import MODEL, TOKENIZER, TOLD, OnnxEngine
from core.model.threads import allowed

RECIPE = 2  # of what is written here: a variant that an older one made is made again
CLOSE = 1e-3  # an fp32 export whose logits are further off than this is not the same model
# From 23 on attention is one node (ONNX's Attention) and not 16 with a mask that is made, compared and put in again in
# each layer: of MiniLM's 301 nodes 204 are left. One thread, single requests of 13 tokens (BANKING77's median), the
# least of 60 in turns: 2.15 ms for 2.50 in INT8, 5.07 for 5.88 in fp32; of 37 tokens 4.04 for 4.25 in INT8.
_OPSET = 23
# onnxruntime 1.32 takes ONNX's Attention for its own of that name, which holds the weights of its projections.
_INT8 = [kind for kind in IntegerOpsRegistry if kind != "Attention"]
_CASES = ((1, 10), (2, 10), (8, 16), (32, 32))  # size of the batches that are compared, and of how many texts
_LIBRARIES = ("torch", "transformers", "onnx", "onnxruntime")


@dataclass(frozen=True, slots=True)
class Parity:
    """An export beside the model it was made of, over batch sizes, lengths and threads.

    Attributes:
        max_logit_diff: the largest difference of a logit.
        mean_logit_diff: the mean of them.
        cases: batches compared.
        batches, lengths, threads: what they differed in; lengths are tokens of a batch's longest text.
    """

    max_logit_diff: float
    mean_logit_diff: float
    cases: int
    batches: tuple[int, ...]
    lengths: tuple[int, ...]
    threads: tuple[int, ...]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Parity":
        """Read it back from JSON values."""
        several = (tuple(told[name]) for name in ("batches", "lengths", "threads"))
        return cls(told["max_logit_diff"], told["mean_logit_diff"], told["cases"], *several)


def export(
    source: Path,
    out: Path,
    name: str,
    texts: Sequence[str],
    tuned_sha256: str,
    *,
    int8: bool,
    fp32: Path | None = None,
) -> Parity:
    """Write a kept model as an ONNX variant that `OnnxEngine` loads; `out` appears whole or not at all.

    What is there already is kept where it was made of the same weights by the same libraries.

    Args:
        source: folder of the model, as `save_model` left it.
        out: folder of the variant.
        name: of the variant.
        texts: real ones, for the comparison.
        tuned_sha256: digest of the tuned model's weights that it goes back to.
        int8: weights in INT8 instead of fp32.
        fp32: folder of the same model's fp32 export, where it is there already: it need not be traced again.

    Raises:
        InputError: the model cannot be exported, its export answers otherwise, or the disk is full.
    """
    follows = _follows(source, name, int8) | {"tuned_sha256": tuned_sha256}
    if (kept := made_before(out, follows)) is not None:
        return Parity.of(kept["parity"])
    model, tokenizer, classes, limit = load_model(source)
    if not (source / TOKENIZER).is_file():
        raise InputError(f"{name}: the base model has no tokenizer.json, which ONNX variants read texts with.")
    temporary = out.with_name(f".{out.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    told: dict[str, Any] = {
        "name": name,
        "classes": list(classes),
        "max_length": min(limit, tokenizer.model_max_length),
        "pad": tokenizer.pad_token_id or 0,
        "batch_free": not int8,  # one scale for the activations of a whole batch
        "tuned_sha256": tuned_sha256,
        "from": follows,
    }
    with says_why(f"The variant {name}", "the tuned model itself is kept", temporary):
        temporary.mkdir(parents=True)
        rules = json.loads((source / TOKENIZER).read_text(encoding="utf-8"))
        (temporary / TOKENIZER).write_text(json.dumps(rules, ensure_ascii=False, separators=(",", ":")), "utf-8")
        (temporary / TOLD).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        found = _converted(model, temporary, texts, name, _traced(fp32, follows) if int8 else None, int8)
        told["parity"] = asdict(found)
        (temporary / TOLD).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        shutil.rmtree(out, ignore_errors=True)
        temporary.rename(out)
    return found


def _converted(
    model: Classifier, folder: Path, texts: Sequence[str], name: str, traced: Path | None, int8: bool
) -> Parity:
    """Write the graph into a folder and hold it against the model; the folder goes where that fails."""
    try:
        if traced is None:
            _convert(model, traced := folder / (f"fp32.{MODEL}" if int8 else MODEL))
        if int8:
            _quantise(traced, folder / MODEL)
            (folder / f"fp32.{MODEL}").unlink(missing_ok=True)
        found = parity(model, folder, texts)
    except (OSError, InputError):
        raise
    except Exception as error:  # torch.export, onnxscript and onnxruntime fail in many ways, each with its own class
        shutil.rmtree(folder, ignore_errors=True)
        why = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise InputError(f"{name}: this kind of model cannot be exported to ONNX ({why}).") from error
    if not int8 and not found.max_logit_diff <= CLOSE:
        shutil.rmtree(folder, ignore_errors=True)
        raise InputError(f"{name}: its logits are {found.max_logit_diff:.2g} off the model's, so it was thrown away.")
    return found


def made_before(out: Path, follows: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a variant says of itself, if it is whole and follows from the same; else None."""
    try:
        kept: dict[str, Any] = json.loads((out / TOLD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = kept.get("from") == follows and "parity" in kept and (out / MODEL).is_file()
    return kept if whole else None


def parity(model: Classifier, folder: Path, texts: Sequence[str]) -> Parity:
    """Hold an export against its model: single texts and batches, short and cut ones, one thread and all.

    A text longer than the model reads, of all real ones, and an empty one are always among them.
    """
    counts = tuple(dict.fromkeys((1, allowed())))
    longest = " ".join(texts)[:20_000]
    pad = json.loads((folder / TOLD).read_text(encoding="utf-8"))["pad"]
    engines = [OnnxEngine(folder, n_threads=n) for n in counts]
    ids = engines[0].tokenise([longest, "", *list(texts)[:30]])
    batches = [ids[at : at + size] for size, most in _CASES for at in range(0, min(most, len(ids)), size)]
    gaps: list[float] = []
    for rows in batches:
        with torch.inference_mode():
            said = model(**padded(rows, pad))["logits"].numpy()
        for engine in engines:
            gaps += np.abs(engine.run(rows) - said).max(1).tolist()
    sizes = tuple(sorted({len(rows) for rows in batches}))
    lengths = tuple(sorted({max(len(r) for r in rows) for rows in batches}))
    return Parity(float(np.max(gaps)), float(np.mean(gaps)), len(gaps), sizes, lengths, counts)


class _Logits(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """The model with a tensor as its answer, as an ONNX graph has it."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.model(input_ids, attention_mask)["logits"]


def _traced(fp32: Path | None, follows: Mapping[str, Any]) -> Path | None:
    """The graph of an fp32 export of the same weights by the same libraries."""
    if fp32 is None:
        return None
    same = dict(follows) | {"name": fp32.name, "reduced": False}
    return fp32 / MODEL if made_before(fp32, same) else None


def _convert(model: Classifier, file: Path) -> None:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it names each optional library that is not installed
    example = padded([[1, 2, 3, 4], [1, 2]], 0)
    batch, tokens = torch.export.Dim("batch"), torch.export.Dim("tokens")
    axes = {0: batch, 1: tokens}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Logits(model).eval(),
            (example["input_ids"], example["attention_mask"]),
            file,
            dynamo=True,
            opset_version=_OPSET,
            dynamic_shapes=(axes, axes),
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            external_data=False,
            verbose=False,
        )


def _quantise(fp32: Path, file: Path) -> None:
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # it advises on images
    try:
        # Signed weights, a scale for each channel. Without VNNI two products of 8 bits can overflow the 16 bits that
        # AVX2 adds them in, so the weights keep to 7 bits there (onnxruntime's documentation of quantisation).
        quantize_dynamic(
            fp32,
            file,
            _INT8,
            per_channel=True,
            reduce_range=not int8_native(cpu_flags()),
            weight_type=QuantType.QInt8,
        )
    finally:
        root.setLevel(level)


def _follows(source: Path, name: str, int8: bool) -> dict[str, Any]:
    """All that an export follows from."""
    weights = file_hash(source / WEIGHTS)
    reduced = int8 and not int8_native(cpu_flags())
    libraries = {library: version(library) for library in _LIBRARIES}
    return {"recipe": RECIPE, "name": name, "weights_sha256": weights, "reduced": reduced, "libraries": libraries}
