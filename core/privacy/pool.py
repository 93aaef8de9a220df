"""Whole engines in processes of their own, one a core, that answer batches of texts in order.

spaCy's own `n_process` runs only the language model elsewhere, sends whole documents back and leaves the recognisers
to one process. Here a worker holds everything and sends back numbers. Workers are started afresh ("spawn"), so that no
thread or lock of the caller is copied, and end when the caller does, however it ends.
"""

import multiprocessing
import os
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

BATCH_TEXTS, BATCH_CHARS = 128, 16_000
AHEAD = 3  # batches a worker may have waiting, so that a large file is never held whole

Answer = list[tuple[int, int, str, float]]  # start, end, type, score of each span of a text

_answer: Any = None


def cores() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Group texts by number and length, so that each group takes less than a second."""
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if len(batch) >= BATCH_TEXTS or size >= BATCH_CHARS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class Pool:
    """Engines ready to answer. Use as a context; leaving it ends the workers, also in the middle of the work."""

    def __init__(self, *, reference: bool = False, threshold: float | None = None, workers: int = 0) -> None:
        """Start `workers` processes (one a core where 0) that each load the engine, and wait until they stand."""
        self.workers = workers or cores()
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(self.workers, context, _start, (reference, threshold))
        for future in [self._pool.submit(_ready) for _ in range(self.workers)]:
            future.result()

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answers(self, texts: Iterable[str]) -> Iterator[Answer]:
        """The spans of each text, in the order of the texts, as they come."""
        waiting: deque[Future[list[Answer]]] = deque()
        for batch in batches(texts):
            waiting.append(self._pool.submit(_work, batch))
            if len(waiting) >= self.workers * AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()

    def close(self) -> None:
        """End the workers now; what waits is dropped."""
        processes = list((self._pool._processes or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(5)


def _start(reference: bool, threshold: float | None) -> None:
    """Load the engine of a worker, and end with the parent even where that is killed outright."""
    global _answer
    threading.Thread(target=_follow, daemon=True).start()
    from core.privacy import texts  # noqa: PLC0415 - the caller's process need not load the recognisers

    _answer = texts.answerer(reference=reference, threshold=threshold)


def _follow() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _ready() -> bool:
    return _answer is not None and "torch" not in sys.modules


def _work(batch: Sequence[str]) -> list[Answer]:
    found: list[Answer] = _answer(batch)
    return found
