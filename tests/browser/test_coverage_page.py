"""The coverage page as people meet it: by what they see, click and type."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from tests import small_city
from tests.browser.conftest import Opener, Watched
from tests.browser.held import Held
from tests.serving import served

PATH = "/maps/coverage"
LOWEST = "东湖社区"


def ready(page: Page) -> Page:
    """The page once its list and its tiles are there."""
    expect(page.get_by_role("table")).to_be_visible()
    page.wait_for_load_state("networkidle")
    return page


def pick(page: Page, indicator: str) -> None:
    """Choose an indicator as one does: the list is filled when it is reached."""
    box = page.get_by_role("combobox", name="指标")
    box.focus()
    box.select_option(indicator)


def asked(page: Page, name: str) -> str:
    return parse_qs(urlsplit(page.url).query).get(name, [""])[0]


def pixel_of(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Where a place is on the screen, by the view in the URL."""
    centre_lat, centre_lon = map(float, asked(page, "c").split(","))
    scale = 256 * 2 ** float(asked(page, "z"))

    def mercator(x: float, y: float) -> tuple[float, float]:
        return (x + 180) / 360 * scale, (1 - math.asinh(math.tan(math.radians(y))) / math.pi) / 2 * scale

    box = page.get_by_role("main").bounding_box()
    assert box is not None
    (x, y), (x0, y0) = mercator(lon, lat), mercator(centre_lon, centre_lat)
    return box["x"] + box["width"] / 2 + x - x0, box["y"] + box["height"] / 2 + y - y0


def test_the_lowest_community_stands_first_with_its_figures(visit: Opener) -> None:
    page = ready(visit(PATH))
    first = page.get_by_role("row").nth(1)
    expect(first).to_contain_text(LOWEST)
    expect(first).to_contain_text(re.compile(r"6\d\.\d"))
    expect(page.get_by_role("main").get_by_role("region", name="图例")).to_contain_text("全部3")
    expect(page.get_by_role("complementary")).to_contain_text("具名网格13")
    expect(page.get_by_role("main")).to_contain_text("审图号待申请")


def test_the_ground_is_painted_in_the_colours_of_the_legend(visit: Opener) -> None:
    page = ready(visit(PATH))
    seen = colours(page, *pixel_of(page, *small_city.cell_centre(0, 1)))
    assert (0xF1, 0xE5, 0x8A) in seen
    low = colours(page, *pixel_of(page, *small_city.cell_centre(3, 0)))
    assert (0x45, 0x37, 0x81) in low


def colours(page: Page, x: float, y: float) -> set[tuple[int, int, int]]:
    """Colours in a small square of the screen, read by the browser itself from a screenshot."""
    shot = page.screenshot(clip={"x": x - 30, "y": y - 30, "width": 24, "height": 24})
    numbers: list[int] = page.evaluate(
        """async bytes => {
            const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], {type: "image/png"}));
            const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
            context.drawImage(bitmap, 0, 0);
            return [...context.getImageData(0, 0, bitmap.width, bitmap.height).data];
        }""",
        list(shot),
    )
    return {(numbers[k], numbers[k + 1], numbers[k + 2]) for k in range(0, len(numbers), 4)}


def test_of_several_indicators_chosen_at_once_the_last_one_stays_painted(visit: Opener) -> None:
    page = ready(visit(PATH))
    box = page.get_by_role("combobox", name="指标")
    box.focus()
    other, first = (box.locator("option").nth(k).get_attribute("value") or "" for k in (0, 1))
    at, seen = pixel_of(page, *small_city.cell_centre(3, 0)), []
    for chosen in ([first], [other], [first, other, first], [other, first, other]):
        for one in chosen:
            box.select_option(one)
        page.wait_for_timeout(1500)
        seen.append(colours(page, *at))
    assert seen[0] == seen[2] != seen[1] == seen[3]


@pytest.mark.parametrize("zoom", [12, 12.5, 13.5])
def test_tiles_lie_on_whole_pixels_and_meet_edge_to_edge_at_every_zoom_and_after_zooming(
    visit: Opener, zoom: float
) -> None:
    lon, lat = small_city.cell_centre(2, 1)
    page = ready(visit(f"{PATH}?z={zoom}&c={lat},{lon}"))
    assert_whole(page)
    page.get_by_role("button", name="放大").click()
    page.wait_for_timeout(600)
    ready(page)
    assert_whole(page)


