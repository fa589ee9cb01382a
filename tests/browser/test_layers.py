"""The layers menu as people meet it: drawn, told by legend and card, kept in the address, fetched only when on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Locator, Page, Route, expect

from geo.entities import ENTITIES, Lies
from maps import kept
from maps.kept import Shown
from tests import small_city
from tests.browser.conftest import Opener, Watched
from tests.browser.test_coverage_page import asked, colours, pixel_of
from tests.covered import enter as put
from tests.entity_rows import SPOT, enter
from tests.serving import served

COVERAGE, SPOTS = "/maps/coverage", "/maps/blind-spots"
ALONE = small_city.cell_centre(2, 1)
PAGES = (COVERAGE, SPOTS, "/maps/business-districts")
UNITS, POINTS = (0x9A, 0x4A, 0x00), (0x00, 0x59, 0x8F)
OF_LAYERS = ("/tiles/entities/", "/v1/entities", "/layers.js", "/rows.js", "/layers.css", "/marks.js")


@pytest.fixture(scope="module")
def city(engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the small city with rows of every entity, a service point alone, and a unit without a place."""
    with engine.begin() as connection:
        small_city.publish_small_city(connection)
        enter(connection, tmp_path_factory.mktemp("rows"))
        put(connection, "service_points", {"name": "孤站", "kind": "station", "lonlat": ALONE})
        put(connection, "units", {"reference": "U9", "name": "无址单位"})
    with served(engine) as address:
        yield address


def near(path: str, place: tuple[float, float] = SPOT, zoom: int = 17, layers: str = "") -> str:
    return f"{path}?c={place[1]},{place[0]}&z={zoom}" + (f"&layers={layers}" if layers else "")


def settled(page: Page) -> Page:
    """The page once it, its workers included, has asked for nothing for a while."""
    page.wait_for_load_state("networkidle")
    asked_before, quiet = -1, 0
    while quiet < 4:
        page.wait_for_timeout(150)
        number = page.evaluate("performance.getEntriesByType('resource').length")
        quiet = quiet + 1 if number == asked_before else 0
        asked_before = number
    return page


def menu(page: Page) -> Locator:
    return page.get_by_role("dialog", name="图层")


def opener(page: Page) -> Locator:
    return page.get_by_role("button", name="图层", exact=True)


def opened(page: Page) -> Locator:
    settled(page)
    opener(page).click()
    expect(menu(page)).to_be_visible()
    return menu(page)


def card(page: Page) -> Locator:
    return page.get_by_role("region", name="所选要素")


def legend(page: Page) -> Locator:
    return page.get_by_role("main").get_by_role("region", name="图例")


def painted(page: Page, place: tuple[float, float], ink: tuple[int, int, int], *, wanted: bool = True) -> bool:
    """Whether an ink is soon seen about a place, or soon no more."""
    for _ in range(25):
        x, y = pixel_of(page, *place)
        if (ink in colours(page, x + 18, y + 18)) is wanted:  # it looks left and above
            return True
        page.wait_for_timeout(200)
    return False


# -- nothing before it is wanted ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", PAGES)
def test_without_a_layer_nothing_of_them_is_fetched(visit: Opener, watched: Watched, path: str) -> None:
    page = settled(visit(near(path)))
    expect(opener(page)).to_be_visible()
    assert [url for part in OF_LAYERS for url in watched.of(part)] == []
    opened(page)
    settled(page)
    assert watched.of("/v1/entities")
    assert watched.of("/tiles/entities/") == watched.of("/rows.js") == []


def test_one_layer_fetches_its_own_tiles_once_and_off_and_on_again_none(visit: Opener, watched: Watched) -> None:
    page = visit(near(COVERAGE))
    box = opened(page).get_by_role("checkbox", name=re.compile("服务阵地"))
    grounds = len(watched.of("/areas/"))
    box.check()
    settled(page)
    tiles = watched.of("/tiles/entities/")
    assert tiles
    assert all("/tiles/entities/service-points/" in url for url in tiles)
    assert len(set(tiles)) == len(tiles)
    box.uncheck()
    settled(page)
    box.check()
    settled(page)
    assert watched.of("/tiles/entities/") == tiles
    assert len(watched.of("/areas/")) == grounds


