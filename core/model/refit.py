"""The validation rows choose the number of epochs, and may then be learned from too."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from core.model.classifier import Classifier, Encoded, in_batches
from core.model.config import TrainConfig
from core.model.train import Training, fine_tune
from core.progress import Progress, part, silent

AGAIN = "again"  # folder of the second training


@dataclass(frozen=True, slots=True)
class Tuned:
    """A trained model.

    Attributes:
        training: the epochs of the first training, and the seconds of all.
        unseen: logits (rows, classes) of the validation rows, said before they were learned from; None where they
            never were, so that the model itself can be asked.
    """

    model: Classifier
    training: Training
    unseen: Tensor | None


def learned(
    fresh: Callable[..., Classifier],
    sides: tuple[Encoded, Encoded],
    config: TrainConfig,
    pad: int,
    folder: Path,
    progress: Progress = silent,
) -> Tuned:
    """Fine-tune on the training rows; where `config.refit`, then anew on all rows for as many epochs as were kept.

    Args:
        fresh: gives a model as training should find it; with `refit=True` one that may have seen the validation rows.
        sides: training and validation rows.
        config: the run's settings.
        pad: id of the padding token.
        folder: for `checkpoints/` and `again/`; an interrupted training in it goes on.
        progress: told after every step.

    Raises:
        InputError: see `fine_tune`.
    """
    model, (train, validation) = fresh(), sides
    told = part(progress, 0, 0.5) if config.refit else progress
    training = fine_tune(model, train, validation, config, pad, folder / "checkpoints", told)
    if not config.refit:
        return Tuned(model, training, None)
    told = part(progress, 0.5, 1)
    said = in_batches(lambda **b: model(**b)["logits"], validation.ids, pad, part(told, 0, 0.02), "Testing").clone()
    everything = Encoded([*train.ids, *validation.ids], [*train.labels, *validation.labels])
    model = fresh(refit=True)
    more = fine_tune(
        model,
        everything,
        None,
        replace(config, epochs=training.best_epoch),
        pad,
        folder / AGAIN / "checkpoints",
        _named(part(told, 0.02, 1)),
    )
    return Tuned(model, replace(training, seconds=training.seconds + more.seconds), said)


def _named(progress: Progress) -> Progress:
    return lambda done, total, note="": progress(done, total, f"With the validation rows · {note}")
