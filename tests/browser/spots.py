"""What tests of the page of blind spots share: the city they look at, and how its rows are found."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from tests.serving import served
from tests.spotted_city import publish_spotted_city

PATH = "/maps/blind-spots"
NEAR = f"{PATH}?c=36.1035,120.304&z=17"
FAR = f"{PATH}?c=36.112,120.32&z=12"
PAINT = {"P1": (0xD5, 0x5E, 0x00), "P3": (0xCC, 0x79, 0xA7), "P4": (0x56, 0xB4, 0xE9), "covered": (0xA9, 0xD8, 0xC8)}


def spotted(engine: sa.Engine) -> Iterator[str]:
    """Address of the city with a business district in which every state stands once, looked through already."""
    with engine.begin() as connection:
        publish_spotted_city(connection)
    with served(engine) as address:
        httpx.get(f"{address}/v1/blind-spots", timeout=60).raise_for_status()
        yield address


def ready(page: Page) -> Page:
    """The page once its list and its tiles are there."""
    expect(rows(page).first.or_(page.locator(".empty"))).to_be_visible(timeout=20_000)
    page.wait_for_load_state("networkidle")
    return page


def rows(page: Page) -> Locator:
    return page.get_by_role("list", name="盲点清单").locator("> li")


def row(page: Page, name: str) -> Locator:
    return rows(page).filter(has=page.get_by_role("button", name=re.compile(f" {name}，")))


def opened(page: Page) -> Locator:
    return page.get_by_role("button", expanded=True).and_(page.locator(".line"))


def names(page: Page) -> list[str]:
    return [one.locator(".name").inner_text() for one in rows(page).all()]


def legend(page: Page) -> Locator:
    return page.get_by_role("main").get_by_role("region", name="图例")


def open_row(page: Page, name: str) -> Locator:
    row(page, name).get_by_role("button").first.click()
    page.wait_for_load_state("networkidle")
    return row(page, name)
