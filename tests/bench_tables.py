"""The privacy room's speed on tables, beside presidio-structured on the same rows. `python -m tests.bench_tables`."""

import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from faker import Faker

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


def scan(path: Path) -> tuple[float, float, dict[str, list[str]]]:
    """Seconds of the whole command, the most memory of a process of it in MB, and each column's labels."""
    began = time.monotonic()
    command = [sys.executable, "-m", "core", "privacy", "scan", str(path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    seconds = time.monotonic() - began
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    [file] = json.loads(done.stdout)["files"]
    return seconds, memory, {c["name"]: [e["type"] for e in c["entities"] if e["label"]] for c in file["columns"]}


def anchor(path: Path, rows: int = ANCHOR_ROWS) -> float:
    """Seconds that presidio-structured takes for a cell, its loading left out."""
    from core.privacy import engine  # isort: skip - first, so that the anchor starts without torch and the network
    import pandas as pd
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider
    from presidio_structured import PandasAnalysisBuilder

    frame = pd.read_csv(path, dtype=str, nrows=rows)
    models = [{"lang_code": "en", "model_name": engine.MODEL}]
    names = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    builder = PandasAnalysisBuilder(analyzer=AnalyzerEngine(nlp_engine=names, supported_languages=["en"]))
    began = time.monotonic()
    builder.generate_analysis(frame)
    return (time.monotonic() - began) / frame.size


def tables() -> list[tuple[str, str, str]]:
    """Rows for docs/benchmarks.md."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "customers.csv"
        write_table(path, ROWS)
        before = anchor(path)
        seconds, memory, labels = scan(path)
        cell = (before + anchor(path)) / 2
        ratio = cell * ROWS * len(COLUMNS) / seconds
        big = Path(folder) / "million.csv"
        write_table(big, 1_000_000 // len(COLUMNS) + 1)
        million, most, _ = scan(big)
    said = f"{ratio:.0f} times: {seconds:.1f} s from the command on, {cell * 1000:.1f} ms a cell before and after it"
    return [
        (f"Table of {ROWS:,} rows by {len(COLUMNS)}, against presidio-structured", said, "at least 150 times"),
        ("A million cells of such a table", f"{million:.1f} s", "60 s"),
        ("Scan of it, resident", f"{max(memory, most):.0f} MB", "600 MB"),
        ("Its columns' labels", "; ".join(f"{k}: {', '.join(v) or 'none'}" for k, v in labels.items()), "as made"),
    ]


if __name__ == "__main__":
    for row in tables():
        sys.stdout.write(" | ".join(row) + "\n")
