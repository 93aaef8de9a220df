"""How to train on this machine, and how long it will take: from a short probe of the real model on the real rows.

The probe takes 20 real steps (forward, backward, optimiser), the embeddings frozen where training freezes them, and as
many with the lower half of the layers frozen too, at the lengths that training will see, validation and the writing of
a checkpoint as well. The forecast has a band: the spread between the probe's blocks, and what a machine drifts by while
a run lasts.
"""

import copy
import math
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import t as student
from torch.nn import functional

from core.errors import InputError
from core.model.batching import TOKENS_PER_BATCH
from core.model.classifier import Classifier, padded, save_weights
from core.model.disk import says_why
from core.model.hardware import Hardware
from core.progress import Progress, silent

STEPS = 20
LEVEL = 0.8
# Between whole runs of one machine: the same epoch took 120 s on an idle and 135 s on a busy one (BANKING77, n = 2).
DRIFT = 0.12
_BLOCK = 5
_MEGABATCH = 50  # batches that the Trainer's length grouping shuffles together (transformers, LengthGroupedSampler)


@dataclass(frozen=True, slots=True)
class Choice:
    """One piece of advice, its reason in a sentence, and the number behind it.

    Attributes:
        warning: a person asked for it, and it costs them something.
    """

    name: str
    value: str | int
    reason: str
    number: float
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """What the probe measured, in seconds.

    Attributes:
        per_token: of a training step, for each token with padding, one value a block of steps.
        per_token_frozen: the same with the lower half of the layers frozen.
        per_token_bf16: the same as `per_token` under bf16; None where it is emulated and nobody asked for it.
        forward: for each token when only answering.
        checkpoint: writing weights and the optimiser's state once.
    """

    per_token: tuple[float, ...]
    per_token_frozen: tuple[float, ...]
    per_token_bf16: tuple[float, ...] | None
    forward: float
    checkpoint: float
    batch_size: int
    layers: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """Minutes of a training run with the band that holds `level` of such runs; dollars where an hour has a price.

    Attributes:
        covers: what takes the minutes, in words.
    """

    minutes: float
    low: float
    high: float
    level: float
    cost_usd: float | None = None
    cost_low: float | None = None
    cost_high: float | None = None
    covers: str = "training"

    def as_json(self) -> dict[str, Any]:
        """The forecast as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Scored:
    """A forecast held against what the run took."""

    forecast: Forecast
    actual: float
    inside: bool
    ratio: float

    def as_json(self) -> dict[str, Any]:
        """The score as JSON values."""
        return asdict(self)


def probe_pace(
    model: Classifier,
    ids: Sequence[Sequence[int]],
    pad: int,
    hardware: Hardware,
    batch_size: int = 32,
    seed: int = 7,
    progress: Progress = silent,
    *,
    freeze_embeddings: bool = True,
    bf16: bool = False,
) -> Pace:
    """Time real training steps on a copy of the model.

    Args:
        model: encoder and head; it is left as it is.
        ids: token ids of the training rows.
        pad: id of the padding token.
        hardware: decides whether bf16 is tried, where `bf16` does not ask for it.
        batch_size: rows of a step.
        seed: which rows.
        progress: told after every step.
        freeze_embeddings: as the training will do; else a step takes half as long again in a model of two layers.
        bf16: time it even where the processor emulates it.
    """
    if not ids:
        raise InputError("There are no training rows to time the model on.")
    draw = random.Random(seed)  # noqa: S311 - a sample, not a secret
    plan = grouped_batches([len(r) for r in ids], batch_size, draw)
    batches = [[ids[i] for i in plan[k % len(plan)]] for k in draw.sample(range(max(STEPS, len(plan))), STEPS)]
    layers = _layers(model)
    bf16 = bf16 or hardware.bf16_native
    runs = 3 if bf16 else 2
    done = 0

    def tell() -> None:
        nonlocal done
        done += 1
        progress(done, runs * (STEPS + 2) + 1, "Timing real training steps")

    lowest = 0 if freeze_embeddings else None
    usual = _steps(model, batches, pad, lowest, torch.float32, tell)
    frozen = _steps(model, batches, pad, layers // 2, torch.float32, tell)
    half = _steps(model, batches, pad, lowest, torch.bfloat16, tell) if bf16 else None
    return Pace(usual, frozen, half, _forward(model, batches, pad), _checkpoint(model), batch_size, layers)


def advise(hardware: Hardware, pace: Pace, hidden: int, precision: str = "auto") -> tuple[Choice, ...]:
    """Precision, threads, batch size and the layers to freeze, each with its reason and number.

    A `precision` that was asked for is taken, with what it costs.
    """
    usual, frozen = float(np.median(pace.per_token)), float(np.median(pace.per_token_frozen))
    return (
        _precision(hardware, pace, usual, precision),
        _threads(hardware),
        _batch(hardware, pace, hidden),
        _freeze(pace, usual / frozen),
    )


def forecast(
    pace: Pace,
    lengths: Sequence[int],
    validation_lengths: Sequence[int],
    epochs: int,
    *,
    frozen_layers: bool = False,
    bf16: bool = False,
    usd_per_hour: float | None = None,
    seed: int = 7,
    again: Sequence[int] = (),
    again_epochs: int = 0,
) -> Forecast:
    """Minutes of fine-tuning that goes through all its epochs, from the pace and the real lengths.

    Each step's seconds are proportional to its tokens with padding; validation and a checkpoint come after each epoch.
    A second training, without validation, goes through rows of the lengths `again`. The band is log-normal: Student's
    prediction interval over the probe's blocks, widened by `DRIFT`. An early stop makes the run shorter than forecast.
    """
    blocks = pace.per_token_frozen if frozen_layers else pace.per_token
    if bf16 and pace.per_token_bf16:
        blocks = pace.per_token_bf16
    logs = np.log(blocks)
    step = math.exp(float(logs.mean()))
    tokens, more = (_padded_tokens(side, pace.batch_size, seed) for side in (lengths, again))
    seconds = epochs * (tokens * step + sum(validation_lengths) * pace.forward + pace.checkpoint)
    seconds += again_epochs * (more * step + pace.checkpoint)
    n = len(blocks)
    spread = float(np.std(logs, ddof=1)) if n > 1 else DRIFT
    reach = float(student.ppf((1 + LEVEL) / 2, max(n - 1, 1))) * math.hypot(spread * math.sqrt(1 / n), DRIFT)
    minutes = [seconds / 60 * math.exp(z) for z in (0, -reach, reach)]
    found = Forecast(minutes[0], minutes[1], minutes[2], LEVEL)
    if usd_per_hour is None:
        return found
    cost = [m / 60 * usd_per_hour for m in minutes]
    return replace(found, cost_usd=cost[0], cost_low=cost[1], cost_high=cost[2])


def _padded_tokens(lengths: Sequence[int], batch_size: int, seed: int) -> int:
    plan = grouped_batches(lengths, batch_size, random.Random(seed))  # noqa: S311
    return sum(len(b) * max(lengths[i] for i in b) for b in plan)


def scored(forecast: Forecast, actual: float) -> Scored:
    """Hold a forecast against the minutes that the run took."""
    return Scored(forecast, actual, forecast.low <= actual <= forecast.high, actual / forecast.minutes)


def grouped_batches(lengths: Sequence[int], batch_size: int, draw: random.Random) -> list[list[int]]:
    """Row numbers batch by batch as length-grouped training takes them: shuffled, then sorted within 50 batches."""
    order = list(range(len(lengths)))
    draw.shuffle(order)
    size = max(1, min(len(order) // (batch_size * 4), _MEGABATCH)) * batch_size
    rows = [
        i
        for start in range(0, len(order), size)
        for i in sorted(order[start : start + size], key=lambda i: -lengths[i])
    ]
    return [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]


def _precision(hardware: Hardware, pace: Pace, usual: float, asked: str) -> Choice:
    if asked != "auto":
        return _asked_for(hardware, pace, usual, asked)
    ratio = hardware.bf16_gflops / hardware.fp32_gflops
    if pace.per_token_bf16 is None:
        reason = "This processor has no bf16 units and would emulate them: full precision is faster."
        return Choice("precision", "fp32", reason, round(ratio, 2))
    gain = usual / float(np.median(pace.per_token_bf16))
    if gain > 1.1:
        return Choice("precision", "bf16", f"Real steps are {gain:.1f} times as fast in bf16.", round(gain, 2))
    reason = f"bf16 makes real steps only {gain:.2f} times as fast, too little for what it rounds away."
    return Choice("precision", "fp32", reason, round(gain, 2))


def _asked_for(hardware: Hardware, pace: Pace, usual: float, asked: str) -> Choice:
    if pace.per_token_bf16 is None:
        return Choice("precision", asked, "As asked for.", round(hardware.bf16_gflops / hardware.fp32_gflops, 2))
    gain = usual / float(np.median(pace.per_token_bf16))
    shown = round(gain, 2)
    if asked == "fp32":
        return Choice("precision", asked, f"As asked for; bf16 makes real steps {gain:.2f} times as fast.", shown)
    if gain >= 1:
        return Choice("precision", asked, f"As asked for: real steps are {gain:.2f} times as fast as in fp32.", shown)
    why = "" if hardware.bf16_native else "this processor has no bf16 units and emulates them, so "
    reason = f"bf16 was asked for and costs time: {why}real steps take {1 / gain:.1f} times as long as in fp32."
    return Choice("precision", asked, reason, shown, warning=True)


def _threads(hardware: Hardware) -> Choice:
    granted = math.floor(hardware.quota) if hardware.quota else hardware.usable
    n = max(1, min(hardware.cores, hardware.usable, granted))
    if n < hardware.cores:
        reason = f"This process may use {n} of {hardware.cores} cores; more threads would wait for one another."
    else:
        reason = f"One for each of the {n} physical cores; more would share the same arithmetic units."
    return Choice("threads", n, reason, n)


def _batch(hardware: Hardware, pace: Pace, hidden: int) -> Choice:
    # 34 x tokens x hidden bytes a layer in half precision, without the attention's own 5as/h (Korthikanti et al. 2022,
    # arXiv 2205.05198, equation 1); times 4, of which 2 are for full precision and 2 for caution.
    row_gb = 34 * 128 * hidden * 4 * max(pace.layers, 1) / 1e9
    n = pace.batch_size
    while n > 4 and n * row_gb > hardware.memory_gb / 4:
        n //= 2
    reason = f"{n} rows of 128 tokens keep about {n * row_gb:.1f} GB of activations in {hardware.memory_gb:.0f} GB."
    return Choice("batch size", n, reason, round(n * row_gb, 2))


def _freeze(pace: Pace, gain: float) -> Choice:
    half = pace.layers // 2
    return Choice(
        "frozen",
        "embeddings",
        "Token embeddings are the largest and least changed weights; "
        f"freezing the lower {half} of {pace.layers} layers too would make steps {gain:.1f} times as fast, "
        "and may cost accuracy: take it when time is short.",
        round(gain, 2),
    )


def _steps(
    model: Classifier,
    batches: Sequence[Sequence[Sequence[int]]],
    pad: int,
    frozen: int | None,
    dtype: torch.dtype,
    tell: Callable[[], None],
) -> tuple[float, ...]:
    """Seconds for each token, a block of steps at a time, after two steps of warm-up; `frozen` None freezes nothing."""
    model = copy.deepcopy(model).train()
    if frozen is not None:
        _freeze_up_to(model, frozen)
    weights = [w for w in model.parameters() if w.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=1e-6, fused=True)
    classes = model.head.out_features  # of a score 1: its loss costs as little as this one
    seconds, tokens = [], []
    for n, rows in enumerate([*batches[:2], *batches]):
        batch = padded(rows, pad)
        start = time.perf_counter()
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            logits = model(**batch)["logits"]
        functional.cross_entropy(logits.float(), torch.arange(len(rows)) % classes).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        if n >= 2:
            seconds.append(time.perf_counter() - start)
            tokens.append(batch["input_ids"].numel())
        tell()
    return tuple(sum(seconds[i : i + _BLOCK]) / sum(tokens[i : i + _BLOCK]) for i in range(0, len(seconds), _BLOCK))


def _freeze_up_to(model: Classifier, layers: int) -> None:
    encoder = model.encoder
    getattr(encoder, "embeddings", encoder.get_input_embeddings()).requires_grad_(False)
    for layer in _blocks(model)[:layers]:
        layer.requires_grad_(False)


def _blocks(model: Classifier) -> list[Any]:
    """The encoder's layers, under whichever of the usual names it keeps them; none where it has none of them."""
    for path in ("encoder.layer", "transformer.layer", "layers", "h"):
        found = model.encoder
        for name in path.split("."):
            found = getattr(found, name, None)
        if found is not None:
            return list(found)
    return []


def _layers(model: Classifier) -> int:
    return len(_blocks(model))


def _forward(model: Classifier, batches: Sequence[Sequence[Sequence[int]]], pad: int) -> float:
    rows = [r for b in batches for r in b][: max(1, TOKENS_PER_BATCH // max(len(r) for r in batches[0]))]
    batch = padded(rows, pad)
    best = math.inf
    with torch.inference_mode():
        for _ in range(3):
            start = time.perf_counter()
            model(**batch)
            best = min(best, time.perf_counter() - start)
    return best / int(batch["input_ids"].numel())


def _checkpoint(model: Classifier) -> float:
    """Seconds for the weights and, twice as large, the optimiser's state."""
    with tempfile.TemporaryDirectory() as folder:
        file, start = Path(folder) / "weights.safetensors", time.perf_counter()
        with says_why("A trial checkpoint in the temporary folder", "nothing was trained yet", file):
            save_weights(model, file)
        return 3 * (time.perf_counter() - start)
