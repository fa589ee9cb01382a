"""Buildings of OpenStreetMap: which objects are buildings, what names them, and what their tags say.

References
----------
https://wiki.openstreetmap.org/wiki/Buildings and Simple 3D Buildings (``building:levels``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from geo import columns
from geo.buildings.findings import Findings
from geo.frames import Frame, Sheet

SOURCE = "openstreetmap"
_SUFFIXES = (".osm", ".pbf", ".osm.gz", ".osm.bz2")
_WAY, _RELATION = "osm_way_id", "osm_id"
_TELLING = ("building:use", "amenity", "tourism", "leisure", "man_made")
"""Tags whose value says what a plain ``building=yes`` is used for, the most telling first."""
_NAMED = ("shop", "office")
"""Tags whose key says it already: ``shop=bakery`` is a shop."""
_ADDRESS = ("addr:city", "addr:place", "addr:street", "addr:housenumber")


def layer_of(path: Path) -> str | None:
    """The layer of ground objects in an OSM file; None for any other file."""
    return "multipolygons" if path.name.lower().endswith(_SUFFIXES) else None


def is_osm(sheet: Sheet) -> bool:
    """Whether these are ground objects of OpenStreetMap as GDAL gives them: ways and relations by their own ids."""
    return {_WAY, _RELATION, "building"} <= set(sheet.schema.names)


def read(sheet: Sheet, findings: Findings) -> Sheet:
    """The sheet with the columns ``reference``, ``use`` and ``address``, and only its buildings; any other as it is.

    Objects without ``building=*`` are counted in ``findings`` and left out.
    """
    if not is_osm(sheet):
        return sheet
    schema = sheet.schema
    for name in ("reference", "use", "address"):
        schema = schema.append(pa.field(name, pa.string()))
    return replace(sheet, schema=schema, frames=_frames(sheet, findings))


def _frames(sheet: Sheet, findings: Findings) -> Iterator[Frame]:
    for frame in sheet.frames:
        building = _tag(frame, "building")
        kept = pc.fill_null(pc.and_(pc.is_valid(building), pc.not_equal(building, "no")), False)
        findings.count("no_building", len(frame.rows) - (pc.sum(kept).as_py() or 0))
        some = Frame(frame.rows[kept.to_numpy(zero_copy_only=False)], frame.table.filter(kept))
        table = some.table
        for name, column in (("reference", _reference(some)), ("use", _use(some)), ("address", _address(some))):
            table = table.append_column(name, column)
        yield Frame(some.rows, table)


def _tag(frame: Frame, name: str) -> pa.Array:
    if name not in frame.table.column_names:
        return pa.nulls(len(frame.rows), pa.string())
    return columns.texts(frame.table.column(name))


def _reference(frame: Frame) -> pa.Array:
    """``way/1`` or ``relation/1``: the two count their ids apart."""
    way, relation = _tag(frame, _WAY), _tag(frame, _RELATION)
    return pc.coalesce(
        pc.binary_join_element_wise("way", way, "/"), pc.binary_join_element_wise("relation", relation, "/")
    )


def _use(frame: Frame) -> pa.Array:
    building = _tag(frame, "building")
    telling = [pc.if_else(pc.is_valid(_tag(frame, name)), name, None) for name in _NAMED]
    telling += [_tag(frame, name) for name in _TELLING]
    return pc.if_else(pc.equal(building, "yes"), pc.coalesce(*telling, building), building)


def _address(frame: Frame) -> pa.Array:
    # filled, not skipped: arrow answers columns that are null throughout with no rows at all
    parts = [pc.fill_null(_tag(frame, name), "") for name in _ADDRESS]
    joined = pc.binary_join_element_wise(*parts, " ")
    return pc.coalesce(_tag(frame, "addr:full"), pc.utf8_trim_whitespace(pc.replace_substring_regex(joined, " +", " ")))
