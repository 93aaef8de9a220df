"""Scans several files and folders: what cannot be read is told, and stops nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.privacy.risk import of_table
from core.privacy.scan import TableScan, scan_file
from core.privacy.search import Finder, searching
from core.privacy.source import MAX_ROWS, walk
from core.progress import Progress, part, silent

NO_RISK: dict[str, Any] = {"k": None, "unique_share": None, "quasi_identifiers": []}
_DOCUMENTS = (".txt", ".text", ".md", ".log", ".pdf")


@dataclass(slots=True)
class FilesScan:
    """The scans of all tables, the files that could not be read with the reason, and the worst risk of a table."""

    tables: list[TableScan] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)
    risk: Mapping[str, Any] = field(default_factory=lambda: NO_RISK | {"reason": "No table was read."})

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values; no value of a file is among them."""
        return {
            "files": [t.as_json() for t in self.tables],
            "broken": [{"path": path, "message": message} for path, message in self.broken],
            "risk": dict(self.risk),
        }


def scan_files(
    paths: Iterable[Path], *, sample: int | None = None, policy: Path | None = None, progress: Progress = silent
) -> FilesScan:
    """Scan files, and the files of folders.

    Args:
        paths: files and folders; results and messages name them as they are given here.
        sample: rows to draw of each table; all where None.
        policy: a person's own rules, as `core.privacy.rules` reads them.
        progress: called with the bytes done of those to do.

    Raises:
        InputError: the policy cannot be used.
    """
    report = FilesScan()
    files: list[Path] = []
    for path in paths:
        try:
            files += [f for f in walk([path]) if f not in files]
        except InputError as error:
            report.broken.append((str(path), str(error)))
    sizes = [f.stat().st_size if f.is_file() else 0 for f in files]
    with searching(sum(sizes), policy) as finder:
        _scan_each(report, list(zip(files, sizes, strict=True)), sample, progress, finder)
        if policy:
            report.broken += [(str(policy), f"{policy.name}: {problem}.") for problem in finder.problems]
    return report


def _scan_each(
    report: FilesScan, files: list[tuple[Path, int]], sample: int | None, progress: Progress, finder: Finder
) -> None:
    """Scan files of known sizes into a report."""
    done, total = 0, sum(size for _, size in files) or 1
    risks = []
    for file, size in files:
        share = part(progress, done / total, (done := done + size) / total)
        try:
            tables = list(scan_file(file, sample=sample, progress=share, name=str(file), finder=finder))
        except InputError as error:
            report.broken.append((str(file), str(error)))
            continue
        report.tables += tables
        risks.append(_risk(file, tables[0]))
    if risks:
        report.risk = min(risks, key=lambda r: (r["k"] is None, r["k"] or 0, -(r["unique_share"] or 0)))


def _risk(file: Path, scanned: TableScan) -> Mapping[str, Any]:
    """The risk of a file's first table, which is read whole: a sample would overstate it."""
    if file.suffix.lower() in _DOCUMENTS:
        return NO_RISK | {"path": str(file), "reason": "Texts have no columns that could be combined."}
    try:
        columns = [c.as_json() for c in scanned.columns]
        return {"path": str(file)} | of_table(file, name=str(file), columns=columns, max_rows=MAX_ROWS)
    except InputError as error:
        return NO_RISK | {"path": str(file), "reason": str(error)}
