"""TOML that people edit too: written so that it can be read."""

import re

import tomlkit


def dump(doc: tomlkit.TOMLDocument) -> str:
    """The text, with a blank line before each table: tomlkit adds none."""
    return re.sub(r"(?<=[^\n])\n(?=\[)", "\n\n", tomlkit.dumps(doc))
