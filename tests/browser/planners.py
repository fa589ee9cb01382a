"""What tests of the planner share: a city to redraw, hands that draw, and how the page's parts are found."""

from __future__ import annotations

import math
import re
from urllib.parse import parse_qs, urlsplit

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.small_city import COMMUNITIES, HIGH, SOUTH, WEST, WIDE

PATH = "/maps/planner"
SCOPE = COMMUNITIES[0]
GRIDS = [f"{SCOPE}00{number}" for number in (1, 2, 3)]
"""Grids of the scope from south to north."""
SHOWN_MS = 20_000
"""Until a change has been worked out: that is work, on a machine that does other work too."""
FAR = (WEST - 0.2 * WIDE, WEST + 1.2 * WIDE)
"""West and east of the scope: a line between them crosses it from rim to rim."""


def begun(address: str, name: str = "北片调整", scope: str | None = SCOPE) -> int:
    """Id of a plan begun by HTTP."""
    made = httpx.post(f"{address}/v1/plans", json={"name": name, "scope": scope}, timeout=30).raise_for_status()
    return int(made.json()["id"])


def changed(address: str, plan: int, **change: object) -> None:
    """A change made by HTTP, as somebody else would."""
    httpx.post(f"{address}/v1/plans/{plan}/changes", json=change, timeout=30).raise_for_status()


def published(address: str, plan: int) -> None:
    """A plan published by HTTP, as somebody else would."""
    httpx.post(f"{address}/v1/plans/{plan}/publish", timeout=60).raise_for_status()


def split_line(row: float) -> dict[str, object]:
    """A line across the scope at a height of so many rows."""
    return {"type": "LineString", "coordinates": [[lon, SOUTH + row * HIGH] for lon in FAR]}


def ready(page: Page) -> Page:
    """The page once the plan is drawn and its tiles are there."""
    expect(tools(page).or_(page.get_by_text("已生效").first)).to_be_visible(timeout=SHOWN_MS)
    page.wait_for_load_state("networkidle")
    return page


def tools(page: Page) -> Locator:
    return page.get_by_role("toolbar", name=re.compile("画图工具|Drawing tools"))


def switch(page: Page) -> Locator:
    """The switch for snapping."""
    return page.get_by_role("button", name=re.compile("^吸附"))


def take(page: Page, tool: str) -> None:
    button = tools(page).get_by_role("button", name=tool, exact=True)
    if button.get_attribute("aria-pressed") != "true":
        button.click()


def choose(page: Page, code: str) -> None:
    """Choose a grid from the list beside the tool."""
    page.get_by_role("combobox", name="选网格…").select_option(code)


def at(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Pixels of the window where a place is drawn, by the address of the page."""
    asked = parse_qs(urlsplit(page.url).query)
    centre_lat, centre_lon = (float(one) for one in asked["c"][0].split(","))
    whole = 256 * 2 ** float(asked["z"][0])

    def mercator(x: float, y: float) -> tuple[float, float]:
        turned = math.log(math.tan(math.pi / 4 + math.radians(y) / 2))
        return whole * (x / 360 + 0.5), whole * (0.5 - turned / (2 * math.pi))

    (x, y), (x0, y0) = mercator(lon, lat), mercator(centre_lon, centre_lat)
    box = page.get_by_role("main").bounding_box()
    assert box
    return box["x"] + box["width"] / 2 + x - x0, box["y"] + box["height"] / 2 + y - y0


def draw(page: Page, *places: tuple[float, float]) -> None:
    """Draw a line or a polygon by mouse, the last place clicked twice."""
    for place in places[:-1]:
        page.mouse.move(*at(page, *place))
        page.mouse.click(*at(page, *place))
        page.wait_for_timeout(350)  # nobody means two clicks so far apart as one double click
    page.mouse.move(*at(page, *places[-1]))
    page.mouse.dblclick(*at(page, *places[-1]))


def type_places(page: Page, *places: tuple[float, float]) -> None:
    """Draw by typing coordinates."""
    page.get_by_role("button", name="输入坐标").click()
    box = page.get_by_role("dialog", name="输入坐标")
    box.get_by_role("textbox").fill("\n".join(f"{lon}, {lat}" for lon, lat in places))
    box.get_by_role("button", name="画上去").click()


def tab(page: Page, name: str) -> Locator:
    """A tab of the panel, opened."""
    page.get_by_role("tab", name=re.compile(name)).click()
    return page.get_by_role("tabpanel", name=name)


def steps(page: Page) -> Locator:
    """Changes of the plan as the panel lists them."""
    return tab(page, "改动").get_by_role("listitem")


def done(page: Page, text: str) -> None:
    """Wait until the page says that a change is made."""
    expect(page.get_by_role("status").filter(has_text=re.compile(f"{text}.*用时")).last).to_be_visible(timeout=SHOWN_MS)
