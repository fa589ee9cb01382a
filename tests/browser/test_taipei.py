"""A real city of 11,490 grids in the browser: opened, zoomed to its grids, searched, clicked, gone down into.

Every test also asserts, by ``visit``, that nothing foreign was asked for and nothing complained.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from geo import drawings
from geo.actors import Actor
from geo.boundaries import importing
from geo.boundaries.sources import read_sources
from geo.editions import Request
from geo.plans import imported
from tests.browser.conftest import Opener, Watched
from tests.browser.test_coverage_page import asked, pixel_of
from tests.browser.test_made_city import pictures, shoot
from tests.serving import served

__all__ = ["pictures"]  # a fixture

pytestmark = pytest.mark.real
SOURCES = Path(__file__).parents[1] / "sources/taipei.toml"
GRIDS = 11_490
PATH = "/maps/coverage"
LARGEST_TILE = 200_000
MOST_NODES = 500


@dataclass(frozen=True)
class Grid:
    """A base unit as the server tells it, and a point in it."""

    code: str
    name: str
    parent: str
    lon: float
    lat: float


@pytest.fixture(scope="module")
def city(engine: sa.Engine, real: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of Taipei, published by the import and drawn."""
    path = tmp_path_factory.mktemp("taipei") / "taipei.toml"
    path.write_text(SOURCES.read_text(encoding="utf-8").replace("{data}", str(real)), encoding="utf-8")
    prepared = importing.prepare(read_sources(path), None)
    assert [found.kind for found in prepared.findings] == ["datum_unverifiable"]
    with engine.begin() as connection:
        published = imported.publish(connection, prepared, Request(Actor("tests"), "taipei", {})).published
    assert published is not None
    with engine.begin() as connection:
        assert drawings.prepare(connection, published.edition)
    with served(engine) as address:
        yield address


@pytest.fixture(scope="module")
def grid(city: str) -> Grid:
    """A grid in the middle of the town, as ``/v1/locate`` finds it."""
    lon, lat = 121.5430, 25.0418
    found = httpx.get(f"{city}/v1/locate", params={"lon": lon, "lat": lat}, timeout=30).json()
    return Grid(found["grid"]["code"], found["grid"]["name"], found["areas"][-1]["code"], lon, lat)


def weigh(watched: Watched) -> None:
    """No tile that was fetched is heavier than its budget; asked again of the server, packed."""
    fetched = sorted(set(watched.of("/areas/") + watched.of("/grids/")))
    assert fetched
    with httpx.Client(headers={"Accept-Encoding": "gzip"}) as client:
        for url in fetched:
            with client.stream("GET", url) as answer:
                size = sum(map(len, answer.iter_raw()))
            assert answer.status_code == 200, url
            assert size <= LARGEST_TILE, (url, size)


def settled(page: Page) -> Page:
    """The page once every tile of its view is painted."""
    expect(page.get_by_role("table")).to_be_visible()
    expect(page.locator(".painted.leaflet-tile-loaded").first).to_be_visible()
    page.wait_for_function("() => !document.querySelector('.painted:not(.leaflet-tile-loaded)')")
    return page


def slim(page: Page) -> None:
    """The page has few nodes, however many grids it shows."""
    assert page.evaluate("document.querySelectorAll('*').length") <= MOST_NODES


def test_the_city_is_opened_zoomed_to_its_grids_and_a_grid_is_read(
    visit: Opener, watched: Watched, grid: Grid, pictures: Path | None
) -> None:
    page = settled(visit(PATH))
    expect(page.get_by_role("complementary")).to_contain_text("具名网格11,490")
    expect(page.get_by_role("button", name=re.compile("下载全部 7,672 个"))).to_be_visible()
    slim(page)
    shoot(page, pictures, "taipei-city.png")

    page.get_by_role("group", name="着色层级").first.get_by_role("button", name="最小统计区").click()
    expect(page.get_by_role("main").get_by_role("region", name="图例")).to_contain_text("综合网格11,490")
    while (before := float(asked(page, "z"))) < 16:
        if before < 15:
            page.mouse.move(*pixel_of(page, grid.lon, grid.lat))  # the wheel keeps what is under it in its place
            page.mouse.wheel(0, -240)
        else:
            page.get_by_role("button", name="放大").click()
        page.wait_for_function("z => new URL(location).searchParams.get('z') > z", arg=before)
        if 13.5 < float(asked(page, "z")) <= 14:
            shoot(settled(page), pictures, "taipei-mid.png")
    settled(page)
    page.mouse.click(*pixel_of(page, grid.lon, grid.lat))
    card = page.get_by_role("region", name="所选区域")
    expect(card).to_contain_text(grid.code)
    assert asked(page, "sel") == grid.code
    shoot(page, pictures, "taipei-grid.png")
    slim(page)
    weigh(watched)


def test_a_grid_is_found_by_its_code_and_the_city_by_its_name(visit: Opener, watched: Watched, grid: Grid) -> None:
    page = settled(visit(PATH))
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="搜索区域和网格")
    box.fill(grid.code)
    expect(page.get_by_role("option").first).to_contain_text(grid.code)
    box.press("Enter")
    expect(page.get_by_role("region", name="所选区域")).to_contain_text(grid.code)
    assert asked(page, "level") == "grid"
    settled(page)
    near = float(asked(page, "z"))
    assert near >= 14

    page.keyboard.press("Escape")
    page.keyboard.press("/")
    box.fill("臺北")
    expect(page.get_by_role("option").first).to_contain_text("臺北市")
    box.press("Enter")
    page.wait_for_function("z => new URL(location).searchParams.get('z') < z", arg=near)
    slim(settled(page))
    weigh(watched)


def test_one_goes_down_from_the_city_to_its_grids(visit: Opener, watched: Watched, grid: Grid) -> None:
    page = settled(visit(f"{PATH}?level=district"))
    crumb = page.get_by_role("navigation", name="层级")
    expect(page.get_by_role("button", name=re.compile("下载全部 12 个区"))).to_be_visible()
    for depth in range(3):
        page.keyboard.press("j")
        expect(page.get_by_role("region", name="所选区域")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.get_by_role("region", name="所选区域")).to_be_hidden()
        settled(page)
        expect(crumb.get_by_role("link")).to_have_count(depth + 1)
    expect(page.get_by_role("group", name="着色层级").first.get_by_role("button", name="最小统计区")).to_have_attribute(
        "aria-pressed", "true"
    )
    slim(page)
    weigh(watched)


def test_a_narrow_screen_shows_the_whole_city(visit: Opener, watched: Watched, pictures: Path | None) -> None:
    page = settled(visit(PATH, size=(390, 844)))
    expect(page.get_by_role("complementary")).to_contain_text("具名网格11,490")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    shoot(page, pictures, "taipei-390.png")
    slim(page)
    weigh(watched)
