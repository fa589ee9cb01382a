"""The import page as a planner meets it: a file dropped, its columns declared, its faults looked at, published."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from api.app import create_app
from tests import uploads
from tests.browser.conftest import Opener
from tests.serving import served
from tests.small_plans import soon
from tests.uploads import grids_file, incidents_file, moved_east

PATH = "/maps/import"
JOB_MS = 30_000
"""Until a file has been looked at, judged or taken in: that is work, on a machine that does other work too."""


@pytest.fixture
def pictures(pytestconfig: pytest.Config) -> Path | None:
    folder: Path | None = pytestconfig.getoption("--pictures")
    return folder


def shoot(page: Page, folder: Path | None, name: str) -> None:
    page.wait_for_load_state("networkidle")
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(400)
        page.screenshot(path=folder / name)


def step(page: Page, name: str) -> object:
    return page.get_by_role("region", name=name, exact=True)


def send(page: Page, content: bytes, name: str = "网格调整 2026.geojson") -> None:
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]


def test_a_damaged_file_is_looked_at_mended_and_published(visit: Opener, desk: str, pictures: Path | None) -> None:
    page = visit(PATH, address=desk)
    expect(page.get_by_text("还没有导入过文件")).to_be_visible()
    shoot(page, pictures, "import-start.png")
    send(page, grids_file(2, moved_east))
    main = page.get_by_role("button", name="判读文件")
    expect(main).to_be_disabled()
    expect(page.get_by_text("先填：坐标基准")).to_be_visible(timeout=JOB_MS)
    expect(page.get_by_label("编码", exact=False).first).to_be_visible()
    shoot(page, pictures, "import-columns.png")
    page.get_by_role("radio", name=re.compile("WGS 84")).check()
    main.click()
    expect(page.get_by_role("button", name=re.compile("发布为第 2 版"))).to_be_disabled(timeout=JOB_MS)
    expect(page.get_by_text(re.compile(r"有 \d+ 处错误"))).to_be_visible(timeout=JOB_MS)
    row = page.get_by_role("complementary").get_by_role("listbox").get_by_role("option").first
    row.click()
    expect(row).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("region", name="所选区域")).to_contain_text("m²")
    shoot(page, pictures, "import-findings.png")
    page.get_by_role("button", name="换一个文件").click()
    send(page, grids_file(2))
    page.get_by_role("radio", name=re.compile("WGS 84")).check()
    page.get_by_role("button", name="判读文件").click()
    publish = page.get_by_role("button", name="发布为第 2 版…")
    expect(publish).to_be_enabled(timeout=JOB_MS)
    shoot(page, pictures, "import-ready.png")
    publish.click()
    shoot(page, pictures, "import-confirm.png")
    page.get_by_role("dialog").get_by_role("button", name="确认入库").click()
    expect(page.get_by_text("已发布为第 2 版")).to_be_visible(timeout=JOB_MS)
    expect(page.get_by_role("banner")).to_contain_text("第 2 版")
    shoot(page, pictures, "import-done.png")


def judged(page: Page, content: bytes) -> None:
    send(page, content)
    page.get_by_role("radio", name=re.compile("WGS 84")).check()
    page.get_by_role("button", name=re.compile("判读文件|Judge the file")).click()
    expect(page.get_by_role("button", name=re.compile("发布为第|Publish as"))).to_be_visible(timeout=JOB_MS)


def test_a_running_import_is_found_again_by_its_address(visit: Opener, desk: str) -> None:
    page = visit(PATH, address=desk)
    judged(page, grids_file(1, moved_east))
    assert "id=" in page.url
    page.reload()
    expect(page.get_by_text(re.compile(r"有 \d+ 处错误"))).to_be_visible(timeout=JOB_MS)
    page.get_by_role("button", name="换一个文件").click()
    page.get_by_role("button", name=re.compile("网格调整 2026.geojson")).click()
    expect(page.get_by_text(re.compile(r"有 \d+ 处错误"))).to_be_visible(timeout=JOB_MS)


def test_a_file_for_a_day_to_come_is_scheduled_and_leads_to_its_plan(visit: Opener, desk: str) -> None:
    with httpx.Client(base_url=desk, timeout=60) as site:
        number = uploads.judged(site, grids_file(2), effective_at=soon(86_400).isoformat())["id"]
    page = visit(f"{PATH}?id={number}", address=desk)
    page.get_by_role("button", name=re.compile(r"排期于 \d{4}-\d\d-\d\d 生效")).click()
    page.get_by_role("dialog").get_by_role("button", name="确认入库").click()
    expect(page.get_by_text(re.compile(r"已排期为方案 1，.* 起自动生效"))).to_be_visible(timeout=JOB_MS)
    page.get_by_role("link", name="查看方案 1").click()
    expect(page.get_by_text("已排期").first).to_be_visible(timeout=JOB_MS)


def test_findings_are_gone_through_by_keyboard(visit: Opener, desk: str) -> None:
    page = visit(PATH, address=desk)
    judged(page, grids_file(1, moved_east))
    listed = page.get_by_role("complementary").get_by_role("option")
    expect(listed.first).to_be_visible()
    page.keyboard.press("j")
    expect(listed.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("j")
    expect(listed.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="所选区域")).to_be_hidden()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("下一条、上一条发现")


def test_the_import_page_speaks_english(visit: Opener, desk: str, pictures: Path | None) -> None:
    page = visit(f"{PATH}?lang=en", lang="en", address=desk)
    shoot(page, pictures, "import-start-en.png")
    send(page, grids_file(1, moved_east), "grids.geojson")
    expect(page.get_by_text("Still needed: Datum")).to_be_visible(timeout=JOB_MS)
    shoot(page, pictures, "import-columns-en.png")
    page.get_by_role("radio", name=re.compile("WGS 84")).check()
    page.get_by_role("button", name="Judge the file").click()
    expect(page.get_by_text(re.compile("errors: mend the file"))).to_be_visible(timeout=JOB_MS)
    own = page.get_by_role("complementary").inner_text()
    assert not re.search(r"[一-鿿]", own.replace("编码", "")), own
    shoot(page, pictures, "import-findings-en.png")


def test_on_a_narrow_screen_the_steps_are_a_sheet(visit: Opener, desk: str, pictures: Path | None) -> None:
    page = visit(PATH, size=(390, 844), address=desk)
    shoot(page, pictures, "import-start-390.png")
    send(page, grids_file(1, moved_east))
    expect(page.get_by_text("先填：坐标基准")).to_be_visible(timeout=JOB_MS)
    shoot(page, pictures, "import-columns-390.png")
    page.get_by_role("radio", name=re.compile("WGS 84")).check()
    page.get_by_role("button", name="判读文件").click()
    expect(page.get_by_text(re.compile(r"有 \d+ 处错误"))).to_be_visible(timeout=JOB_MS)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("complementary").get_by_role("option").first.click()
    shoot(page, pictures, "import-findings-390.png")


def test_what_cannot_be_read_says_why_and_another_file_may_follow(visit: Opener, desk: str) -> None:
    page = visit(PATH, address=desk)
    send(page, b"no file of shapes", "notes.geojson")
    expect(page.get_by_role("alert")).to_contain_text("notes.geojson", timeout=JOB_MS)
    page.get_by_role("button", name="换一个文件").click()
    judged(page, grids_file(2))


def test_the_first_city_comes_in_by_the_page(visit: Opener, fresh_engine: sa.Engine, tmp_path: Path) -> None:
    with served(create_app(fresh_engine, handed_in=tmp_path)) as address:
        page = visit("/", address=address)
        page.get_by_role("link", name="打开导入页").click()
        send(page, grids_file(1))
        page.get_by_role("radio", name=re.compile("WGS 84")).check()
        page.get_by_role("textbox", name=re.compile("^层级")).fill("grid")
        page.get_by_label("城市名称").fill("试验市")
        page.get_by_label("城市编码").fill("3799")
        page.get_by_role("button", name="判读文件").click()
        page.get_by_role("button", name="发布为第 1 版…").click()
        page.get_by_role("dialog").get_by_role("button", name="确认入库").click()
        expect(page.get_by_text("已发布为第 1 版")).to_be_visible(timeout=JOB_MS)
        expect(page.get_by_role("banner")).to_contain_text("试验市")


def test_incidents_of_a_chinese_excel_come_in(visit: Opener, desk: str, pictures: Path | None) -> None:
    page = visit(PATH, address=desk)
    page.get_by_role("button", name="事件", exact=True).click()
    send(page, incidents_file(), "12345 工单.csv")
    expect(page.get_by_text("先填：坐标基准")).to_be_visible(timeout=JOB_MS)
    expect(page.get_by_label("编号")).to_have_value("工单编号")
    page.get_by_role("radio", name=re.compile("WGS 84")).check()
    page.get_by_label("来源（全部行）").fill("12345")
    shoot(page, pictures, "import-incidents-columns.png")
    page.get_by_role("button", name="判读文件").click()
    expect(page.get_by_role("button", name="入库…")).to_be_enabled(timeout=JOB_MS)
    shoot(page, pictures, "import-incidents.png")
    page.get_by_role("button", name="入库…").click()
    page.get_by_role("dialog").get_by_role("button", name="确认入库").click()
    expect(page.get_by_text("已入库 41 条")).to_be_visible(timeout=JOB_MS)
