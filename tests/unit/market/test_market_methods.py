"""Several ways to one market: side by side, with what moves together, what the spread hangs on, what closes the gap."""

import json
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.draws import points
from core.errors import InputError
from core.market.dependence import matrix
from core.market.draws import draw, levels, with_formulas
from core.market.measure import market_draws, market_size, plain
from core.market.reconcile import densities, reconcile
from core.market.sensitivity import first_order, sensitivity, total_effect
from core.market.stated import Correlation
from core.market.words import gap_words, held_words, said
from core.venture import Market


def figure(name: str, unit: str, *stated: float, source: str = "a register") -> dict[str, Any]:
    return {
        "id": name,
        "label": name.title(),
        "unit": unit,
        **dict(zip(("p10", "p50", "p90"), stated, strict=True)),
        "source": source,
    }


ROWS = [
    figure("banks", "banks", 4000, 4500, 5200),
    figure("price", "USD/bank/year", 8000, 15000, 40000, source=""),
    figure("spend", "USD/year", 2e8, 3e8, 5e8),
    figure("part", "share", 0.1, 0.2, 0.5),
    figure("reach", "share", 0.1, 0.25, 0.4),
    figure("win", "share", 0.01, 0.03, 0.1),
    figure("reps", "reps", 2, 3, 4),
    figure("deals", "deals/rep/year", 10, 14, 20),
    figure("deal", "USD/deal", 10000, 15000, 22000),
]
STATED: dict[str, Any] = {
    "tam": ["banks", "price"],
    "sam": ["reach"],
    "som": ["win"],
    "methods": {"top_down": {"tam": "spend * part", "sam": ["reach"]}},
    "capacity": ["reps", "deals", "deal"],
    "plan": "0.4 * reps * deals * deal",
    "assumptions": ROWS,
}


def market(**changes: Any) -> Market:
    return Market.model_validate(STATED | changes)


def test_the_printed_document_has_what_the_command_line_promises() -> None:
    found = market_size(market()).as_json()
    json.dumps(found, allow_nan=False)
    assert list(found["methods"]) == ["bottom_up", "top_down"]
    assert found["methods"]["top_down"]["som"] is None
    assert found["methods"]["bottom_up"]["tam"] == found["tam"]
    assert all(set(row) == {"input", "first", "total"} for row in found["sensitivity"])
    assert [s["id"] for s in found["methods"]["bottom_up"]["steps"]] == ["", "reach", "win"]
    assert found["reconciliation"]["level"] == "sam"


def test_the_method_that_is_named_gives_the_figures() -> None:
    ways = {"bottom_up": {"tam": "banks * price"}, "value_based": {"tam": "spend * part"}}
    found = market_size(market(tam=[], sam=[], som=[], method="value_based", methods=ways))
    assert [w.name for w in found.ways] == ["value_based", "bottom_up"]
    assert found.tam == found.ways[0].sizes["tam"]


def test_a_list_and_its_formula_are_the_same_market() -> None:
    one, two = (market_size(market(tam=t)).as_json() for t in (["banks", "price"], "price * banks"))
    assert one["som"] == pytest.approx(two["som"])
    assert one["sensitivity"] == two["sensitivity"]


totals = st.sampled_from(["banks * price", "spend + banks * price", "max(spend, part * banks * price)"])
share = st.tuples(*[st.floats(1e-3, 1.0)] * 3).map(sorted)


@settings(max_examples=25, deadline=None)
@given(share, share, st.floats(-0.9, 0.9), totals)
def test_no_draw_of_any_method_has_a_part_larger_than_its_whole(
    reach: list[float], win: list[float], rho: float, tam: str
) -> None:
    rows = [r for r in ROWS if r["id"] not in ("reach", "win")]
    rows += [figure("reach", "share", *reach), figure("win", "share", *win)]
    pairs = [{"between": ["price", "win"], "rho": rho}]
    found = draw(plain(market(tam=tam, assumptions=rows, correlations=pairs)), 256)
    for sizes in found.figures.values():
        for whole, part in zip(list(sizes)[:-1], list(sizes)[1:], strict=True):
            assert np.all(sizes[part] <= sizes[whole])


