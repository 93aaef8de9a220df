"""The doors of the model room: a venture in, evidence out.

`measure` trains and tests; `look` is its first step alone, in seconds; `choose` compares base models; `optimise` makes
what was trained smaller and faster; `serve` times it, as it would be shipped.
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import InputError
from core.evidence import Evidence, Source
from core.model import doubts
from core.model.methods import METHODS
from core.model.scores import evidence as scores
from core.model.serving import evidence as serving
from core.model.serving.evidence import UNPROVEN
from core.progress import Progress, part, silent, told_while
from core.settings import private_folder, settings
from core.venture import Dataset, Venture

if TYPE_CHECKING:
    from core.model.data import ScoredRows
    from core.model.look import Asked, Look
    from core.model.run import ModelResult
    from core.model.split import Part
    from core.model.stats import Interval

LOOK_IDS = {
    "model.baseline_accuracy": "share",
    "model.near_duplicates": "rows",
    "model.suspect_labels": "rows",
    **doubts.LOOK_IDS,
}
IDS = {
    "model.accuracy": "share",
    "model.macro_f1": "share",
    "model.accuracy_without_duplicates": "share",
    "model.gain": "share",
    "model.calibration_error": "share",
    "model.p50_latency": "ms",
    "model.p95_latency": "ms",
    "model.size": "MB",
    "model.train_minutes": "minutes",
    "model.forecast_minutes": "minutes",
    **doubts.IDS,
    **LOOK_IDS,
}
CHOICE = "model.base"
_SCORES = "The data set's task is to predict scores: this figure is of classes. See the error of the scores instead."
_CONFUSION_MOST = 300  # classes; beyond, the matrix is too large to keep with the record and to look at
_LISTED = 200  # rows of each kind of finding that are kept with a record; the run's result.json has more
_NO_DATA = (
    "No data set names a label column, so there is nothing to learn from: add a file of texts with their answers and "
    "say which columns hold them."
)


def measure(venture: Venture, run_dir: Path, progress: Progress = silent) -> list[Evidence]:
    """Fine-tune the venture's base model on its labelled data and measure it beside the free baselines.

    An interrupted run found in `run_dir` is resumed. Without a labelled data set every figure is unknown.

    Raises:
        InputError: the data or the base model cannot be used.
    """
    if venture.labelled is None:
        return _nothing(IDS | doubts.RUN_IDS)
    minutes, seeds = venture.model.search_minutes, venture.model.seeds or 1
    if venture.predicts_scores:
        room = _room("core.model.scores.run", progress)
        asked = _asked(venture, venture.labelled)
        trained = room.train_scores(asked, run_dir, part(progress, 0.02, 1), minutes=minutes, seeds=seeds)
        made = scores.of_run(trained, _source(), METHODS | scores.METHODS) + _not_of_scores(IDS, scores.IDS)
        return [*made, doubts.reproduced(run_dir, _source())]
    room = _room("core.model.run", progress)
    asked = _asked(venture, venture.labelled)
    result = room.train_and_benchmark(asked, run_dir, part(progress, 0.02, 1), minutes=minutes, seeds=seeds)
    return [*_evidence(result), doubts.reproduced(run_dir, _source())]


def look(venture: Venture, run_dir: Path, progress: Progress = silent) -> list[Evidence]:
    """Say what is true of the labelled data and what the free baselines reach, before any training.

    Raises:
        InputError: the data or the base model cannot be used.
    """
    if venture.labelled is None:
        return _nothing(LOOK_IDS)
    _room("core.model.look", progress)
    from core.model.plain import read_base

    if venture.predicts_scores:
        room = _room("core.model.scores.look", progress)
        seen = room.look_scores(_asked(venture, venture.labelled), part(progress, 0.05, 1), read_base)
        return scores.of_look(seen, _source(), METHODS | scores.METHODS) + _not_of_scores(LOOK_IDS, scores.LOOK_IDS)
    room = _room("core.model.look", progress)
    return _seen(room.look(_asked(venture, venture.labelled, keep=True), part(progress, 0.05, 1), read_base))


def look_ahead(venture: Venture, progress: Progress) -> None:
    """Read the rows that `look` will ask for, before anybody does.

    Raises:
        InputError: the data or the base model cannot be used.
    """
    from core.model.look import read_ahead
    from core.model.plain import read_base

    if venture.labelled is not None and not venture.predicts_scores:
        read_ahead(_asked(venture, venture.labelled, keep=True), progress, read_base)


def choose(venture: Venture, run_dir: Path, progress: Progress = silent) -> list[Evidence]:
    """Compare the venture's base model with its candidates by a linear probe, and say which to take and why.

    Raises:
        InputError: the data cannot be used, or no model can.
    """
    data = venture.labelled
    if data is None:
        return _nothing({CHOICE: "word"})
    _room("core.model.look", progress)
    from core.model.config import BUNDLED, TrainConfig
    from core.model.probe import probe

    told, missing = _candidates(venture, (venture.model.base, BUNDLED, *venture.model.candidates))
    licence = venture.model.licence
    found = probe(
        list(told),
        *_learned(venture, data),
        venture.model.max_length or TrainConfig().max_length,
        venture.model.seed,
        {_base(venture, venture.model.base): (licence, None)} if licence else None,
        part(progress, 0.05, 1),
    )
    detail = found.as_json()
    for shown, candidate in zip(detail["candidates"], found.candidates, strict=True):
        shown["name"] = told[candidate.name]
    detail["candidates"] += missing
    pick = detail["pick"] = told.get(found.pick or "")
    return [
        Evidence(
            CHOICE,
            pick,
            "word",
            METHODS[CHOICE],
            _source(),
            n=found.n_validation,
            reason="" if pick else found.reason,
            detail=detail,
        )
    ]


def _learned(venture: Venture, data: Dataset) -> "tuple[Part | ScoredRows, Part | ScoredRows, int | None]":
    """Training rows, validation rows, and the number of classes; None of scores. The test rows stay apart."""
    from core.model.data import read_rows, read_scores
    from core.model.split import split, split_scores

    asked, seed, columns = _asked(venture, data), venture.model.seed, (data.text, data.label)
    if data.task == "score":
        scored = read_scores(asked.test, *columns) if asked.test else None
        sides = split_scores(read_scores(asked.data, *columns), scored, seed, asked.data.name)
        return sides.train, sides.validation, None
    held = read_rows(asked.test, *columns) if asked.test else None
    parts = split(read_rows(asked.data, *columns), held, seed, asked.data.name)
    return parts.train, parts.validation, len(parts.classes)


def serve(venture: Venture, run_dir: Path, progress: Progress = silent) -> list[Evidence]:
    """Time the variants of the newest training run, found beside `run_dir`; pick one and measure it under load.

    Raises:
        InputError: nothing was trained on the venture's table yet, or what was trained changed since.
    """
    return _shipped(venture, run_dir, progress, make=False)


def optimise(venture: Venture, run_dir: Path, progress: Progress = silent) -> list[Evidence]:
    """Make smaller and faster variants of the newest training run's model, then do what `serve` does with all of them.

    Variants lie beside the tuned model and are made once; an interrupted run goes on with those that are missing.

    Raises:
        InputError: nothing was trained on the venture's table yet, or what was trained changed since.
    """
    return _shipped(venture, run_dir, progress, make=True)


def _shipped(venture: Venture, run_dir: Path, progress: Progress, *, make: bool) -> list[Evidence]:
    data, must, currency = venture.labelled, venture.must, venture.market.currency
    if data is None or data.task == "score":
        why = _NO_DATA if data is None else UNPROVEN
        return [
            Evidence(id, None, unit, serving.METHODS[id], _source(), reason=why) for id, unit in serving.IDS.items()
        ]
    room = _room("core.model.serving.newest", progress)
    test = venture.locate(data.test) if data.test else None
    cost = must.cost_per_1000 if currency == "USD" else None  # machine prices are in USD
    found = room.serve(
        room.Table(venture.locate(data.path), data.text, data.label, test),
        run_dir.parent,
        run_dir,
        room.Must(must.accuracy, must.p95_ms, cost),
        seed=venture.model.seed,
        make=make,
        progress=part(progress, 0.02, 1),
    )
    return serving.of_report(found, _source(), currency)


def _candidates(venture: Venture, names: tuple[str, ...]) -> tuple[dict[str, str], list[dict[str, str]]]:
    """What to load -> its name in the venture, and the candidates whose folder is not there, as rows that say so."""
    told: dict[str, str] = {}
    missing = []
    for name in dict.fromkeys(names):
        try:
            told[_base(venture, name)] = name
        except InputError as error:
            missing.append({"name": name, "error": str(error)})
    return told, missing


def _nothing(ids: dict[str, str], reason: str = _NO_DATA) -> list[Evidence]:
    source = Source("measured", "Preflight, model room")
    return [Evidence(id, None, unit, METHODS[id], source, reason=reason) for id, unit in ids.items()]


def _not_of_scores(ids: dict[str, str], measured: dict[str, str]) -> list[Evidence]:
    """The figures that only classes have, as unknown: those of an earlier task must not stand beside the scores'."""
    return _nothing({id: unit for id, unit in ids.items() if id not in measured}, _SCORES)


