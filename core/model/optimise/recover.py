"""A smaller model learns from the tuned one: its rows, the teacher's answers to them, the training, and what is left.

Pruning and distillation differ in the model that they begin with; from there on both come through here. Only training
rows are learnt from, the validation rows choose the epoch, and the test rows are not looked at.
"""

import json
import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from core.errors import InputError
from core.model.classifier import WEIGHTS, Classifier, Encoded, in_batches, load_model, save_model, tokenise
from core.model.config import TrainConfig
from core.model.disk import write_json
from core.model.hardware import bf16_native, cpu_flags
from core.model.losses import Taught
from core.model.serving.rows import check_run, run_parts
from core.model.threads import threads
from core.model.train import fine_tune
from core.progress import Progress, silent

FILE = "made.json"  # in the model's folder: what it was made from, and how the training went
# A student of few rows learns from more varied texts. Of 10 rows of each BANKING77 class, 2,920 rows not learnt from:
# teacher 82.6 %, student 80.3 % with one varied text of each row, 81.1 % with 4, 81.2 % with 20 in twice the time.
# The training's length decides how many: with these rows the sample's student is trained in about a minute.
ROWS, MOST_VARIED = 2000, 20
DROPPED, SPLICED = 0.15, 0.3  # shares of words left out, and of varied texts that are two ends put together


@dataclass(frozen=True, slots=True)
class Teaching:
    """How a smaller model learns from the tuned one.

    Attributes:
        temperature: that softens both models' answers (Hinton et al. 2015: between 2 and 4 for small students).
        weight: share of the teacher in the loss; the labels have the rest.
        epochs: passes over the training rows.
        learning_rate: after warm-up; it falls to 0 linearly.
        batch_size: rows of a step.
        freeze_embeddings: leave the token embeddings as they are; a step is then about a fifth faster.
        varied: texts made of each training text by leaving words out and putting ends of two of a class together; the
            teacher says what they are (Tang et al. 2019, arXiv 1903.12136, section 3.3). None makes one, or as many
            (20 at most) as bring the rows to 2,000.
        seed: of rows' order, dropout, variation and samples.
        test: the test table where the run had one of its own: no text of it is learnt from.
    """

    temperature: float = 3.0
    weight: float = 0.8
    epochs: int = 4
    learning_rate: float = 2e-4
    batch_size: int = 32
    freeze_embeddings: bool = False
    varied: int | None = 0
    seed: int = 7
    test: Path | None = None

    def __post_init__(self) -> None:
        """Refuse settings that mean nothing.

        Raises:
            InputError: names the setting, what it was given, and what it can be.
        """
        if not self.temperature > 0:
            raise InputError(f"temperature is {self.temperature:g}: it must be more than 0.")
        if not 0 <= self.weight <= 1:
            raise InputError(f"weight is {self.weight:g}: it must be at least 0 and at most 1.")
        if self.varied is not None and self.varied < 0:
            raise InputError(f"varied is {self.varied}: it must be at least 0.")
        self.config(1)

    def copies(self, rows: int) -> int:
        """Varied texts of each of so many training rows."""
        if self.varied is not None:
            return self.varied
        return min(max(math.ceil(ROWS / rows) - 1, 1), MOST_VARIED)

    def config(self, max_length: int) -> TrainConfig:
        """The training's settings; the head is a trained one already, so it learns as slowly as the rest.

        Raises:
            InputError: a setting means nothing.
        """
        return TrainConfig(
            epochs=self.epochs,
            patience=self.epochs,
            learning_rate=self.learning_rate,
            head_factor=1.0,
            batch_size=self.batch_size,
            max_length=max_length,
            seed=self.seed,
            freeze_embeddings=self.freeze_embeddings,
            # With bf16 units a step takes 0.57 (pruned) and 0.69 times (distilled) the processor seconds; whatever it
            # rounds away shows in the student's receipt.
            precision="bf16" if bf16_native(cpu_flags()) else "fp32",
        )

    def as_json(self) -> dict[str, Any]:
        """The settings as JSON values, without the test table: the run's weights follow from it, not the student's."""
        return {name: value for name, value in asdict(self).items() if name != "test"}


