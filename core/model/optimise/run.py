"""`model optimise`: variants of a run's model, each measured and held against it, and the one to ship."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.model.hardware import cpu_flags, int8_native
from core.model.optimise.beside import make_variants
from core.model.optimise.flips import flips
from core.model.optimise.receipt import MARGIN, Receipt, holm, least_rows, receipt
from core.model.optimise.variants import LeftOut
from core.model.serving.cold import cold_start
from core.model.serving.engine import Engine, size_mb
from core.model.serving.onnx import TOLD
from core.model.serving.pick import Must
from core.model.serving.report import SECONDS, SERVER_SECONDS, Rows, Variant, report
from core.model.serving.rows import check_run
from core.model.serving.run import engines_of, request_threads, run_rows
from core.model.serving.scenarios import workers_for
from core.model.threads import sharing
from core.progress import Progress, part, silent, told_while

FILE = "optimised.json"
_CHUNK = 64  # texts of the accuracy run between two looks whether it was cancelled
_TOLD_S = 0.5
_LISTED = 200  # flipped texts of a variant that are kept
_COLD = 40  # texts that a fresh process answers while its memory is watched


Logits = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Asked:
    """What to do.

    Attributes:
        run: folder of a finished training of classes.
        test: its test table; where left out, the one that it was measured with, or the rows held back from its own.
        must: what the pick has to do.
        make: make the variants that are missing; else only those that are there are measured.
        students: train pruned and distilled models too.
        seconds, server_seconds: to time all variants, and to put the pick under load.
        margin: the share of the tuned model's accuracy that a variant may lose, fixed before anything is measured.
    """

    run: Path
    test: Path | None = None
    must: Must = field(default_factory=Must)
    make: bool = True
    students: bool = True
    seed: int = 7
    seconds: float = SECONDS
    server_seconds: float = SERVER_SECONDS
    margin: float = MARGIN


def optimise(asked: Asked, progress: Progress = silent) -> dict[str, Any]:
    """Make and measure the variants of a run's model; for what is returned see `Report.as_json`, and below.

    Raises:
        InputError: the run is incomplete or changed since, its rows are not to be had, or the margin means nothing.
    """
    if not 0 < asked.margin < 1:
        raise InputError(f"margin is {asked.margin:g}: it must be above 0 and below 1.")
    check_run(asked.run)
    progress(0, 1, "Reading the rows of the run")
    rows = run_rows(asked.run, asked.test)
    made = 0.6 if asked.make else 0.02
    left_out: list[LeftOut] = []
    if asked.make:
        texts = rows.validation or rows.test
        left_out = make_variants(
            asked.run, asked.test, texts, students=asked.students, progress=part(progress, 0.01, made)
        )
    with sharing(request_threads(asked.run, rows.test)):
        found = _board(asked, rows, part(progress, made, 1))
    return found | {"left_out": [asdict(x) for x in left_out], "margin": asked.margin, "n": len(rows.test)}


def _board(asked: Asked, rows: Rows, progress: Progress) -> dict[str, Any]:
    """Measure and compare the variants that are there."""
    engines = engines_of(asked.run)
    variants = _measured(engines, rows, asked.margin, part(progress, 0, 0.4))
    found = report(
        variants,
        rows,
        asked.must,
        seed=asked.seed,
        seconds=asked.seconds,
        server_seconds=asked.server_seconds,
        progress=part(progress, 0.4, 1),
    ).as_json()
    right = float((variants[0].test_logits.argmax(1) == rows.test_labels).mean())
    return found | {
        "too_few": _too_few(len(rows.test), right, asked.margin) if len(engines) > 1 else "",
        "portability": _portability(engines),
    }


def _measured(engines: Sequence[Engine], rows: Rows, margin: float, progress: Progress) -> tuple[Variant, ...]:
    """Each variant's answers to the test rows, its receipt and flips against the first, and what it takes to start."""
    logits = _all_answers(engines, rows.test, part(progress, 0, 0.7))
    receipts = _receipts(engines, logits, rows, margin)
    found, share = [], 0.3 / len(engines)
    for i, engine in enumerate(engines):
        cold = told_while(
            partial(cold_start, engine.folder, list(rows.test[:_COLD])),
            part(progress, 0.7 + i * share, 0.7 + (i + 1) * share),
            f"Starting {engine.name} afresh",
        )
        given = receipts.get(engine.name)
        more: dict[str, Any] = {"cold_start_s": cold.seconds if cold else None, "max_logit_diff": _parity(engine)}
        more |= _turned(engines[0].classes, rows, logits[0], logits[i])
        if given:
            more |= {"receipt_said": given.said, "receipt_detail": given.as_json()}
        peak = cold.peak_mb if cold else None
        found.append(Variant(engine, logits[i], size_mb(engine.folder), given.state if given else "", peak, more))
    return tuple(found)


