"""From a labelled file to a tuned and measured model, without a venture: what the command line and the door both call.

A run folder holds `run.json` (what the run is made from), `search/` and `checkpoints/` while it trains, then `model/`,
`answer/` (what "try it" needs), `training.json`, `history.jsonl` and `result.json`. Run again in the same folder, it
goes on where it stopped; with other data or settings it starts anew.
"""

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.errors import InputError
from core.model import adviser, predict
from core.model.adviser import Choice, Scored
from core.model.base import Base, file_hash, load_base
from core.model.benchmark import Scores, score, share_fresh
from core.model.calibrate import Calibration, calibrate
from core.model.classifier import WEIGHTS, Classifier, Encoded, in_batches, load_model, padded, save_model, tokenise
from core.model.config import TrainConfig
from core.model.disk import says_why
from core.model.hardware import Hardware, inspect_hardware
from core.model.history import FILE as HISTORY
from core.model.kept import Source
from core.model.latency import Latency, Machine, measure_latency
from core.model.look import Asked, Look, look
from core.model.search import Search, search
from core.model.seeds import Several, keep, several
from core.model.seeds import seeded as first
from core.model.split import Split
from core.model.stats import Interval, Paired
from core.model.train import Training, fine_tune, forget
from core.model.whole import minutes_spent, whole
from core.progress import Progress, part, silent

FORECAST = "forecast.json"  # of the whole run, for whoever watches it
_FOLDERS = ("checkpoints", "search", "seeds", "model", predict.FOLDER)
_FILES = ("training.json", "advice.json", FORECAST, HISTORY, "result.json")


class Seen(Protocol):
    """What a training needs of a first look, be it at classes or at scores."""

    @property
    def base(self) -> Base:
        """The base model."""

    @property
    def config(self) -> TrainConfig:
        """The settings."""

    @property
    def encoded(self) -> tuple[Encoded, Encoded, Encoded]:
        """Token ids of training, validation and test rows."""

    def start(self) -> Classifier:
        """The base model with the head that the best linear method gives it."""


@dataclass(frozen=True, slots=True)
class Advice:
    """The machine, what it suggests, and the forecast that the run is held to."""

    hardware: Hardware
    choices: tuple[Choice, ...]
    forecast: adviser.Forecast

    @property
    def precision(self) -> Choice:
        """The arithmetic to train in."""
        return next(c for c in self.choices if c.name == "precision")

    def settle(self, config: TrainConfig) -> TrainConfig:
        """The configuration with the precision that "auto" left to the machine."""
        return replace(config, precision=str(self.precision.value))

    def as_json(self) -> dict[str, Any]:
        """The advice as JSON values."""
        return {
            "hardware": self.hardware.as_json(),
            "choices": [asdict(c) for c in self.choices],
            "forecast": self.forecast.as_json(),
        }


@dataclass(frozen=True, slots=True)
class ModelResult:
    """Everything a run measured.

    Attributes:
        look: the rows, the baselines and the learning curve.
        config: what was trained, after the search where there was one.
        fresh: accuracy on the test rows without a near-duplicate in training; None where there are none such.
        compared: the tuned model against each baseline, on the same test rows.
        seeded: the same training with other seeds, this one first; None where one was enough.
        training: its seconds are those of fine-tuning alone, over all attempts.
        seconds: wall time of this attempt, from the file to the result.
    """

    run: Path
    look: Look
    config: TrainConfig
    advice: Advice
    scored: Scored
    tried: Search | None
    seeded: Several | None
    scores: Scores
    fresh: Interval | None
    compared: tuple[Paired, ...]
    calibration: Calibration
    training: Training
    latency: Latency
    size_mb: float
    weights_sha256: str
    seconds: float

    @property
    def machine(self) -> Machine:
        """The machine it was measured on."""
        return self.latency.machine

    @property
    def parts(self) -> Split:
        """The rows of each side."""
        return self.look.parts

    @property
    def paired(self) -> Paired:
        """The comparison with the baseline that the validation rows chose."""
        return next(c for c in self.compared if c.against == self.look.fitted.best.name)

    @property
    def at_limit(self) -> int:
        """Texts as long as the model reads, or longer and cut off."""
        limit = self.config.max_length
        return sum(len(ids) >= limit for side in self.look.encoded for ids in side.ids)

    def as_json(self) -> dict[str, Any]:
        """The result as the command line prints it."""
        s, found, report = self.scores, self.look.as_json(), self.look.report
        return {
            "run": str(self.run),
            "n_train": len(self.parts.train),
            "n_validation": len(self.parts.validation),
            "n_test": len(self.parts.test),
            "baselines": found["baselines"],
            "model": {
                "accuracy": s.accuracy.value,
                "low": s.accuracy.low,
                "high": s.accuracy.high,
                "macro_f1": s.macro_f1.value,
                "ece": self.calibration.after.value,
                "seconds": self.training.seconds,
                "best_epoch": self.training.best_epoch,
                "size_mb": self.size_mb,
                "weights_sha256": self.weights_sha256,
            },
            "paired": self.paired.as_json(),
            "compared": [c.as_json() for c in self.compared],
            "data": {
                "near_duplicates": len(report.twins),
                "suspect_labels": report.n_suspects,
                "accuracy_without_duplicates": self.fresh.value if self.fresh else None,
                "without_duplicates": None if self.fresh is None else asdict(self.fresh),
                "report": found["data"],
            },
            "forecast": self.scored.forecast.as_json()
            | {"actual": self.scored.actual, "inside": self.scored.inside, "ratio": self.scored.ratio},
            "advice": [asdict(c) for c in self.advice.choices],
            "curve": found["curve"],
            "calibration": self.calibration.as_json(),
            "latency": self.latency.as_json(),
            "search": None if self.tried is None else asdict(self.tried) | {"best": self.tried.best.as_json()},
            "seeds": None if self.seeded is None else asdict(self.seeded),
            "config": self.config.as_json(),
            "why": self.look.why,
            "seconds": self.seconds,
        }


