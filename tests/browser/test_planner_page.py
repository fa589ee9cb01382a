"""The planner as a planner meets it: grids split, merged, given ground, dragged, looked at and published."""

from __future__ import annotations

import re

import httpx
from playwright.sync_api import Page, expect

from tests.browser import planners
from tests.browser.conftest import Opener, Watched
from tests.browser.planners import (
    FAR,
    GRIDS,
    PATH,
    SCOPE,
    SHOWN_MS,
    begun,
    changed,
    done,
    draw,
    ready,
    switch,
    tab,
    take,
)
from tests.small_city import COMMUNITIES, HIGH, SOUTH, WEST, WIDE

MIDDLE = SOUTH + 1.5 * HIGH


def refused(watched: Watched) -> None:
    """A refusal is in the browser's log too, whatever the page makes of it."""
    assert watched.complaints
    assert all(re.search(r"status of 4(09|22)", one) for one in watched.complaints)
    watched.complaints.clear()


def test_a_plan_is_begun_by_name_and_scope_and_found_in_the_list(visit: Opener, board: str) -> None:
    page = visit(PATH, address=board)
    page.get_by_role("button", name="新建方案").click()
    page.get_by_role("textbox", name="名称").fill("西片优化")
    page.get_by_role("combobox", name="范围").select_option(SCOPE)
    page.get_by_role("button", name="开始画").click()
    ready(page)
    expect(page.get_by_role("heading", name="西片优化")).to_be_visible()
    expect(page.get_by_role("complementary")).to_contain_text(SCOPE)
    assert re.search(r"plan=\d+", page.url)
    page.get_by_role("button", name="返回方案清单").click()
    expect(page.get_by_role("list", name="方案").get_by_role("link", name=re.compile("西片优化.*草案"))).to_be_visible()


def test_a_scope_is_pointed_at_on_the_map(visit: Opener, board: str) -> None:
    page = visit(PATH, address=board)
    page.get_by_role("button", name="新建方案").click()
    page.wait_for_load_state("networkidle")
    page.mouse.click(*planners.at(page, WEST + 1.5 * WIDE, SOUTH + 0.5 * HIGH))
    expect(page.get_by_role("combobox", name="范围")).to_have_value(COMMUNITIES[1])


def test_a_grid_is_split_by_a_line_and_the_split_undone_and_redone_by_keys(drawn: Page) -> None:
    take(drawn, "拆分")
    draw(drawn, (FAR[0], MIDDLE), (FAR[1], MIDDLE))
    done(drawn, "拆分")
    moved = drawn.get_by_role("region", name="谁会变动").get_by_role("row")
    expect(moved).to_have_count(3)  # head, one move, total
    new = f"{SCOPE}004"
    expect(tab(drawn, "对照编码")).to_contain_text(new)
    drawn.keyboard.press("Control+z")
    expect(tab(drawn, "对照编码")).to_contain_text("编码都不变", timeout=SHOWN_MS)
    drawn.keyboard.press("Control+Shift+z")
    expect(tab(drawn, "对照编码")).to_contain_text(new, timeout=SHOWN_MS)


def test_grids_are_merged_after_they_were_pointed_at(drawn: Page) -> None:
    take(drawn, "合并")
    for row in (0.5, 1.5):
        drawn.mouse.click(*planners.at(drawn, WEST + WIDE / 2, SOUTH + row * HIGH))
        drawn.wait_for_timeout(300)
    drawn.get_by_role("status").get_by_role("button", name="合并", exact=True).click()
    done(drawn, "合并")
    expect(planners.steps(drawn)).to_have_count(1)
    codes = tab(drawn, "对照编码")
    expect(codes).to_contain_text("停用")


def test_ground_is_given_to_the_grid_that_was_chosen(drawn: Page) -> None:
    take(drawn, "划转")
    planners.choose(drawn, GRIDS[0])
    west, east = WEST + 0.2 * WIDE, WEST + 0.8 * WIDE
    draw(drawn, (west, SOUTH + 0.8 * HIGH), (east, SOUTH + 0.8 * HIGH), (east, MIDDLE), (west, MIDDLE))
    done(drawn, "划地给")
    moved = drawn.get_by_role("region", name="谁会变动").get_by_role("row").nth(1)
    expect(moved).to_contain_text(re.compile("第1-2网格.*→.*第1-1网格"))


