"""What happens beside the steps of a training: progress, history, early stop, checkpoints by the clock."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState

from core.errors import InputError
from core.model.checkpoint import Memory
from core.model.config import TrainConfig
from core.model.disk import says_why
from core.model.history import FILE, Journal, Point
from core.model.optimiser import Average
from core.progress import Progress


class Diverged(InputError):  # noqa: N818 - said of the training
    """The loss is no longer a number: a search tries other settings, anyone else lowers the learning rate."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training rows of a classifier."""

    epoch: int
    train_loss: float
    val_loss: float
    val_accuracy: float

    @property
    def quality(self) -> float:
        """What the best epoch has most of."""
        return self.val_accuracy


@dataclass(frozen=True, slots=True)
class ScoreEpoch:
    """One pass over the training rows of a model that predicts scores.

    Attributes:
        epoch: the first is 1.
        train_loss: mean squared error of standardised scores.
        val_loss: the same on the validation rows.
        val_rmse: root mean squared error in the scores' unit.
        val_mae: mean absolute error in the scores' unit.
        val_spearman: rank correlation; None where all predictions are equal.
    """

    epoch: int
    train_loss: float
    val_loss: float
    val_rmse: float
    val_mae: float
    val_spearman: float | None

    @property
    def quality(self) -> float:
        """What the best epoch has most of."""
        return -self.val_rmse


Watch = Callable[[Epoch | ScoreEpoch], None]


