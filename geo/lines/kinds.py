"""What a line of the base map is: its kind and class, from OpenStreetMap's tags or from the words of an office's file.

References
----------
wiki.openstreetmap.org/wiki/Key:highway, Key:railway, Key:waterway, Key:natural, Key:landuse, Key:leisure
"""

from __future__ import annotations

from collections.abc import Mapping

ROAD, RAIL, WATER, GREEN = KINDS = ("road", "rail", "water", "green")
UNDERGROUND = "underground"

_HIGHWAY = {
    **dict.fromkeys(("motorway", "trunk", "primary"), "arterial"),
    **dict.fromkeys(("motorway_link", "trunk_link", "primary_link"), "arterial"),
    **dict.fromkeys(("secondary", "tertiary", "secondary_link", "tertiary_link"), "secondary"),
    **dict.fromkeys(("residential", "unclassified", "living_street", "road", "pedestrian", "busway"), "street"),
    "service": "service",
    **dict.fromkeys(("footway", "path", "cycleway", "steps", "track", "bridleway"), "path"),
}
_RAILWAY = {
    **dict.fromkeys(("rail", "narrow_gauge", "preserved", "funicular"), "rail"),
    **dict.fromkeys(("subway", "light_rail", "monorail"), "metro"),
    "tram": "tram",
}
_YARD = ("yard", "siding", "spur", "crossover")
_WATERWAY = {
    **dict.fromkeys(("river", "riverbank", "tidal_channel"), "river"),
    **dict.fromkeys(("canal", "dock", "boatyard"), "canal"),
    **dict.fromkeys(("stream", "ditch", "drain"), "stream"),
}
_WATER = {"river": "river", "canal": "canal", "stream": "stream", "ditch": "stream", "moat": "canal", "lock": "canal"}
_NATURAL = {
    "water": (WATER, "lake"),
    "coastline": (WATER, "coast"),
    "wood": (GREEN, "wood"),
    **dict.fromkeys(("scrub", "heath", "grassland", "fell"), (GREEN, "grass")),
    "wetland": (GREEN, "wetland"),
}
_LANDUSE = {
    **dict.fromkeys(("reservoir", "basin"), (WATER, "lake")),
    "forest": (GREEN, "wood"),
    **dict.fromkeys(("grass", "meadow", "village_green", "recreation_ground", "greenfield"), (GREEN, "grass")),
    "cemetery": (GREEN, "cemetery"),
    **dict.fromkeys(("allotments", "orchard", "vineyard", "plant_nursery"), (GREEN, "garden")),
}
_LEISURE = {
    **dict.fromkeys(("park", "dog_park", "playground", "common"), (GREEN, "park")),
    "garden": (GREEN, "garden"),
    **dict.fromkeys(("golf_course", "pitch"), (GREEN, "grass")),
}
TAGS = ("highway", "railway", "waterway", "natural", "water", "landuse", "leisure", "service", "tunnel", "area")
"""Tags that decide; ``service`` tells a siding from a railway, ``tunnel`` what runs below ground."""

DECIDING = TAGS[:4] + TAGS[5:7]
"""A file with one of these columns and no kind is read by its tags."""

USUAL = {ROAD: "street", RAIL: "rail", WATER: "river", GREEN: "park"}
"""Class of a line whose file names none, or one nobody knows."""

CLASSES = {
    ROAD: {"arterial": 0, "secondary": 13, "street": 15, "service": 16, "path": 16},
    RAIL: {"rail": 0, "metro": 12, "siding": 15, "tram": 16},
    WATER: {"river": 0, "lake": 0, "moat": 0, "coast": 0, "canal": 11, "stream": 13},
    GREEN: {"park": 0, "wood": 0, "hill": 0, "bank": 0, "wetland": 12, "cemetery": 13, "grass": 14, "garden": 15},
}
"""Kind → class → zoom from which it is drawn: a class is drawn whole or not, never some of its lines."""


