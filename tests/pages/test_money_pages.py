"""The pages of adoption and money: what was recorded, redrawn for other churn and machines; unknown is a word."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import ventures
from core.evidence import Evidence, Source
from core.jobs import jobs
from core.market.measure import measure
from core.settings import Settings
from core.store import append
from core.venture import Venture, load
from pages.shared import frame

APP = Path(__file__).resolve().parents[2] / "app.py"
ADOPTION, MONEY = "pages/market/adoption.py", "pages/market/money.py"


def open_page(page: str, slug: str) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.query_params["venture"] = slug
    at.run()
    at.switch_page(page).run()
    assert not at.exception
    return at


def words(at: AppTest) -> str:
    kinds = (at.title, at.markdown, at.caption, at.info, at.error, at.warning)
    return "\n".join(str(e.value) for kind in kinds for e in kind)


def mine(own: Settings) -> Venture:
    sample = next(e for e in ventures.entries(own) if e.sample)
    return load(ventures.duplicate(own, sample, "Mine"))


def record(of: Venture, rate: float | None, folder: Path) -> None:
    served = Evidence(
        "model.server_rate", rate, "requests/s", "m", Source("measured"), reason="" if rate else "Too slow.",
        detail={"cores": 2, "not_at": 60.0},
    ).with_inputs(of.inputs("model"))  # fmt: skip
    append(frame.store(), of.key, [served])
    read = {served.id: served}
    found = [e.with_inputs(frame.inputs(of)["market"]) for e in measure(of, folder, read=read)]
    append(frame.store(), of.key, found)


@pytest.fixture
def venture(own: Settings, tmp_path: Path) -> Venture:
    of = mine(own)
    record(of, 50.0, tmp_path)
    return of


def test_the_first_line_says_how_many_customers_and_that_the_series_cannot_tell(venture: Venture) -> None:
    said = words(open_page(ADOPTION, "mine"))
    assert "customers after 6 half-years; 8 of 10 futures end between" in said
    assert "the series alone cannot tell its curve" in said
    assert "Plain least squares is refused." in said
    assert "held-out periods lay inside the 80 % band" in said


def test_until_the_slider_is_moved_the_chart_says_what_is_on_record(venture: Venture) -> None:
    at = open_page(ADOPTION, "mine")
    value = frame.evidence(venture)["market.customers"].value
    assert f"After 6 half-years {value:,.3g} customers" in words(at)


def test_more_churn_on_the_slider_leaves_fewer(venture: Venture) -> None:
    at = open_page(ADOPTION, "mine")

    def middle() -> float:
        line = next(m.value for m in at.markdown if m.value.startswith("**After 6 half-years"))
        return float(line.split("half-years ")[1].split(" customers")[0])

    at.slider(key="churn").set_value(0.0).run()
    staying = middle()
    at.slider(key="churn").set_value(50.0).run()
    assert not at.exception
    assert middle() < staying


def test_own_sales_are_checked_kept_and_measured(own: Settings, venture: Venture) -> None:
    at = open_page(ADOPTION, "mine")
    at.file_uploader(key="series-file").upload("sold.csv", b"sold\n3\n8\n-15\n30\n", "text/csv")
    submit = next(b for b in at.button if b.label == "Use this series")
    submit.click().run()
    assert any("sold.csv, row 4: is negative" in e.value for e in at.error)
    assert not (venture.folder / "sold.csv").exists()
    at.file_uploader(key="series-file").upload("sold.csv", b"sold\n3\n8\n15\n30\n44\n", "text/csv")
    next(b for b in at.button if b.label == "Use this series").click().run()
    assert not at.exception
    stated = load(venture.file).market.adoption
    assert stated is not None
    assert stated.series == "sold.csv"
    assert stated.analogue == ""
    assert {j.kind for j in jobs(frame.store(), venture=venture.key)} - {"review"} == {"market"}


def test_cost_and_margin_stand_in_the_first_line_and_a_dearer_machine_costs_more(venture: Venture) -> None:
    at = open_page(MONEY, "mine")
    said = words(at)
    assert "1,000 requests cost about $" in said
    assert "of their price is left" in said
    assert "**Utilisation** is the share of what the machines could answer" in said

    def costs() -> list[str]:
        return list(next(d.value for d in at.dataframe if "1,000 requests" in d.value)["1,000 requests"])

    before = costs()
    at.selectbox(key="machine").set_value("c7i.4xlarge").run()
    assert not at.exception
    assert float(costs()[0].split()[0].strip("$")) > float(before[0].split()[0].strip("$"))
    prices = next(d.value for d in at.dataframe if "$ an hour" in d.value)
    assert prices["source"].str.startswith("https://").all()
    assert prices["state"].notna().all()


def test_without_a_rate_the_cost_is_unknown_and_the_way_to_it_is_shown(own: Settings, tmp_path: Path) -> None:
    record(mine(own), None, tmp_path)
    said = words(open_page(MONEY, "mine"))
    assert "Unknown. No measured rate" in said
    assert "1,000 requests cost about" not in said


def test_a_venture_that_states_nothing_is_told_what_to_state(own: Settings) -> None:
    ventures.create(own, "Bare", {})
    assert "No series yet" in words(open_page(ADOPTION, "bare"))
    assert "Not stated yet" in words(open_page(MONEY, "bare"))
