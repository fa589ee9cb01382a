"""From the numbers in a file to ground: what was declared against what the file says, and which numbers make sense."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyproj
import shapely
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from geo.arrays import Bools, Floats, Shapes
from geo.boundaries.findings import Finding
from geo.boundaries.reading import Boundaries, Raw
from geo.crs import Datum, datum_of, shapes_to_wgs84, to_wgs84

_SAME_AS_WGS84 = (4326, 4490, 4979, 4480)
"""Geographic WGS 84 and CGCS2000, flat and with height: equal within centimetres here."""

_BAND = 40.0  # degrees of longitude to either side of a time zone's meridian: China spans 31 and has one zone
_MARGIN = 2.0  # degrees around the known ground


@dataclass(frozen=True)
class Around:
    """The bounds in which a city's ground must lie, degrees WGS 84: west, south, east, north."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, lonlat: Floats) -> Bools:
        """Which points (n, 2) lie inside; NaN does not."""
        x, y = lonlat[:, 0], lonlat[:, 1]
        inside: Bools = (x >= self.west) & (x <= self.east) & (y >= self.south) & (y <= self.north)
        return inside


def around_time_zone(time_zone: str) -> Around:
    """The band of longitudes a time zone can mean; generous, only good to tell longitude from latitude."""
    offset = datetime(2000, 1, 1, tzinfo=UTC).astimezone(ZoneInfo(time_zone)).utcoffset()
    middle = (offset.total_seconds() if offset else 0) / 240  # 15 degrees an hour
    return Around(middle - _BAND, -90, middle + _BAND, 90)


def around_ground(ground: Shapes) -> Around:
    """The bounds of known ground, widened by two degrees."""
    west, south, east, north = shapely.total_bounds(ground)
    return Around(west - _MARGIN, south - _MARGIN, east + _MARGIN, north + _MARGIN)


def placed(found: Boundaries, raw: Raw, around: Around) -> tuple[Boundaries, list[Finding]]:
    """Boundaries with their shapes on the lattice of degrees WGS 84, and what was wrong with the numbers.

    Shapes whose numbers make no sense become None; each has its finding.
    """
    datum = datum_of(found.source.datum)
    findings = _label(found, raw, datum)
    shapes = np.asarray(found.shapes, dtype=object).copy()
    bad = _not_finite(shapes)
    findings += [_of_row(found, at, "coordinates_not_finite", *_NOT_FINITE) for at in map(int, np.flatnonzero(bad))]
    shapes[bad] = None
    swapped, beyond = _senses(shapes, datum, around)
    findings += _swapped_findings(found, swapped, shapes)
    findings += [
        _of_row(found, at, "coordinates_out_of_range", *_out_of_range(shapes[at], datum))
        for at in map(int, np.flatnonzero(beyond))
    ]
    shapes[swapped | beyond] = None
    return replace(found, shapes=shapes_to_wgs84(shapes, datum)), findings


_NOT_FINITE = (
    "坐标不是有限数（NaN 或无穷）；应为数字",
    "a coordinate is not a finite number (NaN or infinite); all must be numbers",
)


def _out_of_range(shape: BaseGeometry, datum: Datum) -> tuple[str, str]:
    x, y = shapely.get_coordinates(shape)[0]
    return (
        f"坐标 {x:g}, {y:g} 超出 {datum.name} 的范围；应先经度（东）后纬度（北），"
        "经度 ±180、纬度 ±90 度，或声明其投影的 EPSG 代码",
        f"coordinates such as {x:g}, {y:g} are beyond what {datum.name} can mean; right are longitude within ±180 and "
        "latitude within ±90 degrees, longitude first, or declare the projection they are in as EPSG:nnnn",
    )


def _of_row(found: Boundaries, at: int, kind: str, zh: str, en: str) -> Finding:
    return Finding(
        kind, zh, en, file=found.label, level=found.key, rows=(int(found.rows[at]),), codes=(str(found.codes[at]),)
    )


def _not_finite(shapes: Shapes) -> Bools:
    xy, of = shapely.get_coordinates(shapes, return_index=True)
    bad = np.zeros(len(shapes), dtype=np.bool_)
    bad[of[~np.isfinite(xy).all(axis=1)]] = True
    return bad


