"""A plan of a scope with more grids than are drawn at once: those in view come as the map moves, and can be redrawn."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from tests import winding_division
from tests.browser import planners
from tests.browser.conftest import Opener
from tests.browser.held import Held
from tests.browser.planners import PATH, SHOWN_MS, at, begun, done, draw, ready, take
from tests.serving import served
from tests.winding_city import ORIGIN, STEP

SIDE = 24
"""576 grids, of which the view of these tests holds about a seventh."""
MIDDLE = (ORIGIN[0] + SIDE / 2 * STEP, ORIGIN[1] + SIDE / 2 * STEP)
PAN_PX = 620


@pytest.fixture(scope="module")
def wide(engine: sa.Engine) -> Iterator[str]:
    """Address of a server with a city of 576 grids."""
    with engine.begin() as connection:
        winding_division.publish(connection, SIDE)
    with served(engine) as address:
        yield address


def cell(column: int, row: int) -> tuple[float, float]:
    """The middle of a grid by its place, counted from the south-west."""
    return ORIGIN[0] + (column + 0.5) * STEP, ORIGIN[1] + (row + 0.5) * STEP


def code_at(address: str, place: tuple[float, float]) -> str:
    told = httpx.get(f"{address}/v1/locate", params={"lon": place[0], "lat": place[1]}, timeout=30)
    return str(told.raise_for_status().json()["grid"]["code"])


def listed(page: Page) -> set[str]:
    """Grids that the list beside the tool has: those in view."""
    options = page.get_by_role("combobox", name="选网格…").get_by_role("option")
    return {value for option in options.all() if (value := option.get_attribute("value"))}


def drag(page: Page, x: int, y: int) -> None:
    """Drag the map, and hold it before it is let go: else it coasts on, who knows how far."""
    box = page.get_by_role("main").bounding_box()
    assert box
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(middle[0] - x / 2, middle[1] - y / 2)
    page.mouse.down()
    page.mouse.move(middle[0], middle[1], steps=4)
    page.mouse.move(middle[0] + x / 2, middle[1] + y / 2, steps=4)
    page.wait_for_timeout(100)
    page.mouse.up()


def pan(page: Page, x: int, y: int) -> None:
    """Drag the map, and wait until the grids that came into view are drawn."""
    with page.expect_response(re.compile(r"/drawing\?.*view="), timeout=SHOWN_MS):
        drag(page, x, y)
    page.wait_for_load_state("networkidle")


def opened(visit: Opener, address: str, zoom: int = 15) -> Page:
    plan = begun(address, scope=None)
    return ready(visit(f"{PATH}?plan={plan}&c={MIDDLE[1]},{MIDDLE[0]}&z={zoom}", address=address))


def test_from_afar_it_is_said_that_grids_come_when_the_map_is_enlarged(visit: Opener, wide: str) -> None:
    page = ready(visit(f"{PATH}?plan={begun(wide, scope=None)}", address=wide))
    note = page.get_by_role("status").filter(has_text="范围超过 300 格")
    expect(note).to_contain_text("放大地图，视野里的格就都画出来", timeout=SHOWN_MS)
    box = page.get_by_role("main").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    with page.expect_response(re.compile(r"/drawing\?.*view="), timeout=SHOWN_MS):
        for _ in range(3):
            page.get_by_role("button", name="放大").click()
            page.wait_for_timeout(400)
    expect(note).to_contain_text("已画出视野里的格", timeout=SHOWN_MS)


def test_grids_come_as_the_map_is_panned_and_one_that_came_is_split_and_restored(visit: Opener, wide: str) -> None:
    page = opened(visit, wide)
    expect(page.get_by_text("已画出视野里的格")).to_be_visible(timeout=SHOWN_MS)
    here, east = (code_at(wide, cell(column, SIDE // 2)) for column in (SIDE // 2, SIDE // 2 + 7))
    take(page, "拆分")
    assert here in listed(page)
    assert east not in listed(page)
    pan(page, -PAN_PX, 0)
    expect(page.get_by_role("combobox", name="选网格…").locator(f"option[value='{east}']")).to_have_count(1)
    x, y = cell(SIDE // 2 + 7, SIDE // 2)
    draw(page, (x - 0.8 * STEP, y), (x + 0.8 * STEP, y))
    done(page, "拆分")
    plan = int(re.findall(r"plan=(\d+)", page.url)[0])
    (made,) = httpx.get(f"{wide}/v1/plans/{plan}", timeout=30).json()["changes"]
    assert made["change"]["code"] == east
    pan(page, PAN_PX, 0)
    expect(page.get_by_role("region", name="谁会变动").get_by_role("row")).to_have_count(3)
    page.keyboard.press("Control+z")
    expect(page.get_by_text("还没有改动可发布")).to_be_visible(timeout=SHOWN_MS)
    assert httpx.get(f"{wide}/v1/plans/{plan}/preview", timeout=30).json()["is_same"]


def test_a_vertex_of_a_grid_that_came_into_view_is_dragged_with_its_neighbours(visit: Opener, wide: str) -> None:
    page = opened(visit, wide, 16)
    pan(page, -PAN_PX, 120)
    place = cell(SIDE // 2 + 5, SIDE // 2 + 1)
    code = code_at(wide, place)
    take(page, "拐点")
    page.mouse.click(*at(page, *place))
    expect(page.get_by_role("button", name=re.compile("^不选"))).to_be_visible()
    handle = page.get_by_role("button", name="拐点 3", exact=True)
    box = handle.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 9, y + 26, steps=5)
    page.mouse.up()
    done(page, "划地给")
    plan = int(re.findall(r"plan=(\d+)", page.url)[0])
    told = httpx.get(f"{wide}/v1/plans/{plan}/preview", timeout=30).json()
    assert code in {one for crossing in told["crossings"] for one in (crossing["old"], crossing["new"])}
    assert planners.steps(page).count() >= 1


def test_grids_chosen_one_after_the_other_are_both_chosen_before_their_neighbours_arrive(
    visit: Opener, wide: str
) -> None:
    page = opened(visit, wide)
    expect(page.get_by_text("已画出视野里的格")).to_be_visible(timeout=SHOWN_MS)
    take(page, "合并")
    codes = [code_at(wide, cell(SIDE // 2 + k, SIDE // 2)) for k in (0, 1)]
    door = Held(page, r"/drawing\?.*near=")
    planners.choose(page, codes[0])
    door.until(1)
    planners.choose(page, codes[1])
    door.let_go()
    expect(page.get_by_role("button", name="不选")).to_have_count(2, timeout=SHOWN_MS)
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("button", name="不选")).to_have_count(2)


def test_grids_come_where_the_map_was_moved_while_a_change_arrived(visit: Opener, wide: str) -> None:
    page = opened(visit, wide)
    expect(page.get_by_text("已画出视野里的格")).to_be_visible(timeout=SHOWN_MS)
    east = code_at(wide, cell(SIDE // 2 + 7, SIDE // 2))
    take(page, "拆分")
    x, y = cell(SIDE // 2, SIDE // 2)
    door = Held(page, r"/drawing")
    draw(page, (x - 0.8 * STEP, y), (x + 0.8 * STEP, y))
    door.until(1)
    view = page.url
    drag(page, -PAN_PX, 0)
    expect(page).not_to_have_url(view)
    page.wait_for_timeout(600)  # the map has stood still as long as it has to
    door.let_go()
    option = page.get_by_role("combobox", name="选网格…").locator(f"option[value='{east}']")
    expect(option).to_have_count(1, timeout=SHOWN_MS)
