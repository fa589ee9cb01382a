"""The coverage page as one file, opened from disk with the network off, beside the page the server sends."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from geo import areas
from maps import kept
from maps.kept import Shown
from tests import small_city
from tests.browser.conftest import Opener, Watched
from tests.browser.test_coverage_page import LOWEST, PATH, asked, colours, pixel_of, ready

LEVELS = {"district": "区", "subdistrict": "街道", "community": "社区", "grid": "网格"}
INDICATORS = ("grid-coverage", "incident-density", "incidents", "service-points-residents")


def write(engine: sa.Engine, folder: Path, *, at: datetime | None = None, lang: str = "zh-CN") -> Path:
    with engine.connect() as connection:
        contents = kept.gathered(connection, at)
    file = folder / "覆盖 图.html"
    shown = Shown(datetime.now(UTC), at, lang, "community", "grid-coverage")
    file.write_text(kept.page(contents, shown), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def file(engine: sa.Engine, city: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(engine, tmp_path_factory.mktemp("kept"))


def opened(visit: Opener, file: Path, path: str = "", **given: object) -> Page:
    page = visit(path, file=file, **given)
    expect(page.get_by_role("table")).to_be_visible()
    expect(page.locator(".painted img").nth(1)).to_be_visible()
    return page


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_nothing_but_the_file_is_asked_for(visit: Opener, watched: Watched, file: Path, size: tuple[int, int]) -> None:
    page = opened(visit, file, size=size)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="属地兜底")).to_be_visible()
    assert [url for url in watched.requests if not url.startswith(("data:", "blob:"))] == [file.as_uri()]


@pytest.mark.parametrize("indicator", INDICATORS)
@pytest.mark.parametrize("level", LEVELS)
def test_its_figures_are_those_of_the_live_page(visit: Opener, file: Path, level: str, indicator: str) -> None:
    query = f"?level={level}&by={indicator}&z=15&c=36.112,120.32"
    live = ready(visit(PATH + query))
    panel = live.get_by_role("complementary").inner_text()
    legend = live.get_by_role("main").get_by_role("region", name="图例").inner_text()
    status = live.locator(".status").inner_text()
    page = opened(visit, file, query)
    expect(page.get_by_role("complementary")).to_have_text(re.compile(re.escape(panel.splitlines()[-1])))
    assert page.get_by_role("complementary").inner_text() == panel
    assert page.get_by_role("main").get_by_role("region", name="图例").inner_text() == legend
    assert page.locator(".status").inner_text() == status


def test_the_ground_is_painted_as_the_live_page_paints_it(visit: Opener, file: Path) -> None:
    page = opened(visit, file)
    page.wait_for_timeout(400)
    assert (0xF1, 0xE5, 0x8A) in colours(page, *pixel_of(page, *small_city.cell_centre(0, 1)))
    assert (0x45, 0x37, 0x81) in colours(page, *pixel_of(page, *small_city.cell_centre(3, 0)))


def test_a_click_chooses_the_ground_under_it_and_the_card_tells_its_figures(visit: Opener, file: Path) -> None:
    page = opened(visit, file)
    page.wait_for_timeout(400)
    card = page.get_by_role("region", name="所选区域")
    for column, code in enumerate(small_city.COMMUNITIES):
        page.mouse.click(*pixel_of(page, *small_city.cell_centre(column, 1)))
        expect(card).to_contain_text(code)
        assert asked(page, "sel") == code
        page.keyboard.press("Escape")
        expect(card).to_be_hidden()


def test_hovering_marks_row_and_ground_together(visit: Opener, file: Path) -> None:
    page = opened(visit, file)
    page.wait_for_timeout(400)
    page.mouse.move(*pixel_of(page, *small_city.cell_centre(3, 1)))
    expect(page.get_by_role("row", name=LOWEST)).to_have_class(re.compile("hover"))


@pytest.mark.parametrize("text", [small_city.DEDICATED, "海悦广场"])
def test_a_grid_is_found_by_code_and_by_name_and_gone_to(visit: Opener, file: Path, text: str) -> None:
    page = opened(visit, file)
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="搜索区域和网格")
    box.fill(text)
    expect(page.get_by_role("option", name="海悦广场专属网格")).to_have_attribute("aria-selected", "true")
    box.press("Enter")
    expect(page.get_by_role("region", name="所选区域")).to_contain_text(small_city.DEDICATED)
    x, y = pixel_of(page, *small_city.cell_centre(1, 1))
    main = page.get_by_role("main").bounding_box()
    assert main is not None
    assert main["x"] < x < main["x"] + main["width"]
    assert main["y"] < y < main["y"] + main["height"]


@pytest.mark.parametrize("text", ["社区", "37990100100", "网格", "试验市", "379901001001", "第1"])
def test_a_search_finds_what_the_server_finds_in_its_order(visit: Opener, file: Path, city: str, text: str) -> None:
    with urlopen(f"{city}/v1/areas?q={quote(text)}&limit=12") as answer:
        wanted = [place["code"] for place in json.load(answer)["places"]]
    page = opened(visit, file)
    page.get_by_role("combobox", name="搜索区域和网格").fill(text)
    found = page.get_by_role("search").get_by_role("option")
    expect(found).to_have_count(len(wanted))
    assert [option.locator(".code").inner_text() for option in found.all()] == wanted


def test_the_other_language_is_in_the_file_too(visit: Opener, file: Path) -> None:
    page = opened(visit, file)
    page.get_by_title("Switch to English").click()
    expect(page.get_by_role("heading", name="Community, lowest first")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "en"
    page.reload()
    expect(page.get_by_role("heading", name="Community, lowest first")).to_be_visible()
    page.get_by_title("切换到中文").click()
    expect(page.get_by_role("heading", name="最低的社区")).to_be_visible()


def test_date_edition_and_what_was_done_to_the_borders_are_told(visit: Opener, file: Path) -> None:
    page = opened(visit, file)
    button = page.get_by_title("页面所示日期与版次").first
    expect(button).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d第 2 版"))
    expect(page.locator(".status")).to_contain_text("第 2 版，2025-01-01 起生效")
    button.click()
    about = page.get_by_role("dialog", name="页面所示日期与版次")
    expect(about).to_contain_text("简化至约 0.5 米")
    expect(about).to_contain_text("小城第2版")
    page.keyboard.press("Escape")
    expect(about).to_be_hidden()


def test_an_older_edition_makes_a_file_of_its_own(visit: Opener, engine: sa.Engine, city: str, tmp_path: Path) -> None:
    page = opened(visit, write(engine, tmp_path, at=datetime(2024, 6, 1, tzinfo=UTC), lang="en"))
    expect(page.get_by_title("Date and edition shown on this page").first).to_contain_text("2024-06-01Edition 1")
    expect(page.get_by_role("complementary")).to_contain_text("Named grids\n12", use_inner_text=True)


def test_the_table_is_written_from_the_file(visit: Opener, file: Path) -> None:
    page = opened(visit, file)
    with page.expect_download() as waiting:
        page.get_by_role("button", name=re.compile("下载全部")).click()
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig"))))
    assert rows[0]["编码"] == small_city.COMMUNITIES[3]
    assert {row["版次"] for row in rows} == {"2"}


def test_on_paper_map_legend_table_and_edition_stand_and_the_controls_are_gone(visit: Opener, file: Path) -> None:
    page = opened(visit, file)
    page.emulate_media(media="print")
    for shown in (
        page.get_by_role("table"),
        page.locator(".map .legend"),
        page.locator(".status"),
        page.locator(".when"),
    ):
        expect(shown).to_be_visible()
    for gone in (page.get_by_role("search"), page.locator(".zoom"), page.locator(".tools"), page.locator(".foot-bar")):
        expect(gone).to_be_hidden()


def test_a_name_that_looks_like_markup_stays_text(visit: Opener, fresh_engine: sa.Engine, tmp_path: Path) -> None:
    name = "</script></template><img src=x onerror=alert(1)>"
    with fresh_engine.begin() as connection:
        small_city.publish_small_city(connection)
        connection.execute(sa.text("UPDATE areas SET name = :name || name"), {"name": name})
        connection.execute(sa.text("UPDATE cities SET name = :name, name_en = :name"), {"name": name})
        assert areas.city(connection).name == name
    page = opened(visit, write(fresh_engine, tmp_path))
    expect(page.get_by_role("complementary")).to_contain_text("<img src=x")
    assert page.locator("img[src=x]").count() == 0
