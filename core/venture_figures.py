"""Edit the market tables of a venture file as text: figures, scenarios, a template. Comments stay where they are."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import InlineTable

from core.errors import InputError
from core.settings import PROJECT
from core.venture_errors import line_of
from core.venture_market import Figure

TEMPLATES = PROJECT / "data" / "market"
_HEADER = re.compile(r"^\s*\[")
_SCENARIO = re.compile(r"^\s*\[\[?\s*market\.scenarios\b")


def templates() -> dict[str, Path]:
    """The filled-in markets that ship, by scenario."""
    return {file.stem: file for file in sorted(TEMPLATES.glob("*.toml"))}


def take_template(text: str, scenario: str) -> str:
    """Put the template of a scenario in the place of a market table that states no figure yet.

    Raises:
        InputError: there is no such template, or the venture states figures already.
    """
    known = templates()
    if scenario not in known:
        raise InputError(f"There is no market template called {scenario!r}; known are {', '.join(known)}.")
    doc = tomlkit.parse(text)
    if doc.get("market", {}).get("assumptions"):
        raise InputError("The venture states market figures already; change those, or take them out first.")
    doc.pop("market", None)
    return f"{tomlkit.dumps(doc).rstrip()}\n\n{known[scenario].read_text(encoding='utf-8')}"


def set_figures(text: str, changes: Mapping[str, Mapping[str, Any]]) -> str:
    """Change assumptions, by id: each maps keys (p10, source, ...) to values. A word left empty adds no key.

    Raises:
        InputError: one of them is not in the file.
    """
    doc = tomlkit.parse(text)
    rows = list(doc.get("market", {}).get("assumptions", []))
    places = {str(row["id"]): k for k, row in enumerate(rows) if "id" in row}
    added: list[tuple[int, str, Any]] = []
    for name, values in changes.items():
        if name not in places:
            raise InputError(f"{name!r} is not among the assumptions of the file; it may have changed meanwhile.")
        row = rows[places[name]]
        for key, value in values.items():
            if key in row or isinstance(row, InlineTable):
                row[key] = value
            elif value != "":
                added.append((places[name], key, value))
    return _with_lines(tomlkit.dumps(doc), added)


def _with_lines(text: str, added: list[tuple[int, str, Any]]) -> str:
    """Write keys that are new below p90, where a person would; at a table's end they would fall behind its comments."""
    for place, key, value in added:
        lines = text.splitlines(keepends=True)
        at = line_of(text, ("market", "assumptions", place, "p90"))
        lines.insert(at, f"{key} = {tomlkit.item(value).as_string()}\n")
        text = "".join(lines)
    return text


def keep_scenario(text: str, name: str, why: str, figures: Mapping[str, Figure]) -> str:
    """Add a named scenario, or replace the one that has its name."""
    text = drop_scenario(text, name).rstrip()
    rows = [f"{k} = {{ p10 = {f.p10!r}, p50 = {f.p50!r}, p90 = {f.p90!r} }}" for k, f in figures.items()]
    head = ["[[market.scenarios]]", f"name = {tomlkit.item(name).as_string()}"]
    head += [f"why = {tomlkit.item(why).as_string()}"] if why else []
    return "\n".join([text, "", *head, "[market.scenarios.figures]", *rows, ""])


def drop_scenario(text: str, name: str) -> str:
    """Take a scenario out; a name that is not there changes nothing."""
    named = [str(s.get("name", "")) for s in tomlkit.parse(text).get("market", {}).get("scenarios", [])]
    if name not in named:
        return text
    lines, wanted = text.splitlines(keepends=True), named.index(name)
    start = line_of(text, ("market", "scenarios", wanted)) - 1
    rest = list(_after(lines, start))
    return "".join(lines[:start] + rest)


def _after(lines: list[str], start: int) -> Iterator[str]:
    """The lines behind the scenario that begins at `start`."""
    for k in range(start + 1, len(lines)):
        own = _SCENARIO.match(lines[k]) and not lines[k].lstrip().startswith("[[")
        if _HEADER.match(lines[k]) and not own:
            yield from lines[k:]
            return
