"""Time a moved slider in a real browser: from the key press to the redrawn charts (`tests.bench_market`).

The market pages of the sample venture, whose adoption and unit cost are put on record first (the rate of its model is
made up for that: it changes no time). Each run presses an arrow key on a slider and watches every chart of the page in
each frame the browser draws.
"""

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Page, sync_playwright

from core.evidence import Evidence, Source
from core.feeds import all_inputs
from core.market.measure import measure
from core.settings import Settings
from core.store import append, connect
from core.venture import load
from tests.e2e.conftest import CHROMIUM, PROJECT, Server

SAMPLE = PROJECT / "data" / "ventures" / "support-desk" / "venture.toml"
RUNS = 20
QUIET_MS = 700  # without a change, after which a chart counts as drawn
# Notes when a shape of each chart was changed last, from the next key press on.
_WATCH = """(keys) => {
  if (window.watched) window.watched.observers.forEach((o) => o.disconnect());
  const watch = window.watched = {pressed: null, at: {}, observers: []};
  document.addEventListener('keydown', () => { watch.pressed = performance.now(); }, {capture: true, once: true});
  for (const key of keys) {
    const observer = new MutationObserver(() => { if (watch.pressed) watch.at[key] = performance.now(); });
    const chart = document.querySelector(`.st-key-${key} .js-plotly-plot`);
    observer.observe(chart, {subtree: true, childList: true, attributes: true, attributeFilter: ['d', 'transform']});
    watch.observers.push(observer);
  }
}"""


@dataclass(frozen=True, slots=True)
class Slider:
    """A page, the words of a slider on it, and the keys of the charts that it moves."""

    path: str
    label: str
    charts: tuple[str, ...]


SLIDERS = {
    "sizing": Slider("/market", "Share of contacts that come in writing", ("methods", "waterfall", "tornado")),
    "adoption": Slider("/adoption", "Customers who leave", ("customers",)),
    "unit cost": Slider("/unit-cost", "Busiest hours", ("cost", "margins")),
}


def on_record(var: Path) -> None:
    """Put the sample's market on record, so that its pages have something to move."""
    of, engine = load(SAMPLE), connect(Settings(var=var))
    rate = Evidence("model.server_rate", 50.0, "requests/s", "Made up.", Source("measured"), detail={"cores": 2})
    rate = rate.with_inputs(of.inputs("model"))
    append(engine, of.key, [rate])
    found = measure(of, var, read={rate.id: rate})
    append(engine, of.key, [e.with_inputs(all_inputs(of, {rate.id: rate})["market"]) for e in found])


def moved(page: Page, url: str, slider: Slider, server: psutil.Process) -> dict[str, Any]:
    """Milliseconds from the key to the first chart and to the last, and the server's CPU a move."""
    page.goto(f"{url}{slider.path}?venture={SAMPLE.parent.name}")
    for key in slider.charts:
        page.locator(f".st-key-{key} .js-plotly-plot").first.wait_for(timeout=120_000)
    page.wait_for_timeout(2000)
    handle = page.get_by_test_id("stSlider").filter(has_text=slider.label).get_by_role("slider").first
    handle.focus()
    first, last, cpu = [], [], []
    for run in range(RUNS + 2):
        page.evaluate(_WATCH, list(slider.charts))
        used = sum(server.cpu_times()[:2])
        page.keyboard.press("ArrowRight" if run % 2 else "ArrowLeft")
        page.wait_for_function(
            "quiet => Object.keys(watched.at).length"
            " && performance.now() - Math.max(...Object.values(watched.at)) > quiet",
            arg=QUIET_MS,
            timeout=60_000,
        )
        seen = page.evaluate("({pressed: watched.pressed, at: Object.values(watched.at)})")
        if run > 1:  # the first two warm the caches of both sides
            first.append(min(seen["at"]) - seen["pressed"])
            last.append(max(seen["at"]) - seen["pressed"])
            cpu.append(1000 * (sum(server.cpu_times()[:2]) - used))
    return {"first_chart_ms": spread(first), "all_charts_ms": spread(last), "server_cpu_ms": spread(cpu)}


def spread(values: list[float]) -> dict[str, float]:
    """Median and range."""
    return {"median": round(statistics.median(values)), "least": round(min(values)), "most": round(max(values))}


def sliders() -> dict[str, Any]:
    """Every slider's milliseconds; empty where there is no browser."""
    if CHROMIUM is None:
        return {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as p:
        var = Path(folder) / "var"
        server = Server.start(var)
        try:
            on_record(var)
            browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            process = psutil.Process(server.process.pid)
            return {name: moved(page, server.url, slider, process) for name, slider in SLIDERS.items()}
        finally:
            server.stop()
