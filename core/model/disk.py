"""A disk that refuses a write: one plain message, and nothing half-written left behind."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from core.errors import InputError


@contextmanager
def says_why(what: str, then: str, unfinished: Path) -> Iterator[None]:
    """Turn a failed write into one plain message, and leave nothing half-written.

    Raises:
        InputError: the operating system refused a write, on its own or through safetensors.
    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        if unfinished.is_dir():
            shutil.rmtree(unfinished, ignore_errors=True)
        else:
            unfinished.unlink(missing_ok=True)
        raise InputError(
            f"{what} could not be written ({_reason(error)}): free some space and run again; {then}."
        ) from (error)


def write_json(file: Path, values: Any) -> None:
    """Write a JSON file that appears whole or not at all.

    Raises:
        InputError: the disk is full.
    """
    temporary = file.with_name(f".{file.name}.tmp")
    with says_why(file.name, "what the run has done is kept", temporary):
        temporary.write_text(json.dumps(values, indent=2), encoding="utf-8")
        temporary.replace(file)


def _reason(error: Exception) -> str:
    """The operating system's words; safetensors wraps its errors and leaves their number in the text."""
    number = error.errno if isinstance(error, OSError) else None
    if match := re.search(r"os error (\d+)", str(error)):
        number = int(match[1])
    return os.strerror(number) if number else "unknown reason"
