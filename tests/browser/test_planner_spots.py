"""Blind spots on the planner: what a drawing would make and end is told with why, and shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener
from tests.browser.planners import GRIDS, PATH, SHOWN_MS, begun, changed, ready, split_line
from tests.left_behind import settle
from tests.serving import served
from tests.small_city import publish_small_city


@pytest.fixture(scope="module")
def desk(engine: sa.Engine) -> Iterator[str]:
    """Address of a server with a city in which a split takes a unit out of the grid that covers it."""
    with engine.begin() as connection:
        publish_small_city(connection)
        settle(connection)
    with served(engine) as address:
        yield address


@pytest.fixture
def split(visit: Opener, desk: str) -> Page:
    """A plan with that split, its checks open."""
    plan = begun(desk)
    changed(desk, plan, kind="split", code=GRIDS[0], line=split_line(0.6), names=["", "北片网格"])
    page = ready(visit(f"{PATH}?plan={plan}&tab=checks", address=desk))
    expect(page.get_by_role("region", name="盲点变化")).to_be_visible(timeout=SHOWN_MS)
    return page


def test_blind_spots_that_would_come_and_go_are_told_with_their_reasons(split: Page) -> None:
    told = split.get_by_role("region", name="盲点变化").get_by_role("listitem")
    expect(told).to_have_count(3)
    expect(told.nth(0)).to_contain_text(
        re.compile("将出现：可联合组建.*划走的公司.*2 名正式党员，可与 500 米内单位联合组建")
    )
    expect(told.nth(1)).to_contain_text(re.compile("将减轻为：可联合组建.*邻近的小店"))
    expect(told.nth(2)).to_contain_text(re.compile("将未知.*未登记有无网格党支部；未登记专职岗位"))
    checks = split.get_by_role("region", name="检查").get_by_role("listitem")
    expect(checks.filter(has_text="将出现盲点：可联合组建 1")).to_have_count(1)


def test_a_blind_spot_is_shown_on_the_map(split: Page) -> None:
    first = split.get_by_role("region", name="盲点变化").get_by_role("listitem").nth(0)
    first.get_by_role("button", name="定位").click()
    expect(first).to_have_class("sel")