def drawn_at(zoom: int) -> list[str]:
    """Classes that are drawn at a zoom; no two kinds share one."""
    return [rank for ranks in CLASSES.values() for rank, least in ranks.items() if zoom >= least]


_KIND_WORDS = {
    **{kind: kind for kind in KINDS},
    **dict.fromkeys(("roads", "street", "highway", "道路", "公路", "街道", "路"), ROAD),
    **dict.fromkeys(("railway", "railways", "铁路", "轨道"), RAIL),
    **dict.fromkeys(("waterway", "waterways", "river", "水系", "水体", "河流", "湖泊", "水域"), WATER),
    **dict.fromkeys(("park", "forest", "绿地", "公园", "林地"), GREEN),
}
_CLASS_WORDS = {
    ROAD: {
        **_HIGHWAY,
        **dict.fromkeys(("高速", "高速公路", "国道", "省道", "快速路", "主干路", "主干道"), "arterial"),
        **dict.fromkeys(("县道", "次干路", "次干道"), "secondary"),
        **dict.fromkeys(("乡道", "支路", "街巷"), "street"),
        **dict.fromkeys(("内部路", "小区路"), "service"),
        **dict.fromkeys(("步道", "人行道", "小路"), "path"),
    },
    RAIL: {**_RAILWAY, "铁路": "rail", "地铁": "metro", "轻轨": "metro", "有轨电车": "tram"},
    WATER: {
        **_WATERWAY,
        **_WATER,
        "河": "river",
        "河流": "river",
        "湖": "lake",
        "湖泊": "lake",
        "水库": "lake",
        "渠": "canal",
    },
    GREEN: {"公园": "park", "林地": "wood", "草地": "grass", "墓地": "cemetery"},
}


def of_tags(tags: Mapping[str, str | None], *, is_ground: bool) -> tuple[str, str] | None:
    """Kind and class by OpenStreetMap's tags; None for what the base map does not show.

    Parameters
    ----------
    is_ground
        Whether the shape is a polygon: of ground only water and green are shown.

    Returns
    -------
        The kind is ``underground`` for railways and water in tunnels and culverts, whatever they are.
    """
    found = (None if is_ground else _way(tags)) or _ground(tags, is_ground=is_ground)
    if found and found[0] in (RAIL, WATER) and not is_ground and tags.get("tunnel") not in (None, "", "no"):
        return UNDERGROUND, found[1]
    return found


def _way(tags: Mapping[str, str | None]) -> tuple[str, str] | None:
    if (rank := _HIGHWAY.get(tags.get("highway") or "")) and tags.get("area") != "yes":
        return ROAD, rank
    if rank := _RAILWAY.get(tags.get("railway") or ""):
        return RAIL, "siding" if tags.get("service") in _YARD else rank
    return None


def _ground(tags: Mapping[str, str | None], *, is_ground: bool) -> tuple[str, str] | None:
    if rank := _WATERWAY.get(tags.get("waterway") or ""):
        return WATER, rank
    told = [table.get(tags.get(key) or "") for key, table in _TABLES.items()]
    found = next((one for one in told if one is not None), None)
    if found is None or is_ground == (found == _NATURAL["coastline"]):
        return None  # a coastline is a line, all else is ground
    if found[0] == WATER:
        return WATER, _WATER.get(tags.get("water") or "", found[1])
    return found


_TABLES = {"natural": _NATURAL, "landuse": _LANDUSE, "leisure": _LEISURE}


def kind_of(word: str) -> str | None:
    """Kind a file's word means; None when nobody knows."""
    return _KIND_WORDS.get(word.strip().lower())


def class_of(kind: str, word: str) -> str:
    """Class a file's word means in this kind; the usual one when nobody knows."""
    plain = word.strip().lower()
    return plain if plain in CLASSES[kind] else _CLASS_WORDS[kind].get(plain, USUAL[kind])