def assert_whole(page: Page) -> None:
    """Every tile of the zoom shown is one picture on whole pixels, and begins where its neighbour ends."""
    page.wait_for_function("() => !document.querySelector('.painted:not(.leaflet-tile-loaded)')")
    boxes: list[list[float]] = page.evaluate(
        """[...[...document.querySelectorAll(".leaflet-tile-container:has(img)")]
            .sort((a, b) => b.style.zIndex - a.style.zIndex)[0].children].map((one) => {
                const { left, top, right, bottom } = one.getBoundingClientRect();
                return [left, top, right, bottom];
            })"""
    )
    assert len(boxes) >= 12
    assert all(edge == round(edge) for box in boxes for edge in box)
    for begin, end in ((0, 2), (1, 3)):
        begins = {box[begin] for box in boxes}
        assert len({box[end] for box in boxes} - begins) == 1


def test_a_dragged_map_moves_and_paints_nothing_that_is_there_anew(visit: Opener) -> None:
    page = ready(visit(PATH))
    page.wait_for_timeout(300)
    page.evaluate("document.querySelectorAll('.painted img').forEach((one) => { one.title = 'there'; })")
    there = page.locator(".painted img[title=there]").count()
    before = page.locator(".painted img").first.bounding_box()
    box = page.get_by_role("main").bounding_box()
    assert box is not None
    assert before is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y - 20, steps=6)
    after = page.locator(".painted img").first.bounding_box()
    page.mouse.up()
    assert after is not None
    assert (after["x"] - before["x"], after["y"] - before["y"]) == (-60, -20)
    assert page.locator(".painted img[title=there]").count() == there


def test_a_click_on_the_map_chooses_what_the_server_locates_there(visit: Opener, city: str) -> None:
    page = ready(visit(PATH))
    for column in range(small_city.COLUMNS):
        lon, lat = small_city.cell_centre(column, 1)
        page.mouse.click(*pixel_of(page, lon, lat))
        card = page.get_by_role("region", name="所选区域")
        expect(card).to_be_visible()
        located = page.request.get(f"{city}/v1/areas/{small_city.COMMUNITIES[column]}").json()
        expect(card).to_contain_text(located["name"])
        expect(card).to_contain_text(located["code"])
        assert asked(page, "sel") == located["code"]
        page.keyboard.press("Escape")
        expect(card).to_be_hidden()


def test_row_and_ground_are_one_selection_and_the_address_holds_it(visit: Opener) -> None:
    page = ready(visit(PATH))
    page.get_by_role("row", name=LOWEST).click()
    expect(page.get_by_role("region", name="所选区域")).to_contain_text(LOWEST)
    page.reload()
    ready(page)
    expect(page.get_by_role("region", name="所选区域")).to_contain_text(LOWEST)
    expect(page.get_by_role("row", name=LOWEST)).to_have_attribute("aria-selected", "true")


def test_going_down_and_up_again_by_keyboard(visit: Opener) -> None:
    page = ready(visit(PATH))
    page.keyboard.press("j")
    expect(page.get_by_role("region", name="所选区域")).to_contain_text(LOWEST)
    page.keyboard.press("Enter")
    crumb = page.get_by_role("navigation", name="层级")
    expect(crumb.locator("[aria-current]")).to_have_text(LOWEST)
    expect(page.get_by_role("group", name="着色层级").first.get_by_role("button", name="网格")).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.get_by_role("row", name="属地兜底")).to_be_visible()
    page.keyboard.press("Escape")
    expect(crumb.locator("[aria-current]")).to_have_text("望海街道")


def test_another_indicator_fetches_values_and_not_one_tile(visit: Opener, watched: Watched) -> None:
    page = ready(visit(PATH))
    tiles, values = len(watched.of("/tiles/")), len(watched.of("/v1/values/"))
    pick(page, "incident-density")
    expect(page.get_by_role("main").get_by_role("region", name="图例")).to_contain_text("起 / km²")
    page.wait_for_load_state("networkidle")
    assert len(watched.of("/tiles/")) == tiles
    assert len(watched.of("/v1/values/")) == values + 1
    expect(page.get_by_role("complementary")).to_contain_text("2025-06-01 – 2025-06-05")