def test_a_polygon_beyond_the_scope_is_cut_to_it_and_the_page_says_how_much(drawn: Page, board: str) -> None:
    take(drawn, "划转")
    planners.choose(drawn, GRIDS[0])
    west, east, low, high = WEST + 0.8 * WIDE, WEST + 1.1 * WIDE, SOUTH + 0.8 * HIGH, MIDDLE
    planners.type_places(drawn, (west, low), (east, low), (east, high), (west, high))
    done(drawn, "划地给")
    told = re.compile(r"超出范围的 [\d.,]+ (平方米|公顷)没有划入")
    expect(drawn.get_by_role("status").filter(has_text=told).last).to_be_visible()
    plan = int(re.findall(r"plan=(\d+)", drawn.url)[0])
    preview = httpx.get(f"{board}/v1/plans/{plan}/preview", timeout=30).json()
    assert {one["code"] for one in preview["grids"]} == set(GRIDS[:2])


def test_a_border_is_moved_by_a_line_of_typed_coordinates(drawn: Page) -> None:
    take(drawn, "移界")
    planners.choose(drawn, GRIDS[0])
    planners.choose(drawn, GRIDS[1])
    planners.type_places(drawn, (FAR[0], SOUTH + 1.2 * HIGH), (FAR[1], SOUTH + 1.2 * HIGH))
    done(drawn, "移动")
    expect(planners.steps(drawn).first).to_contain_text("边界")


def test_a_dedicated_grid_is_cut_and_named(drawn: Page) -> None:
    take(drawn, "专属")
    west, east, south, north = WEST + 0.3 * WIDE, WEST + 0.6 * WIDE, SOUTH + 1.3 * HIGH, SOUTH + 1.7 * HIGH
    draw(drawn, (west, south), (east, south), (east, north), (west, north))
    box = drawn.get_by_role("dialog", name="专属网格")
    box.get_by_role("textbox", name="名称").fill("文三商圈专属网格")
    box.get_by_role("button", name="划出专属网格").click()
    done(drawn, "文三商圈专属网格")
    expect(tab(drawn, "对照编码")).to_contain_text("文三商圈专属网格")


def test_a_shared_vertex_takes_its_neighbours_along_and_comes_back_by_undo(drawn: Page, board: str) -> None:
    take(drawn, "拐点")
    planners.choose(drawn, GRIDS[1])
    handle = drawn.get_by_role("button", name="拐点 2", exact=True)
    box = handle.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    drawn.mouse.move(x, y)
    drawn.mouse.down()
    drawn.mouse.move(x + 12, y + 30, steps=5)
    drawn.mouse.up()
    done(drawn, "划地给")
    plan = int(re.findall(r"plan=(\d+)", drawn.url)[0])
    told = httpx.get(f"{board}/v1/plans/{plan}/preview", timeout=30).json()
    assert told["changed"] == 2
    assert {one["old"] for one in told["crossings"]} <= set(GRIDS)
    drawn.keyboard.press("Control+z")
    expect(drawn.get_by_text("还没有改动可发布")).to_be_visible(timeout=SHOWN_MS)
    assert httpx.get(f"{board}/v1/plans/{plan}/preview", timeout=30).json()["is_same"]


def test_what_was_one_act_is_undone_at_once_in_another_tab_too(visit: Opener, board: str) -> None:
    plan = begun(board)
    split = {"kind": "split", "code": GRIDS[1], "line": planners.split_line(1.5)}
    act = {"changes": [split, {"kind": "rename", "code": GRIDS[2], "name": "北网格"}]}
    httpx.post(f"{board}/v1/plans/{plan}/acts", json=act, timeout=30).raise_for_status()
    page = ready(visit(f"{PATH}?plan={plan}", address=board))
    expect(planners.steps(page).last).to_contain_text("与第 1 步一起")
    page.keyboard.press("Control+z")
    expect(page.get_by_text("还没有改动可发布")).to_be_visible(timeout=SHOWN_MS)
    page.keyboard.press("Control+Shift+z")
    expect(page.get_by_text("还没有改动可发布")).to_be_hidden(timeout=SHOWN_MS)
    assert not any(one["is_undone"] for one in httpx.get(f"{board}/v1/plans/{plan}", timeout=30).json()["changes"])


