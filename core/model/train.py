"""Fine-tuning: the head starts from the logistic regression, then encoder and head learn together.

The loop is the Hugging Face Trainer's: it brings length-grouped batches, clipping, schedules, accumulation and, later,
several processes, and people know it. Its own checkpoints are not used. They hold the optimiser and the random
generators as pickles and are written in place; those of `core.model.checkpoint` hold none, appear whole or not at all,
and keep what is needed for a resumed run to end with the same weights. Three methods of the Trainer are overridden for
that; a test that resumes and compares hashes fails should a new version of the library move them.
"""

import math
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.utils.data import Dataset
from transformers import (
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)

from core.errors import InputError
from core.model import checkpoint
from core.model.classifier import WEIGHTS, Classifier, padded
from core.model.config import TrainConfig
from core.progress import Progress, silent


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids and class of each row."""

    ids: Sequence[Sequence[int]]
    labels: Sequence[int]


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training rows."""

    epoch: int
    train_loss: float
    val_loss: float
    val_accuracy: float


@dataclass(frozen=True, slots=True)
class Training:
    """What a training run did: its epochs, the one whose weights were kept, and its seconds over all attempts."""

    history: tuple[Epoch, ...]
    best_epoch: int
    seconds: float


def fine_tune(
    model: Classifier,
    train: Encoded,
    validation: Encoded,
    config: TrainConfig,
    pad: int,
    folder: Path,
    progress: Progress = silent,
) -> Training:
    """Train `model` in place and leave it with its best epoch's weights.

    Args:
        model: encoder with a head that already holds the logistic regression.
        train: the rows to learn from.
        validation: the rows that choose the epoch.
        config: the run's settings.
        pad: id of the padding token.
        folder: for checkpoints, one an epoch; a run that finds some goes on from the latest.
        progress: told after every step.

    Raises:
        InputError: the loss is no longer a number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if config.freeze_embeddings:
        model.encoder.get_input_embeddings().requires_grad_(False)
        getattr(model.encoder, "embeddings", model.encoder.get_input_embeddings()).requires_grad_(False)
    trainer = _SafeTrainer(model, train, validation, config, pad, folder, progress)
    set_seed(config.seed)  # loading consumed random numbers; training starts from the same ones whatever came before
    last = checkpoint.newest(folder)
    if last is not None and _over(_state(last).log_history, config):
        state = _state(last)
    else:
        trainer.train(resume_from_checkpoint=str(last) if last else None)
        state, last = trainer.state, folder / f"checkpoint-{trainer.state.global_step}"
    model.load_state_dict(load_file(folder / f"checkpoint-{state.best_global_step}" / WEIGHTS))
    model.eval()
    history = _history(state.log_history)
    best_epoch = round(state.best_global_step * len(history) / state.global_step)
    return Training(history, best_epoch, checkpoint.seconds(last))


def forget(folder: Path) -> None:
    """Remove a finished run's checkpoints: each is twice as large as the model."""
    shutil.rmtree(folder, ignore_errors=True)


class _Rows(Dataset):  # type: ignore[misc]  # torch is untyped here
    def __init__(self, rows: Encoded) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows.labels)

    def __getitem__(self, i: int) -> dict[str, Any]:
        return {"input_ids": self.rows.ids[i], "labels": self.rows.labels[i]}


class _SafeTrainer(Trainer):  # type: ignore[misc]  # transformers is untyped here
    """The Trainer with our checkpoints, one that stops at a loss that is no number."""

    def __init__(
        self,
        model: Classifier,
        train: Encoded,
        validation: Encoded,
        config: TrainConfig,
        pad: int,
        folder: Path,
        progress: Progress,
    ) -> None:
        def collate(rows: list[dict[str, Any]]) -> dict[str, Tensor]:
            return padded([r["input_ids"] for r in rows], pad) | {"labels": torch.tensor([r["labels"] for r in rows])}

        self.listener = _Listener(config, progress)
        super().__init__(
            model=model,
            args=_arguments(config, folder),
            train_dataset=_Rows(train),
            eval_dataset=_Rows(_by_length(validation)),
            data_collator=collate,
            compute_metrics=_metrics,
            optimizers=(_optimiser(model, config), None),
            callbacks=[self.listener],
        )
        self.remove_callback(PrinterCallback)  # it prints to standard output, which belongs to --json
        self.folder = folder

    def training_step(self, *args: Any, **kwargs: Any) -> Tensor:
        loss = super().training_step(*args, **kwargs)
        value = float(loss)
        _check_finite(value, self.state)
        self.listener.loss = value if self.listener.loss is None else 0.9 * self.listener.loss + 0.1 * value
        return loss

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        self.listener.tell(self.state, "writing a checkpoint")
        checkpoint.write(
            self.folder, self.model, self.optimizer, self.lr_scheduler, self.state, self.listener.seconds()
        )

    def _load_optimizer_and_scheduler(self, folder: str | None) -> None:
        if folder is not None:
            checkpoint.restore_optimiser(Path(folder), self.optimizer, self.lr_scheduler)
            self.listener.before = checkpoint.seconds(Path(folder))

    def _load_rng_state(self, folder: str | None) -> None:
        if folder is not None:
            checkpoint.restore_random(Path(folder))