def _turned(classes: Sequence[str], rows: Rows, before: Logits, after: Logits) -> dict[str, Any]:
    """Which answers differ from the tuned model's: how many, of which classes, and the first of their texts."""
    if after is before:
        return {"flips": 0}
    turned = flips(rows.test, classes, rows.test_labels, before.argmax(1), after.argmax(1))
    by_class, listed = ([asdict(x) for x in some] for some in (turned.by_class, turned.rows[:_LISTED]))
    return {"flips": len(turned.rows), "flips_by_class": by_class, "flipped": listed}


def _all_answers(engines: Sequence[Engine], texts: Sequence[str], progress: Progress) -> list[Logits]:
    """The accuracy run of every variant, in as many threads as the processors have room for; nothing is timed here."""
    names, over = [e.name for e in engines], Event()
    rows = sum(len(texts) for _ in engines)
    answered = [0] * len(engines)

    def answer(i: int) -> Logits:
        found, size = [], _CHUNK if engines[i].batch_free else 1
        for start in range(0, len(texts), size):
            if over.is_set():
                break
            found.append(engines[i].logits(texts[start : start + size]))
            answered[i] += len(found[-1])
        return np.concatenate(found)

    with ThreadPoolExecutor(workers_for()) as pool:
        running = [pool.submit(answer, i) for i in range(len(engines))]
        try:
            while wait(running, timeout=_TOLD_S).not_done:
                now = next((n for n, done in zip(names, answered, strict=True) if done < len(texts)), names[-1])
                progress(sum(answered), rows, f"Answering the test rows · {now}")
        finally:
            over.set()
        return [done.result() for done in running]


def _receipts(engines: Sequence[Engine], logits: Sequence[Logits], rows: Rows, margin: float) -> Mapping[str, Receipt]:
    """Receipts by name, corrected for how many there are; none where the tuned model answers nothing rightly."""
    right = [answers.argmax(1) == rows.test_labels for answers in logits]
    if len(engines) == 1 or not right[0].any():
        return {}
    return holm({e.name: receipt(right[0], r, margin=margin) for e, r in zip(engines[1:], right[1:], strict=True)})


def _parity(engine: Engine) -> float | None:
    """The largest difference of a logit from the model that a variant was exported from; 0 for the model itself."""
    file = engine.folder / TOLD
    if not file.is_file():
        return 0.0
    told = json.loads(file.read_text(encoding="utf-8"))
    return float(told["parity"]["max_logit_diff"]) if "parity" in told else None


def _too_few(n: int, accuracy: float, margin: float) -> str:
    least = least_rows(accuracy, margin) if accuracy else n
    if n >= least:
        return ""
    return (
        f"{n:,} test rows are too few to prove anything at a margin of {margin:.3g} of the accuracy: even a variant "
        f"that changes no answer needs {least:,}."
    )


def _portability(engines: Sequence[Engine]) -> str:
    """What the INT8 variants' speed hangs on."""
    if not any("int8" in e.name for e in engines):
        return ""
    if int8_native(cpu_flags()):
        return (
            "INT8 is fast here because this processor adds products of 8-bit numbers in one instruction (VNNI, AMX or "
            "ARM's dot product). On one without, it is slower, and these files may round worse: make and measure the "
            "variants on the kind of machine that will serve."
        )
    return (
        "This processor has no instruction for 8-bit products (no VNNI), so INT8 gains less time here than on one that "
        "has, and its weights keep to 7 bits, which can cost accuracy. Measure on the kind of machine that will serve."
    )
