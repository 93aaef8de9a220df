"""`explain` and `whatif`: the verdict, argued with."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.output import Json, lines, show, stdout_kept
from core.feeds import all_inputs
from core.readiness.assess import assess
from core.readiness.explain import explain, figure_of
from core.settings import settings
from core.store import connect, history, latest
from core.venture import load

VentureFile = Annotated[Path, typer.Argument(metavar="VENTURE", help="The venture.toml, or its folder.")]


def explain_command(
    venture: VentureFile,
    check: Annotated[str, typer.Argument(metavar="CHECK", help="A check's id, for example model.accuracy.")],
    as_json: Json = False,
) -> None:
    """Say why a check answers as it does: its rule, its figure, how that was measured, from what, and before."""
    of = load(venture)
    engine = connect(settings())
    found = latest(engine, of.key)
    result = assess(of, found, all_inputs(of, found))
    before = history(engine, of.key, figure_of(of, check))
    told = explain(of, check, result, found, before)
    show(told.as_json(), as_json, lambda: lines(*told.lines()))


def whatif_command(
    venture: VentureFile,
    change: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A figure (model.accuracy=0.95), a key of the file (market.money.machine=NAME), a package "
            "(packages.NAME=MIT, or none), or privacy.policy=mask; repeatable.",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Say what the verdict and P(go) would be with other figures or other lines of the file; nothing is written.

    Exits as assess would on the changed copy.
    """
    of = load(venture)
    found = latest(connect(settings()), of.key, detail=True)
    with stdout_kept():
        room = import_module("core.readiness.joint.whatif")
        told = room.whatif(of, found, room.read_changes(change), all_inputs(of, found))
    show(told.as_json(), as_json, lambda: _say(told))
    raise typer.Exit(told.after.assessment.verdict.exit_code)


def _say(told: Any) -> None:
    out = told.as_json()
    for when in ("before", "after"):
        chance = out[when]["p_go"]
        lines(
            f"{when}: {out[when]['verdict']}, P(go) {chance['value']:.1%} ({chance['low']:.1%} to {chance['high']:.1%})"
        )
        lines(f"  {out[when]['headline']}")
    for row in out["changed"]:
        lines(f"  {row['check']}: {row['before'] or 'not asked'} -> {row['after'] or 'not asked'}: {row['reason']}")
    if out["measure_again"]:
        lines(f"  to be measured again for this: {', '.join(out['measure_again'])}")
