"""The planner: a map on which the division is redrawn, with what that would do beside it.

Leaflet-Geoman has the gestures; what a line or a polygon makes of the ground is worked out by the server.
"""

from __future__ import annotations

from maps.page import View, of_city, render

MODULE = "/static/js/planner.js"
AT_A_DATE = "/static/js/planner-time.js"
"""Starts the page of another date, on which nothing is drawn."""


def page(view: View) -> str:
    """The page as HTML: a map with its module, or the shell alone when there is no city yet.

    At another date than now nothing is drawn: the page has a module of its own, and no gestures.

    Raises
    ------
    Unavailable
        When the front-end files have not been copied yet.
    """
    if not view.boot.get("city"):
        return of_city(MODULE, view)
    if view.boot.get("at"):
        return of_city(AT_A_DATE, view)
    from maps.canvas import Gestures, Starter, blank_map

    drawn = blank_map()
    drawn.add_child(Gestures())
    drawn.add_child(Starter(MODULE))
    return render(drawn, view)
