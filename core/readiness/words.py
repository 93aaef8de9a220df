"""Figures in words for a person: three digits, thousands separated, per cent for shares."""

import math
from collections.abc import Sequence

ROOM = {"model": "model", "privacy": "privacy", "licences": "licence", "market": "market"}
MODE = {
    "internal": "internal use",
    "saas": "a hosted service (SaaS)",
    "on_premises": "delivery to customers' own machines",
    "on_device": "delivery on devices",
}
_SCALES = ((1e9, " bn"), (1e6, " M"))


def figure(value: float | str, unit: str, digits: int = 3) -> str:
    """One figure with its unit, for example "93.8 %", "182 ms", "1.2 M USD a year"."""
    if isinstance(value, str):
        return value
    if unit == "share":
        return f"{_number(100 * value, digits)} %"
    said = "" if unit in ("score", "correlation") else unit.replace("/year", " a year")  # the title says what it is of
    return f"{_number(value, digits)} {said}".strip()


def figures(values: Sequence[float | str], unit: str) -> list[str]:
    """Several figures with as many digits as it takes that those which differ also read differently."""
    said: list[str] = []
    for digits in range(3, 12):
        said = [figure(v, unit, digits) for v in values]
        if len(set(said)) >= len(set(values)):
            break
    return said


def span(low: str, high: str) -> str:
    """Two figures as a range that names the unit once: "89.1 to 91.9 %"."""
    number, _, unit = low.partition(" ")
    scale = next((name for _, name in _SCALES if f" {unit} ".startswith(f"{name} ")), "")
    unit = unit.removeprefix(scale.strip()).strip()
    shorter = f"{number}{scale}" if unit and high.endswith(f" {unit}") else low
    return f"{shorter} to {high}"


def _number(value: float, digits: int) -> str:
    rounded = float(f"{value:.{digits}g}") + 0.0  # first: 999.96 is a thousand in three digits, and reads "1,000"
    scale, name = next(((s, n) for s, n in _SCALES if abs(rounded) >= s), (1.0, ""))
    rounded /= scale
    if not math.isfinite(rounded) or 0 < abs(rounded) < 1e-6:
        return f"{rounded:.{digits}g}{name}"
    places = max(0, digits - 1 - math.floor(math.log10(abs(rounded)))) if rounded else 0
    text = f"{rounded:,.{places}f}"
    return f"{text.rstrip('0').rstrip('.') if places else text}{name}"


def counted(n: int, one: str, many: str = "") -> str:
    """A number of things: "1 gate", "3 gates"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