def train_and_benchmark(
    asked: Asked, out: Path, progress: Progress = silent, *, minutes: float | None = None, seeds: int = 1
) -> ModelResult:
    """Fine-tune on the rows asked for, measure on held-out ones, and leave model and result in `out`.

    Args:
        asked: rows and settings.
        out: the run's folder; an interrupted run of the same data and settings in it is resumed.
        progress: told at least every second or two; what it raises ends the run, which can be resumed.
        minutes: budget of a search for better settings before the training; None searches nothing.
        seeds: trainings that differ in their seed alone; the first of them is the one that is kept.

    Raises:
        InputError: the data or the base model cannot be used, the search is too short, or training diverged.
    """
    begun = time.perf_counter()
    rest, progress = part(progress, 2 / (1 + seeds), 1), part(progress, 0, 2 / (1 + seeds))
    found = look(asked, part(progress, 0, 0.15))
    begin(out, fingerprint(found, minutes))
    advice = advise(found, out, part(progress, 0.15, 0.2))
    if minutes and minutes < advice.forecast.low:  # said now, not after all of them were spent
        raise InputError(
            f"{minutes:g} min is too short for a search: one training of {found.config.epochs} epochs takes about "
            f"{advice.forecast.minutes:.2g} min. Give more minutes, or fewer epochs."
        )
    forecast = whole(advice.forecast, minutes, seeds)
    write_json(out / FORECAST, forecast.as_json())
    config, tried, training = _train(found, advice.settle(found.config), out, minutes, part(progress, 0.2, 0.85))
    progress(0.85, 1, "Loading the tuned model")  # what is measured is what was kept, loaded as a user would
    tuned, tokenizer, _, limit = load_model(out / "model")
    pad = tokenizer.pad_token_id or 0
    ids = [*found.encoded[1].ids, *found.encoded[2].ids]
    logits = in_batches(lambda **b: tuned(**b)["logits"], ids, pad, part(progress, 0.85, 0.9), "Testing")
    on_validation, on_test = logits.split([len(found.parts.validation), len(found.parts.test)])

    def answer(one: str) -> int:
        with torch.inference_mode():
            return int(tuned(**padded(tokenise(tokenizer, [one], limit), pad))["logits"].argmax())

    latency = measure_latency(answer, found.parts.test.texts, seed=config.seed, progress=part(progress, 0.9, 0.99))
    calibration = _calibrate(found, on_validation, on_test)
    _keep_answers(found, out, calibration.temperature)
    answers: npt.NDArray[np.int64] = on_test.argmax(1).numpy()
    scores = score(on_test / calibration.temperature, found.parts.test.labels, found.parts.classes, config.seed)
    seeded = None
    if seeds > 1:
        right = float((on_validation.argmax(1) == torch.tensor(found.parts.validation.labels)).double().mean())
        keep(first(config.seed, right, scores.accuracy.value, training.seconds, scores.n), out / "seeds")
        seeded = several(lambda: _fresh(found), found.encoded, config, seeds, pad, out / "seeds", rest)
    result = ModelResult(
        run=out,
        look=found,
        config=config,
        advice=advice,
        scored=adviser.scored(forecast, minutes_spent(training, tried, seeded)),
        tried=tried,
        seeded=seeded,
        scores=scores,
        fresh=share_fresh(answers, found.truth, found.fresh_rows),
        compared=found.against(answers),
        calibration=calibration,
        training=training,
        latency=latency,
        size_mb=sum(f.stat().st_size for f in (out / "model").rglob("*") if f.is_file()) / 1e6,
        weights_sha256=file_hash(out / "model" / WEIGHTS),
        seconds=time.perf_counter() - begun,
    )
    write_json(out / "result.json", result.as_json())
    return result


def fingerprint(found: Look, minutes: float | None) -> dict[str, Any]:
    """What the weights follow from: two runs with equal ones are the same run."""
    return {
        "config": found.config.as_json(),
        "rows": found.parts.sha256,
        "base": found.base.sha256,
        "search_minutes": minutes,
    }


