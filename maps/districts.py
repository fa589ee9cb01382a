"""The page of one business district: its buildings by their state, floor by floor, who leads, and what can be done."""

from __future__ import annotations

from typing import Any

from geo.entities.lists import lists
from maps.page import View, of_city

MODULE = "/static/js/district.js"
KINDS = ("district_kinds", "service_kinds")
"""Lists whose words the page shows."""


def boot(districts: list[dict[str, Any]], district: int) -> dict[str, Any]:
    """What the page starts from: those there are by name, the one it is of (0: none), and what kinds are called."""
    called = {name: {word.key: [word.zh, word.en] for word in lists()[name].values()} for name in KINDS}
    return {"districts": districts, "district": district, **called}


def page(view: View) -> str:
    """The page as HTML: a map with its module, or the shell alone when there is no city yet.

    Raises
    ------
    Unavailable
        When the front-end files have not been copied yet.
    """
    return of_city(MODULE, view)
