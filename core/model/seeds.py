"""The same training with several seeds: how much of a result is luck."""

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from core.model.classifier import Classifier, Encoded, in_batches
from core.model.config import TrainConfig
from core.model.disk import says_why
from core.model.losses import class_metrics, score_metrics
from core.model.refit import learned
from core.model.stats import share
from core.model.train import forget
from core.progress import Progress, part, silent


@dataclass(frozen=True, slots=True)
class Seeded:
    """One seed's run: accuracy, or root mean squared error of scores, on the validation rows and on the test rows.

    Attributes:
        low: of the accuracy's 95 % interval (Wilson) on the test rows; None of scores.
        high: the same.
    """

    seed: int
    validation: float
    test: float
    seconds: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Several:
    """Runs that differ in their seed alone.

    Attributes:
        mean: of the test figures.
        sd: their sample standard deviation, n - 1 in the denominator; None of a single run.
        low: the least of them.
        high: the most of them.
    """

    runs: tuple[Seeded, ...]
    mean: float
    sd: float | None
    low: float
    high: float


def several(
    fresh: Callable[..., Classifier],
    sides: tuple[Encoded, Encoded, Encoded],
    config: TrainConfig,
    n: int,
    pad: int,
    folder: Path,
    progress: Progress = silent,
    texts: Sequence[Sequence[int]] = (),
) -> Several:
    """Train with seeds s, s + 1, ... s + n - 1, s being the configuration's; an interrupted one goes on.

    Args:
        fresh: gives a model as training should find it; see `core.model.refit.learned`.
        sides: rows to learn from, rows that choose the epoch, rows to measure on.
        config: the runs' settings.
        n: how many runs, at least 1.
        pad: id of the padding token.
        folder: one file a finished seed, and the checkpoints of the one that is running.
        progress: told after every step.
        texts: token ids of texts without a label; see `learned`.

    Raises:
        InputError: a run cannot be trained; see `fine_tune`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    runs = [
        _one(
            fresh, sides, replace(config, seed=config.seed + i), pad, folder, part(progress, i / n, (i + 1) / n), texts
        )
        for i in range(n)
    ]
    tests = [run.test for run in runs]
    sd = statistics.stdev(tests) if n > 1 else None
    return Several(tuple(runs), statistics.fmean(tests), sd, min(tests), max(tests))


def keep(run: Seeded, folder: Path) -> None:
    """Leave a seed's result where `several` finds it and does not train it again."""
    folder.mkdir(parents=True, exist_ok=True)
    file = _file(folder, run.seed)
    unfinished = file.with_name(f".{file.name}.tmp")
    with says_why("The result of a seed", "the seeds before it are kept", unfinished):
        unfinished.write_text(json.dumps(asdict(run)), encoding="utf-8")
        unfinished.replace(file)


def seeded(seed: int, validation: float, test: float, seconds: float, rows: int | None) -> Seeded:
    """A seed's figures, with the interval of an accuracy on so many test rows; `rows` are None of scores."""
    if rows is None:
        return Seeded(seed, validation, test, seconds)
    interval = share(round(test * rows), rows)
    return Seeded(seed, validation, test, seconds, interval.low, interval.high)


def _file(folder: Path, seed: int) -> Path:
    return folder / f"seed-{seed}.json"


def _one(
    fresh: Callable[..., Classifier],
    sides: tuple[Encoded, Encoded, Encoded],
    config: TrainConfig,
    pad: int,
    folder: Path,
    progress: Progress,
    texts: Sequence[Sequence[int]],
) -> Seeded:
    file, place = _file(folder, config.seed), folder / f"seed-{config.seed}"
    if file.is_file():
        return Seeded(**json.loads(file.read_text(encoding="utf-8")))
    tuned = learned(fresh, sides[:2], config, pad, place, part(progress, 0, 0.95), texts)
    told = part(progress, 0.95, 1)
    said = [in_batches(lambda **b: tuned.model(**b)["logits"], s.ids, pad, told, "Measuring") for s in sides[1:]]
    said[0] = said[0] if tuned.unseen is None else tuned.unseen
    found = [_figure(tuned.model, logits, side, config) for logits, side in zip(said, sides[1:], strict=True)]
    rows = len(sides[2].labels) if config.task == "classify" else None
    run = seeded(config.seed, found[0], found[1], tuned.training.seconds, rows)
    keep(run, folder)
    forget(place)
    return run


def _figure(model: Classifier, said: torch.Tensor, side: Encoded, config: TrainConfig) -> float:
    if config.task == "classify":
        return class_metrics(said, torch.tensor(side.labels))["accuracy"]
    return score_metrics(model.scale.outside(said.squeeze(-1)), torch.tensor(side.labels))["rmse"]
