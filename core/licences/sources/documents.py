"""TOML and JSON files that may come from a stranger, read whole or refused with one message."""

import json
import tomllib
from pathlib import Path
from typing import Any

from core.errors import InputError

MOST_BYTES = 50_000_000  # the lock of a large web project has 2 MB, an SBOM of a distribution 30


def read_text(path: Path, most: int = MOST_BYTES) -> str:
    """The text of a UTF-8 file.

    Raises:
        InputError: too large, not UTF-8, or not readable.
    """
    try:
        if path.stat().st_size > most:
            raise InputError(f"{path.name}: larger than {most // 1_000_000} MB; give the file of one product only.")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name}: not UTF-8 at byte {error.start}; save it as UTF-8 text.") from None
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read ({error.strerror}).") from None


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as its tables; errors as of `read_text`, and where it is not valid TOML."""
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path.name}: not valid TOML: {error}.") from None
    except RecursionError:
        raise InputError(f"{path.name}: nested too deep to be a real file; make it anew.") from None


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file that holds an object; errors as of `read_text`, and where it is none."""
    try:
        found = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise InputError(f"{path.name}: not valid JSON (line {error.lineno}): {error.msg}.") from None
    except (RecursionError, ValueError):
        raise InputError(f"{path.name}: nested too deep, or a number too long; make it anew.") from None
    if not isinstance(found, dict):
        raise InputError(f"{path.name}: its outermost value is no JSON object; give the file as its tool wrote it.")
    return found


def tables(value: Any) -> list[Any]:
    """A value that should be an array of tables; anything else holds none."""
    return value if isinstance(value, list) else []


def table(value: Any) -> dict[str, Any]:
    """A value that should be a table; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def strings(value: Any) -> list[str]:
    """The strings of a value that should be an array of them."""
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []
