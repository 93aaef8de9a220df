"""Search for better settings within a budget of minutes: what to try is Optuna's, what it may cost is ours.

Trials are proposed by the tree-structured Parzen estimator (Bergstra et al. 2011) and stopped after an epoch that is
worse than the median of those before it (Golovin et al. 2017, section 3.2.1). The first one is the configuration as
given. The best of many validations is flattered by the choice: what to promise is measured on test rows afterwards.
"""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import TrialState
from sqlalchemy import URL

from core.errors import InputError
from core.model import checkpoint
from core.model.classifier import Classifier, Encoded
from core.model.config import TrainConfig
from core.model.disk import write_json
from core.model.history import TRIALS
from core.model.listener import Diverged, Epoch, ScoreEpoch
from core.model.train import Training, fine_tune, forget
from core.progress import Progress, silent

FINISHED, PRUNED, DIVERGED, OUT_OF_TIME = "finished", "pruned", "diverged", "out of time"
_MARGIN = 1.1  # epochs differ, and a trial also loads its model and writes its checkpoints
_MISFITS = 5  # proposals in a row that would not end in time, after which there is no more to try


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting that was tried.

    Attributes:
        values: what differs from the configuration given.
        status: "finished", "pruned" after an epoch that was behind, "diverged", or "out of time".
        quality: of its best epoch: validation accuracy, or minus the root mean squared error; None if there was none.
        seconds: of training.
    """

    values: dict[str, Any]
    status: str
    quality: float | None
    epochs: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Search:
    """The best configuration and all that were tried, in order."""

    best: TrainConfig
    quality: float
    trials: tuple[Trial, ...]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The search as JSON values."""
        return asdict(self) | {"best": self.best.as_json()}


class _OutOfTime(Exception):  # noqa: N818 - a signal from the progress to the search
    pass


@dataclass(slots=True)
class _Pace:
    """What an epoch costs, from those measured; a batch of another size is taken to cost as much a batch at most."""

    seconds: dict[int, float]

    def epoch(self, batch: int) -> float:
        if batch in self.seconds:
            return self.seconds[batch]
        return max((s * max(1.0, known / batch) for known, s in self.seconds.items()), default=0.0)

    def measured(self, batch: int, seconds: float) -> None:
        self.seconds[batch] = max(seconds, self.seconds.get(batch, 0.0))


def search(
    fresh: Callable[[], Classifier],
    train: Encoded,
    validation: Encoded,
    config: TrainConfig,
    pad: int,
    folder: Path,
    minutes: float,
    progress: Progress = silent,
    most: int = 100,
) -> Search:
    """Try settings near `config` until the minutes are spent; run again in the same folder, it goes on.

    Learning rate, batch size, layer-wise decay, label smoothing (of cross-entropy) and epochs are tried. No trial is
    started that, at the pace measured so far, could not end in time. Settings are equal, and so are the weights each
    trial ends with, for equal seeds; how many are tried depends on the machine's speed.

    Args:
        fresh: gives a model as training should find it, its head started from the regression.
        train: the rows to learn from.
        validation: the rows that choose.
        config: tried first, and the middle of what is tried.
        pad: id of the padding token.
        folder: for the trials; a run's own.
        minutes: of training, over all attempts.
        progress: told after every step; what it raises ends the search, which can go on later.
        most: trials at most.

    Raises:
        InputError: the minutes are too few for one training, or no trial ended well.
    """
    if not minutes > 0:
        raise InputError(f"The search was given {minutes:g} minutes: it needs more than 0.")
    folder.mkdir(parents=True, exist_ok=True)
    study = _study(folder, config)
    pace, budget, misfits = _pace(study), 60 * minutes, 0
    begun, earlier = time.perf_counter(), _spent(study)
    while (tried := len(_tried(study))) < most and misfits < _MISFITS:
        left = budget - earlier - (time.perf_counter() - begun)
        if left <= 0:
            break
        study.sampler = optuna.samplers.TPESampler(seed=config.seed + tried + misfits, n_startup_trials=5)
        trial = study.ask()
        values = _propose(trial, config, len(train.labels), pace, left)
        if values is None:
            study.tell(trial, state=TrialState.FAIL)
            misfits += 1
            continue
        misfits = 0
        place = folder / _name(values)
        _run(
            study,
            trial,
            replace(config, **values),
            fresh,
            (train, validation),
            pad,
            place,
            pace,
            left,
            budget,
            progress,
        )
    return _result(study, config, minutes)


def _run(
    study: optuna.Study,
    trial: optuna.Trial,
    config: TrainConfig,
    fresh: Callable[[], Classifier],
    sides: tuple[Encoded, Encoded],
    pad: int,
    place: Path,
    pace: _Pace,
    left: float,
    budget: float,
    progress: Progress,
) -> None:
    """One trial, from its own checkpoints where an interrupted search left some, to its line in the table."""
    n = len(_tried(study)) + 1
    last, _ = checkpoint.newest(place / "checkpoints")
    before = checkpoint.seconds(last) if last else 0.0
    begun = mark = time.perf_counter()
    epochs: list[Epoch | ScoreEpoch] = []
    share = 0.0

    def told(done: float, total: float, note: str = "") -> None:
        nonlocal share
        spent = before + time.perf_counter() - begun
        share = done / total if total else 0.0
        progress(min(budget, budget - left + spent), budget, f"Trial {n} · {note}")
        if spent > left:
            raise _OutOfTime

    def watch(epoch: Epoch | ScoreEpoch) -> None:
        nonlocal mark
        mark, seconds = time.perf_counter(), time.perf_counter() - mark
        pace.measured(config.batch_size, seconds)
        epochs.append(epoch)
        trial.report(epoch.quality, epoch.epoch)
        if epoch.epoch < config.epochs and trial.should_prune():
            raise optuna.TrialPruned

    status, training = FINISHED, None
    try:
        training = fine_tune(fresh(), *sides, config, pad, place / "checkpoints", told, watch)
    except optuna.TrialPruned:
        status = PRUNED
    except Diverged:
        status = DIVERGED
    except _OutOfTime:
        status = OUT_OF_TIME
        trial.set_user_attr("share", share)
    _keep(study, trial, status, training, epochs, before + time.perf_counter() - begun, config, pace, place.parent)
    forget(place)


