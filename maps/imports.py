"""The import page: a map on which a file that is handed in is judged before anything changes."""

from __future__ import annotations

from maps.page import View, render

MODULE = "/static/js/import.js"


def page(view: View) -> str:
    """The page as HTML, with or without a city: the first one may come in by it.

    Raises
    ------
    Unavailable
        When the front-end files have not been copied yet.
    """
    from maps.canvas import Starter, blank_map

    drawn = blank_map()
    drawn.add_child(Starter(MODULE))
    return render(drawn, view)
