"""From a labelled file to a tuned and measured model, without a venture: what the command line and the door both call.

A run folder holds `run.json` (what the run is made from), `search/` and `checkpoints/` while it trains, then `model/`,
`answer/` (what "try it" needs), `training.json`, `history.jsonl` and `result.json`. Run again in the same folder, it
goes on where it stopped; with other data or settings it starts anew.
"""

import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.model import adviser, predict
from core.model.adviser import Scored
from core.model.base import file_hash, load_base
from core.model.benchmark import Scores, score, share_fresh
from core.model.calibrate import Calibration, calibrate
from core.model.classifier import WEIGHTS, Classifier, in_batches, load_model, padded, tokenise
from core.model.config import TrainConfig
from core.model.disk import write_json
from core.model.kept import Source
from core.model.latency import Latency, Machine, measure_latency
from core.model.look import Asked, Look, look
from core.model.search import Search
from core.model.seeds import Several, seeded
from core.model.split import Split
from core.model.stats import Interval, Paired
from core.model.train import Training
from core.model.tuning import Advice, begun_run, more_seeds, trained
from core.model.unseen import unseen
from core.model.whole import minutes_spent
from core.progress import Progress, part, silent


@dataclass(frozen=True, slots=True)
class ModelResult:
    """Everything a run measured.

    Attributes:
        look: the rows, the baselines and the learning curve.
        config: what was trained, after the search where there was one.
        fresh: accuracy on the test rows without a near-duplicate in training; None where there are none such.
        compared: the tuned model against each baseline, on the same test rows.
        seeded: the same training with other seeds, this one first; None where one was enough.
        training: its seconds are those of fine-tuning alone, over all attempts.
        seconds: wall time of this attempt, from the file to the result.
    """

    run: Path
    look: Look
    config: TrainConfig
    advice: Advice
    scored: Scored
    tried: Search | None
    seeded: Several | None
    scores: Scores
    fresh: Interval | None
    compared: tuple[Paired, ...]
    calibration: Calibration
    training: Training
    latency: Latency
    size_mb: float
    weights_sha256: str
    seconds: float

    @property
    def machine(self) -> Machine:
        """The machine it was measured on."""
        return self.latency.machine

    @property
    def parts(self) -> Split:
        """The rows of each side."""
        return self.look.parts

    @property
    def paired(self) -> Paired:
        """The comparison with the baseline that the validation rows chose."""
        return next(c for c in self.compared if c.against == self.look.fitted.best.name)

    @property
    def at_limit(self) -> int:
        """Texts as long as the model reads, or longer and cut off."""
        limit = self.config.max_length
        return sum(len(ids) >= limit for side in self.look.encoded for ids in side.ids)

    def as_json(self) -> dict[str, Any]:
        """The result as the command line prints it."""
        s, found, report = self.scores, self.look.as_json(), self.look.report
        return {
            "run": str(self.run),
            "n_train": len(self.parts.train),
            "n_validation": len(self.parts.validation),
            "n_test": len(self.parts.test),
            "n_unlabelled": len(self.parts.texts) if self.config.spread else 0,
            "baselines": found["baselines"],
            "model": {
                "accuracy": s.accuracy.value,
                "low": s.accuracy.low,
                "high": s.accuracy.high,
                "macro_f1": s.macro_f1.value,
                "ece": self.calibration.after.value,
                "seconds": self.training.seconds,
                "best_epoch": self.training.best_epoch,
                "size_mb": self.size_mb,
                "weights_sha256": self.weights_sha256,
            },
            "paired": self.paired.as_json(),
            "compared": [c.as_json() for c in self.compared],
            "data": {
                "near_duplicates": len(report.twins),
                "suspect_labels": report.n_suspects,
                "accuracy_without_duplicates": self.fresh.value if self.fresh else None,
                "without_duplicates": None if self.fresh is None else asdict(self.fresh),
                "report": found["data"],
            },
            "forecast": self.scored.forecast.as_json()
            | {"actual": self.scored.actual, "inside": self.scored.inside, "ratio": self.scored.ratio},
            "advice": [asdict(c) for c in self.advice.choices],
            "curve": found["curve"],
            "calibration": self.calibration.as_json(),
            "latency": self.latency.as_json(),
            "search": None if self.tried is None else self.tried.as_json(),
            "seeds": None if self.seeded is None else asdict(self.seeded),
            "config": self.config.as_json(),
            "why": self.look.why,
            "seconds": self.seconds,
        }


