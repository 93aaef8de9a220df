"""Whole engines in processes of their own, one a core, that answer batches of texts in order.

spaCy's own `n_process` runs only the language model elsewhere, sends whole documents back and leaves the recognisers
to one process. Here a worker holds everything and sends back numbers. The first worker is started afresh ("spawn"), so
that no thread or lock of the caller is copied, loads the engine and then forks the others, which so cost neither time
nor memory of their own. A worker has one batch at a time, so that neither side ever waits to be read while it writes;
it ends when its pipe does, which is when the caller ends, however that ends.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

from core.errors import InputError

BATCH_TEXTS, BATCH_CHARS = 128, 16_000
WAITING = 4  # answered batches a worker may be ahead of the one that is awaited, so that a file is never held whole
END_S = 5.0
FORKS = hasattr(os, "fork") and sys.platform != "darwin"  # whose libraries do not survive it
WARM = "Ann Lee of 12 Main Street, Springfield wrote to ann@example.org on 4 May 2021 from 212-555-0132."

Answer = list[tuple[int, int, str, float]]  # start, end, type, score of each span of a text
Call = tuple[list[str], Mapping[str, Any]]  # texts, and how they are to be read


def ignore(seconds: int) -> None:
    """Take no notice of the time that passes."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Which engine a worker holds: "module:function" that makes it from keyword arguments, and those.

    The function returns one from (texts, how) to a list of answers, one a text, and with `problems`, a list of texts.
    """

    maker: str
    arguments: Mapping[str, Any]

    def make(self) -> Callable[..., list[Any]]:
        """Load it."""
        module, _, function = self.maker.partition(":")
        found: Callable[..., list[Any]] = getattr(__import__(module, fromlist=[function]), function)(**self.arguments)
        return found


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

    def __init__(self, engine: Engine, *, workers: int = 0) -> None:
        """Start `workers` processes (one a core where 0); they load the engine while the caller goes on."""
        self.workers = workers or cores()
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        pairs = [Pipe() for _ in range(self.workers)]
        self._pipes = [ours for ours, _ in pairs]
        theirs = [pipe for _, pipe in pairs]
        start = multiprocessing.get_context("spawn").Process
        self._started = [
            start(target=_first, args=(engine, group), daemon=True)
            for group in ([theirs] if FORKS else [[pipe] for pipe in theirs])
        ]
        for process in self._started:
            process.start()
        for pipe in theirs:
            pipe.close()
        self._pids: list[int] = []
        self.problems: dict[str, None] = {}  # what a worker's engine had to leave out, in the order told

    def wait(self, tick: Callable[[int], None] = ignore) -> None:
        """Wait until every worker stands ready, telling each second how many have passed."""
        if self._pids:
            return
        seconds = 0
        for pipe in self._pipes:
            while not pipe.poll(1):
                seconds += 1
                tick(seconds)
        self._pids = [self._receive(pipe) for pipe in self._pipes]

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answers(self, texts: Iterable[str], **how: Any) -> Iterator[Any]:
        """The answer to each text, in the order of the texts, as they come."""
        for batch in self.work((batch, how) for batch in batches(texts)):
            yield from batch

    def work(self, calls: Iterable[Call]) -> Iterator[list[Any]]:
        """The answers to each batch, in the order of the batches, as they come."""
        self.wait()
        source, free = iter(enumerate(calls)), list(self._pipes)
        busy: dict[Connection, int] = {}
        done: dict[int, list[Any]] = {}
        awaited = 0
        while True:
            while free and len(done) <= self.workers * WAITING and (call := next(source, None)):
                busy[free[-1]] = call[0]
                free.pop().send(call[1])
            if not busy:
                return
            for pipe in [pipe for pipe in wait(list(busy)) if isinstance(pipe, Connection)]:
                done[busy.pop(pipe)] = self._receive(pipe)
                free.append(pipe)
            while awaited in done:
                yield done.pop(awaited)
                awaited += 1

    def _receive(self, pipe: Connection) -> Any:
        """What a worker sent.

        Raises:
            InputError: what the engine was to be made from is wrong.
            RuntimeError: it failed, in words that quote no text, or it was killed.
        """
        try:
            answer, problems, failure = pipe.recv()
        except (EOFError, OSError):
            raise RuntimeError("a process that searched ended, perhaps for want of memory") from None
        if failure:
            raise failure
        self.problems.update(dict.fromkeys(problems))
        return answer

    def close(self) -> None:
        """End the workers now; what they do is dropped."""
        for pipe in self._pipes:
            pipe.close()
        own = {process.pid for process in self._started}
        for pid in self._pids:
            if pid not in own:  # forked: the process that did so takes note of its end
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
        for process in self._started:
            if not self._pids:
                process.terminate()
            process.join(END_S)
            if process.is_alive():
                process.kill()
                process.join()
        self._pids = []


def _first(engine: Engine, pipes: Sequence[Connection]) -> None:
    """The worker that loads the engine, forks one for each further pipe, and takes care of them."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # each core has a worker of its own; NumPy is not loaded yet
    try:
        answer = engine.make()
        answer([WARM])
    except Exception as error:
        why = f"the recognisers could not be loaded ({type(error).__name__})"
        for pipe in pipes:
            pipe.send((None, (), error if isinstance(error, InputError) else RuntimeError(why)))
        return
    others = []
    for pipe in pipes[1:]:
        pid = os.fork()
        if not pid:
            _serve(answer, pipe, [p for p in pipes if p is not pipe])
            os._exit(0)
        others.append(pid)
    _serve(answer, pipes[0], pipes[1:])
    for pid in others:
        os.waitpid(pid, 0)


def _serve(answer: Callable[..., list[Any]], pipe: Connection, others: Iterable[Connection]) -> None:
    """Answer until the pipe ends."""
    for other in others:
        other.close()
    with suppress(EOFError, OSError):
        pipe.send((os.getpid(), (), None))
        while True:
            texts, how = pipe.recv()
            told: tuple[list[Any], tuple[str, ...], Exception | None]
            try:
                told = (answer(texts, **how), tuple(getattr(answer, "problems", ())), None)
            except RuntimeError as error:  # the engines' own, which quote no text
                told = ([], (), error)
            except Exception as error:
                told = ([], (), RuntimeError(f"a search of {len(texts):,} texts failed ({type(error).__name__})"))
            pipe.send(told)
