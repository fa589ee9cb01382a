"""OpenStreetMap files read by chunks through osmium: points, lines and ground, the tags that matter as columns.

Closed ways that are ground by their tags, and relations ``multipolygon`` and ``boundary``, are rows of
``multipolygons``; every other way with a tag is one of ``lines``. What cannot be built, because an extract left out its
nodes or members, is a row without geometry: nothing is left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import shapely

from geo.errors import Refused, near
from geo.frames import sheets
from geo.frames.sheets import LAYER, Sheet, numbered

POINTS, LINES, GROUND = "points", "lines", "multipolygons"
GEOMETRY = "geometry"
_NAMES = ("name", "name:zh", "name:en", "ref")
_ADDRESS = tuple(f"addr:{part}" for part in ("housenumber", "housename", "street", "place", "city", "postcode", "full"))
_USES = (
    *("amenity", "shop", "office", "craft", "industrial", "tourism", "leisure", "sport", "historic", "military"),
    *("public_transport", "aeroway", "man_made", "power"),
)
_GROUNDS = ("landuse", "natural", "water", "waterway", "wetland", "intermittent", "place", "boundary", "admin_level")
_WAYS = (
    *(
        "highway",
        "railway",
        "service",
        "usage",
        "bridge",
        "tunnel",
        "covered",
        "location",
        "layer",
        "oneway",
        "junction",
    ),
    *("lanes", "maxspeed", "access", "foot", "width", "surface", "barrier", "area"),
)
_BUILDINGS = (
    *("building", "building:part", "building:use", "building:levels", "building:flats", "building:units", "height"),
    *("min_height", "start_date", "operator"),
)
COLUMNS = {
    POINTS: ("osm_id", *_NAMES, *_ADDRESS, *_USES, "place", "building", "entrance", "highway", "railway", "natural"),
    LINES: ("osm_id", *_NAMES, *_WAYS, *_GROUNDS, "building", "aeroway", "man_made", "leisure"),
    GROUND: ("osm_id", "osm_way_id", "type", *_NAMES, *_BUILDINGS, *_ADDRESS, *_USES, *_GROUNDS, *_WAYS),
}
"""Layer → columns: ids, and tags by their own names. Of ground, ``osm_id`` is a relation's, ``osm_way_id`` a way's."""

IS_GROUND: dict[str, frozenset[str] | None] = {
    **dict.fromkeys(
        (
            *("building", "building:part", "landuse", "leisure", "amenity", "shop", "office", "craft", "tourism"),
            *("historic", "military", "place", "boundary", "geological"),
        )
    ),
    "area": frozenset({"yes"}),
    "natural": frozenset(
        (
            *("bare_rock", "beach", "fell", "glacier", "grassland", "heath", "mud", "sand", "scree", "scrub"),
            *("shingle", "water", "wetland", "wood"),
        )
    ),
    "waterway": frozenset({"boatyard", "dam", "dock", "riverbank"}),
    "highway": frozenset({"platform", "rest_area", "services"}),
    "railway": frozenset({"platform", "station"}),
    "public_transport": frozenset({"platform", "station"}),
    "aeroway": frozenset({"aerodrome", "apron", "helipad", "terminal"}),
    "man_made": frozenset({"bridge", "pier", "reservoir_covered", "wastewater_plant", "works"}),
}
"""Key → values by which a closed way is ground; None = all. A closed coastline, cliff or roundabout is a line.

References
----------
wiki.openstreetmap.org/wiki/Key:area
"""

_DICTS = 8_192  # rows that are dictionaries at once: they take ten times the room of columns
_RELATIONS = ("multipolygon", "boundary")
_PLAIN = {*_RELATIONS, "type", "source", "created_by", "note", "fixme"}
Tags = dict[str, str]
Row = dict[str, Any]


def is_osm(path: Path) -> bool:
    """Whether a file is OpenStreetMap's, by its name."""
    return path.name.lower().endswith((".pbf", ".osm", ".osm.gz", ".osm.bz2"))


def layer_of(name: str, wanted: str | None, usual: str | None = None) -> str:
    """The layer to read. Raises Refused when it is none, or none is wanted and none usual."""
    found = wanted or usual
    if found in COLUMNS:
        return found
    there = ", ".join(COLUMNS)
    if found:
        raise Refused(f"{name} has no layer {found!r}; it has {there}{near(found, COLUMNS)}")
    raise Refused(f"{name} has {len(COLUMNS)} layers: {there}; name one with layer = …")


@contextmanager
def sheet(path: Path, name: str, columns: list[str] | None, layer: str, source: Path | None = None) -> Iterator[Sheet]:
    """The opened layer of the file at ``path``, called ``name`` in messages. Raises Refused; while reading as well."""
    wanted = [column for column in COLUMNS[layer] if columns is None or column in columns]
    schema = pa.schema([*((column, pa.string()) for column in wanted), (GEOMETRY, pa.binary())])
    with TemporaryDirectory(prefix="gridatlas-osm-") as folder:
        rows = _told({POINTS: _points, LINES: _lines, GROUND: _ground}[layer](str(path), folder), name)
        frames = numbered(_batches(rows, schema))
        yield Sheet(source or path, LAYER, schema, frames, None, GEOMETRY, "EPSG:4326", kind="osm")


