"""The first look at rows with scores, in seconds and before any training: what they are, and what is free."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.errors import InputError
from core.model.base import Base, load_base
from core.model.classifier import Classifier, Encoded
from core.model.config import TrainConfig
from core.model.data import read_scores
from core.model.encoding import embed, encode, fresh
from core.model.look import Asked
from core.model.losses import scale_of
from core.model.recipe import FULL_SETTINGS
from core.model.scores.audit import ScoreReport, inspect_scores
from core.model.scores.baselines import EMBEDDINGS, Fitted, Measured, fit_baselines, measured
from core.model.scores.curve import Curve, learning_curve
from core.model.scores.stats import Floats
from core.model.split import ScoreSplit, split_scores
from core.model.threads import threads
from core.progress import Progress, part, silent

_CHOSEN = "Settings for scores where none were given: those for many examples."


@dataclass(frozen=True, slots=True)
class ScoreLook:
    """What a first look found, and what training goes on with.

    Attributes:
        encoded: token ids of training, validation and test rows.
        why: what was chosen for the person.
        embeddings: of the three, by the frozen base model: (rows, hidden), unit length.
        baselines: their errors on the test rows.
        curve: how the error falls with more rows.
    """

    asked: Asked
    config: TrainConfig
    base: Base
    parts: ScoreSplit
    encoded: tuple[Encoded, Encoded, Encoded]
    embeddings: tuple[Tensor, Tensor, Tensor]
    why: str
    report: ScoreReport
    fitted: Fitted
    baselines: tuple[Measured, ...]
    curve: Curve
    seconds: float

    @property
    def truth(self) -> Floats:
        """The scores of the test rows."""
        return np.asarray(self.parts.test.scores)

    @property
    def fresh_rows(self) -> npt.NDArray[np.bool_]:
        """Which test rows have no near-duplicate among the rows that were learned from."""
        return fresh(len(self.parts.test), self.report.twins)

    @property
    def texts(self) -> tuple[Sequence[int], ...]:
        """Scores do not spread to texts without one."""
        return ()

    @property
    def best(self) -> Measured:
        """The baseline that the validation rows chose: what a tuned model has to beat."""
        return next(b for b in self.baselines if b.best)

    def start(self) -> Classifier:
        """The base model with the ridge regression as its head: what fine-tuning begins with."""
        model: Classifier = Classifier(self.base.encoder, 1).eval()
        scale = model.scale = scale_of(self.parts.train.scores)
        with torch.no_grad():
            model.head.weight.copy_((self.fitted.weight / scale.std).reshape(1, -1))
            model.head.bias.fill_((self.fitted.bias - scale.mean) / scale.std)
        return model

    def as_json(self) -> dict[str, Any]:
        """What was found, as the command line prints it."""
        target = self.asked.target
        return {
            "task": "score",
            "data": self.report.as_json(),
            "baselines": [b.as_json() for b in self.baselines],
            "curve": self.curve.as_json() | {"needed": self.curve.needed(target).as_json() if target else None},
            "base": {"name": self.config.base_name, "sha256": self.base.sha256},
            "seconds": self.seconds,
        }


def look_scores(asked: Asked, progress: Progress = silent, load: Callable[[str], Base] = load_base) -> ScoreLook:
    """Read, split and embed the rows, audit them, and measure the free baselines on the test rows.

    Args:
        asked: rows and settings.
        progress: told at least every second or two.
        load: of the base model; `core.model.plain.read_base` where nothing will be trained.

    Raises:
        InputError: the data, the settings or the base model cannot be used.
    """
    begun = time.perf_counter()
    if asked.shots is not None:
        raise InputError("shots are rows of each class; scores have no classes: leave it out.")
    if asked.unlabelled is not None:
        raise InputError("Texts without labels help to tell classes apart; a score does not spread: leave them out.")
    torch.set_num_threads(threads())
    progress(0, 1, "Reading the rows")
    said = {name: value for name, value in (asked.settings or {}).items() if value is not None}
    config = TrainConfig(**FULL_SETTINGS | said | {"task": "score"})
    rows = read_scores(asked.data, asked.text, asked.label)
    held = read_scores(asked.test, asked.text, asked.label) if asked.test else None
    parts = split_scores(rows, held, config.seed, asked.data.name)
    progress(0.02, 1, "Loading the base model")
    base = load(config.base)
    train, validation, test = ((side.texts, side.scores) for side in (parts.train, parts.validation, parts.test))
    encoded, lengths = encode(base, (train, validation, test), config.max_length, part(progress, 0.05, 0.1))
    embedded = time.perf_counter()
    embeddings = embed(base, encoded, part(progress, 0.1, 0.6))
    embedded = time.perf_counter() - embedded
    report = inspect_scores(
        parts,
        files=(asked.data.name, asked.test.name if asked.test else asked.data.name),
        lengths=lengths,
        limit=min(config.max_length, base.tokenizer.model_max_length),
        notes=rows.notes + (held.notes if held else ()),
        progress=part(progress, 0.6, 0.75),
    )
    fitted = fit_baselines(parts, embeddings, embedded, part(progress, 0.75, 0.9))
    curve = _curve(parts, embeddings, fitted, config.seed, part(progress, 0.9, 0.95))
    progress(0.95, 1, "Intervals")
    return ScoreLook(
        asked=asked,
        config=config,
        base=base,
        parts=parts,
        encoded=encoded,
        embeddings=embeddings,
        why=_CHOSEN,
        report=report,
        fitted=fitted,
        baselines=measured(fitted, np.asarray(parts.test.scores), fresh(len(parts.test), report.twins), config.seed),
        curve=curve,
        seconds=time.perf_counter() - begun,
    )


def _curve(
    parts: ScoreSplit, embeddings: tuple[Tensor, Tensor, Tensor], fitted: Fitted, seed: int, progress: Progress
) -> Curve:
    """The learning curve of the ridge regression on embeddings, held against the test rows."""
    penalty = next(b for b in fitted.table if b.name == EMBEDDINGS).settings["penalty"]
    x, _, x_test = (side.double().numpy() for side in embeddings)
    y, y_test = np.asarray(parts.train.scores), np.asarray(parts.test.scores)
    return learning_curve(x, y, x_test, y_test, penalty, seed, progress)
