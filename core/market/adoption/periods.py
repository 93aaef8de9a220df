"""Periods as people write them (2021, 2021-03, Q2 2021, 2021-W05, 2021-03-31): in order, each once, none left out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from math import gcd

from core.errors import InputError

_FORMS = (
    ("year", re.compile(r"(?:FY ?)?(?P<year>(?:18|19|20)\d\d)", re.I)),
    ("half-year", re.compile(r"(?P<year>\d{4})[ -]?H(?P<part>[12])|H(?P<part2>[12])[ -](?P<year2>\d{4})", re.I)),
    ("quarter", re.compile(r"(?P<year>\d{4})[ -]?Q(?P<part>[1-4])|Q(?P<part2>[1-4])[ -](?P<year2>\d{4})", re.I)),
    ("month", re.compile(r"(?P<year>\d{4})[-/](?P<part>0?[1-9]|1[0-2])", re.I)),
    ("week", re.compile(r"(?P<year>\d{4})-?W(?P<part>\d\d?)", re.I)),
)
PERIODS = {"year": 1, "half-year": 2, "quarter": 4, "month": 12, "week": 52}  # in a year
_MONTHS = {1: "month", 3: "quarter", 6: "half-year", 12: "year"}
_MONTH_WORDS = ("%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%m/%Y")
_NAMED = 5  # missing periods that are named, of more their number is


@dataclass(frozen=True, slots=True)
class Calendar:
    """Periods, each as a whole number that grows by 1 from one to the next.

    Attributes:
        period: what one is: year, half-year, quarter, month or week; empty where they are only numbered.
        at: the number of each, in the order of the rows.
        label: of the rows.
    """

    period: str
    at: tuple[int, ...]
    label: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether each follows the one before, in whatever order."""
        return sorted(self.at) == list(range(min(self.at), min(self.at) + len(self.at)))

    def order(self, name: str, rows: Sequence[int]) -> list[int]:
        """The places of the rows, whose numbers in the file are `rows`, in the order of their periods.

        Raises:
            InputError: a period stands twice, or one is left out.
        """
        places = sorted(range(len(self.at)), key=self.at.__getitem__)
        for a, b in pairwise(places):
            if self.at[a] == self.at[b]:
                raise InputError(
                    f"{name}, row {rows[b]}: {self.label[b]} stands in row {rows[a]} too; keep one row for each "
                    "period, with all that was sold in it."
                )
        self._no_gap(name, [self.at[k] for k in places])
        return places

    def _no_gap(self, name: str, at: Sequence[int]) -> None:
        missing = sorted(set(range(at[0], at[-1] + 1)) - set(at))
        if not missing:
            return
        named = [self._said(k) for k in missing[:_NAMED]]
        more = f" and {len(missing) - _NAMED:,} more" if len(missing) > _NAMED else ""
        said = (", ".join(named[:-1]) + " and " + named[-1]) if len(named) > 1 and not more else ", ".join(named)
        verb = "is" if len(missing) == 1 else "are"
        raise InputError(
            f"{name}: {said}{more} {verb} missing between {self._said(at[0])} and {self._said(at[-1])}; give each "
            f"{self.period or 'period'} a row with its sales, 0 if there were none."
        )

    def _said(self, at: int) -> str:
        if self.period == "week":
            year, week, _ = date.fromordinal(at * 7 + 1).isocalendar()
            return f"{year}-W{week:02}"
        parts = PERIODS.get(self.period, 1)
        year, part = divmod(at, parts)
        sign = {"half-year": f"-H{part + 1}", "quarter": f"-Q{part + 1}", "month": f"-{part + 1:02}"}
        return f"{year if self.period else at}{sign.get(self.period, '')}"


def calendar(labels: Sequence[str]) -> Calendar | None:
    """What periods a column names; None where it names none."""
    for period, form in _FORMS:
        found = [form.fullmatch(label) for label in labels]
        if all(found):
            return Calendar(period, tuple(_number(period, m) for m in found if m), tuple(labels))
    return _days(labels)


def numbered(labels: Sequence[str]) -> Calendar | None:
    """Periods that are only numbered: whole numbers."""
    if not all(re.fullmatch(r"\d{1,4}", label) for label in labels):
        return None
    return Calendar("", tuple(int(label) for label in labels), tuple(labels))


def _number(period: str, found: re.Match[str]) -> int:
    groups = found.groupdict()
    year = int(groups["year"] or groups["year2"])
    part = int(groups.get("part") or groups.get("part2") or 1)
    if period == "week":
        last = date(year, 12, 28).isocalendar().week
        return (date.fromisocalendar(year, min(max(part, 1), last), 1).toordinal() - 1) // 7
    return year * PERIODS[period] + part - 1


def _days(labels: Sequence[str]) -> Calendar | None:
    """Days or names of months that stand for periods: months, or several, where they are so far apart, else weeks."""
    days = _read(labels)
    if days is None:
        return None
    months = [d.year * 12 + d.month - 1 for d in days]
    if len(set(months)) == len(months):
        period = _MONTHS.get(gcd(*(m - months[0] for m in months)), "month")
        size = 12 // PERIODS[period]
        return Calendar(period, tuple(m // size for m in months), tuple(labels))
    if len({d.weekday() for d in days}) == 1:
        return Calendar("week", tuple((d.toordinal() - 1) // 7 for d in days), tuple(labels))
    return None


def _read(labels: Sequence[str]) -> list[date] | None:
    for form in ("%Y-%m-%d", *_MONTH_WORDS):
        try:
            return [datetime.strptime(label, form).date() for label in labels]
        except ValueError:
            continue
    return None
