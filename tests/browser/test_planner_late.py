"""The planner on a slow network: what one types, chooses or draws while an answer is under way is not lost by it."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser import planners
from tests.browser.conftest import Opener, Watched
from tests.browser.held import Held, typed
from tests.browser.planners import FAR, GRIDS, PATH, SCOPE, SHOWN_MS, at, begun, changed, draw, ready, tab, take
from tests.small_city import HIGH, SOUTH, WEST, WIDE

CHANGES = r"/v1/plans/\d+/changes"
LOST = r"ERR_FAILED|status of"


def plan_of(page: Page) -> int:
    return int(re.findall(r"plan=(\d+)", page.url)[0])


def made(address: str, page: Page) -> list[dict[str, object]]:
    """Changes of the plan that the page shows, as the server has them."""
    told = httpx.get(f"{address}/v1/plans/{plan_of(page)}", timeout=30).json()["changes"]
    return [one["change"] for one in told if not one["is_undone"]]


def across(page: Page, row: float) -> None:
    draw(page, (FAR[0], SOUTH + row * HIGH), (FAR[1], SOUTH + row * HIGH))


def forgiven(watched: Watched) -> None:
    """A lost connection is in the browser's log too, whatever the page makes of it."""
    assert all(re.search(LOST, one) for one in watched.complaints), watched.complaints
    watched.complaints.clear()


def test_a_name_is_typed_on_while_plans_and_areas_arrive(visit: Opener, board: str) -> None:
    page = visit("/maps/compare", address=board)
    lists, values = Held(page, r"/v1/plans$"), Held(page, r"/v1/values")
    page.goto(board + PATH)
    page.get_by_role("button", name="新建方案").click()
    typed(page, "西片")
    values.until(1)
    values.let_go()
    expect(page.get_by_role("combobox", name="范围")).to_be_visible()
    typed(page, "优化")
    lists.let_go()
    page.wait_for_load_state("networkidle")
    typed(page, "方案")
    expect(page.get_by_role("textbox", name="名称")).to_have_value("西片优化方案")


def test_two_presses_begin_one_plan(visit: Opener, board: str) -> None:
    page = visit(PATH, address=board)
    page.get_by_role("button", name="新建方案").click()
    page.get_by_role("textbox", name="名称").fill("只要一个")
    page.get_by_role("combobox", name="范围").select_option(SCOPE)
    door = Held(page, r"/v1/plans$", "POST")
    page.get_by_role("button", name="开始画").click()
    page.get_by_role("textbox", name="名称").press("Enter")
    door.until(1)
    door.let_go()
    ready(page)
    told = httpx.get(f"{board}/v1/plans", timeout=30).json()["plans"]
    assert [one["name"] for one in told].count("只要一个") == 1


def test_a_line_drawn_while_another_is_worked_out_is_kept_too(drawn: Page, board: str) -> None:
    take(drawn, "拆分")
    door = Held(drawn, CHANGES, "POST")
    across(drawn, 1.5)
    door.until(1)
    across(drawn, 2.5)
    door.let_go()
    expect(planners.steps(drawn)).to_have_count(2, timeout=SHOWN_MS)
    assert [one["kind"] for one in made(board, drawn)] == ["split", "split"]


def test_a_key_pressed_twice_undoes_two_changes(visit: Opener, board: str) -> None:
    plan = begun(board)
    for k in (0, 1):
        changed(board, plan, kind="rename", code=GRIDS[k], name=f"网格{k}")
    page = ready(visit(f"{PATH}?plan={plan}", address=board))
    door = Held(page, CHANGES, "DELETE")
    page.keyboard.press("Control+z")
    door.until(1)
    page.keyboard.press("Control+z")
    door.let_go()
    expect(page.get_by_text("还没有改动可发布")).to_be_visible(timeout=SHOWN_MS)
    assert made(board, page) == []


