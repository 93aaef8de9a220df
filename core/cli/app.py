"""The command line: the same measurements, evidence and verdict as in the browser.

Exit codes: 0 GO (or done), 1 internal error, 2 bad input, 10 CONDITIONAL, 20 NO-GO, 30 NOT ENOUGH EVIDENCE. With
--json, stdout is one JSON document and nothing else; progress goes to stderr.
"""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli import adoption, licences, model, privacy, verdict
from core.cli.output import PLAIN, ROOT, Json, lines, show, stdout_kept, text
from core.errors import InputError
from core.evidence import Evidence, Status
from core.feeds import all_inputs
from core.jobs import Job, JobStatus, cancel, jobs, submit, tail, wait
from core.readiness.assess import Assessment, due
from core.settings import settings
from core.store import connect, latest
from core.venture import Venture, load, load_market

app = typer.Typer(**ROOT)
market_app = typer.Typer(help="The market room: how big, and who says so.", **PLAIN)
jobs_app = typer.Typer(help="Measurements that wait, run or ran.", **PLAIN)
for name, sub in (
    ("model", model.app),
    ("privacy", privacy.app),
    ("licences", licences.app),
    ("market", market_app),
    ("jobs", jobs_app),
):
    app.add_typer(sub, name=name)


market_app.command("adoption")(adoption.market_adoption)


@app.callback()
def _root() -> None:
    """Make `assess` a command of its own beside the rooms."""


@app.command("assess")
def assess_command(
    venture: Annotated[Path, typer.Argument(metavar="VENTURE", help="The venture.toml, or its folder.")],
    out: Annotated[Path | None, typer.Option(help="Folder for assessment.json and the logs of the runs.")] = None,
    as_json: Json = False,
) -> None:
    """Measure all that is due, then give the verdict with its evidence."""
    of = load(venture)
    engine = connect(settings())
    before = latest(engine, of.key)
    ran = _measure(of, due(of, before, all_inputs(of, before)))
    with stdout_kept():
        found = latest(engine, of.key, detail=True)  # the graph reads the machine whose price was taken
        reviewed = import_module("core.readiness.joint.review").review(of, found, all_inputs(of, found))
    result, document = reviewed.assessment, reviewed.as_json()
    if out is not None:
        _write_out(out, document, ran)
    circle = reviewed.graph.circle
    show(document, as_json, lambda: _say_assessment(result, document["p_go"], circle.said if circle else ""))
    raise typer.Exit(result.verdict.exit_code)


app.command("explain")(verdict.explain_command)
app.command("whatif")(verdict.whatif_command)


@market_app.command("size")
def market_size(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A venture.toml, or a file of a market alone.")],
    as_json: Json = False,
) -> None:
    """Size the market: TAM, SAM and SOM as ranges by each method, and how much rests on no source."""
    of = load_market(file)
    with stdout_kept():
        room = import_module("core.market.measure")
        sized = room.market_size(of)
        words = import_module("core.market.words")
        told = room.size_as_json(of, sized, file.parent) if as_json else {}
    show(told, as_json, lambda: lines(*words.said(sized), *room.pace_words(of, file.parent)))


@jobs_app.command("list")
def jobs_list(
    live: Annotated[bool, typer.Option("--live", help="Only those that wait or run.")] = False,
    as_json: Json = False,
) -> None:
    """List the newest 100 jobs."""
    found = jobs(connect(settings()), live=True if live else None)
    rows = [_job_json(j) for j in found]
    show({"jobs": rows}, as_json, lambda: lines(*(f"{j.id}\t{j.status}\t{j.kind}\t{j.error or j.note}" for j in found)))


@jobs_app.command("cancel")
def jobs_cancel(job: Annotated[int, typer.Argument(metavar="JOB", help="Its number.")], as_json: Json = False) -> None:
    """Cancel a job: at once where it waits, within two seconds where it runs."""
    changed = cancel(connect(settings()), job)
    show({"job": job, "cancelled": changed}, as_json, lambda: lines("asked to stop" if changed else "it had ended"))


