"""The privacy room's speed and memory on tables, beside presidio-structured on the same rows.

`python -m tests.bench_tables` prints a section for docs/benchmarks.md; `--gigabyte` measures a file of 1 GB as well,
which takes minutes.
"""

import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from faker import Faker

from core.privacy.policy import DIRECT, group

PROJECT = Path(__file__).parents[1]
GIGABYTE = 1_000_000_000

ROWS, ANCHOR_ROWS = 20_000, 60  # presidio-structured takes too long for more; its time is per cell
COLUMNS = (
    "user_id name email phone city country plan browser signup amount ip company order_no note".split()
)  # as in the anchor's own measurement: nine columns of personal data, five harmless ones


def write_table(path: Path, rows: int, seed: int = 7) -> None:
    """Write a table of made-up customers."""
    fake, pick = Faker(), random.Random(seed)
    fake.seed_instance(seed)
    names = [fake.name() for _ in range(4_000)]
    cities, firms = [fake.city() for _ in range(3_000)], [fake.company() for _ in range(3_000)]
    notes = [
        fake.sentence(8) if pick.random() < 0.7 else f"Called {pick.choice(names)} back on {fake.phone_number()}."
        for _ in range(1_400)
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for _ in range(rows):
            name, date = (
                pick.choice(names),
                f"202{pick.randrange(6)}-{pick.randrange(1, 13):02}-{pick.randrange(1, 29):02}",
            )
            number = f"{pick.randrange(200, 999)}-{pick.randrange(200, 999)}-{pick.randrange(10_000):04}"
            mail = f"{name.split()[0].lower()}{pick.randrange(100_000)}@example.com"
            browser = pick.choice(("Safari", "Chrome", "Firefox", "Edge"))
            amount, order = f"{pick.random() * 900:.2f}", f"ORD-{pick.randrange(10**6):06}"
            address = ".".join(str(pick.randrange(1, 255)) for _ in range(4))
            place = (pick.choice(cities), pick.choice(("US", "DE", "FR")), pick.choice(("free", "pro")))
            row = (fake.uuid4(), name, mail, number, *place, browser, date, amount, address, pick.choice(firms), order)
            out.writerow((*row, pick.choice(notes)))


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took: wall and processor seconds of all its processes, and the most memory in MB.

    `shared` is the sum over all its processes at one time, pages that several hold counted once between them (PSS);
    `largest` is that of the largest process, whatever it shares.
    """

    seconds: float
    cpu: float
    shared: float
    largest: float


def run(command: Sequence[str]) -> tuple[str, Cost]:
    """Run a Python command to its end; what it printed, and what it took."""
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    shared = largest = 0.0
    with tempfile.TemporaryFile("w+") as out:
        process = psutil.Popen([sys.executable, *command], cwd=PROJECT, stdout=out, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            held = []
            with suppress(psutil.NoSuchProcess):
                for one in (process, *process.children(recursive=True)):
                    with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                        held.append(one.memory_full_info())
            shared = max(shared, sum(m.pss for m in held) / 2**20)
            largest = max(largest, *(m.rss / 2**20 for m in held), 0.0)
            time.sleep(0.3)
        seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
        out.seek(0)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return out.read(), Cost(seconds, cpu, shared, largest)


def scan(path: Path) -> tuple[Cost, dict[str, list[str]]]:
    """What the whole command took, and each column's labels."""
    told, cost = run(["-m", "core", "privacy", "scan", str(path), "--json"])
    [file] = json.loads(told)["files"]
    return cost, {c["name"]: [e["type"] for e in c["entities"] if e["label"]] for c in file["columns"]}


# What each column of the table holds; nothing in five of them.
TRUTH = {
    "name": {"PERSON"},
    "email": {"EMAIL_ADDRESS"},
    "phone": {"PHONE_NUMBER"},
    "city": {"LOCATION"},
    "country": {"LOCATION"},
    "signup": {"DATE_TIME"},
    "ip": {"IP_ADDRESS"},
    "company": {"ORGANIZATION"},
    "note": {"PERSON", "PHONE_NUMBER"},
}


def right(labels: dict[str, list[str]]) -> int:
    """How many columns got a label that is theirs and no direct identifier that is not; UUID is no finding."""
    count = 0
    for name in COLUMNS:
        wanted, got = TRUTH.get(name, set()), set(labels.get(name, ())) - {"UUID"}
        wrong = {kind for kind in got - wanted if group(kind) == DIRECT}
        count += bool(wanted & got if wanted else not got) and not wrong
    return count


def anchor(path: Path, rows: int = ANCHOR_ROWS) -> tuple[float, float, dict[str, list[str]]]:
    """Wall and processor seconds that presidio-structured takes for a cell, its loading left out, and its labels."""
    from core.privacy import engine  # isort: skip - first, so that the anchor starts without torch and the network
    import pandas as pd
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider
    from presidio_structured import PandasAnalysisBuilder

    frame = pd.read_csv(path, dtype=str, nrows=rows)
    models = [{"lang_code": "en", "model_name": engine.MODEL}]
    names = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    builder = PandasAnalysisBuilder(analyzer=AnalyzerEngine(nlp_engine=names, supported_languages=["en"]))
    began, worked = time.monotonic(), time.process_time()
    found = builder.generate_analysis(frame)
    labels = {name: [kind] for name, kind in found.entity_mapping.items()}
    return (time.monotonic() - began) / frame.size, (time.process_time() - worked) / frame.size, labels


def section(*, gigabyte: bool = False) -> list[str]:
    """A section for docs/benchmarks.md."""
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "customers.csv"
        write_table(path, ROWS)
        before = anchor(path)
        cost, labels = scan(path)
        after = anchor(path)
        cells = ROWS * len(COLUMNS)
        wall, cpu = (before[0] + after[0]) / 2 * cells, (before[1] + after[1]) / 2 * cells
        of = f"{ROWS:,} rows by {len(COLUMNS)}"
        rows += [
            (
                f"{of}, against presidio-structured, wall",
                f"{wall / cost.seconds:.0f} times: {cost.seconds:.1f} s",
                "150",
            ),
            ("The same in processor seconds", f"{cpu / cost.cpu:.0f} times: {cost.cpu:.1f} s", ""),
            ("presidio-structured, a cell", f"{before[0] * 1000:.1f} ms before, {after[0] * 1000:.1f} ms after", ""),
            (
                "Columns labelled rightly",
                f"{right(labels)} of 14; presidio-structured {right(before[2])}",
                "more",
            ),
            ("Memory of all processes together (PSS)", f"{cost.shared:.0f} MB", ""),
            ("The largest process (RSS)", f"{cost.largest:.0f} MB", "600 MB"),
        ]
        path = Path(folder) / "million.csv"
        write_table(path, 1_000_000 // len(COLUMNS) + 1)
        million, _ = scan(path)
        rows.append(("A million cells", f"{million.seconds:.1f} s, {million.cpu:.1f} processor seconds", "60 s"))
        if gigabyte:
            rows += large(Path(folder) / "large.csv")
    load = os.getloadavg()[0]
    return [
        "## Personal data in tables",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, load {load:.1f} at the end. A made-up table of {', '.join(COLUMNS)};",
        "seconds of the whole command, its start included. presidio-structured was timed on",
        f"{ANCHOR_ROWS} rows before and after it, its loading left out.",
        "",
        "| what | measured | wanted |",
        "|---|---|---|",
        *(f"| {a} | {b} | {c} |" for a, b, c in rows),
        "",
    ]


def large(path: Path) -> list[tuple[str, str, str]]:
    """The rows on a file of 1 GB."""
    write_table(path, ROWS)
    lines = path.read_bytes().split(b"\n", 1)[1]
    with path.open("ab") as file:
        number = 0
        while file.tell() < GIGABYTE:
            number += 1  # other numbers in each copy, so that values are not the same few again
            file.write(lines.replace(b"@example", b"%d@example" % number).replace(b"ORD-", b"ORD-%d" % number))
    size = path.stat().st_size / 1e9
    cost, _ = scan(path)
    took = f"{cost.seconds:.0f} s, {cost.cpu:.0f} processor seconds"
    return [
        (f"A CSV of {size:.2f} GB", took, ""),
        ("Its memory, all processes together (PSS)", f"{cost.shared:.0f} MB", "1,000 MB"),
        ("Its largest process (RSS)", f"{cost.largest:.0f} MB", ""),
    ]


if __name__ == "__main__":
    sys.stdout.write("\n".join(section(gigabyte="--gigabyte" in sys.argv)) + "\n")
