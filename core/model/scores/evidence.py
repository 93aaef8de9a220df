"""What a look at scores and a run on them leave as evidence; the door, `core.model.measure`, hands it out.

Imports nothing that takes seconds: the door names these figures before it loads what measures them.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from core.evidence import Evidence, Source

if TYPE_CHECKING:
    from core.model.scores.look import ScoreLook
    from core.model.scores.run import ScoreResult
    from core.model.stats import Interval

LOOK_IDS = {"model.baseline_rmse": "score", "model.near_duplicates": "rows"}
IDS = {
    "model.rmse": "score",
    "model.rmse_without_duplicates": "score",
    "model.mae": "score",
    "model.spearman": "correlation",
    "model.gain": "score",
    "model.coverage": "share",
    "model.p50_latency": "ms",
    "model.p95_latency": "ms",
    "model.size": "MB",
    "model.train_minutes": "minutes",
    "model.forecast_minutes": "minutes",
    **LOOK_IDS,
}
METHODS = {
    "model.rmse": "Root of the mean squared error of the predicted scores on the test rows, in the scores' unit; 95 % "
    "interval from rows drawn again (percentile bootstrap).",
    "model.rmse_without_duplicates": "The same among test rows without a near-duplicate among the training rows.",
    "model.mae": "Mean absolute error of the predicted scores on the test rows, in the scores' unit; 95 % interval "
    "from rows drawn again (percentile bootstrap).",
    "model.spearman": "Rank correlation of predicted and true scores on the test rows; 95 % interval from rows drawn "
    "again (percentile bootstrap).",
    "model.gain": "RMSE of the best method without training, which the validation rows chose, minus that of the tuned "
    "model, on the same test rows; 95 % interval and verdict by paired bootstrap.",
    "model.coverage": "Share of test rows whose true score lies within the 90 % interval around the prediction, which "
    "split conformal prediction (Lei et al. 2018) made from the validation rows; Wilson 95 % interval.",
    "model.baseline_rmse": "Root of the mean squared error of the best method without training on the test rows: the "
    "one with the least error on the validation rows; 95 % interval from rows drawn again (percentile bootstrap).",
}
LISTED = 200  # rows of each kind of finding that are kept with a record; the run's result.json has more
_POINTS = 600  # test rows that are drawn


def of_look(found: "ScoreLook", source: Source, methods: Mapping[str, str]) -> list[Evidence]:
    """The evidence of a first look."""
    kept = found.as_json()
    report = kept["data"]
    for listed in (report["near_duplicates"]["test_rows"], report["conflicts"]["pairs"]):
        del listed[LISTED:]
    best, n = found.best.errors.rmse, len(found.parts.test)
    free = {k: kept[k] for k in ("baselines", "curve", "base", "seconds")}
    return [
        _record("model.baseline_rmse", best, n, free, source, methods),
        Evidence(
            "model.near_duplicates",
            len(found.report.twins),
            IDS["model.near_duplicates"],
            methods["model.near_duplicates"],
            source,
            n=n,
            detail={"task": "score", "report": report},
        ),
    ]


def of_run(result: "ScoreResult", source: Source, methods: Mapping[str, str]) -> list[Evidence]:
    """The evidence of a run, and of the look that it began with."""
    return [
        *(_record(id, f, n, detail, source, methods, why) for id, f, n, detail, why in _figures(result)),
        *(
            Evidence(id, value, IDS[id], methods[id], source, detail=detail, **rest)
            for id, value, rest, detail in _plain(result)
        ),
        *of_look(result.look, source, methods),
    ]


def _figures(result: "ScoreResult") -> list[tuple[str, "Interval | None", int | None, dict[str, Any], str]]:
    """Id, figure, n, detail, and the reason where it can be unknown."""
    kept, latency, n, reach = result.as_json(), result.latency, len(result.parts.test), result.reach
    names = ("n_train", "n_validation", "n_test", "left_out", "baselines", "config", "why", "seeds")
    made = {k: kept[k] for k in names} | {k: kept["model"][k] for k in ("history", "best_epoch", "weights_sha256")}
    made["search"] = None if kept["search"] is None else kept["search"]["trials"]
    made["points"] = points(result.look.truth, result.predicted, result.config.seed)
    timed, histogram = latency.as_json(), {"edges": list(latency.edges), "counts": list(latency.counts)}
    drawn = timed | {"histogram": histogram, "warm_up": latency.warm_up}
    fresh = int(result.look.fresh_rows.sum())
    few = f"A 90 % interval needs at least {reach.needed} validation rows; there are {reach.n}."
    return [
        ("model.rmse", result.model.rmse, n, made, ""),
        (
            "model.rmse_without_duplicates",
            result.fresh,
            fresh,
            {},
            "Every test row has a near-duplicate among the training rows.",
        ),
        ("model.mae", result.model.mae, n, {}, ""),
        ("model.spearman", result.model.spearman, n, {}, "The model gives every test row the same score."),
        ("model.coverage", reach.coverage, n, kept["interval"], few),
        ("model.p50_latency", latency.p50, latency.n, timed, ""),
        ("model.p95_latency", latency.p95, latency.n, drawn, latency.reason(0.95)),
    ]


def _plain(result: "ScoreResult") -> list[tuple[str, float, dict[str, Any], dict[str, Any]]]:
    """Id, value, what else the record says of it, and detail."""
    gain, forecast, history = result.paired, result.scored.forecast, result.training.history
    compared = [c.as_json() for c in result.compared]
    machine = {"epochs": len(history), "best_epoch": result.training.best_epoch, "whole_run_seconds": result.seconds}
    size = {"base": result.config.base_name, "weights_sha256": result.weights_sha256}
    band = {"low": forecast.low, "high": forecast.high, "level": forecast.level}
    bounds = {"low": gain.low, "high": gain.high, "n": gain.n}
    return [
        ("model.gain", gain.delta, bounds, gain.as_json() | {"compared": compared}),
        ("model.size", result.size_mb, {}, size),
        ("model.train_minutes", result.training.seconds / 60, {"n": 1}, machine | result.latency.machine.as_json()),
        (
            "model.forecast_minutes",
            forecast.minutes,
            band,
            result.scored.as_json() | {"advice": result.advice.as_json()},
        ),
    ]


def points(truth: Any, predicted: Any, seed: int) -> list[list[float]]:
    """True and predicted score of the test rows (rows,), or of a sample of them where they are many."""
    some = np.random.default_rng(seed).permutation(len(truth))[:_POINTS]
    return [[float(f"{truth[i]:.6g}"), float(f"{predicted[i]:.6g}")] for i in np.sort(some)]


def _record(
    id: str,
    figure: "Interval | None",
    n: int | None,
    detail: dict[str, Any],
    source: Source,
    methods: Mapping[str, str],
    reason: str = "",
) -> Evidence:
    if figure is None:
        return Evidence(id, None, IDS[id], methods[id], source, n=n, reason=reason, detail=detail)
    low, high = figure.low, figure.high
    return Evidence(id, figure.value, IDS[id], methods[id], source, low=low, high=high, n=n, detail=detail)
