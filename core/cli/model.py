"""`python -m core model ...`: look at a table, compare base models, train, and answer texts."""

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.output import PLAIN, Json, lines, show, stdout_kept, told_on_stderr
from core.errors import InputError
from core.progress import Progress

app = typer.Typer(help="The model room: look at the data, choose a base model, train, and try it.", **PLAIN)

Data = Annotated[Path, typer.Option(help="Labelled table: CSV, TSV, JSONL or Parquet, or hf:OWNER/NAME.")]
TextColumn = Annotated[str, typer.Option(help="Column that holds the text.")]
LabelColumn = Annotated[str, typer.Option(help="Column that holds the answer.")]
Task = Annotated[
    str, typer.Option(help="classify: the answer is one of several classes; score: a number to predict, such as stars.")
]
TestData = Annotated[Path | None, typer.Option(help="Test table; without it a part of the rows is held out.")]
Base = Annotated[str, typer.Option(help="Base model: the bundled one, a folder, or a hub id.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same rows and the same model.")]


@app.command("inspect")
def model_inspect(
    data: Data,
    text: TextColumn,
    label: LabelColumn,
    test: TestData = None,
    task: Task = "classify",
    base: Base = "all-MiniLM-L6-v2",
    seed: Seed = 7,
    target: Annotated[
        float | None,
        typer.Option(min=0, help="Accuracy to reach, from 0 to 1; of scores, most to be off on average."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what is true of a table before any training, and what the free baselines reach on its test rows."""
    _check_task(task)
    if task == "classify" and target is not None and target > 1:
        raise InputError(f"--target is {target:g}: an accuracy is at most 1, as 0.9 for 90 of 100.")
    with stdout_kept(), told_on_stderr() as progress:
        tables = _tables(data, test, text, label, task, progress)
        room, load = import_module("core.model.look"), import_module("core.model.plain").read_base
        asked = room.Asked(
            *tables,
            text,
            label,
            settings={"base": _model(base), "seed": seed},
            target=target,
        )
        if task == "score":
            found = import_module("core.model.scores.look").look_scores(asked, progress, load)
        else:
            found = room.look(asked, progress, load)
    show(found.as_json(), as_json)


@app.command("probe")
def model_probe(
    models: Annotated[list[str], typer.Argument(metavar="MODEL...", help="Base models: names, folders or hub ids.")],
    data: Data,
    text: TextColumn,
    label: LabelColumn,
    task: Task = "classify",
    seed: Seed = 7,
    as_json: Json = False,
) -> None:
    """Compare base models in seconds, each by a linear probe on the same rows, and say which one to take."""
    _check_task(task)
    with stdout_kept(), told_on_stderr() as progress:
        table, _ = _tables(data, None, text, label, task, progress)
        room, rows = import_module("core.model.probe"), import_module("core.model.data")
        config = import_module("core.model.config").TrainConfig(seed=seed)
        cut = import_module("core.model.split")
        if task == "score":
            parts, classes = cut.split_scores(rows.read_scores(table, text, label), None, seed, table.name), None
        else:
            parts = cut.split(rows.read_rows(table, text, label), None, seed, table.name)
            classes = len(parts.classes)
        names = [_model(m) for m in models]
        found = room.probe(names, parts.train, parts.validation, classes, config.max_length, seed, progress=progress)
    show(found.as_json(), as_json)


@app.command("train")
def model_train(
    data: Data,
    text: TextColumn,
    label: LabelColumn,
    out: Annotated[Path, typer.Option(help="Run folder: model, checkpoints and result.json. Run again to resume.")],
    test: TestData = None,
    task: Task = "classify",
    base: Base = "all-MiniLM-L6-v2",
    shots: Annotated[int | None, typer.Option(min=4, help="Learn from so many labels of each class only.")] = None,
    unlabelled: Annotated[Path | None, typer.Option(help="Table of texts without labels to learn from.")] = None,
    labelled_only: Annotated[
        bool, typer.Option("--labelled-only", help="Learn nothing from the texts of rows that --shots leaves out.")
    ] = False,
    minutes: Annotated[float | None, typer.Option(min=0, help="Minutes to search for better settings in.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, max=50, help="Most passes over the training rows.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Of the encoder, after warm-up.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, max=1024, help="Texts in one pass.")] = None,
    optimizer: Annotated[str | None, typer.Option(help="adamw, sgd or adafactor.")] = None,
    schedule: Annotated[str | None, typer.Option(help="linear, cosine or constant.")] = None,
    loss: Annotated[str | None, typer.Option(help="cross_entropy or focal.")] = None,
    lora_rank: Annotated[int | None, typer.Option(min=0, help="Tune low-rank updates of this rank only.")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=20, help="Train with so many seeds and tell their spread.")] = 1,
    precision: Annotated[
        str | None, typer.Option(help="auto, fp32 or bf16; auto times real steps and takes the faster.")
    ] = None,
    seed: Seed = 7,
    as_json: Json = False,
) -> None:
    """Fine-tune the base model on a table and measure it on test rows; settings left out are chosen to suit."""
    wanted = {
        "epochs": epochs,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "optimizer": optimizer,
        "schedule": schedule,
        "loss": loss,
        "lora_rank": lora_rank,
        "precision": precision,
        "seed": seed,
    }
    _check_task(task)
    with stdout_kept(), told_on_stderr() as progress:
        tables = _tables(data, test, text, label, task, progress)
        room = import_module("core.model.run")
        asked = room.Asked(
            *tables,
            text,
            label,
            shots=shots,
            settings=wanted | {"base": _model(base)},
            unlabelled=(_table(unlabelled, progress), text) if unlabelled else None,
            labelled_only=labelled_only,
        )
        train = room.train_and_benchmark
        if task == "score":
            train = import_module("core.model.scores.run").train_scores
        result = train(asked, out, progress, minutes=minutes or None, seeds=seeds)
    show(result.as_json(), as_json)


@app.command("predict")
def model_predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder of a training that ended.")],
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT...", help="Texts to answer.")] = None,
    serve: Annotated[bool, typer.Option("--serve", help='Answer JSON lines {"text": "..."} from stdin.')] = False,
    as_json: Json = False,
) -> None:
    """Answer texts with a tuned model: label and calibrated confidence, or score and its 90 % interval.

    With the nearest training rows and what the free baselines say.
    """
    room = import_module("core.model.predict")
    if serve:
        with stdout_kept() as stdout:
            room.serve(run, sys.stdin, stdout)
        return
    if not texts:
        raise InputError("Nothing to answer: give texts, or --serve to read them from stdin.")
    with stdout_kept():
        answerer = room.answerer(run)
        answers = [answerer.answer(text).as_json() for text in texts]
    show(answers, as_json)


@app.command("optimise")
def model_optimise(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder of a training that ended.")],
    test: Annotated[Path | None, typer.Option(help="Test table, where it is no longer where the run had it.")] = None,
    accuracy: Annotated[float | None, typer.Option(min=0, max=1, help="Accuracy that the pick must reach.")] = None,
    p95_ms: Annotated[float | None, typer.Option(min=0.1, help="What p95 of the pick must stay under.")] = None,
    margin: Annotated[float, typer.Option(help="Share of the accuracy that a variant may lose.")] = 0.01,
    students: Annotated[bool, typer.Option(help="Train pruned and distilled models too, which takes minutes.")] = True,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long to time all variants together.")] = 30,
    server_seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long to put the pick under load.")] = 30,
    seed: Annotated[int, typer.Option(min=0, help="Of the texts drawn and of their arrivals.")] = 7,
    as_json: Json = False,
) -> None:
    """Make a run's model smaller and faster; say what each variant keeps and costs, and which one to ship.

    A percentile is null where too few requests were timed for it: p95 takes 90, p99 takes 459.
    """
    with stdout_kept(), told_on_stderr() as progress:
        room = import_module("core.model.optimise.run")
        must = import_module("core.model.serving.pick").Must(accuracy, p95_ms)
        times = {"seconds": seconds, "server_seconds": server_seconds}
        asked = room.Asked(run, test, must, students=students, seed=seed, margin=margin, **times)
        found = room.optimise(asked, progress)
    show(found, as_json, lambda: lines(*_board(found)))


def _board(found: Mapping[str, Any]) -> Iterator[str]:
    """The board of variants in lines."""
    yield f"{'variant':16}{'accuracy':>22}  {'receipt':12}{'p95 ms':>8}{'MB':>8}{'memory':>9}{'flips':>7}"
    for v in found["variants"]:
        accuracy = f"{v['accuracy']:.1%} ({v['low']:.1%}-{v['high']:.1%})"
        p95 = "n small" if v["p95_ms"] is None else f"{v['p95_ms']:.1f}"
        memory = "unknown" if v["peak_mb"] is None else f"{v['peak_mb']:.0f} MB"
        receipt, flips = v["receipt"] or "(reference)", v["flips"]
        yield f"{v['name']:16}{accuracy:>22}  {receipt:12}{p95:>8}{v['size_mb']:>8.1f}{memory:>9}{flips:>7}"
    yield found["why"]
    yield from (f"{x['name']} was not made: {x['why']}" for x in found["left_out"])
    yield from (found[name] for name in ("too_few", "warning", "portability") if found[name])


@app.command("benchmark")
def model_benchmark(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder of a training that ended.")],
    scenario: Annotated[
        str,
        typer.Option(help="single: one after the other; server: as they come by themselves; offline: all at once."),
    ] = "single",
    test: Annotated[Path | None, typer.Option(help="Test table, where the run was measured with one.")] = None,
    variant: Annotated[str | None, typer.Option(help="Measure this one only; single measures all in turns.")] = None,
    bound_ms: Annotated[float, typer.Option(min=0.1, help="What p95 must stay under in the server scenario.")] = 250,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long to measure.")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="Of the texts drawn and of their arrivals.")] = 7,
    as_json: Json = False,
) -> None:
    """Time a run's model and its variants on its own test texts, tokenisation included.

    A percentile is null where too few requests were timed for it: p95 takes 90, p99 takes 459.
    """
    with stdout_kept(), told_on_stderr() as progress:
        room = import_module("core.model.serving.run")
        found = room.benchmark(room.Asked(run, scenario, test, variant, bound_ms, seconds, seed), progress)
    show(found, as_json)


def _check_task(task: str) -> None:
    if task not in ("classify", "score"):
        raise InputError(f"--task is {task!r}: it can be classify or score.")


def _tables(
    data: Path, test: Path | None, text: str, label: str, task: str, progress: Progress
) -> tuple[Path, Path | None]:
    """The tables' files, read once: a wrong column is said before the seconds in which torch is imported."""
    rows = import_module("core.model.data")
    found, held = _table(data, progress), _table(test, progress) if test else None
    for table in filter(None, (found, held)):
        (rows.read_scores if task == "score" else rows.read_rows)(table, text, label)
    return found, held


def _table(data: Path, progress: Progress) -> Path:
    """The table's file; one of the hub is fetched first."""
    if data.exists():
        return data
    hub = import_module("core.model.hub")
    wanted = hub.source(data.as_posix())
    if wanted is None:
        return data
    fetched: Path = hub.fetch(wanted, progress=progress)
    return fetched


def _model(name: str) -> str:
    """A base model's name; a folder that exists is meant, also where it could be a hub's id."""
    folder = Path(name).expanduser()
    return str(folder.resolve()) if folder.is_dir() else name
