"""From a labelled file to a tuned and measured model, without a venture: what the command line and the door both call.

A run folder holds `run.json` (what the run is made from), `checkpoints/` while it trains, then `model/`,
`training.json` and `result.json`. Run again in the same folder, it goes on where it stopped; with other data or
settings it starts anew.
"""

import json
import os
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.errors import InputError
from core.model import baseline
from core.model.base import Base, file_hash, load_base
from core.model.benchmark import BaselineScore, Scores, accuracy, score
from core.model.classifier import WEIGHTS, Classifier, in_batches, load_model, padded, save_model, tokenise
from core.model.config import TrainConfig
from core.model.data import read_rows
from core.model.latency import Latency, Machine, measure_latency
from core.model.split import Split, split
from core.model.stats import Paired, compare
from core.model.train import Encoded, Epoch, Training, fine_tune, forget
from core.progress import Progress, part, silent

MAJORITY, REGRESSION = "most frequent class", "logistic regression"


@dataclass(frozen=True, slots=True)
class ModelResult:
    """Everything a run measured.

    Attributes:
        left_out: training rows dropped because the test file holds the same text.
        at_limit: texts as long as the model reads, or longer and cut off.
        training: its seconds are those of fine-tuning alone, over all attempts.
        seconds: wall time of this attempt, from the file to the result.
    """

    run: Path
    config: TrainConfig
    classes: tuple[str, ...]
    n_train: int
    n_validation: int
    n_test: int
    left_out: int
    at_limit: int
    baselines: tuple[BaselineScore, ...]
    scores: Scores
    paired: Paired
    training: Training
    latency: Latency
    size_mb: float
    weights_sha256: str
    seconds: float

    @property
    def machine(self) -> Machine:
        """The machine it was measured on."""
        return self.latency.machine

    def as_json(self) -> dict[str, Any]:
        """The result as the command line prints it."""
        s = self.scores
        return {
            "run": str(self.run),
            "n_train": self.n_train,
            "n_validation": self.n_validation,
            "n_test": self.n_test,
            "baselines": [b.as_json() for b in self.baselines],
            "model": {
                "accuracy": s.accuracy.value,
                "low": s.accuracy.low,
                "high": s.accuracy.high,
                "macro_f1": s.macro_f1.value,
                "ece": s.ece,
                "seconds": self.training.seconds,
                "best_epoch": self.training.best_epoch,
                "size_mb": self.size_mb,
                "weights_sha256": self.weights_sha256,
            },
            "paired": self.paired.as_json(),
            "latency": self.latency.as_json(),
            "config": self.config.as_json(),
            "seconds": self.seconds,
        }


def train_and_benchmark(
    data: Path,
    test: Path | None,
    text: str,
    label: str,
    config: TrainConfig,
    out: Path,
    progress: Progress = silent,
) -> ModelResult:
    """Fine-tune on `data`, measure on held-out rows or on `test`, and leave model and result in `out`.

    Args:
        data: labelled rows to learn from.
        test: labelled rows to measure on; None holds back a part of `data`.
        text: the column that holds the text, in both files.
        label: the column that holds the answer.
        config: the run's settings.
        out: the run's folder; an interrupted run of the same data and settings in it is resumed.
        progress: told at least every second or two; what it raises ends the run, which can be resumed.

    Raises:
        InputError: the data or the base model cannot be used, or training diverged.
    """
    begun = time.perf_counter()
    torch.set_num_threads(threads())
    progress(0, 1, "Reading the rows")
    rows = read_rows(data, text, label)
    parts = split(rows, read_rows(test, text, label) if test else None, config.seed, data.name)
    progress(0.01, 1, "Loading the base model")
    base = load_base(config.base)
    begin(out, fingerprint(config, parts, base.sha256))
    progress(0.02, 1, "Cutting the texts into tokens")
    model, encoded, base_logits, baselines = _start(base, parts, config, part(progress, 0.03, 0.2))
    training = _train(model, base, encoded, parts, config, out, part(progress, 0.2, 0.85))
    del model  # what is measured is what was kept: the folder's model, loaded as a user would
    progress(0.85, 1, "Loading the tuned model")
    tuned, tokenizer, _, limit = load_model(out / "model")
    pad = tokenizer.pad_token_id or 0
    logits = in_batches(lambda **b: tuned(**b)["logits"], encoded[2].ids, pad, part(progress, 0.85, 0.9), "Testing")

    def answer(one: str) -> int:
        with torch.inference_mode():
            return int(tuned(**padded(tokenise(tokenizer, [one], limit), pad))["logits"].argmax())

    latency = measure_latency(answer, parts.test.texts, seed=config.seed, progress=part(progress, 0.9, 1))
    truth = np.asarray(parts.test.labels, dtype=np.int64)
    result = ModelResult(
        run=out,
        config=config,
        classes=parts.classes,
        n_train=len(parts.train),
        n_validation=len(parts.validation),
        n_test=len(parts.test),
        left_out=parts.left_out,
        at_limit=sum(len(ids) >= limit for side in encoded for ids in side.ids),
        baselines=baselines,
        scores=score(logits, parts.test.labels, parts.classes, config.seed),
        paired=compare(truth, logits.argmax(1).numpy(), base_logits.argmax(1).numpy(), REGRESSION, config.seed),
        training=training,
        latency=latency,
        size_mb=sum(f.stat().st_size for f in (out / "model").rglob("*") if f.is_file()) / 1e6,
        weights_sha256=file_hash(out / "model" / WEIGHTS),
        seconds=time.perf_counter() - begun,
    )
    write_json(out / "result.json", result.as_json())
    return result


