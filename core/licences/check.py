"""A check of licences: a target, models and data sets in; what may ship, and how, out.

It knows nothing of ventures and stores, and loads neither: `measure` joins it to them.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from packaging.utils import canonicalize_name

from core.errors import InputError
from core.licences import policy as rules
from core.licences.assets import asset
from core.licences.component import Asset, Law, asset_component, package_component, skipped_component
from core.licences.conclude import conclude
from core.licences.hub import Kind
from core.licences.package import Package, ResolvedPackage, SkippedPackage
from core.licences.policy import MODES, Mode, Use
from core.licences.report import LicenceReport
from core.licences.sources import Given, read_target
from core.progress import Progress, part, silent
from core.settings import settings

Target = str | Path | Given


def assets(given: Iterable[str], kind: Kind, *, texts: bool = True) -> list[Asset]:
    """The models or data sets that a command line names: `NAME=LICENCE`, folders, files, ids.

    Raises:
        InputError: one of them is none of these.
    """
    return [asset(text, kept(), catalogue(), kind=kind, texts=texts) for text in given]


def catalogue() -> Mapping[str, Asset]:
    """The models whose licence is known by their name alone."""
    bundled: str = import_module("core.venture").BUNDLED
    return {bundled: Asset(bundled, "Apache-2.0", "catalogue", "model card of sentence-transformers/all-MiniLM-L6-v2")}


def check(
    target: Target | Sequence[Target] | None,
    modes: Sequence[Mode] = MODES,
    models: Sequence[Asset] = (),
    datasets: Sequence[Asset] = (),
    *,
    texts: bool = True,
    open_source: bool = False,
    platform: str = "linux",
    uses: Mapping[str, Sequence[Use]] = MappingProxyType({}),
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
        uses: package name -> how the product holds it ("static", "modified", "copied"), where not as it comes.
        offline: never ask the package index; the setting where None.
        cache: folder of what the index and ScanCode said before; below `var` where None.

    Raises:
        InputError: a target cannot be used.
    """
    begun = time.perf_counter()
    keep = cache or kept()
    never_ask = settings().offline if offline is None else offline
    packages = _read(target, platform, never_ask, keep, part(progress, 0.0, 0.4))
    held: dict[str, tuple[Use, ...]] = {canonicalize_name(name): tuple(how) for name, how in uses.items()}
    absent = _absent(uses, {canonicalize_name(p.name) for p in packages})
    skipped = (*(p for p in packages if isinstance(p, SkippedPackage)), *absent)
    resolved = [p for p in packages if isinstance(p, ResolvedPackage)]
    found = conclude(resolved, texts=texts, keep=keep, progress=part(progress, 0.4, 1.0))
    law = Law(rules.load(), tuple(modes), open_source, held)
    components = [package_component(d, law) for d in found.packages]
    components += [skipped_component(s, law) for s in skipped if s.ships]
    components += [asset_component(a, "model", law) for a in models]
    components += [asset_component(a, "dataset", law) for a in datasets]
    progress(1, 1, f"{len(components)} components judged")
    seconds, told = time.perf_counter() - begun, f"{law.policy.title}, {law.policy.stated}"
    return LicenceReport(seconds, tuple(components), skipped, tuple(modes), found.unread, told, found.left_out)


def _absent(uses: Iterable[str], there: set[str]) -> list[SkippedPackage]:
    """Packages that are said to be held in some way, and that nothing which ships is called."""
    why = "said to be modified, copied or linked in, but no package that ships has this name"
    return [SkippedPackage(name, why, ships=False) for name in uses if canonicalize_name(name) not in there]


def kept() -> Path:
    """The folder of what the index and ScanCode said before."""
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
