"""Units: what they multiply to, and what is refused because it contradicts money per year."""

import pytest

from core.units import Unit, UnitError, money_per_year, parse_unit


def whole(**parts: str) -> tuple[Unit, dict[str, Unit]]:
    units = {name: parse_unit(text) for name, text in parts.items()}
    out = Unit()
    for unit in units.values():
        out = out.times(unit)
    return out, units


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("customers per institution", "customer/institution"),
        ("USD a year", "USD/year"),
        ("businesses", "business"),
        ("companies/branch", "company/branches"),
        ("share", "1"),
        ("USD/contact/year", "USD/year/contact"),
    ],
)
def test_units_are_compared_as_they_are_meant(text: str, same: str) -> None:
    assert parse_unit(text) == parse_unit(same)


def test_what_cancels_leaves_money_per_year() -> None:
    found, parts = whole(n="banks", c="customers/bank", k="contacts/customer/year", price="USD/contact")
    assert str(found) == "USD/year"
    assert money_per_year(found, "USD", parts) == ""


@pytest.mark.parametrize(
    ("parts", "says", "figure"),
    [
        ({"n": "banks", "price": "USD/bank/month"}, "multiply by months_per_year", "price"),
        ({"n": "banks", "price": "CNY/bank/year"}, "a figure in USD/CNY with its source and date", "price"),
        ({"n": "banks", "price": "USD/customer/year"}, "customer does not cancel", "price"),
        ({"n": "USD", "price": "USD/year"}, "money is multiplied by money", "n"),
        ({"n": "banks/year", "price": "USD/bank/year"}, "the years do not cancel", "n"),
        ({"n": "hours", "price": "USD/year"}, "hour does not cancel", "n"),
    ],
)
def test_a_contradiction_is_refused_at_the_figure_that_brings_it(parts: dict[str, str], says: str, figure: str) -> None:
    found, units = whole(**parts)
    with pytest.raises(UnitError, match=says) as caught:
        money_per_year(found, "USD", units)
    assert caught.value.name == figure


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"n": "banks", "price": "USD/year"}, "the price is taken as per bank"),
        ({"n": "banks", "price": "USD/bank"}, "taken as a year's"),
        ({"n": "x"}, "no figure is in USD"),
    ],
)
def test_what_is_only_left_unsaid_is_told(parts: dict[str, str], says: str) -> None:
    assert says in money_per_year(*(f := whole(**parts))[:1], "USD", f[1])


@pytest.mark.parametrize("text", ["USD/1000 requests", "%", "10 % of banks"])
def test_a_number_inside_a_unit_is_refused(text: str) -> None:
    with pytest.raises(UnitError, match="hides a number"):
        parse_unit(text)
