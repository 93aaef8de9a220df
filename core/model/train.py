"""Fine-tuning: the head starts from the logistic regression, then encoder and head learn together.

The loop is the Hugging Face Trainer's: it brings length-grouped batches, clipping, schedules, accumulation and, later,
several processes, and people know it. Its own checkpoints are not used. They hold the optimiser and the random
generators as pickles and are written in place; those of `core.model.checkpoint` hold none, appear whole or not at all,
and keep what is needed for a resumed run to end with the same weights, from the middle of an epoch too. Four methods of
the Trainer are overridden for that; a test that kills, resumes and compares hashes fails should a new version of the
library move them.
"""

import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset
from transformers import PrinterCallback, Trainer, TrainerState, TrainingArguments, set_seed

from core.model import checkpoint, lora
from core.model.classifier import Classifier, Encoded, padded
from core.model.config import TrainConfig
from core.model.listener import Epoch, Listener, ScoreEpoch, Watch, epochs, over
from core.model.losses import Taught, class_metrics, scale_of, score_metrics, squared_error, training_loss
from core.model.optimiser import Average, freeze, optimiser, set_dropout
from core.progress import Progress, silent

__all__ = ["Epoch", "ScoreEpoch", "Training", "fine_tune", "forget"]

_SCHEDULES = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}


@dataclass(frozen=True, slots=True)
class Training:
    """What a training run did: its epochs, the one whose weights were kept, and its seconds over all attempts."""

    history: tuple[Epoch | ScoreEpoch, ...]
    best_epoch: int
    seconds: float

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """What `dataclasses.asdict` made of a training, read back."""
        kinds = (ScoreEpoch if "val_rmse" in e else Epoch for e in kept["history"])
        history = tuple(kind(**e) for kind, e in zip(kinds, kept["history"], strict=True))
        return cls(history, kept["best_epoch"], kept["seconds"])


def fine_tune(
    model: Classifier,
    train: Encoded,
    validation: Encoded | None,
    config: TrainConfig,
    pad: int,
    folder: Path,
    progress: Progress = silent,
    watch: Watch | None = None,
    taught: Taught | None = None,
) -> Training:
    """Train `model` in place and leave it with its best epoch's weights, low-rank updates merged in.

    Args:
        model: encoder with a head; of classes, one that already holds the logistic regression; of scores, one output.
        train: the rows to learn from.
        validation: the rows that choose the epoch: by accuracy, or by the root of the mean squared error. None has the
            last epoch's weights kept, and no history of epochs told.
        config: the run's settings.
        pad: id of the padding token.
        folder: for checkpoints; a run that finds some goes on from the latest that is sound. The live history goes
            beside it: `core.model.history.read_history(folder.parent)`.
        progress: told after every step.
        watch: told of every epoch, those before a resume first; what it raises ends the run.
        taught: what a teacher says of the training rows, for a student of classes; None learns from the labels alone.

    Raises:
        Diverged: the loss is no longer a number.
        InputError: scores that cannot be learnt, more frozen layers than there are, or a full disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    set_seed(config.seed)
    train, validation = _prepare(model, train, validation, config)
    listener = Listener(config, folder, progress, watch)
    trainer = _SafeTrainer(model, train, validation, config, pad, listener, folder, taught)
    set_seed(config.seed)  # loading consumed random numbers; training starts from the same ones whatever came before
    last = _last(folder, progress)
    if last is not None and _ended(_state(last), config):
        state = _state(last)
    else:
        trainer.train(resume_from_checkpoint=str(last) if last else None)
        state, last = trainer.state, checkpoint.at(folder, trainer.state.global_step)
    step = kept_step(state, len(validation.labels), config) if validation else state.global_step
    checkpoint.load_weights(checkpoint.at(folder, step), model, averaged=config.average > 0)
    lora.merge(model)
    model.eval()
    history = epochs(state.log_history)
    best_epoch = round(step * len(history) / state.global_step) if validation else config.epochs
    return Training(history, best_epoch, checkpoint.seconds(last))


def kept_step(state: TrainerState, rows: int, config: TrainConfig) -> int:
    """The step whose weights are kept: the last epoch's, unless an earlier one is better by more than chance.

    The learning rate has come down by then, and the best of several epochs on a few hundred rows is mostly luck: on
    BANKING77 it chose the third of five epochs (500 validation rows). So an earlier epoch of a classifier has to be
    ahead by more than one standard error of its validation accuracy (the one-standard-error rule: Breiman et al. 1984,
    section 3.4.3). Scores take the epoch with the least error.
    """
    checks = [entry for entry in state.log_history if "eval_accuracy" in entry]
    if config.task == "score" or not checks:
        return int(state.best_global_step)
    best = max(entry["eval_accuracy"] for entry in checks)
    chance = math.sqrt(best * (1 - best) / rows)
    return int(state.global_step if checks[-1]["eval_accuracy"] >= best - chance else state.best_global_step)


def forget(folder: Path) -> None:
    """Remove a finished run's checkpoints: each is twice as large as the model."""
    shutil.rmtree(folder, ignore_errors=True)


