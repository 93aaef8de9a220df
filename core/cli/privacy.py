"""The privacy room's commands."""

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.output import PLAIN, Json, lines, show, stdout_kept, told_on_stderr
from core.errors import InputError
from core.venture import load

app = typer.Typer(help="The privacy room: find personal data.", **PLAIN)

BAD_INPUT = 2
_SHOWN = 8  # entity types of a column that are printed


@app.command("scan")
def privacy_scan(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Files or folders: CSV, TSV, JSONL, Parquet, XLSX, text, PDF with text.",
        ),
    ],
    sample: Annotated[int | None, typer.Option(min=1, help="Rows to scan of each; all where left out.")] = None,
    policy: Annotated[
        Path | None, typer.Option(help="TOML file: own recognisers, words to allow, thresholds of types.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find personal data, by column and type, with intervals, and how many rows a combination of columns singles out.

    Raw values are never printed. A file that cannot be read is named on stderr, the others are scanned, and the exit
    code is 2.
    """
    with stdout_kept(), told_on_stderr() as progress:
        room = import_module("core.privacy.files")
        report = room.scan_files(files, sample=sample, policy=policy, progress=progress).as_json()
    for broken in report["broken"]:
        sys.stderr.write(f"{broken['message']}\n")
    show(report, as_json, lambda: _say(report))
    raise typer.Exit(BAD_INPUT if report["broken"] else 0)


@app.command("detect")
def privacy_detect(
    texts: Annotated[Path, typer.Argument(metavar="IN", help='JSON lines, each {"id", "text"}.')],
    out: Annotated[Path, typer.Option(help="File for the answers, one line a text.")],
    reference: Annotated[bool, typer.Option("--reference", help="Presidio's default answers, made fast.")] = False,
    threshold: Annotated[float | None, typer.Option(min=0, max=1, help="Least score; 0.4 where left out.")] = None,
    as_json: Json = False,
) -> None:
    """Find personal data in texts: for each its spans, with offsets in characters. Broken lines are named."""
    with stdout_kept(), told_on_stderr() as progress:
        room = import_module("core.privacy.texts")
        report = room.detect_file(texts, out, reference=reference, threshold=threshold, progress=progress)
    for line in report.named:
        sys.stderr.write(f"{texts.name}: {line}; left out\n")
    show(
        report.as_json(),
        as_json,
        lambda: lines(f"{report.texts:,} texts, {report.spans:,} spans, {report.broken:,} broken lines left out"),
    )


@app.command("names")
def privacy_names(
    out: Annotated[Path, typer.Option(help="File for the weights; the one that ships is data/names/tuned.npz.")],
    as_json: Json = False,
) -> None:
    """Make the name model that ships: fine-tune the bundled one on made-up sentences, about four processor minutes."""
    if not out.parent.is_dir():
        raise InputError(f"--out {out}: there is no folder {out.parent}; make it first.")
    with stdout_kept(), told_on_stderr() as progress:
        told = import_module("core.privacy.names.ship").make(out, progress=progress)
    verdict = told["verdict"]
    before, after = (verdict[side]["leak"] for side in ("before", "after"))
    show(
        told,
        as_json,
        lambda: lines(
            f"{before['value']:.1%} of {before['n']:,} held-out texts leaked, {after['value']:.1%} leak now. "
            f"{verdict['reason']}"
        ),
    )


@app.command("train")
def privacy_train(
    venture: Annotated[Path, typer.Argument(metavar="VENTURE", help="The venture.toml, or its folder.")],
    minutes: Annotated[float, typer.Option(min=0.05, max=60, help="Minutes of processor time to learn in.")] = 3.0,
    drop: Annotated[bool, typer.Option("--drop", help="Go back to the name model that ships.")] = False,
    as_json: Json = False,
) -> None:
    """Fine-tune a name model of the venture's own; its scans use it only where fewer held-out texts leak."""
    of = load(venture)
    door = import_module("core.privacy.names.measure")
    if drop:
        dropped = import_module("core.privacy.names.own").drop(door.own_file(of))
        show({"dropped": dropped}, as_json, lambda: lines("dropped" if dropped else "there was none"))
        return
    with stdout_kept(), told_on_stderr() as progress:
        told = door.train(of, minutes=minutes, progress=progress).as_json()
    before, after = (told["held_out"][side]["leak"] for side in ("before", "after"))
    show(
        told,
        as_json,
        lambda: lines(
            f"{'Adopted' if told['adopted'] else 'Not adopted'}: {told['reason']}",
            *(
                f"{word}: {s['value']:.1%} ({s['low']:.1%} to {s['high']:.1%}) of {s['n']:,} held-out texts leak"
                for word, s in (("before", before), ("after", after))
                if s["n"]
            ),
        ),
    )


def _say(report: Mapping[str, Any]) -> None:
    for file in report["files"]:
        direct = file["direct"]
        lines(
            f"{file['path']}: {_range(direct)} of {file['rows']:,} rows hold a direct identifier "
            f"({file['scanned']:,} rows read in {file['seconds']:.1f} s)"
        )
        lines(*(f"  {fault['message']}" for fault in file["problems"]))
        lines(*(_column(c) for c in file["columns"]), "")
    risk = report["risk"]
    if risk["k"] is None:
        lines(f"Re-identification: unknown. {risk.get('reason', '')}")
        return
    lines(
        f"Re-identification by {', '.join(risk['quasi_identifiers'])}: {risk['unique_share']:.1%} of the rows are "
        f"unique, the smallest group has {risk['k']:,}"
    )


def _column(c: Mapping[str, Any]) -> str:
    found = [f"{e['title']} {_range(e)}{'' if e['label'] else ' (odd hits)'}" for e in c["entities"][:_SHOWN]]
    partly = f" ({c['cut']:,} too long to be read whole)" if c["cut"] else ""
    return f"  {c['name']:24s} {c['kind']:10s} {', '.join(found) or 'nothing found'}{partly}"


def _range(share: Mapping[str, float]) -> str:
    if share["low"] == share["high"]:
        return f"{share['rate']:.1%}"
    return f"{share['rate']:.1%} ({share['low']:.1%} to {share['high']:.1%})"