def test_ranks_correlate_as_stated_and_each_range_stays_as_it_was() -> None:
    pairs = [{"between": ["price", "win"], "rho": -0.6}, {"between": ["price", "banks"], "rho": 0.3}]
    found, free = market_draws(market(correlations=pairs)), market_draws(market())
    ranks = {k: np.argsort(np.argsort(v)) for k, v in found.inputs.items()}
    assert np.corrcoef(ranks["price"], ranks["win"])[0, 1] == pytest.approx(-0.6, abs=0.01)
    assert np.corrcoef(ranks["price"], ranks["banks"])[0, 1] == pytest.approx(0.3, abs=0.01)
    assert np.array_equal(found.inputs["reach"], free.inputs["reach"])
    for name in ("price", "win", "banks"):
        assert np.quantile(found.inputs[name], [0.1, 0.5, 0.9]) == pytest.approx(
            np.quantile(free.inputs[name], [0.1, 0.5, 0.9]), rel=0.01
        )


def test_figures_that_move_together_spread_the_product_and_apart_narrow_it() -> None:
    def width(rho: float) -> float:
        size = market_size(market(correlations=[{"between": ["price", "banks"], "rho": rho}])).tam
        return size.p90 / size.p10

    assert width(-0.7) < width(0.001) < width(0.7)


def test_pairs_that_contradict_each_other_are_named_with_what_is_left() -> None:
    pairs = (Correlation("a", "b", 0.9), Correlation("b", "c", 0.9), Correlation("a", "c", -0.5))
    with pytest.raises(InputError, match=r"'a' and 'c' cannot correlate with -0.5 .* between 0\.\d+ and ") as caught:
        matrix(pairs)
    low, high = (float(w) for w in re.findall(r"-?\d\.\d\d", str(caught.value)))
    for rho in (low + 0.02, high - 0.02):
        matrix((*pairs[:2], Correlation("a", "c", rho)))
    with pytest.raises(InputError):
        matrix((*pairs[:2], Correlation("a", "c", low - 0.02)))


def test_sobol_indices_of_the_ishigami_function_are_met_within_a_hundredth() -> None:
    """S1 .3139 .4424 0; ST .5576 .4424 .2437 at a = 7, b = 0.1 (T. Ishigami and T. Homma, 1990)."""
    u = points(6, 2**13, 5) * 2 * math.pi - math.pi
    a, b = u[:, :3], u[:, 3:]

    def f(x: Any) -> Any:
        return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])

    mixed = [np.column_stack([b[:, j] if j == k else a[:, j] for j in range(3)]) for k in range(3)]
    assert [first_order(f(a), f(b), f(m)) for m in mixed] == pytest.approx([0.3139, 0.4424, 0.0], abs=0.01)
    assert [total_effect(f(a), f(m)) for m in mixed] == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.01)


def test_estimated_indices_of_a_product_are_the_exact_ones() -> None:
    exact = sensitivity(plain(market()), plain(market()).methods[0])["som"]
    # max(x, x / 2) is x, but no longer a product to the eye
    written = plain(market(tam="max(banks * price, banks * price / 2)"))
    found = sensitivity(written, written.methods[0])["som"]
    assert exact.exact
    assert not found.exact
    for one, two in zip(exact.indices, found.indices, strict=True):
        assert two.id == one.id
        assert (two.first, two.total) == pytest.approx((one.first, one.total), abs=0.01)
    assert found.unsourced == pytest.approx(exact.unsourced, abs=0.01)


def test_a_figure_that_another_tells_of_keeps_only_its_own_in_the_total() -> None:
    """Two lognormals with correlation r: first (s1 + r s2)^2 / V, total s1^2 (1 - r^2) / V."""
    r, s1, s2 = 2 * math.sin(math.pi * 0.5 / 6), 0.5, 0.3
    rows = [
        {**figure(n, u, *(math.exp(s * z) for z in (-1.2815515655446, 0, 1.2815515655446))), "shape": "lognormal"}
        for n, u, s in (("one", "USD/year", s1), ("two", "x", s2))
    ]
    pairs = [{"between": ["one", "two"], "rho": 0.5}]
    of = plain(Market.model_validate({"tam": ["one", "two"], "assumptions": rows, "correlations": pairs}))
    found = {i.id: i for i in sensitivity(of, of.methods[0])["tam"].indices}
    whole = s1**2 + s2**2 + 2 * r * s1 * s2
    assert found["one"].first == pytest.approx((s1 + r * s2) ** 2 / whole, abs=0.01)
    assert found["one"].total == pytest.approx(s1**2 * (1 - r * r) / whole, abs=0.01)


