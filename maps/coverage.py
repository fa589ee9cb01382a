"""The coverage map and the start page: what each begins with."""

from __future__ import annotations

from typing import Any

from geo.areas import City, Edition
from geo.coverage.indicators import GROUPS, registry
from maps.page import LANGUAGES, View, of_city

MODULES = {"start": "/static/js/start.js", "coverage": "/static/js/coverage.js"}


def boot(
    city: City,
    edition: Edition,
    *,
    editions: list[Edition],
    bounds: tuple[float, float, float, float],
    tiles: str,
) -> dict[str, Any]:
    """What the page's script starts from, as plain JSON values.

    Parameters
    ----------
    bounds
        West, south, east, north of the city in degrees.
    tiles
        Address of ground tiles with ``{layer}``, ``{z}``, ``{x}``, ``{y}``.
    """
    return {
        "city": {
            "code": city.code,
            "name": city.name,
            "name_en": city.name_en,
            "levels": [{"key": level.key, "zh": level.zh, "en": level.en} for level in city.levels],
            "time_zone": city.time_zone,
        },
        "edition": _dated(edition),
        "editions": [_dated(one) for one in editions],
        "bounds": bounds,
        "tiles": tiles,
        "indicators": [{"key": one.key, "zh": one.zh, "en": one.en, "group": one.group} for one in registry().values()],
        "groups": [{"key": key, "zh": zh, "en": en} for key, (zh, en) in GROUPS.items()],
    }


def _dated(edition: Edition) -> dict[str, Any]:
    return {
        "number": edition.number,
        "effective_at": edition.effective_at.isoformat(),
        "published_by": edition.published_by,
        "summary": edition.summary,
        "leaves": edition.leaves,
        "changed": edition.changed,
    }


def page(view: View) -> str:
    """The page as HTML: a map with its module, or the shell alone when there is no city yet.

    Raises
    ------
    Unavailable
        When the front-end files have not been copied yet.
    """
    return of_city(MODULES[view.page], view)


def language(asked: str | None, accepted: str) -> str:
    """Language of a page: the one asked for, else the first of the browser's that there is, else Chinese."""
    for tag in (asked or "", *(part.split(";")[0].strip() for part in accepted.split(","))):
        for known in LANGUAGES:
            if tag and known.lower().startswith(tag.lower().split("-")[0]):
                return known
    return LANGUAGES[0]
