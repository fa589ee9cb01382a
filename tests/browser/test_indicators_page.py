"""Indicators on the coverage page: organisational coverage as an official meets it, down to the buildings of a grid."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import urlopen

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from geo.actors import Actor
from geo.coverage import running
from tests.browser.conftest import Opener
from tests.browser.test_coverage_page import PATH, asked, pick, ready
from tests.covered import enter
from tests.registered import box, place
from tests.serving import served
from tests.small_city import COMMUNITIES, cell_centre, publish_small_city
from tests.standing import stand

TODAY = datetime.now(UTC).date()
SURVEYED = TODAY - timedelta(days=50)
GRID = COMMUNITIES[0] + "001"


def unit(reference: str, at: tuple[int, int], **told: Any) -> dict[str, Any]:
    return {"reference": reference, "name": reference, "lonlat": cell_centre(*at), "surveyed_on": SURVEYED, **told}


@pytest.fixture(scope="module")
def city(engine: sa.Engine) -> Iterator[str]:
    """Twenty units in the first community, nine covered; forty in the third, thirty covered."""
    with engine.begin() as connection:
        publish_small_city(connection)
        stand(connection, [box(0, 0), box(0, 1)], name=["甲楼", "乙楼"], use=["office", "office"])
        first, second = connection.scalars(sa.text("SELECT id FROM buildings ORDER BY reference"))
        some = enter(
            connection,
            "units",
            *(unit(f"a{k}", (0, 0), building_id=first, workers=10, members=4) for k in range(12)),
            *(unit(f"b{k}", (0, 1), building_id=second, workers=30, members=0) for k in range(8)),
            *(unit(f"c{k}", (2, 0), workers=5, members=3) for k in range(40)),
            *(unit(f"d{k}", (1, 0), workers=5, members=3) for k in range(3)),
            *(unit(f"e{k}", (3, 0), surveyed_on=None) for k in range(5)),
        )
        covered = {"method": "own", "evidence_on": SURVEYED, "since": SURVEYED}
        enter(connection, "coverage_records", *({"unit_id": one, **covered} for one in some[20:50]))
        running.run(connection, Actor("tests"), TODAY - timedelta(days=20))
        enter(
            connection,
            "coverage_records",
            *({"reference": f"later {k}", "unit_id": one, **covered} for k, one in enumerate(some[:9])),
        )
        slots = {"place_id": place(connection, GRID), "time": "full", "as_of": SURVEYED}
        enter(connection, "staff_slots", {**slots, "line": "police", "slots": 4, "filled": 3})
        report = {"place_id": place(connection, COMMUNITIES[0]), "as_of": SURVEYED}
        enter(connection, "report_ins", {**report, "members": 40, "demanded": 20, "met": 15})
    with served(engine) as address:
        urlopen(f"{address}/v1/values/organisational-coverage").close()  # looks for today's blind spots
        yield address


def panel(page: Page) -> Any:
    return page.get_by_role("complementary", name="覆盖")


def test_organisational_coverage_stands_first_with_its_denominator_its_workers_and_its_unknown(visit: Opener) -> None:
    page = ready(visit(PATH))
    expect(panel(page)).to_contain_text("61.9%")
    expect(panel(page)).to_contain_text("39 / 63 家已调查单位")
    expect(panel(page)).to_contain_text("按从业人员")
    expect(panel(page)).to_contain_text(f"{100 * (90 + 150) / (120 + 240 + 200 + 15):.1f}%")
    expect(panel(page).get_by_role("img")).to_have_attribute("aria-label", "已覆盖 39，未覆盖 24，未调查 5")
    expect(page.locator(".status")).to_contain_text("未知 7.4%（5 未调查）")


def test_it_tells_how_it_moved_since_the_run_of_an_earlier_day(visit: Opener) -> None:
    page = ready(visit(PATH))
    before = TODAY - timedelta(days=20)
    expect(panel(page)).to_contain_text(f"较 {before} +14.3 个百分点")


def test_the_ranking_has_estimates_parts_and_unknowns_and_says_why_there_is_no_value(visit: Opener) -> None:
    page = ready(visit(PATH))
    expect(page.get_by_role("row")).to_have_count(5)
    first = page.get_by_role("row").nth(1)
    expect(first).to_contain_text("9/20")
    found = re.search(r"(\d\d\.\d)\s+9/20", first.inner_text())
    assert found
    assert 45 < float(found[1]) < 62, "drawn from 45 % towards the mean of the city"
    expect(page.get_by_role("row").filter(has_text="0/3")).to_contain_text("不足")
    expect(page.get_by_role("row").last).to_contain_text("未知")
    legend = page.get_by_role("main").get_by_role("region", name="图例")
    expect(legend).to_contain_text("数据不足（少于 12）1")
    expect(legend).to_contain_text("未调查（已知不足 30%）1")


def test_the_card_tells_estimate_interval_and_parts_and_leads_to_the_blind_spots(visit: Opener) -> None:
    page = ready(visit(PATH))
    page.get_by_role("row").nth(1).click()
    card = page.get_by_role("region", name="所选区域")
    expect(card).to_contain_text("组织覆盖率（平滑）")
    expect(card).to_contain_text(re.compile(r"90% 区间\d\d\.\d–\d\d\.\d%"))
    expect(card).to_contain_text("9 / 20（45.0%）")
    expect(card.get_by_role("link", name="查看盲点")).to_have_attribute(
        "href", f"/maps/blind-spots?in={COMMUNITIES[0]}"
    )


def test_from_the_city_down_to_a_building_and_back(visit: Opener) -> None:
    page = ready(visit(f"{PATH}?in={COMMUNITIES[0]}&level=grid"))
    page.get_by_role("row").filter(has_text="第1-1网格").click()
    page.get_by_role("region", name="所选区域").get_by_role("button", name=re.compile("进入")).click()
    expect(page.get_by_role("heading", name="网格内的楼栋")).to_be_visible()
    line = page.get_by_role("row").filter(has_text="甲楼")
    expect(line).to_contain_text("P1")
    expect(line).to_contain_text("12")
    assert asked(page, "in") == GRID
    expect(page.get_by_role("main").get_by_role("region", name="图例")).to_contain_text("应建未建1")
    line.click()
    expect(page.get_by_role("region", name="所选区域")).to_contain_text("甲楼")
    expect(line).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation", name="层级").locator("[aria-current]")).not_to_contain_text("网格")


def test_a_grid_without_units_says_so(visit: Opener) -> None:
    page = visit(f"{PATH}?in={COMMUNITIES[1]}003&level=grid&z=16&c=36.12,120.315")
    expect(panel(page)).to_contain_text("这个网格里没有登记了单位的楼栋")


def test_the_picker_holds_every_indicator_by_its_group(visit: Opener) -> None:
    page = ready(visit(PATH))
    box = page.get_by_role("combobox", name="指标")
    box.focus()
    assert box.locator("option").count() == 55
    groups = box.locator("optgroup").evaluate_all("all => all.map(one => one.label)")
    assert groups == ["网格", "党的组织和工作覆盖", "网格力量", "服务", "小区", "底数", "事件"]


def test_the_staffing_matrix_unfolds_with_posts_filled_by_line(visit: Opener) -> None:
    page = ready(visit(PATH))
    pick(page, "staffing-police")
    expect(panel(page)).to_contain_text("3 / 4 个公安岗位")
    panel(page).get_by_text("力量矩阵").click()
    expect(panel(page).get_by_role("row").filter(has_text="公安")).to_contain_text("3 / 4")
    expect(panel(page)).to_contain_text("11 / 12 个网格没有岗位登记")


def test_what_is_told_of_communities_only_is_not_shown_by_grid(visit: Opener) -> None:
    page = ready(visit(f"{PATH}?level=grid&by=report-in-met"))
    expect(page.get_by_role("group", name="着色层级").first.get_by_role("button", name="网格")).to_be_disabled()
    expect(panel(page)).to_contain_text("15 / 20 项需求")


def test_the_table_comes_as_csv_with_every_part(visit: Opener) -> None:
    page = ready(visit(PATH))
    with page.expect_download() as waiting:
        page.get_by_role("button", name=re.compile("下载全部")).click()
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig"))))
    first = next(row for row in rows if row["编码"] == COMMUNITIES[0])
    assert (first["分子"], first["分母"], first["未知"]) == ("9", "20", "0")
    assert float(first["90% 下限"]) < float(first["平滑值"]) < float(first["90% 上限"])
    assert {row["说明"] for row in rows} == {"", "数据不足", "未知"}


def test_the_whole_panel_speaks_english(visit: Opener) -> None:
    page = ready(visit(f"{PATH}?lang=en"))
    said = page.get_by_role("complementary").inner_text()
    assert "39 / 63 units surveyed" in said
    assert "+14.3 points since" in said
    own = [line for line in said.splitlines() if re.search(r"[一-鿿]", line)]
    assert all(re.search(r"(社区|街道|城东区|试验市)$", line.strip()) for line in own), own


def test_with_its_card_open_the_page_stays_small(visit: Opener) -> None:
    page = ready(visit(PATH))
    page.get_by_role("row").nth(1).click()
    assert page.evaluate("document.querySelectorAll('*').length") <= 500
