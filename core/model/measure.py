"""The door of the model room: a venture in, evidence out."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.evidence import Evidence, Source
from core.progress import Progress, part, silent
from core.venture import Venture

if TYPE_CHECKING:
    from core.model.run import ModelResult
    from core.model.stats import Interval

IDS = {
    "model.accuracy": "share",
    "model.macro_f1": "share",
    "model.baseline_accuracy": "share",
    "model.gain": "share",
    "model.p50_latency": "ms",
    "model.p95_latency": "ms",
    "model.size": "MB",
    "model.train_minutes": "minutes",
}
_CONFUSION_MOST = 300  # classes; beyond, the matrix is too large to keep with the record and to look at
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
    data = venture.labelled
    if data is None:
        source = Source("measured", "Preflight, model room")
        return [Evidence(id, None, unit, _METHODS[id], source, reason=_NO_DATA) for id, unit in IDS.items()]

    from core.model.config import TrainConfig

    room = _room(progress)
    m = venture.model
    is_folder = m.base.startswith(".") or (venture.folder / m.base).is_dir()
    base = str(venture.locate(m.base)) if is_folder else m.base
    config = TrainConfig(
        base=base,
        epochs=m.epochs,
        learning_rate=m.learning_rate,
        batch_size=m.batch_size,
        max_length=m.max_length,
        seed=m.seed,
    )
    test = venture.locate(data.test) if data.test else None
    rows = venture.locate(data.path)
    result = room.train_and_benchmark(rows, test, data.text, data.label, config, run_dir, part(progress, 0.02, 1))
    return _evidence(result)


def _room(progress: Progress) -> Any:
    """Import what takes seconds to import, and say so meanwhile."""
    from concurrent.futures import ThreadPoolExecutor, wait
    from importlib import import_module

    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(import_module, "core.model.run")
        waited = 0
        while not wait([loading], timeout=1).done:
            waited += 1
            progress(0.02 * (1 - 0.9**waited), 1, f"Starting torch and transformers · {waited} s")
        return loading.result()


_METHODS = {
    "model.accuracy": "Share of test rows that the tuned model answers rightly; Wilson 95 % interval.",
    "model.macro_f1": "F1 averaged over the classes, each weighing the same; 95 % interval from test rows drawn again "
    "(percentile bootstrap).",
    "model.baseline_accuracy": "Share of test rows that a logistic regression on the untuned base model's embeddings "
    "answers rightly; Wilson 95 % interval.",
    "model.gain": "Accuracy of the tuned model minus that of the logistic regression, on the same test rows; 95 % "
    "interval by paired bootstrap, verdict by the exact McNemar test at 5 %.",
    "model.p50_latency": "Half of the requests took at most this long: real test texts one by one, tokenisation "
    "included, after warm-up; 95 % interval from order statistics.",
    "model.p95_latency": "95 of 100 requests took at most this long: real test texts one by one, tokenisation "
    "included, after warm-up; 95 % interval from order statistics; needs 90 requests (MLPerf).",
    "model.size": "Size of the model's folder: weights, configuration and tokenizer.",
    "model.train_minutes": "Wall time of fine-tuning on this machine, validation and checkpoints included.",
}


def _evidence(result: "ModelResult") -> list[Evidence]:
    scores, latency = result.scores, result.latency
    regression = result.baselines[-1].accuracy
    gain = result.paired
    details: dict[str, dict[str, Any]] = {
        "model.accuracy": _accuracy_detail(result),
        "model.baseline_accuracy": {"baselines": [b.as_json() for b in result.baselines]},
        "model.gain": gain.as_json() | {"n": gain.n},
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
    }
    return [
        _record("model.accuracy", scores.accuracy, scores.n, details),
        _record("model.macro_f1", scores.macro_f1, scores.n, details),
        _record("model.baseline_accuracy", regression, scores.n, details),
        _plain("model.gain", gain.delta, details, low=gain.low, high=gain.high, n=gain.n),
        _record("model.p50_latency", latency.p50, latency.n, details),
        _record("model.p95_latency", latency.p95, latency.n, details, reason=latency.reason(0.95)),
        _plain("model.size", result.size_mb, details),
        _plain("model.train_minutes", result.training.seconds / 60, details, n=1),
    ]


def _accuracy_detail(result: "ModelResult") -> dict[str, Any]:
    """What the confusion, per-class and learning charts need."""
    scores = result.scores
    return {
        "classes": list(result.classes),
        "confusion": [list(row) for row in scores.confusion] if len(result.classes) <= _CONFUSION_MOST else [],
        "per_class": list(scores.per_class),
        "history": [asdict(epoch) for epoch in result.training.history],
        "best_epoch": result.training.best_epoch,
        "n_train": result.n_train,
        "n_val": result.n_validation,
        "n_test": result.n_test,
        "left_out": result.left_out,
        "at_limit": result.at_limit,
        "ece": scores.ece,
        "baselines": [b.as_json() for b in result.baselines],
        "config": result.config.as_json(),
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
    return Evidence(id, value, IDS[id], _METHODS[id], _source(), detail=details.get(id, {}), **rest)


def _source() -> Source:
    from importlib.metadata import version

    return Source("measured", f"torch {version('torch')}, transformers {version('transformers')}, on the CPU in fp32")
