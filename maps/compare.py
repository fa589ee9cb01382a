"""The compare page: the same ground twice, as any two editions or plans have it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from maps.page import View, of_city

MODULE = "/static/js/compare.js"


def boot(addresses: Iterable[tuple[int, str]]) -> dict[str, Any]:
    """What the page starts from beside the city: by number of an edition, where its tiles come from."""
    return {"addresses": {str(number): address for number, address in addresses}}


def page(view: View) -> str:
    """The page as HTML: a map with its module, or the shell alone when there is no city yet.

    Raises
    ------
    Unavailable
        When the front-end files have not been copied yet.
    """
    return of_city(MODULE, view)
