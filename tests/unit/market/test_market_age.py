"""Old and undated figures are told by the share of the spread that rests on them."""

from datetime import date
from typing import Any

import pytest

from core.market.age import outdated, recent
from core.market.measure import market_size, plain
from core.market.sensitivity import spread_of
from core.venture_market import Market

TODAY = date(2026, 11, 29)


@pytest.mark.parametrize(
    ("said", "is_recent"),
    [
        ("2026-11-29", True),
        ("2026-11-30", False),  # has not come yet
        ("2026", True),
        ("2027", False),
        ("2023-11", True),
        ("2023-11-28", False),
        ("2023-10", False),
        ("2022", False),
        ("", False),
        ("last year", False),
    ],
)
def test_a_date_is_recent_for_three_years_and_never_before_it_comes(said: str, is_recent: bool) -> None:
    assert recent(said, TODAY) is is_recent


def market(*dates: str, **more: Any) -> Market:
    rows = [
        {"id": f"f{k}", "label": f"Figure {k}", "unit": "USD/year" if not k else "share"}
        | ({"p10": 1, "p50": 2, "p90": 4} if not k else {"p10": 0.1, "p50": 0.2, "p90": 0.4})
        | {"source": "a book", "date": said}
        for k, said in enumerate(dates)
    ]
    return Market.model_validate({"tam": [r["id"] for r in rows], "assumptions": rows} | more)


def test_the_share_is_that_of_the_old_figures_alone() -> None:
    found = outdated(market_size(market("2012", "2026-01")), TODAY, "")
    shares = {i.id: i.total for i in market_size(market("2012", "2026-01")).hangs_on["tam"].indices}
    assert found.value == pytest.approx(shares["f0"])
    assert found.reason == "Figure 0: 2012"
    assert outdated(market_size(market("2026", "2026-01")), TODAY, "").value == 0
    assert outdated(market_size(market("2012", "")), TODAY, "").value == pytest.approx(1)


def test_where_figures_move_together_it_is_estimated_and_never_more_than_all() -> None:
    moved = market("2012", "2026", correlations=[{"between": ["f0", "f1"], "rho": -0.5, "why": "x"}])
    of = plain(moved)
    value = spread_of(of, of.methods[0], "tam", ["f0"])
    assert value is not None
    assert 0 < value < 1
    assert spread_of(of, of.methods[0], "tam", []) == 0


def test_without_a_market_or_a_spread_it_is_unknown() -> None:
    assert outdated(None, TODAY, "State one.").reason == "State one."
    single = Market.model_validate(
        {"tam": ["a"], "assumptions": [{"id": "a", "label": "A", "unit": "USD/year", "p10": 2, "p50": 2, "p90": 2}]}
    )
    assert outdated(market_size(single), TODAY, "").value is None
