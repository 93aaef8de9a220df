"""Base models under the heads that a probe gave them, timed in turns: noise of the machine must not decide the pick."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from core.model.base import Base
from core.model.classifier import Classifier, padded, tokenise
from core.model.serving.timing import time_together
from core.model.stats import Interval
from core.model.threads import sharing, suit_request, threads
from core.progress import Progress

LONGEST = 5  # times the seconds that timing may take where p95 needs them


class Headed:
    """A base model as it would answer, on the threads that suit its size; an `Engine`."""

    classes: tuple[str, ...] = ()
    batch_free = True

    def __init__(self, base: Base, model: Classifier, max_length: int, texts: Sequence[str]) -> None:
        """Take a model whose head has learned; `texts` are such as it will be asked."""
        self.name, self.folder = base.name, Path(base.encoder.config._name_or_path or base.name)
        self.model, self.tokenizer, self.max_length = model.eval(), base.tokenizer, max_length
        self.threads = suit_request(base.encoder.config.to_dict(), texts)
        weights = list(base.encoder.parameters())
        self.parameters = sum(w.numel() for w in weights)
        self.bytes = sum(w.numel() * w.element_size() for w in weights)

    def logits(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Logits (texts, classes), or the score (texts, 1)."""
        if torch.get_num_threads() != self.threads:  # another model's turn has just ended
            torch.set_num_threads(self.threads)
        with torch.inference_mode():
            ids = tokenise(self.tokenizer, texts, self.max_length)
            found: npt.NDArray[np.float32] = self.model(**padded(ids, self.tokenizer.pad_token_id or 0))[
                "logits"
            ].numpy()
        return found


class Waiting:
    """Models that wait to be timed together; where memory does not hold all of them, in several rounds.

    Attributes:
        p95: by name, of those that were timed; None where too few requests fitted into the time.
        seconds: by name, its share of the time that timing took.
        rounds: how often models were timed; times of different rounds compare less well.
    """

    def __init__(self, texts: Sequence[str], seed: int, seconds: float, most: int, room: float) -> None:
        """Time single `texts` for `seconds` a model and at most `most` requests; `room` is in bytes of weights."""
        self.texts, self.seed, self.spend, self.most, self.room = texts, seed, seconds, most, room
        self.models: list[Headed] = []
        self.p95: dict[str, Interval | None] = {}
        self.seconds: dict[str, float] = {}
        self.rounds = 0

    def add(self, model: Headed, progress: Progress) -> None:
        """Let one more wait; if memory does not hold it beside those that wait, these are timed first, and let go."""
        if self.models and sum(m.bytes for m in self.models) + model.bytes > self.room:
            self.time(progress)
        self.models.append(model)

    def time(self, progress: Progress) -> None:
        """Time those that wait, in turns on the same texts, and let go of them."""
        if not self.models:
            return
        begun, n = time.perf_counter(), len(self.models)
        with sharing(threads()):
            timed = time_together(
                self.models,
                self.texts,
                seed=self.seed,
                seconds=n * self.spend,
                longest=n * LONGEST * self.spend,
                most=self.most,
                progress=progress,
            )
        took = (time.perf_counter() - begun) / n
        self.p95 |= {name: t.latency.p95 for name, t in timed.items()}
        self.seconds |= dict.fromkeys(timed, took)
        self.models.clear()
        self.rounds += 1
