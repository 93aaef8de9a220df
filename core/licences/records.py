"""A licence report as evidence: counts, the share that is known, and one verdict for each way of selling."""

from collections.abc import Sequence
from importlib.metadata import version

from core.evidence import Evidence, Source
from core.intervals import wilson
from core.licences.component import Component
from core.licences.policy import Mode, Standing, worst
from core.licences.report import LicenceReport, in_words
from core.licences.scancode.place import NAME as SCANCODE
from core.licences.scancode.place import tool_version

MOST = 1000  # packages in a record's detail; the run folder holds all
METHOD = (
    "Licence of each package from its metadata (PEP 639 expression, licence field, classifiers, its own SBOM), set "
    "against its licence texts (Sørensen-Dice similarity of words to LicenseDB's texts, at least 0.98; ScanCode where "
    "that or metadata leaves a doubt), with the code bundled inside it (SBOMs, vendored packages, native libraries); "
    "judged by the rules of data/policies/licences/default.toml"
)
NO_DEPENDENCIES = "the venture names no dependencies: add a requirements file or an environment"
FINE_TUNE = "licences.fine_tune"
_TUNED = (
    "The worst answer to the licences of the base model and of the data it learns from, over the venture's own ways of "
    "selling, by the rules of data/policies/licences/default.toml: what they ask holds for the weights made from them"
)
UNITS = {"packages": "packages", "known": "share", "blocked": "components", "unknown": "components"}


def records(report: LicenceReport, own_modes: Sequence[Mode]) -> list[Evidence]:
    """Every record of a check; `own_modes` are the venture's own ways of selling."""
    source = Source("measured", _tools())
    n = len(report.of("package"))
    detail = report.as_json(MOST)
    return [
        Evidence("licences.packages", float(n), "packages", METHOD, source, n=n, reason=report.unread, detail=detail),
        _known(report, source),
        _count(report, "blocked", own_modes, source),
        _count(report, "unknown", own_modes, source),
        _tuned(report, own_modes, source),
        *(_mode(report, mode, source) for mode in report.modes),
    ]


def records_without_packages(report: LicenceReport, own_modes: Sequence[Mode]) -> list[Evidence]:
    """The same records where a venture names no dependencies: unknown, unless a model or data set blocks."""
    source = Source("measured", _tools())
    counts = [
        Evidence(f"licences.{name}", None, unit, METHOD, source, reason=NO_DEPENDENCIES) for name, unit in UNITS.items()
    ]
    modes = [_mode(report, mode, source, missing=NO_DEPENDENCIES) for mode in report.modes]
    return [*counts, _tuned(report, own_modes, source), *modes]


def _known(report: LicenceReport, source: Source) -> Evidence:
    method = f"Share of packages with a concluded licence expression, with Wilson's interval. {METHOD}"
    packages, known = report.of("package"), report.concluded
    if not packages:
        reason = "none of the packages is installed on this platform"
        return Evidence("licences.known", None, "share", method, source, reason=reason)
    low, high = wilson(known, len(packages))
    left = [c for c in packages if c.concluded is None]
    detail = {"open": [{"name": c.name, "version": c.version, "why": c.why} for c in left[:MOST]]}
    value, n = known / len(packages), len(packages)
    reason = in_words(left)
    return Evidence("licences.known", value, "share", method, source, low, high, n=n, reason=reason, detail=detail)


def _count(report: LicenceReport, what: str, own_modes: Sequence[Mode], source: Source) -> Evidence:
    """How many components are blocked, or unknown, in at least one of the venture's own modes."""
    by_mode = {mode: report.with_status(mode, Standing(what)) for mode in own_modes}
    each: dict[tuple[str, str, str], Component] = {}
    for component in (c for rows in by_mode.values() for c in rows):
        each.setdefault((component.kind, component.name, component.version), component)
    method = f"Components {what} in at least one way of selling ({', '.join(own_modes)}). {METHOD}"
    detail = {"modes": {mode: [c.brief(mode) for c in rows[:MOST]] for mode, rows in by_mode.items()}}
    value, n, reason = float(len(each)), len(report.components), in_words(each.values())
    return Evidence(f"licences.{what}", value, "components", method, source, n=n, reason=reason, detail=detail)


def _tuned(report: LicenceReport, own_modes: Sequence[Mode], source: Source) -> Evidence:
    """What base model and data allow the tuned weights, in the venture's worst way of selling."""
    parts = [*report.of("model"), *report.of("dataset")]
    if not report.of("model"):
        return Evidence(FINE_TUNE, None, "word", _TUNED, source, reason="No base model was looked at.")
    found = worst(c.modes[mode].status for c in parts for mode in own_modes)
    holding = [c for c in parts if any(c.modes[mode].status == found for mode in own_modes)]
    reason = "" if found == Standing.ALLOWED else f"{found}: {in_words(holding)}"
    return Evidence(FINE_TUNE, str(found), "word", _TUNED, source, n=len(parts), reason=reason)


def _mode(report: LicenceReport, mode: Mode, source: Source, missing: str = "") -> Evidence:
    """The verdict on one mode. Where packages are missing only a block is certain."""
    verdict = report.verdict(mode)
    listed = {s: report.with_status(mode, s) for s in (Standing.BLOCKED, Standing.UNKNOWN)}
    told = [f"{len(rows)} {status}: {in_words(rows)}" for status, rows in listed.items() if rows]
    value = None if missing and verdict != Standing.BLOCKED else str(verdict)
    detail = report.mode_json(mode, MOST)
    reason, n = "; ".join([*told, missing] if missing else told), len(report.components)
    return Evidence(f"licences.{mode}", value, "word", METHOD, source, n=n, reason=reason, detail=detail)


def _tools() -> str:
    return f"{SCANCODE} {tool_version()}, license-expression {version('license-expression')}"
