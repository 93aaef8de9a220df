"""The door of the licence room: a venture, or a target of its own, in; what it may ship, and how, out."""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from core.errors import InputError
from core.evidence import Evidence
from core.licences import policy as rules
from core.licences.assets import asset
from core.licences.component import Asset, Law, asset_component, package_component, skipped_component
from core.licences.conclude import conclude
from core.licences.package import ResolvedPackage, SkippedPackage
from core.licences.policy import MODES, Mode
from core.licences.records import records, records_without_packages
from core.licences.report import LicenceReport
from core.licences.sources import CURRENT, Given, Package, read_target
from core.progress import Progress, part, silent
from core.settings import settings
from core.venture import BUNDLED, Venture

Target = str | Path | Given
CATALOGUE = {BUNDLED: Asset(BUNDLED, "Apache-2.0", "catalogue", "model card of sentence-transformers/all-MiniLM-L6-v2")}


def assets(given: Iterable[str], *, texts: bool = True) -> list[Asset]:
    """The models or data sets that a command line names: `NAME=LICENCE`, folders, files, ids.

    Raises:
        InputError: one of them is none of these.
    """
    return [asset(text, _cache(), CATALOGUE, texts=texts) for text in given]


def check(
    target: Target | Sequence[Target] | None,
    modes: Sequence[Mode] = MODES,
    models: Sequence[Asset] = (),
    datasets: Sequence[Asset] = (),
    *,
    texts: bool = True,
    open_source: bool = False,
    platform: str = "linux",
    offline: bool | None = None,
    cache: Path | None = None,
    progress: Progress = silent,
) -> LicenceReport:
    """Find and judge the licences of all that a product ships.

    Args:
        target: anything that `read_target` reads; several of them, or None.
        modes: ways of bringing the product to people.
        models: base models, judged by their declared licence.
        datasets: data sets, likewise.
        texts: read licence texts where metadata leaves the licence open.
        open_source: the product publishes its own source.
        platform: where it runs (linux, macos, windows); decides which requirements apply. A `Given` has its own.
        offline: never ask the package index; the setting where None.
        cache: folder of what the index and ScanCode said before; below `var` where None.

    Raises:
        InputError: a target cannot be used.
    """
    begun = time.perf_counter()
    keep = cache or _cache()
    never_ask = settings().offline if offline is None else offline
    packages = _read(target, platform, never_ask, keep, part(progress, 0.0, 0.4))
    skipped = tuple(p for p in packages if isinstance(p, SkippedPackage))
    resolved = [p for p in packages if isinstance(p, ResolvedPackage)]
    found = conclude(resolved, texts=texts, keep=keep, progress=part(progress, 0.4, 1.0))
    law = Law(rules.load(), tuple(modes), open_source)
    components = [package_component(d, law) for d in found.packages]
    components += [skipped_component(s, law) for s in skipped if s.ships]
    components += [asset_component(a, "model", law) for a in models]
    components += [asset_component(a, "dataset", law) for a in datasets]
    progress(1, 1, f"{len(components)} components judged")
    seconds, told = time.perf_counter() - begun, f"{law.policy.title}, {law.policy.stated}"
    return LicenceReport(seconds, tuple(components), skipped, tuple(modes), found.unread, told, found.left_out)


def _cache() -> Path:
    return settings().var / "cache" / "licences"


def _read(
    target: Target | Sequence[Target] | None, platform: str, offline: bool, cache: Path, progress: Progress
) -> list[Package]:
    """Read every target; a package that two of them name in one version counts once.

    Of several targets, one that cannot be used is listed with the reason; the only one there is, raised.
    """
    targets = [] if target is None else [target] if isinstance(target, Target) else list(target)
    out: dict[tuple[str, ...], Package] = {}
    for i, each in enumerate(targets):
        one, where = (each.path, each.platform) if isinstance(each, Given) else (each, platform)
        share = part(progress, i / len(targets), (i + 1) / len(targets))
        share(0, 1, "Reading the list of packages")
        try:
            found = read_target(one, platform=where, offline=offline, cache=cache, progress=share)
        except InputError as error:
            if len(targets) == 1:
                raise
            found = [SkippedPackage(Path(one).name, str(error))]
        for package in found:
            why = package.reason if isinstance(package, SkippedPackage) else ""
            out.setdefault((package.ecosystem, package.name.lower(), package.version, why), package)
    return list(out.values())


def measure(venture: Venture, run_dir: Path, progress: Progress = silent) -> list[Evidence]:
    """Measure a venture's licences; the whole report is left as `licences.json` in the run's folder.

    Returns:
        `licences.packages`, `licences.known`, `licences.blocked`, `licences.unknown`, and one verdict a mode.
    """
    targets, keep = [Given(_locate(venture, d.path), d.platform) for d in venture.dependencies], _cache()
    report = check(
        targets,
        models=[_model(venture, keep)],
        datasets=[_dataset(venture, d.id, d.path, d.licence, keep) for d in venture.datasets],
        open_source=venture.distribution.open_source,
        progress=progress,
    )
    (run_dir / "licences.json").write_text(json.dumps(report.as_json(), indent=1), "utf-8")
    return records(report, venture.distribution.modes) if targets else records_without_packages(report)


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
    if base not in CATALOGUE and (venture.folder / base).is_dir():
        return replace(asset(str(venture.locate(base)), keep), name=base)
    return CATALOGUE.get(base) or Asset(base, "", file=venture.file.name)
