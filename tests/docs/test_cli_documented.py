"""The README quotes every command's help, and the quotes are true. `UPDATE_README=1` writes them anew."""

import os
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from core.cli.app import app

README = Path(__file__).resolve().parents[2] / "README.md"
COMMANDS = [
    "",
    "assess",
    "explain",
    "whatif",
    "model inspect",
    "model probe",
    "model train",
    "model predict",
    "model optimise",
    "model benchmark",
    "privacy scan",
    "privacy detect",
    "privacy names",
    "privacy train",
    "licences check",
    "market size",
    "market adoption",
    "jobs list",
    "jobs cancel",
    "jobs worker",
]


def help_of(command: str) -> str:
    done = CliRunner().invoke(
        app, [*command.split(), "--help"], prog_name="python -m core", env={"COLUMNS": "100", "NO_COLOR": "1"}
    )
    assert done.exit_code == 0, done.output
    return "\n".join(line.rstrip() for line in done.output.strip().splitlines())


def block(command: str) -> re.Pattern[str]:
    asked = f"python -m core {command} --help".replace("  ", " ")
    return re.compile(rf"(?<=```console\n\$ {re.escape(asked)}\n).*?(?=\n```)", re.S)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_quotes_the_help_as_it_is(command: str) -> None:
    text, real = README.read_text(encoding="utf-8"), help_of(command)
    if os.environ.get("UPDATE_README"):
        text = block(command).sub(lambda _: real, text)
        README.write_text(text, encoding="utf-8")
    found = block(command).search(text)
    assert found, f"README.md does not quote python -m core {command} --help"
    assert found[0] == real


def test_every_command_there_is_stands_in_the_list_above() -> None:
    root = typer.main.get_command(app)
    found = []
    for name, sub in root.commands.items():  # type: ignore[attr-defined]
        found += [f"{name} {leaf}" for leaf in sub.commands] if hasattr(sub, "commands") else [name]
    assert sorted(found) == sorted(COMMANDS[1:])
