"""`model benchmark`: a finished run's model, and its variants, on the run's own test texts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError
from core.model.serving.eager import Eager
from core.model.serving.engine import Engine
from core.model.serving.onnx import TOLD, OnnxEngine
from core.model.serving.report import BOUND_MS, Rows
from core.model.serving.rows import check_run, run_parts
from core.model.serving.scenarios import offline, server
from core.model.serving.timing import load_warning, time_together
from core.model.split import Part
from core.model.stats import Ints
from core.model.threads import sharing, suit_request, threads
from core.model.unseen import unseen
from core.progress import Progress, part, silent

SCENARIOS = ("single", "server", "offline")
VARIANTS = "variants"  # folder of a run
ORDER = ("onnx-fp32", "onnx-int8", "pruned", "distilled")  # how variants are listed
SECONDS = 60.0  # MLPerf asks for 600; a minute is enough for ratios and for p95


@dataclass(frozen=True, slots=True)
class Asked:
    """What to measure.

    Attributes:
        run: folder of a finished training of classes.
        scenario: one of `SCENARIOS`.
        test: test table, where the run was not tested on rows held back from its own.
        variant: name of the one to measure; None measures all in turns (single) or the fp32 model.
        bound_ms: what p95 must stay under in the server scenario.
    """

    run: Path
    scenario: str
    test: Path | None = None
    variant: str | None = None
    bound_ms: float = BOUND_MS
    seconds: float = SECONDS
    seed: int = 7


def benchmark(asked: Asked, progress: Progress = silent) -> dict[str, Any]:
    """Measure a run's model and say how it serves.

    Raises:
        InputError: the run is incomplete or changed since, there is no such scenario or variant, or no test rows.
    """
    if asked.scenario not in SCENARIOS:
        raise InputError(f"--scenario {asked.scenario}: must be one of {', '.join(SCENARIOS)}.")
    told = check_run(asked.run)
    progress(0, 1, "Reading the test rows")
    rows = run_rows(asked.run, asked.test)
    few = threads() if asked.scenario == "offline" else request_threads(asked.run, rows.test)
    about = {"run": asked.run.name, "weights_sha256": told["model"]["weights_sha256"], "n_texts": len(rows.test)}
    with sharing(few):
        return about | _measured(asked, rows, progress)


def _measured(asked: Asked, rows: Rows, progress: Progress) -> dict[str, Any]:
    """The scenario that was asked for, as JSON values."""
    progress(0.02, 1, "Loading the model")
    engines = engines_of(asked.run)
    names = [e.name for e in engines]
    if asked.variant is not None and asked.variant not in names:
        raise InputError(f"--variant {asked.variant}: this run has {', '.join(names)}.")
    wanted = [e for e in engines if asked.variant in (None, e.name)]
    measured = part(progress, 0.05, 1)
    texts = rows.test
    if asked.scenario == "single":
        return _single(wanted, texts, rows.test_labels, asked, measured)
    engine, seed, seconds = wanted[0], asked.seed, asked.seconds
    if asked.scenario == "server":
        load = server(engine, texts, bound_ms=asked.bound_ms, seed=seed, seconds=seconds, progress=measured)
        return {"variant": engine.name} | load.as_json()
    batches = offline(engine, texts, seed=seed, seconds=seconds, progress=measured)
    return {"variant": engine.name} | batches.as_json()


def request_threads(run: Path, texts: Sequence[str]) -> int:
    """Threads that answer one request to a run's model; see `core.model.threads.for_request`."""
    return suit_request(json.loads((run / "model" / "config.json").read_text(encoding="utf-8")), texts)


def run_rows(run: Path, test: Path | None) -> Rows:
    """The validation and test rows of a run; see `run_parts`. Rows that were learned from validate nothing any more."""
    parts = run_parts(run, test)
    validation = Part((), ()) if unseen(run) is not None else parts.validation
    return Rows(
        validation.texts,
        np.asarray(validation.labels, dtype=np.int64),
        parts.test.texts,
        np.asarray(parts.test.labels, dtype=np.int64),
    )


def engines_of(run: Path) -> list[Engine]:
    """The variants that a run has: the model as training left it first, then what `model optimise` made of it.

    Raises:
        InputError: the model or a variant is damaged.
    """
    sha256 = json.loads((run / "result.json").read_text(encoding="utf-8"))["model"]["weights_sha256"]
    made = sorted((run / VARIANTS).glob(f"*/{TOLD}"), key=_place)
    return [Eager(run / "model"), *(OnnxEngine(f.parent) for f in made if _of_model(f) == sha256)]


def _place(told: Path) -> tuple[int, str]:
    name = told.parent.name
    return (next((i for i, start in enumerate(ORDER) if name.startswith(start)), len(ORDER)), name)


def _of_model(told: Path) -> str:
    """Digest of the tuned model that a variant goes back to; empty where it does not say."""
    try:
        return str(json.loads(told.read_text(encoding="utf-8"))["tuned_sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _single(
    engines: Sequence[Engine], texts: Sequence[str], truth: Ints, asked: Asked, progress: Progress
) -> dict[str, Any]:
    """Single requests of all in turns; times and accuracy of the same requests."""
    timed = time_together(engines, texts, seed=asked.seed, seconds=asked.seconds, progress=progress)
    first = timed[engines[0].name]
    found = []
    for name, t in timed.items():
        enough = t.latency.p95 is not None
        faster, right = t.faster_than(first, seed=asked.seed) if enough else None, t.accuracy(truth)
        rates = {"requests_per_s": 1000 / t.latency.mean, "warning": load_warning(t.latency)}
        compared = {"faster": [faster.value, faster.low, faster.high] if faster else None}
        accuracy = {"accuracy": right.value, "low": right.low, "high": right.high}
        found.append({"variant": name} | t.latency.as_json() | rates | accuracy | compared)
    return {"scenario": "single", "against": engines[0].name, "variants": found}