def train_and_benchmark(
    asked: Asked, out: Path, progress: Progress = silent, *, minutes: float | None = None, seeds: int = 1
) -> ModelResult:
    """Fine-tune on the rows asked for, measure on held-out ones, and leave model and result in `out`.

    Args:
        asked: rows and settings.
        out: the run's folder; an interrupted run of the same data and settings in it is resumed.
        progress: told at least every second or two; what it raises ends the run, which can be resumed.
        minutes: budget of a search for better settings before the training; None searches nothing.
        seeds: trainings that differ in their seed alone; the first of them is the one that is kept.

    Raises:
        InputError: the data or the base model cannot be used, the search is too short, or training diverged.
    """
    begun = time.perf_counter()
    rest, progress = part(progress, 2 / (1 + seeds), 1), part(progress, 0, 2 / (1 + seeds))
    found = look(asked, part(progress, 0, 0.15))
    advice, forecast = begun_run(found, out, minutes, seeds, part(progress, 0.15, 0.2))
    fresh, settings = partial(_fresh, found), advice.settle(found.config)
    told = part(progress, 0.2, 0.85)
    config, tried, training = trained(found, fresh, settings, found.parts.classes, out, minutes, told)
    progress(0.85, 1, "Loading the tuned model")  # what is measured is what was kept, loaded as a user would
    tuned, tokenizer, _, limit = load_model(out / "model")
    pad = tokenizer.pad_token_id or 0
    ids = [*found.encoded[1].ids, *found.encoded[2].ids]
    logits = in_batches(lambda **b: tuned(**b)["logits"], ids, pad, part(progress, 0.85, 0.9), "Testing")
    on_validation, on_test = logits.split([len(found.parts.validation), len(found.parts.test)])
    if (before := unseen(out)) is not None:
        on_validation = before

    def answer(one: str) -> int:
        with torch.inference_mode():
            return int(tuned(**padded(tokenise(tokenizer, [one], limit), pad))["logits"].argmax())

    latency = measure_latency(answer, found.parts.test.texts, seed=config.seed, progress=part(progress, 0.9, 0.99))
    calibration = _calibrate(found, on_validation, on_test)
    _keep_answers(found, out, calibration.temperature)
    answers: npt.NDArray[np.int64] = on_test.argmax(1).numpy()
    scores = score(on_test / calibration.temperature, found.parts.test.labels, found.parts.classes, config.seed)
    right = float((on_validation.argmax(1) == torch.tensor(found.parts.validation.labels)).double().mean())
    first = seeded(config.seed, right, scores.accuracy.value, training.seconds, scores.n)
    others = more_seeds(found, fresh, config, first, seeds, out, rest)
    result = ModelResult(
        run=out,
        look=found,
        config=config,
        advice=advice,
        scored=adviser.scored(forecast, minutes_spent(training, tried, others)),
        tried=tried,
        seeded=others,
        scores=scores,
        fresh=share_fresh(answers, found.truth, found.fresh_rows),
        compared=found.against(answers),
        calibration=calibration,
        training=training,
        latency=latency,
        size_mb=sum(f.stat().st_size for f in (out / "model").rglob("*") if f.is_file()) / 1e6,
        weights_sha256=file_hash(out / "model" / WEIGHTS),
        seconds=time.perf_counter() - begun,
    )
    write_json(out / "result.json", result.as_json())
    return result


def _fresh(found: Look, *, refit: bool = False) -> Classifier:
    """The start of a training, with weights of its own: the base model of the look stays as it is."""
    return replace(found, base=load_base(found.config.base)).start(refit=refit)


def _calibrate(found: Look, on_validation: Tensor, on_test: Tensor) -> Calibration:
    truth = [torch.tensor(side.labels) for side in (found.parts.validation, found.parts.test)]
    return calibrate(on_validation, truth[0], on_test, truth[1], found.config.seed)


def _keep_answers(found: Look, out: Path, temperature: float) -> None:
    asked, sides = found.asked, (found.parts.train, found.parts.validation)[: 2 if found.config.refit else 1]
    predict.keep(
        out,
        torch.cat(found.embeddings[: len(sides)]),
        [label for side in sides for label in side.labels],
        [row for side in sides for row in side.rows],
        found.fitted,
        found.config.base,
        Source(asked.data, asked.text, asked.label, asked.test),
        temperature,
    )
