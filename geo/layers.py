"""A flat partition from a file, such as wards or police beats: points are located on it by the engine of the city."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from geo import columns
from geo.arrays import Bools, Codes, Shapes
from geo.crs import datum_in, metric_epsg, shapes_to_wgs84
from geo.errors import Broken, Refused
from geo.frames import opened
from geo.space.locate import GridIndex
from geo.space.partition import faults

_NAMED = 8
_WRONG = ("empty", "invalid", "overlap")


@dataclass(frozen=True, eq=False)
class Layer:
    """Areas of a file, ready to be asked; ``field`` is what their code is called."""

    field: str
    codes: Codes
    index: GridIndex

    @property
    def is_fallback(self) -> Bools:
        """No area of a layer is fallback ground (n,)."""
        return np.zeros(len(self.codes), dtype=np.bool_)


def read_layer(path: Path, field: str, *, layer: str | None = None, datum: str | None = None) -> Layer:
    """The areas of a file by ascending code; parts with the same code are one area.

    Parameters
    ----------
    field
        Column of the code.
    layer
        GDAL layer; None = the only one.
    datum
        None = what the file says.

    Raises
    ------
    Refused
        When the file cannot be read, holds several layers and none is named, has no such column, no CRS, or a blank
        code.
    Broken
        When areas overlap or are invalid; named, with ``where``.
    """
    codes, shapes, crs = _read(path, field, layer)
    named = datum or crs
    if named is None:
        raise Refused(f"{path.name} does not say its CRS; declare it with --areas-datum, as wgs84 or EPSG:4549")
    if datum is None and not named.upper().startswith("EPSG:"):
        raise Refused(f"{path.name} has a CRS without EPSG code; declare it with --areas-datum")
    shapes = shapes_to_wgs84(shapes, datum_in(path.name, named))
    _refuse_far(path, named, shapes)
    unique, place = np.unique(codes, return_inverse=True)
    whole = shapes[np.unique(codes, return_index=True)[1]]
    for at in np.flatnonzero(np.bincount(place) > 1).tolist():
        whole[at] = shapely.union_all(shapes[place == at])
    _refuse_faulty(path, unique, whole)
    west, south, east, north = shapely.total_bounds(whole)
    return Layer(field, unique, GridIndex.build(unique, whole, metric_epsg((west + east) / 2, (south + north) / 2)))


def _read(path: Path, field: str, layer: str | None) -> tuple[Codes, Shapes, str | None]:
    with opened(path, layer=layer) as sheet:
        _refuse_without(path, field, sheet.schema.names)
        if sheet.geometry is None:
            raise Refused(f"{path.name} holds no shapes: none of its columns is a geometry")
        whole = pa.concat_tables([sheet.schema.empty_table(), *(frame.table for frame in sheet.frames)])
        wkb, crs = whole.column(sheet.geometry).to_numpy(), sheet.crs
    if not len(whole):
        raise Refused(f"{path.name} holds no area")
    codes = np.array(pc.fill_null(columns.texts(whole.column(field)), "").to_pylist(), dtype=np.str_)
    if blank := np.flatnonzero(codes == "").tolist():
        raise Refused(f"{path.name}: {field} is blank in feature {blank[0] + 1}; every area needs a code")
    shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    if unread := np.flatnonzero(shapely.is_missing(shapes)).tolist():
        raise Refused(f"{path.name}: the shape of feature {unread[0] + 1} is missing or cannot be read")
    return codes, shapely.force_2d(shapes), crs


def _refuse_far(path: Path, datum: str, shapes: Shapes) -> None:
    """Nothing, when all coordinates are degrees on earth."""
    lonlat, of = shapely.get_coordinates(shapes, return_index=True)
    if far := np.flatnonzero(~(np.abs(lonlat) <= (180, 90)).all(axis=1)).tolist():
        lon, lat = lonlat[far[0]].tolist()
        raise Refused(
            f"{path.name}: feature {of[far[0]] + 1} reaches {lon:.9g} {lat:.9g}, not on earth; is it {datum}?"
        )


def _refuse_without(path: Path, field: str, there: list[str]) -> None:
    if field not in there:
        raise Refused(f"{path.name} has no column {field!r}; there are: {', '.join(there)}")


def _refuse_faulty(path: Path, codes: Codes, shapes: Shapes) -> None:
    found = [fault for fault in faults(shapes, None) if fault.kind in _WRONG]
    if not found:
        return
    named = [f"{fault.kind} {' and '.join(codes[list(fault.parties)])} ({fault.area_m2:,.1f} m²)" for fault in found]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    raise Broken(
        f"{path.name} is no partition: {'; '.join(named[:_NAMED])}{more}; areas must be valid and not overlap",
        where=shapely.GeometryCollection([fault.where for fault in found if fault.where is not None]),
    )
