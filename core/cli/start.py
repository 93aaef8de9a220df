"""Where the command line begins: what is loaded for a command, and what its errors come to.

A room's command loads its room alone: with the commands of all rooms, Python is busy for a second before it starts.
"""

import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import typer

from core.cli.output import ROOT
from core.errors import InputError

ALONE = ("licences", "model", "privacy")  # each a module here of the same name, whose `app` has all its commands


def commands(words: Sequence[str]) -> typer.Typer:
    """The commands that the words of a command line can mean: those of one room, else all there are."""
    if not words or words[0] not in ALONE:
        whole: typer.Typer = import_module("core.cli.app").app
        return whole
    only = typer.Typer(**ROOT)
    only.add_typer(import_module(f"core.cli.{words[0]}").app, name=words[0])
    return only


def main() -> None:
    """Run the command line; a person's mistake is one message and exit 2, ours is one line and exit 1."""
    try:
        commands(sys.argv[1:])(standalone_mode=True)
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(130)
    except Exception as error:
        # The message of a library's exception may quote a row of the founder's data, so only its type and place.
        where = traceback.extract_tb(error.__traceback__)[-1]
        sys.stderr.write(f"internal error: {type(error).__name__} at {Path(where.filename).name}:{where.lineno}\n")
        sys.exit(1)
