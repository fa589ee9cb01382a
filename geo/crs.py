"""Degrees inside, metres by name: the one snap, the datums at the doors, areas and the metric CRS of a city.

Everything stored is EPSG:4326 with longitude first. Nothing is fetched: PROJ's network is off.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyproj
import shapely
from pyproj.exceptions import CRSError, ProjError
from pyproj.network import set_network_enabled  # type: ignore[attr-defined]

from geo import datums
from geo.arrays import Floats, Ints, Shapes
from geo.errors import Refused, shown
from geo.ragged import Ragged

set_network_enabled(active=False)

SNAP = 1e-8
"""Degrees between the nodes of the lattice all stored ground lies on; 1.11 mm of latitude."""

_SAG_M = 0.01
_WGS84 = pyproj.Geod(ellps="WGS84")
_M_PER_DEGREE = 111_319.49
_PLAIN = ("wgs84", "cgcs2000")
_SHIFTED = {
    "gcj02": (datums.wgs84_from_gcj02, datums.gcj02_from_wgs84),
    "bd09": (datums.wgs84_from_bd09, datums.bd09_from_wgs84),
}


def snap(lonlat: Floats) -> Floats:
    """Coordinates on the nearest node of the lattice, as the shortest text of 8 decimals reads.

    Any shape, degrees. ``n / 1e8`` and ``n * 1e-8`` differ for 18 % of coordinates: only this one is right, because
    it is the double that GeoJSON and WKT of 8 decimals read back. Snapping twice changes nothing; NaN stays.
    """
    snapped_to: Floats = np.rint(np.asarray(lonlat, dtype=np.float64) * 1e8) / 1e8
    return snapped_to


def snapped(shapes: Shapes) -> Shapes:
    """Shapes with every vertex snapped by itself, so that matched edges stay matched; may leave them invalid."""
    return _transformed(shapes, snap)


@dataclass(frozen=True)
class Datum:
    """How a pair of numbers names a place; ``epsg`` is None for all that is not told by an EPSG code."""

    name: str
    epsg: int | None = None

    @property
    def plain(self) -> bool:
        """Whether coordinates are degrees that are stored as they come."""
        return self.name in _PLAIN


def datum_of(name: str) -> Datum:
    """The datum of that name: ``wgs84``, ``cgcs2000``, ``gcj02``, ``bd09`` or ``EPSG:nnnn``; case is free.

    Raises
    ------
    Refused
        For any other name, an unknown EPSG code, or one that is no geographic or projected CRS.
    """
    key = name.strip().lower()
    if key in _PLAIN or key in _SHIFTED:
        return Datum(key)
    found = re.fullmatch(r"epsg:(\d{4,6})", key)
    if not found:
        raise Refused(f"datum {shown(name)} is not known; allowed: wgs84, cgcs2000, gcj02, bd09 or EPSG:nnnn")
    epsg = int(found[1])
    if epsg in (4326, 4490):
        return Datum("wgs84" if epsg == 4326 else "cgcs2000")
    _transformer(epsg, 4326)
    return Datum(f"EPSG:{epsg}", epsg)


def datum_in(where: str, name: str) -> Datum:
    """The datum that ``where`` declares, as ``sources.toml [outline]`` or a file; a refusal begins with it."""
    try:
        return datum_of(name)
    except Refused as error:
        raise Refused(f"{where}: {error.detail}") from error


def to_wgs84(xy: Floats, datum: Datum) -> Floats:
    """Points as degrees WGS 84, longitude first, not snapped.

    Parameters
    ----------
    xy
        (n, 2), longitude or east first in every datum, whatever axis order its definition names (the projected
        CGCS2000 codes 4513 to 4554 are written north, east; files hold east, north). Not finite, or outside what the
        projection can express: NaN.
    """
    if datum.plain:
        return _finite(xy, lambda points: points)
    if datum.epsg is None:
        return _finite(xy, _SHIFTED[datum.name][0])
    return _projected(xy, datum.epsg, 4326)


def from_wgs84(lonlat: Floats, datum: Datum) -> Floats:
    """Points of degrees WGS 84 in another datum, longitude or east first: the inverse of ``to_wgs84``."""
    if datum.plain:
        return _finite(lonlat, lambda points: points)
    if datum.epsg is None:
        return _finite(lonlat, _SHIFTED[datum.name][1])
    return _projected(lonlat, 4326, datum.epsg)


def shapes_to_wgs84(shapes: Shapes, datum: Datum) -> Shapes:
    """Shapes on the lattice of degrees WGS 84; edges that transforming would bend by a centimetre get more nodes.

    The nodes of an edge depend on its two ends alone, so an edge that two shapes share stays shared; an edge that
    one of them divides does not, and is for ``space.arrangement`` to mend. Missing and empty shapes stay.
    """
    if datum.plain:
        return snapped(shapes)
    dense = densified(shapes, lambda xy: to_wgs84(xy, datum), _M_PER_DEGREE)
    return _transformed(dense, lambda xy: snap(to_wgs84(xy, datum)))


def densified(shapes: Shapes, move: Callable[[Floats], Floats], unit_m: float) -> Shapes:
    """Shapes with nodes added, still in their own CRS, until moving them bends no edge by a centimetre.

    Parameters
    ----------
    shapes
        Lines or polygons, single or multiple; points are returned as they are.
    move
        What they will be moved by, (n, 2) to (n, 2).
    unit_m
        Metres in one unit of what ``move`` answers.
    """
    shapes = np.asarray(shapes, dtype=object).copy()
    kinds = shapely.get_type_id(shapes)
    for family in ([1, 5], [3, 6]):
        these = np.flatnonzero(np.isin(kinds, family) & ~shapely.is_empty(shapes))
        if these.size:
            shapes[these] = _dense(shapes[these], move, unit_m)
    return shapes


def _dense(shapes: Shapes, move: Callable[[Floats], Floats], unit_m: float) -> Shapes:
    kind, xy, offsets = shapely.to_ragged_array(shapes)
    edges = np.setdiff1d(np.arange(len(xy) - 1), offsets[0][1:] - 1)
    pieces = np.ones(len(xy), dtype=np.int64)  # of the edge that starts at each vertex
    pieces[edges] = _pieces(xy[edges], xy[edges + 1], move, unit_m)
    if (pieces == 1).all():
        return shapes
    start = np.concatenate([[0], np.cumsum(pieces)])
    of = np.repeat(np.arange(len(xy)), pieces)
    dense = _between(xy[of], xy[np.minimum(of + 1, len(xy) - 1)], np.arange(start[-1]) - start[of], pieces[of])
    made: Shapes = shapely.from_ragged_array(kind, dense, (start[offsets[0]], *offsets[1:]))
    return made


def metric_epsg(lon: float, lat: float) -> int:
    """EPSG code of the metric CRS of a city with this centre: CGCS2000 in 3° zones around China, UTM elsewhere.

    Raises
    ------
    Refused
        Where neither is defined: beyond 84° N or 80° S, or when the centre is not finite.
    """
    if 73.5 <= lon < 136.5 and 15 <= lat <= 55:
        return 4534 + int((lon + 1.5) // 3) - 25
    if not (-180 <= lon <= 180 and -80 <= lat <= 84):
        raise Refused(f"no metric CRS for a city at {lon}, {lat}; its centre must lie between 80° S and 84° N")
    return (32601 if lat >= 0 else 32701) + min(int((lon + 180) // 6), 59)


def to_metres(lonlat: Floats, epsg: int) -> Floats:
    """Points (n, 2) of degrees WGS 84 in metres east and north of a metric CRS; NaN where not finite."""
    return _projected(lonlat, 4326, epsg)


def from_metres(xy: Floats, epsg: int) -> Floats:
    """Points (n, 2) of metres east and north in degrees WGS 84; NaN where not finite."""
    return _projected(xy, epsg, 4326)


def shapes_to_metres(shapes: Shapes, epsg: int) -> Shapes:
    """Shapes in metres, vertex by vertex: an edge of 2 km may pass 4 cm beside the stored one, so never store it."""
    return _transformed(shapes, lambda xy: _projected(xy, 4326, epsg))


def shapes_from_metres(shapes: Shapes, epsg: int) -> Shapes:
    """Shapes of metres in degrees WGS 84, vertex by vertex; to be shown, never stored."""
    return _transformed(shapes, lambda xy: _projected(xy, epsg, 4326))


def area_m2(shapes: Shapes) -> Floats:
    """Square metres on the ellipsoid, each edge taken as a geodesic; 0 for empty, missing and other shapes.

    The areas of leaves add up to the area of their union as far as doubles do.

    References
    ----------
    Karney, Algorithms for geodesics, J. Geodesy 87 (2013), section 6.
    """
    shapes = np.asarray(shapes, dtype=object)
    parts, of_shape = shapely.get_parts(shapes, return_index=True)
    polygons = shapely.get_type_id(parts) == 3
    parts, of_shape = parts[polygons], of_shape[polygons]
    rings, of_part = shapely.get_rings(parts, return_index=True)
    xy, starts = shapely.get_coordinates(rings), np.cumsum(shapely.get_num_coordinates(rings))[:-1]
    sizes = [abs(_WGS84.polygon_area_perimeter(ring[:-1, 0], ring[:-1, 1])[0]) for ring in np.split(xy, starts)]
    signed: Floats = np.asarray(sizes[: len(rings)], dtype=np.float64)
    signed[1:][of_part[1:] == of_part[:-1]] *= -1  # all rings of a part after its first are holes
    return np.bincount(of_shape[of_part], weights=signed, minlength=len(shapes)).astype(np.float64)


def small_area_m2(made: Ragged) -> Floats:
    """Square metres (n,) of polygons of many parts, as :func:`area_m2` has them within five millionths up to 0.1° wide.

    Each edge is a great circle of the sphere with the ellipsoid's area, at authalic latitudes.

    References
    ----------
    Snyder, Map projections: a working manual (USGS PP 1395, 1987), 3-11 to 3-13 (authalic latitude and radius).
    Karney 2013 as above, equation 63: the area between an edge of a great circle and the equator.
    """
    if not len(made):
        return np.empty(0)
    xy, ring, part, whole = made.xy, made.ring, made.part, made.whole
    lat = np.arcsin(_authalic(np.sin(np.radians(xy[:, 1]))) / _authalic(1.0))
    under = np.zeros(len(xy))
    slope = np.sin((lat[1:] + lat[:-1]) / 2) / np.cos((lat[1:] - lat[:-1]) / 2)
    under[:-1] = 2 * np.arctan(np.tan(np.radians(np.diff(xy[:, 0])) / 2) * slope)
    under[ring[1:] - 1] = 0.0  # from the end of one ring to the next there is no edge
    sizes = np.abs(np.add.reduceat(under, ring[:-1])) * (_WGS84.a**2 * _authalic(1.0) / 2)
    sizes[np.setdiff1d(np.arange(len(sizes)), part[:-1])] *= -1  # all rings of a part after its first are holes
    of_part = np.repeat(np.arange(len(part) - 1), np.diff(part))
    of_shape = np.repeat(np.arange(len(whole) - 1), np.diff(whole))
    return np.bincount(of_shape[of_part], weights=sizes, minlength=len(made)).astype(np.float64)


def _authalic(sine: Any) -> Any:
    """Snyder's q of the sine of a latitude."""
    e = np.sqrt(_WGS84.es)
    return (1 - e * e) * (sine / (1 - (e * sine) ** 2) + np.arctanh(e * sine) / e)


