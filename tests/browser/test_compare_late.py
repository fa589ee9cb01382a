"""The compare page on a slow network and by the keyboard: nothing is drawn anew under somebody's hands."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Opener
from tests.browser.held import Held
from tests.browser.test_compare_page import PATH, history  # noqa: F401
from tests.small_plans import NEW


def test_a_date_is_typed_figure_by_figure(visit: Opener, history: str) -> None:  # noqa: F811
    page = visit(f"{PATH}?a=e1&b=e3", address=history)
    expect(page.get_by_role("list", name="有哪些不同")).to_be_visible()
    day = page.get_by_label("A 图的日期")
    typed = day.element_handle()
    day.fill("0203-01-15")  # what the field holds before the last figure of the year
    day.fill("2030-01-15")
    expect(page.get_by_text("A · 2030-01-15")).to_be_visible()
    expect(page).to_have_url(re.compile("a=2030-01-15"))
    expect(day).to_be_focused()
    assert typed.evaluate("(field) => field.isConnected")


def test_the_keyboard_stays_at_the_difference_it_went_to(visit: Opener, history: str) -> None:  # noqa: F811
    page = visit(f"{PATH}?a=e1&b=e3", address=history)
    row = page.get_by_role("button", name=NEW)
    row.focus()
    page.keyboard.press("Enter")
    expect(row).to_have_attribute("aria-pressed", "true")
    expect(row).to_be_focused()


def test_editions_are_compared_while_the_list_of_plans_is_on_its_way(visit: Opener, history: str) -> None:  # noqa: F811
    page = visit("/maps/coverage", address=history)
    plans = Held(page, r"/v1/plans\?state=")
    page.goto(f"{history}{PATH}?a=e1&b=e3")
    expect(page.get_by_role("list", name="有哪些不同").locator("li")).to_have_count(3)
    page.get_by_label("A 图的日期").focus()
    plans.let_go()
    expect(page.locator("#side-0 optgroup[label='方案']")).to_have_count(1)
    expect(page.get_by_label("A 图的日期")).to_be_focused()