def _asked(venture: Venture, data: Dataset, *, keep: bool = False) -> "Asked":
    from core.model.look import Asked

    more = None if data.task == "score" else venture.unlabelled
    return Asked(
        data=venture.locate(data.path),
        test=venture.locate(data.test) if data.test else None,
        text=data.text,
        label=data.label,
        settings=venture.model.settings | {"base": _base(venture, venture.model.base)},
        target=venture.must.mae if data.task == "score" else venture.must.accuracy,
        kept=private_folder(settings().var, venture.key) / "embeddings" if keep else None,
        unlabelled=(venture.locate(more.path), more.text) if more else None,
    )


def _base(venture: Venture, name: str) -> str:
    """A base model as the room names it: a folder of the venture by its place, anything else as it is."""
    is_folder = name.startswith(".") or (venture.folder / name).is_dir()
    return str(venture.locate(name)) if is_folder else name


def _room(module: str, progress: Progress) -> Any:
    """Import what takes seconds to import, and say so meanwhile."""
    from importlib import import_module

    return told_while(lambda: import_module(module), part(progress, 0, 0.02), "Starting torch and transformers")


def _evidence(result: "ModelResult") -> list[Evidence]:
    scores, latency, gain = result.scores, result.latency, result.paired
    forecast, fresh = result.scored, result.fresh
    details: dict[str, dict[str, Any]] = {
        "model.accuracy": _accuracy_detail(result),
        "model.gain": gain.as_json() | {"compared": [c.as_json() for c in result.compared]},
        "model.calibration_error": result.calibration.as_json(),
        "model.p50_latency": latency.as_json(),
        "model.p95_latency": latency.as_json()
        | {"histogram": {"edges": list(latency.edges), "counts": list(latency.counts)}, "warm_up": latency.warm_up},
        "model.size": {"base": result.config.base_name, "weights_sha256": result.weights_sha256},
        "model.train_minutes": {
            "epochs": len(result.training.history),
            "best_epoch": result.training.best_epoch,
            "whole_run_seconds": result.seconds,
            **result.machine.as_json(),
        },
        "model.forecast_minutes": forecast.as_json() | {"advice": result.advice.as_json()},
    }
    left = "Every test row has a near-duplicate among the training rows."
    ece = result.calibration.after
    return [
        _record("model.accuracy", scores.accuracy, scores.n, details),
        _record("model.macro_f1", scores.macro_f1, scores.n, details),
        doubts.worst_class(scores.per_class, _source()),
        _record("model.accuracy_without_duplicates", fresh, int(result.look.fresh_rows.sum()), details, reason=left),
        _plain("model.gain", gain.delta, details, low=gain.low, high=gain.high, n=gain.n),
        _record("model.calibration_error", ece, scores.n, details),
        _record("model.p50_latency", latency.p50, latency.n, details),
        _record("model.p95_latency", latency.p95, latency.n, details, reason=latency.reason(0.95)),
        _plain("model.size", result.size_mb, details),
        _plain("model.train_minutes", result.training.seconds / 60, details, n=1),
        _plain(
            "model.forecast_minutes",
            forecast.forecast.minutes,
            details,
            low=forecast.forecast.low,
            high=forecast.forecast.high,
            level=forecast.forecast.level,
        ),
        *_seen(result.look),
    ]


