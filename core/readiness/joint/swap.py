"""What if a package were another one, or gone: the licence room's answers without it, from what it left on record."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.errors import InputError
from core.evidence import Evidence, Source
from core.licences import policy, spdx
from core.licences.policy import Standing, worst
from core.venture import Venture

PACKAGE = "packages."
GONE = "none"
REPORT = "licences.packages"
_KINDS = ("packages", "models", "datasets")
_SOURCE = Source("stated", "what if")


def swapped(venture: Venture, evidence: Mapping[str, Evidence], swaps: Mapping[str, str]) -> dict[str, Evidence]:
    """The licence records that change where packages are taken out, or replaced by one under another licence.

    Args:
        venture: its ways of selling, and whether its own source is open.
        evidence: the newest records; `licences.packages` with its detail, which lists every component.
        swaps: package -> SPDX expression of what takes its place, or `GONE`.

    Raises:
        InputError: the licences were not checked, there is no such package, or that is no licence.
    """
    if not swaps:
        return {}
    report = evidence.get(REPORT)
    if report is None or not report.detail.get("packages"):
        raise InputError(f"{PACKAGE}{next(iter(swaps))}: the licences were not checked yet, so no package is known.")
    rows = _others(report.detail, swaps) + [_new(venture, name, licence) for name, licence in swaps.items()]
    modes = [name.partition(".")[2] for name in evidence if name.partition(".")[2] in report.detail["modes"]]
    out = {f"licences.{m}": _word(evidence[f"licences.{m}"], m, rows) for m in modes}
    own = [m for m in venture.distribution.modes if m in report.detail["modes"]]
    for status in ("blocked", "unknown"):
        if (record := evidence.get(f"licences.{status}")) is not None:
            n = sum(any(row.get(m) == status for m in own) for row in rows)
            out[record.id] = replace(record, value=float(n), reason="", source=_SOURCE)
    return out


def replaceable(evidence: Mapping[str, Evidence], modes: list[str]) -> list[str]:
    """Packages that one of the ways of selling is blocked by, or not known of; those first that block."""
    report = evidence.get(REPORT)
    rows = report.detail.get("packages", []) if report is not None else []
    found = {r["name"]: {r["modes"].get(m, {}).get("status") for m in modes} for r in rows}
    return [name for word in ("blocked", "unknown") for name, words in found.items() if _first(words) == word]


def _first(words: set[Any]) -> str:
    return next((w for w in ("blocked", "unknown") if w in words), "")


def _others(detail: Mapping[str, Any], swaps: Mapping[str, str]) -> list[dict[str, str]]:
    """Status by mode of every component that stays."""
    names = {p["name"] for p in detail["packages"]}
    for name in swaps:
        if name not in names:
            known = ", ".join(sorted(names)[:12]) + (" ..." if len(names) > 12 else "")
            raise InputError(f"{PACKAGE}{name}: no such package ships; there are {known}.")
    kept = [c for kind in _KINDS for c in detail.get(kind, []) if kind != "packages" or c["name"] not in swaps]
    rows = [{mode: told["status"] for mode, told in c["modes"].items()} for c in kept]
    return rows + _not_listed(detail)


def _not_listed(detail: Mapping[str, Any]) -> list[dict[str, str]]:
    """Very long lists are kept from the worst component down: the rest is at most as bad as the last one kept."""
    if not detail.get("packages_left_out"):
        return []
    last = detail["packages"][-1]["modes"]
    return [dict.fromkeys(last, str(worst(Standing(told["status"]) for told in last.values())))]


def _new(venture: Venture, name: str, licence: str) -> dict[str, str]:
    """Status by mode of what takes a package's place; nothing where it is gone."""
    if licence == GONE:
        return {}
    node = spdx.parse(licence)
    if node is None:
        raise InputError(
            f"{PACKAGE}{name}: {licence!r} is no SPDX licence, such as MIT; or write {GONE} to take it out."
        )
    rules, open_source = policy.load(), venture.distribution.open_source
    return {m: str(policy.judge(node, m, rules, open_source=open_source).status) for m in policy.MODES}


def _word(record: Evidence, mode: str, rows: list[dict[str, str]]) -> Evidence:
    """The worst answer in a mode; where the record itself could not say, it still cannot unless something blocks."""
    word = str(worst(Standing(row[mode]) for row in rows if mode in row))
    if record.value is None and word != "blocked":
        return record
    open_ = sum(row.get(mode) == word for row in rows)
    reason = f"{open_} {word} after the change" if word in ("blocked", "unknown") else ""
    return replace(record, value=word, reason=reason, source=_SOURCE, method="Set by hand.")