# -- the menu ----------------------------------------------------------------------------------------------------------
def test_everything_with_a_place_is_listed_by_group_with_its_number(visit: Opener) -> None:
    box = opened(visit(COVERAGE))
    expect(box.get_by_role("group")).to_have_count(4)
    names = [entity.zh for entity in ENTITIES.values() if entity.lies is not Lies.NOWHERE]
    expect(box.get_by_role("checkbox")).to_have_count(len(names))
    for name in names:
        expect(box.get_by_role("checkbox", name=re.compile(f"^{name}"))).to_be_visible()
    expect(box.get_by_role("checkbox", name="两新组织等单位 6")).to_be_enabled()
    expect(box.get_by_role("checkbox", name="住宅小区 1")).to_be_enabled()
    expect(box).not_to_contain_text(ENTITIES["incident_categories"].zh)


def test_every_layer_has_a_look_of_its_own(visit: Opener, city: str) -> None:
    page = visit(COVERAGE)
    looks: dict[str, list[str]] = page.evaluate(
        """async () => {
            const { look, SHAPES } = await import("/static/js/marks.js");
            const { entities } = await (await fetch("/v1/entities")).json();
            const of = (slug) => [look(slug).shape, look(slug).colour, String(look(slug).shape in SHAPES)];
            return Object.fromEntries(entities.filter((one) => one.tiles).map(({ slug }) => [slug, of(slug)]));
        }"""
    )
    shapes, inks, known = zip(*looks.values(), strict=True)
    assert len(set(shapes)) == len(set(inks)) == len(looks) == 15
    assert set(known) == {"true"}


def test_the_address_holds_what_is_on_through_reload_and_language_and_back(visit: Opener) -> None:
    page = visit(near(COVERAGE))
    box = opened(page)
    box.get_by_role("checkbox", name=re.compile("两新组织等单位")).check()
    box.get_by_role("checkbox", name=re.compile("服务阵地")).check()
    assert asked(page, "layers") == "service-points,units"
    page.reload()
    expect(legend(page)).to_contain_text("服务阵地")
    expect(opened(page).get_by_role("checkbox", checked=True)).to_have_count(2)
    page.get_by_title("Switch to English").click()
    expect(page.get_by_role("region", name="Legend").last).to_contain_text("Service points")
    assert asked(page, "layers") == "service-points,units"
    page.goto("/")
    page.go_back()
    expect(page.get_by_role("region", name="Legend").last).to_contain_text("Units")
    page.get_by_title("切换到中文").click()
    opened(page).get_by_role("button", name="全部关闭").click()
    expect(legend(page)).not_to_contain_text("服务阵地")
    assert asked(page, "layers") == ""


def test_a_layer_that_is_not_there_is_passed_over(visit: Opener) -> None:
    page = settled(visit(near(COVERAGE, layers="nonsense,units") + "&thing=nonsense/4"))
    expect(legend(page)).to_contain_text("两新组织等单位")
    expect(card(page)).to_be_hidden()


# -- map and legend ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", PAGES[:2])  # that of a business district washes out what lies around it
def test_marks_are_painted_in_their_colours_and_go_when_their_layer_does(visit: Opener, path: str) -> None:
    page = settled(visit(near(path, ALONE, layers="service-points")))
    assert painted(page, ALONE, POINTS)
    opened(page).get_by_role("checkbox", name=re.compile("服务阵地")).uncheck()
    settled(page)
    assert painted(page, ALONE, POINTS, wanted=False)


def test_the_legend_tells_source_day_and_what_is_not_on_the_map(visit: Opener) -> None:
    page = settled(visit(near(COVERAGE, layers="units,report-ins")))
    told = legend(page)
    expect(told).to_contain_text(
        re.compile(r"两新组织等单位office 等 2 个来源 · \d{4}-\d\d-\d\d 入库 · 1 条无位置，不在图上5")
    )
    expect(told).to_contain_text("双报到office · 数据截至 2024-06-011")
    expect(told).to_contain_text("逐条显示")


def test_far_away_marks_say_that_they_stand_for_several_and_a_click_goes_nearer(visit: Opener) -> None:
    page = settled(visit(near(COVERAGE, zoom=14, layers="units")))
    expect(legend(page)).to_contain_text("带数字的符号是该处的条数；放大后逐个显示。")
    assert painted(page, SPOT, UNITS)
    page.mouse.move(*pixel_of(page, *SPOT))
    expect(page.get_by_text("两新组织等单位 5 条 · 点按放大")).to_be_visible()
    page.mouse.click(*pixel_of(page, *SPOT))
    expect(legend(page)).to_contain_text("逐条显示")
    assert float(asked(page, "z")) >= 16
    expect(card(page)).to_be_hidden()