def _seen(found: "Look") -> list[Evidence]:
    report = found.report
    best = next(s for s in found.scores if s.best).accuracy
    kept = found.as_json()
    kept["data"]["near_duplicates"]["test_rows"] = kept["data"]["near_duplicates"]["test_rows"][:_LISTED]
    kept["data"]["conflicts"]["pairs"] = kept["data"]["conflicts"]["pairs"][:_LISTED]
    suspects = (kept["data"]["suspect_labels"] or {"rows": []})["rows"][:_LISTED]
    details: dict[str, dict[str, Any]] = {
        "model.baseline_accuracy": {k: kept[k] for k in ("baselines", "curve", "base", "seconds")},
        "model.near_duplicates": {"report": kept["data"] | {"suspect_labels": None}},
        "model.suspect_labels": {"rows": suspects},
    }
    n_test, n = len(found.parts.test), sum(report.rows)
    return [
        _record("model.baseline_accuracy", best, n_test, details),
        _plain("model.near_duplicates", len(report.twins), details, n=n_test),
        _plain("model.suspect_labels", report.n_suspects, details, n=n),
        doubts.suspect_share(report.n_suspects, n, _source()),
    ]


def _accuracy_detail(result: "ModelResult") -> dict[str, Any]:
    """What the confusion, per-class and learning charts need."""
    scores = result.scores
    return {
        "classes": list(result.parts.classes),
        "confusion": [list(row) for row in scores.confusion] if len(result.parts.classes) <= _CONFUSION_MOST else [],
        "per_class": list(scores.per_class),
        "history": [asdict(epoch) for epoch in result.training.history],
        "best_epoch": result.training.best_epoch,
        "n_train": len(result.parts.train),
        "n_val": len(result.parts.validation),
        "n_test": len(result.parts.test),
        "n_unlabelled": len(result.parts.texts) if result.config.spread else 0,
        "left_out": result.parts.left_out,
        "at_limit": result.at_limit,
        "ece": scores.ece,
        "baselines": [b.as_json() for b in result.look.scores],
        "config": result.config.as_json(),
        "why": result.look.why,
        "search": None if result.tried is None else [asdict(t) for t in result.tried.trials],
        "seeds": None if result.seeded is None else asdict(result.seeded),
        "weights_sha256": result.weights_sha256,
        "device": result.machine.device,
        "machine": result.machine.as_json(),
    }


def _record(
    id: str, figure: "Interval | None", n: int, details: dict[str, dict[str, Any]], reason: str = ""
) -> Evidence:
    if figure is None:
        return _plain(id, None, details, n=n, reason=reason)
    return _plain(id, figure.value, details, low=figure.low, high=figure.high, n=n)


def _plain(id: str, value: float | None, details: dict[str, dict[str, Any]], **rest: Any) -> Evidence:
    return Evidence(id, value, IDS[id], METHODS[id], _source(), detail=details.get(id, {}), **rest)


def _source() -> Source:
    from importlib.metadata import version

    return Source("measured", f"torch {version('torch')}, transformers {version('transformers')}, on the CPU in fp32")