class _Listener(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Tells how far the training is, and ends it when the validation accuracy no longer rises."""

    def __init__(self, config: TrainConfig, progress: Progress) -> None:
        self.config = config
        self.progress = progress
        self.loss: float | None = None
        self.before = 0.0  # seconds of earlier attempts
        self.started = time.perf_counter()
        self.first_step = 0
        self.recent: list[float] = []

    def seconds(self) -> float:
        return self.before + time.perf_counter() - self.started

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.started = time.perf_counter()
        self.first_step = state.global_step

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.recent = [*self.recent[-30:], time.perf_counter()]
        self.tell(state, self._left(state))

    def on_prediction_step(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.tell(state, "checking on the validation rows")

    def on_evaluate(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        _check_finite(next(e["eval_loss"] for e in reversed(state.log_history) if "eval_loss" in e), state)
        if _over(state.log_history, self.config):
            control.should_training_stop = True

    def tell(self, state: TrainerState, then: str) -> None:
        epoch = min(math.floor(state.epoch or 0) + 1, self.config.epochs)
        loss = f" · loss {self.loss:.2f}" if self.loss is not None else ""
        self.progress(state.global_step, state.max_steps, f"Epoch {epoch} of {self.config.epochs}{loss} · {then}")

    def _left(self, state: TrainerState) -> str:
        """Time left, from the pace of the whole run and of the last 30 steps."""
        steps = state.global_step - self.first_step
        if steps < 5:
            return "timing the first steps"
        overall = (time.perf_counter() - self.started) / steps
        lately = (self.recent[-1] - self.recent[0]) / max(len(self.recent) - 1, 1)
        left = state.max_steps - state.global_step
        return f"{_span(min(overall, lately) * left, max(overall, lately) * left)} left"


def _check_finite(loss: float, state: TrainerState) -> None:
    if not math.isfinite(loss):
        raise InputError(
            f"Training diverged by step {state.global_step + 1}: the loss is no longer a number. "
            "Lower the learning rate."
        )


def _arguments(config: TrainConfig, folder: Path) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=64,
        learning_rate=config.learning_rate,
        warmup_steps=min(config.warmup, 0.99),
        lr_scheduler_type="linear",
        max_grad_norm=config.clip,
        train_sampling_strategy="group_by_length",
        eval_strategy="epoch",
        save_strategy="epoch",
        logging_strategy="epoch",
        metric_for_best_model="score",
        greater_is_better=True,
        label_names=["labels"],
        seed=config.seed,
        use_cpu=True,  # the same figures on every machine; bf16 is slower than fp32 on most CPUs of today
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to="none",
        log_level="error",
    )


def _optimiser(model: Classifier, config: TrainConfig) -> torch.optim.Optimizer:
    """AdamW in one fused call a step; no decay on biases and norms; a faster head, since it has more to learn."""
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            rate = config.learning_rate * (config.head_factor if name.startswith("head.") else 1)
            decay = config.weight_decay if weight.ndim > 1 else 0.0
            groups.setdefault((rate, decay), []).append(weight)
    return torch.optim.AdamW(
        [{"params": p, "lr": rate, "weight_decay": decay} for (rate, decay), p in groups.items()], fused=True
    )


def _metrics(prediction: Any) -> dict[str, float]:
    """Validation accuracy; `score` breaks ties between epochs by the loss, far below one row's worth of accuracy."""
    logits, labels = torch.as_tensor(prediction.predictions), torch.as_tensor(prediction.label_ids)
    accuracy = float((logits.argmax(-1) == labels).double().mean())
    loss = float(torch.nn.functional.cross_entropy(logits.float(), labels))
    return {"accuracy": accuracy, "score": accuracy - 1e-9 * min(loss, 1e3)}


def _by_length(rows: Encoded) -> Encoded:
    order = sorted(range(len(rows.labels)), key=lambda i: len(rows.ids[i]))
    return Encoded([rows.ids[i] for i in order], [rows.labels[i] for i in order])


def _history(log: Sequence[dict[str, Any]]) -> tuple[Epoch, ...]:
    losses = [entry["loss"] for entry in log if "loss" in entry]
    checks = [entry for entry in log if "eval_loss" in entry]
    return tuple(
        Epoch(n, float(loss), float(check["eval_loss"]), float(check["eval_accuracy"]))
        for n, (loss, check) in enumerate(zip(losses, checks, strict=False), start=1)
    )


def _over(log: Sequence[dict[str, Any]], config: TrainConfig) -> bool:
    """Whether training is done: read from the log alone, so that a resumed run decides like an uninterrupted one."""
    scores = [entry["eval_score"] for entry in log if "eval_score" in entry]
    if not scores:
        return False
    return len(scores) >= config.epochs or len(scores) - 1 - scores.index(max(scores)) >= config.patience


def _state(folder: Path) -> TrainerState:
    return TrainerState.load_from_json(str(folder / checkpoint.STATE))


def _span(low: float, high: float) -> str:
    """A span of seconds in the words a person would use."""
    if high < 90:
        a, b = max(5, 5 * round(low / 5)), max(5, 5 * math.ceil(high / 5))
        return f"about {b} s" if a >= b else f"{a} to {b} s"
    a, b = max(1, round(low / 60)), math.ceil(high / 60)
    return f"about {b} min" if a >= b else f"{a} to {b} min"