@dataclass(frozen=True, slots=True)
class Lesson:
    """A finished run as a teacher.

    Attributes:
        teacher: the tuned model.
        limit: tokens of a text that it reads.
        own: how many of the training rows are the run's own.
        train: the run's training rows, and the varied ones with the class that the teacher gives them.
        logits: what the teacher says of them (rows, classes), computed once.
        validation: the run's validation rows.
    """

    teacher: Classifier
    tokenizer: PreTrainedTokenizerBase
    classes: tuple[str, ...]
    limit: int
    own: int
    train: Encoded
    validation: Encoded
    logits: Tensor
    weights_sha256: str

    @property
    def pad(self) -> int:
        """Id of the padding token."""
        return self.tokenizer.pad_token_id or 0

    def varied(self, settings: "Teaching") -> "Lesson":
        """The lesson with as many varied texts as the settings ask for, of those that it has."""
        n = self.own * (1 + settings.copies(self.own))
        train = Encoded(self.train.ids[:n], self.train.labels[:n])
        return replace(self, train=train, logits=self.logits[:n])

    def sample(self, rows: int, seed: int) -> tuple[Encoded, Tensor]:
        """Training rows drawn with a seed, and the teacher's logits of them."""
        drawn = Random(seed).sample(range(len(self.train.ids)), min(rows, len(self.train.ids)))  # noqa: S311
        picked = Encoded([self.train.ids[i] for i in drawn], [self.train.labels[i] for i in drawn])
        return picked, self.logits[torch.tensor(drawn)]


Reader = Callable[[Path, Teaching, Progress], Lesson]  # `read_lesson`, or one that hands out what it read before


def shared() -> Reader:
    """A reader that reads once for several students, with as many varied texts as the one that asks first wants."""
    kept: list[Lesson] = []

    def read(run: Path, settings: Teaching, progress: Progress) -> Lesson:
        if not kept:
            kept.append(read_lesson(run, settings, progress))
        return kept[0]

    return read


def made(run: Path, out: Path, kind: str, settings: Teaching) -> tuple[dict[str, Any], bool]:
    """What a model of these settings follows from, and whether `out` already holds the one that does.

    Raises:
        InputError: the run has not ended, is not of classes, or was changed since.
    """
    sha256 = check_run(run)["model"]["weights_sha256"]
    follows = {"kind": kind, "weights_sha256": sha256, "settings": settings.as_json()}
    try:
        kept = json.loads((out / FILE).read_text(encoding="utf-8"))["from"]
    except (OSError, ValueError, KeyError, TypeError):
        kept = None
    return follows, kept == follows and (out / WEIGHTS).is_file()


def read_lesson(run: Path, settings: Teaching, progress: Progress = silent) -> Lesson:
    """Load a run's model and rows, and let the model answer the rows that a student will learn from.

    Raises:
        InputError: the run is incomplete or was changed, its table is gone, or its test table is not named.
    """
    torch.set_num_threads(threads())
    sha256 = check_run(run)["model"]["weights_sha256"]
    progress(0, 1, "Reading the rows of the run")
    parts = run_parts(run, settings.test)
    teacher, tokenizer, classes, limit = load_model(run / "model")
    more = varied(parts.train.texts, parts.train.labels, settings.copies(len(parts.train)), settings.seed)
    ids = tokenise(tokenizer, [*parts.train.texts, *more], limit)
    pad = tokenizer.pad_token_id or 0
    logits = said(teacher, ids, pad, progress, "Asking the tuned model")
    guessed = logits[len(parts.train) :].argmax(1).tolist()
    validation = Encoded(tokenise(tokenizer, parts.validation.texts, limit), parts.validation.labels)
    train = Encoded(ids, [*parts.train.labels, *guessed])
    return Lesson(teacher, tokenizer, classes, limit, len(parts.train), train, validation, logits, sha256)


