"""Try it: what the kept model says to a text, how sure it is, which training rows are near, what the baselines say.

Here for classes, in `core.model.scores.answer` for scores; `answerer` finds out which a run has. What is kept, and
where, is in `core.model.kept`.
"""

import json
import queue
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import torch
from torch import Tensor

from core.model import baselines, kept
from core.model.baselines import Baselines
from core.model.classifier import padded
from core.model.kept import FOLDER, Kept, Source
from core.model.scores.answer import TASK as SCORE
from core.model.scores.answer import ScoreAnswerer

__all__ = ["FOLDER", "Answer", "Answerer", "answerer", "keep", "serve"]

TOP = 5
LONGEST_LINE = 1_000_000  # characters of a request


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A training row near the text. `row` counts as in its file; `text` is None where the file is gone or changed."""

    row: int
    label: str
    similarity: float
    text: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """What a baseline answers; `confidence` is None where its method gives no probability."""

    name: str
    label: str
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The model's answer to one text.

    Attributes:
        confidence: of the label, calibrated where a temperature was kept.
        top: the likeliest labels and their probabilities, the answer first.
        cut: the text is longer than the model reads; the rest had no say.
    """

    label: str
    confidence: float
    calibrated: bool
    top: tuple[tuple[str, float], ...]
    neighbours: tuple[Neighbour, ...]
    baselines: tuple[Said, ...]
    cut: bool

    def as_json(self) -> dict[str, Any]:
        """The answer as JSON values."""
        return {
            "label": self.label,
            "confidence": self.confidence,
            "calibrated": self.calibrated,
            "top": [{"label": label, "probability": p} for label, p in self.top],
            "neighbours": [asdict(n) for n in self.neighbours],
            "baselines": [asdict(b) for b in self.baselines],
            "cut": self.cut,
        }


def keep(
    run_dir: Path,
    embeddings: Tensor,
    labels: Sequence[int],
    rows: Sequence[int],
    fitted: Baselines,
    base_encoder: str,
    source: Source | None,
    temperature: float | None = None,
) -> None:
    """Write what an `Answerer` needs besides `model/`; the folder appears whole or not at all.

    Args:
        run_dir: the run's folder.
        embeddings: of the training rows by the *base* model (rows, hidden), as the baselines saw them.
        labels: classes of the training rows.
        rows: their numbers in the data file.
        fitted: the baselines.
        base_encoder: the base model's name.
        source: the data file and its text and label columns, or None where its texts are never to be shown.
        temperature: of the tuned model, from `calibrate`.
    """
    told = {
        "task": "classify",
        "temperature": temperature,
        "majority": int(fitted[baselines.MAJORITY].settings["class"]),
        "neighbours": fitted.neighbours,
    }
    tensors = {
        "index.labels": torch.tensor(labels, dtype=torch.int32),
        "linear.weight": fitted.linear.weight.contiguous(),
        "linear.bias": fitted.linear.bias.contiguous(),
    }
    kept.write(run_dir, told, tensors, embeddings, rows, fitted.words, base_encoder, source)


class Answerer:
    """A run's kept model, ready to answer."""

    def __init__(self, run_dir: Path) -> None:
        """Load everything once.

        Raises:
            InputError: the run has not ended, or its folder is damaged.
        """
        self.kept = Kept(run_dir)
        try:
            tensors, told = self.kept.tensors, self.kept.told
            self.labels = tensors["index.labels"].long()
            self.linear = tensors["linear.weight"], tensors["linear.bias"]
            self.temperature, self.majority, self.neighbours = (
                told[n] for n in ("temperature", "majority", "neighbours")
            )
        except KeyError as error:
            raise kept.damaged(run_dir) from error

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels, in the order of the model's outputs."""
        return self.kept.classes

    @property
    def ready(self) -> dict[str, Any]:
        """What a process says once it can answer."""
        return {"task": "classify", "classes": len(self.classes)}

    def answer(self, text: str) -> Answer:
        """Answer one text; an empty one gets the answer that no words at all get, and one too long is cut."""
        ids, cut = self.kept.ids(text)
        with torch.inference_mode():
            logits = self.kept.model(**padded([ids], self.kept.pad))["logits"][0]
            p = (logits / (self.temperature or 1.0)).softmax(0)
            best = p.topk(min(TOP, len(p)))
        top = tuple((self.classes[int(i)], float(v)) for v, i in zip(best.values, best.indices, strict=True))
        at = self.kept.embed(text)
        near = tuple(
            Neighbour(n.row, self.classes[int(self.labels[n.at])], n.similarity, n.text) for n in self.kept.near(at)
        )
        return Answer(*top[0], self.temperature is not None, top, near, self._baselines(text, at), cut)

    def _baselines(self, text: str, at: Tensor) -> tuple[Said, ...]:
        votes = baselines.neighbour_votes(
            self.kept.embeddings, self.labels, at[None], self.neighbours, len(self.classes)
        )[0]
        regression = (at @ self.linear[0].T + self.linear[1]).softmax(0)
        share = float((self.labels == self.majority).double().mean())
        return (
            Said(baselines.MAJORITY, self.classes[self.majority], share),
            Said(baselines.WORDS, self.classes[int(self.kept.words.scores([text]).argmax())], None),
            Said(baselines.NEIGHBOURS, self.classes[int(votes.argmax())], float(votes.max())),
            Said(baselines.REGRESSION, self.classes[int(regression.argmax())], float(regression.max())),
        )


def answerer(run_dir: Path) -> Answerer | ScoreAnswerer:
    """A run's kept model, of classes or of scores, ready to answer.

    Raises:
        InputError: the run has not ended, or its folder is damaged.
    """
    task = kept.told(run_dir).get("task", "classify")  # runs before scores could be tried do not say
    return ScoreAnswerer(run_dir) if task == SCORE else Answerer(run_dir)


def serve(run_dir: Path, source: TextIO, sink: TextIO, idle_s: float = 900.0) -> int:
    """Answer JSON lines until the input ends or nobody asked for `idle_s` seconds; returns the lines answered.

    The first line out is {"ready": true}. Then each {"text": "..."} gets one line: the answer, or {"error": "..."}.

    Raises:
        InputError: the run cannot answer.
    """
    loaded = answerer(run_dir)
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(source, lines), daemon=True).start()
    _say(sink, {"ready": True} | loaded.ready)
    answered = 0
    while True:
        try:
            line = lines.get(timeout=idle_s)
        except queue.Empty:
            return answered
        if line is None:
            return answered
        if line.strip():
            _say(sink, _reply(loaded, line))
            answered += 1


def _read(source: Iterable[str], lines: "queue.Queue[str | None]") -> None:
    for line in source:
        lines.put(line)
    lines.put(None)


def _say(sink: TextIO, values: dict[str, Any]) -> None:
    sink.write(json.dumps(values) + "\n")
    sink.flush()


def _reply(loaded: Answerer | ScoreAnswerer, line: str) -> dict[str, Any]:
    if len(line) > LONGEST_LINE:
        return {"error": f"Longer than {LONGEST_LINE:,} characters: send a shorter text."}
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        return {"error": 'Not JSON: each line is {"text": "…"}.'}
    text = request.get("text") if isinstance(request, dict) else None
    if not isinstance(text, str):
        return {"error": 'No text: each line is {"text": "…"}.'}
    try:
        # Half of a character pair is valid JSON but not text, and tokenizers refuse it.
        return loaded.answer(text.encode("utf-8", "replace").decode("utf-8")).as_json()
    except (RuntimeError, ValueError) as error:
        return {"error": f"This text could not be answered ({type(error).__name__})."}