def test_ground_is_outlined_named_and_told(visit: Opener) -> None:
    page = settled(visit(near(COVERAGE, zoom=16, layers="business-districts")))
    x, y = pixel_of(page, *SPOT)
    page.mouse.click(x - 60, y - 60)
    expect(card(page)).to_contain_text("中心商圈")
    expect(card(page)).to_contain_text("牵头党组织未知")
    expect(card(page).get_by_role("link", name="看专页")).to_have_attribute(
        "href", re.compile(r"^/maps/business-districts/\d+$")
    )


def test_a_layer_whose_tiles_fail_is_said_and_the_map_stays(visit: Opener, watched: Watched) -> None:
    page = settled(visit(near(COVERAGE)))

    def refuse(route: Route) -> None:
        route.fulfill(status=503, body="")

    page.context.route("**/tiles/entities/**", refuse)
    opened(page).get_by_role("checkbox", name=re.compile("服务阵地")).check()
    expect(page.get_by_role("alert")).to_contain_text("块地图没有取到")
    assert page.locator(".painted img").count() > 4
    page.context.unroute("**/tiles/entities/**")
    page.keyboard.press("Escape")
    page.locator(".folium-map").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(400)
    assert painted(page, SPOT, POINTS)
    watched.complaints = [one for one in watched.complaints if "503" not in one]


# -- the card ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", PAGES)
def test_a_click_on_a_mark_tells_what_it_is_in_the_words_of_the_registry(visit: Opener, path: str) -> None:
    page = settled(visit(near(path, ALONE, layers="service-points")))
    page.mouse.move(*pixel_of(page, *ALONE))
    expect(page.locator(".hint-name")).to_have_text("孤站")
    page.mouse.click(*pixel_of(page, *ALONE))
    for text in ("孤站", "服务阵地", "类型党群服务站", "面积未知", "所在网格379901002001002"):
        expect(card(page)).to_contain_text(text)
    number = asked(page, "thing").split("/")[1]
    expect(card(page).get_by_role("link", name="原始数据")).to_have_attribute("href", f"/v1/service-points/{number}")
    page.reload()
    expect(card(page)).to_contain_text("孤站")
    page.keyboard.press("Escape")
    expect(card(page)).to_be_hidden()
    assert asked(page, "thing") == ""


def test_what_lies_on_one_spot_is_stepped_through(visit: Opener) -> None:
    page = settled(visit(near(COVERAGE, layers="units,service-points")))
    x, y = pixel_of(page, *SPOT)
    page.mouse.click(x, y + 18)  # the service point stands on the spot, the five units below it
    expect(card(page)).to_contain_text("此处第 1 个，共 5 个")
    seen = []
    for _ in range(5):
        seen.append(card(page).locator("b").inner_text())
        number = len(seen) % 5 + 1
        card(page).get_by_role("button", name="下一个").press("Enter")
        expect(card(page)).to_contain_text(f"此处第 {number} 个，共 5 个")
        expect(card(page).get_by_role("button", name="下一个")).to_be_focused()
    assert sorted(seen) == ["=单位3", "单位0", "单位1", "单位2", "单位4"]


def test_a_page_has_one_choice_at_a_time(visit: Opener) -> None:
    page = settled(visit(near(COVERAGE, ALONE, layers="service-points")))
    x, y = pixel_of(page, *ALONE)
    page.mouse.click(x, y)
    expect(card(page)).to_be_visible()
    page.mouse.click(x - 90, y - 90)
    area = page.get_by_role("region", name="所选区域")
    expect(area).to_be_visible()
    expect(card(page)).to_be_hidden()
    page.mouse.click(x, y)
    expect(card(page)).to_be_visible()
    expect(area).to_be_hidden()
    assert asked(page, "sel") == ""


def test_what_a_thing_refers_to_is_a_step_away(visit: Opener) -> None:
    page = settled(visit(near(COVERAGE, layers="coverage-records")))
    page.mouse.click(*pixel_of(page, *SPOT))
    expect(card(page)).to_contain_text("指导员")
    card(page).get_by_role("button", name="单位1").click()
    expect(card(page)).to_contain_text("两新组织等单位")
    expect(card(page)).to_contain_text("新经济组织")


