"""The import page on a slow network and by the keyboard: what is looked at is what was asked for last."""

from __future__ import annotations

import re

import httpx
from playwright.sync_api import expect

from tests import uploads
from tests.browser.conftest import Opener, Watched
from tests.browser.held import Held
from tests.browser.test_import_page import JOB_MS, PATH, send
from tests.uploads import grids_file, moved_east


def test_an_import_that_answers_late_does_not_take_the_place_of_another(visit: Opener, desk: str) -> None:
    with httpx.Client(base_url=desk, timeout=60) as site:
        first, second = (uploads.judged(site, grids_file(1, moved_east))["id"] for _ in range(2))
    page = visit(PATH, address=desk)
    listed = page.get_by_role("complementary").get_by_role("listitem").get_by_role("button")
    expect(listed).to_have_count(2)
    door = Held(page, rf"/v1/imports/({first}|{second})$", "GET")
    listed.nth(0).click()
    door.until(1)
    listed.nth(1).click()
    door.until(2)
    early, late = door.waiting
    door.is_open = True
    with page.expect_response(late.request.url):
        late.continue_()
    expect(page.get_by_text(re.compile(r"有 \d+ 处错误"))).to_be_visible(timeout=JOB_MS)
    with page.expect_response(early.request.url) as answer:
        early.continue_()
    answer.value.finished()
    page.wait_for_load_state("networkidle")
    assert late.request.url.rsplit("/", 1)[1] in page.url


def test_a_datum_is_chosen_by_arrow_keys(visit: Opener, desk: str) -> None:
    page = visit(PATH, address=desk)
    send(page, grids_file(1, moved_east))
    radios = page.get_by_role("radio")
    expect(radios.first).to_be_visible(timeout=JOB_MS)
    radios.nth(0).focus()
    page.keyboard.press("Space")
    for k in (1, 2, 3):
        page.keyboard.press("ArrowDown")
        expect(radios.nth(k)).to_be_checked()
        expect(radios.nth(k)).to_be_focused()


def test_findings_that_were_opened_stay_open_when_something_is_refused(
    visit: Opener, desk: str, watched: Watched
) -> None:
    with httpx.Client(base_url=desk, timeout=60) as site:
        number = uploads.judged(site, grids_file(1, moved_east))["id"]
    page = visit(f"{PATH}?id={number}", address=desk)
    groups = page.locator("button.group")
    expect(groups.first).to_be_visible(timeout=JOB_MS)
    groups.last.focus()
    page.keyboard.press("Enter")
    expect(groups.last).to_have_attribute("aria-expanded", "true")
    expect(groups.last).to_be_focused()
    page.wait_for_load_state("networkidle")
    door = Held(page, rf"/v1/imports/{number}$", "DELETE")
    page.get_by_role("button", name="撤回").click()
    door.until(1)
    door.lose()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(groups.last).to_have_attribute("aria-expanded", "true")
    assert all("ERR_FAILED" in one for one in watched.complaints)
    watched.complaints.clear()