def test_what_is_chosen_while_a_change_is_worked_out_stays_chosen(drawn: Page) -> None:
    take(drawn, "拆分")
    door = Held(drawn, CHANGES, "POST")
    across(drawn, 1.5)
    door.until(1)
    take(drawn, "划转")
    planners.choose(drawn, GRIDS[0])
    place = (WEST + 0.3 * WIDE, SOUTH + 1.2 * HIGH)
    drawn.mouse.move(*at(drawn, *place))
    drawn.mouse.click(*at(drawn, *place))
    expect(drawn.get_by_role("button", name="退一点")).to_be_visible()
    door.let_go()
    expect(planners.steps(drawn)).to_have_count(1, timeout=SHOWN_MS)
    expect(drawn.get_by_role("button", name="退一点")).to_be_visible()


def test_a_comment_that_is_being_written_outlives_what_is_drawn_anew(drawn: Page, watched: Watched) -> None:
    text = tab(drawn, "审批").get_by_role("textbox", name="写意见")
    text.fill("这条线切开了三栋楼")
    drawn.mouse.click(*at(drawn, WEST + WIDE / 2, SOUTH + 1.5 * HIGH))
    expect(drawn.get_by_role("button", name="改名")).to_be_visible()
    expect(text).to_have_value("这条线切开了三栋楼")
    door = Held(drawn, r"/comments$", "POST")
    drawn.get_by_role("button", name="提意见").click()
    door.until(1)
    door.lose()
    expect(drawn.get_by_role("status").filter(has_text="没有改成")).to_be_visible(timeout=SHOWN_MS)
    expect(text).to_have_value("这条线切开了三栋楼")
    door.let_go()
    tab(drawn, "影响")
    tab(drawn, "审批")
    expect(text).to_have_value("这条线切开了三栋楼")
    drawn.get_by_role("button", name="提意见").click()
    listed = drawn.get_by_role("region", name="意见").get_by_role("listitem")
    expect(listed).to_contain_text("这条线切开了三栋楼", timeout=SHOWN_MS)
    expect(text).to_have_value("")
    forgiven(watched)


def test_a_refusal_is_told_where_no_tool_is_in_hand(drawn: Page, board: str, watched: Watched) -> None:
    httpx.put(f"{board}/v1/plans/{plan_of(drawn)}/locks/{GRIDS[1]}", timeout=30).raise_for_status()
    drawn.mouse.click(*at(drawn, WEST + WIDE / 2, SOUTH + 1.5 * HIGH))
    drawn.get_by_role("button", name="撤销网格").click()
    expect(drawn.get_by_role("alert").filter(has_text="没有改成")).to_be_visible(timeout=SHOWN_MS)
    forgiven(watched)


@pytest.mark.parametrize(
    ("button", "sure", "door"), [("分享只读链接…", "生成链接", r"/links$"), ("另存为新方案…", "新起方案", r"/fork$")]
)
def test_what_is_refused_of_the_plan_as_a_whole_is_told(
    drawn: Page, watched: Watched, button: str, sure: str, door: str
) -> None:
    held = Held(drawn, door, "POST")
    tab(drawn, "审批").get_by_role("button", name=button).click()
    drawn.get_by_role("dialog").get_by_role("button", name=sure).click()
    held.until(1)
    held.lose()
    expect(drawn.get_by_role("status").filter(has_text="没有改成")).to_be_visible(timeout=SHOWN_MS)
    forgiven(watched)


def test_an_undo_that_does_not_reach_the_server_is_told_and_can_be_pressed_again(
    visit: Opener, board: str, watched: Watched
) -> None:
    plan = begun(board)
    changed(board, plan, kind="rename", code=GRIDS[0], name="南网格")
    page = ready(visit(f"{PATH}?plan={plan}", address=board))
    door = Held(page, r"/v1/plans/\d+(/changes/.*|/preview|/drawing|)$")
    page.keyboard.press("Control+z")
    door.until(1)
    door.lose()
    door.until(1)
    for _ in range(3):
        door.lose()
        page.wait_for_timeout(100)
    expect(page.get_by_role("status").filter(has_text="连不上服务器")).to_be_visible(timeout=SHOWN_MS)
    door.let_go()
    page.keyboard.press("Control+z")
    expect(page.get_by_text("还没有改动可发布")).to_be_visible(timeout=SHOWN_MS)
    forgiven(watched)


