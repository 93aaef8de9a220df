"""Units of stated figures: what they multiply to, and whether it is money per year.

A unit is written as it is said: "institutions", "customers/institution", "USD per contact", "contacts/customer/year",
"share". Currencies are ISO 4217 codes in capitals; counted things are compared without their plural.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

PERIODS = ("year", "quarter", "month", "week", "day", "hour")
# One spelling each: a formula that needs another calendar states its own figure.
CONSTANTS: Mapping[str, tuple[float, str]] = {
    "quarters_per_year": (4.0, "quarters/year"),
    "months_per_year": (12.0, "months/year"),
    "weeks_per_year": (365 / 7, "weeks/year"),
    "days_per_year": (365.0, "days/year"),
    "hours_per_year": (8760.0, "hours/year"),
}
_PLAIN = frozenset({"", "1", "share", "ratio", "factor", "x", "time"})  # of no dimension ("times" loses its plural)
_CURRENCY = re.compile(r"[A-Z]{3}")
_PER = re.compile(r"\s+(?:per|a|an)\s+")
_NUMBER = re.compile(r"\d")


class UnitError(ValueError):
    """Units that contradict each other; `name` is the figure to look at, where one can be named."""

    def __init__(self, message: str, name: str = "") -> None:
        """Say what contradicts what."""
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, slots=True)
class Unit:
    """A product of powers, for example {"USD": 1, "year": -1}; nothing at all is a plain number."""

    powers: tuple[tuple[str, int], ...] = ()

    def times(self, other: "Unit", sign: int = 1) -> "Unit":
        """The unit of a product; of a quotient with sign -1."""
        out = dict(self.powers)
        for name, power in other.powers:
            out[name] = out.get(name, 0) + sign * power
        return Unit(tuple(sorted((n, p) for n, p in out.items() if p)))

    def power_of(self, name: str) -> int:
        """How often `name` is multiplied in; negative where it is divided by."""
        return dict(self.powers).get(name, 0)

    def __str__(self) -> str:
        """As one would write it: USD*banks/year; "a plain number" where nothing is left."""
        if not self.powers:
            return "a plain number"
        above = [_raised(n, p) for n, p in sorted(self.powers, key=_rank) if p > 0]
        below = [_raised(n, -p) for n, p in sorted(self.powers, key=_rank) if p < 0]
        return "/".join(["*".join(above) or "1", *below])


def _raised(name: str, power: int) -> str:
    return name if power == 1 else f"{name}^{power}"


def _rank(item: tuple[str, int]) -> tuple[int, str]:
    name = item[0]
    return (0 if _is_currency(name) else 2 if name in PERIODS else 1, name)


def _is_currency(name: str) -> bool:
    return _CURRENCY.fullmatch(name) is not None


@lru_cache(maxsize=1024)
def parse_unit(text: str) -> Unit:
    """Read a unit.

    Raises:
        UnitError: it holds a number or a per cent sign, which would hide a factor.
    """
    parts = _PER.sub("/", text.strip()).split("/")
    out = Unit()
    for place, part in enumerate(parts):
        for word in re.split(r"[*·×]", part):
            name = _singular(" ".join(word.split()))
            if name in _PLAIN:
                continue
            if "%" in name or _NUMBER.search(name):
                raise UnitError(f"the unit {text!r} hides a number; state the figure for one, a share between 0 and 1")
            out = out.times(Unit(((name, 1),)), -1 if place else 1)
    return out


def _singular(word: str) -> str:
    """A counted thing without its plural, so that customers and USD/customer meet."""
    if _is_currency(word):
        return word
    word = word.lower()
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word.removesuffix(ending) + instead
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 2 else word


def money_per_year(found: Unit, currency: str, parts: Mapping[str, Unit]) -> str:
    """Whether a market size comes out in `currency` per year; returns what had to be assumed, or nothing.

    What contradicts is refused. What is only left unsaid (a price without its "per bank", no period) is taken at its
    word and told, because founders state units in words.

    Args:
        found: the unit of the whole formula.
        currency: ISO code of the market.
        parts: the unit of each figure in the formula, by id; an error names the one that brings the mismatch in.

    Raises:
        UnitError: another currency or period is left, or a counted thing does not cancel.
    """
    wanted = f"{currency}/year"
    for name, power in found.powers:
        if _is_currency(name) and name != currency:
            raise UnitError(
                f"comes out in {found}, not in {wanted}: multiply by an exchange rate, a figure in {currency}/{name} "
                "with its source and date",
                _bringer(parts, name),
            )
        if name in PERIODS and (name != "year" or power != -1):
            raise UnitError(f"comes out in {found}, not in {wanted}{_cure(name, power)}", _bringer(parts, name))
        if power < 0 and name not in PERIODS:
            raise UnitError(f"comes out in {found}, not in {wanted}: {name} does not cancel", _bringer(parts, name))
    if found.power_of(currency) > 1:
        raise UnitError(
            f"comes out in {found}, not in {wanted}: money is multiplied by money", _bringer(parts, currency)
        )
    return _assumed(found, currency)


def _cure(period: str, power: int) -> str:
    if period == "year":
        return ": the years do not cancel to one in the divisor"
    return f": multiply by {period}s_per_year" if power == -1 else f": {period} does not cancel"


def _bringer(parts: Mapping[str, Unit], name: str) -> str:
    return next((of for of, unit in parts.items() if unit.power_of(name)), "")


def _assumed(found: Unit, currency: str) -> str:
    left = [n for n, p in found.powers if p > 0 and n != currency]
    said = []
    if not found.power_of(currency):
        said.append(f"no figure is in {currency}, so the result is taken as {currency}")
    elif left:
        said.append(f"the price is taken as per {' and '.join(left)}, which no unit says")
    if not found.power_of("year"):
        said.append("no figure says per year, so the result is taken as a year's")
    return "; ".join(said)


def percent(share: float, places: int = 0) -> str:
    """A share as it stands in a sentence: 25 %."""
    return f"{100 * share:.{places}f} %"