def begin(out: Path, made_from: dict[str, Any]) -> None:
    """Make the run folder; what an earlier run with other data or settings left in it is removed.

    Raises:
        InputError: the folder is not a run's and holds files that a run would overwrite.
    """
    out.mkdir(parents=True, exist_ok=True)
    file = out / "run.json"
    taken = [n for n in (*_FOLDERS, *_FILES) if (out / n).exists()]
    if taken and not file.is_file():
        raise InputError(f"{out.name}: holds {taken[0]}, which is not of a training run: give a new or empty folder.")
    try:
        same = json.loads(file.read_text(encoding="utf-8")) == made_from
    except (OSError, ValueError):
        same = False
    if not same:
        for name in _FOLDERS:
            shutil.rmtree(out / name, ignore_errors=True)
        for name in _FILES:
            (out / name).unlink(missing_ok=True)
        write_json(file, made_from)


def write_json(file: Path, values: dict[str, Any]) -> None:
    """Write a JSON file that appears whole or not at all."""
    temporary = file.with_name(f".{file.name}.tmp")
    with says_why(file.name, "what the run has done is kept", temporary):
        temporary.write_text(json.dumps(values, indent=2), encoding="utf-8")
        temporary.replace(file)


def advise(found: Seen, out: Path, progress: Progress) -> Advice:
    """Time the machine and forecast the training, once a run: a forecast made after a resume would know too much."""
    file = out / "advice.json"
    if file.is_file():
        kept = json.loads(file.read_text(encoding="utf-8"))
        kept["hardware"]["flags"] = tuple(kept["hardware"]["flags"])
        choices = tuple(Choice(**c) for c in kept["choices"])
        return Advice(Hardware(**kept["hardware"]), choices, adviser.Forecast(**kept["forecast"]))
    progress(0, 1, "Timing the machine")
    hardware = inspect_hardware()
    pad, config = found.base.tokenizer.pad_token_id or 0, found.config
    train, validation, _ = found.encoded
    told = part(progress, 0.1, 1)
    pace = adviser.probe_pace(
        found.start(),
        train.ids,
        pad,
        hardware,
        config.batch_size,
        config.seed,
        told,
        freeze_embeddings=config.freeze_embeddings,
        bf16=config.precision == "bf16",
    )
    choices = adviser.advise(hardware, pace, found.base.encoder.config.hidden_size, config.precision)
    forecast = adviser.forecast(
        pace,
        [len(r) for r in train.ids],
        [len(r) for r in validation.ids],
        config.epochs,
        bf16=choices[0].value == "bf16",
        seed=config.seed,
    )
    advice = Advice(hardware, choices, forecast)
    if advice.precision.warning:
        progress(1, 1, advice.precision.reason)
    write_json(file, advice.as_json())
    return advice


def _train(
    found: Look, config: TrainConfig, out: Path, minutes: float | None, progress: Progress
) -> tuple[TrainConfig, Search | None, Training]:
    """Search where that was asked for, then tune."""
    tried = None
    if minutes:
        pad, (train, validation, _) = found.base.tokenizer.pad_token_id or 0, found.encoded
        tried = search(
            lambda: _fresh(found), train, validation, config, pad, out / "search", minutes, part(progress, 0, 0.6)
        )
        config, progress = tried.best, part(progress, 0.6, 1)
    return config, tried, tune(found, lambda: _fresh(found), config, found.parts.classes, out, progress)


def tune(
    found: Seen,
    fresh: Callable[[], Classifier],
    config: TrainConfig,
    classes: Sequence[str],
    out: Path,
    progress: Progress,
) -> Training:
    """Fine-tune and keep the model, unless this run already did; `classes` are none where scores are predicted."""
    done = out / "training.json"
    if done.is_file() and (out / "model" / WEIGHTS).is_file():
        return Training.from_json(json.loads(done.read_text(encoding="utf-8")))
    model, tokenizer, (train, validation, _) = fresh(), found.base.tokenizer, found.encoded
    pad = tokenizer.pad_token_id or 0
    training = fine_tune(model, train, validation, config, pad, out / "checkpoints", progress)
    progress(1, 1, "Keeping the best epoch")
    save_model(model, tokenizer, classes, config.max_length, out / "model")
    write_json(done, asdict(training))
    forget(out / "checkpoints")
    return training


def _fresh(found: Look) -> Classifier:
    """The start of a training, with weights of its own: the base model of the look stays as it is."""
    return replace(found, base=load_base(found.config.base)).start()


def _calibrate(found: Look, on_validation: Tensor, on_test: Tensor) -> Calibration:
    truth = [torch.tensor(side.labels) for side in (found.parts.validation, found.parts.test)]
    return calibrate(on_validation, truth[0], on_test, truth[1], found.config.seed)


def _keep_answers(found: Look, out: Path, temperature: float) -> None:
    asked, train = found.asked, found.parts.train
    predict.keep(
        out,
        found.embeddings[0],
        train.labels,
        train.rows,
        found.fitted,
        found.config.base,
        Source(asked.data, asked.text, asked.label, asked.test),
        temperature,
    )