def test_without_a_mouse_a_thing_is_reached_by_the_list_and_focus_comes_back(visit: Opener) -> None:
    page = settled(visit(near(COVERAGE, ALONE, layers="service-points")))
    opener(page).focus()
    page.keyboard.press("Enter")
    expect(menu(page).get_by_role("checkbox").first).to_be_focused()
    menu(page).get_by_role("button", name="列出视野内").press("Enter")
    thing = menu(page).get_by_role("button", name="孤站")
    thing.focus()
    page.keyboard.press("Enter")
    expect(card(page)).to_be_focused()
    expect(card(page)).to_contain_text("党群服务站")
    page.keyboard.press("Escape")
    expect(card(page)).to_be_hidden()
    expect(thing).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu(page)).to_be_hidden()
    expect(opener(page)).to_be_focused()


def test_the_card_of_the_english_page_has_no_chinese_of_ours(visit: Opener) -> None:
    page = settled(visit(near(COVERAGE, ALONE, layers="service-points"), lang="en"))
    page.mouse.click(*pixel_of(page, *ALONE))
    told = page.get_by_role("region", name="Chosen thing")
    expect(told).to_contain_text("Floor area")
    page.get_by_role("button", name="Layers", exact=True).click()
    whole = told.inner_text() + page.get_by_role("dialog", name="Layers").inner_text() + legend_en(page).inner_text()
    assert re.findall(r"[一-鿿]+", whole.replace("孤站", "")) == []


def legend_en(page: Page) -> Locator:
    return page.get_by_role("main").get_by_role("region", name="Legend")


# -- narrow, on paper, in a file, and hostile --------------------------------------------------------------------------
@pytest.mark.parametrize("path", PAGES)
def test_on_a_narrow_screen_the_menu_is_a_sheet_and_the_map_stays(visit: Opener, path: str) -> None:
    page = visit(near(path, ALONE, layers="service-points"), size=(390, 844))
    sheet = opened(page).bounding_box()
    assert sheet is not None
    assert sheet["width"] == 390
    assert sheet["y"] > 300
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    low = page.evaluate(
        """[...document.querySelectorAll(".layers label, .layers .x, .layers-open")]
            .filter(one => one.offsetParent && one.getBoundingClientRect().height < 40).length"""
    )
    assert low == 0
    menu(page).get_by_role("button", name="列出视野内").click()
    menu(page).get_by_role("button", name="孤站").click()
    expect(card(page)).to_be_visible()
    settled(page)
    lies = card(page).bounding_box()
    assert lies is not None
    x, y = pixel_of(page, *ALONE)
    assert 48 < y < lies["y"]
    assert 0 < x < 390


def test_on_paper_layers_and_their_legend_stay_and_the_menu_goes(visit: Opener) -> None:
    page = settled(visit(near(COVERAGE, ALONE, layers="service-points")))
    opened(page)
    page.emulate_media(media="print")
    expect(menu(page)).to_be_hidden()
    expect(opener(page)).to_be_hidden()
    expect(legend(page)).to_contain_text("服务阵地")


def test_a_page_that_is_one_file_has_no_layers(visit: Opener, engine: sa.Engine, city: str, tmp_path: Path) -> None:
    with engine.connect() as connection:
        contents = kept.gathered(connection, None)
    file = tmp_path / "map.html"
    shown = Shown(datetime.now(UTC), None, "zh-CN", "community", "grid-coverage")
    file.write_text(kept.page(contents, shown), encoding="utf-8")
    page = visit("?layers=units&thing=units/1", file=file)
    expect(page.get_by_role("table")).to_be_visible()
    expect(opener(page)).to_have_count(0)
    expect(legend(page)).not_to_contain_text("两新组织等单位")


def test_names_that_look_like_markup_stay_text(
    visit: Opener, fresh_engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    name = "<img src=x onerror=alert(1)>"
    with fresh_engine.begin() as connection:
        small_city.publish_small_city(connection)
        enter(connection, tmp_path_factory.mktemp("rows"))
        for table in ("units", "service_points", "business_districts"):
            connection.execute(sa.text(f"UPDATE {table} SET name = :name || name, source = :name"), {"name": name})
    with served(fresh_engine) as address:
        page = settled(visit(near(COVERAGE, layers="service-points,business-districts"), address=address))
        page.mouse.move(*pixel_of(page, *SPOT))
        expect(page.locator(".hint-name")).to_contain_text("<img")
        page.mouse.click(*pixel_of(page, *SPOT))
        expect(card(page)).to_contain_text(name + "服务站")
        expect(legend(page)).to_contain_text(name)
        assert page.locator("img[src=x]").count() == 0
