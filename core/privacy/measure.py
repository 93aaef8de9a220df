"""The privacy room's door: scans every data set that a venture names."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.evidence import Evidence, Source
from core.privacy import policy
from core.privacy.first import Firsts
from core.privacy.names.measure import described, use
from core.privacy.risk import record as risk
from core.privacy.scan import TableScan, scan_file
from core.privacy.search import searching
from core.privacy.share import pooled
from core.progress import Progress, part, silent
from core.settings import settings
from core.venture import RULES, Venture

if TYPE_CHECKING:
    from core.privacy.scan import TableScan

NO_DATA = "The venture names no data set, so nothing was scanned; add one on the Ventures page ([[datasets]])."
SHOWN_COLUMNS = 200  # in evidence; the rest is in the run's scan.json
_UNITS = {
    "privacy.direct_share": "share",
    "privacy.columns": "columns",
    "privacy.entities": "types",
    "privacy.scanned": "share",
}
_METHODS = {
    "privacy.direct_share": "Share of rows over all data files in which a direct identifier was found (name, e-mail, "
    "phone, card, ...). The interval is for rows not drawn or not readable; what the recognisers miss comes on top "
    "(Wilson 1927; over several files Zou and Donner 2008).",
    "privacy.columns": "Columns in which at least two different values of one type of direct identifier were found.",
    "privacy.entities": "Types of direct identifier found at least once, odd single hits included.",
    "privacy.scanned": "Rows read of all rows in the data files; a sample is drawn at random without replacement.",
}


def measure(venture: Venture, run_dir: Path, progress: Progress = silent) -> list[Evidence]:
    """Scan each data set's file and test file; return how much personal data they hold.

    Raises:
        InputError: a file is missing or is not a table that can be read.
    """
    wanted = {path: d.sample for d in reversed(venture.datasets) for path in (d.test, d.path) if path}
    files = [(path, venture.locate(path), sample) for path, sample in reversed(wanted.items())]
    if not files:
        return [_unknown(id_) for id_ in _UNITS] + risk.unknown(NO_DATA)
    progress(0, 1, "starting the search")
    use(venture)
    rules = venture.locate(RULES) if (venture.folder / RULES).exists() else None
    size = sum(full.stat().st_size for _, full, _ in files) or 1
    limit = settings().upload_rows
    scans: list[TableScan] = []
    tables, done = [], 0
    seen = Firsts(run_dir)
    with searching(size, rules) as search:
        for path, full, sample in files:
            share = part(progress, done / size, (done := done + full.stat().st_size) / size)
            found = scan_file(
                full,
                sample=sample,
                progress=share,
                name=path,
                max_rows=limit,
                finder=search,
                first=lambda look: seen.add(look.as_json()),
            )
            of_file = list(found)
            scans += of_file
            tables.append((path, full, of_file[0].as_json()["columns"]))  # re-identification looks at the first sheet
        problems = search.problems
    (run_dir / "scan.json").write_text(json.dumps([s.as_json() for s in scans], ensure_ascii=False))
    texts = {(path, column) for d in venture.datasets for path in (d.path, d.test) for column in (d.text, d.label)}
    hidden = risk.records(tables, texts=texts, max_rows=limit, progress=part(progress, 1, 1))
    return _evidence(scans, Source("measured", described(venture)), problems) + hidden


def _unknown(id_: str) -> Evidence:
    return Evidence(id_, None, _UNITS[id_], _METHODS[id_], Source("measured"), reason=NO_DATA)


def _evidence(scans: Sequence[TableScan], source: Source, stopped: Sequence[str]) -> list[Evidence]:
    rows, read, unread = (sum(getattr(s, n) for s in scans) for n in ("rows", "scanned", "unread_rows"))
    share = pooled([(s.direct_share, s.rows) for s in scans])
    columns = [
        {"path": s.name, "name": c.name, "types": [e.type for e in c.direct]}
        for s in scans
        for c in s.columns
        if c.direct
    ]
    types = _types(scans)
    script = (
        f"{unread:,} of {read:,} rows hold text that was not read whole, or in a script that the recognisers hardly "
        "read; they widen the interval."
    )
    why = " ".join([script] * bool(unread) + [f"{RULES}: {problem}." for problem in stopped])
    files = [{"path": s.name, "rows": s.rows, "scanned": s.scanned, "complete": s.complete} for s in scans]

    def evidence(id_: str, value: float, n: int, detail: dict[str, Any], **more: Any) -> Evidence:
        return Evidence(id_, value, _UNITS[id_], _METHODS[id_], source, n=n, detail=detail, **more)

    return [
        evidence("privacy.direct_share", share.value, read, _shown(scans), low=share.low, high=share.high, reason=why),
        evidence("privacy.columns", len(columns), sum(len(s.columns) for s in scans), {"columns": columns}),
        evidence("privacy.entities", len(types), read, {"types": types}),
        evidence("privacy.scanned", read / rows, rows, {"files": files}, low=read / rows, high=read / rows),
    ]


def _types(scans: Iterable[TableScan]) -> list[dict[str, Any]]:
    """The direct types found, most cells first; those that nothing but doubted hits speak for are left out."""
    out: dict[str, dict[str, Any]] = {}
    for scan_ in scans:
        for column in scan_.columns:
            for e in column.entities:
                if policy.group(e.type) == policy.DIRECT and e.counted:
                    new: dict[str, Any] = {
                        "type": e.type,
                        "title": policy.title(e.type),
                        "cells": 0,
                        "values": 0,
                        "columns": [],
                    }
                    entry = out.setdefault(e.type, new)
                    entry["cells"] += e.cells
                    entry["values"] += e.values
                    entry["columns"].append({"path": scan_.name, "name": column.name, "label": e.label})
    return sorted(out.values(), key=lambda t: (-t["cells"], t["type"]))


def _shown(scans: Sequence[TableScan]) -> dict[str, Any]:
    """All that charts need, bounded: of very wide files the columns with most found."""
    files = [s.as_json() for s in scans]
    every = [c for f in files for c in f["columns"]]
    if len(every) > SHOWN_COLUMNS:
        kept = {id(c) for c in sorted(every, key=lambda c: -sum(e["cells"] for e in c["entities"]))[:SHOWN_COLUMNS]}
        for f in files:
            f["columns_left_out"] = sum(id(c) not in kept for c in f["columns"])
            f["columns"] = [c for c in f["columns"] if id(c) in kept]
    return {"files": files}
