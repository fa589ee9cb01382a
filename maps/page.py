"""The shell every page shares: folium's map inside our bar, panel and legend, with a nonce for each script.

Data reach a page as one JSON document and are written with ``textContent``; no name is ever read as HTML.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import folium
from branca.element import MacroElement
from folium.template import Template
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from geo.errors import Unavailable
from maps.assets import OfflineFigure, missing

FOLDER = Path(__file__).parent
LANGUAGES = ("zh-CN", "en")
HOUSES = ("plans", "dispatch", "coverage", "blind-spots", "heat")
"""Pages of the navigation in their order; those without a page yet are shown as later."""

OPEN_HOUSES = {"coverage": "/maps/coverage"}
_VIEWPORT = re.compile(r'<meta name="viewport".*?/>', re.DOTALL)
_OPENING = re.compile(r"<(script|style)(?=[\s>])")


@dataclass(frozen=True)
class View:
    """What a page is about, before anything is drawn.

    Attributes
    ----------
    page
        ``start`` or ``coverage``.
    lang
        One of :data:`LANGUAGES`.
    place
        Name of the city as the bar shows it; empty when there is none yet.
    boot
        Everything the page's script starts from, as plain JSON values.
    nonce
        Of the Content-Security-Policy this page is sent with.
    """

    page: str
    lang: str
    place: str
    nonce: str
    boot: dict[str, Any] = field(default_factory=dict)


class Starter(MacroElement):
    """Starts one of our ES modules on the map it is added to, with the page's boot document."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            import({{ this.module|tojson }}).then(module => module.default(
                {{ this._parent.get_name() }}, JSON.parse(document.getElementById("boot").textContent)));
        {% endmacro %}
        """
    )

    def __init__(self, module: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Starter"
        self.module = module


@cache
def words(lang: str) -> dict[str, str]:
    """Every text of the pages in one language, by key."""
    found: dict[str, str] = json.loads((FOLDER / "static" / "locales" / f"{lang}.json").read_text(encoding="utf-8"))
    return found


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def policy(nonce: str) -> str:
    """Content-Security-Policy of a page: nothing but this origin, and inline scripts and styles by nonce only."""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
        "img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; font-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def blank_map() -> folium.Map:
    """A folium map without any tiles of its own, zoomable to street level in half steps."""
    # folium reads max_zoom for tiles alone; Leaflet's own option gets through as it is spelled
    options: dict[str, Any] = {"min_zoom": 7, "maxZoom": 20, "zoom_snap": 0.5, "attribution_control": False}
    return folium.Map(location=[0, 0], zoom_start=3, tiles=None, zoom_control=False, **options)


def render(drawn: folium.Map, view: View) -> str:
    """The whole page as HTML.

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
    text = words(view.lang)
    return (
        _templates()
        .get_template("shell.html")
        .render(
            view=view,
            t=text,
            boot=view.boot | {"words": text, "lang": view.lang, "page": view.page},
            houses=[(key, OPEN_HOUSES.get(key)) for key in HOUSES],
            head=_nonced(head, view.nonce),
            map=Markup(figure.html.render()),
            script=Markup(figure.script.render()),
        )
    )


def _nonced(html: str, nonce: str) -> Markup:
    return Markup(_OPENING.sub(rf'<\1 nonce="{nonce}"', html))
