"""The command line: `app` with all commands, and `main`, which turns what goes wrong into an exit code."""

from core.cli.app import app, main

__all__ = ["app", "main"]
