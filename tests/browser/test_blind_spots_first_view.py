"""What the first view of blind spots asks for, in what order it comes, and what stays while the rest is on its way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Route, expect

from tests import small_city
from tests.browser.conftest import Opener, Watched
from tests.browser.spots import FAR, PATH, legend, ready, row, rows, spotted
from tests.browser.test_coverage_page import colours, pixel_of
from tests.spotted_city import SCORES

FIRST = next(iter(SCORES))


@pytest.fixture(scope="module")
def city(engine: sa.Engine) -> Iterator[str]:
    yield from spotted(engine)


def test_far_away_no_grid_is_fetched_and_beside_the_city_no_ground(visit: Opener, watched: Watched) -> None:
    page = ready(visit(FAR))
    expect(legend(page)).to_contain_text("各社区盲点得分")
    assert 0 < len(watched.of("/tiles/1/areas/")) <= 4 < page.locator(".painted").count()
    assert watched.of("/grids/") == []
    assert watched.of("/base/") == [], "this city has no base map"
    with page.expect_request(lambda one: "/tiles/1/grids/" in one.url):
        page.get_by_role("button", name="网格 G1–G3").click()


def test_each_document_of_the_first_view_is_asked_for_once(visit: Opener, watched: Watched) -> None:
    ready(visit(PATH))
    documents = watched.of("/v1/")
    assert len(documents) == len(set(documents))
    assert not any("/v1/blind-spots?" in one and "limit=1000" in one for one in documents)


def test_the_map_is_painted_before_the_list_is_here(visit: Opener) -> None:
    page = visit("/maps/import")
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route("**/v1/blind-spots?by=building*", hold)
    page.goto(FAR)
    expect(legend(page)).to_be_hidden()
    page.wait_for_function(
        "() => document.querySelector('.painted') && !document.querySelector('.painted:not(.leaflet-tile-loaded)')"
    )
    page.wait_for_timeout(300)
    x, y = pixel_of(page, *small_city.cell_centre(0, 0))
    assert (0x8F, 0xC7, 0x7C) in colours(page, x, y), "its community scores 100 to 500"
    assert rows(page).count() == 0
    for route in late:
        route.continue_()
    expect(legend(page)).to_contain_text("各社区盲点得分")
    expect(rows(page)).to_have_count(6)


def test_a_list_that_is_here_stays_while_its_chosen_row_waits_for_more(visit: Opener) -> None:
    page = ready(visit(PATH))
    row(page, FIRST).get_by_role("button").first.click()
    expect(page).to_have_url(re.compile("sel="))
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route("**/v1/blind-spots/building/*", hold)
    page.clock.install()  # however long the list takes, its time to be drawn as a skeleton comes after it
    page.reload()
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=1))
    expect(rows(page)).to_have_count(len(SCORES))
    page.clock.run_for(1000)
    assert late
    expect(rows(page)).to_have_count(len(SCORES))
