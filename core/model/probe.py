"""Which base model? Each candidate's frozen embeddings under a logistic or, of scores, a ridge regression.

A probe takes seconds, and the better of two encoders under it is mostly the better one to fine-tune: of 16 image models
on 12 data sets both followed the same ranking, that of ImageNet accuracy (r = 0.99 and 0.96: Kornblith et al. 2019,
arXiv 1805.08974); text encoders are less well studied. The test rows take no part. Single answers are timed in turns,
for of two models timed one after the other the smaller came out the slower (2 layers 27 ms, 3 layers 18.8 ms).
"""

import json
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import RidgeCV
from torch import Tensor

from core.errors import InputError
from core.model.base import Base, load_base
from core.model.baseline import fit_one
from core.model.classifier import Classifier, in_batches, tokenise
from core.model.data import ScoredRows
from core.model.hardware import memory_room
from core.model.headed import Headed, Waiting
from core.model.latency import BLOCK
from core.model.scores.baselines import PENALTIES
from core.model.scores.stats import gain, rmse_interval
from core.model.split import Part
from core.model.stats import Interval, compare, share
from core.progress import Progress, part, silent

TRAIN_ROWS = 2_000
VALIDATION_ROWS = 500
REQUESTS = 20 * BLOCK  # timed of each candidate, and no more
STRENGTH = 10.0  # between the strengths that validation chose on the sample venture (10) and on BANKING77 (30)
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One base model, measured, or `error` with the reason why it could not be.

    Attributes:
        accuracy: of the linear probe on the validation sample; None where scores are predicted.
        rmse: of the same, in the scores' unit; None where classes are named.
        p95_ms: one text, tokenisation included; None where too few requests fitted into the time.
        licence: SPDX expression as given or as its folder says, or "unknown".
        blocked: the caller's licence policy rules it out; None where nobody has judged it.
        front: no candidate that is not blocked is at least as good in accuracy, p95 and size and better in one.
        below_best: the paired test shows it to be worse than the best candidate: exact McNemar, or of scores the
            paired bootstrap of the RMSE.
    """

    name: str
    error: str | None = None
    accuracy: Interval | None = None
    p95_ms: Interval | None = None
    size_mb: float | None = None
    parameters: int | None = None
    licence: str = UNKNOWN
    blocked: bool | None = None
    seconds: float = 0.0
    front: bool = False
    below_best: bool = False
    rmse: Interval | None = None

    @property
    def shown(self) -> str:
        """The name without the folders of this machine."""
        return shown_name(self.name)

    def as_json(self) -> dict[str, Any]:
        """The candidate as JSON values."""
        figures = {name: getattr(self, name) for name in ("accuracy", "rmse", "p95_ms")}
        names = ("error", "size_mb", "parameters", "licence", "blocked", "seconds", "front", "below_best")
        return {name: getattr(self, name) for name in names} | {
            "name": self.shown,
            **{name: figure and asdict(figure) for name, figure in figures.items()},
        }


@dataclass(frozen=True, slots=True)
class Probed:
    """All candidates, best first, the one to take and why; `pick` is None where none can be taken."""

    candidates: tuple[Candidate, ...]
    pick: str | None
    reason: str
    n_train: int
    n_validation: int

    def as_json(self) -> dict[str, Any]:
        """The ranking as JSON values."""
        return {
            "candidates": [c.as_json() for c in self.candidates],
            "pick": self.pick and shown_name(self.pick),
            "reason": self.reason,
            "n_train": self.n_train,
            "n_validation": self.n_validation,
        }


def probe(
    names: Sequence[str],
    train: Part | ScoredRows,
    validation: Part | ScoredRows,
    n_classes: int | None,
    max_length: int,
    seed: int,
    licences: Mapping[str, tuple[str, bool | None]] | None = None,
    progress: Progress = silent,
    latency_seconds: float = 4.0,
    room: float | None = None,
) -> Probed:
    """Measure every candidate on the same sample and rank them; one that cannot be used is a row with its reason.

    Args:
        names: as for `load_base`: the bundled model, folders, hub ids.
        train: the rows to learn from, of which at most `TRAIN_ROWS` are used, stratified.
        validation: the rows to measure on, at most `VALIDATION_ROWS`; never the test rows.
        n_classes: classes in all; None where the rows have scores.
        max_length: tokens of a text that are read.
        seed: of the sample.
        licences: by name, the SPDX expression and whether policy blocks it (None: not judged).
        progress: told several times a second.
        latency_seconds: to spend on timing single texts, for each candidate.
        room: bytes of weights that may be kept to be timed in turns; half of the free memory where left out.
    """
    if not names:
        raise InputError("No base models to compare: name at least one.")
    sides = sample(train, TRAIN_ROWS, seed), sample(validation, VALIDATION_ROWS, seed)
    waiting = Waiting(sides[1].texts, seed, latency_seconds, REQUESTS, memory_room() if room is None else room)
    measured: list[Candidate] = []
    answers: dict[str, Any] = {}
    names = list(dict.fromkeys(names))
    for n, name in enumerate(names):
        step = part(progress, 0.7 * n / len(names), 0.7 * (n + 1) / len(names))
        begun = time.perf_counter()
        licence, blocked = (licences or {}).get(name, (UNKNOWN, None))
        try:
            step(0, 1, f"{shown_name(name)}: loading")
            base = load_base(name)
            if licence == UNKNOWN:
                licence = stated_licence(Path(base.encoder.config._name_or_path or name))
            found, answers[name], model = _measure(base, sides, n_classes, max_length, seed, step)
        except (InputError, RuntimeError, ValueError, IndexError) as error:
            why = str(error) if isinstance(error, InputError) else f"it cannot embed texts ({type(error).__name__})."
            found, model = Candidate(name, error=why), None
        found = replace(found, licence=licence, blocked=blocked, seconds=time.perf_counter() - begun)
        measured.append(found)
        if model is not None:
            waiting.add(model, part(step, 0.8, 1))
    waiting.time(part(progress, 0.7, 1))
    timed = [
        replace(c, p95_ms=waiting.p95.get(c.name), seconds=c.seconds + waiting.seconds.get(c.name, 0.0))
        for c in measured
    ]
    probed = rank(timed, answers, _truth(sides[1]), len(sides[0]), seed)
    return replace(probed, reason=probed.reason + _rounds(waiting.rounds)) if probed.pick else probed


def rank(candidates: Sequence[Candidate], answers: Mapping[str, Any], truth: Any, n_train: int, seed: int) -> Probed:
    """Mark the Pareto front and what is below the best, pick, and sort: the pick, the front, the rest, what is out.

    The pick is the fastest (then smallest) candidate that is not shown to be less accurate than the most accurate one:
    a difference that the sample cannot show is not worth the milliseconds. Blocked licences are out of it.
    """
    open_ = [c for c in candidates if c.error is None and not c.blocked]
    out = len(truth)
    if not open_:
        return Probed(tuple(candidates), None, "No candidate could be used: see the reason of each.", n_train, out)
    best = max(open_, key=_quality)
    marked = []
    for c in candidates:
        if c.error is None:
            paired = (gain if c.rmse else compare)(truth, answers[c.name], answers[best.name], best.name, seed)
            front = not c.blocked and not any(_dominates(o, c) for o in open_)
            c = replace(c, front=front, below_best=paired.verdict == "worse")
        marked.append(c)
    pick = min((c for c in marked if c.error is None and not c.blocked and not c.below_best), key=_cost)
    order = sorted(
        marked,
        key=lambda c: (c.error is not None, bool(c.blocked), c.name != pick.name, not c.front, -_quality(c)),
    )
    return Probed(tuple(order), pick.name, _reason(pick, best, len(open_), out), n_train, out)


def sample(rows: Part | ScoredRows, most: int, seed: int) -> Part | ScoredRows:
    """At most `most` rows, each class (of scores: each tenth) in about its share and with at least one."""
    if len(rows) <= most:
        return rows
    random = np.random.default_rng(seed)
    labels = _truth(rows)
    if isinstance(rows, ScoredRows):
        labels = np.searchsorted(np.quantile(labels, np.linspace(0.1, 0.9, 9)), labels)
    place = np.empty(len(rows))
    for c in np.unique(labels):
        at = random.permutation(np.flatnonzero(labels == c))
        place[at] = (np.arange(len(at)) + random.uniform(0, 1)) / len(at)
        place[at[0]] = -1  # the class's one certain row
    chosen = np.sort(np.argsort(place, kind="stable")[:most])
    numbers = tuple(rows.rows[i] for i in chosen) if rows.rows else ()
    texts = tuple(rows.texts[i] for i in chosen)
    if isinstance(rows, ScoredRows):
        return ScoredRows(texts, tuple(rows.scores[i] for i in chosen), numbers)
    return Part(texts, tuple(rows.labels[i] for i in chosen), numbers)


def _truth(rows: Part | ScoredRows) -> Any:
    """Classes (rows,) as whole numbers, or scores."""
    return np.asarray(rows.scores) if isinstance(rows, ScoredRows) else np.asarray(rows.labels, dtype=np.int64)


def shown_name(name: str) -> str:
    """A candidate's name: a hub id as it is, a folder without the folders above it."""
    return Path(name).resolve().name if Path(name).is_absolute() or name.startswith(".") else name


