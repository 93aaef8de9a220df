"""What may be told of an exception. A library's message may quote the data it choked on, and data may be personal:
so a row and a log get the type and the places in the code, and the words only of errors written for a person.
"""

import logging
import sys
import threading
import traceback
from types import TracebackType

from pydantic import ValidationError

from core.errors import InputError


def message(error: BaseException) -> str:
    """One line for the job's row, fit to be shown."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, ValidationError):
        return _invalid(error)
    if isinstance(error, MemoryError):
        return "ran out of memory; give it less data, or raise PREFLIGHT_JOB_MEMORY_MB where that is set"
    return f"internal error: {type(error).__name__} (see log)"


def describe(error: BaseException) -> str:
    """A traceback for the log: types and places of the whole chain, without the messages of libraries."""
    parts: list[str] = []
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        said = f": {message(link)}" if isinstance(link, InputError | ValidationError) else ""
        name = f"{type(link).__module__}.{type(link).__qualname__}"
        parts.insert(0, f"{''.join(traceback.format_tb(link.__traceback__))}{name}{said}\n")
        if isinstance(link, BaseExceptionGroup):
            parts[0] += "".join(f"within it: {describe(inner)}" for inner in link.exceptions)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "which led to:\n".join(parts)


def guard_output() -> None:
    """Let no uncaught exception, in whatever thread, and no logged one print its message from here on."""
    sys.excepthook = lambda _type, error, _trace: _print(error)
    sys.unraisablehook = lambda unraisable: _print(unraisable.exc_value)
    threading.excepthook = lambda thrown: _print(thrown.exc_value)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Frames("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class _Frames(logging.Formatter):
    def formatException(  # noqa: N802 - the name is logging's
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return describe(ei[1]) if ei[1] else ""


def _print(error: BaseException | None) -> None:
    if error is not None:
        print(describe(error), file=sys.stderr, flush=True)


def _invalid(error: ValidationError) -> str:
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    places = (".".join(map(str, p["loc"])) or error.title for p in problems)
    return "; ".join(
        f"{place}: {p['msg'].removeprefix('Value error, ')}" for place, p in zip(places, problems, strict=True)
    )
