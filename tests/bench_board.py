"""Time the board and What if in a real browser: `python -m tests.bench_board`; prints JSON.

The board: from asking for the address until it stands still, on a warm server. What if: from the key press on a slider
until the page stands still with its answer (verdict, P(go), checks). Of the sample with figures of every room on
record, some of them made up: that changes no time.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Page, sync_playwright

from core.settings import Settings
from core.venture import load
from tests.bench_sliders import QUIET_MS, RUNS, SAMPLE, on_record, spread
from tests.e2e.conftest import CHROMIUM, Server
from tests.pages.reviewing import FIGURES, keep

DRAWN = 9
SLIDERS = {"Rows naming people": "ArrowLeft", "Price for routing one message": "ArrowRight"}  # where there is way to go
# Notes when the answer was changed last and the page last stood still, from the next key press on.
_WATCH = """() => {
  if (window.seen) window.seen.observers.forEach((o) => o.disconnect());
  const seen = window.seen = {pressed: null, at: null, observers: []};
  document.addEventListener('keydown', () => { seen.pressed = performance.now(); }, {capture: true, once: true});
  const still = () => whole.dataset.testScriptState === 'notRunning';
  const note = () => { if (seen.pressed && still()) seen.at = performance.now(); };
  const whole = document.querySelector('[data-testid="stApp"]'), answer = document.querySelector('.st-key-w-answer');
  for (const [node, what] of [[answer, {subtree: true, childList: true, characterData: true}],
                              [whole, {attributes: true, attributeFilter: ['data-test-script-state']}]]) {
    const observer = new MutationObserver(note);
    observer.observe(node, what);
    seen.observers.push(observer);
  }
}"""


def board(page: Page, url: str) -> dict[str, float]:
    """Milliseconds until the board stands still."""
    taken = []
    for run in range(DRAWN + 2):
        began = time.monotonic()
        page.goto(url)
        page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
        page.wait_for_selector(".js-plotly-plot")
        page.wait_for_selector(".st-key-to-do")
        if run > 1:
            taken.append(1000 * (time.monotonic() - began))
    return spread(taken)


def answered(page: Page, slider: str, key: str, cpu: Callable[[], float]) -> dict[str, Any]:
    """Milliseconds from a key press to the answer, and the server's processor time for it."""
    handle = page.get_by_test_id("stSlider").filter(has_text=slider).get_by_role("slider").first
    handle.focus()
    taken, used = [], []
    for run in range(RUNS + 2):
        page.evaluate(_WATCH)
        before = cpu()
        page.keyboard.press(key)
        page.wait_for_function("quiet => seen.at && performance.now() - seen.at > quiet", arg=QUIET_MS, timeout=15_000)
        seen = page.evaluate("({pressed: seen.pressed, at: seen.at})")
        if run > 1:
            taken.append(seen["at"] - seen["pressed"])
            used.append(1000 * (cpu() - before))
    return {"answer_ms": spread(taken), "server_cpu_ms": spread(used)}


def main() -> None:
    """Measure and print."""
    if CHROMIUM is None:
        sys.exit("no chromium on the PATH")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as p:
        var = Path(folder) / "var"
        server = Server.start(var)
        try:
            on_record(var)
            keep(Settings(var=var), load(SAMPLE), FIGURES)
            page = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]).new_page()
            address = f"?venture={SAMPLE.parent.name}"
            out: dict[str, Any] = {"board_ms": board(page, f"{server.url}/{address}")}
            page.goto(f"{server.url}/what-if{address}")
            page.locator(".st-key-w-answer").wait_for(timeout=60_000)
            page.wait_for_timeout(2000)
            process = psutil.Process(server.process.pid)
            for slider, key in SLIDERS.items():
                out[slider] = answered(page, slider, key, lambda: sum(process.cpu_times()[:2]))
            print(json.dumps(out, indent=2))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