def threads() -> int:
    """Threads to use: OMP_NUM_THREADS where it is set, else the processors this process may run on."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fingerprint(config: TrainConfig, parts: Split, base_sha256: str) -> dict[str, Any]:
    """What the weights follow from: two runs with equal ones are the same run."""
    return {"config": config.as_json(), "rows": parts.sha256, "base": base_sha256}


def begin(out: Path, made_from: dict[str, Any]) -> None:
    """Make the run folder; what an earlier run with other data or settings left in it is removed.

    Raises:
        InputError: the folder is not a run's and holds files that a run would overwrite.
    """
    out.mkdir(parents=True, exist_ok=True)
    file = out / "run.json"
    taken = [n for n in ("checkpoints", "model", "training.json", "result.json") if (out / n).exists()]
    if taken and not file.is_file():
        raise InputError(f"{out.name}: holds {taken[0]}, which is not of a training run: give a new or empty folder.")
    try:
        same = json.loads(file.read_text(encoding="utf-8")) == made_from
    except (OSError, ValueError):
        same = False
    if not same:
        for name in ("checkpoints", "model"):
            shutil.rmtree(out / name, ignore_errors=True)
        for name in ("training.json", "result.json"):
            (out / name).unlink(missing_ok=True)
        write_json(file, made_from)


def write_json(file: Path, values: dict[str, Any]) -> None:
    """Write a JSON file that appears whole or not at all."""
    temporary = file.with_name(f".{file.name}.tmp")
    temporary.write_text(json.dumps(values, indent=2), encoding="utf-8")
    temporary.replace(file)


def _start(
    base: Base, parts: Split, config: TrainConfig, progress: Progress
) -> tuple[Classifier, tuple[Encoded, Encoded, Encoded], torch.Tensor, tuple[BaselineScore, ...]]:
    """Tokenise, embed, fit the baselines, and put the regression into a new head; test logits of the regression too."""
    sides = (parts.train, parts.validation, parts.test)
    encoded = [Encoded(tokenise(base.tokenizer, s.texts, config.max_length), s.labels) for s in sides]
    model = Classifier(base.encoder, len(parts.classes)).eval()
    ids = [row for side in encoded for row in side.ids]
    begun = time.perf_counter()
    embedding = in_batches(
        model.embed, ids, base.tokenizer.pad_token_id or 0, part(progress, 0, 0.7), "Baseline: reading the texts"
    )
    train, validation, test = embedding.split([len(s) for s in sides])
    y, y_validation = (torch.tensor(s.labels) for s in sides[:2])
    linear = baseline.fit(train, y, validation, y_validation, len(parts.classes), part(progress, 0.7, 1))
    seconds = time.perf_counter() - begun
    with torch.no_grad():
        model.head.weight.copy_(linear.weight)
        model.head.bias.copy_(linear.bias)
    logits = linear.logits(test)
    most = baseline.majority(parts.train.labels)
    scores = (
        BaselineScore(MAJORITY, accuracy([most] * len(parts.test), parts.test.labels), 0.0),
        BaselineScore(REGRESSION, accuracy(logits.argmax(1).tolist(), parts.test.labels), seconds),
    )
    return model, (encoded[0], encoded[1], encoded[2]), logits, scores


def _train(
    model: Classifier,
    base: Base,
    encoded: tuple[Encoded, Encoded, Encoded],
    parts: Split,
    config: TrainConfig,
    out: Path,
    progress: Progress,
) -> Training:
    """Fine-tune and keep the model, unless this run already did."""
    done = out / "training.json"
    if done.is_file() and (out / "model" / WEIGHTS).is_file():
        kept = json.loads(done.read_text(encoding="utf-8"))
        return Training(tuple(Epoch(**e) for e in kept["history"]), kept["best_epoch"], kept["seconds"])
    pad = base.tokenizer.pad_token_id or 0
    training = fine_tune(model, encoded[0], encoded[1], config, pad, out / "checkpoints", progress)
    progress(1, 1, "Keeping the best epoch")
    save_model(model, base.tokenizer, parts.classes, config.max_length, out / "model")
    write_json(done, asdict(training))
    forget(out / "checkpoints")
    return training