def _prepare(
    model: Classifier, train: Encoded, validation: Encoded | None, config: TrainConfig
) -> tuple[Encoded, Encoded | None]:
    """Dropout, low-rank updates, frozen layers; scores as the model learns them."""
    if config.dropout is not None:
        set_dropout(model, config.dropout)
    if config.lora_rank:
        lora.adapt(model, config.lora_rank)
    freeze(model, config)
    if config.task == "classify":
        return train, validation
    scale = model.scale = scale_of(train.labels)
    return tuple(  # type: ignore[return-value]  # two in, two out
        side and replace(side, labels=scale.inside(torch.tensor(side.labels, dtype=torch.float64)).tolist())
        for side in (train, validation)
    )


def _ended(state: TrainerState, config: TrainConfig) -> bool:
    return over(state.log_history, config) or state.global_step >= state.max_steps


def _last(folder: Path, progress: Progress) -> Path | None:
    """The checkpoint to go on from; says so where a later one was damaged."""
    last, damaged = checkpoint.newest(folder)
    if damaged:
        state = _state(last) if last else None
        where = f"going on from step {state.global_step}" if state else "starting from the beginning"
        done, total = (state.global_step, state.max_steps) if state else (0, 1)
        progress(done, total, f"The last checkpoint is damaged: {where}")
    return last


class _Rows(Dataset):  # type: ignore[misc]  # torch is untyped here
    def __init__(self, rows: Encoded, taught: Taught | None = None) -> None:
        self.rows, self.taught = rows, taught

    def __len__(self) -> int:
        return len(self.rows.labels)

    def __getitem__(self, i: int) -> dict[str, Any]:
        row = {"input_ids": self.rows.ids[i], "labels": self.rows.labels[i]}
        return row | {"taught": self.taught.logits[i]} if self.taught else row


