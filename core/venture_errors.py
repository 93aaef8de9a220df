"""Say what is wrong with a TOML file, all of it at once, with the line and in words a founder understands."""

import difflib
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

_EXAMPLES = {"^[a-z][a-z0-9_-]{0,63}$": "support-tickets"}


def problems(error: ValidationError, schema: type[BaseModel], text: str, name: str) -> str:
    """Every problem of a TOML file in one message, each with its line and key, in the order of the lines."""
    found = sorted({(line_of(text, _place(e)), _say(e, schema)) for e in error.errors(include_url=False)})
    head = f"{name} has {len(found)} problem{'s' if len(found) > 1 else ''}:"
    return "\n".join([head, *(f"line {line}: {what}" for line, what in found)])


def sentences(error: ValidationError, schema: type[BaseModel]) -> list[str]:
    """Every problem of values that stand in no file yet, each in a sentence."""
    return [_say(e, schema) for e in error.errors(include_url=False)]


def _place(error: Any) -> tuple[str | int, ...]:
    """The key that an error speaks of; a table's validator may name a line inside its table."""
    return (*error["loc"], *error.get("ctx", {}).get("place", ()))


def _say(error: Any, schema: type[BaseModel]) -> str:
    """One problem in a founder's words; pydantic's own where they are plain already."""
    key = ".".join(str(p + 1) if isinstance(p, int) else p for p in _place(error)) or "file"
    limit = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return f"{key}: unknown key{_nearest(error['loc'], schema)}."
        case "missing":
            return f"{key}: is missing."
        case "literal_error":
            return f"{key}: must be {limit['expected']}."
        case "string_too_short":
            return f"{key}: must not be empty."
        case "string_pattern_mismatch":
            return f"{key}: must look like {limit['pattern']}, for example {_EXAMPLES.get(limit['pattern'], 'USD')}."
        case "wrong_at":
            return f"{key}: {limit['said']}."
        case "value_error":
            return f"{key}{_whose(error)}: {limit['error']}."
        case _:
            return f"{key}: {error['msg'].replace('Input should', 'must').replace('Value error, ', '')}."


def _whose(error: Any) -> str:
    """The id of the table that an error is of, where it has one: nobody counts figures to find the third."""
    table = error.get("input")
    return f" ({table['id']})" if isinstance(table, dict) and isinstance(table.get("id"), str) else ""


def _nearest(loc: tuple[str | int, ...], schema: type[BaseModel]) -> str:
    """Suggest the key that was probably meant, or list those there are."""
    part: Any = schema
    for step in loc[:-1]:
        if isinstance(step, str):
            part = _model_in(part.model_fields[step].annotation)
    known = [f.alias or n for n, f in part.model_fields.items()]
    close = difflib.get_close_matches(str(loc[-1]), known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else f" (known here: {', '.join(known)})"


def _model_in(annotation: Any) -> Any:
    args = getattr(annotation, "__args__", ())
    return annotation if not args else next(a for a in map(_model_in, args) if hasattr(a, "model_fields"))


def line_of(text: str, loc: tuple[str | int, ...]) -> int:
    """The line (from 1) on which the key `loc` stands, or the nearest thing above it that does.

    tomllib gives values without positions; this reads table headers and `key =` lines only, which is all that a venture
    file holds.
    """
    table: tuple[str | int, ...] = ()
    seen: dict[tuple[str | int, ...], int] = {(): 1}
    counts: dict[tuple[str, ...], int] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if header := re.match(r"^\[(\[?)\s*([^\]]+?)\s*\]", line):
            names = tuple(part.strip().strip("\"'") for part in header[2].split("."))
            if header[1]:
                counts[names] = counts.get(names, -1) + 1
            table = _with_indices(names, counts)
            seen.setdefault(table, number)
        elif key := re.match(r"^([A-Za-z0-9_\-\"'.]+)\s*=", line):
            seen.setdefault((*table, *(p.strip("\"'") for p in key[1].split("."))), number)
    return next(seen[loc[:n]] for n in range(len(loc), -1, -1) if loc[:n] in seen)


def _with_indices(names: tuple[str, ...], counts: Mapping[tuple[str, ...], int]) -> tuple[str | int, ...]:
    out: list[str | int] = []
    for n in range(1, len(names) + 1):
        out.append(names[n - 1])
        if names[:n] in counts:
            out.append(counts[names[:n]])
    return tuple(out)
