"""From a file with scores to a tuned and measured model: what the command line and the door both call.

As `core.model.run` does it for classes, and in a run folder of the same make.
"""

import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.model import adviser
from core.model.adviser import Scored
from core.model.base import file_hash, load_base
from core.model.classifier import WEIGHTS, Classifier, load_model, predict_scores, tokenise
from core.model.config import TrainConfig
from core.model.disk import write_json
from core.model.latency import Latency, measure_latency
from core.model.look import Asked
from core.model.scores.answer import keep
from core.model.scores.conformal import Conformal, conformal
from core.model.scores.look import ScoreLook, look_scores
from core.model.scores.stats import Errors, Floats, Gain, errors, gain, rmse, rmse_interval
from core.model.search import Search
from core.model.seeds import Several, seeded
from core.model.split import ScoreSplit
from core.model.stats import Interval
from core.model.train import Training
from core.model.tuning import Advice, begun_run, more_seeds, trained
from core.model.whole import minutes_spent
from core.progress import Progress, part, silent


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """Everything a run measured.

    Attributes:
        look: the rows, the baselines and the learning curve.
        config: what was trained, after the search where there was one.
        model: errors of the tuned model on the test rows.
        fresh: its RMSE on the test rows without a near-duplicate in training; None where there are none such.
        predicted: what it says of the test rows (rows,).
        compared: the tuned model against each baseline, on the same test rows.
        reach: the interval around a prediction, and how often it held the test rows' scores.
        tried: the search before the training; None where none was asked for.
        seeded: the same training with other seeds, this one first; None where one was enough.
        training: its seconds are those of fine-tuning alone, over all attempts.
        seconds: wall time of this attempt, from the file to the result.
    """

    run: Path
    look: ScoreLook
    config: TrainConfig
    advice: Advice
    scored: Scored
    tried: Search | None
    seeded: Several | None
    model: Errors
    fresh: Interval | None
    predicted: Floats
    compared: tuple[Gain, ...]
    reach: Conformal
    training: Training
    latency: Latency
    size_mb: float
    weights_sha256: str
    seconds: float

    @property
    def parts(self) -> ScoreSplit:
        """The rows of each side."""
        return self.look.parts

    @property
    def paired(self) -> Gain:
        """The comparison with the baseline that the validation rows chose."""
        return next(c for c in self.compared if c.against == self.look.best.name)

    def as_json(self) -> dict[str, Any]:
        """The result as the command line prints it."""
        found, report = self.look.as_json(), self.look.report
        return {
            "run": str(self.run),
            "task": "score",
            "n_train": len(self.parts.train),
            "n_validation": len(self.parts.validation),
            "n_test": len(self.parts.test),
            "left_out": self.parts.left_out,
            "baselines": found["baselines"],
            "model": self.model.as_json()
            | {
                "seconds": self.training.seconds,
                "best_epoch": self.training.best_epoch,
                "history": [asdict(e) for e in self.training.history],
                "size_mb": self.size_mb,
                "weights_sha256": self.weights_sha256,
            },
            "paired": self.paired.as_json(),
            "compared": [c.as_json() for c in self.compared],
            "interval": self.reach.as_json(),
            "data": {
                "near_duplicates": len(report.twins),
                "rmse_without_duplicates": self.fresh.value if self.fresh else None,
                "without_duplicates": None if self.fresh is None else asdict(self.fresh),
                "report": found["data"],
            },
            "forecast": self.scored.forecast.as_json()
            | {"actual": self.scored.actual, "inside": self.scored.inside, "ratio": self.scored.ratio},
            "advice": [asdict(c) for c in self.advice.choices],
            "latency": self.latency.as_json(),
            "curve": found["curve"],
            "search": None if self.tried is None else self.tried.as_json(),
            "seeds": None if self.seeded is None else asdict(self.seeded),
            "config": self.config.as_json(),
            "why": self.look.why,
            "seconds": self.seconds,
        }


def train_scores(
    asked: Asked, out: Path, progress: Progress = silent, *, minutes: float | None = None, seeds: int = 1
) -> ScoreResult:
    """Fine-tune a model that predicts scores, measure it beside the baselines, and leave model and result in `out`.

    Args:
        asked: rows whose label is a number, and settings.
        out: the run's folder; an interrupted run of the same data and settings in it is resumed.
        progress: told at least every second or two; what it raises ends the run, which can be resumed.
        minutes: budget of a search for better settings before the training; None searches nothing.
        seeds: trainings that differ in their seed alone; the first of them is the one that is kept.

    Raises:
        InputError: the data or the base model cannot be used, the search is too short, or training diverged.
    """
    begun = time.perf_counter()
    rest, progress = part(progress, 2 / (1 + seeds), 1), part(progress, 0, 2 / (1 + seeds))
    found = look_scores(asked, part(progress, 0, 0.2))
    parts, fresh_start = found.parts, partial(_fresh, found)
    advice, forecast = begun_run(found, out, minutes, seeds, part(progress, 0.2, 0.25))
    settings, told = advice.settle(found.config), part(progress, 0.25, 0.85)
    config, tried, training = trained(found, fresh_start, settings, (), out, minutes, told)
    on_validation, on_test = _predict(found, out, part(progress, 0.85, 0.9))
    latency = _latency(found, out, part(progress, 0.9, 0.98))
    truth, fresh, seed = found.truth, found.fresh_rows, config.seed
    off_validation = on_validation - np.asarray(parts.validation.scores)
    reach = conformal(off_validation, on_test - truth)
    keep(out, found, reach)
    first = seeded(config.seed, rmse(off_validation), rmse(on_test - truth), training.seconds, None)
    others = more_seeds(found, fresh_start, config, first, seeds, out, rest)
    result = ScoreResult(
        run=out,
        look=found,
        config=config,
        advice=advice,
        scored=adviser.scored(forecast, minutes_spent(training, tried, others)),
        tried=tried,
        seeded=others,
        model=errors(truth, on_test, seed),
        fresh=rmse_interval(truth[fresh], on_test[fresh], seed),
        predicted=on_test,
        compared=tuple(gain(truth, on_test, b.test, b.name, seed) for b in found.fitted.table),
        reach=reach,
        training=training,
        latency=latency,
        size_mb=sum(f.stat().st_size for f in (out / "model").rglob("*") if f.is_file()) / 1e6,
        weights_sha256=file_hash(out / "model" / WEIGHTS),
        seconds=time.perf_counter() - begun,
    )
    write_json(out / "result.json", result.as_json())
    return result


def _fresh(found: ScoreLook) -> Classifier:
    """The start of a training, with weights of its own: the base model of the look stays as it is."""
    return replace(found, base=load_base(found.config.base)).start()


def _predict(found: ScoreLook, out: Path, progress: Progress) -> tuple[Floats, Floats]:
    """The kept model's scores of the validation and the test rows, loaded as a user would load it."""
    progress(0, 1, "Loading the tuned model")
    model, tokenizer, _, _ = load_model(out / "model")
    _, validation, test = found.encoded
    ids = [*validation.ids, *test.ids]
    said = predict_scores(model, ids, tokenizer.pad_token_id or 0, progress, "Testing").double().numpy()
    return said[: len(validation.ids)], said[len(validation.ids) :]


def _latency(found: ScoreLook, out: Path, progress: Progress) -> Latency:
    model, tokenizer, _, limit = load_model(out / "model")
    pad = tokenizer.pad_token_id or 0

    def answer(one: str) -> float:
        return float(predict_scores(model, tokenise(tokenizer, [one], limit), pad))

    return measure_latency(answer, found.parts.test.texts, seed=found.config.seed, progress=progress)