def test_a_grid_is_found_by_its_code_and_by_its_name(visit: Opener) -> None:
    page = ready(visit(PATH))
    for text, name in ((small_city.DEDICATED, "海悦广场专属网格"), ("海悦广场", "海悦广场专属网格")):
        page.keyboard.press("/")
        box = page.get_by_role("combobox", name="搜索区域和网格")
        expect(box).to_be_focused()
        box.fill(text)
        option = page.get_by_role("option", name=name)
        expect(option).to_have_attribute("aria-selected", "true")
        expect(box).to_have_attribute("aria-expanded", "true")
        box.press("Enter")
        expect(page.get_by_role("region", name="所选区域")).to_contain_text(name)
        assert asked(page, "level") == "grid"
        page.keyboard.press("Escape")


def test_a_search_that_finds_nothing_says_what_would(visit: Opener) -> None:
    page = ready(visit(PATH))
    page.get_by_role("combobox", name="搜索区域和网格").fill("火星")
    expect(page.get_by_role("search")).to_contain_text("没有找到“火星”")


def test_a_search_that_answers_after_the_choice_opens_nothing(visit: Opener) -> None:
    page = ready(visit(PATH))
    box = page.get_by_role("combobox", name="搜索区域和网格")
    box.fill("海悦")
    expect(page.get_by_role("option").first).to_be_visible()
    door = Held(page, r"/v1/areas\?q=")
    box.press_sequentially("广场")
    door.until(1)
    box.press("Enter")
    expect(page.get_by_role("option").first).to_be_hidden()
    door.let_go()
    page.wait_for_load_state("networkidle")
    expect(box).to_have_attribute("aria-expanded", "false")


def test_the_whole_page_speaks_english(visit: Opener) -> None:
    page = ready(visit(PATH))
    page.get_by_title("Switch to English").click()
    ready(page)
    expect(page.get_by_role("heading", name="Community, lowest first")).to_be_visible()
    own = page.get_by_role("complementary").inner_text() + page.get_by_role("banner").inner_text()
    for name in ("社区", "街道", "区", "网格", "覆盖"):
        leftover = [line for line in own.splitlines() if name in line and not re.search(r"(社区|街道|城东区)$", line)]
        assert leftover == []


def test_a_past_date_turns_the_button_amber_and_leads_back(visit: Opener) -> None:
    page = ready(visit(f"{PATH}?at=2024-06-01"))
    bar = page.get_by_role("status").filter(has_text="第 1 版")
    expect(bar).to_be_visible()
    expect(page.get_by_role("complementary")).to_contain_text("具名网格12")
    bar.get_by_role("link", name="回到今天").click()
    ready(page)
    expect(page.get_by_role("complementary")).to_contain_text("具名网格13")


def test_the_date_button_offers_every_edition(visit: Opener) -> None:
    page = ready(visit(PATH))
    page.get_by_title("页面所示日期与版次").first.click()
    dialog = page.get_by_role("dialog", name="页面所示日期与版次")
    expect(dialog.get_by_role("list").get_by_role("link")).to_have_count(2)
    files = dialog.get_by_role("paragraph").get_by_role("link")
    expect(files).to_have_text(["GeoPackage", "Shapefile", "GeoJSON", "GeoParquet", "CSV"])
    with page.expect_download() as waiting:
        files.first.click()
    assert waiting.value.suggested_filename == "试验市-第2版.gpkg"
    dialog.get_by_role("link", name="第 1 版").click()
    expect(page.get_by_role("status").filter(has_text="第 1 版")).to_be_visible()


def test_the_table_comes_as_csv(visit: Opener) -> None:
    page = ready(visit(PATH))
    with page.expect_download() as waiting:
        page.get_by_role("button", name=re.compile("下载全部")).click()
    text = waiting.value.path().read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0]["编码"] == small_city.COMMUNITIES[3]
    assert {row["版次"] for row in rows} == {"2"}
    assert len(rows) == 4