def _keep(
    study: optuna.Study,
    trial: optuna.Trial,
    status: str,
    training: Training | None,
    epochs: Sequence[Epoch | ScoreEpoch],
    seconds: float,
    config: TrainConfig,
    pace: _Pace,
    folder: Path,
) -> None:
    quality = max((e.quality for e in epochs), default=None)
    trial.set_user_attr("status", status)
    trial.set_user_attr("quality", quality)
    trial.set_user_attr("epochs", len(epochs))
    trial.set_user_attr("seconds", max(seconds, training.seconds if training else 0.0))
    trial.set_user_attr("pace", {str(config.batch_size): pace.epoch(config.batch_size)} if epochs else {})
    if status == FINISHED:
        study.tell(trial, quality)
    else:
        study.tell(trial, state=TrialState.PRUNED if status == PRUNED else TrialState.FAIL)
    write_json(folder / TRIALS, [asdict(t) for t in _trials(study)])  # for whoever watches


def _study(folder: Path, config: TrainConfig) -> optuna.Study:
    """The study of a folder and a configuration; what an interrupted search was at comes first again."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    url = URL.create("sqlite", database=str(folder / "search.db")).render_as_string()
    study = optuna.create_study(
        storage=url,
        study_name=hashlib.sha256(json.dumps(config.as_json(), sort_keys=True).encode()).hexdigest(),
        load_if_exists=True,
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3),
    )
    given = {name: getattr(config, name) for name in _sampled(config)}
    if not study.trials:
        study.enqueue_trial(given)
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params or given)
    return study


def _sampled(config: TrainConfig) -> tuple[str, ...]:
    smooths = config.task == "classify" and config.loss == "cross_entropy"
    return ("batch_size", "learning_rate", "layer_decay", *(["label_smoothing"] if smooths else []), "epochs")


def _propose(trial: optuna.Trial, config: TrainConfig, rows: int, pace: _Pace, left: float) -> dict[str, Any] | None:
    """Settings to try, with as many epochs as there is time for; None if that is not even the least."""
    batches = sorted({b for b in (8, 16, 32, 64) if b <= rows} | {config.batch_size})
    rate, epochs = config.learning_rate, config.epochs
    batch = trial.suggest_categorical("batch_size", batches)
    fit = int(left / (_MARGIN * pace.epoch(batch))) if pace.seconds else epochs
    low, high = max(1, epochs // 2), min(2 * epochs, fit)
    if high < low:
        return None
    values: dict[str, Any] = {
        "batch_size": batch,
        "learning_rate": trial.suggest_float("learning_rate", rate / 4, rate * 4, log=True),
        "layer_decay": trial.suggest_float("layer_decay", min(0.6, config.layer_decay), 1.0),
    }
    if "label_smoothing" in _sampled(config):
        most = max(0.2, config.label_smoothing)
        values["label_smoothing"] = trial.suggest_float("label_smoothing", 0.0, most)
    values["epochs"] = trial.suggest_int("epochs", low, high)
    return values if values["epochs"] <= high else None


def _name(values: dict[str, Any]) -> str:
    return "trial-" + hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


def _tried(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return [t for t in study.get_trials(deepcopy=False) if "status" in t.user_attrs]


def _trials(study: optuna.Study) -> tuple[Trial, ...]:
    names = ("status", "quality", "epochs", "seconds")
    return tuple(Trial(dict(t.params), *(t.user_attrs[n] for n in names)) for t in _tried(study))


def _spent(study: optuna.Study) -> float:
    return sum((float(t.user_attrs["seconds"]) for t in _tried(study)), 0.0)


def _pace(study: optuna.Study) -> _Pace:
    pace = _Pace({})
    for trial in _tried(study):
        for batch, seconds in trial.user_attrs["pace"].items():
            pace.measured(int(batch), seconds)
    return pace


def _result(study: optuna.Study, config: TrainConfig, minutes: float) -> Search:
    tried, trials = _tried(study), _trials(study)
    finished = [t for t in trials if t.status == FINISHED]
    if not finished:
        share = tried[0].user_attrs.get("share") if tried else None
        if share is None:
            raise InputError("No setting that was tried could be trained: lower the learning rate.")
        need = trials[0].seconds / max(share, 0.01) / 60
        raise InputError(
            f"{minutes:g} min is too short for a search: one training of {config.epochs} epochs takes about "
            f"{max(need, minutes) * 1.2:.2g} min. Give more minutes, or fewer epochs."
        )
    best = max(finished, key=lambda t: t.quality if t.quality is not None else float("-inf"))
    quality = best.quality if best.quality is not None else float("nan")
    return Search(replace(config, **best.values), quality, trials, sum(t.seconds for t in trials))