class _SafeTrainer(Trainer):  # type: ignore[misc]  # transformers is untyped here
    """The Trainer with our checkpoints, our losses, and a running mean of the weights where one is asked for."""

    def __init__(
        self,
        model: Classifier,
        train: Encoded,
        validation: Encoded | None,
        config: TrainConfig,
        pad: int,
        listener: Listener,
        folder: Path,
        taught: Taught | None,
    ) -> None:
        def collate(rows: list[dict[str, Any]]) -> dict[str, Tensor]:
            batch = padded([r["input_ids"] for r in rows], pad) | {"labels": torch.tensor([r["labels"] for r in rows])}
            return batch | {"taught": torch.stack([r["taught"] for r in rows])} if "taught" in rows[0] else batch

        def judge(prediction: Any) -> dict[str, float]:
            said, labels = torch.as_tensor(prediction.predictions), torch.as_tensor(prediction.label_ids)
            if config.task == "classify":
                found = class_metrics(said, labels)
            else:
                found = score_metrics(model.scale.outside(said.squeeze(-1)), model.scale.outside(labels))
            return found | {"train_loss": listener.epoch_loss()}

        self.listener = listener
        self.folder = folder
        self.taught = taught
        self.half = config.precision == "bf16"
        self.average = listener.average = Average(model, config.average) if config.average else None
        self.training_loss = training_loss(config, train.labels, model.head.out_features)
        self.validation_loss = squared_error if config.task == "score" else functional.cross_entropy
        super().__init__(
            model=model,
            args=_arguments(config, folder, validated=validation is not None),
            train_dataset=_Rows(train, taught),
            eval_dataset=_Rows(_by_length(validation)) if validation else None,
            data_collator=collate,
            compute_metrics=judge,
            optimizers=(optimiser(model, config), None),
            callbacks=[listener],
        )
        self.remove_callback(PrinterCallback)  # it prints to standard output, which belongs to --json

    def compute_loss(self, model: Any, inputs: dict[str, Tensor], return_outputs: bool = False, **_: Any) -> Any:
        labels, teacher = inputs.pop("labels"), inputs.pop("taught", None)
        with torch.autocast("cpu", torch.bfloat16, enabled=model.training and self.half):
            outputs = model(**inputs)
        outputs["logits"] = outputs["logits"].float()
        loss = (self.training_loss if model.training else self.validation_loss)(outputs["logits"], labels)
        if self.taught is not None and teacher is not None:
            loss = self.taught.loss(loss, outputs["logits"], teacher)
        return (loss, outputs) if return_outputs else loss

    def training_step(self, *args: Any, **kwargs: Any) -> Tensor:
        loss = super().training_step(*args, **kwargs)
        self.listener.heard(float(loss) * self.current_gradient_accumulation_steps, self.state)
        return loss

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        if self.average is None:
            return dict(super().evaluate(*args, **kwargs))
        with self.average.in_place():
            return dict(super().evaluate(*args, **kwargs))

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        self.listener.tell(self.state, "writing a checkpoint")
        checkpoint.write(
            self.folder,
            self.model,
            self.optimizer,
            self.lr_scheduler,
            self.state,
            self.listener.memory(self.state),
            self.average.mean if self.average else None,
        )

    def _load_from_checkpoint(self, folder: str, model: Any = None) -> None:
        checkpoint.load_weights(Path(folder), self.model)
        if self.average is not None:
            self.average.mean = checkpoint.load_average(Path(folder))

    def _load_optimizer_and_scheduler(self, folder: str | None) -> None:
        if folder is not None:
            checkpoint.restore_optimiser(Path(folder), self.optimizer, self.lr_scheduler)
            self.listener.resume(checkpoint.memory(Path(folder)))

    def _load_rng_state(self, folder: str | None) -> None:
        if folder is not None:
            checkpoint.restore_random(Path(folder))


def _arguments(config: TrainConfig, folder: Path, *, validated: bool) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=64,
        gradient_accumulation_steps=config.accumulate,
        learning_rate=config.learning_rate,
        warmup_steps=min(config.warmup, 0.99),
        lr_scheduler_type=_SCHEDULES[config.schedule],
        max_grad_norm=config.clip,
        train_sampling_strategy="group_by_length",
        eval_strategy="epoch" if validated else "no",
        save_strategy="epoch",
        logging_strategy="no",  # the listener keeps the losses, so that a resumed run's are those of a whole one
        metric_for_best_model="score",
        greater_is_better=True,
        label_names=["labels"],
        seed=config.seed,
        use_cpu=True,  # the same figures on every machine
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to="none",
        log_level="error",
    )


def _by_length(rows: Encoded) -> Encoded:
    order = sorted(range(len(rows.labels)), key=lambda i: len(rows.ids[i]))
    return Encoded([rows.ids[i] for i in order], [rows.labels[i] for i in order])


def _state(folder: Path) -> TrainerState:
    return TrainerState.load_from_json(str(folder / checkpoint.STATE))
