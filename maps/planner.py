"""The planner: a map on which the division is redrawn, with what that would do beside it.

Leaflet-Geoman has the gestures; what a line or a polygon makes of the ground is worked out by the server.
"""

from __future__ import annotations

from branca.element import MacroElement
from folium.elements import JSCSSMixin
from folium.template import Template

from maps.assets import URL
from maps.page import Starter, View, blank_map, of_city, render

MODULE = "/static/js/planner.js"
GEOMAN = tuple(f"{URL}/@geoman-io/leaflet-geoman-free/dist/leaflet-geoman.{ending}" for ending in ("min.js", "css"))


class Gestures(JSCSSMixin, MacroElement):
    """Loads the library that lines and polygons are drawn with; of its own it shows nothing."""

    _template = Template("")

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Gestures"
        self.default_js = [("geoman", GEOMAN[0])]
        self.default_css = [("geoman_css", GEOMAN[1])]


def page(view: View) -> str:
    """The page as HTML: a map with its module, or the shell alone when there is no city yet.

    Raises
    ------
    Unavailable
        When the front-end files have not been copied yet.
    """
    if not view.boot.get("city"):
        return of_city(MODULE, view)
    drawn = blank_map()
    drawn.add_child(Gestures())
    drawn.add_child(Starter(MODULE))
    return render(drawn, view)