def _senses(shapes: Shapes, datum: Datum, around: Around) -> tuple[Bools, Bools]:
    """Shapes that only make sense with their axes swapped, and those that make no sense at all."""
    _, of = shapely.get_coordinates(shapes, return_index=True)
    there = np.zeros(len(shapes), dtype=np.bool_)
    there[of] = True
    # Judged by the corners of each shape's bounds: a shape may touch the edge of what its datum can mean.
    bounds = np.nan_to_num(shapely.bounds(shapes))
    low, high = bounds[:, :2], bounds[:, 2:]
    possible = there & _possible(low, datum) & _possible(high, datum)
    turned = there & _possible(low[:, ::-1], datum) & _possible(high[:, ::-1], datum)
    limits = _of_use(datum, around)
    middle = (low + high) / 2
    fits = possible & limits.holds(to_wgs84(middle, datum))
    fits_turned = turned & limits.holds(to_wgs84(middle[:, ::-1], datum))
    swapped = there & ~fits & fits_turned
    return swapped, there & ~possible & ~swapped


def _possible(xy: Floats, datum: Datum) -> Bools:
    """Which points the datum can express: degrees in range, or numbers that its projection turns into degrees."""
    if datum.epsg is None:
        possible: Bools = (np.abs(xy[:, 0]) <= 180) & (np.abs(xy[:, 1]) <= 90)
        return possible
    there = to_wgs84(xy, datum)
    finite: Bools = np.isfinite(there).all(axis=1) & (np.abs(there[:, 1]) <= 90)
    return finite


def _of_use(datum: Datum, around: Around) -> Around:
    """The bounds narrowed to where a projection is meant to be used."""
    use = pyproj.CRS.from_epsg(datum.epsg).area_of_use if datum.epsg else None
    if use is None or use.west > use.east:  # none stated, or over the antimeridian
        return around
    return Around(
        max(around.west, use.west - _MARGIN),
        max(around.south, use.south - _MARGIN),
        min(around.east, use.east + _MARGIN),
        min(around.north, use.north + _MARGIN),
    )


def _swapped_findings(found: Boundaries, swapped: Bools, shapes: Shapes) -> list[Finding]:
    """One finding for a layer that is swapped as a whole, else one for each row."""
    rows = np.flatnonzero(swapped)
    if not rows.size:
        return []
    x, y = shapely.get_coordinates(shapes[rows[0]])[0]
    whole = rows.size == (~(shapely.is_missing(shapes) | shapely.is_empty(shapes))).sum()
    zh = f"坐标 {x:g}, {y:g} 只有交换两轴才落在本市：纬度（北）在前；应经度（东）在前，即 {y:g}, {x:g}"
    en = (
        f"coordinates such as {x:g}, {y:g} lie in this city only when swapped: latitude (north) comes first; "
        f"longitude (east) must, as in {y:g}, {x:g}"
    )
    if whole:
        zh, en = f"全部 {rows.size} 行的{zh}", f"all {rows.size} rows: {en}"
    return [_of_row(found, at, "latitude_first", zh, en) for at in (rows[:1] if whole else rows)]


def _label(found: Boundaries, raw: Raw, datum: Datum) -> list[Finding]:
    """What the file itself says of its CRS, where that is nothing or another one than declared."""
    declared = found.source.datum
    if raw.crs is None:
        zh = f"文件未注明坐标系；按声明的 {declared} 读取"
        en = f"the file names no CRS; it is read as declared: {declared}"
        return [Finding("datum_unlabelled", zh, en, file=found.label, level=found.key)]
    try:
        said = pyproj.CRS.from_user_input(raw.crs)
    except CRSError:
        said = None
    if said is None or _agree(said, datum, raw):
        return []
    named = f"EPSG:{said.to_epsg()}" if said.to_epsg() else said.name
    zh = f"声明为 {declared}，文件自称 {named}（{said.name}）；两者须一致，应改正其一"
    en = f"declared as {declared}, but the file says {named} ({said.name}); correct the wrong one"
    return [Finding("datum_contradicted", zh, en, file=found.label, level=found.key)]


def _agree(said: pyproj.CRS, datum: Datum, raw: Raw) -> bool:
    """Whether the file's own CRS can be the declared one; a GeoJSON without a CRS only seems to say EPSG:4326."""
    if raw.kind == "geojson" and raw.crs == "EPSG:4326" and not _looks_like_degrees(raw.shapes):
        return True
    if datum.epsg is not None:
        return bool(said.to_epsg(min_confidence=20) == datum.epsg)
    if not said.is_geographic:
        return False
    # The shifted datums have no code of their own: files call them WGS 84.
    return said.to_epsg(min_confidence=20) in _SAME_AS_WGS84 or "CRS84" in said.name or "CRS84" in str(raw.crs)


def _looks_like_degrees(shapes: Shapes) -> bool:
    xy = shapely.get_coordinates(shapes)
    xy = xy[np.isfinite(xy).all(axis=1)]
    return bool((np.abs(xy) <= 180).all())
