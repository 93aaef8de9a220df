"""Time the licence room beside pip-licenses and ScanCode on this environment, and hold all three against the gold set.

Run as `python -m tests.bench_licences [--json | --markdown]`; `make bench` writes the section. Every figure is taken in
a process of its own. CPU seconds count the process and its children; wall seconds depend on what else runs.
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
CHECK = """
import json, resource, sys, time
from pathlib import Path
from core.licences.check import check
from core.licences.scancode import client
begun = time.perf_counter()
report = check("current", texts=sys.argv[1] == "texts", cache=Path(sys.argv[2]))
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"wall": time.perf_counter() - begun, "cpu": used.ru_utime + used.ru_stime,
                  "rss_mb": used.ru_maxrss / 1024, "packages": {c.name: c.concluded for c in report.of("package")}}))
"""


def ours(mode: str, cache: Path) -> dict[str, Any]:
    """One check of this environment in a new process."""
    done = subprocess.run(
        [sys.executable, "-c", CHECK, mode, str(cache)], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


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
    folder = Path(tempfile.mkdtemp(prefix="bench-licences-"))
    try:
        metadata = [ours("metadata", folder / "none") for _ in range(RUNS)]
        if client.alive():
            raise RuntimeError("a ScanCode worker is running: wait 90 s until it ends, or the first check is not cold")
        cold = ours("texts", folder / "cache")
        again = [ours("texts", folder / "cache") for _ in range(RUNS)]
        copies = folder / "metadata"
        copies.mkdir()
        tools = {"pip-licenses": pip_licenses(), "ScanCode --package": scancode(copies)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = {"ours, metadata": metadata[0], "ours, with texts": cold, **{k: v for k, v in tools.items() if v}}
    return {
        "load": os.getloadavg()[0],
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
    again = sorted(one["wall"] for one in m["again"])
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
            f"{m['load']:.1f} at the end. A second check with kept results took {again[len(again) // 2]:.1f} s "
            f"({again[0]:.1f} to {again[-1]:.1f}, n {len(again)}), its process {m['cold']['rss_mb']:.0f} MB; "
            "ScanCode's worker is a process of its own and its CPU is not in the figures of ours.",
            "",
            "| | right | no licence | leaves it open | wrong | wall | CPU |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
            *wrong,
            "",
        ]
    )


def main() -> None:
    """Measure and print."""
    found = measure()
    sys.stdout.write(markdown(found) if "--markdown" in sys.argv else json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
