"""The page of mends, opened from disk with the network off: filters, choice both ways, zoom, before and after."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from playwright.sync_api import FloatRect, Locator, Page, expect

from geo.boundaries.importing import Prepared
from geo.boundaries.ledgers import Entry, Holder
from geo.space.mending import KINDS
from tests.browser.conftest import Opener, Watched
from tests.browser.test_coverage_page import asked, pixel_of
from tests.made_files import COMMUNITIES, SOUTH, WEST
from tests.mended_files import narrow, overlapping, prepared, write_page

SIZES = [(1440, 900), (390, 844)]
MANY = 3000
CITY_KM = 0.04  # degrees the made city is wide


def many(found: Prepared, count: int = MANY) -> Prepared:
    """The small city with as many made mends, of every kind, larger and smaller."""
    rng = np.random.default_rng(7)
    kinds = list(KINDS)
    corners = rng.uniform((WEST, SOUTH), (WEST + CITY_KM, SOUTH + CITY_KM / 2), (count, 2)).round(8)
    codes = found.judgement.division.leaf_codes
    lost, got = (Holder("grid", str(codes[at]), "grids.geojson", (at + 1,)) for at in (0, 1))
    made = [
        Entry(kinds[at % len(kinds)], lost, got, shapely.box(x, y, x + 1e-5 * (1 + at % 9), y + 1e-5), 1.0 * at, 1.1)
        for at, (x, y) in enumerate(corners.tolist())
    ]
    return replace(found, judgement=replace(found.judgement, ledger=made))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mends")
    return write_page(folder, prepared(folder))


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("refused")
    return write_page(folder, prepared(folder, overlapping))


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    return write_page(folder, many(prepared(folder)))


def opened(visit: Opener, file: Path, path: str = "", **given: object) -> Page:
    page = visit(path, file=file, **given)
    expect(page.locator(".painted img").nth(1)).to_be_attached()
    return page


def rows(page: Page) -> Locator:
    return page.get_by_role("listbox", name="列表").get_by_role("option")


@pytest.mark.parametrize("size", SIZES)
def test_nothing_but_the_file_is_asked_for(visit: Opener, watched: Watched, file: Path, size: tuple[int, int]) -> None:
    page = opened(visit, file, size=size)
    for key in ("j", "b", "Enter", "j", "Escape"):
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="修补台账")).to_be_visible()
    assert [url for url in watched.requests if not url.startswith(("data:", "blob:"))] == [file.as_uri()]


def test_the_head_says_file_limits_authority_and_what_was_moved(visit: Opener, file: Path) -> None:
    panel = opened(visit, file).get_by_role("complementary")
    for text in ("sources.toml", "宽 2 m · 面积 1,000 m²", "网格 › 社区", "尚未入库", "2 处"):
        expect(panel).to_contain_text(text)
    expect(panel.get_by_text("最大一处").locator("..")).to_contain_text("m²")


def test_it_says_that_nothing_is_stored_and_how_to_commit(visit: Opener, file: Path) -> None:
    page = opened(visit, file)
    expect(page.locator(".status")).to_contain_text("尚未入库 · 试运行：将发布第 1 版")
    expect(page.get_by_label("入库命令")).to_have_text("./gridatlas import boundaries sources.toml --repair --commit")
    page.get_by_role("button", name="复制命令").click()
    expect(page.get_by_role("button", name="已复制")).to_be_visible()


def test_a_row_tells_from_to_ground_width_and_where_it_stands_in_the_file(visit: Opener, file: Path) -> None:
    gap = rows(opened(visit, file)).filter(has_text="无")
    expect(gap).to_contain_text("网格00")
    expect(gap).to_contain_text("379901001001001")
    expect(gap).to_contain_text(re.compile(r"宽 0\.\d\d m"))
    expect(gap).to_contain_text("grids.geojson 行 1")


def test_a_row_is_gone_to_and_its_card_tells_the_same(visit: Opener, file: Path) -> None:
    page = opened(visit, file)
    gap = rows(page).filter(has_text="无")
    gap.click()
    expect(gap).to_have_attribute("aria-selected", "true")
    card = page.get_by_role("region", name="所选区域")
    expect(card).to_contain_text("缝隙归入边界最长的网格")
    expect(card).to_contain_text("网格00")
    assert float(asked(page, "z")) >= 16, "a gap of half a metre is gone to from near"
    x, y = pixel_of(page, WEST + 0.01, SOUTH + 0.005)
    main = page.get_by_role("main").bounding_box()
    assert main is not None
    assert main["x"] < x < main["x"] + main["width"]
    assert main["y"] < y < main["y"] + main["height"]


def test_a_mark_on_the_map_chooses_its_row(visit: Opener, file: Path) -> None:
    page = opened(visit, file)
    rows(page).filter(has_text="无").click()
    page.keyboard.press("Escape")
    main = page.get_by_role("main").bounding_box()
    assert main is not None
    page.mouse.click(main["x"] + main["width"] / 2, main["y"] + main["height"] / 2)
    expect(rows(page).filter(has_text="无")).to_have_attribute("aria-selected", "true")
    assert asked(page, "sel") in ("m1", "m2")
    page.mouse.click(main["x"] + main["width"] - 120, main["y"] + main["height"] - 120)
    expect(page.get_by_role("region", name="所选区域")).to_be_hidden()


def test_before_and_after_are_two_pictures(visit: Opener, file: Path) -> None:
    page = opened(visit, file)
    rows(page).filter(has_text="无").click()
    page.wait_for_timeout(600)
    main = page.get_by_role("main").bounding_box()
    assert main is not None
    clip: FloatRect = {
        "x": main["x"] + main["width"] / 2 - 40,
        "y": main["y"] + main["height"] / 2 - 60,
        "width": 80,
        "height": 40,
    }
    after = still(page, clip)
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="修补前").first).to_have_attribute("aria-pressed", "true")
    before = still(page, clip, unlike=after)
    assert before != after
    page.get_by_role("button", name="修补后").first.click()
    assert still(page, clip, unlike=before) == after


def still(page: Page, clip: FloatRect, unlike: bytes = b"") -> bytes:
    """The picture of a piece of the page that no longer changes; another than ``unlike``, if one comes within 10 s."""
    shot = b""
    for _ in range(50):
        before, shot = shot, page.screenshot(clip=clip)
        if shot == before != unlike:
            break
        page.wait_for_timeout(200)
    return shot


def test_chips_filter_by_kind_with_their_counts(visit: Opener, long: Path) -> None:
    page = opened(visit, long)
    each = [len(range(at, MANY, len(KINDS))) for at in range(len(KINDS))]
    chips = page.get_by_role("group", name="按类型筛选").get_by_role("button")
    expect(chips).to_have_count(len(KINDS) + 1)
    assert [int(re.sub(r"\D", "", chip.inner_text())) for chip in chips.all()] == [MANY, *each]
    chips.filter(has_text="缝隙").click()
    expect(rows(page).first).to_have_attribute("aria-setsize", str(each[0]))
    chips.filter(has_text="重叠").click()
    expect(rows(page).first).to_have_attribute("aria-setsize", str(each[0] + each[1]))
    chips.filter(has_text="全部").click()
    expect(rows(page).first).to_have_attribute("aria-setsize", str(MANY))


def test_of_three_thousand_rows_only_those_in_sight_are_drawn(visit: Opener, long: Path) -> None:
    page = opened(visit, long)
    assert rows(page).count() < 40
    page.keyboard.press("k")
    expect(page.locator(f"#row-m{MANY}")).to_be_in_viewport()
    assert rows(page).count() < 40
    page.keyboard.press("j")
    expect(page.locator("#row-m1")).to_be_in_viewport()


def test_clusters_count_every_mend_once(visit: Opener, long: Path) -> None:
    page = opened(visit, long)
    counted = page.evaluate(
        """async () => {
            const { merged } = await import("gridatlas/places.js");
            const place = (k) => ({ x: (k * 7919) % 900, y: (k * 104729) % 700, places: [k] });
            const marks = Array.from({ length: 3000 }, (_, k) => place(k));
            return merged(marks).flatMap((mark) => mark.places).sort((a, b) => a - b);
        }"""
    )
    assert counted == list(range(MANY))


def test_errors_come_first_and_say_that_they_refuse(visit: Opener, refused: Path) -> None:
    page = opened(visit, refused)
    expect(page.get_by_role("complementary")).to_contain_text("有 1 个错误，不能入库")
    expect(page.get_by_label("入库命令")).to_have_count(0)
    page.get_by_role("button", name="看错误").click()
    first = rows(page).first
    expect(first).to_contain_text("重叠")
    expect(first).to_contain_text("grids.geojson · 行 5·6")
    first.click()
    expect(page.get_by_role("region", name="所选区域")).to_contain_text("错误")


def test_without_leave_to_mend_the_findings_stand_alone(visit: Opener, tmp_path: Path) -> None:
    page = opened(visit, write_page(tmp_path, prepared(tmp_path, narrow, None)))
    expect(page.get_by_role("heading", name="检查结果")).to_be_visible()
    expect(page.get_by_role("tab")).to_have_count(1)
    expect(rows(page).first).to_contain_text("重叠")
    expect(page.get_by_role("button", name="修补前")).to_have_count(0)


def test_with_nothing_to_mend_it_says_so(visit: Opener, tmp_path: Path) -> None:
    page = opened(visit, write_page(tmp_path, prepared(tmp_path, lambda _: None)))
    expect(page.get_by_role("complementary")).to_contain_text("没有需要修补的地方")
    expect(page.get_by_role("complementary")).to_contain_text("原样入库即可")


def test_the_city_is_searched_by_name(visit: Opener, file: Path) -> None:
    page = opened(visit, file)
    page.keyboard.press("/")
    page.get_by_role("combobox", name="搜索区域和网格").fill("社区1")
    expect(page.get_by_role("option", name="社区1").first).to_contain_text(COMMUNITIES[1])
    page.keyboard.press("Enter")
    assert float(asked(page, "z")) > 12


def test_the_other_language_is_in_the_file_too(visit: Opener, file: Path) -> None:
    page = opened(visit, file)
    page.get_by_title("Switch to English").click()
    expect(page.get_by_role("heading", name="Ledger of mends")).to_be_visible()
    expect(page.get_by_role("complementary")).to_contain_text("Nothing is stored yet")


def test_on_paper_every_row_stands(visit: Opener, long: Path) -> None:
    page = opened(visit, long)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    expect(rows(page)).to_have_count(MANY)
    expect(page.get_by_role("group", name="按类型筛选")).to_be_hidden()


def test_a_name_that_looks_like_markup_stays_text(visit: Opener, tmp_path: Path) -> None:
    def marked(features: list) -> None:  # type: ignore[type-arg]
        narrow(features)
        features[0]["properties"]["name"] = "</script></template><img src=x onerror=alert(1)>"

    page = opened(visit, write_page(tmp_path, prepared(tmp_path, marked)))
    expect(page.get_by_role("complementary")).to_contain_text("<img src=x")
    assert page.locator("img[src=x]").count() == 0
