"""The market is sized from its assumptions: parts never exceed the whole, and the same figures give the same bytes."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.draws import DRAWS
from core.errors import InputError
from core.formula import product
from core.market.draws import draw
from core.market.measure import plain
from core.market.sensitivity import Index
from core.market.sizing import size
from core.market.stated import Assumption, Market, Method
from core.venture import load_market

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "data" / "market" / "bass_reference.json"


def assumption(name: str, *stated: float, unit: str = "USD/year", source: str = "a register") -> Assumption:
    return Assumption(name, name.title(), unit, *stated, source=source)


ROWS = (
    assumption("price", 8_000, 15_000, 40_000),
    assumption("banks", 4_000, 4_500, 5_200, unit="banks"),
    assumption("segment", 0.1, 0.25, 0.4, unit="share", source=""),
    assumption("win", 0.01, 0.03, 0.1, unit="share"),
)


def desk(
    tam: tuple[str, ...] = ("banks", "price"),
    sam: tuple[str, ...] = ("segment",),
    som: tuple[str, ...] = ("win",),
    assumptions: tuple[Assumption, ...] = ROWS,
    **more: Any,
) -> Market:
    """Banks x price, then the shares of them."""
    methods = (Method("bottom_up", product(tam), sam, som),) if tam else ()
    return Market(methods, assumptions, **more)


ranges = st.tuples(*[st.floats(0.01, 1e5)] * 3).map(sorted)
parts = st.tuples(*[st.floats(1e-4, 1.0)] * 3).map(sorted)


@settings(max_examples=40, deadline=None)
@given(st.lists(ranges, min_size=1, max_size=4), st.lists(parts, min_size=2, max_size=4))
def test_no_draw_has_a_part_larger_than_its_whole(total: list[list[float]], narrowing: list[list[float]]) -> None:
    rows = [assumption(f"t{k}", *r) for k, r in enumerate(total)]
    cuts = [assumption(f"s{k}", *r, unit="share") for k, r in enumerate(narrowing)]
    market = desk(tuple(a.id for a in rows), (cuts[0].id,), tuple(a.id for a in cuts[1:]), (*rows, *cuts))
    drawn = draw(market, 512).figures["bottom_up"]
    assert np.all(drawn["som"] <= drawn["sam"])
    assert np.all(drawn["sam"] <= drawn["tam"])


def test_the_same_seed_gives_the_same_bytes_and_another_does_not() -> None:
    first, again, other = (json.dumps(size(desk(), seed=s).as_json()) for s in (3, 3, 4))
    assert first == again
    assert first != other


def test_the_order_of_the_file_and_unused_assumptions_change_nothing() -> None:
    extra = (*reversed(ROWS), assumption("aaa_unused", 1, 2, 3))
    assert size(desk(assumptions=extra)).som == size(desk()).som


def test_the_exact_product_of_lognormals_is_met_from_a_file(tmp_path: Path) -> None:
    if not REFERENCE.exists():
        pytest.skip("the reference file is not on this machine")
    oracle = json.loads(REFERENCE.read_text())["other_oracles"]["tam_product_of_lognormals"]
    rows = ""
    for k, (m, s) in enumerate(zip(oracle["mu"], oracle["sigma"], strict=True)):
        p10, p50, p90 = (math.exp(m + s * z) for z in (-1.2815515655446004, 0, 1.2815515655446004))
        rows += f'[[assumptions]]\nid = "f{k}"\nlabel = "F{k}"\nunit = "x"\nshape = "lognormal"\n'
        rows += f"p10 = {p10!r}\np50 = {p50!r}\np90 = {p90!r}\n"
    file = tmp_path / "market.toml"
    file.write_text('tam = ["f0", "f1", "f2", "f3", "f4"]\n' + rows)
    found = size(plain(load_market(file))).as_json()
    mu, sigma = sum(oracle["mu"]), math.sqrt(sum(s * s for s in oracle["sigma"]))
    exact = [math.exp(mu + sigma * z) for z in (-1.2815515655446004, 0, 1.2815515655446004)]
    assert [found["tam"][q] for q in ("p10", "p50", "p90")] == pytest.approx(exact, rel=0.01)
    assert found["tam"]["mean"] == pytest.approx(math.exp(mu + sigma**2 / 2), rel=0.001)
    first = {row["input"]: row["first"] for row in found["sensitivity"]}
    total = {row["input"]: row["total"] for row in found["sensitivity"]}
    exact = [s * s / sigma**2 for s in oracle["sigma"]]
    assert [first[f"f{k}"] for k in range(5)] == pytest.approx(exact, abs=0.01)
    assert [total[f"f{k}"] for k in range(5)] == pytest.approx(exact, abs=0.01)


def test_metalog_products_agree_with_a_million_plain_draws() -> None:
    found, rng = size(desk()), np.random.default_rng(1)
    plain = {a.id: a.fitted().quantile(rng.random(1_000_000)) for a in ROWS}
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
    indices = found.hangs_on["som"].indices
    assert math.fsum(i.total for i in indices) == pytest.approx(1)
    assert indices[0].total == max(i.total for i in indices)
    assert found.unsourced_share == pytest.approx(_share(indices, "segment"))
    assert found.hangs_on["tam"].unsourced == 0


def test_an_assumption_used_twice_counts_with_its_square() -> None:
    once = size(desk(("banks",), (), ())).tam
    twice = size(desk(("banks", "banks"), (), ())).tam
    assert twice.p50 == pytest.approx(once.p50**2, rel=1e-9)
    assert twice.mean is not None
    assert once.mean is not None
    assert twice.mean > once.mean**2
    mixed, plainly = (size(desk(t, (), ())) for t in (("banks", "banks", "price"), ("banks", "price")))
    ratios = [
        _share(f.hangs_on["tam"].indices, "banks") / _share(f.hangs_on["tam"].indices, "price")
        for f in (mixed, plainly)
    ]
    assert ratios[0] == pytest.approx(4 * ratios[1])


def _share(indices: tuple[Index, ...], name: str) -> float:
    return next(i.total for i in indices if i.id == name)


def test_fixed_numbers_give_one_bar_and_no_share_of_spread() -> None:
    rows = (assumption("banks", 100, 100, 100), assumption("price", 5, 5, 5, source=""))
    found = size(desk(sam=(), som=(), assumptions=rows))
    assert [found.tam.p10, found.tam.p50, found.tam.p90, found.tam.mean] == pytest.approx([500] * 4)
    assert found.unsourced_share is None
    assert sum(found.tam.histogram.counts) == found.n


def test_every_draw_is_in_the_histogram_or_counted_beside_it() -> None:
    h = size(desk()).tam.histogram
    assert sum(h.counts) + h.below + h.above == DRAWS
    assert len(h.edges) == len(h.counts) + 1
    ratios = np.diff(np.log(h.edges))
    assert ratios == pytest.approx(np.full_like(ratios, ratios[0]))


def test_a_range_too_open_for_a_mean_leaves_the_mean_unknown() -> None:
    found = size(desk(("wide",), (), (), (assumption("wide", 1, 10, 1000),)))
    assert found.tam.mean is None
    assert found.as_json()["tam"]["mean"] is None


def test_a_figure_that_no_share_leads_to_is_left_out() -> None:
    found = size(desk(sam=(), som=()))
    assert (found.sam, found.som) == (None, None)
    assert found.as_json()["som"] is None
    assert found.narrowest is found.tam


def test_a_market_without_a_total_says_what_to_add() -> None:
    with pytest.raises(InputError, match="No total market"):
        size(desk(()))


def test_a_figure_beyond_any_market_is_refused() -> None:
    with pytest.raises(InputError, match="beyond any market"):
        size(desk(("big",) * 3, (), (), (assumption("big", 1e150, 1e151, 1e152),)))


def test_draws_come_in_powers_of_two() -> None:
    with pytest.raises(ValueError, match="powers of two"):
        size(desk(), n=1000)
