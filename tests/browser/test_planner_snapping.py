"""Vertices and lines snap to borders, unless it is switched off or a key is held."""

from __future__ import annotations

import re

import httpx
import pytest
import shapely
from playwright.sync_api import Page, expect
from shapely.geometry import shape

from tests.browser import planners
from tests.browser.planners import GRIDS, done, ready, switch, take
from tests.small_city import HIGH, SOUTH

MIDDLE = SOUTH + 1.5 * HIGH


def test_a_dragged_vertex_snaps_to_another_border_unless_alt_is_held(drawn: Page, board: str) -> None:
    plan = int(re.findall(r"plan=(\d+)", drawn.url)[0])
    south, north = (middle_of_border(board, plan, *pair) for pair in (GRIDS[:2], GRIDS[1:]))
    x, y = seized(drawn, south, north)
    drawn.keyboard.down("Alt")
    drawn.mouse.move(x + 6, y + 5, steps=5)
    expect(drawn.get_by_text("不吸附", exact=True)).to_be_visible()
    drawn.keyboard.up("Alt")
    drawn.mouse.move(x + 5, y + 5)
    expect(drawn.get_by_text(re.compile(r"吸附到拐点 · 差 \d+\.\d 米"))).to_be_visible()
    drawn.mouse.up()
    done(drawn, "划地给")
    first = httpx.get(f"{board}/v1/plans/{plan}", timeout=30).json()["changes"][0]["change"]
    assert first["to"] == GRIDS[0]
    assert north in {tuple(place) for place in shapely.get_coordinates(shape(first["drawn"])).tolist()}


def test_snapping_is_switched_off_and_on_and_the_browser_remembers(drawn: Page, board: str) -> None:
    plan = int(re.findall(r"plan=(\d+)", drawn.url)[0])
    south, north = (middle_of_border(board, plan, *pair) for pair in (GRIDS[:2], GRIDS[1:]))
    expect(switch(drawn)).to_have_text(re.compile(r"吸附\s*[\d.]+ 米"))
    expect(switch(drawn)).to_have_attribute("aria-pressed", "true")
    switch(drawn).click()
    expect(switch(drawn)).to_have_text(re.compile(r"吸附\s*关"))
    drawn.reload()
    ready(drawn)
    expect(switch(drawn)).to_have_attribute("aria-pressed", "false")
    x, y = seized(drawn, south, north)
    drawn.mouse.move(x + 5, y + 5, steps=5)
    expect(drawn.get_by_text("不吸附", exact=True)).to_be_visible()
    drawn.mouse.up()
    done(drawn, "划地给")
    (first, *_) = httpx.get(f"{board}/v1/plans/{plan}", timeout=30).json()["changes"]
    assert first["change"]["snap_m"] == 0
    assert list(north) not in first["change"]["drawn"]["coordinates"][0]
    drawn.keyboard.press("n")
    expect(switch(drawn)).to_have_attribute("aria-pressed", "true")


def test_a_line_snaps_by_the_switch_in_the_middle_of_it(drawn: Page, board: str) -> None:
    """Its ends are drawn some pixels beside vertices of the scope's rim: one with snapping, the other without."""
    plan = int(re.findall(r"plan=(\d+)", drawn.url)[0])
    features = httpx.get(f"{board}/v1/plans/{plan}/drawing", timeout=30).json()["before"]["features"]
    corners = {tuple(place) for one in features for place in one["geometry"]["coordinates"][0]}
    west = min(corners, key=lambda place: (abs(place[1] - MIDDLE), place[0]))
    take(drawn, "拆分")
    x, y = planners.at(drawn, *west)
    drawn.mouse.move(x + 6, y + 4)
    drawn.mouse.click(x + 6, y + 4)
    half = drawn.evaluate("() => JSON.parse(Object.values(localStorage).find((one) => one.includes('points'))).points")
    assert half == [[pytest.approx(west[0], abs=1e-9), pytest.approx(west[1], abs=1e-9)]]
    drawn.keyboard.press("n")
    drawn.wait_for_timeout(350)
    drawn.mouse.move(x + 60, y + 40)
    drawn.mouse.move(x + 6, y + 4)
    drawn.mouse.click(x + 6, y + 4)
    half = drawn.evaluate("() => JSON.parse(Object.values(localStorage).find((one) => one.includes('points'))).points")
    assert len(half) == 2
    assert half[1] != half[0]


def seized(page: Page, vertex: tuple[float, float], towards: tuple[float, float]) -> tuple[float, float]:
    """Where on the page a vertex of the second grid, which is held from then on, is to be dragged to."""
    take(page, "拐点")
    planners.choose(page, GRIDS[1])
    expect(page.get_by_role("button", name="拐点 2", exact=True)).to_be_visible()
    there = planners.at(page, *towards)
    page.mouse.move(*planners.at(page, *vertex))
    page.mouse.down()
    return there


def middle_of_border(address: str, plan: int, a: str, b: str) -> tuple[float, float]:
    """The middle one of the vertices that two grids share, from west to east."""
    features = httpx.get(f"{address}/v1/plans/{plan}/drawing", timeout=30).json()["before"]["features"]
    one, other = (
        {tuple(place) for place in feature["geometry"]["coordinates"][0]}
        for code in (a, b)
        for feature in features
        if feature["properties"]["code"] == code
    )
    shared = sorted(one & other)
    return shared[len(shared) // 2]