def stated_licence(folder: Path) -> str:
    """The licence that a model's folder states in config.json or its README's front matter, else "unknown"."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if isinstance(config, dict) and isinstance(config.get("license"), str):
            return str(config["license"])
    except (OSError, ValueError):
        pass
    try:
        readme = (folder / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return UNKNOWN
    head = re.match(r"---\s*\n(.*?)\n---", readme, re.DOTALL)
    line = re.search(r"^license:\s*[\"']?([\w.+-]+)", head.group(1), re.MULTILINE) if head else None
    return line.group(1) if line else UNKNOWN


def _measure(
    base: Base,
    sides: tuple[Part | ScoredRows, Part | ScoredRows],
    n_classes: int | None,
    max_length: int,
    seed: int,
    progress: Progress,
) -> tuple[Candidate, Any, Headed]:
    """All but its times, its answers to the validation rows, and the model to be timed."""
    model = Classifier(base.encoder, n_classes or 1).eval()
    ids = [row for side in sides for row in tokenise(base.tokenizer, side.texts, max_length)]
    shown, pad = shown_name(base.name), base.tokenizer.pad_token_id or 0
    x = in_batches(model.embed, ids, pad, part(progress, 0.05, 0.7), f"{shown}: reading the texts")
    if not bool(torch.isfinite(x).all()):
        raise InputError(f"Base model {shown}: its embeddings hold values that are no numbers; copy it again.")
    x_train, x_validation = x.split([len(side) for side in sides])
    truth, check = (_truth(side) for side in sides)
    step = part(progress, 0.7, 0.8)
    said, found = (
        _line(x_train, truth, x_validation, check, seed, step)
        if n_classes is None
        else _classes(model, x_train, truth, x_validation, check, n_classes, step)
    )
    headed = Headed(base, model, max_length, sides[1].texts)
    size = round(headed.bytes / 1e6, 1)
    return replace(found, name=base.name, size_mb=size, parameters=headed.parameters), said, headed


def _classes(
    model: Classifier, x: Tensor, y: Any, x_check: Tensor, check: Any, n_classes: int, progress: Progress
) -> tuple[Any, Candidate]:
    """The answers of a logistic regression, which becomes the model's head, and its accuracy."""
    linear = fit_one(x, torch.from_numpy(y), n_classes, STRENGTH, progress=progress)
    said = linear.logits(x_check).argmax(1).numpy().astype(np.int64)
    with torch.no_grad():
        model.head.weight.copy_(linear.weight)
        model.head.bias.copy_(linear.bias)
    return said, Candidate("", accuracy=share(int((said == check).sum()), len(said)))


