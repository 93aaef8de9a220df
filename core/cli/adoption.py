"""`market adoption`: from a column of sales to parameters, bands and how such bands did before."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.output import Json, lines, show, stdout_kept


def market_adoption(
    series: Annotated[
        Path,
        typer.Argument(
            metavar="SERIES",
            help="A CSV with one column: the sales of each period. A second one may name the periods (2021, 2021-03, "
            "2021-Q2).",
        ),
    ],
    model: Annotated[str, typer.Option(help="bass, gompertz or logistic.")] = "bass",
    form: Annotated[
        str | None,
        typer.Option(
            help="srinivasan-mason: sales are m (F(t) - F(t-1)); density: m f(t); cumulative: their running total is "
            "m F(t). Bass is fitted in the first where left out, the others in the last."
        ),
    ] = None,
    period: Annotated[str, typer.Option(help="year, half-year, quarter, month or week.")] = "year",
    horizon: Annotated[int, typer.Option(min=1, max=60, help="Periods to forecast.")] = 5,
    as_json: Json = False,
) -> None:
    """Say how fast a market takes something up: a growth curve, what comes as bands, and how such bands did before.

    Where the series alone cannot tell (before the peak), identified is false, stderr says why, and the figures are the
    likeliest beside eleven published durables.
    """
    with stdout_kept():
        room = import_module("core.market.adoption.forecast")
        sales = import_module("core.market.adoption.series").read_series(series, period)
        found = room.adoption(room.problem(sales, model, form), period=period, horizon=horizon)
    if reason := found.estimate.reason:
        sys.stderr.write(f"Plain least squares is refused. {reason} {room.INSTEAD}\n")
    show(found.as_json(), as_json, lambda: _say(found.as_json()))


def _say(told: dict[str, Any]) -> None:
    lines(f"{told['model']}, {told['form']} form; {'least squares' if told['identified'] else 'from analogues'}")
    for name, (low, high) in told["interval"].items():
        bounds = " to ".join("no bound" if b is None else f"{b:.4g}" for b in (low, high))
        lines(f"  {name:5s} {told[name]:.6g}  se {told['se'][name]:.3g}  95 %: {bounds}")
    lines("", "  period   10 % below   as likely as not   10 % above")
    for row in told["forecast"]:
        lines(f"  {row['t']:6d}   {row['p10']:10.4g}   {row['p50']:16.4g}   {row['p90']:10.4g}")
    test = told["backtest"]
    if test["held_out"]:
        error = "unknown" if test["median_error"] is None else f"{test['median_error']:.0%}"
        lines(
            "",
            f"Forecast from earlier, {test['inside_80']:.0%} of {test['held_out']} held-out periods lay in the 80 % "
            f"band; the middle was off by {error} (median).",
        )
