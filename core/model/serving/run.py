"""`model benchmark`: a finished run's model, and its variants, on the run's own test texts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from core.errors import InputError
from core.model.base import file_hash
from core.model.classifier import WEIGHTS, in_batches, load_model, tokenise
from core.model.data import read_rows
from core.model.serving.engine import Engine
from core.model.serving.report import BOUND_MS, Rows
from core.model.serving.scenarios import offline, server
from core.model.serving.timing import load_warning, time_together
from core.model.shots import few
from core.model.split import Split, split
from core.model.stats import Ints
from core.model.threads import threads
from core.progress import Progress, part, silent

SCENARIOS = ("single", "server", "offline")
SECONDS = 60.0  # MLPerf asks for 600; a minute is enough for ratios and for p95


class Eager:
    """The kept model as training left it: PyTorch, fp32."""

    def __init__(self, run: Path) -> None:
        """Load it.

        Raises:
            InputError: the folder holds no model, or a damaged one.
        """
        self.name, self.folder = "fp32", run / "model"
        self.model, self.tokenizer, self.classes, self.limit = load_model(self.folder)

    def logits(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Logits (texts, classes)."""
        ids, pad = tokenise(self.tokenizer, texts, self.limit), self.tokenizer.pad_token_id or 0
        found: npt.NDArray[np.float32] = in_batches(lambda **b: self.model(**b)["logits"], ids, pad).numpy()
        return found


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
    torch.set_num_threads(threads())
    progress(0, 1, "Reading the test rows")
    rows = run_rows(asked.run, asked.test)
    texts, truth = rows.test, rows.test_labels
    progress(0.02, 1, "Loading the model")
    engines = engines_of(asked.run)
    names = [e.name for e in engines]
    if asked.variant is not None and asked.variant not in names:
        raise InputError(f"--variant {asked.variant}: this run has {', '.join(names)}.")
    wanted = [e for e in engines if asked.variant in (None, e.name)]
    measured = part(progress, 0.05, 1)
    about = {"run": asked.run.name, "weights_sha256": told["model"]["weights_sha256"], "n_texts": len(texts)}
    if asked.scenario == "single":
        return about | _single(wanted, texts, truth, asked, measured)
    engine, seed, seconds = wanted[0], asked.seed, asked.seconds
    if asked.scenario == "server":
        load = server(engine, texts, bound_ms=asked.bound_ms, seed=seed, seconds=seconds, progress=measured)
        return about | {"variant": engine.name} | load.as_json()
    batches = offline(engine, texts, seed=seed, seconds=seconds, progress=measured)
    return about | {"variant": engine.name} | batches.as_json()


def check_run(run: Path) -> dict[str, Any]:
    """The result of a finished run whose model is still the one that was measured.

    Raises:
        InputError: it has not ended, is not of classes, or its model changed since.
    """
    try:
        told: dict[str, Any] = json.loads((run / "result.json").read_text(encoding="utf-8"))
        sha256 = told["model"]["weights_sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{run.name}: no training of classes has ended here; train it, or name another run.") from None
    weights = run / "model" / WEIGHTS
    if not weights.is_file():
        raise InputError(f"{run.name}: model/{WEIGHTS} is missing, so the run is incomplete; train it again.")
    if file_hash(weights) != sha256:
        raise InputError(f"{run.name}: model/{WEIGHTS} changed since it was trained and measured; train it again.")
    return told


def run_rows(run: Path, test: Path | None) -> Rows:
    """The validation and test rows of a run, from its data file and from the test table where one is named.

    Raises:
        InputError: the data file is gone or changed, or the run had a test table that is not named or not the same.
    """
    try:
        source = json.loads((run / "answer" / "answer.json").read_text(encoding="utf-8"))["source"]
        made_from = json.loads((run / "run.json").read_text(encoding="utf-8"))
        result = json.loads((run / "result.json").read_text(encoding="utf-8"))
        file, text, label = Path(source["file"]), source["text"], source["label"]
        seed, rows_sha256 = int(made_from["config"]["seed"]), made_from["rows"]
        learned = result["n_train"] + result["n_validation"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{run.name}: does not say what it was trained on; train it again.") from None
    if not file.is_file():
        raise InputError(f"{file.name}: the table that {run.name} was trained on is not where it was; put it back.")
    if file_hash(file) != source["sha256"]:
        raise InputError(f"{file.name}: changed since {run.name} was trained on it; train again, or put it back.")
    held = read_rows(test, text, label) if test else None
    parts = split(read_rows(file, text, label), held, seed, file.name)
    same = _same(parts, rows_sha256, learned, seed)
    if same is None:
        wrong = f"{test.name} is not the test table that" if test else "--test: name the test table with which"
        raise InputError(f"{wrong} {run.name} was measured.")
    parts = same
    return Rows(
        parts.validation.texts,
        np.asarray(parts.validation.labels, dtype=np.int64),
        parts.test.texts,
        np.asarray(parts.test.labels, dtype=np.int64),
    )


def _same(parts: Split, sha256: str, learned: int, seed: int) -> Split | None:
    """The rows of the run, also where it learned from a few of each class only; None where these are others."""
    if parts.sha256 == sha256:
        return parts
    shots, left = divmod(learned, len(parts.classes))
    try:
        fewer = few(parts, shots, seed)
    except InputError:
        return None
    return fewer if left == 0 and fewer.sha256 == sha256 else None


def engines_of(run: Path) -> list[Engine]:
    """The variants that a run has: the model as training left it."""
    return [Eager(run)]


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
