"""Proposals on the page of blind spots: who could help, what is decided, followed to its end, and taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

import httpx
import pytest
import sqlalchemy as sa
from playwright.sync_api import Route, expect

from tests.browser.conftest import Opener, Watched
from tests.browser.held import Held
from tests.browser.spots import NEAR, PATH, legend, open_row, ready, row, spotted
from tests.browser.test_coverage_page import asked


@pytest.fixture(scope="module")
def city(engine: sa.Engine) -> Iterator[str]:
    yield from spotted(engine)


def test_the_open_row_names_who_could_help_and_the_map_draws_the_way(visit: Opener) -> None:
    page = ready(visit(NEAR))
    found = open_row(page, "西塔")
    first = found.get_by_role("row").filter(has_text="甲")
    expect(first).to_contain_text(re.compile(r"(数字经济党委|老支部).*\d+ 米.*可帮 \d 家"))
    lines = page.get_by_role("button", name="帮建连线")
    expect(lines).to_have_attribute("aria-pressed", "true")
    lines.click()
    assert asked(page, "hide") == "lines"
    found.get_by_role("button", name=re.compile("甲")).click()
    expect(found).to_contain_text("50 × 0.6 = 30")


def test_the_joint_branch_is_told_with_its_members_and_outlined(visit: Opener) -> None:
    page = ready(visit(NEAR))
    found = open_row(page, "联合一号楼")
    for text in ("建议联合支部", "3 名党员 · 2 家", "云图", "数联"):
        expect(found).to_contain_text(text)
    expect(legend(page)).to_contain_text("建议联合支部")
    fold = found.get_by_text("全部单位 1 家")
    fold.click()
    expect(found.get_by_role("row").filter(has_text="云图")).to_contain_text("200")


def test_a_proposal_is_stored_shown_with_its_day_and_taken_back(visit: Opener) -> None:
    page = ready(visit(NEAR))
    open_row(page, "联合一号楼").get_by_role("button", name="提议联合支部").click()
    toast = page.get_by_role("status").filter(has_text="提议已记下")
    expect(toast).to_be_visible()
    expect(row(page, "联合一号楼")).to_contain_text(re.compile(r"提议 \d\d-\d\d"))
    page.reload()
    expect(row(ready(page), "联合一号楼").locator(".line")).to_contain_text(re.compile(r"提议 \d\d-\d\d"))
    row(page, "联合一号楼").get_by_role("button", name="撤回提议").click()
    expect(row(page, "联合一号楼").get_by_role("button", name="提议联合支部")).to_be_visible()
    expect(row(page, "联合一号楼").locator(".line")).not_to_contain_text("提议")


def test_a_toast_takes_back_what_was_just_done(visit: Opener) -> None:
    page = ready(visit(NEAR))
    open_row(page, "升级楼").get_by_role("button", name="提议升级组织").click()
    page.get_by_role("status").filter(has_text="提议已记下").get_by_role("button", name="撤销").click()
    expect(row(page, "升级楼").get_by_role("button", name="提议升级组织")).to_be_visible()


def test_a_follow_up_goes_on_to_its_end_with_post_and_due_day(visit: Opener) -> None:
    page = ready(visit(NEAR))
    found = open_row(page, "纸面楼")
    found.get_by_role("button", name="安排核查").click()
    found.get_by_label("岗位").fill("社区组织委员")
    found.get_by_label("岗位").press("Enter")
    expect(page.get_by_role("status").filter(has_text="已记下")).to_be_visible()
    found.get_by_role("button", name="开始办理").click()
    expect(found.locator(".line")).to_contain_text("办理中")
    expect(found.get_by_label("岗位")).to_have_value("社区组织委员")
    found.get_by_role("button", name="办结").click()
    expect(found.locator(".line")).to_contain_text("办结")


def test_a_dismissal_gives_its_reason_and_can_be_undone(visit: Opener) -> None:
    page = ready(visit(NEAR))
    found = open_row(page, "西塔")
    found.get_by_role("button", name="不采纳…").click()
    found.get_by_role("combobox", name="理由").select_option(label="即将停业或搬离")
    found.get_by_role("textbox", name="补充说明").fill("年底搬走")
    found.get_by_role("button", name="不采纳").click()
    expect(found.locator(".line")).to_contain_text("不采纳")
    expect(found).to_contain_text("即将停业或搬离：年底搬走")
    found.get_by_role("button", name="恢复为盲点").click()
    expect(found.get_by_role("button", name="派员帮建")).to_be_visible()


def test_what_another_decided_meanwhile_is_said_beside_the_buttons(visit: Opener, city: str, watched: Watched) -> None:
    page = ready(visit(NEAR))
    found = open_row(page, "东塔")
    spot = {"spot": unquote(asked(page, "sel")), "code": "P1", "decision": "accepted", "proposal": "form_branch"}
    number = httpx.post(f"{city}/v1/follow-ups", json=spot).json()["id"]
    found.get_by_role("button", name="提议组建支部").click()
    expect(found.get_by_role("alert")).to_contain_text("was decided of before")
    httpx.patch(f"{city}/v1/follow-ups/{number}", json={"state": "cancelled"})
    watched.complaints = [one for one in watched.complaints if "409" not in one]


def test_enter_leads_to_the_main_action(visit: Opener) -> None:
    page = ready(visit(NEAR))
    page.keyboard.press("j")
    action = page.get_by_role("button", name="提议组建支部")
    expect(action).to_be_visible()
    page.keyboard.press("Enter")
    expect(action).to_be_focused()


def test_the_place_in_a_row_is_kept_while_the_rest_of_it_arrives(visit: Opener) -> None:
    """Enter came before the row was told in full, and the focus went back to the row's head."""
    page = ready(visit(NEAR))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/v1/blind-spots/building/"), hold)
    page.keyboard.press("j")
    found = page.locator(".item.sel")
    action = found.get_by_role("button", name="提议组建支部")
    expect(action).to_be_visible()
    expect(found.get_by_text("全部单位")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(action).to_be_focused()
    held[0].continue_()
    expect(found.get_by_text("全部单位")).to_be_visible()
    expect(action).to_be_focused()


@pytest.mark.parametrize(("name", "ending"), [("CSV", "csv"), ("GeoJSON", "geojson")])
def test_the_list_is_handed_out_as_a_file(visit: Opener, city: str, name: str, ending: str) -> None:
    page = ready(visit(f"{PATH}?codes=P2"))
    page.locator(".foot-bar").get_by_text("导出清单").click()
    href = page.get_by_role("link", name=name, exact=True).get_attribute("href")
    assert href is not None
    told = httpx.get(city + href)
    assert told.status_code == 200
    assert "联合一号楼" in told.text
    assert "西塔" not in told.text
    assert f"f={ending}" in href


def test_what_is_written_next_is_not_drawn_anew_while_the_last_is_on_its_way(visit: Opener) -> None:
    """A post was sent, and the day that was being typed then was gone with the answer."""
    page = ready(visit(NEAR))
    found = open_row(page, "升级楼")
    found.get_by_role("button", name="提议升级组织").click()
    door = Held(page, r"/v1/follow-ups/", "PATCH")
    found.get_by_label("岗位").fill("社区组织委员")
    due = found.get_by_label("期限")
    due.focus()
    door.until(1)
    written = due.element_handle()
    door.let_go()
    expect(page.get_by_role("status").filter(has_text="已记下")).to_be_visible()
    expect(due).to_be_focused()
    assert written.evaluate("(field) => field.isConnected")


def test_a_reason_that_is_being_written_outlives_rows_that_arrive(visit: Opener) -> None:
    page = ready(visit(NEAR))
    found = open_row(page, "西塔")
    found.get_by_role("button", name="不采纳…").click()
    more = found.get_by_role("textbox", name="补充说明")
    more.fill("年底搬走")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")  # every row is drawn, as when more of them arrive
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    expect(more).to_have_value("年底搬走")
    expect(more).to_be_focused()
