"""Try it, for scores: what the kept model says to a text, how far off it may be, what is near, what is free.

What is kept, and where, is in `core.model.kept`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from core.model import kept
from core.model.classifier import predict_scores
from core.model.kept import Kept, Source
from core.model.scores import baselines
from core.model.scores.conformal import Conformal

if TYPE_CHECKING:
    from core.model.scores.look import ScoreLook

TASK = "score"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A training row near the text. `row` counts as in its file; `text` is None where the file is gone or changed."""

    row: int
    score: float
    similarity: float
    text: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """What a baseline predicts."""

    name: str
    score: float


@dataclass(frozen=True, slots=True)
class ScoreAnswer:
    """The model's answer to one text.

    Attributes:
        low, high: the interval that is meant to hold the true score; None where the validation rows were too few.
        interval: its level, and the share of the test rows that it held.
        seen: the least and the largest score that was learned from.
        cut: the text is longer than the model reads; the rest had no say.
    """

    score: float
    low: float | None
    high: float | None
    interval: Mapping[str, Any]
    seen: tuple[float, float]
    neighbours: tuple[Neighbour, ...]
    baselines: tuple[Said, ...]
    cut: bool

    def as_json(self) -> dict[str, Any]:
        """The answer as JSON values."""
        return {"task": TASK} | asdict(self)


def keep(run_dir: Path, found: "ScoreLook", reach: Conformal) -> None:
    """Write what a `ScoreAnswerer` needs besides `model/`."""
    asked, train, fitted = found.asked, found.parts.train, found.fitted
    kept.write(
        run_dir,
        {
            "task": TASK,
            "interval": reach.as_json(),
            "mean": fitted.mean,
            "neighbours": fitted.neighbours,
            "bias": fitted.bias,
        },
        {
            "index.scores": torch.tensor(train.scores, dtype=torch.float64),
            "linear.weight": fitted.weight.contiguous(),
        },
        found.embeddings[0],
        train.rows,
        fitted.words,
        found.config.base,
        Source(asked.data, asked.text, asked.label, asked.test),
    )


class ScoreAnswerer:
    """A run's kept model, ready to answer."""

    def __init__(self, run_dir: Path) -> None:
        """Load everything once.

        Raises:
            InputError: the run has not ended, or its folder is damaged.
        """
        self.kept = Kept(run_dir)
        try:
            self.scores, self.weight = (self.kept.tensors[n] for n in ("index.scores", "linear.weight"))
            names = ("interval", "mean", "neighbours", "bias")
            self.interval, self.mean, self.neighbours, self.bias = (self.kept.told[n] for n in names)
        except KeyError as error:
            raise kept.damaged(run_dir) from error
        self.seen = float(self.scores.min()), float(self.scores.max())

    @property
    def ready(self) -> dict[str, Any]:
        """What a process says once it can answer."""
        return {"task": TASK}

    def answer(self, text: str) -> ScoreAnswer:
        """Answer one text; an empty one gets the answer that no words at all get, and one too long is cut."""
        ids, cut = self.kept.ids(text)
        score = float(predict_scores(self.kept.model, [ids], self.kept.pad)[0])
        at, reach = self.kept.embed(text), self.interval["reach"]
        near = tuple(Neighbour(n.row, float(self.scores[n.at]), n.similarity, n.text) for n in self.kept.near(at))
        by_neighbours = baselines.neighbour_scores(self.kept.embeddings, self.scores, at[None], (self.neighbours,))
        said = (
            Said(baselines.MEAN, self.mean),
            Said(baselines.WORDS, float(self.kept.words.scores([text])[0, 0])),
            Said(baselines.NEIGHBOURS, float(by_neighbours[0, 0])),
            Said(baselines.EMBEDDINGS, float(at @ self.weight) + self.bias),
        )
        low, high = (None, None) if reach is None else (score - reach, score + reach)
        return ScoreAnswer(score, low, high, self.interval, self.seen, near, said, cut)