def _line(x: Tensor, y: Any, x_check: Tensor, check: Any, seed: int, progress: Progress) -> tuple[Any, Candidate]:
    """The answers of a ridge regression and its error; the penalty by leave-one-out on the training rows alone."""
    progress(0, 1, "Ridge regression")
    said = RidgeCV(PENALTIES).fit(x.double().numpy(), y).predict(x_check.double().numpy())
    return said, Candidate("", rmse=rmse_interval(check, said, seed))


def _quality(c: Candidate) -> float:
    """What the best candidate has most of."""
    return c.accuracy.value if c.accuracy else -c.rmse.value if c.rmse else -math.inf


def _cost(c: Candidate) -> tuple[float, float, float]:
    return (c.p95_ms.value if c.p95_ms else float("inf"), c.size_mb or float("inf"), -_quality(c))


def _dominates(one: Candidate, other: Candidate) -> bool:
    a, b = (-_quality(one), *_cost(one)[:2]), (-_quality(other), *_cost(other)[:2])
    return a != b and all(x <= y for x, y in zip(a, b, strict=True))


def _said(c: Candidate) -> str:
    return f"{c.accuracy.value:.1%} right" if c.accuracy else f"an error (RMSE) of {-_quality(c):.3g}"


def _reason(pick: Candidate, best: Candidate, n: int, rows: int) -> str:
    p95 = f"{pick.p95_ms.value:.1f} ms at p95" if pick.p95_ms else "p95 not measured"
    told = f"{pick.shown}: {_said(pick)} on {rows:,} validation rows, {p95}, {pick.size_mb:.0f} MB."
    if n == 1:
        told += " It is the only candidate that can be used."
    elif pick.name == best.name:
        told += " It is the most accurate, and no faster candidate comes near it."
    else:
        told += (
            f" {best.shown} has {_said(best)}, which a paired test on these rows does not tell apart, and is slower."
        )
    return told + (" Its licence is unknown: find out before you sell." if pick.licence == UNKNOWN else "")


def _rounds(rounds: int) -> str:
    """What to know of times that were not all taken in turns."""
    if rounds < 2:
        return ""
    return (
        f" Memory does not hold all candidates at once, so they were timed in {rounds} rounds: within one they took "
        "turns, and times of different rounds compare less well."
    )
