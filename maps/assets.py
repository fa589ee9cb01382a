"""Third-party files of the pages: which are copied from npm's packages, and where a page finds each.

Nothing is loaded from another host. A page that asks for an asset of folium's which is not listed here is refused
while it is rendered, so a new plugin cannot bring a foreign address with it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from geo.errors import Unavailable

ROOT = Path(__file__).parent.parent
STATIC = Path(__file__).parent / "static"
VENDOR = STATIC / "vendor"
URL = "/static/vendor"

FILES = (
    "leaflet/LICENSE",
    "leaflet/dist/leaflet.js",
    "leaflet/dist/leaflet.css",
    "leaflet/dist/images/layers.png",
    "leaflet/dist/images/layers-2x.png",
    "leaflet/dist/images/marker-icon.png",
    "leaflet/dist/images/marker-icon-2x.png",
    "leaflet/dist/images/marker-shadow.png",
    "@geoman-io/leaflet-geoman-free/LICENSE",
    "@geoman-io/leaflet-geoman-free/dist/leaflet-geoman.min.js",
    "@geoman-io/leaflet-geoman-free/dist/leaflet-geoman.css",
)
"""Files copied, by their path under ``node_modules``: whole folders as they are, so icons are found."""

LOCAL: dict[str, str | None] = {
    "leaflet": f"{URL}/leaflet/dist/leaflet.js",
    "leaflet_css": f"{URL}/leaflet/dist/leaflet.css",
    "geoman": f"{URL}/@geoman-io/leaflet-geoman-free/dist/leaflet-geoman.min.js",
    "geoman_css": f"{URL}/@geoman-io/leaflet-geoman-free/dist/leaflet-geoman.css",
    "jquery": None,
    "bootstrap": None,
    "bootstrap_css": None,
    "glyphicons_css": None,
    "awesome_markers": None,
    "awesome_markers_css": None,
    "awesome_markers_font_css": None,
    "awesome_rotate_css": None,
}
"""Local address of each asset by folium's name for it; None = not needed: no page uses ``folium.Icon`` or jQuery."""


def copy(modules: Path = ROOT / "node_modules", vendor: Path = VENDOR) -> list[Path]:
    """The files of :data:`FILES`, copied from ``modules`` into ``vendor``; files that are already there stay.

    Raises
    ------
    Unavailable
        When a package is not installed; the message says how to install it.
    """
    copied = []
    for name in FILES:
        source, target = modules / name, vendor / name
        if not source.is_file():
            raise Unavailable(f"{source} is not there: run npm ci in {ROOT}, then python -m maps.assets again")
        if not target.is_file() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        copied.append(target)
    return copied


def missing(vendor: Path = VENDOR) -> list[str]:
    """Files of :data:`FILES` that are not in ``vendor``; empty when pages can be shown."""
    return [name for name in FILES if not (vendor / name).is_file()]


if __name__ == "__main__":
    copy()
