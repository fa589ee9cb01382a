"""The page of a business district as people meet it: its buildings, their floors and units, rates, alliance, grids."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
import shapely
import sqlalchemy as sa
from playwright.sync_api import expect

from maps.page import words
from tests import small_city
from tests.browser.conftest import Opener, Watched
from tests.browser.districts import FLOORS, PATH, furnished, house, houses, open_house, ready
from tests.browser.held import Held
from tests.browser.spots import PAINT
from tests.browser.test_coverage_page import asked, colours, pixel_of
from tests.covered import enter
from tests.serving import served
from tests.small_city import SOUTH, WEST
from tests.spotted_city import CODES, DISTRICT, SCORES, place

NEAR = f"{PATH}?c=36.1035,120.304&z=17"
MOST_NODES = 500


@pytest.fixture(scope="module")
def city(engine: sa.Engine) -> Iterator[str]:
    yield from furnished(engine)


def test_the_buildings_stand_by_their_score_each_with_its_state(visit: Opener) -> None:
    page = ready(visit(PATH))
    expect(page.get_by_role("heading", name=DISTRICT)).to_be_visible()
    expect(houses(page)).to_have_count(len(CODES))
    names = [one.get_by_role("heading").inner_text() for one in houses(page).all()]
    assert names[: len(SCORES)] == list(SCORES)
    for name, code in CODES.items():
        expect(house(page, name)).to_contain_text({"covered": "覆盖", "work": "工作"}.get(code, code))
    assert page.evaluate("document.querySelectorAll('*').length") <= MOST_NODES


def test_the_rate_stands_with_its_parts_and_what_is_unknown(visit: Opener, city: str) -> None:
    """Nine units are surveyed, of which the bank and the old mill have an organisation; two are not surveyed."""
    page = ready(visit(PATH))
    panel = page.get_by_role("complementary")
    expect(panel.locator(".figure")).to_contain_text("22.2%2 / 9 家已调查单位有组织覆盖")
    expect(panel.locator(".facts")).to_contain_text("未调查18.2%")
    expect(page.locator(".status .unknown")).to_contain_text("2")
    panel.get_by_text("各项比率").click()
    rates = httpx.get(f"{city}/v1/business-districts/1").json()["counted"]["rates"]
    assert len(rates) == panel.locator("tbody tr").count()
    for key, rate in rates.items():
        line = panel.locator("tbody tr").filter(has_text=words("zh-CN")[f"bd.rate.{key}"])
        expect(line).to_contain_text(f"{rate['of']} / {rate['among']}")


def test_a_building_is_cut_open_and_each_of_its_units_tells_its_state_and_why(visit: Opener) -> None:
    page = ready(visit(PATH))
    tower = open_house(page, "东塔")
    expect(tower).to_contain_text("组建建议")
    expect(tower.locator(".stack .unit")).to_have_count(3)
    expect(tower.locator(".stack")).to_contain_text("B1")
    expect(tower.locator(".stack")).to_contain_text("9F")
    for name, told in {"数码公司": "5-6层 · 100 人 · 党员 5", "小店": "B1 · 10 人", "待查店": "大堂"}.items():
        tower.locator(".stack .unit").filter(has=page.locator("title", has_text=name)).click()
        expect(tower.locator(".unit-told")).to_contain_text(name)
        expect(tower.locator(".unit-told")).to_contain_text(told)
    tower.get_by_text("3 家单位的清单").click()
    expect(tower.get_by_role("row")).to_have_count(1 + 3)


def test_floors_are_drawn_where_they_are_and_the_unknown_beneath(visit: Opener) -> None:
    page = ready(visit(PATH))
    tower = open_house(page, "东塔")

    def middle(name: str) -> float:
        box = tower.locator(".stack .unit").filter(has=page.locator("title", has_text=name)).bounding_box()
        assert box is not None
        return box["y"] + box["height"] / 2

    assert FLOORS["待查店"] == "大堂"
    assert middle("数码公司") < middle("小店") < middle("待查店")


def test_a_click_on_the_map_opens_the_building_and_the_address_keeps_it(visit: Opener) -> None:
    page = ready(visit(NEAR))
    x, y = pixel_of(page, *place("升级楼"))
    page.mouse.click(x + 12, y + 12)
    expect(house(page, "升级楼").locator(".stack")).to_be_visible()
    assert asked(page, "sel")
    again = ready(visit(page.url.removeprefix(page.evaluate("location.origin"))))
    expect(house(again, "升级楼").locator(".stack")).to_be_visible()


@pytest.mark.parametrize("name", ["西塔", "升级楼", "盖楼"])
def test_its_buildings_have_the_colours_of_their_state(visit: Opener, name: str) -> None:
    page = ready(visit(f"{PATH}?c={place(name)[1]},{place(name)[0]}&z=18"))
    page.wait_for_timeout(500)
    x, y = pixel_of(page, *place(name))
    assert PAINT[CODES[name]] in colours(page, x, y + 40)


def test_service_points_that_do_not_arrive_take_nothing_away(visit: Opener, watched: Watched) -> None:
    page = ready(visit(PATH))
    door = Held(page, r"/service-points")
    page.reload()
    expect(houses(page).first).to_be_visible()
    houses(page).first.get_by_role("button").first.focus()
    door.until(1)
    door.lose()
    expect(page.get_by_role("alert")).to_contain_text("没有取到")
    expect(houses(page)).to_have_count(len(CODES))
    expect(houses(page).first.get_by_role("button").first).to_be_focused()
    assert all("ERR_FAILED" in one for one in watched.complaints)
    watched.complaints.clear()


def test_the_keyboard_goes_through_the_buildings(visit: Opener) -> None:
    page = ready(visit(PATH))
    first, second = list(SCORES)[:2]
    page.keyboard.press("j")
    expect(house(page, first).get_by_role("button").first).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("j")
    expect(house(page, second).get_by_role("button").first).to_have_attribute("aria-expanded", "true")
    expect(house(page, first).get_by_role("button").first).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Escape")
    expect(page.locator(".houses [aria-expanded=true]")).to_have_count(0)


def test_who_is_there_is_told(visit: Opener) -> None:
    page = ready(visit(PATH))
    panel = page.get_by_role("complementary")
    expect(panel).to_contain_text("柳林党建联盟牵头：数字经济党委")
    panel.get_by_text("成员 2 家").click()
    expect(panel.get_by_role("listitem").filter(has_text="银行")).to_be_visible()
    expect(panel).to_contain_text("柳林党群服务站")
    expect(panel).to_contain_text("9:00-17:00")
    expect(panel).not_to_contain_text("场外服务点")
    expect(panel.locator(".sec", has=page.get_by_role("heading", name="所在网格"))).to_contain_text("100%")


def test_it_leads_to_the_blind_spots_and_they_lead_back(visit: Opener) -> None:
    page = ready(visit(PATH))
    page.get_by_role("link", name="查看 7 家盲点单位").click()
    expect(page.get_by_role("heading", name="6 栋盲点楼宇")).to_be_visible(timeout=20_000)
    page.get_by_role("link", name="商圈详情").click()
    expect(page.get_by_role("heading", name=DISTRICT)).to_be_visible(timeout=20_000)
    expect(page.get_by_role("navigation", name="页面").get_by_role("link", name="盲点")).to_have_attribute(
        "aria-current", "true"
    )


def test_on_paper_every_building_and_rate_stands(visit: Opener) -> None:
    page = ready(visit(PATH))
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    expect(houses(page)).to_have_count(len(CODES))
    expect(page.get_by_text("应建未建", exact=True).last).to_be_visible()
    expect(page.get_by_text("银行")).to_be_visible()


def test_the_page_reads_in_english(visit: Opener) -> None:
    page = ready(visit(f"{PATH}?lang=en"))
    panel = page.get_by_role("complementary", name="Business district")
    expect(panel).to_contain_text("2 / 9 units surveyed are covered")
    expect(house(page, "西塔")).to_contain_text("1 unit · 50 workers")
    assert not re.search(r"[\u4e00-\u9fff]", page.locator(".legend").first.inner_text())


def test_a_telephone_shows_all_of_it(visit: Opener) -> None:
    page = ready(visit(PATH, size=(390, 844)))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    open_house(page, "东塔")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_another_one_is_chosen_from_the_list_and_an_empty_one_says_what_to_do(visit: Opener, engine: sa.Engine) -> None:
    ground = shapely.box(WEST + 0.02, SOUTH + 0.0012, WEST + 0.022, SOUTH + 0.0032)
    with engine.begin() as connection:
        enter(connection, "business_districts", {"reference": "空", "name": "空园区", "kind": "park", "ground": ground})
    page = ready(visit(f"{PATH}/1"))
    picker = page.get_by_role("combobox", name="换一个商圈")
    picker.focus()
    picker.select_option(label="空园区")
    expect(page.get_by_role("heading", name="空园区")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("这个商圈还没有楼宇")).to_be_visible()
    expect(page.get_by_role("link", name="导入楼宇")).to_be_visible()
    expect(page.locator(".figure")).to_contain_text("–")


def test_one_there_is_none_of_is_said_and_the_others_can_be_chosen(visit: Opener, watched: Watched) -> None:
    page = visit(f"{PATH}/999999")
    expect(page.get_by_role("alert")).to_contain_text("999999", timeout=20_000)
    expect(page.get_by_role("combobox", name="换一个商圈")).to_be_attached()
    page.wait_for_load_state("networkidle")
    watched.complaints[:] = [one for one in watched.complaints if "404" not in one]


def test_a_city_without_districts_says_what_to_do(fresh_engine: sa.Engine, visit: Opener) -> None:
    with fresh_engine.begin() as connection:
        small_city.publish_small_city(connection)
    with served(fresh_engine) as address:
        page = visit(PATH, address=address)
        expect(page.locator(".empty")).to_contain_text("还没有商圈", timeout=20_000)
        expect(page.get_by_role("link", name="导入商圈")).to_have_attribute(
            "href", re.compile("kind=business-districts")
        )


def test_another_date_shows_the_grids_of_then_and_says_what_is_of_today(visit: Opener, watched: Watched) -> None:
    page = visit(f"{PATH}?at=2024-06-01")
    panel = page.get_by_role("complementary")
    expect(panel.get_by_role("heading", name=DISTRICT)).to_be_visible(timeout=20_000)
    expect(panel).to_contain_text("到 2024-06-01 还没有查过盲点")
    grid = panel.get_by_role("list").last.get_by_role("link").first
    expect(grid).to_be_visible()
    assert "at=2024-06-01" in (grid.get_attribute("href") or "")
    expect(panel).to_contain_text("商圈范围、楼宇和服务阵地只有今天的登记")
    page.wait_for_load_state("networkidle")
    assert watched.of("/v1/blind-spots") == []


def test_the_date_of_a_business_district_is_chosen_on_its_page(visit: Opener) -> None:
    page = ready(visit(PATH))
    page.get_by_title("页面所示日期与版次").first.click()
    dialog = page.get_by_role("dialog", name="页面所示日期与版次")
    dialog.get_by_label("查看此日期的划分").fill("2024-06-01")
    dialog.get_by_role("button", name="查看").click()
    page.wait_for_url(re.compile("at=2024-06-01"))
    expect(page.get_by_role("status").filter(has_text="你在看 2024-06-01 的网格")).to_be_visible(timeout=20_000)
    page.wait_for_load_state("networkidle")
