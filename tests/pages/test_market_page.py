"""The market page: charts of the figures on the screen, which can be changed, saved, kept as scenarios and compared."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import ventures
from core.errors import InputError
from core.jobs import jobs
from core.market.measure import market_size
from core.settings import Settings
from core.store import connect
from core.venture import Market, load
from core.venture_figures import drop_scenario, keep_scenario, set_figures, take_template
from core.venture_market import Figure
from pages.shared.market_figures import moved, with_changes

PAGE = "pages/market/sizing.py"
APP = Path(__file__).resolve().parents[2] / "app.py"


def open_page(slug: str = "") -> AppTest:
    at = AppTest.from_file(APP, default_timeout=60)
    if slug:
        at.query_params["venture"] = slug
    at.run()
    at.switch_page(PAGE).run()
    assert not at.exception
    return at


def words(at: AppTest) -> str:
    return "\n".join(str(e.value) for e in (*at.markdown, *at.caption, *at.error, *at.success))


def copy(own: Settings) -> Path:
    sample = next(e for e in ventures.entries(own) if e.sample)
    return ventures.duplicate(own, sample, "Mine")


def test_the_charts_show_the_market_that_the_file_states(own: Settings) -> None:
    at = open_page()
    said = words(at)
    assert "SOM: the methods differ by a factor of" in said
    assert "They meet where" in said
    assert "The sales team can close" in said
    assert "The plan states" in said
    assert "Largest median: As stated" in said
    assert at.button(key="save-figures").disabled


def test_a_slider_redraws_and_what_it_moved_can_be_saved_with_the_comments_kept(own: Settings) -> None:
    file = copy(own)
    at = open_page("mine")
    slider = next(s for s in at.slider if s.label.startswith("Price for routing"))
    before = words(at)
    slider.set_value(0.33).run()
    assert not at.exception
    assert "Now on the screen" in words(at)
    assert words(at) != before
    at.button(key="save-figures").click().run()
    assert not at.exception
    price = next(a for a in load(file).market.assumptions if a.id == "price")
    assert (price.p10, price.p50, price.p90) == pytest.approx((0.18, 0.33, 0.6))
    assert "# routing is a part of what others charge 0.99 for" in file.read_text()
    assert [j.kind for j in jobs(connect(own))] == ["market"]


def test_a_scenario_is_kept_compared_and_dropped(own: Settings) -> None:
    file = copy(own)
    at = open_page("mine")
    next(s for s in at.slider if s.label.startswith("Price for routing")).set_value(0.4).run()
    at.text_input[0].set_value("Dear").run()
    at.button(key="keep-scenario").click().run()
    assert not at.exception
    assert [s.name for s in load(file).market.scenarios] == ["Price war", "Dear"]
    assert "price" in load(file).market.scenarios[1].figures
    assert "Largest median: Dear" in words(at)
    next(b for b in at.button if b.label == "Drop “Price war”").click().run()
    assert [s.name for s in load(file).market.scenarios] == ["Dear"]


@pytest.mark.parametrize("scenario", ["support-desk", "financial-risk", "medical-triage"])
def test_a_new_venture_begins_with_the_template_of_its_scenario(own: Settings, scenario: str) -> None:
    file = ventures.create(own, "Mine", {"scenario": scenario, "must.som": 1000})
    at = open_page("mine")
    assert "begin with a template" in words(at)
    at.button(key=f"template-{scenario}").click().run()
    assert not at.exception
    assert len(load(file).market.assumptions) > 10
    assert load(file).must.som == 1000
    assert "The plan states" in words(at)


def test_a_range_out_of_order_is_named_by_its_figure_and_the_charts_stay(own: Settings) -> None:
    of = load(copy(own)).market
    same, said = with_changes(of, {"price": {"p10": 9.0}})
    assert same is of
    assert said == ["Price for routing one message: needs 0 < p10 <= p50 <= p90, got 9, 0.22, 0.4."]


def test_a_share_that_is_moved_stays_a_share() -> None:
    a = Market.model_validate(
        {"assumptions": [{"id": "a", "label": "A", "unit": "share", "p10": 0.2, "p50": 0.5, "p90": 0.9}]}
    ).assumptions[0]
    found = moved(a, 0.95)
    assert 0.2 < found["p10"] < found["p50"] == 0.95 < found["p90"] < 1


TEXT = """schema = 1
name = "Idea"

[market]
tam = ["a", "b"]  # two of them

[[market.assumptions]]
id = "a"
label = "A"
unit = "x"
p10 = 1      # low
p50 = 2
p90 = 3

# about b
[[market.assumptions]]
id = "b"
label = "B"
unit = "USD/year"
p10 = 1
p50 = 2
p90 = 3

[policy]
file = "default"
"""


def test_a_source_is_written_under_its_figure_and_every_comment_stays(tmp_path: Path) -> None:
    new = set_figures(TEXT, {"a": {"p10": 1.5, "source": 'a "register"', "by": ""}, "b": {"date": "2026"}})
    assert "p10 = 1.5      # low" in new
    assert 'p90 = 3\nsource = "a \\"register\\""\n\n# about b\n[[market.assumptions]]' in new
    assert "# two of them" in new
    (tmp_path / "venture.toml").write_text(new)
    a, b = load(tmp_path / "venture.toml").market.assumptions
    assert (a.p10, a.source, a.by, b.date) == (1.5, 'a "register"', "", "2026")


def test_keeping_and_dropping_scenarios_leaves_the_rest_of_the_file_as_it_was(tmp_path: Path) -> None:
    figure = Figure(p10=1, p50=2, p90=4)
    kept = keep_scenario(keep_scenario(TEXT, "One", "why", {"a": figure}), "Two", "", {})
    again = keep_scenario(kept, "One", "", {"b": figure})
    (tmp_path / "venture.toml").write_text(again)
    of = load(tmp_path / "venture.toml").market
    assert [(s.name, list(s.figures)) for s in of.scenarios] == [("Two", []), ("One", ["b"])]
    assert set_figures(again, {"a": {"p50": 2.5}}).count("p50 = 2.5") == 1
    for name in ("One", "Two", "Nobody"):
        again = drop_scenario(again, name)
    assert again.strip() == TEXT.strip()


def test_a_template_takes_the_place_of_an_empty_market_only(tmp_path: Path) -> None:
    bare = 'schema = 1\nname = "Idea"  # ours\n\n[market]\ncurrency = "EUR"\n\n[must]\nsom = 5\n'
    (tmp_path / "venture.toml").write_text(take_template(bare, "medical-triage"))
    of = load(tmp_path / "venture.toml")
    assert of.must.som == 5
    assert market_size(of.market).capacity is not None
    assert "# ours" in (tmp_path / "venture.toml").read_text()
    with pytest.raises(InputError, match="states market figures already"):
        take_template(TEXT, "medical-triage")
