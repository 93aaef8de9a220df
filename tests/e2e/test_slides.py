"""The reading mode in a real browser: keys turn the slides, and nothing stands beside them."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Server
from tests.e2e.test_journeys import open_at

pytestmark = pytest.mark.browser


def test_arrow_keys_and_a_presenters_remote_turn_the_slides_and_escape_leads_back(page: Page, server: Server) -> None:
    open_at(page, server, "/meeting")
    kicker = page.locator(".kicker")
    expect(kicker).to_contain_text("Problem", timeout=30_000)
    expect(page.get_by_test_id("stSidebar")).to_have_count(0)
    for key, name in (("ArrowRight", "Evidence"), ("PageDown", "Risks"), (" ", "Money"), ("PageUp", "Risks"),
                      ("ArrowLeft", "Evidence")):  # fmt: skip
        page.keyboard.press(key)
        expect(kicker).to_contain_text(name, timeout=30_000)
    expect(page).to_have_url(f"{server.url}/meeting?venture=support-desk&show=evidence")
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Support desk for small banks")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("link", name="Board")).to_be_visible()


def test_the_type_is_large_enough_for_the_back_of_a_room(page: Page, server: Server) -> None:
    """A thirtieth of the screen's height at least for the sentence; nothing is wider than a phone."""
    page.set_viewport_size({"width": 1920, "height": 1080})
    open_at(page, server, "/meeting?show=evidence")
    sentence = page.locator("article h1")
    expect(sentence).to_be_visible(timeout=30_000)
    size = "e => parseFloat(getComputedStyle(e).fontSize)"
    assert sentence.evaluate(size) >= 1080 / 30
    assert page.locator("article dd.value").first.evaluate(size) >= 1080 / 20
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
