"""What serving a set of variants comes to: times, costs, the pick, what it bears, what it may answer by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from core.model.calibrate import find_temperature, worth
from core.model.hardware import cpu_flags
from core.model.serving.abstain import Abstain, abstain, confident
from core.model.serving.engine import Engine
from core.model.serving.pick import UTILISATION, Board, Candidate, Must, choose, comparable
from core.model.serving.scenarios import Server, cores, server
from core.model.serving.timing import Timed, load_warning, time_together
from core.model.stats import Interval, Ints, share
from core.prices import read_prices
from core.progress import Progress, part, silent

BOUND_MS = 250.0  # where the venture names none: about what a person still feels as at once, with the network's share
SECONDS = 30.0  # gives seven variants of a small model the 459 requests each that p99 takes
REQUESTS = 460  # of each, and no more: two measurements of equal length time the same texts
SERVER_SECONDS = 25.0
MEMORY_GIB = 1.0  # that a machine needs where nobody measured it


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant and what its accuracy run gave.

    Attributes:
        test_logits: of all test rows (rows, classes).
        size_mb: as it would be deployed.
        receipt: "proven", "not proven" or "worse" against the fp32 model; empty for that one.
        peak_mb: memory at its highest; None where it was not measured.
        more: what else is known of it, as JSON values, for whoever reads the report.
    """

    engine: Engine
    test_logits: npt.NDArray[np.float32]
    size_mb: float
    receipt: str = ""
    peak_mb: float | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a run: texts and their classes, of validation and test."""

    validation: Sequence[str]
    validation_labels: Ints
    test: Sequence[str]
    test_labels: Ints


@dataclass(frozen=True, slots=True)
class Report:
    """How the variants serve. The first variant is the one that the others are held against.

    Attributes:
        timed: by name, all from one run.
        faster: how many times as long p95 of the first variant is, by name of the others; None where n is too small.
        served: the pick under load; None without a pick.
        alone: what the pick may answer by itself; None without one, or without validation rows.
    """

    variants: tuple[Variant, ...]
    timed: dict[str, Timed]
    faster: dict[str, Interval | None]
    truth: Ints
    board: Board
    served: Server | None
    alone: Abstain | None

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        board = self.board.as_json()
        worst = max((t.latency for t in self.timed.values()), key=lambda t: t.others)
        variants = [told | self._times(v) for told, v in zip(board["variants"], self.variants, strict=True)]
        return board | {
            "variants": variants,
            "server": self.served.as_json() if self.served else None,
            "abstain": self.alone.as_json() if self.alone else None,
            "warning": load_warning(worst),
            "flags": list(cpu_flags()),
            "against": self.variants[0].engine.name,
        }

    def _times(self, v: Variant) -> dict[str, Any]:
        timed, faster = self.timed[v.engine.name], self.faster[v.engine.name]
        found = timed.accuracy(self.truth)
        right = _right(v, self.truth)
        return timed.latency.as_json() | {
            "accuracy": right.value,
            "low": right.low,
            "high": right.high,
            "receipt": v.receipt,
            "size_mb": v.size_mb,
            "peak_mb": v.peak_mb,
            "requests_per_s": 1000 / timed.latency.mean,
            "faster": asdict(faster) if faster else None,
            "accuracy_timed": asdict(found),
            "differing": timed.differing(v.test_logits.argmax(1)),
            **v.more,
        }


def report(
    variants: Sequence[Variant],
    rows: Rows,
    must: Must,
    *,
    seed: int,
    seconds: float = SECONDS,
    server_seconds: float = SERVER_SECONDS,
    utilisation: float = UTILISATION,
    progress: Progress = silent,
) -> Report:
    """Time all variants in turns, put them on one board, and measure the pick under load.

    Args:
        variants: the one to compare with first.
        rows: of the run that the model comes from.
        must: what the venture asks; its p95 is also the bound of the server scenario, 250 ms where it names none.
        seed: of texts and arrivals.
        seconds: for the timing of all together.
        server_seconds: for the server scenario.
        utilisation: of an hour paid for that is spent answering.
        progress: told at least every second or two.
    """
    engines = [v.engine for v in variants]
    timed = time_together(
        engines, rows.test, seed=seed, seconds=seconds, most=REQUESTS, progress=part(progress, 0, 0.55)
    )
    first = timed[engines[0].name]
    faster = {
        e.name: None if first.latency.p95 is None else timed[e.name].faster_than(first, seed=seed) for e in engines
    }
    candidates = [_candidate(v, timed[v.engine.name], rows.test_labels) for v in variants]
    memory = max((v.peak_mb or 0) for v in variants) / 1024
    board = choose(candidates, must, comparable(read_prices(), cores(), max(memory, MEMORY_GIB)), utilisation)
    picked = next((v for v in variants if v.engine.name == board.pick), None)
    served = alone = None
    if picked is not None:
        bound = must.p95_ms or BOUND_MS
        told = part(progress, 0.55, 0.95)
        served = server(picked.engine, rows.test, bound_ms=bound, seed=seed, seconds=server_seconds, progress=told)
        alone = by_itself(picked, rows, part(progress, 0.95, 1))
    return Report(tuple(variants), timed, faster, rows.test_labels, board, served, alone)


def by_itself(variant: Variant, rows: Rows, progress: Progress = silent) -> Abstain | None:
    """What a variant may answer by itself, with a temperature where that is worth it; None without validation rows."""
    if not len(rows.validation):
        return None
    progress(0, 1, "Calibrating the pick")
    logits = variant.engine.logits(rows.validation)
    given, labels = torch.from_numpy(logits), torch.from_numpy(rows.validation_labels)
    temperature, _ = worth(given, labels, find_temperature(given, labels))
    return abstain(
        confident(logits, rows.validation_labels, temperature),
        confident(variant.test_logits, rows.test_labels, temperature),
    )


def _candidate(v: Variant, timed: Timed, truth: Ints) -> Candidate:
    rate = 1000 / timed.latency.mean
    return Candidate(v.engine.name, _right(v, truth), timed.latency.p95, v.size_mb, rate, v.receipt)


def _right(v: Variant, truth: Ints) -> Interval:
    return share(int((v.test_logits.argmax(1) == truth).sum()), len(truth))
