"""The market tables: every mistake has one message, at the figure concerned, and the file alone is enough."""

from pathlib import Path

import pytest

from core.errors import InputError
from core.venture import load_market, load_text

HEAD = 'schema = 1\nname = "Idea"\n\n[market]\n'


def figure(name: str, unit: str, *stated: float, more: str = "") -> str:
    p10, p50, p90 = stated or (1, 2, 3)
    return (
        f'\n[[market.assumptions]]\nid = "{name}"\nlabel = "{name.title()}"\nunit = "{unit}"\n'
        f"p10 = {p10}\np50 = {p50}\np90 = {p90}\n{more}\n"
    )


BASE = figure("banks", "banks") + figure("price", "USD/bank/year") + figure("reach", "share", 0.1, 0.2, 0.3)


SCENARIO = """
[[market.scenarios]]
name = "Dear"
[market.scenarios.figures]
price = {p10 = 5, p50 = 6, p90 = 7}
"""


def said(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_text(HEAD + text, Path("venture.toml"))
    lines = str(caught.value).splitlines()
    assert len(lines) == 2, lines
    return lines


def formula(name: str, text: str, unit: str = "") -> str:
    return f'\n[[market.formulas]]\nid = "{name}"\nlabel = "{name}"\nformula = "{text}"\nunit = "{unit}"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('tam = "banks * "\n' + BASE, "market.tam: a figure or number is missing at the end."),
        ('tam = ["banks", "nobody"]\n' + BASE, "market.tam: 'nobody' is used but is not among"),
        ("tam = 3\n" + BASE, "market.tam: must be a list of ids that multiply, or a formula"),
        (BASE + formula("x", "y") + formula("y", "x"), "goes round in a circle"),
        (BASE + formula("x", "banks + price"), "market.formulas.1.formula: adds different units"),
        (BASE + formula("x", "banks * price", "USD/month"), "market.formulas.1.unit: 'x' comes out in USD/year"),
        (BASE + formula("banks", "price"), "market.formulas.1.id: 'banks' stands twice"),
        (BASE + formula("months_per_year", "price"), "'months_per_year' is built in"),
        ('tam = ["banks", "price"]\nsam = ["price"]\n' + BASE, "market.sam: 'price' narrows the market"),
        ('tam = ["banks", "wage"]\n' + BASE + figure("wage", "USD/bank/month"), "multiply by months_per_year"),
        ('tam = ["banks", "wage"]\n' + BASE + figure("wage", "CNY/bank/year"), "a figure in USD/CNY"),
        (BASE + figure("rate", "USD/CNY"), "is an exchange rate, so it needs a source and a date"),
        (BASE + figure("bad", "USD/1000 requests"), "market.assumptions.4.unit: the unit 'USD/1000 requests' hides"),
        (BASE + '[[market.correlations]]\nbetween = ["banks", "nobody"]\nrho = 0.5\n', "'nobody' is correlated"),
        (BASE + '[[market.correlations]]\nbetween = ["banks", "banks"]\nrho = 0.5\n', "correlated with itself"),
        (BASE + '[[market.correlations]]\nbetween = ["banks", "price"]\nrho = 1.5\n', "less than 1"),
        ('[market.methods.top_down]\ntam = "price"\nsam = ["banks"]\n' + BASE, "market.methods.top_down.sam: 'banks'"),
        (
            'tam = ["banks"]\n[market.methods.bottom_up]\ntam = "price"\n' + BASE,
            "market.methods.bottom_up: bottom_up is stated twice",
        ),
        (
            '[[market.scenarios]]\nname = "A"\n[market.scenarios.figures]\nx = {p10=1,p50=2,p90=3}\n' + BASE,
            "'x' is not",
        ),
    ],
)
def test_a_mistake_is_named_once_and_at_its_place(text: str, says: str) -> None:
    assert says in said(text)[1]


def test_a_unit_mismatch_points_at_the_line_of_the_figure() -> None:
    text = 'tam = ["banks", "wage"]\n' + figure("banks", "banks") + figure("wage", "USD/bank/month")
    line = (HEAD + text).splitlines().index('unit = "USD/bank/month"') + 1
    assert said(text)[1].startswith(f"line {line}: market.assumptions.2.unit: 'wage' (USD/bank/month): tam comes out")


def test_an_exchange_rate_with_its_date_makes_the_units_meet() -> None:
    rate = figure("rate", "USD/CNY", 0.13, 0.14, 0.15, more='source = "a central bank"\ndate = "2026-11-02"')
    text = HEAD + 'tam = "banks * price_cny * rate"\n' + BASE + figure("price_cny", "CNY/bank/year") + rate
    assert load_text(text, Path("venture.toml")).market.unit_notices() == []


@pytest.mark.parametrize("head", ["", "[market]\n"])
def test_a_market_alone_is_a_file_too(tmp_path: Path, head: str) -> None:
    body = 'tam = ["banks", "price"]\n' + BASE
    text = head + (body if head else body.replace("[[market.", "[["))
    (tmp_path / "m.toml").write_text(text)
    assert [a.id for a in load_market(tmp_path / "m.toml").assumptions] == ["banks", "price", "reach"]
    (tmp_path / "m.toml").write_text(text.replace("p90 = 0.3", "p90 = 0.1"))
    with pytest.raises(InputError, match=r"line \d+: .*assumptions\.3 \([a-z]+\): needs 0 < p10 <= p50 <= p90"):
        load_market(tmp_path / "m.toml")


def test_keeping_a_scenario_leaves_the_evidence_fresh() -> None:
    plain = HEAD + 'tam = ["banks", "price"]\n' + BASE
    kept = (
        plain + '[[market.scenarios]]\nname = "Dear"\n[market.scenarios.figures]\nprice = {p10 = 5, p50 = 6, p90 = 7}\n'
    )
    one, two = (load_text(t, Path("venture.toml")) for t in (plain, kept))
    assert two.market.scenarios[0].figures["price"].p50 == 6
    assert one.inputs("market") == two.inputs("market")
