"""How much of a market's spread rests on figures that were true long ago, or at a time nobody names."""

import re
from collections.abc import Sequence
from datetime import date

from core.evidence import Evidence, Source
from core.market.sensitivity import spread_of
from core.market.sizing import MarketSize
from core.market.stated import Assumption

OUTDATED = "market.outdated"
YEARS = 3  # a market, its prices and its habits are taken to be the same for so long
_METHOD = (
    "Share of the variance of ln({level}) that comes from sourced assumptions whose date is more than {years} years "
    "back, missing, or still to come (Sobol index); of a date without a day the last one counts."
)
_DATE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")


def outdated(found: MarketSize | None, today: date, missing: str) -> Evidence:
    """The record; `missing` says what has to be stated where there is no market to look at."""
    level = found.level if found else "tam"
    method = _METHOD.format(level=level.upper(), years=YEARS)
    if found is None:
        return Evidence(OUTDATED, None, "share", method, Source("stated"), reason=missing)
    way = found.market.methods[0]
    behind = found.market.behind(way.tree(level))
    old = [a for a in behind if a.sourced and not recent(a.date, today)]
    value = spread_of(found.market, way, level, [a.id for a in old])
    single = "All assumptions are single numbers: give p10, p50 and p90 apart."
    reason = single if value is None else "; ".join(_said(a) for a in old)
    return Evidence(
        OUTDATED,
        value,
        "share",
        method,
        Source("stated", _names(behind)),
        n=len(behind),
        reason=reason,
        detail={"of": level, "old": [a.id for a in old], "today": today.isoformat()},
    )


def recent(said: str, today: date) -> bool:
    """Whether a date as YYYY-MM-DD, YYYY-MM or YYYY has come and is at most `YEARS` back; anything else is not."""
    found = _DATE.fullmatch(said.strip())
    if found is None:
        return False
    year, month, day = (int(part) if part else None for part in found.groups())
    last = (year or 0, month or 12, day or 31)
    first = (year or 0, month or 1, day or 1)
    return (today.year - YEARS, today.month, today.day) <= last and first <= (today.year, today.month, today.day)


def _said(a: Assumption) -> str:
    return f"{a.label}: {a.date or 'no date'}"


def _names(behind: Sequence[Assumption]) -> str:
    return "; ".join(dict.fromkeys(a.source or a.by for a in behind if a.sourced))
