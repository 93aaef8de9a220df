"""Measure what a founder waits for, on this machine, and write docs/benchmarks.md. Run with `make bench`."""

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

from core.jobs import JobStatus, ensure_worker, jobs, prepare, submit, wait
from core.settings import Settings
from core.store import connect
from tests.bench_market import rows as market_rows
from tests.bench_tables import section
from tests.e2e.conftest import CHROMIUM, PROJECT, Server

SAMPLE = PROJECT / "data" / "ventures" / "support-desk" / "venture.toml"
BANKING77 = PROJECT.parent / "shared" / "data" / "banking77" / "train.csv"
LABELLED = PROJECT.parent / "shared" / "data" / "pii"
RUNS = 5
READING_S = 25.0  # that a person looks at a page before pressing its button


def machine() -> str:
    """The machine in a line."""
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((x.split(":", 1)[1].strip() for x in lines if x.startswith("model name")), name)
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{name}, {psutil.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
    )


def assess(var: Path) -> tuple[float, float, dict[str, float], str]:
    """Measure the whole sample from nothing: seconds, longest silence of progress, seconds by room, verdict."""
    env = os.environ | {"PREFLIGHT_VAR": str(var)}
    command = [sys.executable, "-m", "core", "assess", str(SAMPLE), "--json"]
    began = time.monotonic()
    process = subprocess.Popen(
        command, cwd=PROJECT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    engine = connect(Settings(var=var))
    silence, last, seen = 0.0, time.monotonic(), None
    while process.poll() is None:
        now = [(j.id, j.done, j.note, str(j.status)) for j in jobs(engine)]
        if now != seen:
            silence, last, seen = max(silence, time.monotonic() - last) if seen else silence, time.monotonic(), now
        time.sleep(0.1)
    seconds = time.monotonic() - began
    rooms = {j.kind: (j.ended - j.started).total_seconds() for j in jobs(engine) if j.ended and j.started}
    out = process.stdout.read() if process.stdout else "{}"
    return seconds, silence, rooms, json.loads(out)["verdict"]


def clicked(var: Path, *, ready: bool) -> float:
    """Seconds from queueing the sample's first look, as its button does, to its evidence.

    Args:
        var: folder of the store.
        ready: ask for a process as the page does when it opens, and give it the time that a person needs to read.
    """
    config = Settings(var=var)
    engine = connect(config)
    if ready:
        prepare(config, "look", str(SAMPLE))
        ensure_worker(config)
        time.sleep(READING_S)
    began = time.monotonic()
    job = submit(engine, config, "look", venture=str(SAMPLE), params={"venture": str(SAMPLE)})
    (ended,) = wait(engine, config, [job])
    if ended.status != JobStatus.DONE:
        raise RuntimeError(ended.error)
    return time.monotonic() - began


def look() -> float:
    """Seconds from the command to the data report and the baseline table of the sample, imports included."""
    table = SAMPLE.parent / "tickets.csv"
    asked = ["--data", str(table), "--test", str(SAMPLE.parent / "tickets-test.csv"), "--text", "text"]
    began = time.monotonic()
    command = [sys.executable, "-m", "core", "model", "inspect", *asked, "--label", "intent", "--json"]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    return time.monotonic() - began


def training() -> list[tuple[str, str, str]]:
    """Rows on the speed of fine-tuning, on BANKING77 where it is there, else on the sample."""
    table, text, label = SAMPLE.parent / "tickets.csv", "text", "intent"
    if BANKING77.is_file():
        table, text, label = BANKING77, "text", "category"
    command = [sys.executable, "-m", "tests.bench_model", str(table), text, label]
    out = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    m = json.loads(out)
    data = f"{m['rows']:,} rows of {table.parent.name}, {m['threads']} threads, {m['steps']} steps"
    share = (
        f"{m['share']:.0%}: {m['tokens_a_step']:.0f} tokens a step in {m['ms_a_step']:.0f} ms are {m['gflops']:.0f} "
        f"GFLOP/s of {m['matmul_gflops']:.0f} ({data})"
    )
    ratio = (
        f"{m['ratio']:.1f} times less: {m['epochs']} epochs of {m['epoch_s']:.0f} s against 3 of "
        f"{m['common_epoch_s']:.0f} s, extrapolated from steps taken in turns"
    )
    return [
        ("Training, share of the fp32 matrix-product rate", share, "at least 60 %"),
        ("Training, against the Trainer's defaults padded to 128", ratio, "at least 4 times less"),
    ]


def risk() -> tuple[str, str, str]:
    """The row on re-identification risk."""
    out = subprocess.run([sys.executable, "-m", "tests.bench_risk"], cwd=PROJECT, check=True, capture_output=True)
    m = json.loads(out.stdout)
    what = f"Re-identification risk, {m['rows']:,} rows by {m['columns']} columns with {m['what_ifs']} what-ifs"
    return what, spread(m["assess_s"], "s"), "1 s"


def quality() -> list[str]:
    """How much personal data in free text is missed, on labelled texts where they are there."""
    if not LABELLED.is_dir():
        return []
    command = [sys.executable, "-m", "tests.bench_privacy", str(LABELLED), "--markdown"]
    return subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout.splitlines()


def licences() -> list[str]:
    """How the licence room stands beside pip-licenses and ScanCode on this environment, against the gold set."""
    command = [sys.executable, "-m", "tests.bench_licences", "--markdown"]
    return subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout.splitlines()


def draw(page: Page, url: str) -> float:
    """Seconds from asking for the board until it stands still with its verdict and charts."""
    began = time.monotonic()
    page.goto(url)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_selector(".js-plotly-plot")
    page.wait_for_selector(".st-key-to-do")
    return time.monotonic() - began


def spread(values: list[float], unit: str) -> str:
    """Median and range of some runs."""
    return f"{statistics.median(values):.2f} {unit} ({min(values):.2f} to {max(values):.2f}, n {len(values)})"


def measure(say: Callable[[str], object]) -> list[tuple[str, str, str]]:
    """All rows of the table: what, the figure, what it must be."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    rows = []
    try:
        say("measuring the sample venture")
        seconds, silence, rooms, verdict = assess(folder / "var")
        by_room = ", ".join(f"{k} {v:.0f} s" for k, v in sorted(rooms.items()))
        rows.append((f"Sample venture, all rooms ({verdict})", f"{seconds:.0f} s ({by_room}), n 1", "240 s"))
        rows.append(("Longest time without a change of progress", f"{silence:.1f} s", "2 s"))
        say("looking at the sample's data")
        at_once = [clicked(folder / f"at-once-{i}", ready=False) for i in range(3)]  # nothing kept
        after = [clicked(folder / f"ready-{i}", ready=True) for i in range(3)]
        what = f"First look and baseline table of the sample, from the click, page open for {READING_S:.0f} s"
        rows.append((what, spread(after, "s"), "20 s"))
        rows.append(("The same, clicked at once", spread(at_once, "s"), ""))
        looked = [look() for _ in range(3)]
        rows.append(("The same as a command, imports included", spread(looked, "s"), ""))
        say("timing steps of training")
        rows += training()
        say("timing re-identification risk")
        rows.append(risk())
        say("moving the sliders of the market")
        rows += market_rows()
        healthy, drawn, memory = [], [], []
        for run in range(RUNS):
            say(f"starting the server, run {run + 1}")
            server = Server.start(folder / "var")
            healthy.append(server.seconds)
            if CHROMIUM:
                with sync_playwright() as p:
                    browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
                    page = browser.new_page()
                    address = f"{server.url}/?venture={SAMPLE.parent.name}"  # as a link or a refresh opens it
                    for _ in range(2):
                        draw(page, address)  # a warm server
                    drawn.append(draw(page, address))
                    browser.close()
            memory.append(psutil.Process(server.process.pid).memory_info().rss / 2**20)
            server.stop()
        rows.append(("Server healthy after", spread(healthy, "s"), "3 s"))
        if drawn:
            rows.append(("Board drawn, warm server, new page load", spread(drawn, "s"), "1.5 s"))
        rows.append(("UI process, resident", spread(memory, "MB"), "250 MB"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return rows


def main() -> None:
    """Measure and write the table."""
    load = os.getloadavg()[0]
    rows = measure(lambda text: sys.stderr.write(text + "\n"))
    used = ", ".join(f"{p} {version(p)}" for p in ("streamlit", "torch", "transformers", "presidio-analyzer"))
    text = [
        "# Benchmarks",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d} with `make bench` on {machine()}; load before it {load:.1f}. {used}.",
        "Seconds are wall time; the median stands first, the range in brackets.",
        "",
        "| what | measured | at most, where nothing else is said |",
        "|---|---|---|",
        *(f"| {a} | {b} | {c} |" for a, b, c in rows),
        "",
        *quality(),
        "",
        *section(),
        *licences(),
    ]
    file = PROJECT / "docs" / "benchmarks.md"
    file.write_text(with_kept("\n".join(text), file.read_text("utf-8") if file.exists() else ""), encoding="utf-8")
    sys.stdout.write("\n".join(text))


def with_kept(new: str, old: str) -> str:
    """The new figures, followed by those sections of the old page that take too long to be measured each time."""
    measured = {section.split("\n", 1)[0] for section in new.split("\n## ")[1:]}
    kept = [section for section in old.split("\n## ")[1:] if section.split("\n", 1)[0] not in measured]
    return "\n## ".join([new.rstrip("\n") + "\n", *(section.rstrip("\n") + "\n" for section in kept)])


if __name__ == "__main__":
    main()
