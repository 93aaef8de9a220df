"""The licence room's command."""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

from core.cli.output import PLAIN, Json, lines, show, stdout_kept, told_on_stderr
from core.errors import InputError

app = typer.Typer(help="The licence room: what may be sold how.", **PLAIN)

EXITS = {"blocked": 20, "unknown": 30, "obligations": 10, "allowed": 0}  # the gravest first
NAMES = {"internal": "Internal", "saas": "SaaS", "on_premises": "On-premises", "on_device": "On-device"}
MODES = tuple(NAMES)
USES = ("static", "modified", "copied")
_SHOWN = 10  # blockers or unknowns of a mode that are printed


@app.callback()
def _root() -> None:
    """Make `check` a command of its own."""


@app.command("check")
def licences_check(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="Requirements, manifest or lock file (Python, npm), SBOM, zip or folder of source, folder of wheels "
            'or installed packages, or "current".',
        ),
    ],
    mode: Annotated[str, typer.Option(help="internal, saas, on_premises, on_device, or all.")] = "all",
    model: Annotated[
        list[str] | None, typer.Option(help="Base model that ships: NAME=LICENCE, a folder, or an id; repeatable.")
    ] = None,
    dataset: Annotated[
        list[str] | None, typer.Option(help="Data set: NAME=LICENCE, a folder or file, or an id; repeatable.")
    ] = None,
    platform: Annotated[str, typer.Option(help="Where it runs: linux, macos or windows.")] = "linux",
    use: Annotated[
        list[str] | None,
        typer.Option(help="Package not used as it comes: NAME=static, modified or copied; repeatable."),
    ] = None,
    no_texts: Annotated[bool, typer.Option("--no-texts", help="Metadata only; read no licence texts.")] = False,
    open_source: Annotated[bool, typer.Option("--open-source", help="The product itself is open source.")] = False,
    as_json: Json = False,
) -> None:
    """Find each package's licence and say, for each way of selling, what it allows.

    Exits 0 where all is allowed, 10 where duties must be met, 20 where something blocks, 30 where something is unknown.
    """
    if mode not in (*MODES, "all"):
        raise InputError(f"--mode {mode}: must be all or one of {', '.join(MODES)}.")
    wanted = MODES if mode == "all" else (mode,)
    with stdout_kept(), told_on_stderr() as progress:
        room = import_module("core.licences.check")
        models = room.assets(model or [], "model", texts=not no_texts)
        datasets = room.assets(dataset or [], "dataset", texts=not no_texts)
        report = room.check(
            target,
            wanted,
            models,
            datasets,
            texts=not no_texts,
            open_source=open_source,
            uses=_uses(use or []),
            platform=platform,
            progress=progress,
        ).as_json()
    show(report, as_json, lambda: _say(report))
    words = {report["modes"][m]["verdict"] for m in wanted}
    raise typer.Exit(next(code for word, code in EXITS.items() if word in words))


def _say_skipped(rows: Sequence[Mapping[str, Any]]) -> None:
    """What was skipped, on stderr; of many with one reason the first few."""
    by_reason: dict[str, list[str]] = {}
    for row in rows:
        by_reason.setdefault(row["reason"].removeprefix(f"{row['name']}: "), []).append(row["name"])
    for reason, names in by_reason.items():
        for name in names[:_SHOWN]:
            sys.stderr.write(f"skipped: {name}: {reason}\n")
        if len(names) > _SHOWN:
            sys.stderr.write(f"skipped: {len(names) - _SHOWN:,} more for the same reason; --json lists all\n")


def _uses(given: Sequence[str]) -> dict[str, list[str]]:
    """Package -> how it is held, from `NAME=HOW`."""
    out: dict[str, list[str]] = {}
    for text in given:
        name, _, how = text.partition("=")
        if not name.strip() or how.strip() not in USES:
            raise InputError(f"--use {text}: give NAME=HOW, where HOW is one of {', '.join(USES)}.")
        out.setdefault(name.strip(), []).append(how.strip())
    return out


def _say(report: Mapping[str, Any]) -> None:
    known = sum(p["concluded"] is not None for p in report["packages"])
    lines(f"{known} of {len(report['packages'])} packages have a licence that is known ({report['seconds']:.1f} s)", "")
    for mode, found in report["modes"].items():
        lines(f"{NAMES[mode]}: {found['verdict']}")
        for title, key in (("blocks", "blockers"), ("unknown", "unknown")):
            for row in found[key][:_SHOWN]:
                reason = row["reason"].removeprefix(f"{row['name']}: ")
                lines(f"  {title}: {row['name']} ({row['licence'] or 'no licence found'}): {reason}")
                lines(f"    way out: {row['way_out']}")
            if len(found[key]) > _SHOWN:
                lines(f"  and {len(found[key]) - _SHOWN} more; --json lists all")
    _say_skipped(report["skipped"])
    if report["note"]:
        sys.stderr.write(f"{report['note']}\n")