def said(model: Classifier, ids: Sequence[Sequence[int]], pad: int, progress: Progress, note: str) -> Tensor:
    """Logits (rows, classes) to learn from, or to judge layers by; in bf16 where the processor has units for it.

    That takes 0.56 times the processor seconds. Of 500 rows of the sample no answer changed, and no logit by more than
    0.05, which is far less than what a student gets wrong.
    """
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16_native(cpu_flags())):
        return in_batches(lambda **b: model(**b)["logits"], ids, pad, progress, note).float().clone()


def teach(
    lesson: Lesson,
    student: Classifier,
    settings: Teaching,
    out: Path,
    follows: dict[str, Any],
    progress: Progress = silent,
) -> Path:
    """Train the student, and leave it in `out`, whole or not at all.

    A training that was cancelled goes on from its last checkpoint when asked for again with the same settings.

    Args:
        lesson: the rows and the teacher's answers to them.
        student: smaller than the teacher, with a head for the same classes; it is changed.
        settings: of the training.
        out: the model's folder; what it held is replaced.
        follows: all that the weights follow from, as `made` gives it.
        progress: told after every step.

    Raises:
        Diverged: the loss is no longer a number.
        InputError: the disk is full.
    """
    work, config = _work(out, follows), settings.config(lesson.limit)
    taught = Taught(lesson.logits, settings.temperature, settings.weight)
    with known_words(student, (lesson.train, lesson.validation), lesson.pad) as (train, validation):
        folder = work / "checkpoints"
        training = fine_tune(student, train, validation, config, lesson.pad, folder, progress, taught=taught)
    save_model(student, lesson.tokenizer, lesson.classes, lesson.limit, out)
    write_json(out / FILE, {"from": follows, "training": asdict(training)})
    shutil.rmtree(work, ignore_errors=True)
    return out


@contextmanager
def known_words(model: Classifier, sides: Sequence[Encoded], pad: int) -> Iterator[list[Encoded]]:
    """Let the model learn the embeddings of the tokens that occur, and put them back among the others afterwards.

    A token that does not occur has no slope, and its embedding stays as it is. A step over all of them would spend half
    of its time on weights that do not move: 1,794 of 30,522 tokens occur in the sample venture.

    Args:
        model: whose token embeddings are smaller inside.
        sides: rows; yielded with the tokens' places among those that occur.
        pad: id of the padding token, which stays as it is: position embeddings go by it.
    """
    whole = model.encoder.get_input_embeddings()
    ids = {token for side in sides for row in side.ids for token in row} | set(range(pad + 1))
    occur = sorted(ids)
    place = {token: at for at, token in enumerate(occur)}
    few = nn.Embedding(len(occur), whole.embedding_dim, padding_idx=whole.padding_idx)
    few.weight = nn.Parameter(whole.weight.detach()[occur].clone())
    model.encoder.set_input_embeddings(few)
    try:
        yield [Encoded([[place[token] for token in row] for row in side.ids], side.labels) for side in sides]
    finally:
        with torch.no_grad():
            whole.weight[occur] = few.weight
        model.encoder.set_input_embeddings(whole)


def varied(texts: Sequence[str], labels: Sequence[int], copies: int, seed: int) -> list[str]:
    """Texts made of training texts: words left out, or the beginning of one and the end of another of its class."""
    draw = Random(seed)  # noqa: S311 - a sample, not a secret
    of_class: dict[int, list[str]] = {}
    for text, label in zip(texts, labels, strict=True):
        of_class.setdefault(label, []).append(text)
    found = []
    for _ in range(copies):
        for text, label in zip(texts, labels, strict=True):
            words = text.split()
            if draw.random() < SPLICED:
                other = draw.choice(of_class[label]).split()
                words = words[: draw.randint(0, len(words))] + other[draw.randint(0, len(other)) :]
            kept = [word for word in words if draw.random() >= DROPPED]
            found.append(" ".join(kept or words or text.split()))
    return found


def _work(out: Path, follows: dict[str, Any]) -> Path:
    """The folder of the unfinished training; one with other settings in it is begun anew."""
    work = out.with_name(f".{out.name}.training")
    file = work / "from.json"
    try:
        same = json.loads(file.read_text(encoding="utf-8")) == follows
    except (OSError, ValueError):
        same = False
    if not same:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        write_json(file, follows)
    return work
