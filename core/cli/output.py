"""What every command prints and how: one JSON document or plain lines on stdout, progress on stderr."""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any, TextIO

import typer

from core.progress import Progress

PLAIN: dict[str, Any] = {"no_args_is_help": True, "rich_markup_mode": None, "add_completion": False}
ROOT: dict[str, Any] = {  # of `python -m core` itself, however many of its commands are loaded
    "help": "Measure whether an AI venture can fly: model, privacy, licences, market, and the verdict.",
    "pretty_exceptions_enable": False,
    "context_settings": {"max_content_width": 100, "help_option_names": ["--help"]},
    **PLAIN,
}
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


def lines(*lines: str) -> None:
    """Print plain lines."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def text(value: Any) -> str:
    """A value as a JSON document; one that holds infinities or NaN is an error of ours."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def show(value: Any, as_json: bool, plain: Callable[[], object] | None = None) -> None:
    """Print the JSON document, or the plain form where there is one and JSON was not asked for."""
    if as_json or plain is None:
        sys.stdout.write(text(value))
    else:
        plain()


@contextlib.contextmanager
def told_on_stderr() -> Iterator[Progress]:
    """Progress as lines on stderr, at most one a second."""
    said, last = "", 0.0

    def report(done: float, total: float, note: str = "") -> None:
        nonlocal said, last
        now = time.monotonic()
        if note and note != said and (now - last >= 1 or done >= total):
            said, last = note, now
            sys.stderr.write(f"{done / total if total else 0:4.0%} {note}\n")

    yield report


@contextlib.contextmanager
def stdout_kept() -> Iterator[TextIO]:
    """Send whatever libraries print, from C too, to stderr, so that stdout stays one document; yields the real one."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with contextlib.redirect_stdout(sys.stderr), os.fdopen(os.dup(kept), "w", encoding="utf-8") as stdout:
            yield stdout
    finally:
        os.dup2(kept, 1)
        os.close(kept)
