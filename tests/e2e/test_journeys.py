"""Whole journeys in a real browser, against a real server, with real measurements."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.jobs import jobs
from core.settings import Settings
from core.store import connect
from tests.e2e.conftest import Server
from tests.e2e.small import write

pytestmark = pytest.mark.browser
SLOW = 240_000


def settle(page: Page) -> None:
    """Wait until Streamlit stopped running the page."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=60_000)


def open_at(page: Page, server: Server, path: str = "/") -> None:
    page.goto(server.url + path)
    page.get_by_test_id("stApp").wait_for(timeout=60_000)
    settle(page)


def test_a_deep_link_is_the_first_request_of_a_servers_life_and_app_py_runs(page: Page, tmp_path: Path) -> None:
    server = Server.start(tmp_path / "var")
    try:
        page.goto(server.url + "/jobs?job=3")
        expect(page.get_by_role("heading", name="What is being measured?")).to_be_visible(timeout=60_000)
        expect(page.get_by_role("link", name="Board")).to_be_visible()
        settle(page)
        expect(page.get_by_text("Page not found")).to_have_count(0)
        expect(page).to_have_title(re.compile("Jobs"))
    finally:
        server.stop()


def test_a_venture_is_measured_end_to_end_and_nothing_that_happens_to_the_browser_or_the_server_stops_it(
    page: Page, browser: Browser, tmp_path: Path
) -> None:
    var = tmp_path / "var"
    write(var / "ventures" / "small-desk")
    server = Server.start(var, PREFLIGHT_OFFLINE="1")
    try:
        open_at(page, server, "/?venture=small-desk")
        expect(page.get_by_role("heading", name="NOT ENOUGH EVIDENCE")).to_be_visible()
        page.get_by_role("button", name="Measure what is due").click()
        stops = page.get_by_role("button", name="Stop")
        expect(stops.first).to_be_visible()

        page.reload()  # a refresh finds the jobs again
        expect(page.get_by_role("button", name="Stop").first).to_be_visible(timeout=30_000)

        second = browser.new_page()  # and so does another tab
        open_at(second, server, "/?venture=small-desk")
        expect(second.get_by_role("button", name="Stop").first).to_be_visible(timeout=30_000)
        second.close()

        port = server.port  # and a restarted server
        server.stop()
        server = Server.start(var, port=port, PREFLIGHT_OFFLINE="1")
        open_at(page, server, "/?venture=small-desk")

        expect(page.get_by_role("button", name="Nothing is due")).to_be_visible(timeout=SLOW)
        settle(page)
        expect(page.get_by_test_id("stException")).to_have_count(0)
        ended = [j for j in jobs(connect(Settings(var=var))) if j.kind != "review"]  # the board asks for it by itself
        assert {str(j.status) for j in ended} == {"done"}, [(j.kind, j.error) for j in ended]
        assert len(ended) == 4, "a refresh, a tab and a restart must not have started anything twice"

        expect(page.get_by_test_id("stMetricValue").first).not_to_have_text("unknown")
        page.locator(".st-key-card-model").get_by_role("button", name="Evidence").first.click()
        expect(page.get_by_text("SHA-256 of asks.csv").first).to_be_visible()
        page.keyboard.press("Escape")
        for path, heading in (
            ("/model", "Is the model right"),
            ("/privacy", "Does the data name people"),
            ("/licences", "May this be sold"),
            ("/market", "How big is the market"),
        ):
            open_at(page, server, f"{path}?venture=small-desk")
            expect(page.get_by_role("heading", name=re.compile(heading))).to_be_visible(timeout=30_000)
            expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=30_000)
            expect(page.get_by_test_id("stException")).to_have_count(0)
            assert "jane.roe" not in page.content()
    finally:
        server.stop()


def test_a_running_job_is_stopped_from_the_browser(page: Page, tmp_path: Path) -> None:
    var = tmp_path / "var"
    write(var / "ventures" / "small-desk", epochs=50)
    server = Server.start(var, PREFLIGHT_OFFLINE="1")
    try:
        open_at(page, server, "/model?venture=small-desk")
        page.get_by_role("button", name="Train and measure").click()
        page.get_by_role("button", name="Stop").click(timeout=30_000)
        expect(page.get_by_text("the last measurement was cancelled")).to_be_visible(timeout=30_000)
        (job,) = jobs(connect(Settings(var=var)))
        assert str(job.status) == "cancelled"
    finally:
        server.stop()


def test_a_founder_describes_a_venture_in_the_browser(page: Page, server: Server) -> None:
    open_at(page, server, "/ventures")
    page.get_by_text("Describe a new venture").click()
    page.get_by_label("What is it called?").fill("Harbour desk")
    page.get_by_label("What does the product do?").first.fill("Sorts harbour messages")
    page.keyboard.press("Tab")  # the text is taken when its field is left: a click at once would race with that
    settle(page)
    page.get_by_role("button", name="Create the venture").click()
    expect(page.get_by_role("heading", name="Harbour desk")).to_be_visible(timeout=30_000)
    assert (server.var / "ventures" / "harbour-desk" / "venture.toml").is_file()
    open_at(page, server, "/?venture=harbour-desk")
    expect(page.get_by_role("heading", name="Harbour desk")).to_be_visible()
