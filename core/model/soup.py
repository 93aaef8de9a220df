"""Several trainings from one start, their weights averaged into one model: a model soup.

Members share the base model, the head they start from and the rows, and differ in the order of the batches and in what
dropout drops, so they end in one basin of the loss and the mean of their weights is a model too, as fast as any of them
(Wortsman et al. 2022, arXiv 2203.05482: the uniform soup). It pays with few rows. The soup is kept without asking the
validation rows whether a member is better: where rows are few, that choice would be chance.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from core.model.base import file_hash
from core.model.classifier import Classifier, save_weights
from core.model.config import TrainConfig
from core.model.disk import says_why
from core.model.history import FILE, Journal, Point, read_history
from core.model.losses import scale_of
from core.model.train import Encoded, Training, fine_tune, forget
from core.progress import Progress, part, silent

_WEIGHTS, _TOLD = "weights.safetensors", "training.json"


def train_members(
    fresh: Callable[[], Classifier],
    train: Encoded,
    validation: Encoded,
    config: TrainConfig,
    pad: int,
    folder: Path,
    progress: Progress = silent,
) -> tuple[Classifier, Training]:
    """Train `config.members` models with seeds s, s + 1, ... and return the mean of their best epochs' weights.

    One member is `fine_tune` and nothing else.

    Args:
        fresh: gives a model as training should find it, with weights of its own.
        train: the rows to learn from.
        validation: the rows that choose each member's epoch.
        config: the settings of every member; s is its seed.
        pad: id of the padding token.
        folder: for checkpoints and finished members; a run that was cut off goes on from them. The live history of all
            members, one after the other, goes beside it.
        progress: told after every step.

    Returns:
        The model, and what its training did: the epochs of all members as if they were one training, the best of them,
        and the seconds of all.

    Raises:
        InputError: a member cannot be trained, see `fine_tune`; or the disk is full.
    """
    n = config.members
    if n == 1:
        model = fresh()
        return model, fine_tune(model, train, validation, config, pad, folder, progress)
    folder.mkdir(parents=True, exist_ok=True)
    told: list[Training] = []
    points: list[Point] = []
    mean: dict[str, Tensor] = {}
    for i in range(n):
        place = folder / f"member-{i + 1}"
        tell = _together(folder.with_name(FILE), points, place, (i, n), part(progress, i / n, (i + 1) / n))
        training = _finished(place)
        if training is None:
            model = fresh()
            one = replace(config, seed=config.seed + i, members=1)
            training = fine_tune(model, train, validation, one, pad, place / "checkpoints", tell)
            _keep(model, training, place)
        tell(1, 1, "finished")
        forget(place / "checkpoints")
        told.append(training)
        points += _after(points, place, (i, n))
        for name, weight in load_file(place / _WEIGHTS).items():
            # In double precision, the mean of weights that are equal, as frozen ones are, is that very weight.
            mean[name] = weight.double() / n if i == 0 else mean[name] + weight.double() / n
    model = fresh()
    model.load_state_dict({name: mean[name].to(weight.dtype) for name, weight in model.state_dict().items()})
    if config.task == "score":
        model.scale = scale_of(train.labels)
    return model.eval(), _joined(told)


def _finished(place: Path) -> Training | None:
    """What a member that was trained to its end told; None where there is none, or its weights are damaged."""
    try:
        kept = json.loads((place / _TOLD).read_text(encoding="utf-8"))
        return Training.from_json(kept["training"]) if file_hash(place / _WEIGHTS) == kept["sha256"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(model: Classifier, training: Training, place: Path) -> None:
    """Write a member's weights, and then, as the sign that they are whole, what its training told."""
    for name in (_WEIGHTS, _TOLD):
        unfinished = place / f".{name}.tmp"
        with says_why("A member of the soup", "it goes on from its last checkpoint", unfinished):
            if name == _WEIGHTS:
                save_weights(model, unfinished)
            else:
                values = {"training": asdict(training), "sha256": file_hash(place / _WEIGHTS)}
                unfinished.write_text(json.dumps(values), encoding="utf-8")
            unfinished.replace(place / name)


def _together(file: Path, before: list[Point], place: Path, which: tuple[int, int], progress: Progress) -> Progress:
    """Tell which member is training, and keep the soup's history beside it: earlier members' points, then its own."""
    journal, seen = Journal(file), -1

    def tell(done: float, total: float, note: str = "") -> None:
        nonlocal seen
        own = place / FILE
        size = own.stat().st_size if own.is_file() else 0
        if size != seen:
            seen = size
            with says_why("The history", "it goes on from the last checkpoint", journal.unfinished):
                journal.start([*before, *_after(before, place, which)])
        progress(done, total, f"Member {which[0] + 1} of {which[1]} · {note}")

    return tell


def _after(before: list[Point], place: Path, which: tuple[int, int]) -> list[Point]:
    """A member's points as part of the whole: steps, epochs and seconds go on from the members before it."""
    i, n = which
    epoch, seconds = (before[-1].epoch, before[-1].seconds) if before else (0.0, 0.0)
    return [
        replace(p, step=p.step + i * p.of, of=n * p.of, epoch=p.epoch + epoch, seconds=p.seconds + seconds)
        for p in read_history(place)
    ]


def _joined(told: list[Training]) -> Training:
    """The members' trainings as one; its best epoch is the best of all, of equals the first."""
    history = [epoch for training in told for epoch in training.history]
    best = max(range(len(history)), key=lambda k: history[k].quality)
    numbered = tuple(replace(epoch, epoch=k) for k, epoch in enumerate(history, start=1))
    return Training(numbered, best + 1, sum(t.seconds for t in told))
