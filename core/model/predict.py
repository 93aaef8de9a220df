"""Try it: what the kept model says to a text, how sure it is, which training rows are near, what the baselines say.

`keep` writes a folder `answer/` beside `model/`. It holds no text: training rows are kept as numbers (row in the file,
class, embedding), the words of the TF-IDF baseline as hashes. The texts of near rows are read from the data file when
asked for, if that file is still the same.
"""

import json
import queue
import shutil
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from core.errors import InputError
from core.model import baselines
from core.model.base import file_hash, load_base
from core.model.baselines import Baselines
from core.model.classifier import load_model, padded, tokenise
from core.model.data import read_rows
from core.model.tfidf import TfIdf

FOLDER = "answer"
TOP = 5
NEAREST = 5
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
    source: tuple[Path, str, str] | None,
    temperature: float | None = None,
) -> None:
    """Write what an `Answerer` needs besides `model/`; the folder appears whole or not at all.

    Args:
        run_dir: the run's folder.
        embeddings: of the training rows by the *base* model (rows, hidden), as the baselines saw them.
        labels: classes of the training rows.
        rows: their numbers in the data file.
        fitted: the baselines.
        base_encoder: the base model's name, for `load_base`: neighbours and regression read its embeddings.
        source: the data file and its text and label columns, or None where its texts are never to be shown.
        temperature: of the tuned model, from `calibrate`.
    """
    temporary, folder = run_dir / f".{FOLDER}.tmp", run_dir / FOLDER
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    words = fitted.words
    save_file(
        {
            "index.embeddings": embeddings.half().contiguous(),
            "index.labels": torch.tensor(labels, dtype=torch.int32),
            "index.rows": torch.tensor(rows, dtype=torch.int64),
            "linear.weight": fitted.linear.weight.contiguous(),
            "linear.bias": fitted.linear.bias.contiguous(),
            "words.columns": torch.from_numpy(words.columns),
            "words.idf": torch.from_numpy(words.idf),
            "words.weight": torch.from_numpy(words.weight).half(),
            "words.bias": torch.from_numpy(words.bias),
        },
        temporary / "answer.safetensors",
    )
    told = {
        "base": base_encoder,
        "temperature": temperature,
        "majority": int(fitted[baselines.MAJORITY].settings["class"]),
        "neighbours": fitted.neighbours,
        "penalty": words.penalty,
        "source": None
        if source is None
        else {
            "file": str(source[0].resolve()),
            "sha256": file_hash(source[0]),
            "text": source[1],
            "label": source[2],
        },
    }
    (temporary / "answer.json").write_text(json.dumps(told, indent=2), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)


