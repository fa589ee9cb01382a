"""Pages at another date: the division as it was, or as scheduled plans will have made it; for reading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener, Watched
from tests.browser.planners import GRIDS, PATH, SCOPE, SHOWN_MS, begun, changed, split_line, tools
from tests.serving import served
from tests.small_city import publish_small_city

SPOTS = "/maps/blind-spots"
LATER = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()


@pytest.fixture(scope="module")
def city(engine: sa.Engine) -> Iterator[str]:
    """Address of the small city: two editions, and a plan scheduled for the week that comes."""
    with engine.begin() as connection:
        publish_small_city(connection)
        publish_small_city(connection, edition=2)
    with served(engine) as address:
        plan = begun(address, "北片拆分")
        changed(address, plan, kind="split", code=GRIDS[1], line=split_line(1.5))
        hour = {"effective_at": (datetime.now(UTC) + timedelta(days=7)).isoformat()}
        httpx.post(f"{address}/v1/plans/{plan}/schedule", json=hour, timeout=60).raise_for_status()
        yield address


def bar(page: Page, text: str) -> None:
    expect(page.get_by_role("status").filter(has_text=text)).to_be_visible(timeout=SHOWN_MS)


def test_the_planner_of_a_past_date_is_for_reading_and_leads_back(visit: Opener) -> None:
    page = visit(f"{PATH}?at=2024-06-01")
    bar(page, "你在看 2024-06-01 的网格（第 1 版）")
    expect(page.get_by_role("complementary")).to_contain_text("不能起草或修改方案")
    expect(page.get_by_role("button", name="新建方案")).to_have_count(0)
    expect(tools(page)).to_have_count(0)
    page.reload()
    bar(page, "你在看 2024-06-01 的网格（第 1 版）")
    page.get_by_role("link", name="回到今天，继续规划").click()
    expect(page.get_by_role("button", name="新建方案")).to_be_visible(timeout=SHOWN_MS)
    assert "at=" not in page.url


def test_the_date_is_chosen_on_the_planner_and_kept_by_the_address(visit: Opener) -> None:
    page = visit(PATH)
    expect(page.get_by_role("button", name="新建方案")).to_be_visible(timeout=SHOWN_MS)
    page.get_by_title("页面所示日期与版次").first.click()
    dialog = page.get_by_role("dialog", name="页面所示日期与版次")
    dialog.get_by_label("查看此日期的划分").fill("2024-06-01")
    dialog.get_by_role("button", name="查看").click()
    page.wait_for_url(re.compile(r"at=2024-06-01"))
    bar(page, "第 1 版")


def test_the_planner_of_a_date_to_come_names_the_plans_and_the_grids_they_make(visit: Opener) -> None:
    page = visit(f"{PATH}?at={LATER}")
    bar(page, "预测")
    bar(page, "北片拆分")
    panel = page.get_by_role("complementary")
    expect(panel).to_contain_text("届时会变的 2 个网格", timeout=SHOWN_MS)
    panel.get_by_role("link").filter(has_text=GRIDS[1]).click()
    expect(panel.get_by_role("heading", name=re.compile("网格")).last).to_be_visible()
    expect(panel).to_contain_text("综合网格", timeout=SHOWN_MS)
    page.wait_for_load_state("networkidle")


def test_what_is_pointed_at_on_a_date_to_come_is_the_grid_of_then(visit: Opener) -> None:
    page = visit(f"{PATH}?at={LATER}")
    panel = page.get_by_role("complementary")
    expect(panel).to_contain_text("届时会变的 2 个网格", timeout=SHOWN_MS)
    page.wait_for_load_state("networkidle")
    new = panel.get_by_role("listitem").filter(has_text="新").get_by_role("link")
    code = new.locator(".code").inner_text()
    new.click()
    page.wait_for_timeout(800)  # the map moves there
    box = page.get_by_role("main").bounding_box()
    assert box is not None
    page.keyboard.press("Escape")
    expect(panel).not_to_contain_text("综合网格")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(panel).to_contain_text("综合网格", timeout=SHOWN_MS)
    assert f"sel={code}" in page.url


def test_nothing_scheduled_by_then_is_said(visit: Opener) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    page = visit(f"{PATH}?at={tomorrow}", lang="en-GB")
    bar(page, "Nothing is scheduled until")
    expect(page.get_by_role("complementary")).to_contain_text("Nothing is scheduled until this date.")


def test_blind_spots_that_nobody_had_looked_for_yet_are_said_to_be_none(visit: Opener, watched: Watched) -> None:
    page = visit(f"{SPOTS}?at=2024-06-01", size=(390, 844))
    bar(page, "你在看 2024-06-01 的网格（第 1 版）")
    expect(page.get_by_role("complementary")).to_contain_text("到 2024-06-01 还没有查过盲点")
    assert watched.of("/v1/blind-spots") == []
    wide: int = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    page.wait_for_load_state("networkidle")


def test_coverage_of_a_date_to_come_shows_the_grids_of_then_and_every_figure_as_a_forecast(visit: Opener) -> None:
    page = visit(f"/maps/coverage?at={LATER}&level=grid&by=grid-coverage&in={SCOPE}&z=14&c=36.112,120.305")
    bar(page, "北片拆分")
    panel = page.get_by_role("complementary")
    expect(panel.get_by_role("row").filter(has_text="综合")).to_have_count(5, timeout=SHOWN_MS)
    indicators = page.get_by_role("combobox", name="指标")
    indicators.focus()  # its list is filled when a person comes to it
    indicators.select_option("staffing")
    expect(panel).to_contain_text("网格力量", timeout=SHOWN_MS)
    expect(panel.get_by_text("预测", exact=True)).to_be_visible()
    panel.get_by_text("力量矩阵").click()
    expect(panel.get_by_role("table").first).to_be_visible()
    page.wait_for_load_state("networkidle")


def test_two_days_are_beside_each_other_and_each_has_a_date_of_its_own(visit: Opener, watched: Watched) -> None:
    page = visit(f"/maps/compare?a=2024-06-01&b={LATER}")
    expect(page.get_by_text("A · 2024-06-01 · 第 1 版")).to_be_visible(timeout=SHOWN_MS)
    expect(page.get_by_text(f"B · {LATER} · 第 2 版 · 预测")).to_be_visible(timeout=SHOWN_MS)
    panel = page.get_by_role("complementary")
    expect(panel).to_contain_text("B 图依据已排期的方案 北片拆分")
    expect(page.get_by_role("button", name=re.compile("^新增"))).to_have_count(2)  # by the second edition, by the plan
    page.wait_for_load_state("networkidle")
    assert watched.of("/tiles/forecasts/")
    assert watched.of("/tiles/1/")
    page.get_by_label("A 图的日期").fill("2025-06-01")
    expect(page.get_by_text("A · 2025-06-01 · 第 2 版")).to_be_visible(timeout=SHOWN_MS)
    expect(page.get_by_role("button", name=re.compile("^新增"))).to_have_count(1)
    assert "a=2025-06-01" in page.url
    page.get_by_role("combobox", name="B 图").select_option("e2")
    expect(panel).to_contain_text("两边一样")
    expect(panel).not_to_contain_text("预测")
    page.wait_for_load_state("networkidle")


def test_the_date_control_of_the_compare_page_changes_its_second_map(visit: Opener) -> None:
    page = visit("/maps/compare?a=e1")
    expect(page.get_by_text("A · 第 1 版")).to_be_visible(timeout=SHOWN_MS)
    page.get_by_title("页面所示日期与版次").first.click()
    dialog = page.get_by_role("dialog", name="页面所示日期与版次")
    dialog.get_by_label("查看此日期的划分").fill(LATER)
    dialog.get_by_role("button", name="查看").click()
    page.wait_for_url(re.compile(f"b={LATER}"))
    expect(page.get_by_text("A · 第 1 版")).to_be_visible(timeout=SHOWN_MS)
    expect(page.get_by_text("预测").first).to_be_visible(timeout=SHOWN_MS)
    page.wait_for_load_state("networkidle")


def test_the_ground_of_a_date_to_come_is_drawn_by_tiles_of_it(visit: Opener, watched: Watched) -> None:
    page = visit(f"/maps/coverage?at={LATER}")
    bar(page, "北片拆分")
    page.wait_for_load_state("networkidle")
    assert watched.of("/tiles/forecasts/")
    assert watched.of("/tiles/2/") == []
    assert watched.of("/v1/forecast") == []
