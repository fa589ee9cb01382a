"""What folium draws of a page: the map, the script that starts it, and links that lead to this server.

Whoever serves imports this when the first page is drawn, not before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import folium
from branca.element import CssLink, Element, Figure, JavascriptLink, MacroElement
from folium.elements import JSCSSMixin
from folium.template import Template
from markupsafe import Markup

from geo.errors import Refused, Unavailable
from maps.assets import LOCAL, URL, missing

_GEOMAN = tuple(f"{URL}/@geoman-io/leaflet-geoman-free/dist/leaflet-geoman.{ending}" for ending in ("min.js", "css"))
_VIEWPORT = re.compile(r'<meta name="viewport".*?/>', re.DOTALL)


@dataclass(frozen=True)
class Drawn:
    """A folium map as the parts of a page: what its head asks for, its own element, and the script that makes it."""

    head: str
    element: Markup
    script: Markup


class Starter(MacroElement):
    """Starts one of our ES modules on the map it is added to, with everything the page's JSON blocks hold."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            import({{ this.module|tojson }}).then(module => {
                const blocks = document.querySelectorAll('script[type="application/json"]');
                const boot = Object.assign({}, ...Array.from(blocks, block => JSON.parse(block.textContent)));
                module.default({{ this._parent.get_name() }}, boot);
            });
        {% endmacro %}
        """
    )

    def __init__(self, module: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Starter"
        self.module = module


class Gestures(JSCSSMixin, MacroElement):
    """Loads the library that lines and polygons are drawn with; of its own it shows nothing."""

    _template = Template("")

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Gestures"
        self.default_js = [("geoman", _GEOMAN[0])]
        self.default_css = [("geoman_css", _GEOMAN[1])]


class OfflineFigure(Figure):
    """A figure whose links all lead to this server."""

    def localise(self) -> Element:
        """The header with every link rewritten; children are rendered first, since that is when they add links.

        Raises
        ------
        Refused
            For a link whose name is not in :data:`maps.assets.LOCAL`.
        """
        for child in list(self._children.values()):
            child.render()
        for name, link in list(self.header._children.items()):
            if not isinstance(link, JavascriptLink | CssLink) or link.url.startswith("/"):
                continue
            if name not in LOCAL:
                raise Refused(f"folium asset {name!r} ({link.url}) has no local file; add it to maps/assets.py")
            local = LOCAL[name]
            if local is None:
                del self.header._children[name]
            else:
                link.url = local
        return self.header


def blank_map(closest: int = 20) -> folium.Map:
    """A folium map without any tiles of its own, zoomable to ``closest`` (20: a street) in half steps."""
    # folium reads max_zoom for tiles alone; Leaflet's own option gets through as it is spelled
    options: dict[str, Any] = {"min_zoom": 7, "maxZoom": closest, "zoom_snap": 0.5, "attribution_control": False}
    return folium.Map(location=[0, 0], zoom_start=3, tiles=None, zoom_control=False, **options)


def parted(drawn: folium.Map) -> Drawn:
    """A map rendered.

    Raises
    ------
    Unavailable
        When the front-end files have not been copied yet.
    Refused
        When the map asks for an asset that has no local file.
    """
    if lacking := missing():
        raise Unavailable(f"front-end files are missing ({lacking[0]}, …): run npm ci, then python -m maps.assets")
    figure = OfflineFigure()
    figure.add_child(drawn)
    head, found = _VIEWPORT.subn("", figure.localise().render())
    if found != 1:
        raise Unavailable("folium's header has changed: its viewport tag, which forbids zooming, was not found")
    return Drawn(head, Markup(figure.html.render()), Markup(figure.script.render()))
