"""Score prediction from file to measured model: stars, minutes or prices in place of classes.

As `core.model.run` does it for classes: free baselines first, the tuned model's head started from the best linear one
on the same embeddings, everything measured on the same test rows. All errors are in the scores' own unit.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import rankdata
from sklearn.linear_model import Ridge

from core.errors import InputError
from core.model import tfidf
from core.model.base import Base, file_hash, load_base
from core.model.classifier import WEIGHTS, Classifier, in_batches, load_model, predict_scores, save_model, tokenise
from core.model.config import TrainConfig
from core.model.data import read_scores
from core.model.latency import Latency, measure_latency
from core.model.look import Asked
from core.model.losses import scale_of
from core.model.recipe import FULL_SETTINGS
from core.model.run import begin, write_json
from core.model.split import ScoreSplit, split_scores
from core.model.stats import RESAMPLES, Interval
from core.model.threads import threads
from core.model.train import Encoded, Training, fine_tune, forget
from core.progress import Progress, part, silent

MEAN, WORDS, EMBEDDINGS = "mean of the training scores", "TF-IDF + ridge", "ridge on embeddings"
PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0)  # of ridge; the validation rows choose
_DRAWS_AT_ONCE = 100

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Errors:
    """Predicted scores against true ones, each with a percentile bootstrap interval (Efron & Tibshirani 1993, ch. 13).

    Attributes:
        rmse: root of the mean squared error.
        mae: mean absolute error.
        spearman: rank correlation; None where all predictions, or all scores, are equal.
    """

    rmse: Interval
    mae: Interval
    spearman: Interval | None

    def as_json(self) -> dict[str, Any]:
        """The errors as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Gain:
    """How much smaller the model's RMSE is than that of `against`, on the same rows; above 0 the model is better.

    The verdict follows the paired bootstrap's 95 % interval: "better" or "worse" where it leaves out 0.
    """

    against: str
    delta: float
    low: float
    high: float
    verdict: str
    n: int