@jobs_app.command("worker")
def jobs_worker(as_json: Json = False) -> None:
    """Run a worker in the foreground, for a service manager; pages and assess start one by themselves."""
    with stdout_kept():
        code = int(import_module("core.jobs.worker").main([]))
    show({"worker": "ended", "exit": code}, as_json, lambda: None)
    raise typer.Exit(code)


def _measure(of: Venture, rooms: list[str]) -> list[Job]:
    """Measure rooms as jobs, the same way as a page does, and wait; Ctrl-C cancels them."""
    engine = connect(settings())
    ids = [submit(engine, settings(), r, venture=of.key, params={"venture": of.key}) for r in rooms]
    try:
        ended = wait(engine, settings(), ids, _job_lines())
    except KeyboardInterrupt:
        for job_id in ids:
            cancel(engine, job_id)
        raise
    failed = [j for j in ended if j.status is not JobStatus.DONE]
    for job in failed:
        sys.stderr.write(f"{job.kind}: {job.error or job.status}\n")
    if failed:
        ours = any(j.error.startswith("internal error") for j in failed)
        raise typer.Exit(1 if ours else 2)
    return ended


def _job_lines() -> Callable[[Job], None]:
    said: dict[int, str] = {}

    def say(job: Job) -> None:
        share = f"{job.done / job.total:4.0%}" if job.total else "    "
        line = f"{job.kind:9s} {share} {job.note if job.live else job.status}"
        if said.get(job.id) != line:
            said[job.id] = line
            sys.stderr.write(line + "\n")

    return say


def _job_json(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "kind": job.kind,
        "venture": job.venture,
        "status": str(job.status),
        "done": job.done,
        "total": job.total,
        "note": job.note,
        "error": job.error,
        "attempt": job.attempt,
        "created": job.created.isoformat(),
        "started": job.started.isoformat() if job.started else None,
        "ended": job.ended.isoformat() if job.ended else None,
    }


def _write_out(out: Path, document: Mapping[str, Any], ran: list[Job]) -> None:
    """Write the assessment and the logs that stand behind it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "assessment.json").write_text(text(document), encoding="utf-8")
        for job in ran:
            (out / f"{job.kind}.log").write_text(tail(job, 2000), encoding="utf-8")
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written ({error.strerror}).") from None


def _say_assessment(result: Assessment, chance: Mapping[str, float], notice: str) -> None:
    mark = {Status.PASS: "pass   ", Status.FAIL: "FAIL   ", Status.UNKNOWN: "unknown", Status.STALE: "stale  "}
    lines(f"{result.verdict.word}: {result.verdict.headline}")
    span = f"{chance['low']:.1%} to {chance['high']:.1%}"
    lines(f"P(go) {chance['value']:.1%} ({span}, numerical error {chance['error']:.2%})")
    lines(*([notice] if notice else []), "")
    for check in result.checks:
        lines(f"  {mark[check.status]}  {'gate ' if check.gate else '     '} {check.title}: {check.reason}")
        if check.todo and check.status is not Status.PASS:
            lines(f"                  to do: {check.todo}")
    for p in result.pending:
        lines(f"  not measured yet, and not counted: {p.title}. {p.missing}")
    lines("")
    for e in sorted(result.evidence, key=lambda e: e.id):
        lines(f"  {e.id:26s} {_figure(e)}")


def _figure(e: Evidence) -> str:
    if e.value is None:
        return f"unknown: {e.reason}"
    if isinstance(e.value, str):
        return e.value
    span = f" ({e.low:.4g} to {e.high:.4g})" if e.low is not None and e.high is not None else ""
    return f"{e.value:.4g}{span} {e.unit}" + (f", n {e.n}" if e.n is not None else "")
