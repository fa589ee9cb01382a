"""The page of blind spots as people meet it: by what they see, click and type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

import pytest
import sqlalchemy as sa
from playwright.sync_api import Route, expect

from tests import small_city
from tests.browser.conftest import Opener, Watched
from tests.browser.spots import FAR, NEAR, PAINT, PATH, legend, names, opened, ready, row, rows, spotted
from tests.browser.test_coverage_page import asked, colours, pixel_of
from tests.serving import served
from tests.spotted_city import CODES, DISTRICT, SCORES, place, publish_spotted_city

FIRST = next(iter(SCORES))


@pytest.fixture(scope="module")
def city(engine: sa.Engine) -> Iterator[str]:
    yield from spotted(engine)


# -- the list ----------------------------------------------------------------------------------------------------------
def test_blind_spots_are_ranked_by_people_times_weight(visit: Opener) -> None:
    page = ready(visit(PATH))
    expect(page.get_by_role("heading", name="6 栋盲点楼宇")).to_be_visible()
    assert names(page) == list(SCORES)
    for name, score in SCORES.items():
        expect(row(page, name).locator(".score")).to_have_text(str(score))
        expect(row(page, name)).to_contain_text(CODES[name])


def test_a_row_says_why_in_a_sentence_and_writes_its_score_out(visit: Opener) -> None:
    page = ready(visit(PATH))
    expect(row(page, "东塔")).to_contain_text("1 家单位各有 3 名以上正式党员，无组织")
    row(page, "东塔").get_by_role("button").first.click()
    for text in ("100 × 1 = 100", "10 × 0.6 = 6", "100 + 6 = 106", "另有 1 家未调查", "数码公司：5 名正式党员"):
        expect(row(page, "东塔")).to_contain_text(text)
    row(page, "西塔").get_by_role("button").first.click()
    expect(row(page, "西塔")).to_contain_text("50 × 0.6 = 30")
    expect(opened(page)).to_have_count(1)


def test_the_bar_and_the_legend_count_every_building_and_the_status_line_the_unknown(visit: Opener) -> None:
    page = ready(visit(PATH))
    bar = page.get_by_role("complementary").get_by_role("img")
    expect(bar).to_have_accessible_name(re.compile("应建未建 1，可联合组建 2，.*已覆盖 1，未调查 1"))
    expect(page.get_by_role("complementary")).to_contain_text("共 9 栋")
    for text in ("P1应建未建1", "P2可联合组建2", "P5纸面覆盖1", "工作覆盖1", "已覆盖1", "未调查 U1"):
        expect(legend(page)).to_contain_text(text)
    expect(page.locator(".status")).to_contain_text("未知 1 / 9 栋（11.1%）")
    expect(page.locator(".status")).to_contain_text("单位普查 20")
    expect(page.locator(".status")).to_contain_text("审图号待申请")


def test_chips_are_filters_with_counts_and_the_address_holds_them(visit: Opener) -> None:
    page = ready(visit(PATH))
    chips = page.get_by_role("group", name="按代码筛选")
    expect(chips.get_by_role("button")).to_have_text(["全部 6", "P1 1", "P2 2", "P3 1", "P4 1", "P5 1"])
    chips.get_by_role("button", name="P2").click()
    expect(rows(page)).to_have_count(2)
    chips.get_by_role("button", name="P4").click()
    expect(rows(page)).to_have_count(3)
    assert asked(page, "codes") == "P2,P4"
    expect(page.get_by_role("heading", name="6 栋盲点楼宇")).to_be_visible()
    page.reload()
    assert names(ready(page)) == ["联合一号楼", "联合二号楼", "升级楼"]
    chips.get_by_role("button", name="全部").click()
    expect(rows(page)).to_have_count(6)


def test_the_unknown_have_a_list_of_their_own(visit: Opener) -> None:
    page = ready(visit(PATH))
    expect(page.get_by_text("另有 1 栋未调查")).to_be_visible()
    page.locator(".foot-bar").get_by_role("button", name="安排调查").click()
    expect(rows(page)).to_have_count(1)
    expect(row(page, "未知楼")).to_contain_text("1 家单位未调查")


def test_a_list_without_rows_says_what_is_missing_and_what_next(visit: Opener) -> None:
    page = ready(visit(f"{PATH}?in={small_city.COMMUNITIES[3]}"))
    expect(page.get_by_text("这里还没有单位")).to_be_visible()
    expect(page.get_by_role("link", name="打开导入页")).to_have_attribute("href", "/maps/import")


def test_what_did_not_arrive_is_said_in_its_place_and_can_be_asked_again(visit: Opener, watched: Watched) -> None:
    page = ready(visit(PATH))
    refused = '{"detail": "数据库没有应答"}'
    page.route("**/v1/blind-spots?*code=P3*", lambda route: route.fulfill(status=503, body=refused))
    page.get_by_role("group", name="按代码筛选").get_by_role("button", name="P3").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("数据库没有应答")
    page.unroute("**/v1/blind-spots?*code=P3*")
    alert.get_by_role("button", name="再试").click()
    expect(rows(page)).to_have_count(1)
    watched.complaints = [one for one in watched.complaints if "503" not in one]


# -- list and map ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["西塔", "升级楼", "盖楼"])
def test_buildings_are_painted_in_the_colours_of_the_legend(visit: Opener, name: str) -> None:
    page = ready(visit(f"{PATH}?c={place(name)[1]},{place(name)[0]}&z=18"))
    page.wait_for_timeout(300)
    x, y = pixel_of(page, *place(name))
    assert PAINT[CODES[name]] in colours(page, x, y + 40)


def test_a_click_on_a_building_opens_its_row_and_another_closes_it(visit: Opener) -> None:
    page = ready(visit(NEAR))
    x, y = pixel_of(page, *place("升级楼"))
    page.mouse.click(x + 12, y + 12)
    expect(opened(page)).to_have_accessible_name(re.compile("升级楼，P4，得分 18"))
    assert unquote(asked(page, "sel")).startswith("building/")
    page.mouse.click(x + 12, y + 12)
    expect(opened(page)).to_have_count(0)


def test_a_row_brings_its_building_near_and_the_address_keeps_the_choice(visit: Opener) -> None:
    page = ready(visit(PATH))
    row(page, "西塔").get_by_role("button").first.click()
    expect(opened(page)).to_have_accessible_name(re.compile("西塔"))
    assert float(asked(page, "z")) >= 16
    main = page.get_by_role("main").bounding_box()
    x, y = pixel_of(page, *place("西塔"))
    assert main is not None
    assert main["x"] < x < main["x"] + main["width"]
    assert main["y"] < y < main["y"] + main["height"]
    page.reload()
    expect(opened(ready(page))).to_have_accessible_name(re.compile("西塔"))


def test_hovering_marks_the_row_of_the_building(visit: Opener) -> None:
    page = ready(visit(NEAR))
    x, y = pixel_of(page, *place("东塔"))
    page.mouse.move(x + 14, y + 14)
    expect(row(page, "东塔")).to_have_class(re.compile("hover"))
    page.mouse.move(x + 14, y - 220)
    expect(row(page, "东塔")).not_to_have_class(re.compile("hover"))


def test_a_building_that_is_no_blind_spot_tells_what_it_is(visit: Opener) -> None:
    page = ready(visit(NEAR))
    page.mouse.click(*pixel_of(page, *place("盖楼")))
    expect(page.get_by_role("region", name="所选区域")).to_contain_text("盖楼")
    expect(opened(page)).to_have_count(0)


def test_a_run_out_of_date_is_said_and_looked_for_again(visit: Opener) -> None:
    page = visit("/")

    def older(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        route.fulfill(response=answer, json=told | {"run": told["run"] | {"is_stale": True}})

    page.route("**/v1/blind-spots?*", older)
    page.goto(PATH)
    bar = ready(page).get_by_role("status").filter(has_text="之后有变")
    expect(bar).to_be_visible()
    page.unroute("**/v1/blind-spots?*")
    bar.get_by_role("button", name="重新判定").click()
    expect(bar).to_be_hidden()


def test_the_date_tells_of_the_run(visit: Opener) -> None:
    page = ready(visit(PATH))
    page.get_by_title("页面所示日期与版次").first.click()
    about = page.get_by_role("dialog", name="页面所示日期与版次")
    for text in ("第 1 次", "规则2026.1", "第 1 版"):
        expect(about).to_contain_text(text)


def test_keys_go_down_and_up_the_list_and_escape_lets_go(visit: Opener) -> None:
    page = ready(visit(PATH))
    for key, name in (("j", "东塔"), ("j", "联合一号楼"), ("k", "东塔"), ("k", "纸面楼")):
        page.keyboard.press(key)
        expect(opened(page)).to_have_accessible_name(re.compile(name))
    page.keyboard.press("Escape")
    expect(opened(page)).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="快捷键")).to_contain_text("到所选盲点的主要操作")


# -- where -------------------------------------------------------------------------------------------------------------
def test_the_crumb_leads_down_to_a_grid_and_back(visit: Opener) -> None:
    page = ready(visit(PATH))
    for level, name in (("区", "城东区"), ("街道", "临河街道"), ("社区", "柳林社区"), ("网格", "第1-1网格")):
        below = page.get_by_role("combobox", name=f"进入{level}")
        below.focus()
        below.select_option(label=name)
        expect(page.get_by_role("navigation", name="层级").locator("[aria-current]")).to_have_text(name)
        expect(rows(page)).to_have_count(6)
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation", name="层级").locator("[aria-current]")).to_have_text("柳林社区")
    page.get_by_role("navigation", name="层级").get_by_role("link", name="试验市").click()
    expect(page.get_by_role("navigation", name="层级").locator("[aria-current]")).to_have_text("试验市")


def test_a_business_district_is_entered_and_left(visit: Opener) -> None:
    page = ready(visit(PATH))
    districts = page.get_by_role("combobox", name="商圈、楼群、园区")
    districts.focus()
    districts.select_option(label=DISTRICT)
    crumb = page.get_by_role("navigation", name="层级")
    expect(crumb.locator("[aria-current]")).to_contain_text(DISTRICT)
    expect(legend(page)).to_contain_text("商圈范围共 9 栋")
    page.reload()
    expect(ready(page).get_by_role("navigation", name="层级").locator("[aria-current]")).to_contain_text(DISTRICT)
    page.get_by_role("button", name="离开此商圈").click()
    expect(legend(page)).to_contain_text("所看区域")


def test_far_away_areas_are_shaded_by_their_score(visit: Opener) -> None:
    page = ready(visit(FAR))
    expect(legend(page)).to_contain_text("各社区盲点得分")
    expect(legend(page)).to_contain_text("100–5001")
    expect(legend(page)).to_contain_text("无盲点3")
    page.mouse.click(*pixel_of(page, *small_city.cell_centre(0, 1)))
    expect(page.get_by_role("navigation", name="层级").locator("[aria-current]")).to_have_text("柳林社区")


def test_grids_are_told_by_their_own_codes(visit: Opener) -> None:
    page = ready(visit(PATH))
    page.get_by_role("button", name="网格 G1–G3").click()
    expect(page.get_by_role("heading", name="1 处网格盲点")).to_be_visible()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("平方米不在任何命名网格内")
    chips = page.get_by_role("group", name="按代码筛选").get_by_role("button")
    expect(chips).to_have_text(["全部 1", "G1 1", "G2 0", "G3 0"])
    assert asked(page, "by") == "grid"
    expect(page.locator(".status")).to_contain_text("未知 12 / 13 格")


# -- weights -----------------------------------------------------------------------------------------------------------
def test_other_weights_are_tried_on_this_page_only_and_taken_back(visit: Opener) -> None:
    page = ready(visit(PATH))
    page.get_by_role("button", name="改权重").click()
    sheet = page.get_by_role("dialog", name="权重与门槛")
    expect(sheet).to_contain_text("规则 2026.1")
    expect(sheet).to_contain_text("单独组建，正式党员至少3")
    sheet.get_by_role("spinbutton", name="P4 只有工作覆盖 的试算权重").fill("5")
    sheet.get_by_role("button", name="试算排序").click()
    expect(rows(page).first).to_contain_text("升级楼")
    trial = page.get_by_role("status").filter(has_text="试算")
    expect(trial).to_contain_text("P4 0.3 → 5")
    row(page, "升级楼").get_by_role("button").first.click()
    expect(row(page, "升级楼")).to_contain_text("60 × 5 = 300")
    trial.get_by_role("button", name="还原规则权重").click()
    expect(rows(page).first).to_contain_text(FIRST)
    assert names(page) == list(SCORES)
    page.reload()
    assert names(ready(page)) == list(SCORES)


# -- taking it along ---------------------------------------------------------------------------------------------------
def test_the_list_prints_with_map_legend_and_unknown_share_and_without_controls(visit: Opener) -> None:
    page = ready(visit(PATH))
    page.keyboard.press("j")
    page.emulate_media(media="print")
    for shown in (rows(page).last, page.locator(".map .legend"), page.locator(".status"), page.locator(".when")):
        expect(shown).to_be_visible()
    gone = (page.get_by_role("search"), page.locator(".zoom"), page.locator(".tools"), page.locator(".foot-bar"))
    for one in gone:
        expect(one).to_be_hidden()


def test_the_whole_page_speaks_english(visit: Opener) -> None:
    page = visit(PATH, lang="en")
    expect(page.get_by_role("heading", name="6 blind-spot buildings")).to_be_visible()
    page.keyboard.press("j")
    page.wait_for_load_state("networkidle")
    own = page.get_by_role("complementary").inner_text() + page.get_by_role("banner").inner_text()
    named = "|".join([*CODES, "数码公司|小店|待查店|试验市|城东区|柳林商圈|数字经济党委|老支部|中"])
    assert re.findall(r"[一-鿿]+", re.sub(named, "", own)) == []
    assert "score = people uncovered × weight" in own


def test_on_a_narrow_screen_the_list_is_a_sheet_under_the_map(visit: Opener) -> None:
    page = ready(visit(PATH, size=(390, 844)))
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    row(page, "东塔").get_by_role("button").first.click()
    expect(row(page, "东塔")).to_contain_text("100 + 6 = 106")
    main = page.get_by_role("main").bounding_box()
    x, y = pixel_of(page, *place("东塔"))
    assert main is not None
    assert main["x"] < x < main["x"] + main["width"]
    assert main["y"] < y < main["y"] + main["height"]
    small = page.evaluate(
        """[...document.querySelectorAll(".panel .line, .panel .btn, .panel .pick, .panel summary")]
            .filter(one => one.offsetParent && one.getBoundingClientRect().height < 32).map(one => one.className)"""
    )
    assert small == []


def test_everything_that_can_be_pressed_has_a_name(visit: Opener) -> None:
    page = ready(visit(PATH))
    page.keyboard.press("j")
    page.wait_for_load_state("networkidle")
    for role in ("button", "combobox", "link", "spinbutton"):
        for one in page.get_by_role(role).all():
            expect(one).to_have_accessible_name(re.compile(r"\S"))


# -- budgets -----------------------------------------------------------------------------------------------------------
WORKER = ("worker", "painter", "footprints", "mvt", "brushes")


@pytest.mark.parametrize("path", [PATH, NEAR])
def test_the_page_stays_within_its_budget(visit: Opener, city: str, path: str) -> None:
    page = ready(visit(path))
    page.keyboard.press("j")
    page.wait_for_load_state("networkidle")
    sizes: dict[str, int] = page.evaluate(
        """Object.fromEntries(["navigation", "resource"].flatMap(kind => performance.getEntriesByType(kind))
            .map(one => [new URL(one.name).pathname + new URL(one.name).search, one.encodedBodySize]))"""
    )
    drawn = {url: size for url, size in sizes.items() if url.startswith("/tiles/")}
    told = {url: size for url, size in sizes.items() if url.startswith("/v1/")}
    workers = [int(page.request.get(f"{city}/static/js/{name}.js").headers["content-length"]) for name in WORKER]
    shell = sum(sizes.values()) - sum(drawn.values()) - sum(told.values()) + sum(workers)
    assert shell <= 150_000
    assert shell + sum(drawn.values()) + sum(told.values()) <= 500_000
    assert all(size <= 200_000 for size in drawn.values())
    assert page.evaluate("document.querySelectorAll('*').length") <= 500


def test_names_that_look_like_markup_stay_text(visit: Opener, fresh_engine: sa.Engine) -> None:
    name = "<img src=x onerror=alert(1)>"
    with fresh_engine.begin() as connection:
        publish_spotted_city(connection)
        for table in ("buildings", "units", "business_districts", "party_organisations", "areas"):
            connection.execute(sa.text(f"UPDATE {table} SET name = :name || name"), {"name": name})
    with served(fresh_engine) as address:
        page = ready(visit(PATH, address=address))
        page.keyboard.press("j")
        page.wait_for_load_state("networkidle")
        expect(page.get_by_role("complementary")).to_contain_text(name + FIRST)
        assert page.locator("img[src=x]").count() == 0


def test_a_city_without_a_unit_says_what_to_bring(visit: Opener, fresh_engine: sa.Engine) -> None:
    with fresh_engine.begin() as connection:
        small_city.publish_small_city(connection)
    with served(fresh_engine) as address:
        page = ready(visit(PATH, address=address))
        expect(page.get_by_text("这里还没有单位")).to_be_visible()
        expect(page.get_by_text("导入楼宇和单位文件后即可查看盲点")).to_be_visible()
        assert page.evaluate("document.querySelectorAll('.failed').length") == 0


# -- another date ------------------------------------------------------------------------------------------------------
def test_a_past_date_shows_what_the_run_of_then_found_and_decides_nothing(visit: Opener, watched: Watched) -> None:
    now = quote(datetime.now(UTC).isoformat())
    page = ready(visit(f"{PATH}?at={now}"))
    expect(page.get_by_role("status").filter(has_text="你在看")).to_be_visible()
    assert names(page) == list(SCORES)
    assert all("run=1" in url for url in watched.of("/v1/blind-spots?"))
    row(page, FIRST).get_by_role("button").first.click()
    page.wait_for_load_state("networkidle")
    expect(opened(page)).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("提议"))).to_have_count(0)


def test_a_date_to_come_shows_what_a_run_of_then_would_find_marked_as_a_forecast(visit: Opener) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    page = ready(visit(f"{PATH}?at={tomorrow}"))
    expect(page.get_by_role("status").filter(has_text=f"到 {tomorrow} 没有已排期的方案")).to_be_visible()
    assert names(page) == list(SCORES)
    expect(page.get_by_role("complementary")).to_contain_text("预测")
    expect(page.get_by_role("main")).to_contain_text("按届时那天判定")
    row(page, FIRST).get_by_role("button").first.click()
    expect(opened(page)).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("提议"))).to_have_count(0)
    page.wait_for_load_state("networkidle")


def test_in_a_thousand_years_nothing_is_known(visit: Opener) -> None:
    page = ready(visit(f"{PATH}?at=2999-01-01&codes=U"))
    expect(page.get_by_role("complementary")).to_contain_text("未调查")
    assert len(names(page)) == len(CODES)
