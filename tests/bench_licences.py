"""Time the licence room beside pip-licenses and ScanCode on this environment, and hold all three against the gold set.

Run as `python -m tests.bench_licences [--json | --markdown]`; `make bench` writes the section. Every figure is that of
a whole command, the interpreter's start included, in a process of its own. CPU seconds count the process and its
children, but not ScanCode's worker, which outlives it; wall seconds depend on what else runs.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from core.licences import spdx
from core.licences.scancode import client
from core.licences.sources.environment import read_environment

PROJECT = Path(__file__).resolve().parents[1]
GOLD = PROJECT / "tests" / "gold" / "licences.toml"
RUNS = 3
WORKER_ENDS_S = 150.0  # it leaves after 90 s without a question


def ours(var: Path, *options: str) -> dict[str, Any]:
    """One `licences check` of this environment, with `var` as the folder of what is kept."""
    command = [sys.executable, "-m", "core", "licences", "check", "current", "--json", *options]
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            command, cwd=PROJECT, stdout=out, stderr=subprocess.DEVNULL, env=os.environ | {"PREFLIGHT_VAR": str(var)}
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - begun
        out.seek(0)
        report = json.loads(out.read())
    return {
        "wall": wall,
        "cpu": used.ru_utime + used.ru_stime,
        "rss_mb": used.ru_maxrss / 1024,
        "packages": {c["name"]: c["concluded"] or "" for c in report["packages"]},
    }


def worker_gone() -> None:
    """Wait until no ScanCode worker runs: with one, the first check is not a cold one."""
    begun = time.monotonic()
    while client.alive():
        if time.monotonic() - begun > WORKER_ENDS_S:
            raise RuntimeError("a ScanCode worker is still being asked: stop the checks that run, then measure again")
        time.sleep(1)


def outside(command: list[str], read: Callable[[str], dict[str, str]]) -> dict[str, Any]:
    """Another tool's answers: name -> what it says."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": wall, "cpu": cpu, "packages": read(done.stdout)}


def pip_licenses() -> dict[str, Any] | None:
    """pip-licenses on this environment, reading metadata first as its `mixed` source does."""
    try:
        version("pip-licenses")
    except PackageNotFoundError:
        return None
    command = [sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed", "--with-system"]
    return outside(command, lambda out: {row["Name"]: row["License"] for row in json.loads(out)})


def scancode(folder: Path) -> dict[str, Any]:
    """ScanCode's own reading of packages (`--package`) on copies of the metadata, without the long file lists."""
    for package in read_environment(sys.path, "this environment", "linux"):
        info = getattr(package, "folder", None)
        if info is not None and info.name.endswith(".dist-info"):
            shutil.copytree(info, folder / info.name, ignore=shutil.ignore_patterns("RECORD", "sboms"))
    tool = str(Path(sys.executable).parent / "scancode")
    return outside([tool, "--package", "--quiet", "-n", "1", "--json", "-", str(folder)], _packages)


def _packages(out: str) -> dict[str, str]:
    rows = json.loads(out[out.index("{") :])["packages"]
    return {row["name"]: row["declared_license_expression_spdx"] or "" for row in rows if row["type"] == "pypi"}


def scored(found: dict[str, Any], gold: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """How a tool stands against the gold set: right, wrong, no licence, several possible; and where it is wrong."""
    says = {canonicalize_name(name): text for name, text in found["packages"].items()}
    out: dict[str, Any] = {"right": 0, "nothing": 0, "vague": 0, "wrong": {}}
    for name, one in gold.items():
        text = says.get(name) or ""
        node = spdx.read_name(text) if text else None  # a name that people know counts as its licence
        if not one["licence"]:
            out["right"] += not text or text == "UNKNOWN"
        elif not text or text in ("UNKNOWN", "None"):
            out["nothing"] += 1
        elif node is None:
            out["vague"] += 1
        elif _same(node, spdx.parse(one["licence"])):
            out["right"] += 1
        else:
            out["wrong"][name] = (text, one["licence"])
    return out


def _same(one: spdx.Node, other: spdx.Node | None) -> bool:
    shape = [(type(n).__name__, sorted(map(str, spdx.leaves(n)))) for n in (one, other) if n is not None]
    return len(shape) == 2 and shape[0] == shape[1]


def measure() -> dict[str, Any]:
    """All figures."""
    gold = {n: one for n, one in tomllib.loads(GOLD.read_text("utf-8")).items() if _here(n) == one["version"]}
    load, folder = os.getloadavg()[0], Path(tempfile.mkdtemp(prefix="bench-licences-"))
    try:
        metadata = [ours(folder / "none", "--no-texts") for _ in range(RUNS)]
        worker_gone()
        cold = ours(folder / "var")
        again = [ours(folder / "var") for _ in range(RUNS)]
        copies = folder / "metadata"
        copies.mkdir()
        tools = {"pip-licenses": pip_licenses(), "ScanCode --package": scancode(copies)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = {"ours, metadata": metadata[0], "ours, with texts": cold, **{k: v for k, v in tools.items() if v}}
    return {
        "load": load,
        "load_after": os.getloadavg()[0],
        "packages": len(cold["packages"]),
        "gold": len(gold),
        "metadata": [{k: m[k] for k in ("wall", "cpu", "rss_mb")} for m in metadata],
        "cold": {k: cold[k] for k in ("wall", "cpu", "rss_mb")},
        "again": [{k: m[k] for k in ("wall", "cpu", "rss_mb")} for m in again],
        "tools": {name: {"wall": one["wall"], "cpu": one["cpu"]} | scored(one, gold) for name, one in found.items()},
    }


def _here(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def markdown(m: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = [
        f"| {name} | {one['right']} of {m['gold']} | {one['nothing']} | {one['vague']} | {len(one['wrong'])} "
        f"| {one['wall']:.1f} s | {one['cpu']:.1f} s |"
        for name, one in m["tools"].items()
    ]
    spans = [
        f"| {name} | {_span([one['wall'] for one in rows])} | {_span([one['cpu'] for one in rows])} | {most} |"
        for name, rows, most in (
            ("metadata (`--no-texts`)", m["metadata"], "1 s"),
            ("with texts, nothing kept", [m["cold"]], "20 s (of 172 packages)"),
            ("with texts, kept results", m["again"], "2 s"),
        )
    ]
    wrong = [
        f"- {name}: {package} is `{right}`, it says `{said[:80]}`"
        for name, one in m["tools"].items()
        for package, (said, right) in sorted(one["wrong"].items())
    ]
    return "\n".join(
        [
            "## Licences of this environment",
            "",
            f"{m['packages']} packages, of which {m['gold']} stand in the gold set (`tests/gold/licences.toml`); load "
            f"{m['load']:.1f} before and {m['load_after']:.1f} after. Whole commands; the process takes "
            f"{m['cold']['rss_mb']:.0f} MB. ScanCode's worker is a process of its own, its CPU is not in our figures.",
            "",
            "| `licences check current` | wall | CPU | at most |",
            "|---|---|---|---|",
            *spans,
            "",
            "| | right | no licence | leaves it open | wrong | wall | CPU |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
            *wrong,
            "",
        ]
    )


def _span(seconds: list[float]) -> str:
    rows = sorted(seconds)
    middle = f"{rows[len(rows) // 2]:.2f} s"
    return f"{middle} ({rows[0]:.2f} to {rows[-1]:.2f}, n {len(rows)})" if len(rows) > 1 else f"{middle} (n 1)"


def main() -> None:
    """Measure and print."""
    found = measure()
    sys.stdout.write(markdown(found) if "--markdown" in sys.argv else json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
