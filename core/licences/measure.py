"""The door of the licence room: a venture in; what it may ship, and how, out."""

import json
from dataclasses import replace
from pathlib import Path

from core.errors import InputError
from core.evidence import Evidence
from core.licences.assets import asset
from core.licences.check import catalogue, check, kept
from core.licences.component import Asset
from core.licences.hub import declared
from core.licences.records import records, records_without_packages
from core.licences.sources import CURRENT, Given
from core.progress import Progress, silent
from core.venture import Venture


def measure(venture: Venture, run_dir: Path, progress: Progress = silent) -> list[Evidence]:
    """Measure a venture's licences; the whole report is left as `licences.json` in the run's folder.

    Returns:
        `licences.packages`, `licences.known`, `licences.blocked`, `licences.unknown`, `licences.fine_tune`, and one
        verdict a mode.
    """
    targets, keep = [Given(_locate(venture, d.path), d.platform) for d in venture.dependencies], kept()
    report = check(
        targets,
        models=[_model(venture, keep)],
        datasets=[_dataset(venture, d.id, d.path, d.licence, keep) for d in venture.datasets],
        open_source=venture.distribution.open_source,
        uses={use.package: use.how for use in venture.uses},
        progress=progress,
    )
    (run_dir / "licences.json").write_text(json.dumps(report.as_json(), indent=1), "utf-8")
    made = records if targets else records_without_packages
    return made(report, venture.distribution.modes)


def _dataset(venture: Venture, name: str, path: str, licence: str, keep: Path) -> Asset:
    """A data set of the venture: its licence as stated there, else as the folder it lies in says."""
    if licence or not _lies_there(venture, path):
        return Asset(name, licence, file=venture.file.name)
    return replace(asset(str(venture.locate(path)), keep), name=name)


def _lies_there(venture: Venture, path: str) -> bool:
    try:
        return venture.locate(path).exists()
    except InputError:
        return False


def _locate(venture: Venture, path: str) -> str | Path:
    return CURRENT if path == CURRENT else venture.locate(path)


def _model(venture: Venture, keep: Path) -> Asset:
    base, licence = venture.model.base, venture.model.licence
    if licence:
        return Asset(base, licence, file=venture.file.name)
    if base not in catalogue() and (venture.folder / base).is_dir():
        return replace(asset(str(venture.locate(base)), keep), name=base)
    return catalogue().get(base) or declared(base, "model")
