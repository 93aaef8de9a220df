"""What "try it" keeps of a run beside its model, for classes and for scores alike: the folder `answer/`.

It holds no text: training rows are kept as numbers (row in the file, class or score, embedding), the words of the
TF-IDF baseline as hashes. The texts of near rows are read from the data file when asked for, if it is still the same.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.errors import InputError
from core.model.base import Base, file_hash, load_base
from core.model.classifier import Classifier, load_model, padded, tokenise
from core.model.data import read_rows
from core.model.tfidf import TfIdf

FOLDER = "answer"
NEAREST = 5


class Source(NamedTuple):
    """Where a run's rows are: the data file, its text and label columns, and the test table where there was one."""

    data: Path
    text: str
    label: str
    test: Path | None = None


@dataclass(frozen=True, slots=True)
class Near:
    """A training row near a text: its place in the index, its number in the file, its text where that is to be had."""

    at: int
    row: int
    similarity: float
    text: str | None


def write(
    run_dir: Path,
    told: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    embeddings: Tensor,
    rows: Sequence[int],
    words: TfIdf,
    base: str,
    source: Source | None,
) -> None:
    """Write the folder, whole or not at all.

    Args:
        run_dir: the run's folder.
        told: JSON values of the task's own.
        tensors: tensors of the task's own.
        embeddings: of the training rows by the *base* model (rows, hidden), as the baselines saw them.
        rows: their numbers in the data file.
        words: the TF-IDF baseline.
        base: the base model's name, for `load_base`: neighbours and regression read its embeddings.
        source: where the texts are, or None where they are never to be shown.
    """
    temporary, folder = run_dir / f".{FOLDER}.tmp", run_dir / FOLDER
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    shared = {
        "index.embeddings": embeddings.half().contiguous(),
        "index.rows": torch.tensor(rows, dtype=torch.int64),
        "words.columns": torch.from_numpy(words.columns),
        "words.idf": torch.from_numpy(words.idf),
        "words.weight": torch.from_numpy(words.weight).half(),
        "words.bias": torch.from_numpy(words.bias),
    }
    save_file(shared | dict(tensors), temporary / "answer.safetensors")
    values = dict(told) | {"base": base, "penalty": words.penalty, "source": _source(source)}
    (temporary / "answer.json").write_text(json.dumps(values, indent=2), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)


def told(run_dir: Path) -> dict[str, Any]:
    """The folder's JSON values.

    Raises:
        InputError: the run has not ended, or its folder is damaged.
    """
    try:
        return dict(json.loads((run_dir / FOLDER / "answer.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise InputError(f"{run_dir.name}: no training run has ended here; train it, or name another run.") from None
    except (OSError, ValueError, TypeError) as error:
        raise damaged(run_dir) from error


def damaged(run_dir: Path) -> InputError:
    """What to say of a folder that cannot be read."""
    return InputError(f"{run_dir.name}: holds nothing to answer with, or is damaged; train it again.")


class Kept:
    """A run's model and what was kept beside it, in memory."""

    def __init__(self, run_dir: Path) -> None:
        """Load everything once.

        Raises:
            InputError: the run has not ended, or its folder is damaged.
        """
        self.told = told(run_dir)
        self.model, self.tokenizer, self.classes, self.limit = load_model(run_dir / "model")
        try:
            self.tensors = load_file(run_dir / FOLDER / "answer.safetensors")
            self.embeddings, self.rows = self.tensors["index.embeddings"].float(), self.tensors["index.rows"]
            self.words = TfIdf(
                self.tensors["words.columns"].numpy(),
                self.tensors["words.idf"].numpy(),
                self.tensors["words.weight"].float().numpy(),
                self.tensors["words.bias"].numpy(),
                self.told["penalty"],
            )
            base, source = str(self.told["base"]), self.told["source"]
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise damaged(run_dir) from error
        self.base: Base = load_base(base)
        self.reader = Classifier(self.base.encoder, 1).eval()
        self.texts = _texts(source)

    @property
    def pad(self) -> int:
        """Id of the tuned model's padding token."""
        return self.tokenizer.pad_token_id or 0

    def ids(self, text: str) -> tuple[list[int], bool]:
        """Token ids of a text as the model reads it, and whether it was cut."""
        ids, whole = (tokenise(self.tokenizer, [text], n)[0] for n in (self.limit, self.limit + 1))
        return ids, len(whole) > len(ids)

    def embed(self, text: str) -> Tensor:
        """The base model's embedding of a text (hidden,), of unit length."""
        ids = tokenise(self.base.tokenizer, [text], self.limit)
        with torch.inference_mode():
            return self.reader.embed(**padded(ids, self.base.tokenizer.pad_token_id or 0))[0]

    def near(self, at: Tensor) -> tuple[Near, ...]:
        """The training rows nearest to an embedding (hidden,), the nearest first."""
        similarity, which = (self.embeddings @ at).topk(min(NEAREST, len(self.embeddings)))
        found = [(int(i), int(self.rows[i]), float(s)) for i, s in zip(which, similarity, strict=True)]
        return tuple(Near(i, row, s, self.texts.get(row)) for i, row, s in found)


def _source(source: Source | None) -> dict[str, str] | None:
    if source is None:
        return None
    file, text, label, test = source
    told = {"file": str(file.resolve()), "sha256": file_hash(file), "text": text, "label": label}
    return told | ({"test": str(test.resolve())} if test else {})


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
