"""A run's folder, the machine's advice, and the training itself: what runs of classes and of scores have in common."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from core.errors import InputError
from core.model import adviser, predict, unseen
from core.model.adviser import Choice
from core.model.base import Base
from core.model.classifier import WEIGHTS, Classifier, Encoded, save_model
from core.model.config import TrainConfig
from core.model.disk import write_json
from core.model.hardware import Hardware, inspect_hardware
from core.model.history import FILE as HISTORY
from core.model.refit import AGAIN, first_share, learned, second
from core.model.search import Search, search
from core.model.seeds import Seeded, Several, keep, several
from core.model.split import ScoreSplit, Split
from core.model.train import Training, forget
from core.model.unlabelled import FOLDER as SPREAD
from core.model.whole import whole
from core.progress import Progress, part

FORECAST = "forecast.json"  # of the whole run, for whoever watches it
_FOLDERS = ("checkpoints", AGAIN, SPREAD, "search", "seeds", "model", predict.FOLDER)
_FILES = ("training.json", "advice.json", FORECAST, HISTORY, unseen.FILE, "result.json")


class Seen(Protocol):
    """What a training needs of a first look, be it at classes or at scores."""

    @property
    def base(self) -> Base:
        """The base model."""

    @property
    def config(self) -> TrainConfig:
        """The settings."""

    @property
    def parts(self) -> Split | ScoreSplit:
        """The rows of each side."""

    @property
    def encoded(self) -> tuple[Encoded, Encoded, Encoded]:
        """Token ids of training, validation and test rows."""

    @property
    def texts(self) -> Sequence[Sequence[int]]:
        """Token ids of texts without a label."""

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


def begun_run(
    found: Seen, out: Path, minutes: float | None, seeds: int, progress: Progress
) -> tuple[Advice, adviser.Forecast]:
    """Make the run folder or go on in it, time the machine, and leave the forecast of all that was asked for.

    Raises:
        InputError: the folder is not a run's, or not one training fits into the minutes of a search.
    """
    begin(out, fingerprint(found, minutes))
    advice = advise(found, out, progress)
    alone = first_share(
        found.encoded[:2], found.texts, found.config
    )  # of a forecast that counts both trainings: a trial is one
    if minutes and minutes < advice.forecast.low * alone:  # said now, not after all of them were spent
        raise InputError(
            f"{minutes:g} min is too short for a search: one training of {found.config.epochs} epochs takes about "
            f"{advice.forecast.minutes * alone:.2g} min. Give more minutes, or fewer epochs."
        )
    forecast = whole(advice.forecast, minutes, seeds)
    write_json(out / FORECAST, forecast.as_json())
    return advice, forecast


def fingerprint(found: Seen, minutes: float | None) -> dict[str, Any]:
    """What the weights follow from: two runs with equal ones are the same run."""
    return {
        "config": found.config.as_json(),
        "rows": found.parts.sha256,
        "base": found.base.sha256,
        "search_minutes": minutes,
    } | ({"texts": found.parts.texts_sha256} if found.texts and isinstance(found.parts, Split) else {})


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
    again, epochs = second(found.encoded[:2], found.texts, config)
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
        again=[len(r) for r in again],
        again_epochs=epochs,
    )
    advice = Advice(hardware, choices, forecast)
    if advice.precision.warning:
        progress(1, 1, advice.precision.reason)
    write_json(file, advice.as_json())
    return advice


def trained(
    found: Seen,
    fresh: Callable[..., Classifier],
    config: TrainConfig,
    classes: Sequence[str],
    out: Path,
    minutes: float | None,
    progress: Progress,
) -> tuple[TrainConfig, Search | None, Training]:
    """Search for better settings where minutes are given for it, then tune with the best."""
    tried = None
    if minutes:
        pad, (train, validation, _) = found.base.tokenizer.pad_token_id or 0, found.encoded
        tried = search(fresh, train, validation, config, pad, out / "search", minutes, part(progress, 0, 0.6))
        config, progress = tried.best, part(progress, 0.6, 1)
    return config, tried, tune(found, fresh, config, classes, out, progress)


def tune(
    found: Seen,
    fresh: Callable[..., Classifier],
    config: TrainConfig,
    classes: Sequence[str],
    out: Path,
    progress: Progress,
) -> Training:
    """Fine-tune and keep the model, unless this run already did; `classes` are none where scores are predicted."""
    done = out / "training.json"
    if done.is_file() and (out / "model" / WEIGHTS).is_file():
        return Training.from_json(json.loads(done.read_text(encoding="utf-8")))
    tokenizer, (train, validation, _) = found.base.tokenizer, found.encoded
    tuned = learned(fresh, (train, validation), config, tokenizer.pad_token_id or 0, out, progress, found.texts)
    progress(1, 1, "Keeping the best epoch")
    save_model(tuned.model, tokenizer, classes, config.max_length, out / "model")
    if tuned.unseen is not None:
        unseen.keep(tuned.unseen, out)
    write_json(done, asdict(tuned.training))
    for folder in ("checkpoints", AGAIN, SPREAD):
        forget(out / folder)
    return tuned.training


def more_seeds(
    found: Seen,
    fresh: Callable[..., Classifier],
    config: TrainConfig,
    first: Seeded,
    seeds: int,
    out: Path,
    progress: Progress,
) -> Several | None:
    """The same training with other seeds beside the one that was kept; None where one is enough."""
    if seeds <= 1:
        return None
    keep(first, out / "seeds")
    pad = found.base.tokenizer.pad_token_id or 0
    return several(fresh, found.encoded, config, seeds, pad, out / "seeds", progress, found.texts)
