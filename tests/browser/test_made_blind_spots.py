"""Blind spots of the made city, at real density, as an official would look. ``--pictures`` writes the picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from maps import kept_place, kept_spots
from tests.browser.conftest import Opener, Watched
from tests.browser.made import publish_whole_city
from tests.browser.spots import PATH, ready
from tests.browser.test_made_city import shoot
from tests.serving import served

DISTRICT = "霞井写字楼群"
KB = 1_000


@pytest.fixture(scope="module")
def city(engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    publish_whole_city(engine, tmp_path_factory.mktemp("made"))
    with served(engine) as address:
        httpx.get(f"{address}/v1/blind-spots", timeout=60).raise_for_status()
        yield address


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Path | None:
    folder: Path | None = request.config.getoption("--pictures", default=None)
    return folder


def district(city: str, name: str) -> int:
    found = httpx.get(f"{city}/v1/business-districts", params={"limit": 1000}).json()["features"]
    return next(int(one["id"]) for one in found if one["properties"]["name"] == name)


def sent(city: str, urls: set[str]) -> dict[str, int]:
    """Bytes, as they are sent packed, of every address that was asked for, those of the workers too."""
    with httpx.Client(headers={"Accept-Encoding": "gzip"}) as client:
        return {url: _packed(client, url) for url in urls if url.startswith(city)}


def _packed(client: httpx.Client, url: str) -> int:
    with client.stream("GET", url) as answer:
        return len(b"".join(answer.iter_raw()))


def test_the_first_ten_are_explained_and_somebody_near_could_help(visit: Opener) -> None:
    page = ready(visit(PATH))
    for _ in range(10):
        page.keyboard.press("j")
        page.wait_for_load_state("networkidle")
        chosen = page.locator(".item.sel")
        expect(chosen.locator(".total")).to_contain_text("=")
        expect(chosen.get_by_role("list", name="依据").locator("li").first).to_be_visible()
        expect(chosen.get_by_role("row").filter(has_text="甲")).to_contain_text(re.compile(r"米|楼内"))


@pytest.mark.parametrize("where", ["", "?c=36.6007,117.928&z=17"])
def test_bytes_and_elements_keep_to_their_budget_at_real_density(
    visit: Opener, watched: Watched, city: str, where: str
) -> None:
    page = ready(visit(PATH + where))
    sizes = sent(city, set(watched.requests))
    tiles = {url: size for url, size in sizes.items() if "/tiles/" in url}
    assert sum(sizes.values()) <= (500 if where else 600) * KB, sizes
    assert tiles
    assert max(tiles.values()) <= 200 * KB
    page.keyboard.press("j")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.querySelectorAll('*').length") <= 500


def test_a_business_district_is_looked_at(visit: Opener, city: str, pictures: Path | None) -> None:
    page = ready(visit(f"{PATH}?bd={district(city, DISTRICT)}"))
    expect(page.get_by_role("navigation", name="层级").locator("[aria-current]")).to_contain_text(DISTRICT)
    page.keyboard.press("j")
    chosen = page.locator(".item.sel")
    expect(chosen.locator(".total")).to_contain_text("=")
    expect(chosen.get_by_text("全部单位")).to_be_visible()
    page.wait_for_timeout(500)
    shoot(page, pictures, "blind-spots.png")


def test_layers_lie_over_the_coverage_of_the_city(
    visit: Opener, watched: Watched, city: str, pictures: Path | None
) -> None:
    page = visit("/maps/coverage?layers=units,service-points,business-districts,staff-slots&c=36.5985,117.9215&z=15")
    page.get_by_role("button", name="图层", exact=True).click()
    expect(page.get_by_role("dialog", name="图层").get_by_role("checkbox", checked=True)).to_have_count(4)
    expect(page.get_by_role("main").get_by_role("region", name="图例")).to_contain_text("数据截至 2026-10-31")
    page.wait_for_timeout(1000)
    shoot(page, pictures, "layers.png")
    sizes = sent(city, set(watched.requests))
    tiles = {url: size for url, size in sizes.items() if "/tiles/entities/" in url}
    assert len(tiles) > 4
    assert max(tiles.values()) <= 200 * KB
    assert page.get_by_role("alert").count() == 0


def test_the_city_as_one_file_is_sent_along_well(city: str, engine: sa.Engine) -> None:
    with engine.connect() as connection:
        contents = kept_spots.gathered(connection, kept_spots.Scope())
    html = kept_spots.page(contents, kept_place.Shown(datetime.now(UTC), "zh-CN"))
    assert len(html.encode()) <= kept_place.LIMIT_MB * 1e6
