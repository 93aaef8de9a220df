"""The market is sized from its assumptions: parts never exceed the whole, and the same figures give the same bytes."""

import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.market.ranges import Range
from core.market.sizing import DRAWS, Assumption, Driver, Market, sample, size, totals

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "data" / "market" / "bass_reference.json"


def assumption(name: str, *stated: float, unit: str = "x", source: str = "a register") -> Assumption:
    return Assumption(name, name.title(), unit, *stated, source=source)


def desk(**changes: Any) -> Market:
    """Banks x price, then the shares of them."""
    rows = (
        assumption("price", 8_000, 15_000, 40_000),
        assumption("banks", 4_000, 4_500, 5_200),
        assumption("segment", 0.1, 0.25, 0.4, unit="share", source=""),
        assumption("win", 0.01, 0.03, 0.1, unit="share"),
    )
    return Market(**({"tam": ("banks", "price"), "sam": ("segment",), "som": ("win",), "assumptions": rows} | changes))


ranges = st.tuples(*[st.floats(0.01, 1e5)] * 3).map(sorted)
parts = st.tuples(*[st.floats(1e-4, 1.0)] * 3).map(sorted)


@settings(max_examples=40, deadline=None)
@given(st.lists(ranges, min_size=1, max_size=4), st.lists(parts, min_size=2, max_size=4))
def test_no_draw_has_a_part_larger_than_its_whole(total: list[list[float]], narrowing: list[list[float]]) -> None:
    rows = [assumption(f"t{k}", *r) for k, r in enumerate(total)]
    cuts = [assumption(f"s{k}", *r, unit="share") for k, r in enumerate(narrowing)]
    market = Market(tuple(a.id for a in rows), (cuts[0].id,), tuple(a.id for a in cuts[1:]), (*rows, *cuts))
    drawn = totals(market, sample({a.id: a.fitted() for a in market.used}, 512))
    assert np.all(drawn["som"] <= drawn["sam"])
    assert np.all(drawn["sam"] <= drawn["tam"])


def test_the_same_seed_gives_the_same_bytes_and_another_does_not() -> None:
    first, again, other = (json.dumps(size(desk(), seed=s).as_json()) for s in (3, 3, 4))
    assert first == again
    assert first != other


def test_the_order_of_the_file_and_unused_assumptions_change_nothing() -> None:
    extra = (*reversed(desk().assumptions), assumption("aaa_unused", 1, 2, 3))
    assert size(desk(assumptions=extra)).som == size(desk()).som


def test_the_exact_product_of_lognormals_is_met_within_one_per_cent() -> None:
    if not REFERENCE.exists():
        pytest.skip("the reference file is not on this machine")
    oracle = json.loads(REFERENCE.read_text())["other_oracles"]["tam_product_of_lognormals"]
    factors = {f"f{k}": Range("lognormal", 0, 0, 0, (m, s, 0)) for k, (m, s) in enumerate(_pairs(oracle))}
    drawn = sum(sample(factors, DRAWS).values())
    mu, sigma = sum(oracle["mu"]), math.sqrt(sum(s * s for s in oracle["sigma"]))
    exact = np.exp(mu + sigma * np.array([-1.2815515655446004, 0, 1.2815515655446004]))
    assert np.exp(np.quantile(drawn, [0.1, 0.5, 0.9])) == pytest.approx(exact, rel=0.01)
    assert math.prod(f.mean() or 0 for f in factors.values()) == pytest.approx(math.exp(mu + sigma**2 / 2), rel=1e-9)
    variances = [s * s / sigma**2 for s in oracle["sigma"]]
    assert [np.var(v) / np.var(drawn) for v in sample(factors, DRAWS).values()] == pytest.approx(variances, abs=0.01)


def _pairs(oracle: dict[str, list[float]]) -> list[tuple[float, float]]:
    return list(zip(oracle["mu"], oracle["sigma"], strict=True))


def test_metalog_products_agree_with_a_million_plain_draws() -> None:
    found, rng = size(desk()), np.random.default_rng(1)
    plain = {a.id: a.fitted().quantile(rng.random(1_000_000)) for a in desk().assumptions}
    som = plain["banks"] * plain["price"] * plain["segment"] * plain["win"]
    assert found.som is not None
    got = [found.som.p10, found.som.p50, found.som.p90, found.som.mean]
    assert got == pytest.approx([*np.quantile(som, [0.1, 0.5, 0.9]), som.mean()], rel=0.01)