def _pieces(a: Floats, b: Floats, move: Callable[[Floats], Floats], unit_m: float) -> Ints:
    """Into how many pieces each edge must be cut; a sag shrinks with the square of the length."""
    moved_a, moved_b, middle = np.split(move(np.concatenate([a, b, (a + b) / 2])), 3)
    off = (middle - (moved_a + moved_b) / 2) * unit_m
    sag = np.nan_to_num(np.hypot(off[:, 0], off[:, 1]))
    return np.where(sag < _SAG_M, 1, np.ceil(np.sqrt(sag / _SAG_M))).astype(np.int64)


def _between(a: Floats, b: Floats, step: Ints, steps: Ints) -> Floats:
    """Points after so many steps from a to b, the same doubles whichever way round the edge is given."""
    swapped = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    low, high = np.where(swapped[:, None], b, a), np.where(swapped[:, None], a, b)
    way = (np.where(swapped, steps - step, step) / steps)[:, None]
    return np.where(step[:, None] == 0, a, low + (high - low) * way)


def _transformed(shapes: Shapes, move: Callable[[Floats], Floats]) -> Shapes:
    moved: Shapes = shapely.transform(np.array(shapes, dtype=object), move)
    return moved


def _finite(xy: Floats, move: Callable[[Floats], Floats]) -> Floats:
    """Points moved by a formula, NaN where they are not finite (so that no formula warns)."""
    xy = np.asarray(xy, dtype=np.float64)
    good = np.isfinite(xy).all(axis=1)
    moved = np.full(xy.shape, np.nan)
    if good.any():
        moved[good] = move(xy[good])
    return moved


def _projected(xy: Floats, source: int, target: int) -> Floats:
    transformer = _transformer(source, target)

    def move(points: Floats) -> Floats:
        x, y = transformer.transform(points[:, 0], points[:, 1])
        moved = np.stack([x, y], axis=1)
        moved[~np.isfinite(moved).all(axis=1)] = np.nan
        return moved

    return _finite(xy, move)


@cache
def _transformer(source: int, target: int) -> pyproj.Transformer:
    """Transformer with east first on both sides; one object serves all threads (pyproj ≥ 3.1)."""
    try:
        crs = pyproj.CRS.from_epsg(target if source == 4326 else source)
        if not (crs.is_projected or crs.is_geographic):
            raise Refused(f"EPSG:{crs.to_epsg()} ({crs.name}) is neither geographic nor projected")
        return pyproj.Transformer.from_crs(source, target, always_xy=True)
    except (CRSError, ProjError) as error:
        raise Refused(
            f"EPSG:{target if source == 4326 else source} is not in the EPSG register; "
            "give a geographic or projected code such as EPSG:4490 or EPSG:4549"
        ) from error
