"""Answers that come late: a door of the server is held until the test has done what its answer once spoiled."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect


class Held:
    """Holds every question of a page whose address matches, and of a method if one is given, until they are let go."""

    def __init__(self, page: Page, door: str, method: str = "") -> None:
        self.page, self.method = page, method
        self.waiting: list[Route] = []
        self.is_open = False
        page.route(re.compile(door), self._asked)

    def _asked(self, route: Route) -> None:
        if self.is_open or (self.method and route.request.method != self.method):
            route.continue_()
        else:
            self.waiting.append(route)

    def until(self, number: int) -> None:
        """Wait until so many are held."""
        for _ in range(200):
            if len(self.waiting) >= number:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{len(self.waiting)} held, not {number}")

    def let_go(self, first: int | None = None) -> None:
        """Let those that wait go on, or the first so many; all that come after go on too, where all are let go."""
        self.is_open = first is None
        going, self.waiting = self.waiting[:first], self.waiting[len(self.waiting[:first]) :]
        for route in going:
            route.continue_()

    def lose(self) -> None:
        """Break the connection of all that wait."""
        for route in self.waiting:
            route.abort()
        self.waiting = []


def typed(page: Page, text: str) -> None:
    """Type where the focus is, and see that it stands there."""
    page.keyboard.type(text)
    expect(page.locator(":focus")).to_have_value(re.compile(f"{re.escape(text)}$"))
