"""The made city, whole: what the documentation shows. ``--pictures docs/images`` writes its screenshots."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener
from tests.browser.made import publish_made_city
from tests.serving import served


@pytest.fixture(scope="module")
def city(engine: sa.Engine) -> Iterator[str]:
    publish_made_city(engine)
    with served(engine) as address:
        yield address


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Path | None:
    folder: Path | None = request.config.getoption("--pictures", default=None)
    return folder


def shoot(page: Page, folder: Path | None, name: str) -> None:
    page.wait_for_load_state("networkidle")
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / name)


def test_every_community_of_the_made_city_is_ranked_and_numbered(visit: Opener, pictures: Path | None) -> None:
    page = visit("/maps/coverage")
    expect(page.get_by_role("row")).to_have_count(11)
    expect(page.get_by_role("button", name=re.compile("下载全部 48 个社区"))).to_be_visible()
    for _ in range(4):
        page.keyboard.press("j")
    expect(page.get_by_role("row").nth(4)).to_have_attribute("aria-selected", "true")
    shoot(page, pictures, "coverage.png")
    assert page.evaluate("document.querySelectorAll('*').length") <= 500


def test_a_row_far_down_is_reached_from_the_map(visit: Opener, city: str) -> None:
    rows = httpx.get(f"{city}/v1/values/grid-coverage?level=community").json()["rows"]
    code = max(code for code, value in zip(rows["code"], rows["value"], strict=True) if value == 1)
    page = visit(f"/maps/coverage?sel={code}")
    chosen = page.get_by_role("row", selected=True)
    expect(chosen).to_contain_text(rows["name"][rows["code"].index(code)])


def test_all_rows_are_there_for_the_asking(visit: Opener) -> None:
    page = visit("/maps/coverage")
    page.get_by_role("button", name=re.compile("再显示")).click()
    expect(page.get_by_role("row")).to_have_count(49)


def test_grids_are_shown_by_their_incidents(visit: Opener, pictures: Path | None) -> None:
    page = visit("/maps/coverage?level=grid&by=incident-density&lang=en", lang="en")
    expect(page.get_by_role("complementary")).to_contain_text("incidents /")
    shoot(page, pictures, "density-en.png")


def test_the_start_page_counts_the_division(visit: Opener, pictures: Path | None) -> None:
    page = visit("/")
    expect(page.get_by_role("heading", name="云泽市")).to_be_visible()
    expect(page.get_by_role("complementary")).to_contain_text("社区48")
    expect(page.get_by_role("complementary").get_by_role("link", name=re.compile("^覆盖"))).to_be_visible()
    shoot(page, pictures, "start.png")


def test_a_narrow_screen_shows_map_and_figure_together(visit: Opener, pictures: Path | None) -> None:
    page = visit("/maps/coverage", size=(390, 844))
    expect(page.get_by_role("complementary")).to_contain_text("具名网格")
    box = page.get_by_role("main").bounding_box()
    assert box is not None
    assert box["height"] > 300
    shoot(page, pictures, "coverage-390.png")


def test_every_zoom_of_the_city_is_painted_without_a_complaint(visit: Opener) -> None:
    page = visit("/maps/coverage?level=grid")
    expect(page.get_by_role("table")).to_be_visible()
    for _ in range(5):
        page.get_by_role("button", name="放大").click()
        page.wait_for_load_state("networkidle")
    expect(page.get_by_role("alert")).to_have_count(0)
