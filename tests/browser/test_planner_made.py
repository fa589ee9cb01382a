"""The planner in the made city, with streets, buildings and estates: what moves, what is found, what is proposed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from geo.actors import Actor
from geo.demo import steps
from geo.demo.plans import REGISTERS, Order
from geo.entities import ENTITIES
from geo.entities.loading import Intake, load
from tests.browser.conftest import Opener
from tests.browser.planners import PATH, SHOWN_MS, at, begun, changed, ready, tab
from tests.serving import served

MAKER = Actor("演示")
SCOPE = "990101002002"
WORK_MS = 60_000
"""Until proposals are worked out, on a machine that does other work too."""


@pytest.fixture(scope="module")
def made(engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the made city with its division, streets, buildings and estates."""
    folder = tmp_path_factory.mktemp("demo")
    steps.write_files(folder, Order(), lambda _: None)
    steps.publish_boundaries(engine, MAKER, lambda _: None)
    steps.draw_base_map(engine, MAKER, folder / steps.FILES[0])
    steps.load_buildings(engine, MAKER, folder / steps.FILES[2], lambda _: None)
    estates = Intake(ENTITIES["estates"], folder / REGISTERS["estates"], datum="wgs84", source="demo", commit=True)
    with engine.begin() as connection:
        assert load(connection, MAKER, estates).is_kept
    with served(engine) as address:
        yield address


def halved(address: str, plan: int) -> str:
    """Code of a grid of the scope that a line through its middle has cut, across whatever stands there."""
    listed = httpx.get(f"{address}/v1/areas", params={"parent": SCOPE, "limit": 100}, timeout=30).json()["places"]
    grid = max((one for one in listed if one["kind"] == "comprehensive"), key=lambda one: one["area_m2"])
    west, south, east, north = grid["bounds"]
    line = [[west - 3e-4, (south + north) / 2], [east + 3e-4, (south + north) / 2]]
    changed(address, plan, kind="split", code=grid["code"], line={"type": "LineString", "coordinates": line})
    return str(grid["code"])


def zoom(page: Page) -> float:
    return float(parse_qs(urlsplit(page.url).query)["z"][0])


def test_who_moves_is_told_with_figures_that_add_up(visit: Opener, made: str) -> None:
    plan = begun(made, scope=SCOPE)
    grid = halved(made, plan)
    page = ready(visit(f"{PATH}?plan={plan}", address=made))
    told = httpx.get(f"{made}/v1/plans/{plan}/preview", timeout=30).json()
    moves = page.get_by_role("region", name="谁会变动").get_by_role("row")
    expect(moves).to_have_count(len(told["moves"]) + 2)
    total = moves.last.get_by_role("cell").all_inner_texts()
    assert total[2] == f"{told['totals']['households']:,}"
    assert told["totals"]["households"] > 0
    page.get_by_role("region", name="户数").get_by_role("row").nth(1).click()
    detail = page.get_by_role("region", name=re.compile("的各项$"))
    expect(detail).to_contain_text("楼栋")
    assert grid in page.url


def test_buildings_that_a_new_border_cuts_are_outlined_with_the_preview(visit: Opener, made: str) -> None:
    plan = begun(made, scope=SCOPE)
    page = ready(visit(f"{PATH}?plan={plan}", address=made))
    legend = page.get_by_role("region", name="图例")
    expect(legend).to_be_visible()
    expect(legend).not_to_contain_text("新边界切到的楼")
    halved(made, plan)
    page.reload()
    ready(page)
    expect(legend).to_contain_text("新边界切到的楼")
    page.get_by_role("button", name="调整前").click()
    expect(legend).not_to_contain_text("新边界切到的楼")


def test_a_plan_is_opened_where_it_changes_something(visit: Opener, made: str) -> None:
    plan = begun(made, scope=None)
    whole = zoom(ready(visit(f"{PATH}?plan={plan}", address=made)))
    west, south, east, north = httpx.get(f"{made}/v1/grids/{halved(made, plan)}", timeout=30).json()["bounds"]
    page = ready(visit(f"{PATH}?plan={plan}", address=made))
    assert zoom(page) >= whole + 2
    seen = page.get_by_role("main").bounding_box()
    assert seen
    for x, y in (at(page, west, south), at(page, east, north)):
        assert seen["x"] < x < seen["x"] + seen["width"]
        assert seen["y"] < y < seen["y"] + seen["height"]


def test_a_finding_is_shown_where_it_is(visit: Opener, made: str) -> None:
    plan = begun(made, scope=SCOPE)
    halved(made, plan)
    page = ready(visit(f"{PATH}?plan={plan}", address=made))
    before = zoom(page)
    row = tab(page, "检查").get_by_role("listitem").filter(has_text=re.compile("切开.*建筑"))
    row.get_by_role("button", name="定位").click()
    page.wait_for_timeout(800)
    assert zoom(page) >= before
    expect(row).to_have_class("sel")


def test_a_proposal_is_looked_at_taken_and_taken_back(visit: Opener, made: str) -> None:
    plan = begun(made, scope=SCOPE)
    page = ready(visit(f"{PATH}?plan={plan}", address=made))
    page.get_by_role("button", name="均衡建议…").click()
    proposals = page.get_by_role("region", name="均衡建议")
    take = proposals.get_by_role("button", name="采用，接着改").first
    expect(take).to_be_visible(timeout=WORK_MS)
    expect(page.get_by_role("region", name="图例")).to_contain_text("①")
    take.click()
    expect(page.get_by_role("status").filter(has_text="已采用建议")).to_be_visible(timeout=WORK_MS)
    made_now = tab(page, "改动").get_by_role("listitem")
    expect(made_now.first).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_text("还没有改动可发布")).to_be_visible(timeout=SHOWN_MS)


def test_a_band_that_is_being_typed_stays_and_what_was_proposed_before_a_change_goes(visit: Opener, made: str) -> None:
    page = ready(visit(f"{PATH}?plan={begun(made, scope=SCOPE)}", address=made))
    page.get_by_role("button", name="均衡建议…").click()
    proposals = page.get_by_role("region", name="均衡建议")
    take = proposals.get_by_role("button", name="采用，接着改")
    expect(take.first).to_be_visible(timeout=WORK_MS)
    least = proposals.get_by_role("spinbutton").first
    least.fill("350")
    see = proposals.get_by_role("button", name="看地图").last
    see.focus()
    page.keyboard.press("Enter")
    expect(see).to_be_focused()
    expect(least).to_have_value("350")
    box = page.get_by_role("main").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.get_by_role("button", name="改名").click()
    asked = page.get_by_role("dialog")
    asked.get_by_role("textbox").fill("改过名的网格")
    asked.get_by_role("button", name="改名").click()
    expect(proposals).to_contain_text("先前的建议不再作数", timeout=WORK_MS)
    expect(take).to_have_count(0)
    expect(least).to_have_value("350")