@dataclass(frozen=True, slots=True)
class Simple:
    """A baseline: what it says of the validation and test rows, and the seconds to fit and to answer."""

    name: str
    validation: Floats
    test: Floats
    seconds: float
    settings: dict[str, float]


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """Everything a run measured; `paired` is against the baseline with the least error on the validation rows."""

    run: Path
    config: TrainConfig
    parts: ScoreSplit
    baselines: tuple[tuple[Simple, Errors], ...]
    model: Errors
    paired: Gain
    training: Training
    latency: Latency
    size_mb: float
    weights_sha256: str
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The result as the command line prints it."""
        return {
            "run": str(self.run),
            "task": "score",
            "n_train": len(self.parts.train),
            "n_validation": len(self.parts.validation),
            "n_test": len(self.parts.test),
            "left_out": self.parts.left_out,
            "baselines": [
                {"name": b.name, **e.as_json(), "seconds": b.seconds, "settings": b.settings} for b, e in self.baselines
            ],
            "model": self.model.as_json()
            | {
                "seconds": self.training.seconds,
                "best_epoch": self.training.best_epoch,
                "history": [asdict(e) for e in self.training.history],
                "size_mb": self.size_mb,
                "weights_sha256": self.weights_sha256,
            },
            "paired": asdict(self.paired),
            "latency": self.latency.as_json(),
            "config": self.config.as_json(),
            "seconds": self.seconds,
        }


def train_scores(asked: Asked, out: Path, progress: Progress = silent) -> ScoreResult:
    """Fine-tune a model that predicts scores, measure it beside the baselines, and leave model and result in `out`.

    Args:
        asked: rows whose label is a number, and settings.
        out: the run's folder; an interrupted run of the same data and settings in it is resumed.
        progress: told at least every second or two; what it raises ends the run, which can be resumed.

    Raises:
        InputError: the data or the base model cannot be used, or training diverged.
    """
    begun = time.perf_counter()
    if asked.shots is not None:
        raise InputError("shots are rows of each class; scores have no classes: leave it out.")
    torch.set_num_threads(threads())
    progress(0, 1, "Reading the rows")
    said = {name: value for name, value in (asked.settings or {}).items() if value is not None}
    config = TrainConfig(**FULL_SETTINGS | said | {"task": "score"})
    rows = read_scores(asked.data, asked.text, asked.label)
    held = read_scores(asked.test, asked.text, asked.label) if asked.test else None
    parts = split_scores(rows, held, config.seed, asked.data.name)
    progress(0.02, 1, "Loading the base model")
    base = load_base(config.base)
    pad = base.tokenizer.pad_token_id or 0
    begin(out, {"config": config.as_json(), "rows": _sha256(parts), "base": base.sha256, "search_minutes": None})
    sides = (parts.train, parts.validation, parts.test)
    train, validation, test = (
        Encoded(tokenise(base.tokenizer, side.texts, config.max_length), side.scores) for side in sides
    )
    simple, line = _baselines(base, parts, (train, validation, test), part(progress, 0.05, 0.3))

    def fresh() -> Classifier:
        model = Classifier(load_base(config.base).encoder, 1)
        scale = scale_of(parts.train.scores)  # the head says how many standard deviations off the mean a score is
        with torch.no_grad():
            model.head.weight.copy_(torch.from_numpy(line.coef_ / scale.std).reshape(1, -1))
            model.head.bias.fill_((float(line.intercept_) - scale.mean) / scale.std)
        return model

    done = out / "training.json"
    if done.is_file() and (out / "model" / WEIGHTS).is_file():
        training = Training.from_json(json.loads(done.read_text(encoding="utf-8")))
    else:
        step = part(progress, 0.3, 0.85)
        model = fresh()
        training = fine_tune(model, train, validation, config, pad, out / "checkpoints", step)
        save_model(model, base.tokenizer, (), config.max_length, out / "model")
        write_json(done, asdict(training))
        forget(out / "checkpoints")
    tuned, tokenizer, _, limit = load_model(out / "model")
    predicted = predict_scores(tuned, test.ids, pad, part(progress, 0.85, 0.9), "Testing").double().numpy()

    def answer(one: str) -> float:
        return float(predict_scores(tuned, tokenise(tokenizer, [one], limit), pad))

    latency = measure_latency(answer, parts.test.texts, seed=config.seed, progress=part(progress, 0.9, 0.98))
    truth, checked = np.asarray(parts.test.scores), np.asarray(parts.validation.scores)
    best = min(simple, key=lambda b: _rmse(b.validation - checked))
    result = ScoreResult(
        run=out,
        config=config,
        parts=parts,
        baselines=tuple((b, errors(truth, b.test, config.seed)) for b in simple),
        model=errors(truth, predicted, config.seed),
        paired=gain(truth, predicted, best.test, best.name, config.seed),
        training=training,
        latency=latency,
        size_mb=sum(f.stat().st_size for f in (out / "model").rglob("*") if f.is_file()) / 1e6,
        weights_sha256=file_hash(out / "model" / WEIGHTS),
        seconds=time.perf_counter() - begun,
    )
    write_json(out / "result.json", result.as_json())
    return result


def errors(truth: Floats, predicted: Floats, seed: int) -> Errors:
    """RMSE, MAE and Spearman's correlation of predictions (rows,) with their intervals, from rows drawn again."""
    off = predicted - truth
    related = bool(np.ptp(truth) > 0 and np.ptp(predicted) > 0)
    drawn: list[list[Floats]] = [[], [], []]
    for rows in _draws(len(truth), seed):
        drawn[0].append(np.sqrt(np.square(off[rows]).mean(1)))
        drawn[1].append(np.abs(off[rows]).mean(1))
        if related:
            drawn[2].append(_spearman(truth[rows], predicted[rows]))
    spearman = float(_spearman(truth[None], predicted[None])[0]) if related else 0.0
    return Errors(
        _interval(_rmse(off), drawn[0]),
        _interval(float(np.abs(off).mean()), drawn[1]),
        _interval(spearman, drawn[2]) if related else None,
    )