def _batches(rows: Iterator[Row], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    while some := list(islice(rows, min(sheets.CHUNK, _DICTS))):
        yield pa.RecordBatch.from_pylist(some, schema=schema)


def _told(rows: Iterator[Row], name: str) -> Iterator[Row]:
    import osmium

    try:
        yield from rows
    except (RuntimeError, ValueError, osmium.InvalidLocationError) as error:  # osmium's words for what it cannot read
        raise Refused(f"{name} is cut off or damaged: {error}; fetch it again") from error


def _processor(path: str, folder: str) -> Any:
    """Objects with their places; places of nodes wait in a file, so that memory does not grow with the country."""
    import osmium

    return osmium.FileProcessor(path).with_locations(f"sparse_file_array,{folder}/nodes")


def _points(path: str, folder: str) -> Iterator[Row]:
    import osmium

    node: Any
    for node in osmium.FileProcessor(path, osmium.osm.NODE).with_filter(osmium.filter.EmptyTagFilter()):
        row = {**dict(node.tags), "osm_id": str(node.id)}
        yield {**row, GEOMETRY: shapely.to_wkb(shapely.Point(node.lon, node.lat)) if node.location.valid() else None}


def _lines(path: str, folder: str) -> Iterator[Row]:
    import osmium

    factory = osmium.geom.WKBFactory()
    for way in _processor(path, folder).with_filter(osmium.filter.EntityFilter(osmium.osm.WAY)):
        tags = dict(way.tags)
        if tags and not (way.is_closed() and is_ground(tags)):
            yield {**tags, "osm_id": str(way.id), GEOMETRY: _line(way, factory)}


def _line(way: Any, factory: Any) -> bytes | None:
    """The line; of one that an extract cut, the runs of nodes that are there."""
    import osmium

    try:
        return bytes.fromhex(factory.create_linestring(way))
    except (osmium.InvalidLocationError, RuntimeError):
        runs = [list(run) for there, run in groupby(way.nodes, lambda node: node.location.valid()) if there]
        parts = [shapely.LineString([(node.lon, node.lat) for node in run]) for run in runs if len(run) > 1]
        return shapely.to_wkb(shapely.MultiLineString(parts)) if parts else None


def is_ground(tags: Tags) -> bool:
    """Whether a closed way with these tags is ground, not a line."""
    if tags.get("area") == "no":
        return False
    return any(key in tags and (values is None or tags[key] in values) for key, values in IS_GROUND.items())


def _ground(path: str, folder: str) -> Iterator[Row]:
    import osmium

    factory = osmium.geom.WKBFactory()
    relations = _relations(path)
    # Before 2017 the tags of such a relation stood on its outer way: they are the relation's, the way no second ground.
    lent = {way: number for number, (tags, ways) in relations.items() if not _says(tags) for way in ways}
    waiting: dict[int, list[Row]] = {}
    kinds = osmium.filter.EntityFilter(osmium.osm.WAY | osmium.osm.AREA)
    for one in _processor(path, folder).with_areas().with_filter(kinds):
        if not one.is_area():
            if one.is_closed() and not all(node.location.valid() for node in one.nodes) and is_ground(dict(one.tags)):
                yield {**dict(one.tags), "osm_way_id": str(one.id), GEOMETRY: None}
            continue
        row = {**dict(one.tags), GEOMETRY: _area(one, factory)}
        number = one.orig_id()
        if not one.from_way():
            tags, _ = relations[number] if not _says(row) else relations.pop(number)
            row |= {**tags, "osm_id": str(number)}
            if _says(tags):
                yield row
            else:
                waiting.setdefault(number, []).insert(0, row)
        elif is_ground(row):
            row["osm_way_id"] = str(number)
            if number in lent:
                waiting.setdefault(lent[number], []).append(row)
            else:
                yield row
    yield from _settled(waiting)
    yield from (
        {**tags, "osm_id": str(number), GEOMETRY: None} for number, (tags, _) in relations.items() if _says(tags)
    )


def _settled(waiting: dict[int, list[Row]]) -> Iterator[Row]:
    """Relations with the tags of their outer way; the ways themselves where the relation could not be built."""
    for first, *ways in waiting.values():
        if "osm_id" not in first:
            yield from (first, *ways)
        elif ways:
            yield {**ways[0], **first, "osm_way_id": None}


def _relations(path: str) -> dict[int, tuple[Tags, list[int]]]:
    """Tags and outer ways of every relation that is ground."""
    import osmium

    found = {}
    one: Any
    for one in osmium.FileProcessor(path, osmium.osm.RELATION):
        if one.tags.get("type") in _RELATIONS:
            outer = [member.ref for member in one.members if member.type == "w" and member.role != "inner"]
            found[one.id] = (dict(one.tags), outer)
    return found


def _says(tags: Tags) -> bool:
    """Whether a relation says itself what it is."""
    return bool(tags.keys() - _PLAIN - set(_NAMES))


def _area(area: Any, factory: Any) -> bytes | None:
    """The ground; None for what is none, as a ring of two places."""
    try:
        return bytes.fromhex(factory.create_multipolygon(area))
    except RuntimeError:
        return None
