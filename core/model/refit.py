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

Texts = Sequence[Sequence[int]]  # token ids
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
    texts: Texts = (),
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
    share = first_share(sides, texts, config)
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


def second(sides: tuple[Encoded, Encoded], texts: Texts, config: TrainConfig) -> tuple[Texts, int]:
    """Token ids and most epochs of the training that follows the first one; none where there is only one."""
    train, held = sides[0].ids, sides[1].ids if config.refit else []
    if config.spread and texts:
        return [*train, *held, *texts], EPOCHS
    return ([*train, *held], config.epochs) if config.refit else ([], 0)


def first_share(sides: tuple[Encoded, Encoded], texts: Texts, config: TrainConfig) -> float:
    """The share of a run's steps that its first training takes."""
    again, epochs = second(sides, texts, config)
    first = len(sides[0].ids) * config.epochs
    return first / (first + len(again) * epochs)


def _named(progress: Progress) -> Progress:
    return lambda done, total, note="": progress(done, total, f"With the validation rows · {note}")