def gain(truth: Floats, model: Floats, other: Floats, against: str, seed: int) -> Gain:
    """Compare two models' predictions (rows,) of the same rows, drawn again together."""
    ours, theirs = np.square(model - truth), np.square(other - truth)
    drawn = [np.sqrt(theirs[rows].mean(1)) - np.sqrt(ours[rows].mean(1)) for rows in _draws(len(truth), seed)]
    found = _interval(_rmse(other - truth) - _rmse(model - truth), drawn)
    low, high = found.low or 0.0, found.high or 0.0
    verdict = "better" if low > 0 else "worse" if high < 0 else "not shown to be better"
    return Gain(against, found.value, low, high, verdict, len(truth))


def _sha256(parts: ScoreSplit) -> str:
    """A hash of every row and side."""
    digest = hashlib.sha256()
    for side in (parts.train, parts.validation, parts.test):
        digest.update(repr((side.texts, side.scores)).encode())
    return digest.hexdigest()


def _baselines(
    base: Base, parts: ScoreSplit, encoded: tuple[Encoded, Encoded, Encoded], progress: Progress
) -> tuple[tuple[Simple, ...], Ridge]:
    """The three baselines, and the ridge regression that the head starts from."""
    n = (len(parts.validation), len(parts.test))
    mean = float(np.mean(parts.train.scores))
    begun = time.perf_counter()
    progress(0, 1, "Baseline: counting words")
    counts = tfidf.hashed(parts.train.texts)
    columns, idf = tfidf.vocabulary(counts)
    x = [
        tfidf.scaled(c[:, columns], idf)
        for c in (counts, tfidf.hashed(parts.validation.texts), tfidf.hashed(parts.test.texts))
    ]
    words, _ = _ridge(WORDS, x, parts, begun, part(progress, 0.1, 0.3))
    begun = time.perf_counter()
    model = Classifier(base.encoder, 1).eval()
    ids = [row for side in encoded for row in side.ids]
    pad = base.tokenizer.pad_token_id or 0
    found = in_batches(model.embed, ids, pad, part(progress, 0.3, 0.9), "Reading the texts").double()
    sides = [side.numpy() for side in found.split([len(side.ids) for side in encoded])]
    dense, line = _ridge(EMBEDDINGS, sides, parts, begun, part(progress, 0.9, 1))
    always = Simple(MEAN, np.full(n[0], mean), np.full(n[1], mean), 0.0, {"mean": mean})
    return (always, words, dense), line


def _ridge(name: str, x: list[Any], parts: ScoreSplit, begun: float, progress: Progress) -> tuple[Simple, Ridge]:
    """Ridge regression (Hoerl & Kennard 1970) of each penalty; the least error on the validation rows is kept."""
    checked, lines = np.asarray(parts.validation.scores), []
    for done, penalty in enumerate(PENALTIES):
        progress(done, len(PENALTIES), f"Baseline: {name}")
        lines.append(Ridge(alpha=penalty).fit(x[0], np.asarray(parts.train.scores)))
    best = min(lines, key=lambda line: _rmse(line.predict(x[1]) - checked))
    seconds = time.perf_counter() - begun
    return Simple(name, best.predict(x[1]), best.predict(x[2]), seconds, {"penalty": best.alpha}), best


def _draws(n: int, seed: int) -> Iterator[npt.NDArray[np.int64]]:
    """Rows drawn again with replacement, the same for the same seed: blocks of (draws, rows)."""
    random = np.random.default_rng(seed)
    for _ in range(RESAMPLES // _DRAWS_AT_ONCE):
        yield random.integers(0, n, (_DRAWS_AT_ONCE, n))


def _interval(value: float, drawn: list[Floats]) -> Interval:
    low, high = np.nanquantile(np.concatenate(drawn), [0.025, 0.975])
    return Interval(value, min(float(low), value), max(float(high), value))


def _rmse(off: Floats) -> float:
    return float(np.sqrt(np.square(off).mean()))


def _spearman(truth: Floats, predicted: Floats) -> Floats:
    """Correlation of the ranks, a row at a time (draws, rows); NaN where a draw has no spread."""
    a, b = (rankdata(side, axis=1) for side in (truth, predicted))
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    length = np.sqrt(np.square(a).sum(1) * np.square(b).sum(1))
    return np.asarray(np.divide((a * b).sum(1), length, out=np.full(len(a), np.nan), where=length > 0))
