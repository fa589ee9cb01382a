"""Plans before others on the planner's page: locked, spoken of, submitted, approved, scheduled, shared."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import httpx
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener, Watched
from tests.browser.planners import (
    FAR,
    GRIDS,
    PATH,
    SHOWN_MS,
    at,
    begun,
    changed,
    draw,
    ready,
    split_line,
    tab,
    take,
    tools,
)
from tests.small_city import HIGH, SOUTH, WEST, WIDE

SPLIT = {"kind": "split", "code": GRIDS[1], "line": split_line(1.5)}


def decide(page: Page, button: str, sure: str, **fields: str) -> None:
    """Press a button at the foot and answer what is asked."""
    page.get_by_role("complementary").get_by_role("button", name=button).click()
    box = page.get_by_role("dialog")
    for label, text in fields.items():
        box.get_by_label(label).fill(text)
    box.get_by_role("button", name=sure, exact=True).click()


def test_a_plan_is_submitted_approved_by_another_and_published(visit: Opener, fresh: str, watched: Watched) -> None:
    plan = begun(fresh)
    changed(fresh, plan, **SPLIT)
    page = ready(visit(f"{PATH}?plan={plan}", address=fresh))
    decide(page, "送审…", "送审")
    expect(page.get_by_role("complementary")).to_contain_text("待审", timeout=SHOWN_MS)
    expect(tools(page)).to_be_hidden()
    decide(page, "同意…", "同意", 以谁的名义="local")
    expect(page.get_by_role("status").filter(has_text="没有改成")).to_be_visible(timeout=SHOWN_MS)
    assert all("403" in one for one in watched.complaints)
    watched.complaints.clear()
    decide(page, "同意…", "同意", 以谁的名义="王主任", 意见="边界沿路，同意")
    expect(page.get_by_role("complementary")).to_contain_text("已批准", timeout=SHOWN_MS)
    verdicts = tab(page, "审批").get_by_role("region", name="审批")
    expect(verdicts).to_contain_text("边界沿路，同意")
    expect(verdicts).to_contain_text("王主任")
    decide(page, "发布方案…", "发布，立即生效")
    expect(page.get_by_role("complementary")).to_contain_text("已生效", timeout=SHOWN_MS)


def test_a_rejection_says_why_and_the_plan_is_drawn_on_again(visit: Opener, fresh: str) -> None:
    plan = begun(fresh)
    changed(fresh, plan, **SPLIT)
    httpx.post(f"{fresh}/v1/plans/{plan}/submit", timeout=30).raise_for_status()
    page = visit(f"{PATH}?plan={plan}", address=fresh)
    decide(page, "退回…", "退回", 以谁的名义="王主任", 意见="切开了三栋楼")
    expect(page.get_by_role("complementary")).to_contain_text("已退回", timeout=SHOWN_MS)
    expect(tab(page, "审批")).to_contain_text("切开了三栋楼")
    decide(page, "修改…", "改为草案")
    expect(tools(page)).to_be_visible(timeout=SHOWN_MS)


def test_a_scheduled_plan_says_its_hour_and_is_taken_off_again(visit: Opener, fresh: str) -> None:
    plan = begun(fresh)
    changed(fresh, plan, **SPLIT)
    page = ready(visit(f"{PATH}?plan={plan}", address=fresh))
    day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    decide(page, "排期…", "排期", 生效时刻=f"{day}T06:30")
    foot = page.get_by_role("complementary")
    expect(foot).to_contain_text(f"生效 {day} 06:30 · 届时即第 2 版", timeout=SHOWN_MS)
    decide(page, "取消排期…", "取消排期")
    expect(foot).not_to_contain_text("已排期", timeout=SHOWN_MS)
    expect(foot.get_by_role("button", name="排期…", exact=True)).to_be_visible()


def test_a_locked_grid_is_named_so_and_cannot_be_drawn_on(visit: Opener, fresh: str, watched: Watched) -> None:
    page = ready(visit(f"{PATH}?plan={begun(fresh)}&sel={GRIDS[1]}", address=fresh))
    page.get_by_role("button", name="锁定").click()
    expect(page.get_by_role("button", name="解锁")).to_be_visible(timeout=SHOWN_MS)
    take(page, "拆分")
    middle = SOUTH + 1.5 * HIGH
    draw(page, (FAR[0], middle), (FAR[1], middle))
    refusal = page.get_by_role("alert").filter(has_text="没有改成")
    expect(refusal).to_contain_text(re.compile(r"第1-2网格 在方案 \d+ 里已锁定"), timeout=SHOWN_MS)
    assert all(re.search("status of 4", one) for one in watched.complaints)
    watched.complaints.clear()


def test_a_comment_is_kept_and_settled(visit: Opener, fresh: str) -> None:
    page = ready(visit(f"{PATH}?plan={begun(fresh)}", address=fresh))
    spoken = tab(page, "审批")
    spoken.get_by_role("textbox", name="写意见").fill("这条线切开了三栋楼")
    spoken.get_by_role("button", name="提意见").click()
    listed = page.get_by_role("region", name="意见").get_by_role("listitem")
    expect(listed).to_contain_text("这条线切开了三栋楼", timeout=SHOWN_MS)
    listed.get_by_role("button", name="已处理").click()
    expect(listed.get_by_role("button", name="重开")).to_be_visible(timeout=SHOWN_MS)


def test_a_link_opens_a_plan_to_be_read_alone(visit: Opener, fresh: str) -> None:
    plan = begun(fresh, "给居民看的")
    changed(fresh, plan, **SPLIT)
    page = ready(visit(f"{PATH}?plan={plan}", address=fresh))
    tab(page, "审批").get_by_role("button", name="分享只读链接…").click()
    page.get_by_role("dialog").get_by_role("button", name="生成链接").click()
    address = page.get_by_role("dialog", name="链接已生成").get_by_role("textbox").input_value()
    page.goto(address)
    expect(page.get_by_role("heading", name="给居民看的")).to_be_visible(timeout=SHOWN_MS)
    expect(page.get_by_role("region", name="谁会变动")).to_be_visible()
    expect(tools(page)).to_be_hidden()
    expect(page.get_by_role("button", name="发布方案…")).to_be_hidden()


def test_a_grid_is_renamed_from_where_it_is_chosen(visit: Opener, fresh: str) -> None:
    page = ready(visit(f"{PATH}?plan={begun(fresh)}", address=fresh))
    page.mouse.click(*at(page, WEST + WIDE / 2, SOUTH + 1.5 * HIGH))
    page.get_by_role("button", name="改名").click()
    box = page.get_by_role("dialog")
    box.get_by_role("textbox").fill("柳林中网格")
    box.get_by_role("button", name="改名").click()
    expect(tab(page, "改动").get_by_role("listitem")).to_contain_text("柳林中网格", timeout=SHOWN_MS)