def test_values_that_do_not_arrive_are_said_to_be_missing_and_can_be_asked_again(
    visit: Opener, watched: Watched
) -> None:
    page = ready(visit(PATH))
    refused = '{"detail": "数据库没有应答"}'
    page.route("**/v1/values/incidents*", lambda route: route.fulfill(status=503, body=refused))
    pick(page, "incidents")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("数据库没有应答")
    page.unroute("**/v1/values/incidents*")
    alert.get_by_role("button", name="再试").click()
    ready(page)
    watched.complaints = [one for one in watched.complaints if "503" not in one]


def test_on_a_narrow_screen_the_list_is_a_sheet_that_folds(visit: Opener) -> None:
    page = ready(visit(PATH, size=(390, 844)))
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    expect(page.get_by_role("complementary").get_by_role("group", name="着色层级")).to_be_visible()
    grab = page.get_by_role("button", name="展开或收起列表")
    before = page.get_by_role("main").bounding_box()
    grab.click()
    expect(grab).to_have_attribute("aria-expanded", "false")
    after = page.get_by_role("main").bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] > before["height"] + 100


def test_the_page_stays_within_its_budget(visit: Opener, city: str) -> None:
    page = visit(PATH)
    ready(page)
    sizes: dict[str, int] = page.evaluate(
        """Object.fromEntries(["navigation", "resource"].flatMap(kind => performance.getEntriesByType(kind))
            .map(one => [new URL(one.name).pathname, one.encodedBodySize]))"""
    )
    tiles = {path: size for path, size in sizes.items() if path.startswith("/tiles/")}
    values = {path: size for path, size in sizes.items() if path.startswith("/v1/")}
    shell = sum(sizes.values()) - sum(tiles.values()) - sum(values.values())
    workers = sum(
        int(page.request.get(f"{city}/static/js/{name}.js").headers.get("content-length", "0"))
        for name in ("worker", "painter", "footprints", "mvt", "brushes")
    )
    assert shell + workers <= 150_000
    assert all(size <= 200_000 for size in tiles.values())
    assert page.evaluate("document.querySelectorAll('*').length") <= 500


# -- other cities ------------------------------------------------------------------------------------------------------
@pytest.fixture
def hostile(fresh_engine: sa.Engine) -> Iterator[str]:
    name = "<img src=x onerror=alert(1)>"
    with fresh_engine.begin() as connection:
        small_city.publish_small_city(connection)
        for table in ("areas", "grids"):
            connection.execute(sa.text(f"UPDATE {table} SET name = :name || name"), {"name": name})
        connection.execute(sa.text("UPDATE cities SET name = :name, name_en = :name"), {"name": name})
    with served(fresh_engine) as address:
        yield address


@pytest.mark.parametrize("path", ["/", PATH])
def test_a_name_that_looks_like_markup_is_shown_as_it_is(visit: Opener, hostile: str, path: str) -> None:
    page = visit(path, address=hostile)
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("complementary")).to_contain_text("<img src=x")
    if path == PATH:
        page.keyboard.press("j")
        expect(page.get_by_role("region", name="所选区域")).to_contain_text("<img src=x")
    page.get_by_role("combobox", name="搜索区域和网格").fill("<img")
    expect(page.get_by_role("option").first).to_contain_text("<img src=x")
    assert page.get_by_role("img").and_(page.locator("img")).count() == 0


def test_a_database_without_a_city_says_the_command(visit: Opener, fresh_engine: sa.Engine) -> None:
    with served(fresh_engine) as address:
        page = visit("/", address=address)
        expect(page.get_by_text("还没有城市")).to_be_visible()
        expect(page.get_by_text("./gridatlas demo")).to_be_visible()


@pytest.mark.parametrize("level", ["district", "subdistrict", "community", "grid"])
def test_what_travels_packed_is_read_as_the_plain_document(visit: Opener, level: str) -> None:
    page = visit(PATH)
    plain, read = page.evaluate(
        """async (level) => {
            const { unpacked } = await import("/static/js/columns.js");
            const asked = async (form) => (await fetch(`/v1/values/grid-coverage?level=${level}&f=${form}`)).json();
            const [plain, packed] = [await asked("json"), await asked("packed")];
            return [plain.rows, unpacked(packed.rows, packed.above)];
        }""",
        level,
    )
    assert plain == read
    assert plain["id"]
