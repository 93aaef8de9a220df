"""Receipts: the score test against published figures, its error rates counted exactly, and the laws of the states."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from core.model.optimise.receipt import (
    Receipt,
    holm,
    least_rows,
    receipt,
    rows_to_settle,
    tango_interval,
    tango_z,
)


def told(lost: int, won: int, both: int, neither: int = 0, **settings: float) -> Receipt:
    reference = np.repeat([True, False, True, False], [lost, won, both, neither])
    variant = np.repeat([False, True, True, False], [lost, won, both, neither])
    return receipt(reference, variant, **settings)


def chance_of_proven(n: int, won: float, lost: float, limit: float) -> float:
    """Share of draws in which the test rejects, summed over all tables: won rows, then lost ones among the rest."""
    total, z = 0.0, norm.isf(0.05)
    for w in range(int(binom.isf(1e-9, n, won)) + 1):
        up_to = np.arange(n - w + 1)
        rejected = [tango_z(w, int(k), n, -limit) > z for k in up_to]  # fewer lost rows always speak for the variant
        most = int(np.argmin(rejected)) - 1 if not all(rejected) else n - w
        total += binom.pmf(w, n, won) * binom.cdf(most, n - w, lost / (1 - won))
    return total


tables = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(1, 4000), st.integers(0, 400))
several = st.dictionaries(st.sampled_from("abcdef"), tables, min_size=1)


@pytest.mark.parametrize(
    ("won", "lost", "n", "level", "low", "high"),
    [
        (6, 16, 161, 0.025, -0.1240, -0.0054),  # R contingencytables 3.0.0, Cavo et al. 2012
        (28, 25, 618, 0.05, -0.0148, 0.0247),  # R PropCIs::scoreci.mp(25, 28, 618, 0.9)
        (20, 60, 1000, 0.025, -0.0584, -0.0231),  # R PropCIs::scoreci.mp(60, 20, 1000, 0.95)
    ],
)
def test_the_bounds_are_those_of_the_reference_implementations(
    won: int, lost: int, n: int, level: float, low: float, high: float
) -> None:
    assert tango_interval(won, lost, n, level) == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize("limit", [0.0093, 0.0187])
@pytest.mark.parametrize("won", [0.0, 0.002, 0.01, 0.04])
def test_a_variant_that_loses_the_limit_is_called_proven_in_one_of_twenty_draws_at_most(
    won: float, limit: float
) -> None:
    assert chance_of_proven(1000, won, won + limit, limit) <= 0.051
    assert chance_of_proven(300, won, won + limit, limit) <= 0.061


@pytest.mark.parametrize(("difference", "discordant"), [(0.0, 0.02), (0.0, 0.05), (-0.004, 0.03), (0.003, 0.04)])
def test_the_rows_that_would_settle_it_do_so_in_80_of_100_draws(difference: float, discordant: float) -> None:
    limit = 0.0187
    n = rows_to_settle(difference, discordant, limit)
    won, lost = (discordant + difference) / 2, (discordant - difference) / 2
    assert chance_of_proven(n, won, lost, limit) == pytest.approx(0.8, abs=0.04)


@given(tables)
def test_the_state_follows_from_bound_and_limit(table: tuple[int, int, int, int]) -> None:
    found = told(*table)
    assume(abs(found.low + found.limit) > 1e-9)
    assert found.low <= found.difference <= found.high
    assert (found.state == "proven") == (found.low > -found.limit) == (found.p < 0.05)
    assert (found.state == "worse") == (found.high < 0 and found.difference <= -found.limit)
    assert (found.n_to_settle is None) == (found.state != "not proven")
    assert found.n_to_settle is None or found.n_to_settle > found.n
    assert found.said.endswith(".")


@given(tables)
def test_exchanging_the_two_turns_the_interval_round(table: tuple[int, int, int, int]) -> None:
    lost, won, both, neither = table
    low, high = tango_interval(won, lost, lost + won + both + neither)
    assert tango_interval(lost, won, lost + won + both + neither) == pytest.approx((-high, -low), abs=1e-8)


@given(tables, st.floats(0.005, 0.2), st.floats(0.005, 0.2))
def test_a_larger_margin_never_makes_it_harder(table: tuple[int, int, int, int], a: float, b: float) -> None:
    assert told(*table, margin=max(a, b)).p <= told(*table, margin=min(a, b)).p + 1e-12


@given(tables, st.integers(1, 30))
def test_another_lost_row_never_speaks_for_the_variant(table: tuple[int, int, int, int], more: int) -> None:
    lost, won, both, neither = table
    more = min(more, both - 1)  # rows that both answered rightly, so that the limit stays
    assert told(lost + more, won, both - more, neither).p >= told(*table).p - 1e-12


@given(st.integers(1, 3000), st.floats(0.5, 1))
def test_where_no_answer_differs_the_rows_alone_decide(n: int, accuracy: float) -> None:
    right = max(1, round(accuracy * n))
    found = told(0, 0, right, n - right)
    assert (found.state == "proven") == (n >= least_rows(right / n))
    assert found.difference == 0
    assert found.low == pytest.approx(-(norm.isf(0.05) ** 2) / (n + norm.isf(0.05) ** 2))  # 1 - limit of no loss in n
    if found.state == "not proven":
        assert found.n_to_settle == max(least_rows(right / n), n + 1)


@pytest.mark.parametrize("table", [(1, 0, 0, 0), (0, 0, 1, 0), (1, 1, 0, 0), (2, 0, 0, 1), (1, 0, 1, 0)])
def test_a_handful_of_rows_proves_nothing(table: tuple[int, int, int, int]) -> None:
    found = told(*table)
    assert found.state != "proven"
    assert all(map(math.isfinite, (found.low, found.high, found.p, found.p_worse)))


def test_the_three_states_are_told_apart_on_rows_like_those_of_banking77() -> None:
    quantised, retrained, broken = told(11, 7, 2887, 175), told(45, 25, 2830, 180), told(120, 40, 2770, 150)
    assert (quantised.state, retrained.state, broken.state) == ("proven", "not proven", "worse")
    assert "ruled out" in quantised.said
    assert f"{retrained.n_to_settle:,} test rows would settle it" in retrained.said
    assert "more than chance" in broken.said


@given(several)
def test_holm_never_turns_a_word_into_a_stronger_one(drawn: dict[str, tuple[int, int, int, int]]) -> None:
    plain = {name: told(*table) for name, table in drawn.items()}
    after = holm(plain)
    assert list(after) == list(plain)
    for name, found in after.items():
        assert found.p >= plain[name].p
        assert found.state in (plain[name].state, "not proven")
        assert (found.low, found.high, found.difference) == (plain[name].low, plain[name].high, plain[name].difference)
        assert (found.n_to_settle is None) == (found.state != "not proven")


@given(several)
def test_holm_keeps_the_order_and_leaves_a_single_variant_alone(drawn: dict[str, tuple[int, int, int, int]]) -> None:
    plain = {name: told(*table) for name, table in drawn.items()}
    after = holm(plain)
    by_p = sorted(plain, key=lambda name: plain[name].p)
    assert all(after[a].p <= after[b].p for a, b in pairwise(by_p))
    first = by_p[0]
    assert holm({first: plain[first]})[first] == plain[first]
    assert after[first].p == pytest.approx(min(1.0, plain[first].p * len(plain)))


def test_a_receipt_that_stands_alone_may_fall_among_many() -> None:
    narrow = told(35, 22, 2850, 173)
    assert narrow.state == "proven"
    assert narrow.p > 0.05 / 6
    many = holm({str(i): narrow for i in range(6)})
    assert {r.state for r in many.values()} == {"not proven"}
    assert holm({}) == {}


@pytest.mark.parametrize("settings", [{"margin": 0.0}, {"margin": 1.0}, {"alpha": 0.0}, {"alpha": 0.5}])
def test_a_margin_or_level_without_meaning_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        told(1, 1, 10, **settings)


def test_rows_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(ValueError, match="same rows"):
        receipt(np.array([True]), np.array([True, False]))
    with pytest.raises(ValueError, match="at least one"):
        told(0, 5, 0, 5)
