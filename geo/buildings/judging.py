"""Rows of a file judged: what can be stored becomes footprints, the rest is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from geo.arrays import Bools, Floats, Shapes
from geo.assignments import on_earth
from geo.buildings.findings import Findings
from geo.buildings.footprints import Footprints, firsts, many
from geo.buildings.uses import coded
from geo.crs import Datum, shapes_to_wgs84, to_wgs84
from geo.frames import Frame
from geo.judging import Judging, bools
from geo.space.grounds import fitted

_WIDEST = 0.1  # degrees; the largest buildings of the world are a kilometre long
_MOST = {"floors": 200.0, "households": 100_000.0, "firms": 100_000.0, "workers": 1_000_000.0}
_POLYGONS = (3, 6)


@dataclass(frozen=True)
class Reading:
    """How a file is read.

    Parameters
    ----------
    columns
        Field → column.
    geometry
        Column of WKB.
    datum
        Of the footprints.
    source
        Of rows when no column does; empty = none.
    uses
        The source's own words → use; see :func:`geo.buildings.uses.read_map`.
    bounds
        The city's west, south, east, north in degrees: swapped coordinates that lie there betray themselves.
    """

    columns: Mapping[str, str]
    geometry: str
    datum: Datum
    source: str
    bounds: tuple[float, float, float, float]
    uses: Mapping[str, str] = field(default_factory=dict)


def judge(frame: Frame, reading: Reading, findings: Findings) -> Footprints:
    """The rows of ``frame`` that can be stored; the others are added to ``findings``."""
    judging = _Judging(frame, reading, findings)
    source, reference = judging.key()
    shapes = judging.shapes()
    given = judging.texts("use")
    footprints = Footprints(
        row=frame.rows,
        source=source,
        reference=reference,
        use=judging.uses(given),
        use_given=_known(given),
        floors=judging.counts("floors"),
        households=judging.counts("households"),
        firms=judging.counts("firms"),
        workers=judging.counts("workers"),
        name=_known(judging.texts("name")),
        address=_known(judging.texts("address")),
        shapes=shapes,
    )
    taken = footprints.taken(np.flatnonzero(judging.good))
    return replace(taken, shapes=many(taken.shapes))


class _Judging(Judging):
    def __init__(self, frame: Frame, reading: Reading, findings: Findings) -> None:
        super().__init__(frame, reading.columns, findings)
        self.reading = reading

    def key(self) -> tuple[pa.Array, pa.Array]:
        source, reference = self.filled("source", self.reading.source), self.texts("reference")
        self.refuse("no_reference", "reference", bools(pc.equal(reference, "")))
        self.refuse("no_source", "source", bools(pc.equal(source, "")))
        return source, reference

    def uses(self, given: pa.Array) -> pa.Array:
        codes, strange = coded(given, self.reading.uses)
        self.tell("unknown_use", "use", strange)
        return codes

    def counts(self, name: str) -> Floats:
        """Counts, NaN for unknown; half a floor is one, half a household is not."""
        told, _, wrong = self.figures(name)
        wrong |= (told < 0) | (told > _MOST[name])
        if name != "floors":
            wrong |= ~np.isnan(told) & (told != np.floor(told))
        self.tell("unreadable_count", name, wrong)
        # floors are stored in four bytes: what is compared later must be what is stored
        return np.where(wrong, np.nan, told).astype(np.float32).astype(np.float64)

    # -- shapes -----------------------------------------------------------------------------------------------------
    def shapes(self) -> Shapes:
        """Valid polygons (n,), degrees WGS 84 on the lattice; those of refused rows are of no use."""
        wkb = self._one(self.reading.geometry).cast(pa.large_binary())
        blank = bools(wkb.is_null())
        shapes = np.asarray(shapely.from_wkb(wkb.to_numpy(zero_copy_only=False), on_invalid="ignore"), dtype=object)
        missing = shapely.is_missing(shapes)
        kinds = _kinds(shapes)
        self._refuse("no_shape", blank | (~missing & shapely.is_empty(shapes)))
        self._refuse("unreadable_shape", missing & ~blank)
        self._refuse("no_polygon", ~np.isin(shapely.get_type_id(shapes), _POLYGONS), kinds)
        shapes = self._on_earth(shapely.force_2d(shapes))
        return self._fitted(shapes)

    def _refuse(self, key: str, where: Bools, values: pa.Array | None = None) -> None:
        said = pa.array([""] * len(where)) if values is None else values
        self.tell(key, "geometry", where, said)
        self.good &= ~where

    def _on_earth(self, shapes: Shapes) -> Shapes:
        """Shapes in degrees; rows whose coordinates name no place are refused."""
        shapes[~self.good] = shapely.Polygon()
        xy, of = shapely.get_coordinates(shapes, return_index=True)
        plain = self.reading.datum.epsg is None
        off = ~(on_earth(xy) if plain else np.isfinite(xy).all(axis=1))
        away = np.zeros(len(shapes), dtype=np.bool_)
        away[of[off]] = True
        if not plain:
            away[of[~on_earth(to_wgs84(xy, self.reading.datum))]] = True
        first = _told(firsts(shapes))
        self._refuse("out_of_range", away, first)
        shapes[away] = shapely.Polygon()
        moved = shapes_to_wgs84(shapes, self.reading.datum)
        west, south, east, north = shapely.bounds(moved).T
        wide = np.nan_to_num(np.maximum(east - west, north - south)) > _WIDEST
        self._refuse("too_wide", wide, first)
        moved[wide] = shapely.Polygon()
        self.places = firsts(moved)
        self._tell_swapped(first)
        return moved

    def _tell_swapped(self, first: pa.Array) -> None:
        x, y = self.places.T
        west, south, east, north = self.reading.bounds
        there = (x >= west) & (x <= east) & (y >= south) & (y <= north)
        swapped = (y >= west) & (y <= east) & (x >= south) & (x <= north)
        self.tell("latitude_first", "geometry", np.asarray(swapped & ~there, dtype=np.bool_), first)

    def _fitted(self, shapes: Shapes) -> Shapes:
        valid = shapely.is_valid(shapes)
        reasons = pa.array([""] * len(shapes))
        if not valid.all():
            reasons = pa.array(np.asarray(shapely.is_valid_reason(shapes), dtype=object).tolist(), type=pa.string())
        made, _ = fitted(shapes, 0)
        self._refuse("no_ground", shapely.area(made) == 0)
        self.tell("mended", "geometry", ~valid, reasons)
        return made


def _known(texts: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _kinds(shapes: Shapes) -> pa.Array:
    return pa.array(["" if shape is None else shape.geom_type for shape in shapes.tolist()], type=pa.string())


def _told(places: Floats) -> pa.Array:
    """Coordinates (n, 2) as a person reads them; empty for none."""
    return pa.array(["" if np.isnan(x) else f"{x:.9g} {y:.9g}" for x, y in places.tolist()], type=pa.string())