def test_the_keyboard_stays_at_the_finding_that_it_went_to(visit: Opener, board: str) -> None:
    plan = begun(board)
    changed(board, plan, kind="split", code=GRIDS[1], line=planners.split_line(1.5))
    page = ready(visit(f"{PATH}?plan={plan}&tab=checks", address=board))
    rows = tab(page, "检查").get_by_role("listitem").filter(has=page.get_by_role("button", name="定位"))
    assert rows.count() > 1
    last = rows.last.get_by_role("button", name="定位")
    last.focus()
    page.keyboard.press("Enter")
    expect(rows.last).to_have_class("sel")
    expect(last).to_be_focused()


def test_the_keyboard_stays_beside_the_tool_while_grids_are_chosen(drawn: Page) -> None:
    take(drawn, "合并")
    drawn.get_by_role("combobox", name="选网格…").focus()
    planners.choose(drawn, GRIDS[0])
    expect(drawn.get_by_role("combobox", name="选网格…")).to_be_focused()


def test_a_vertex_moved_by_keys_stays_in_hand(drawn: Page) -> None:
    take(drawn, "拐点")
    planners.choose(drawn, GRIDS[1])
    handle = drawn.get_by_role("button", name="拐点 2", exact=True)
    handle.focus()
    for _ in range(4):
        drawn.keyboard.press("ArrowDown")
    drawn.keyboard.press("Enter")
    planners.done(drawn, "划地给")
    expect(drawn.locator(".handle:focus")).to_have_count(1)


def test_a_vertex_in_hand_is_not_let_go_by_an_answer(drawn: Page, board: str) -> None:
    take(drawn, "拐点")
    planners.choose(drawn, GRIDS[1])
    door = Held(drawn, r"/(changes|acts)$", "POST")
    first, second = (drawn.get_by_role("button", name=f"拐点 {k}", exact=True) for k in (1, 2))
    places = []
    for handle in (first, second):
        box = handle.bounding_box()
        assert box
        places.append((box["x"] + box["width"] / 2, box["y"] + box["height"] / 2))
    (ax, ay), (bx, by) = places
    drawn.mouse.move(ax, ay)
    drawn.mouse.down()
    drawn.mouse.move(ax + 10, ay + 24, steps=4)
    drawn.mouse.up()
    door.until(1)
    drawn.mouse.move(bx, by)
    drawn.mouse.down()
    drawn.mouse.move(bx + 10, by + 20, steps=4)
    door.let_go()
    planners.done(drawn, "划地给")
    drawn.mouse.move(bx + 12, by + 24, steps=2)
    drawn.mouse.up()
    expect(planners.steps(drawn)).to_have_count(2, timeout=SHOWN_MS)


def test_a_vertex_dragged_to_the_rim_of_the_map_stays_in_hand_while_the_map_moves(drawn: Page) -> None:
    take(drawn, "拐点")
    planners.choose(drawn, GRIDS[1])
    box = drawn.get_by_role("button", name="拐点 2", exact=True).bounding_box()
    main = drawn.get_by_role("main").bounding_box()
    assert box
    assert main
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = drawn.url
    drawn.mouse.move(x, y)
    drawn.mouse.down()
    drawn.mouse.move(x, main["y"] + 60, steps=4)
    drawn.mouse.move(x, main["y"] + 12, steps=4)
    drawn.mouse.move(x, main["y"] + 14, steps=2)
    expect(drawn).not_to_have_url(before)
    drawn.mouse.move(x, y + 30, steps=4)
    expect(drawn.locator(".handle .pull")).to_be_visible()
    drawn.mouse.up()
    expect(drawn.locator(".handle .pull")).to_have_count(0)


