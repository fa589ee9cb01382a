"""Buildings on the coverage map: drawn from their first zoom, and one tells of itself when it is pointed at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import shapely
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from tests import small_city
from tests.browser.conftest import Opener, Watched
from tests.serving import served
from tests.standing import stand

MIDDLE = small_city.cell_centre(2, 1)
ASTRIDE = (small_city.WEST + small_city.WIDE, small_city.cell_centre(0, 0)[1])


@pytest.fixture(scope="module")
def city(engine: sa.Engine) -> Iterator[str]:
    (x, y), (border, row) = MIDDLE, ASTRIDE
    shapes = [
        shapely.box(x - 4e-4, y - 4e-4, x + 4e-4, y + 4e-4).difference(shapely.box(x - 1e-4, y, x + 1e-4, y + 2e-4)),
        shapely.box(border - 1e-3, row - 2e-4, border + 1e-3, row + 2e-4),
    ]
    with engine.begin() as connection:
        small_city.publish_small_city(connection)
        stand(connection, shapes, use=["office", None], name=["海悦中心", None], floors=[12, float("nan")])
    with served(engine) as address:
        yield address


def opened(visit: Opener, place: tuple[float, float], zoom: int, lang: str = "zh-CN") -> Page:
    page = visit(f"/maps/coverage?z={zoom}&c={place[1]},{place[0]}&level=grid", lang=lang)
    page.wait_for_load_state("networkidle")
    return page


def point_at_the_middle(page: Page, down: int = 0) -> None:
    box = page.locator(".folium-map").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 + down)


def test_a_building_tells_of_itself_and_leads_to_its_grid(visit: Opener) -> None:
    page = opened(visit, MIDDLE, 17)
    point_at_the_middle(page, down=30)
    expect(page.get_by_title("海悦中心")).to_be_visible()
    expect(page.get_by_text("商务办公")).to_be_visible()
    expect(page.get_by_role("main").get_by_text("12", exact=True)).to_be_visible()
    page.get_by_role("button", name="看网格 第3-2网格").click()
    expect(page.get_by_title("海悦中心")).to_be_hidden()
    expect(page.get_by_role("row", selected=True)).to_contain_text("第3-2网格")


def test_one_astride_says_so_and_what_is_unknown_is_no_zero(visit: Opener) -> None:
    page = opened(visit, ASTRIDE, 17, lang="en")
    point_at_the_middle(page)
    expect(page.get_by_text("Astride: no grid holds nine tenths of it")).to_be_visible()
    expect(page.get_by_text("unknown", exact=True)).to_have_count(5)
    page.keyboard.press("Escape")
    expect(page.get_by_text("Astride: no grid holds nine tenths of it")).to_be_hidden()


def test_below_their_first_zoom_no_building_is_asked_for(visit: Opener, watched: Watched) -> None:
    opened(visit, MIDDLE, 13)
    assert watched.of("/grids/13/")
    assert watched.of("/tiles/buildings/") == []
