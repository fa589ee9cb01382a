"""Two maps of the same ground: what two editions differ in, a plan beside the edition in force, the slider."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from geo.plans import drafts, previews
from geo.space.redraw.changes import Change, Merge, Rename
from tests.browser.conftest import Opener
from tests.serving import served
from tests.small_city import publish_small_city
from tests.small_plans import FIRST, LAST, NEW, PLANNER, SECOND, SPLIT

PATH = "/maps/compare"


@pytest.fixture(scope="module")
def history(engine: sa.Engine) -> Iterator[str]:
    """Address of a server on a city of three editions and one draft."""
    steps: list[list[Change]] = [[SPLIT], [Rename(LAST, "新名网格")], [Merge((FIRST, SECOND), FIRST)]]
    with engine.begin() as connection:
        publish_small_city(connection)
        for k, changes in enumerate(steps):
            plan = drafts.begin(connection, PLANNER, f"方案{k + 1}")
            for change in changes:
                previews.add(connection, PLANNER, plan, change)
            if k < 2:
                previews.publish(connection, PLANNER, plan.id)
    with served(engine) as address:
        yield address


def lines(page: Page) -> list[str]:
    return [
        " ".join(one.split()) for one in page.get_by_role("list", name="有哪些不同").locator("li").all_inner_texts()
    ]


def test_two_editions_are_beside_each_other_and_what_differs_is_listed(visit: Opener, history: str) -> None:
    page = visit(f"{PATH}?a=e1&b=e3", address=history)
    expect(page.get_by_text("A · 第 1 版")).to_be_visible()
    expect(page.get_by_text("B · 第 3 版")).to_be_visible()
    expect(page.get_by_role("list", name="有哪些不同").locator("li")).to_have_count(3)
    assert [re.sub(r" .*", "", one) for one in lines(page)] == ["变更", "新增", "变更"]
    row = page.get_by_role("button", name=NEW)
    row.click()
    expect(row).to_have_attribute("aria-pressed", "true")
    assert f"sel={NEW}" in page.url
    page.get_by_role("button", name="互换").click()
    expect(page.get_by_text("A · 第 3 版")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile(f"停用.*{NEW}"))).to_be_visible()


def test_the_slider_goes_through_the_editions_and_the_address_keeps_them(visit: Opener, history: str) -> None:
    page = visit(PATH, address=history)
    expect(page.get_by_text("A · 第 2 版")).to_be_visible()
    expect(page.get_by_text("B · 第 3 版")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile(f"变更.*新名网格.*{LAST}"))).to_be_visible()
    page.get_by_role("slider", name="逐版看").press("ArrowLeft")
    expect(page.get_by_text("A · 第 1 版")).to_be_visible()
    expect(page.get_by_text("B · 第 2 版")).to_be_visible()
    page.reload()
    expect(page.get_by_text("B · 第 2 版")).to_be_visible()
    expect(page.get_by_role("button", name=NEW)).to_be_visible()


def test_a_map_that_is_moved_takes_the_other_along(visit: Opener, history: str) -> None:
    page = visit(f"{PATH}?a=e1&b=e3", address=history)
    expect(page.get_by_role("button", name=NEW)).to_be_visible()
    page.wait_for_timeout(1000)
    before = page.url
    left, right = (page.get_by_role("region", name=name) for name in ("A 图", "B 图"))
    pictures = [one.screenshot() for one in (left, right)]
    box = right.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 120, y - 60, steps=5)
    page.mouse.up()
    page.wait_for_timeout(1000)
    assert page.url != before  # the view in the address is the left map's
    assert all(one.screenshot() != then for one, then in zip((left, right), pictures, strict=True))


def test_a_plan_is_compared_with_the_edition_in_force(visit: Opener, history: str) -> None:
    page = visit(PATH, address=history)
    page.get_by_role("combobox", name="B 图").select_option(label="方案3 · 草案")
    expect(page.get_by_text("B · 方案3")).to_be_visible()
    page.get_by_role("combobox", name="A 图").select_option(value="e3")
    expect(page.get_by_role("button", name=re.compile(f"停用.*{SECOND}"))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile(f"变更.*{FIRST}"))).to_be_visible()
    grids = page.get_by_role("row", name=re.compile("^网格"))
    one, other = (int(text) for text in grids.get_by_role("cell").all_inner_texts()[1:])
    assert one == other + 1  # two are merged
    expect(page.get_by_role("heading", name="为何不同")).to_be_visible()


def test_the_same_twice_says_so_and_what_is_not_there_is_told(visit: Opener, history: str) -> None:
    page = visit(f"{PATH}?a=e2&b=e2", address=history)
    expect(page.get_by_text("两边一样")).to_be_visible()


def test_an_address_that_names_what_is_not_there_shows_the_newest_beside_the_one_before(
    visit: Opener, history: str
) -> None:
    page = visit(f"{PATH}?a=2&b=e99", address=history)
    expect(page.get_by_text("B · 第 3 版")).to_be_visible()
    expect(page.get_by_role("list", name="有哪些不同").locator("li").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("combobox", name="A 图")).to_have_value("e2")
    expect(page.get_by_role("combobox", name="B 图")).to_have_value("e3")


def test_a_narrow_screen_has_the_maps_one_above_the_other(visit: Opener, history: str) -> None:
    page = visit(f"{PATH}?a=e1&b=e2", address=history, size=(390, 844))
    expect(page.get_by_role("button", name=NEW)).to_be_visible()
    boxes = [page.get_by_role("region", name=name).bounding_box() for name in ("A 图", "B 图")]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["width"] == boxes[1]["width"] == 390
    assert boxes[1]["y"] >= boxes[0]["y"] + boxes[0]["height"] - 1
