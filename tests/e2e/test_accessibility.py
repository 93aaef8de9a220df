"""axe finds nothing serious that is ours, and a phone needs no sideways scrolling."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.e2e.conftest import Server
from tests.e2e.test_journeys import open_at

pytestmark = pytest.mark.browser
PATHS = ["/", "/model", "/privacy", "/singled-out", "/leak-meter", "/own-rules", "/licences"]
PATHS += ["/market", "/ventures", "/jobs", "/what-if", "/rules", "/compare", "/meeting"]

# Rules that Streamlit itself breaks, each with its thread upstream; anything else is ours.
UPSTREAM: dict[str, str] = {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_that_is_ours(browser: Browser, server: Server, scheme: str) -> None:
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    found = {}
    for path in PATHS:
        open_at(page, server, path)
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical") and violation["id"] not in UPSTREAM:
                found[path, violation["id"]] = [n["html"][:120] for n in violation["nodes"]][:3]
    page.close()
    assert found == {}


def test_no_page_scrolls_sideways_on_a_phone(browser: Browser, server: Server) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    wide = {}
    for path in PATHS:
        open_at(page, server, path)
        extra = page.evaluate(
            "() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth }"
        )
        if extra > 1:
            wide[path] = extra
    page.close()
    assert wide == {}
