"""Texts in JSON lines, their spans out: what `privacy detect` does.

A line is `{"id", "text"}`; what comes out is `{"id", "spans": [{"start", "end", "type", "score"}]}`, with offsets in
code points. A line that cannot be read is counted and named by its number and what is wrong, never by what it holds.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import tee
from pathlib import Path
from typing import Any, TextIO

from core.errors import InputError
from core.privacy.pool import Answer, Engine, Pool
from core.progress import Progress, silent

LONGEST = 1_000_000  # characters; spaCy's own limit
NAMED = 20  # broken lines that are named one by one

Answerer = Callable[[Sequence[str]], list[Answer]]


@dataclass(slots=True)
class Report:
    """What was done: texts answered, spans found, broken lines, and the seconds without loading the engines."""

    texts: int = 0
    spans: int = 0
    broken: int = 0
    named: list[str] = field(default_factory=list)
    seconds: float = 0.0
    workers: int = 0

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values; no text is among them."""
        return {
            "texts": self.texts,
            "spans": self.spans,
            "broken": self.broken,
            "broken_lines": self.named,
            "seconds": round(self.seconds, 3),
            "workers": self.workers,
        }

    def broke(self, line: int, why: str) -> None:
        """Note a line that cannot be used."""
        self.broken += 1
        if len(self.named) < NAMED:
            self.named.append(f"line {line}: {why}")


def answerer(*, reference: bool, threshold: float | None = None) -> Answerer:
    """What answers a batch in this process: Presidio's default, or the better detector."""
    if reference:
        from core.privacy.engine import Reference  # noqa: PLC0415 - loads Presidio

        return Reference(threshold).answers
    from core.privacy.detect import THRESHOLD, detector  # noqa: PLC0415 - loads Presidio

    finder = detector()
    least = THRESHOLD if threshold is None else threshold

    def answer(batch: Sequence[str]) -> list[Answer]:
        found = finder.detect(batch, weak=least < THRESHOLD)
        return [[(s.start, s.end, s.type, s.score) for s in spans if s.score >= least] for spans in found]

    return answer


def detect_file(
    source: Path,
    out: Path,
    *,
    reference: bool = False,
    threshold: float | None = None,
    workers: int = 0,
    progress: Progress = silent,
) -> Report:
    """Answer every text of a file of JSON lines; `out` appears whole or not at all.

    Args:
        source: JSON lines with `id` and `text`.
        out: where the answers go; replaced where it stands.
        reference: Presidio's default answers in place of the better ones.
        threshold: the least score; that of the pages of Presidio, 0.4, where None.
        workers: processes; one a core where 0.
        progress: called with the bytes read of those to read.

    Raises:
        InputError: the file cannot be read, holds no line that can be used, or `out` cannot be written.
    """
    report = Report()
    size = _size(source)
    progress(0, size, f"{source.name}: loading the recognisers")
    engine = Engine("core.privacy.texts:answerer", {"reference": reference, "threshold": threshold})
    with _whole(out) as file, Pool(engine, workers=workers) as pool:
        report.workers = pool.workers
        pool.wait()
        begun = time.perf_counter()
        rows, texts = tee(_rows(source, report))
        for (row, _, at), spans in zip(rows, pool.answers(text for _, text, _ in texts), strict=True):
            found = [{"start": a, "end": b, "type": kind, "score": score} for a, b, kind, score in spans]
            file.write(json.dumps({"id": row, "spans": found}) + "\n")
            report.texts += 1
            report.spans += len(found)
            progress(at, size, f"{source.name}: {report.texts:,} texts")
        report.seconds = time.perf_counter() - begun
        if report.broken and not report.texts:
            raise InputError(f'{source.name}: no line is {{"id", "text"}} in JSON; {report.named[0]}.')
    return report


def _size(source: Path) -> int:
    try:
        if not source.is_file():
            raise InputError(f"{source.name}: there is no such file; give a file of JSON lines.")
        return source.stat().st_size
    except OSError as error:
        raise InputError(f"{source.name}: cannot be read ({error.strerror}).") from None


def _rows(source: Path, report: Report) -> Iterator[tuple[str | int, str, int]]:
    """Id, text and the bytes read so far of each line that can be used."""
    at = 0
    with source.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            at += len(line)
            if not line.strip():
                continue
            row = _row(line)
            if isinstance(row, str):
                report.broke(number, row)
            else:
                yield *row, at


def _row(line: bytes) -> tuple[str | int, str] | str:
    """Id and text of a line, or what is wrong with it."""
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return "not UTF-8"
    except (ValueError, RecursionError):
        return "not JSON"
    if not isinstance(row, dict):
        return "not an object"
    key, text = row.get("id"), row.get("text")
    if not isinstance(key, str | int) or isinstance(key, bool):
        return '"id" is missing or neither text nor a whole number'
    if not isinstance(text, str):
        return '"text" is missing or no text'
    if len(text) > LONGEST:
        return f'"text" is longer than {LONGEST:,} characters; cut it'
    return key, text


class _whole:  # noqa: N801 - used as a context manager, like the functions of contextlib
    """A file that takes its place only once it is complete."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def __enter__(self) -> TextIO:
        try:
            handle, name = tempfile.mkstemp(dir=self.out.parent, prefix=f".{self.out.name}.")
        except OSError as error:
            raise InputError(f"--out {self.out}: cannot be written ({error.strerror}).") from None
        self.part = Path(name)
        self.file = os.fdopen(handle, "w", encoding="utf-8")
        return self.file

    def __exit__(self, kind: object, *_: object) -> None:
        self.file.close()
        try:
            if kind is None:
                self.part.chmod(0o644)
                self.part.replace(self.out)
        except OSError as error:
            raise InputError(f"--out {self.out}: cannot be written ({error.strerror}).") from None
        finally:
            self.part.unlink(missing_ok=True)
