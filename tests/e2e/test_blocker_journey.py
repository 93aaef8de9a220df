"""From an idea to a verdict that changes: a founder describes, uploads, measures, clears one blocker, and reads why."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.jobs import jobs
from core.settings import Settings
from core.store import connect
from tests.e2e.conftest import Server
from tests.e2e.small import write
from tests.e2e.test_journeys import SLOW, open_at, settle

pytestmark = pytest.mark.browser
DESK = "?venture=parcel-desk"
FREE = {"type": "library", "name": "web", "version": "1.0", "licenses": [{"license": {"id": "MIT"}}]}
BLOCKS = {"type": "library", "name": "copied", "version": "1.0", "licenses": [{"license": {"id": "AGPL-3.0-only"}}]}


def parts(folder: Path, *components: dict[str, object]) -> Path:
    """What ships, as a bill of materials: no index is asked for it."""
    folder.mkdir(exist_ok=True)
    told = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components}
    (folder / "parts.json").write_text(json.dumps(told), encoding="utf-8")
    return folder / "parts.json"


def nobody(rows: Path) -> Path:
    """The same rows without the one that names a person: only the licence shall hold the venture back."""
    kept = [line for line in rows.read_text(encoding="utf-8").splitlines(keepends=True) if "@" not in line]
    rows.write_text("".join(kept), encoding="utf-8")
    return rows


def answer(page: Page, field: Locator, value: str) -> None:
    """Fill a field and leave it, so that it is taken before the next click."""
    field.first.fill(value)
    page.keyboard.press("Tab")
    settle(page)


def bring(page: Page, server: Server, uploader: str, file: Path, button: str) -> None:
    """Upload a file among the venture's files and add it to the venture."""
    open_at(page, server, f"/ventures{DESK}")
    page.get_by_text("Files", exact=True).click()
    settle(page)
    field = page.get_by_test_id("stFileUploader").filter(has_text=uploader)
    field.locator("input[type=file]").set_input_files(file)
    settle(page)
    page.get_by_role("button", name=button).click(timeout=30_000)
    expect(page.get_by_text("Saved. What followed")).to_be_visible(timeout=30_000)
    settle(page)


def measured(page: Page, server: Server) -> None:
    """Measure what is due on the board, and wait until all of it is and the verdict has been drawn."""
    open_at(page, server, f"/{DESK}")
    page.get_by_role("button", name="Measure what is due").click()
    expect(page.get_by_role("button", name="Nothing is due")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(re.compile("What would flip it"))).to_be_visible(timeout=60_000)
    settle(page)


def test_a_new_venture_is_measured_its_blocker_is_cleared_and_the_history_says_why_the_verdict_moved(
    page: Page, tmp_path: Path
) -> None:
    server = Server.start(tmp_path / "var", PREFLIGHT_OFFLINE="1")
    try:
        open_at(page, server, "/ventures")
        page.get_by_text("Describe a new venture").click(timeout=60_000)
        answer(page, page.get_by_role("textbox", name="What is it called?"), "Parcel desk")
        answer(page, page.get_by_role("spinbutton", name="How well? Right answers"), "50")
        answer(page, page.get_by_role("spinbutton", name="How fast? 95 of 100"), "5000")
        page.get_by_role("button", name="Create the venture").click()
        expect(page.get_by_role("heading", name="Parcel desk")).to_be_visible(timeout=30_000)

        bring(page, server, "A table of texts", nobody(write(tmp_path / "small").parent / "asks.csv"), "Add the table")
        bring(page, server, "What ships with it", parts(tmp_path / "first", FREE, BLOCKS), "Add the file")

        measured(page, server)
        expect(page.get_by_role("heading", name="NO-GO")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("1 of 4 gates fails").first).to_be_visible(timeout=30_000)
        before = [j.kind for j in jobs(connect(Settings(var=server.var)))]

        bring(page, server, "What ships with it", parts(tmp_path / "second", FREE), "Add the file")
        measured(page, server)
        expect(page.get_by_role("heading", name="CONDITIONAL")).to_be_visible(timeout=30_000)
        history = page.locator(".st-key-since")
        expect(history.get_by_role("heading", name="Since the last review")).to_be_visible(timeout=60_000)
        # what changed was reviewed as stale before it was measured again, unless that came first
        expect(history).to_contain_text(re.compile(r"Licences allow a hosted service \(SaaS\): (fail|stale) → pass"))

        ended = jobs(connect(Settings(var=server.var)))
        assert {str(j.status) for j in ended} == {"done"}, [(j.kind, j.error) for j in ended]
        again = [j.kind for j in ended][: len(ended) - len(before)]
        assert sorted(set(again)) == ["licences", "review"], "only what followed from the change is measured again"
        expect(page.get_by_test_id("stException")).to_have_count(0)
    finally:
        server.stop()