def test_a_vertex_is_moved_by_arrow_keys_alone(drawn: Page) -> None:
    take(drawn, "拐点")
    planners.choose(drawn, GRIDS[1])
    drawn.get_by_role("button", name="拐点 2", exact=True).focus()
    for _ in range(4):
        drawn.keyboard.press("ArrowDown")
    drawn.keyboard.press("Enter")
    done(drawn, "划地给")


def test_a_line_is_drawn_by_the_keyboard_alone(drawn: Page) -> None:
    drawn.get_by_role("complementary").focus()
    drawn.keyboard.press("s")
    half = drawn.get_by_role("main").bounding_box()
    assert half
    west = planners.at(drawn, FAR[0], MIDDLE)[0]
    middle = half["x"] + half["width"] / 2
    presses = round((middle - west) / 12)
    drawn.keyboard.press("ArrowLeft")  # the cross-hair appears
    for _ in range(presses):
        drawn.keyboard.press("ArrowLeft")
    drawn.keyboard.press("Enter")
    for _ in range(2 * presses):
        drawn.keyboard.press("ArrowRight")
    drawn.keyboard.press("Enter")
    drawn.keyboard.press("f")
    done(drawn, "拆分")


def test_what_was_drawn_is_there_after_a_reload_and_so_is_half_a_line(drawn: Page) -> None:
    take(drawn, "拆分")
    draw(drawn, (FAR[0], MIDDLE), (FAR[1], MIDDLE))
    done(drawn, "拆分")
    drawn.mouse.click(*planners.at(drawn, FAR[0], SOUTH + 2.5 * HIGH))
    drawn.wait_for_timeout(400)
    drawn.mouse.click(*planners.at(drawn, WEST + WIDE / 2, SOUTH + 2.5 * HIGH))
    expect(drawn.get_by_role("button", name="画完")).to_be_visible()
    drawn.reload()
    ready(drawn)
    expect(drawn.get_by_role("button", name="画完")).to_be_visible()
    expect(tab(drawn, "改动").get_by_role("listitem")).to_have_count(1)
    drawn.mouse.dblclick(*planners.at(drawn, FAR[1], SOUTH + 2.5 * HIGH))
    expect(tab(drawn, "改动").get_by_role("listitem")).to_have_count(2, timeout=SHOWN_MS)


def test_a_change_that_cannot_be_is_told_where_it_was_drawn(drawn: Page, watched: Watched) -> None:
    take(drawn, "拆分")
    draw(drawn, (WEST + 0.3 * WIDE, MIDDLE), (WEST + 0.6 * WIDE, MIDDLE))
    expect(drawn.get_by_role("alert").filter(has_text="没有改成")).to_be_visible(timeout=SHOWN_MS)
    expect(drawn.get_by_text("还没有改动可发布")).to_be_visible()
    refused(watched)


def test_publishing_says_what_it_will_do_and_does_it(visit: Opener, fresh: str) -> None:
    plan = begun(fresh)
    changed(fresh, plan, kind="split", code=GRIDS[1], line=planners.split_line(1.5))
    page = ready(visit(f"{PATH}?plan={plan}", address=fresh))
    page.get_by_role("button", name="发布方案…").click()
    box = page.get_by_role("dialog", name=re.compile("发布"))
    expect(box).to_contain_text("成为第 2 版，立即生效")
    expect(box).to_contain_text("1 个新编码")
    box.get_by_role("button", name="发布，立即生效").click()
    expect(page.get_by_text("已发布为第 2 版")).to_be_visible(timeout=SHOWN_MS)
    expect(page.get_by_role("complementary")).to_contain_text("已生效")
    expect(planners.tools(page)).to_be_hidden()
    assert len(httpx.get(f"{fresh}/v1/editions").json()["editions"]) == 2