class Answerer:
    """A run's kept model, ready to answer."""

    def __init__(self, run_dir: Path) -> None:
        """Load everything once.

        Raises:
            InputError: the run has not ended, or its folder is damaged.
        """
        if not (run_dir / FOLDER / "answer.json").is_file():
            raise InputError(f"{run_dir.name}: no training run has ended here; train it, or name another run.")
        self.model, self.tokenizer, self.classes, self.limit = load_model(run_dir / "model")
        try:
            self.told: dict[str, Any] = json.loads((run_dir / FOLDER / "answer.json").read_text(encoding="utf-8"))
            kept = load_file(run_dir / FOLDER / "answer.safetensors")
            self.embeddings, self.labels, self.rows = (
                kept["index.embeddings"].float(),
                kept["index.labels"].long(),
                kept["index.rows"],
            )
            self.linear = kept["linear.weight"], kept["linear.bias"]
            self.words = TfIdf(
                kept["words.columns"].numpy(),
                kept["words.idf"].numpy(),
                kept["words.weight"].float().numpy(),
                kept["words.bias"].numpy(),
                self.told["penalty"],
            )
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise InputError(f"{run_dir.name}: holds nothing to answer with, or is damaged; train it again.") from error
        self.base = load_base(self.told["base"])
        self.texts = _texts(self.told["source"])

    def answer(self, text: str) -> Answer:
        """Answer one text; an empty one gets the answer that no words at all get, and one too long is cut."""
        ids, whole = (tokenise(self.tokenizer, [text], n)[0] for n in (self.limit, self.limit + 1))
        temperature = self.told["temperature"]
        with torch.inference_mode():
            batch = padded([ids], self.tokenizer.pad_token_id or 0)
            p = (self.model(**batch)["logits"][0] / (temperature or 1.0)).softmax(0)
            best = p.topk(min(TOP, len(p)))
            top = tuple((self.classes[int(i)], float(v)) for v, i in zip(best.values, best.indices, strict=True))
            at = self._embed(text)
        similarity, which = (self.embeddings @ at).topk(min(NEAREST, len(self.embeddings)))
        near = tuple(self._neighbour(int(i), float(s)) for i, s in zip(which, similarity, strict=True))
        return Answer(*top[0], temperature is not None, top, near, self._baselines(text, at), len(whole) > len(ids))

    def _embed(self, text: str) -> Tensor:
        ids = tokenise(self.base.tokenizer, [text], self.limit)
        batch = padded(ids, self.base.tokenizer.pad_token_id or 0)
        hidden = self.base.encoder(**batch).last_hidden_state[0]
        return functional.normalize(hidden.mean(0), dim=-1)

    def _neighbour(self, i: int, similarity: float) -> Neighbour:
        row = int(self.rows[i])
        return Neighbour(row, self.classes[int(self.labels[i])], similarity, self.texts.get(row))

    def _baselines(self, text: str, at: Tensor) -> tuple[Said, ...]:
        votes = baselines.neighbour_votes(
            self.embeddings, self.labels, at[None], self.told["neighbours"], len(self.classes)
        )[0]
        regression = (at @ self.linear[0].T + self.linear[1]).softmax(0)
        share = float((self.labels == self.told["majority"]).double().mean())
        return (
            Said(baselines.MAJORITY, self.classes[self.told["majority"]], share),
            Said(baselines.WORDS, self.classes[int(self.words.scores([text]).argmax())], None),
            Said(baselines.NEIGHBOURS, self.classes[int(votes.argmax())], float(votes.max())),
            Said(baselines.REGRESSION, self.classes[int(regression.argmax())], float(regression.max())),
        )


def serve(run_dir: Path, source: TextIO, sink: TextIO, idle_s: float = 900.0) -> int:
    """Answer JSON lines until the input ends or nobody asked for `idle_s` seconds; returns the lines answered.

    The first line out is {"ready": true}. Then each {"text": "..."} gets one line: the answer, or {"error": "..."}.

    Raises:
        InputError: the run cannot answer.
    """
    answerer = Answerer(run_dir)
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(source, lines), daemon=True).start()
    _say(sink, {"ready": True, "classes": len(answerer.classes)})
    answered = 0
    while True:
        try:
            line = lines.get(timeout=idle_s)
        except queue.Empty:
            return answered
        if line is None:
            return answered
        if line.strip():
            _say(sink, _reply(answerer, line))
            answered += 1


def _read(source: Iterable[str], lines: "queue.Queue[str | None]") -> None:
    for line in source:
        lines.put(line)
    lines.put(None)


def _say(sink: TextIO, values: dict[str, Any]) -> None:
    sink.write(json.dumps(values) + "\n")
    sink.flush()


def _reply(answerer: Answerer, line: str) -> dict[str, Any]:
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
        return answerer.answer(text.encode("utf-8", "replace").decode("utf-8")).as_json()
    except (RuntimeError, ValueError) as error:
        return {"error": f"This text could not be answered ({type(error).__name__})."}


def _texts(source: dict[str, str] | None) -> dict[int, str]:
    """Texts by row number, from the data file if it is the one that was learned from."""
    if source is None:
        return {}
    file = Path(source["file"])
    try:
        if file_hash(file) != source["sha256"]:
            return {}
        rows = read_rows(file, source["text"], source["label"])
    except (OSError, InputError):
        return {}
    return dict(zip(rows.rows, rows.texts, strict=True))
