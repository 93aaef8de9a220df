"""Formulas are read by a grammar of their own: right values, right units, and no way to run anything else."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.formula import FormulaError, in_order, parse, powers, unit_of
from core.market.evaluation import evaluate
from core.units import UnitError, parse_unit

KNOWN = ("a", "b", "c", "a-b")
VALUES = {"a": np.array([6.0]), "b": np.array([2.0]), "c": np.array([0.5]), "a-b": np.array([100.0])}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a + b * c", 7.0),
        ("(a + b) * c", 4.0),
        ("a / b / c", 6.0),
        ("a - b - c", 3.5),
        ("a-b", 100.0),
        ("a - b", 4.0),
        ("c-b", -1.5),
        ("-a * b", -12.0),
        ("2 - -b", 4.0),
        ("min(a, b, c)", 0.5),
        ("max(a * c, b)", 3.0),
        ("1.5e1 × b ÷ 3", 10.0),
        ("1/2*a", 3.0),
    ],
)
def test_a_formula_comes_to_what_arithmetic_says(text: str, value: float) -> None:
    assert evaluate(parse(text, KNOWN), VALUES) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("a b", "an operator .* at character 3"),
        ("a +", "missing at the end"),
        ("(a", r"\) is missing"),
        ("a ** b", "missing at character 4"),
        ("a ^ b", "'\\^' at character 3"),
        ("nobody * a", "'nobody' is used but is not among"),
        ("min a", "'min' is used"),
        ("__import__('os')", "not understood"),
        ("a.b", "not understood"),
        ("a if b else c", "operator"),
        ("(" * 60 + "a" + ")" * 60, "deeper than"),
        ("a" + " + a" * 800, "longer than"),
    ],
)
def test_what_is_no_formula_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(FormulaError, match=says):
        parse(text, KNOWN)


@given(st.text(max_size=60))
def test_no_text_whatever_crashes_the_reader(text: str) -> None:
    try:
        parse(text, KNOWN)
    except FormulaError as error:
        assert str(error)  # noqa: PT017 - some texts are formulas


numbers = st.floats(0.1, 100)
trees = st.recursive(
    st.sampled_from(["a", "b", "c"]) | numbers.map(lambda v: f"{v:.3f}"),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
    max_leaves=8,
)


@given(trees, numbers, numbers, numbers)
def test_any_formula_agrees_with_python(text: str, a: float, b: float, c: float) -> None:
    values = {"a": a, "b": b, "c": c}
    python = eval(text, {"__builtins__": {}}, values)
    found = evaluate(parse(text, KNOWN), {k: np.array([v]) for k, v in values.items()})
    assert float(np.ravel(found)[0]) == pytest.approx(python, rel=1e-9, abs=1e-9)


@given(trees, numbers, numbers, numbers)
def test_the_power_of_a_factor_is_how_the_product_moves_with_it(text: str, a: float, b: float, c: float) -> None:
    tree = parse(text, KNOWN)
    power = powers(tree, {}).get("a", 0)
    if power is None:
        return
    low, high = (evaluate(tree, {"a": np.array([v]), "b": np.array([b]), "c": np.array([c])}) for v in (a, 2 * a))
    assert float(np.ravel(high)[0]) == pytest.approx(float(np.ravel(low)[0]) * 2**power, rel=1e-9)


def test_a_division_by_zero_names_what_is_zero_and_how_often() -> None:
    values = {"a": np.ones(4), "b": np.array([1.0, 2.0, 1.0, 3.0]), "c": np.ones(4)}
    with pytest.raises(FormulaError, match="divides by zero: 0 is always 0"):
        evaluate(parse("b / 0", ["b"]), {"b": np.ones(4)})
    with pytest.raises(FormulaError, match=r"\(b - c\) is 0 in 2 of 4 draws"):
        evaluate(parse("a / (b - c)", KNOWN), values)


def test_formulas_are_ordered_and_a_circle_is_named() -> None:
    known = ("a", "x", "y", "z")
    straight = {"x": parse("y * a", known), "y": parse("a + z", known), "z": parse("a", known)}
    assert in_order(straight) == ("z", "y", "x")
    with pytest.raises(FormulaError, match=r"circle: . needs . needs"):
        in_order({"x": parse("y", known), "y": parse("x * a", known)})


def test_units_multiply_and_sums_need_the_same() -> None:
    units = {"a": parse_unit("USD/customer"), "b": parse_unit("customers"), "c": parse_unit("USD")}
    assert unit_of(parse("a * b + c", KNOWN), units) == parse_unit("USD")
    with pytest.raises(UnitError, match="adds different units: a is in USD/customer, c in USD"):
        unit_of(parse("a + c", KNOWN), units)


def test_one_half_of_k_is_not_one_over_2k() -> None:
    assert math.isclose(float(np.ravel(evaluate(parse("1 / 2 * a", KNOWN), VALUES))[0]), 3.0)