def test_the_printed_numerical_error_is_the_one_that_other_seeds_show() -> None:
    runs = [size(desk(), seed=s).narrowest for s in range(40)]
    shown = float(np.mean([r.numerical_error for r in runs]))
    true = float(np.std([math.log(r.p50) for r in runs], ddof=1))
    assert 0.5 < shown / true < 2
    assert shown < 0.01


def test_shares_of_the_spread_add_up_and_name_what_is_unsourced() -> None:
    found = size(desk())
    assert found.som is not None
    assert math.fsum(d.share_of_variance or 0 for d in found.som.drivers) == pytest.approx(1)
    assert found.som.drivers[0].share_of_variance == max(d.share_of_variance or 0 for d in found.som.drivers)
    by_name = {d.id: d.share_of_variance for d in found.som.drivers}
    assert found.som.unsourced_share == pytest.approx(by_name["segment"])
    assert found.tam.unsourced_share == 0


def test_an_assumption_used_twice_counts_with_its_square() -> None:
    once = size(desk(tam=("banks",), sam=(), som=())).tam
    twice = size(desk(tam=("banks", "banks"), sam=(), som=())).tam
    assert twice.p50 == pytest.approx(once.p50**2, rel=1e-9)
    assert twice.mean is not None
    assert once.mean is not None
    assert twice.mean > once.mean**2
    mixed = size(desk(tam=("banks", "banks", "price"), sam=(), som=())).tam
    plain = size(desk(tam=("banks", "price"), sam=(), som=())).tam
    ratio = [_ratio(m.drivers) for m in (mixed, plain)]
    assert ratio[0] == pytest.approx(4 * ratio[1])


def _ratio(drivers: tuple[Driver, ...]) -> float:
    shares = {d.id: d.share_of_variance or 0.0 for d in drivers}
    return shares["banks"] / shares["price"]


def test_fixed_numbers_give_one_bar_and_no_share_of_spread() -> None:
    rows = (assumption("banks", 100, 100, 100), assumption("price", 5, 5, 5, source=""))
    found = size(Market(("banks", "price"), (), (), rows))
    assert [found.tam.p10, found.tam.p50, found.tam.p90, found.tam.mean] == pytest.approx([500] * 4)
    assert found.tam.unsourced_share is None
    assert sum(found.tam.histogram.counts) == found.n


def test_every_draw_is_in_the_histogram_or_counted_beside_it() -> None:
    h = size(desk()).tam.histogram
    assert sum(h.counts) + h.below + h.above == DRAWS
    assert len(h.edges) == len(h.counts) + 1
    ratios = np.diff(np.log(h.edges))
    assert ratios == pytest.approx(np.full_like(ratios, ratios[0]))


def test_a_range_too_open_for_a_mean_leaves_the_mean_unknown() -> None:
    found = size(desk(assumptions=(assumption("wide", 1, 10, 1000),), tam=("wide",), sam=(), som=()))
    assert found.tam.mean is None
    assert found.as_json()["tam"]["mean"] is None


def test_a_figure_that_no_share_leads_to_is_left_out() -> None:
    found = size(desk(sam=()))
    assert (found.sam, found.som) == (None, None)
    assert found.as_json()["som"] is None
    assert found.narrowest is found.tam


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"tam": ()}, "No total market"),
        ({"tam": ("nobody",)}, "not among the assumptions"),
        ({"sam": ("price",)}, 'its unit must be "share"'),
        (
            {"assumptions": (assumption("big", 1e150, 1e151, 1e152),), "tam": ("big",) * 3, "sam": ()},
            "beyond any market",
        ),
    ],
)
def test_a_market_that_cannot_be_sized_says_why(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        size(desk(**({"som": ()} | changes)))


def test_draws_come_in_powers_of_two() -> None:
    with pytest.raises(ValueError, match="powers of two"):
        size(desk(), n=1000)


def test_sizing_takes_less_than_a_tenth_of_a_second_warm() -> None:
    size(desk())
    times = []
    for _ in range(5):
        start = time.perf_counter()
        size(desk())
        times.append(time.perf_counter() - start)
    assert min(times) < 0.1
