"""What tests of the page of a business district share: the city they look at, and how its parts are found."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, expect

from tests.covered import enter
from tests.serving import served
from tests.spotted_city import OLD, place, publish_spotted_city

PATH = "/maps/business-districts"
FLOORS = {"数码公司": "5-6层", "小店": "B1", "待查店": "大堂", "银行": "12F", "软件园": None}
MEMBERS = ("银行", "软件园")


def furnished(engine: sa.Engine) -> Iterator[str]:
    """Address of the spotted city, its district with an alliance, a service point and floors."""
    with engine.begin() as connection:
        publish_spotted_city(connection)
        _furnish(connection)
    with served(engine) as address:
        httpx.get(f"{address}/v1/blind-spots", timeout=60).raise_for_status()
        yield address


def _furnish(connection: sa.Connection) -> None:
    for name, floor in FLOORS.items():
        connection.execute(
            sa.text("UPDATE units SET floor = :floor WHERE name = :name"), {"floor": floor, "name": name}
        )
    connection.execute(sa.text("UPDATE buildings SET floors = 9, use = 'office' WHERE name = '东塔'"))
    district = connection.scalar(sa.text("SELECT id FROM business_districts"))
    units = dict(connection.execute(sa.text("SELECT name, id FROM units")).all())
    committee = connection.scalar(sa.text("SELECT id FROM party_organisations WHERE name = '数字经济党委'"))
    alliance = {"name": "柳林党建联盟", "business_district_id": district, "leader_id": committee, "founded_on": OLD}
    (number,) = enter(connection, "alliances", alliance)
    enter(connection, "alliance_members", *({"alliance_id": number, "unit_id": units[name]} for name in MEMBERS))
    inside, outside = place("西塔"), (place("东塔")[0], place("东塔")[1] - 0.001)
    enter(
        connection,
        "service_points",
        {"name": "柳林党群服务站", "kind": "station", "hours": "9:00-17:00", "lonlat": inside},
        {"name": "场外服务点", "kind": "point", "lonlat": outside},
    )


def ready(page: Page) -> Page:
    """The page once its buildings and tiles are there."""
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=20_000)
    page.wait_for_load_state("networkidle")
    return page


def houses(page: Page) -> Locator:
    return page.locator("ol.houses > li")


def house(page: Page, name: str) -> Locator:
    return houses(page).filter(has=page.get_by_role("heading", name=name, exact=True))


def open_house(page: Page, name: str) -> Locator:
    house(page, name).get_by_role("button").first.click()
    expect(house(page, name).locator(".stack")).to_be_visible()
    return house(page, name)
