"""Polygons of a file's rows judged: what can be stored becomes valid ground in degrees, the rest is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely

from geo.arrays import Bools, Floats, Shapes
from geo.assignments import on_earth
from geo.crs import Datum, shapes_to_wgs84, to_wgs84
from geo.judging import Judging, bools
from geo.ragged import Ragged, joined
from geo.simple_polygons import Simple, simple
from geo.space.grounds import fitted, flat

_POLYGONS = (3, 6)
Values = Callable[[], pa.Array]


@dataclass(frozen=True)
class Ground:
    """How polygons are read.

    Parameters
    ----------
    geometry
        Column of WKB.
    datum
        Of the coordinates.
    bounds
        The city's west, south, east, north in degrees: swapped coordinates that lie there betray themselves.
    widest
        Degrees beyond which a shape was mistaken.
    """

    geometry: str
    datum: Datum
    bounds: tuple[float, float, float, float]
    widest: float


def read_all(judging: Judging, ground: Ground) -> Ragged:
    """Normalised polygons of the rows that are good in the end, as :class:`Polygons` and :func:`many` have them.

    Simple ones are read as arrays; only what may be told of, or mended, becomes an object.
    """
    judging.places = np.full((len(judging.good), 2), np.nan)
    found = _simple(judging, ground)
    judging.places[found.at] = found.firsts
    doubtful = np.setdiff1d(np.flatnonzero(judging.good), found.at)
    if not len(doubtful):
        return found.polygons
    some = judging.some(doubtful, [ground.geometry])
    made = Polygons(some, ground).read()
    judging.good[doubtful], judging.places[doubtful] = some.good, some.places
    order = np.argsort(np.concatenate([found.at, doubtful[some.good]]))
    return joined([found.polygons, Ragged.of(many(made[some.good]))]).taken(order)


def _simple(judging: Judging, ground: Ground) -> Simple:
    """Those among the good rows that are simple, and lie where their coordinates say."""
    wkb = judging.one(ground.geometry).cast(pa.large_binary())
    found = simple(wkb if ground.datum.plain else wkb.slice(0, 0))
    kept = judging.good[found.at] & ~_are_swapped(found.firsts, ground.bounds)
    if kept.all():
        return found
    return Simple(found.at[kept], found.polygons.taken(np.flatnonzero(kept)), found.firsts[kept])


def _are_swapped(places: Floats, bounds: tuple[float, float, float, float]) -> Bools:
    """Which places (n, 2) lie in the city only when latitude stands before longitude."""
    x, y = places.T
    west, south, east, north = bounds
    there = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    swapped = (y >= west) & (y <= east) & (x >= south) & (x <= north)
    return np.asarray(swapped & ~there, dtype=np.bool_)


class Polygons:
    """The polygons of the rows under ``judging``, whose kinds of findings have ``no_shape`` to ``latitude_first``."""

    def __init__(self, judging: Judging, ground: Ground) -> None:
        self.judging, self.ground = judging, ground

    def read(self) -> Shapes:
        """Valid polygons (n,), degrees WGS 84 on the lattice; those of refused rows are of no use."""
        wkb = self.judging.one(self.ground.geometry).cast(pa.large_binary())
        blank = bools(wkb.is_null())
        shapes = np.asarray(shapely.from_wkb(wkb.to_numpy(zero_copy_only=False), on_invalid="ignore"), dtype=object)
        missing = shapely.is_missing(shapes)
        self._refuse("no_shape", blank | (~missing & shapely.is_empty(shapes)))
        self._refuse("unreadable_shape", missing & ~blank)
        self._refuse("no_polygon", ~np.isin(shapely.get_type_id(shapes), _POLYGONS), lambda: _kinds(shapes))
        return self._fitted(self._on_earth(flat(shapes)))

    def _refuse(self, key: str, where: Bools, values: Values | None = None) -> None:
        self._tell(key, where, values)
        self.judging.good &= ~where

    def _tell(self, key: str, where: Bools, values: Values | None = None) -> None:
        """Note rows with their values, which are made into texts only where there is a row to be told."""
        if where.any():
            self.judging.tell(key, "geometry", where, values() if values else pa.array([""] * len(where)))

    def _on_earth(self, shapes: Shapes) -> Shapes:
        """Shapes in degrees; rows whose coordinates name no place are refused."""
        datum = self.ground.datum
        shapes[~self.judging.good] = shapely.Polygon()
        xy, of = shapely.get_coordinates(shapes, return_index=True)
        plain = datum.epsg is None
        off = ~(on_earth(xy) if plain else np.isfinite(xy).all(axis=1))
        away = np.zeros(len(shapes), dtype=np.bool_)
        away[of[off]] = True
        if not plain:
            away[of[~on_earth(to_wgs84(xy, datum))]] = True

        def first() -> pa.Array:
            return _told(firsts(shapes))

        self._refuse("out_of_range", away, first)
        shapes[away] = shapely.Polygon()
        moved = shapes_to_wgs84(shapes, datum)
        west, south, east, north = shapely.bounds(moved).T
        wide = np.nan_to_num(np.maximum(east - west, north - south)) > self.ground.widest
        self._refuse("too_wide", wide, first)
        moved[wide] = shapely.Polygon()
        self.judging.places = firsts(moved)
        self._tell("latitude_first", _are_swapped(self.judging.places, self.ground.bounds), first)
        return moved

    def _fitted(self, shapes: Shapes) -> Shapes:
        valid = shapely.is_valid(shapes)
        reasons = pa.array([""] * len(shapes))
        if not valid.all():
            reasons = pa.array(np.asarray(shapely.is_valid_reason(shapes), dtype=object).tolist(), type=pa.string())
        made, _ = fitted(shapes, 0)
        self._refuse("no_ground", shapely.area(made) == 0)
        self.judging.tell("mended", "geometry", ~valid, reasons)
        return made


def many(shapes: Shapes) -> Shapes:
    """Polygons as multipolygons, normalised: the same ground in the same nodes is the same bytes."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    return np.asarray(shapely.normalize(shapely.multipolygons(parts, indices=owner)), dtype=object)


def firsts(shapes: Shapes) -> Floats:
    """The first node (n, 2) of each shape, in its own coordinates; NaN where there is none."""
    found = np.full((len(shapes), 2), np.nan)
    xy, of = shapely.get_coordinates(shapes, return_index=True)
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    found[of[starts]] = xy[starts]
    return found


def _kinds(shapes: Shapes) -> pa.Array:
    return pa.array(["" if shape is None else shape.geom_type for shape in shapes.tolist()], type=pa.string())


def _told(places: Floats) -> pa.Array:
    """Coordinates (n, 2) as a person reads them; empty for none."""
    return pa.array(["" if np.isnan(x) else f"{x:.9g} {y:.9g}" for x, y in places.tolist()], type=pa.string())
