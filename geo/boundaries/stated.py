"""Points that state in which area they lie, read out of a file of rows: what boundaries are held against."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from geo import columns
from geo.arrays import Bools, Floats
from geo.boundaries.sources import EvidenceSource
from geo.crs import datum_in, to_wgs84
from geo.errors import Refused, near
from geo.frames import PARQUET, Sheet, form_of, opened
from geo.space.evidence import NAMES, STATES_NOTHING, Stated

_LON, _LAT = ("lon", "lng", "longitude", "经度"), ("lat", "latitude", "纬度")


def read_stated(source: EvidenceSource) -> Stated:
    """The points of a file, all of them in memory; a geometry that is no point stands for one on its surface.

    Raises
    ------
    Refused
        When the file cannot be read, holds no rows, its positions are no numbers, or a column is not there; the message
        names those that are.
    """
    with opened(source.file, encoding=source.encoding, columns=_wanted(source), layer=source.layer) as sheet:
        reading = _Reading(sheet, source)
        chunks = [reading.read(frame.table) for frame in sheet.frames]
    if not chunks:
        raise Refused(f"{source.file.name} holds no rows; evidence is points that state in which area they lie")
    told = pa.chunked_array([area for _, area in chunks], type=pa.string()).combine_chunks().dictionary_encode()
    texts = np.asarray(told.dictionary.to_pylist(), dtype=object)
    order = np.argsort(texts.astype(np.str_), kind="stable")
    rank = np.append(np.argsort(order), -1)
    area = rank[pc.fill_null(told.indices, len(texts)).to_numpy(zero_copy_only=False)]
    lonlat = np.concatenate([positions for positions, _ in chunks])
    return Stated(source.file.name, lonlat, area.astype(np.int64), texts[order], reading.datum)


def _wanted(source: EvidenceSource) -> list[str] | None:
    """The columns a Parquet file is read by; None = all, for the other formats."""
    if form_of(source.file) != PARQUET:
        return None
    with opened(source.file) as sheet:
        reading = _Reading(sheet, source)
    named = (reading.lon, reading.lat, source.area, None if reading.lon else reading.geometry)
    return [name for name in named if name]


class _Reading:
    """Where positions and stated areas stand in one file."""

    def __init__(self, sheet: Sheet, source: EvidenceSource) -> None:
        names = sheet.schema.names
        for name in (source.area, source.lon, source.lat):
            if name is not None and name not in names:
                raise Refused(
                    f"{sheet.path.name} has no column {name!r}; there are: {', '.join(names)}{near(name, names)}"
                )
        self.file, self.area, self.geometry = sheet.path.name, source.area, sheet.geometry
        self.lon, self.lat = source.lon or _usual(names, _LON), source.lat or _usual(names, _LAT)
        if self.geometry and not (source.lon or source.lat):
            self.lon = self.lat = None
        elif not (self.lon and self.lat):
            there = ", ".join(names)
            raise Refused(
                f"{sheet.path.name}: no position is known; say --evidence-lon and --evidence-lat; there are: {there}"
            )
        datum = source.datum or (sheet.crs if self.lon is None else None) or NAMES[0]
        self.known = datum_in(self.file, datum)
        self.datum = self.known.name

    def read(self, table: pa.Table) -> tuple[Floats, pa.Array]:
        """Positions (n, 2) in degrees WGS 84, NaN for none; stated areas, null for none."""
        if self.lon is not None and self.lat is not None:
            told = ((table.column(name), f"{self.file}: the column {name!r}") for name in (self.lon, self.lat))
            raw = np.column_stack([columns.figures(column, where) for column, where in told])
        else:
            shapes = shapely.from_wkb(table.column(self.geometry).to_numpy(), on_invalid="ignore")
            spots = shapely.point_on_surface(np.where(shapely.is_empty(shapes), None, shapes))
            raw = np.column_stack([shapely.get_x(spots), shapely.get_y(spots)])
        raw[~self._possible(raw)] = np.nan
        return to_wgs84(raw, self.known), _told(table.column(self.area))

    def _possible(self, raw: Floats) -> Bools:
        x, y = raw.T
        finite = np.asarray(np.isfinite(raw).all(axis=1), dtype=np.bool_)
        if self.known.epsg is not None:
            return finite
        degrees: Bools = finite & (np.abs(x) <= 180) & (np.abs(y) <= 90) & ((x != 0) | (y != 0))
        return degrees


def _usual(names: list[str], usual: tuple[str, ...]) -> str | None:
    plain = {name.lower(): name for name in names}
    return next((plain[name] for name in usual if name in plain), None)


def _told(column: pa.ChunkedArray) -> pa.Array:
    """Texts of a column; null where nothing is stated."""
    texts = columns.texts(column)
    blank = pc.is_in(pc.utf8_lower(texts), pa.array(STATES_NOTHING))
    return pc.if_else(blank, None, texts)
