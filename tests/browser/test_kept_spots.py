"""The page of blind spots as one file, opened from disk with the network off, beside the page the server sends."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from geo.errors import Refused
from maps import kept_place, kept_spots
from maps.kept_place import Shown
from maps.kept_spots import Scope
from tests.browser.conftest import Opener, Watched
from tests.browser.spots import NEAR, PAINT, PATH, legend, names, opened, ready, row, rows, spotted
from tests.browser.test_coverage_page import asked, colours, pixel_of
from tests.small_city import COMMUNITIES
from tests.spotted_city import CODES, DISTRICT, SCORES, place

CITY = Scope()
FIRST = next(iter(SCORES))


def write(engine: sa.Engine, folder: Path, scope: Scope = CITY, lang: str = "zh-CN") -> Path:
    with engine.connect() as connection:
        contents = kept_spots.gathered(connection, scope)
    file = folder / "盲点 图.html"
    file.write_text(kept_spots.page(contents, Shown(datetime.now(UTC), lang)), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def city(engine: sa.Engine) -> Iterator[str]:
    yield from spotted(engine)


@pytest.fixture(scope="module")
def file(engine: sa.Engine, city: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(engine, tmp_path_factory.mktemp("kept"))


def shown(visit: Opener, file: Path, path: str = "", **given: object) -> Page:
    page = visit(path, file=file, **given)
    expect(rows(page).first).to_be_visible()
    return page


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_nothing_but_the_file_is_asked_for(visit: Opener, watched: Watched, file: Path, size: tuple[int, int]) -> None:
    page = shown(visit, file, size=size)
    page.keyboard.press("j")
    expect(opened(page)).to_have_count(1)
    page.get_by_role("button", name="改权重").click()
    page.keyboard.press("Escape")
    assert [url for url in watched.requests if not url.startswith(("data:", "blob:"))] == [file.as_uri()]


def test_it_shows_what_the_live_page_shows_but_for_the_buttons(visit: Opener, file: Path) -> None:
    live = ready(visit(NEAR))
    page = shown(visit, file, NEAR.removeprefix(PATH))
    assert names(page) == names(live) == list(SCORES)
    for one in (live, page):
        row(one, FIRST).get_by_role("button").first.click()
        one.wait_for_load_state("networkidle")
        expect(row(one, FIRST)).to_contain_text("全部单位")
    told = [re.sub(r"\s+", "", one.locator(".item.sel").inner_text()) for one in (live, page)]
    assert told[0].startswith(told[1])
    assert legend(page).inner_text() == legend(live).inner_text()
    assert page.locator(".status").inner_text() == live.locator(".status").inner_text()
    expect(page.get_by_role("button", name="提议组建支部")).to_have_count(0)


@pytest.mark.parametrize("name", ["西塔", "升级楼", "盖楼"])
def test_its_buildings_have_the_colours_of_their_state(visit: Opener, file: Path, name: str) -> None:
    page = shown(visit, file, f"?c={place(name)[1]},{place(name)[0]}&z=18")
    page.wait_for_timeout(500)
    x, y = pixel_of(page, *place(name))
    assert PAINT[CODES[name]] in colours(page, x, y + 40)


def test_a_click_on_a_building_opens_its_row(visit: Opener, file: Path) -> None:
    page = shown(visit, file, NEAR.removeprefix(PATH))
    page.wait_for_timeout(500)
    x, y = pixel_of(page, *place("升级楼"))
    page.mouse.click(x + 12, y + 12)
    expect(opened(page)).to_have_accessible_name(re.compile("升级楼，P4，得分 18"))


def test_filters_grids_and_trials_work_without_a_server(visit: Opener, file: Path) -> None:
    page = shown(visit, file)
    page.get_by_role("group", name="按代码筛选").get_by_role("button", name="P2").click()
    expect(rows(page)).to_have_count(2)
    page.get_by_role("button", name="网格 G1–G3").click()
    expect(rows(page)).to_contain_text("平方米不在任何命名网格内")
    page.get_by_role("button", name="楼宇", exact=True).click()
    page.get_by_role("button", name="改权重").click()
    page.get_by_role("spinbutton", name=re.compile("^P4")).fill("5")
    page.get_by_role("button", name="试算排序").click()
    expect(rows(page).first).to_contain_text("升级楼")


def test_the_unknown_have_a_list_in_the_file_too(visit: Opener, file: Path) -> None:
    page = shown(visit, file)
    page.locator(".foot-bar").get_by_role("button", name="安排调查").click()
    expect(rows(page)).to_have_count(1)
    expect(row(page, "未知楼")).to_be_visible()


def test_the_rows_are_written_from_the_file(visit: Opener, file: Path) -> None:
    page = shown(visit, file)
    page.locator(".foot-bar").get_by_text("导出清单").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    told = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig"))))
    assert [one["name"] for one in told] == list(SCORES)
    assert [float(one["score"]) for one in told] == list(SCORES.values())


def test_a_file_of_a_business_district_leads_nowhere_else(
    visit: Opener, engine: sa.Engine, city: str, tmp_path: Path
) -> None:
    with engine.connect() as connection:
        number = connection.scalar(sa.text("SELECT id FROM business_districts"))
    page = visit("", file=write(engine, tmp_path, Scope(district=number), "en"))
    listed = page.get_by_role("list", name="Blind spots").locator("> li")
    expect(page.get_by_role("heading", name="6 blind-spot buildings")).to_be_visible()
    crumb = page.get_by_role("navigation", name="Levels")
    expect(crumb.locator("[aria-current]")).to_have_text("Liulin")
    expect(crumb.get_by_role("link")).to_have_count(0)
    expect(page.get_by_role("combobox", name="Business district")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(listed).to_have_count(6)
    assert DISTRICT not in page.locator(".crumb").inner_text()


def test_a_file_of_an_area_without_units_says_so(visit: Opener, engine: sa.Engine, city: str, tmp_path: Path) -> None:
    page = visit("", file=write(engine, tmp_path, Scope(within=COMMUNITIES[3])))
    expect(page.get_by_text("这里还没有单位")).to_be_visible()
    assert asked(page, "in") == COMMUNITIES[3]


def test_a_file_too_large_is_refused_with_the_way_out(
    engine: sa.Engine, city: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_place, "LIMIT_MB", 0.1)
    with pytest.raises(Refused, match=r"at most 0\.1 .* choose a smaller place by --within"):
        write(engine, tmp_path)
    assert list(tmp_path.iterdir()) == []