def test_a_tornado_holds_the_others_at_their_medians() -> None:
    found = market_size(market()).hangs_on["tam"].swings
    assert {s.id: (s.low, s.high) for s in found}["price"] == pytest.approx((4500 * 8000, 4500 * 40000))
    assert next(iter(found)).id == "price"


def test_the_overlap_of_two_lognormals_is_the_textbook_one() -> None:
    """Of equal spread s and medians d apart on the log: 2 Phi(-d / 2s)."""
    z = np.sort(np.random.default_rng(1).standard_normal(200_000))
    for d in (0.0, 0.5, 2.0, 6.0):
        expected = 2 * 0.5 * math.erfc(d / 2 / 0.7 / math.sqrt(2))
        found = densities({"a": 0.7 * z, "b": 0.7 * z[::-1] + d})
        assert np.minimum(found["a"], found["b"]).sum() == pytest.approx(expected, abs=0.01)


def test_the_value_that_closes_the_gap_does_close_it() -> None:
    of = plain(market())
    drawn = draw(of)
    sides = reconcile(of, drawn, "tam")
    assert sides is not None
    found = sides.widest
    assert found.closes is not None
    values = with_formulas(of, {**drawn.inputs, found.closes.id: np.full(drawn.n, found.closes.value)})
    a, b = (float(np.median(levels(m, values)["tam"])) for m in of.methods)
    assert a == pytest.approx(b, rel=0.01)
    assert found.closes.within == (0.1 <= found.closes.below <= 0.9)


def test_a_figure_inside_a_sum_can_close_the_gap_too() -> None:
    sum_of = {"top_down": {"tam": "spend * part + spend / 100"}}
    only = [r if r["id"] == "part" else {**r, "p10": r["p50"], "p90": r["p50"]} for r in ROWS]
    found = market_size(market(methods=sum_of, assumptions=only)).reconciled["tam"].widest
    assert found.closes is not None
    assert found.closes.id == "part"
    assert 3e8 * found.closes.value + 3e6 == pytest.approx(4500 * 15000, rel=0.01)


def test_the_same_filter_in_both_methods_cannot_close_the_gap() -> None:
    found = market_size(market()).reconciled["sam"].widest
    assert found.closes is not None
    assert found.closes.id != "reach"


def test_som_is_held_to_what_can_be_sold_and_to_the_plan() -> None:
    found = market_size(market())
    assert found.capacity is not None
    assert found.plan is not None
    drawn = market_draws(market())
    assert drawn.capacity is not None
    assert found.capacity.holds == pytest.approx(np.mean(drawn.figures["bottom_up"]["som"] <= drawn.capacity))
    assert "could close all of it in" in held_words(found, "capacity", found.capacity)
    assert f"{100 * found.plan.holds:.0f} % of draws" in held_words(found, "plan", found.plan)
    assert "top-down" in gap_words(found).lower()
    assert sum(" TAM " in line for line in said(found)) == 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"tam": "banks * price - spend"}, r"bottom_up.tam is zero or less in [\d,]+ of 16,384 draws"),
        ({"tam": "banks * price / (part - part)"}, "divides by zero"),
        (
            {"formulas": [{"id": "wide", "label": "Wide", "formula": "part / reach"}], "sam": ["wide"]},
            "cap it with min",
        ),
    ],
)
def test_a_market_that_cannot_be_computed_says_what_to_change(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        market_size(market(**changes))


def test_too_many_figures_are_refused_in_words() -> None:
    rows = [figure(f"f{k}", "x", 1, 2, 3) for k in range(41)]
    with pytest.raises(InputError, match="41 figures are used; at most 40"):
        market_size(Market.model_validate({"tam": [r["id"] for r in rows], "assumptions": rows}))