class Listener(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Tells how far the training is, keeps its history, and ends it when the validation no longer gains."""

    def __init__(self, config: TrainConfig, folder: Path, progress: Progress, watch: Watch | None) -> None:
        """Listen to a training whose checkpoints go to `folder`; `watch` hears of each epoch, earlier ones first."""
        self.config = config
        self.progress = progress
        self.watch = watch
        self.journal = Journal(folder.with_name(FILE))
        self.before = 0.0  # seconds of earlier attempts
        self.started = self.saved = time.perf_counter()
        self.first_step = 0
        self.recent: list[float] = []
        self.loss: float | None = None  # smoothed, to be read
        self.of_epoch = [0.0, 0.0]  # sum and number of batch losses
        self.of_point = [0.0, 0.0]
        self.epoch_random = torch.get_rng_state()
        self.resumed: Memory | None = None
        self.average: Average | None = None

    def heard(self, loss: float, state: TrainerState) -> None:
        """Take in the loss of one batch."""
        check_finite(loss, state)
        self.loss = loss if self.loss is None else 0.9 * self.loss + 0.1 * loss
        for sums in (self.of_epoch, self.of_point):
            sums[0] += loss
            sums[1] += 1

    def epoch_loss(self) -> float:
        """Mean loss of the epoch so far."""
        return self.of_epoch[0] / max(self.of_epoch[1], 1)

    def memory(self, state: TrainerState) -> Memory:
        """What a checkpoint should hold of this listener. Between two epochs the next one's order is not yet drawn."""
        between = state.global_step % _steps_an_epoch(state) == 0
        notes = {
            "loss": self.loss,
            "of_epoch": [0.0, 0.0] if between else self.of_epoch,
            "of_point": self.of_point,
            "points": [p.as_json() for p in self.journal.points],
        }
        return Memory(self.seconds(), torch.get_rng_state() if between else self.epoch_random, notes)

    def resume(self, memory: Memory) -> None:
        """Go on from what a checkpoint held."""
        self.resumed = memory
        self.before = memory.seconds
        self.loss, self.of_epoch, self.of_point = (memory.notes[n] for n in ("loss", "of_epoch", "of_point"))

    def seconds(self) -> float:
        """Seconds of training, over all attempts."""
        return self.before + time.perf_counter() - self.started

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Start the clocks, and a history that ends where the checkpoint does."""
        self.started = self.saved = time.perf_counter()
        self.first_step = state.global_step
        with self._writing():
            self.journal.start([Point(**p) for p in self.resumed.notes["points"]] if self.resumed else [])
        for epoch in epochs(state.log_history):
            self._watched(epoch)

    def on_epoch_begin(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Let the order of a resumed epoch's rows be drawn as it was; the Trainer then skips those already seen."""
        if self.resumed:
            torch.set_rng_state(self.resumed.epoch_random)
            self.resumed = None
        self.epoch_random = torch.get_rng_state()

    def on_step_end(
        self, args: Any, state: TrainerState, control: TrainerControl, *, lr_scheduler: Any, **_: Any
    ) -> None:
        """Say how far it is; a point of history each percent, a checkpoint each so many seconds."""
        now = time.perf_counter()
        self.recent = [*self.recent[-30:], now]
        self.tell(state, self._left(state))
        if state.global_step % max(1, state.max_steps // 100) == 0:
            self._point(state, lr_scheduler.get_last_lr()[0] / lr_scheduler.base_lrs[0])
        if state.global_step % _steps_an_epoch(state) and now - self.saved >= self.config.checkpoint_seconds:
            control.should_save = True

    def on_optimizer_step(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Let the running mean of the weights take in this step's; the Trainer counts the step after this."""
        if self.average is not None:
            self.average.update(state.global_step + 1)

    def on_save(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Count the seconds to the next checkpoint from here."""
        self.saved = time.perf_counter()

    def on_prediction_step(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Say that the validation rows are being answered."""
        self.tell(state, "checking on the validation rows")

    def on_evaluate(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Keep an epoch's validation, and stop when `patience` epochs brought nothing."""
        last = next(e for e in reversed(state.log_history) if "eval_loss" in e)
        check_finite(last["eval_loss"], state)
        self.of_epoch = [0.0, 0.0]
        with self._writing():
            self.journal.add(
                Point(
                    state.global_step,
                    state.max_steps,
                    float(state.epoch),
                    self.seconds(),
                    val_loss=last["eval_loss"],
                    val_accuracy=last.get("eval_accuracy"),
                    val_rmse=last.get("eval_rmse"),
                )
            )
        if over(state.log_history, self.config):
            control.should_training_stop = True
        self._watched(epochs(state.log_history)[-1])

    def tell(self, state: TrainerState, then: str) -> None:
        """Say epoch, loss and what comes next."""
        epoch = min(math.floor(state.epoch or 0) + 1, self.config.epochs)
        loss = f" · loss {self.loss:.2f}" if self.loss is not None else ""
        self.progress(state.global_step, state.max_steps, f"Epoch {epoch} of {self.config.epochs}{loss} · {then}")

    def _watched(self, epoch: Epoch | ScoreEpoch) -> None:
        if self.watch is not None:
            self.watch(epoch)

    def _point(self, state: TrainerState, share: float) -> None:
        loss, rate = self.of_point[0] / max(self.of_point[1], 1), self.config.learning_rate * share
        with self._writing():
            self.journal.add(Point(state.global_step, state.max_steps, float(state.epoch), self.seconds(), loss, rate))
        self.of_point = [0.0, 0.0]

    def _writing(self) -> AbstractContextManager[None]:
        return says_why("The history", "it goes on from the last checkpoint", self.journal.unfinished)

    def _left(self, state: TrainerState) -> str:
        """Time left, from the pace of the whole run and of the last 30 steps."""
        steps = state.global_step - self.first_step
        if steps < 5:
            return "timing the first steps"
        overall = (time.perf_counter() - self.started) / steps
        lately = (self.recent[-1] - self.recent[0]) / max(len(self.recent) - 1, 1)
        left = state.max_steps - state.global_step
        return f"{span(min(overall, lately) * left, max(overall, lately) * left)} left"


def check_finite(loss: float, state: TrainerState) -> None:
    """Refuse a loss that is no number.

    Raises:
        Diverged: says at which step, and what to do.
    """
    if not math.isfinite(loss):
        raise Diverged(
            f"Training diverged by step {state.global_step + 1}: the loss is no longer a number. "
            "Lower the learning rate."
        )


def epochs(log: Sequence[dict[str, Any]]) -> tuple[Epoch | ScoreEpoch, ...]:
    """The epochs in a Trainer's log."""
    found: list[Epoch | ScoreEpoch] = []
    for n, e in enumerate((e for e in log if "eval_loss" in e), start=1):
        losses = n, float(e["eval_train_loss"]), float(e["eval_loss"])
        if "eval_rmse" in e:
            found.append(ScoreEpoch(*losses, e["eval_rmse"], e["eval_mae"], e.get("eval_spearman")))
        else:
            found.append(Epoch(*losses, float(e["eval_accuracy"])))
    return tuple(found)


def over(log: Sequence[dict[str, Any]], config: TrainConfig) -> bool:
    """Whether training is done: read from the log alone, so that a resumed run decides like an uninterrupted one."""
    scores = [entry["eval_score"] for entry in log if "eval_score" in entry]
    if not scores:
        return False
    return len(scores) >= config.epochs or len(scores) - 1 - scores.index(max(scores)) >= config.patience


def span(low: float, high: float) -> str:
    """A span of seconds in the words a person would use."""
    if high < 90:
        a, b = max(5, 5 * round(low / 5)), max(5, 5 * math.ceil(high / 5))
        return f"about {b} s" if a >= b else f"{a} to {b} s"
    a, b = max(1, round(low / 60)), math.ceil(high / 60)
    return f"about {b} min" if a >= b else f"{a} to {b} min"


def _steps_an_epoch(state: TrainerState) -> int:
    return int(state.max_steps // state.num_train_epochs)
