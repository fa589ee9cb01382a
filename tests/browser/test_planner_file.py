"""A plan from a file: an edition is exported, edited, handed in on the planner's page, looked at and published."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas
import httpx
import numpy as np
import pandas as pd
import pytest
import shapely
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener, Watched
from tests.browser.planners import GRIDS, PATH, SCOPE, SHOWN_MS, ready
from tests.small_city import COMMUNITIES

NEW = f"{SCOPE}009"


@pytest.fixture
def rows(desk: str, tmp_path: Path) -> geopandas.GeoDataFrame:
    """The grids in force, as the site exports them."""
    path = tmp_path / "edition.gpkg"
    path.write_bytes(httpx.get(f"{desk}/v1/export/edition.gpkg", timeout=60).raise_for_status().content)
    return geopandas.read_file(path, layer="grid")


@pytest.fixture
def pictures(pytestconfig: pytest.Config) -> Path | None:
    folder: Path | None = pytestconfig.getoption("--pictures")
    return folder


def shoot(page: Page, folder: Path | None, name: str) -> None:
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(500)
        page.screenshot(path=folder / name)


def edited(rows: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """The eastern half of the third grid a grid of its own, and the border of the first two pulled 100 m north."""
    made = rows.copy()
    at = made.index[made["code"] == GRIDS[2]][0]
    ground = made.geometry[at]
    west, south, east, north = ground.bounds
    half = shapely.box((west + east) / 2, south - 1, east + 1, north + 1)
    made.loc[at, "geometry"] = shapely.difference(ground, half, grid_size=1e-8)
    part = shapely.intersection(ground, half, grid_size=1e-8)
    made = pd.concat([made, made.loc[[at]].assign(code=NEW, name="东片网格", geometry=[part])], ignore_index=True)
    by_code = rows.set_index("code").geometry
    shared = shapely.get_coordinates(shapely.line_merge(by_code[GRIDS[0]].intersection(by_code[GRIDS[1]])))[1:-1]

    def pulled(xy: np.ndarray) -> np.ndarray:
        is_shared = (np.abs(xy[:, None] - shared[None]) < 1e-9).all(axis=2).any(axis=1)
        return np.where(is_shared[:, None], xy + np.array([0.0, 9e-4]), xy)

    which = made["code"].isin(GRIDS[:2])
    made.loc[which, "geometry"] = [shapely.transform(shape, pulled) for shape in made.geometry[which]]
    return geopandas.GeoDataFrame(made, crs=rows.crs)


def begin(page: Page, rows: geopandas.GeoDataFrame, path: Path) -> Page:
    """Choose the file on the page, in the scope, and send it."""
    rows.to_file(path, layer="grid")
    page.get_by_role("button", name="从文件…").click()
    form = page.get_by_role("form", name="从文件新建方案")
    expect(form.get_by_role("button", name="上传并预览")).to_be_disabled()
    form.locator("input[type=file]").set_input_files(path)
    form.get_by_role("combobox", name="范围").select_option(SCOPE)
    form.get_by_role("button", name="上传并预览").click()
    return page


def test_an_edited_export_is_previewed_as_what_was_edited_and_published(
    visit: Opener, desk: str, rows: geopandas.GeoDataFrame, tmp_path: Path, pictures: Path | None
) -> None:
    page = visit(PATH, address=desk)
    page.get_by_role("button", name="从文件…").click()
    shoot(page, pictures, "planner-file.png")
    page.get_by_role("button", name="取消").click()
    ready(begin(page, edited(rows), tmp_path / "外业修改.gpkg"))
    expect(page.get_by_role("heading", name="外业修改")).to_be_visible(timeout=SHOWN_MS)
    moved = page.get_by_role("region", name="谁会变动").get_by_role("row")
    expect(moved).to_have_count(4, timeout=SHOWN_MS)  # head, border, split, total
    shoot(page, pictures, "planner-file-preview.png")
    page.get_by_role("tab", name=re.compile("改动")).click()
    expect(page.get_by_role("list", name="改动")).to_contain_text("按文件更换：4 格改或新增，0 格撤销")
    page.get_by_role("button", name="发布方案…").click()
    if page.get_by_role("dialog").get_by_role("textbox").count():
        page.get_by_role("dialog").get_by_role("textbox").fill("外业核实")
    page.get_by_role("dialog").get_by_role("button", name="发布", exact=False).click()
    expect(page.get_by_text("已生效").first).to_be_visible(timeout=SHOWN_MS)
    found = httpx.get(f"{desk}/v1/editions/1/diff/2", timeout=30).json()
    assert {one["code"] for one in found["changed"] if len(one["code"]) == len(NEW)} == {*GRIDS, NEW}


def test_a_file_is_judged_on_when_the_page_is_closed_and_found_by_who_comes_back(
    visit: Opener, desk: str, rows: geopandas.GeoDataFrame, watched: Watched, tmp_path: Path
) -> None:
    page = visit(PATH, address=desk)
    context = page.context
    context.route(re.compile(r"/from-file/\w+$"), lambda route: route.abort())  # the page never hears how it went
    with page.expect_response(re.compile(r"/from-file\?")) as sent:
        begin(page, edited(rows), tmp_path / "外业修改.gpkg")
    assert sent.value.status == 202
    page.wait_for_function("() => localStorage.getItem('gridatlas.plan.filing')")
    page.close()
    context.unroute_all()
    assert all("ERR_FAILED" in one for one in watched.complaints)
    watched.complaints.clear()
    again = context.new_page()
    again.goto(PATH)
    ready(again)
    expect(again.get_by_role("heading", name="外业修改")).to_be_visible(timeout=SHOWN_MS)
    assert again.evaluate("() => localStorage.getItem('gridatlas.plan.filing')") is None
    assert len(httpx.get(f"{desk}/v1/plans", timeout=30).json()["plans"]) == 1


def test_a_file_that_nobody_knows_of_any_more_is_forgotten(visit: Opener, desk: str, watched: Watched) -> None:
    page = visit(PATH, address=desk)
    page.evaluate(
        '() => localStorage.setItem(\'gridatlas.plan.filing\', \'{"id": "0123456789abcdef", "filename": "a"}\')'
    )
    page.reload()
    page.wait_for_function("() => !localStorage.getItem('gridatlas.plan.filing')")
    expect(page.get_by_role("button", name="新建方案")).to_be_visible()
    assert all("status of 404" in one for one in watched.complaints)
    watched.complaints.clear()


def test_what_is_wrong_with_a_file_is_listed_and_gone_to(
    visit: Opener, desk: str, rows: geopandas.GeoDataFrame, watched: Watched, tmp_path: Path, pictures: Path | None
) -> None:
    torn = rows.copy()
    at = torn.index[torn["code"] == GRIDS[0]][0]
    torn.loc[at, "geometry"] = shapely.affinity.translate(torn.geometry[at], 0, 1e-3)
    page = begin(visit(PATH, address=desk), torn, tmp_path / "错的.gpkg")
    found = page.get_by_role("list", name="发现").get_by_role("listitem")
    expect(found.first).to_contain_text("重叠", timeout=SHOWN_MS)
    expect(found.first).to_contain_text("错的.gpkg")
    before = page.url
    found.first.get_by_role("button", name="定位").click()
    expect(found.first.get_by_role("button", name="定位")).to_have_attribute("aria-pressed", "true")
    page.wait_for_url(lambda url: url != before)
    shoot(page, pictures, "planner-file-wrong.png")
    assert httpx.get(f"{desk}/v1/plans", timeout=30).json()["plans"] == []
    page.get_by_role("button", name="换一个文件").click()
    expect(page.get_by_role("form", name="从文件新建方案")).to_be_visible()
    assert all(re.search(r"status of 422", one) for one in watched.complaints)
    watched.complaints.clear()


def test_on_a_narrow_screen_a_file_that_differs_in_nothing_is_said_to_and_leaves_no_plan(
    visit: Opener, desk: str, rows: geopandas.GeoDataFrame, tmp_path: Path, pictures: Path | None
) -> None:
    page = visit(PATH, address=desk)
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="从文件…").click()
    shoot(page, pictures, "planner-file-390.png")
    page.get_by_role("button", name="取消").click()
    begin(page, rows, tmp_path / "没改.gpkg")
    expect(page.get_by_role("heading", name="没有差别")).to_be_visible(timeout=SHOWN_MS)
    expect(page.get_by_text("没有新建方案")).to_be_visible()
    shoot(page, pictures, "planner-file-same-390.png")
    assert httpx.get(f"{desk}/v1/plans", timeout=30).json()["plans"] == []
    page.get_by_role("button", name="换一个文件").click()
    expect(page.get_by_role("form", name="从文件新建方案")).to_be_visible()


def test_what_a_file_changes_outside_the_scope_is_refused_in_words_and_shown(
    visit: Opener, desk: str, rows: geopandas.GeoDataFrame, watched: Watched, tmp_path: Path
) -> None:
    page = visit(PATH, address=desk)
    edited(rows).to_file(tmp_path / "越界.gpkg", layer="grid")
    page.get_by_role("button", name="从文件…").click()
    form = page.get_by_role("form", name="从文件新建方案")
    form.locator("input[type=file]").set_input_files(tmp_path / "越界.gpkg")
    form.get_by_role("combobox", name="范围").select_option(COMMUNITIES[1])
    form.get_by_role("button", name="上传并预览").click()
    expect(form.get_by_role("alert")).to_contain_text("之外；换一个编码，或选更大的范围", timeout=SHOWN_MS)
    assert all(re.search(r"status of 422", one) for one in watched.complaints)
    watched.complaints.clear()
