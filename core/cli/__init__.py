"""The command line: `main` runs it and turns what goes wrong into an exit code; `core.cli.app` holds all commands."""

from core.cli.start import main

__all__ = ["main"]
