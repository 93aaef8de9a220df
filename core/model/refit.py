"""The validation rows choose the number of epochs, and may then be learned from too; so may texts without a label."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from core.model.classifier import Classifier, Encoded, in_batches
from core.model.config import TrainConfig
from core.model.train import Training, fine_tune
from core.model.unlabelled import EPOCHS, learn_texts
from core.progress import Progress, part, silent

AGAIN = "again"  # folder of the second training


@dataclass(frozen=True, slots=True)
class Tuned:
    """A trained model.

    Attributes:
        training: the epochs that the validation rows saw last, and the seconds of all.
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
    texts: Sequence[Sequence[int]] = (),
) -> Tuned:
    """Fine-tune on the training rows; where `config.refit`, then anew on all rows for as many epochs as were kept.

    Args:
        fresh: gives a model as training should find it; with `refit=True` one that may have seen the validation rows.
        sides: training and validation rows.
        config: the run's settings.
        pad: id of the padding token.
        folder: for `checkpoints/`, and `again/` or `spread/`; an interrupted training in it goes on.
        progress: told after every step.
        texts: token ids of texts without a label, which are learned from where `config.spread`.

    Raises:
        InputError: see `fine_tune`.
    """
    model, (train, validation) = fresh(), sides
    spreads = config.spread and len(texts) > 0
    share = first_share(len(train.ids), len(validation.ids), len(texts), config)
    told = part(progress, 0, share)
    training = fine_tune(model, train, validation, config, pad, folder / "checkpoints", told)
    told = part(progress, share, 1)
    if spreads:
        model, more, said = learn_texts(model, fresh, sides, texts, config, pad, folder, told)
        kept = training if config.refit else more
        return Tuned(model, replace(kept, seconds=training.seconds + more.seconds), said)
    if not config.refit:
        return Tuned(model, training, None)
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


def first_share(train: int, validation: int, texts: int, config: TrainConfig) -> float:
    """The share of a run's steps that its first training takes, from the rows of each kind."""
    first, again = train * config.epochs, 0
    if config.spread and texts:
        again = EPOCHS * (train + texts + (validation if config.refit else 0))
    elif config.refit:
        again = config.epochs * (train + validation)
    return first / (first + again)


def _named(progress: Progress) -> Progress:
    return lambda done, total, note="": progress(done, total, f"With the validation rows · {note}")