def test_a_key_takes_the_last_place_back_while_something_is_drawn(visit: Opener, board: str) -> None:
    plan = begun(board)
    changed(board, plan, kind="rename", code=GRIDS[0], name="南网格")
    page = ready(visit(f"{PATH}?plan={plan}&tool=split", address=board))
    place = at(page, WEST + 0.3 * WIDE, SOUTH + 1.5 * HIGH)
    page.mouse.move(*place)
    page.mouse.click(*place)
    back = page.get_by_role("button", name="退一点")
    expect(back).to_be_visible()
    page.keyboard.press("Control+z")
    expect(back).to_be_hidden()
    assert len(made(board, page)) == 1


def test_half_a_line_is_there_for_who_closes_the_tab_and_comes_back_by_the_list(drawn: Page, board: str) -> None:
    take(drawn, "划转")
    planners.choose(drawn, GRIDS[0])
    for share in (0.3, 0.6):
        place = at(drawn, WEST + share * WIDE, SOUTH + 1.5 * HIGH)
        drawn.mouse.move(*place)
        drawn.mouse.click(*place)
        drawn.wait_for_timeout(350)
    plan, context = plan_of(drawn), drawn.context
    drawn.close()
    page = context.new_page()
    page.goto(f"{board}{PATH}?plan={plan}")
    ready(page)
    expect(page.get_by_role("button", name="退一点")).to_be_visible()
    for share, row in ((0.6, 0.7), (0.3, 0.7)):
        place = at(page, WEST + share * WIDE, SOUTH + row * HIGH)
        page.mouse.move(*place)
        page.mouse.click(*place)
        page.wait_for_timeout(350)
    page.get_by_role("button", name="画完").click()
    planners.done(page, "划地给")


def test_what_did_not_reach_the_server_is_drawn_still(drawn: Page, board: str, watched: Watched) -> None:
    take(drawn, "划转")
    planners.choose(drawn, GRIDS[0])
    door = Held(drawn, CHANGES, "POST")
    west, east, low, high = WEST + 0.2 * WIDE, WEST + 0.8 * WIDE, SOUTH + 0.8 * HIGH, SOUTH + 1.5 * HIGH
    draw(drawn, (west, low), (east, low), (east, high), (west, high))
    door.until(1)
    door.lose()
    expect(drawn.get_by_role("alert").filter(has_text="连不上服务器")).to_be_visible(timeout=SHOWN_MS)
    door.let_go()
    drawn.get_by_role("button", name="画完").click()
    planners.done(drawn, "划地给")
    assert len(made(board, drawn)) == 1
    forgiven(watched)


def test_two_presses_merge_once(drawn: Page, board: str) -> None:
    take(drawn, "合并")
    for code in GRIDS[:2]:
        planners.choose(drawn, code)
    door = Held(drawn, CHANGES, "POST")
    merge = drawn.get_by_role("status").get_by_role("button", name="合并", exact=True)
    merge.click()
    door.until(1)
    expect(merge).to_be_hidden()
    drawn.keyboard.press("Enter")
    door.let_go()
    planners.done(drawn, "合并")
    drawn.wait_for_load_state("networkidle")
    assert len(made(board, drawn)) == 1
    expect(drawn.get_by_role("alert")).to_have_count(0)


def test_a_page_that_the_browser_kept_is_not_older_than_its_plans(visit: Opener, board: str) -> None:
    page = visit(PATH, address=board)
    expect(page.get_by_role("button", name="新建方案")).to_be_visible()
    page.wait_for_load_state("networkidle")
    begun(board, "回来才见到的")
    page.evaluate("() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(page.get_by_role("link", name=re.compile("回来才见到的"))).to_be_visible()
