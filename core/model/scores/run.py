"""From a file with scores to a tuned and measured model: what the command line and the door both call.

As `core.model.run` does it for classes, and in a run folder of the same make.
"""

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.model import adviser
from core.model.adviser import Scored
from core.model.base import file_hash, load_base
from core.model.classifier import WEIGHTS, load_model, predict_scores, tokenise
from core.model.config import TrainConfig
from core.model.latency import Latency, measure_latency
from core.model.look import Asked
from core.model.run import Advice, advise, begin, tune, write_json
from core.model.scores.answer import keep
from core.model.scores.conformal import Conformal, conformal
from core.model.scores.look import ScoreLook, look_scores
from core.model.scores.stats import Errors, Floats, Gain, errors, gain, rmse_interval
from core.model.split import ScoreSplit
from core.model.stats import Interval
from core.model.train import Training
from core.progress import Progress, part, silent


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """Everything a run measured.

    Attributes:
        look: the rows and the baselines.
        model: errors of the tuned model on the test rows.
        fresh: its RMSE on the test rows without a near-duplicate in training; None where there are none such.
        predicted: what it says of the test rows (rows,).
        compared: the tuned model against each baseline, on the same test rows.
        reach: the interval around a prediction, and how often it held the test rows' scores.
        training: its seconds are those of fine-tuning alone, over all attempts.
        seconds: wall time of this attempt, from the file to the result.
    """

    run: Path
    look: ScoreLook
    advice: Advice
    scored: Scored
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
    def config(self) -> TrainConfig:
        """What was trained."""
        return self.look.config

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
    found = look_scores(asked, part(progress, 0, 0.2))
    config, parts = found.config, found.parts
    made_from = {"config": config.as_json(), "rows": parts.sha256, "base": found.base.sha256, "search_minutes": None}
    begin(out, made_from)
    advice = advise(found, out, part(progress, 0.2, 0.25))
    config = advice.settle(config)
    training = tune(found, lambda: _fresh(found).start(), config, (), out, part(progress, 0.25, 0.85))
    on_validation, on_test = _predict(found, out, part(progress, 0.85, 0.9))
    latency = _latency(found, out, part(progress, 0.9, 0.98))
    truth, fresh, seed = found.truth, found.fresh_rows, config.seed
    reach = conformal(on_validation - np.asarray(parts.validation.scores), on_test - truth)
    keep(out, found, reach)
    result = ScoreResult(
        run=out,
        look=found,
        advice=advice,
        scored=adviser.scored(advice.forecast, training.seconds / 60),
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


def _fresh(found: ScoreLook) -> ScoreLook:
    """With a base model of its own: that of the look stays as it is."""
    return replace(found, base=load_base(found.config.base))


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