def test_a_conflict_shows_both_drawings_and_the_ways_on(visit: Opener, fresh: str, watched: Watched) -> None:
    mine, theirs = begun(fresh, "我的"), begun(fresh, "别人的")
    changed(fresh, mine, kind="split", code=GRIDS[1], line=planners.split_line(1.5))
    changed(fresh, mine, kind="rename", code=GRIDS[2], name="北网格")
    changed(fresh, theirs, kind="merge", codes=GRIDS[:2])
    page = ready(visit(f"{PATH}?plan={mine}", address=fresh))
    planners.published(fresh, theirs)
    page.get_by_role("button", name="发布方案…").click()
    page.get_by_role("dialog").get_by_role("button", name="发布，立即生效").click()
    conflict = page.get_by_role("alert").filter(has_text="别人已经改过这些网格")
    expect(conflict).to_be_visible(timeout=SHOWN_MS)
    expect(conflict).to_contain_text("第1-2网格")
    conflict.get_by_role("button", name="现行", exact=True).click()
    expect(conflict.get_by_role("button", name="现行", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("region", name="图例")).to_contain_text("现行版的边界")
    expect(page.get_by_role("button", name="发布方案…")).to_be_disabled()
    refused(watched)
    conflict.get_by_role("button", name="在现行版上另起方案").click()
    page.get_by_role("dialog").get_by_role("button", name="新起方案").click()
    lost = page.get_by_role("dialog", name="1 处改动带不过去")
    expect(lost).to_contain_text(GRIDS[1], timeout=SHOWN_MS)
    lost.get_by_role("button", name="打开新方案").click()
    page.wait_for_url(re.compile(rf"plan=(?!{mine}\b)\d+"))
    ready(page)
    expect(page.get_by_role("complementary")).to_contain_text("基于第 2 版")
    expect(planners.steps(page)).to_have_count(1)  # the split could not be taken over, the name could
    watched.complaints.clear()


def test_the_planner_works_in_english(visit: Opener, board: str) -> None:
    page = visit(f"{PATH}?plan={begun(board, 'North')}", address=board, lang="en-GB")
    expect(planners.tools(page).get_by_role("button", name="Split", exact=True)).to_be_visible(timeout=SHOWN_MS)
    expect(page.get_by_role("tab", name="Effects")).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link", name="Plans")).to_have_attribute("aria-current", "page")
    assert not re.search(r"\bplan\.[a-z]", page.get_by_role("complementary").inner_text())


def test_on_a_telephone_a_grid_is_split_by_touch(visit: Opener, board: str) -> None:
    page = ready(visit(f"{PATH}?plan={begun(board)}", address=board, size=(390, 844)))
    boxes = [one.bounding_box() for one in planners.tools(page).get_by_role("button").all()]
    assert all(box and box["x"] + box["width"] <= 390 for box in boxes), boxes
    take(page, "拆分")
    expect(page.get_by_role("button", name="展开或收起列表")).to_have_attribute("aria-expanded", "false")
    for pressed in ("false", "true"):
        box = switch(page).bounding_box()
        assert box
        assert box["height"] >= 44
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        expect(switch(page)).to_have_attribute("aria-pressed", pressed)
    page.wait_for_load_state("networkidle")
    planners.choose(page, GRIDS[1])
    page.touchscreen.tap(*planners.at(page, FAR[0], MIDDLE))
    page.wait_for_timeout(400)
    page.touchscreen.tap(*planners.at(page, FAR[1], MIDDLE))
    page.get_by_role("button", name="画完").click()
    done(page, "拆分")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390


def test_the_page_is_light_and_asks_for_the_library_of_gestures_alone(visit: Opener, board: str) -> None:
    plan = begun(board)
    changed(board, plan, kind="split", code=GRIDS[1], line=planners.split_line(1.5))
    page = ready(visit(f"{PATH}?plan={plan}", address=board))
    nodes: int = page.evaluate("() => document.querySelectorAll('*').length")
    assert nodes <= 500
    sizes: dict[str, int] = page.evaluate(
        """() => Object.fromEntries(performance.getEntries().filter((one) => one.encodedBodySize)
            .map((one) => [new URL(one.name).pathname, one.encodedBodySize]))"""
    )
    shell = {path: size for path, size in sizes.items() if not path.startswith(("/tiles", "/v1"))}
    assert sum(shell.values()) <= 230_000
    assert any("geoman" in path for path in shell)
    other = visit("/maps/coverage", address=board)
    other.wait_for_load_state("networkidle")
    assert "geoman" not in other.content()
