"""The first look at labelled rows, in seconds and before any training: what they are, and what is free.

It reads and splits the rows, embeds them once with the frozen base model, and takes everything from that: what is true
of the data, the baselines on the test rows, and how much more labels would bring. Training goes on from it.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.model import audit
from core.model.audit import DataReport
from core.model.base import Base, load_base
from core.model.baselines import Baselines, measure_baselines
from core.model.benchmark import BaselineScore, baseline_scores
from core.model.classifier import Classifier, Encoded, tokenise
from core.model.config import TrainConfig
from core.model.curve import Curve, learning_curve
from core.model.data import read_rows, read_texts
from core.model.encoding import embed, encode, fresh
from core.model.recipe import settled
from core.model.shots import few, with_texts
from core.model.split import Split, split
from core.model.stats import Paired, compare
from core.model.threads import sharing, threads
from core.progress import Cancelled, Progress, part, silent

AHEAD_S, AHEAD_BYTES = 60.0, 20_000_000  # rows are read before anybody asked no longer, and of no larger a file


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants to look at or learn from.

    Attributes:
        data: labelled rows.
        test: rows to measure on; None holds back a part of `data`.
        text, label: the columns of both files.
        shots: rows of each class whose labels are learned from; None takes all.
        unlabelled: a file of texts without labels and its column; they help where labels are few.
        labelled_only: learn from labelled rows only, and not from the texts of the rows that `shots` leaves.
        settings: fields of `TrainConfig` that the person set.
        target: accuracy that the model must reach, or mean absolute error that its scores must stay under, for the
            forecast of rows; None asks for none.
        kept: folder in which a look keeps the embeddings; None keeps none.
    """

    data: Path
    test: Path | None
    text: str
    label: str
    shots: int | None = None
    settings: Mapping[str, Any] | None = None
    target: float | None = None
    kept: Path | None = None
    unlabelled: tuple[Path, str] | None = None
    labelled_only: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What a first look found, and what training goes on with.

    Attributes:
        config: the settings of a run on these rows; `why` says what was chosen.
        encoded: token ids of training, validation and test rows.
        texts: token ids of the texts without a label.
        embeddings: of the three, by the frozen base model: (rows, hidden), unit length.
        scores: the baselines on the test rows.
    """

    asked: Asked
    config: TrainConfig
    why: str
    base: Base
    parts: Split
    encoded: tuple[Encoded, Encoded, Encoded]
    embeddings: tuple[Tensor, Tensor, Tensor]
    report: DataReport
    fitted: Baselines
    scores: tuple[BaselineScore, ...]
    curve: Curve
    seconds: float
    texts: Sequence[Sequence[int]] = ()

    @property
    def truth(self) -> npt.NDArray[np.int64]:
        """The classes of the test rows."""
        return np.asarray(self.parts.test.labels, dtype=np.int64)

    @property
    def fresh_rows(self) -> npt.NDArray[np.bool_]:
        """Which test rows have no near-duplicate among the rows that were learned from."""
        return fresh(len(self.parts.test), self.report.twins)

    def start(self, *, refit: bool = False) -> Classifier:
        """The base model with the logistic regression as its head: what fine-tuning begins with.

        Only a training that is to learn from the validation rows too may begin with a regression that has seen them.
        """
        model: Classifier = Classifier(self.base.encoder, len(self.parts.classes)).eval()
        regression = self.fitted.linear if refit else self.fitted.chosen
        with torch.no_grad():
            model.head.weight.copy_(regression.weight)
            model.head.bias.copy_(regression.bias)
        return model

    def against(self, answers: npt.NDArray[np.int64]) -> tuple[Paired, ...]:
        """A model's answers to the test rows compared with each baseline's."""
        return tuple(compare(self.truth, answers, b.answers, b.name, self.config.seed) for b in self.fitted.table)

    def as_json(self) -> dict[str, Any]:
        """What was found, as the command line prints it."""
        target = self.asked.target
        return {
            "data": self.report.as_json(),
            "baselines": [s.as_json() for s in self.scores],
            "curve": self.curve.as_json() | {"needed": self.curve.needed(target).as_json() if target else None},
            "base": {"name": self.config.base_name, "sha256": self.base.sha256},
            "seconds": self.seconds,
        }


def look(asked: Asked, progress: Progress = silent, load: Callable[[str], Base] = load_base) -> Look:
    """Read, split and embed the rows, audit them, and measure the free baselines on the test rows.

    Args:
        asked: rows and settings.
        progress: told at least every second or two.
        load: of the base model; `core.model.plain.read_base` where nothing will be trained.

    Raises:
        InputError: the data, the settings or the base model cannot be used.
    """
    begun = time.perf_counter()
    torch.set_num_threads(threads())
    read = _read(asked, progress, load)
    config, parts, embeddings = read.config, read.parts, read.embeddings
    report = audit.inspect(
        parts,
        files=(asked.data.name, asked.test.name if asked.test else asked.data.name),
        lengths=read.lengths,
        limit=min(config.max_length, read.base.tokenizer.model_max_length),
        x=torch.cat(embeddings),
        notes=read.notes,
        seed=read.seed,
        progress=part(progress, 0.5, 0.7),
    )
    texts = (parts.train.texts, parts.validation.texts, parts.test.texts)
    labels = (parts.train.labels, parts.validation.labels)
    classes = len(parts.classes)
    told = part(progress, 0.7, 0.9)
    fitted = measure_baselines(texts, labels, embeddings, classes, read.seconds, told, refit=config.refit)
    curve = learning_curve(
        embeddings[0],
        torch.tensor(parts.train.labels),
        embeddings[2],
        torch.tensor(parts.test.labels),
        classes,
        fitted.linear.strength,
        read.seed,
        part(progress, 0.9, 1),
    )
    truth = np.asarray(parts.test.labels, dtype=np.int64)
    return Look(
        asked=asked,
        config=config,
        why=read.why,
        base=read.base,
        parts=parts,
        encoded=read.encoded,
        embeddings=embeddings,
        report=report,
        fitted=fitted,
        scores=baseline_scores(fitted, truth, fresh(len(parts.test), report.twins)),
        curve=curve,
        seconds=time.perf_counter() - begun,
        texts=tokenise(read.base.tokenizer, parts.texts, config.max_length) if parts.texts else (),
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """Rows as the base model reads them; `seconds` is what the embeddings took."""

    config: TrainConfig
    why: str
    base: Base
    parts: Split
    seed: int
    notes: tuple[str, ...]
    encoded: tuple[Encoded, Encoded, Encoded]
    lengths: list[int]
    embeddings: tuple[Tensor, Tensor, Tensor]
    seconds: float


def read_ahead(asked: Asked, progress: Progress, load: Callable[[str], Base]) -> None:
    """Read the rows as `look` will, on half of the processors, and keep their embeddings in `asked.kept`.

    Args:
        asked: as `look` will be.
        progress: told after every batch; what it raises ends this, and a look in the same process goes on from there.
        load: of the base model.

    Raises:
        InputError: as `look` does.
    """
    until = time.monotonic() + AHEAD_S

    def told(done: float, total: float, note: str = "") -> None:
        if time.monotonic() > until:
            raise Cancelled
        progress(done, total, note)

    if asked.data.stat().st_size <= AHEAD_BYTES:
        with sharing(max(1, threads() // 2)), suppress(Cancelled):
            _read(asked, told, load)


def _read(asked: Asked, progress: Progress, load: Callable[[str], Base]) -> _Read:
    progress(0, 1, "Reading the rows")
    rows = read_rows(asked.data, asked.text, asked.label)
    held = read_rows(asked.test, asked.text, asked.label) if asked.test else None
    seed = int((asked.settings or {}).get("seed") or TrainConfig().seed)
    parts = split(rows, held, seed, asked.data.name)
    if asked.shots is not None:
        parts = few(parts, asked.shots, seed)
    more = read_texts(*asked.unlabelled) if asked.unlabelled else ()
    parts = replace(parts, texts=()) if asked.labelled_only else with_texts(parts, more, seed)
    config, why = settled(asked.settings or {}, len(parts.train), len(parts.classes), len(parts.texts))
    progress(0.02, 1, "Loading the base model")
    base = load(config.base)
    train, validation, test = ((side.texts, side.labels) for side in (parts.train, parts.validation, parts.test))
    encoded, lengths = encode(base, (train, validation, test), config.max_length, part(progress, 0.05, 0.1))
    embedded = time.perf_counter()
    embeddings = embed(base, encoded, part(progress, 0.1, 0.5), asked.kept)
    embedded = time.perf_counter() - embedded
    notes = rows.notes + (held.notes if held else ())
    return _Read(config, why, base, parts, seed, notes, encoded, lengths, embeddings, embedded)
