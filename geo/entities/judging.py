"""Rows of an entity's file judged: each field becomes what its column stores, the rest is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo import instants
from geo.arrays import Bools, Floats, Shapes
from geo.assignments import on_earth
from geo.crs import Datum, snap, to_wgs84
from geo.entities.entity import Entity, Lies
from geo.entities.fields import Field, Kind
from geo.entities.findings import Findings
from geo.entities.lists import meanings, plain
from geo.frames import Frame
from geo.frames.points import positions
from geo.instants import NEVER_US
from geo.judging import Judging, bools
from geo.polygons import Ground, Polygons, many

_WIDEST = 1.0  # degrees
_YES = ("1", "true", "t", "yes", "y", "是", "有", "在营", "正常", "存续", "开业", "已成立", "✓", "√")
_NO = ("0", "false", "f", "no", "n", "否", "无", "停业", "注销", "吊销", "歇业", "未成立", "关闭", "×")
_DOUBTS = {"word": "unknown_word", "figure": "unreadable_figure", "time": "unreadable_time"}
Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class Reading:
    """How a file is read.

    Parameters
    ----------
    columns
        Field → column.
    geometry
        Column of WKB; None when the file has none.
    datum
        Of positions and polygons; None when the file has neither.
    source
        Of rows when no column does; empty = none.
    zone
        The city's time zone: of times without offset.
    bounds
        The city's west, south, east, north in degrees.
    """

    columns: Mapping[str, str]
    geometry: str | None
    datum: Datum | None
    source: str
    zone: str
    bounds: Bounds


@dataclass(frozen=True, eq=False)
class Told:
    """What rows of a file say.

    Attributes
    ----------
    table
        ``row``, ``source``, ``reference`` and one column a field, by its name; references and places still as texts.
    lonlat
        (n, 2) degrees WGS 84, snapped; NaN for none. Only of entities that lie on a spot.
    shapes
        (n,) multipolygons in degrees. Only of entities with ground.
    """

    table: pa.Table
    lonlat: Floats
    shapes: Shapes

    def taken(self, at: np.ndarray) -> Told:
        """The rows at these positions."""
        return Told(
            self.table.take(pa.array(at, type=pa.int64())),
            self.lonlat[at] if len(self.lonlat) else self.lonlat,
            self.shapes[at] if len(self.shapes) else self.shapes,
        )


def joined(parts: list[Told]) -> Told:
    """All rows of ``parts``, which is not empty."""
    return Told(
        pa.concat_tables([one.table for one in parts]).combine_chunks(),
        np.concatenate([one.lonlat for one in parts]),
        np.concatenate([one.shapes for one in parts]),
    )


def judge(entity: Entity, frame: Frame, reading: Reading, findings: Findings) -> Told:
    """The rows of ``frame`` that mean something; the others are added to ``findings``."""
    judging = _Judging(entity, frame, reading, findings)
    source, reference = judging.key(reading.source)
    columns = {"row": pa.array(frame.rows, type=pa.int64()), "source": source, "reference": reference}
    columns |= {field.name: judging.read(field) for field in entity.fields}
    told = Told(pa.table(columns), judging.spots(), judging.ground())
    return told.taken(np.flatnonzero(judging.good))


class _Judging(Judging):
    def __init__(self, entity: Entity, frame: Frame, reading: Reading, findings: Findings) -> None:
        super().__init__(frame, reading.columns, findings)
        self.entity, self.reading = entity, reading
        self.readers: dict[Kind, Callable[[Field], pa.Array]] = {
            Kind.CHOICE: self.choices,
            Kind.COUNT: self.numbers,
            Kind.FIGURE: self.numbers,
            Kind.DAY: self.days,
            Kind.MOMENT: self.moments,
            Kind.FLAG: self.flags,
        }

    def read(self, field: Field) -> pa.Array:
        """A field as its column stores it; texts for references and places."""
        if field.needed:
            self.refuse("blank", field.name, bools(pc.equal(self.texts(field.name), "")))
        return self.readers.get(field.kind, self.words)(field)

    def doubt(self, what: str, field: Field, where: Bools) -> None:
        """Name what cannot be read; a row that needs it is refused."""
        if field.needed:
            self.refuse(f"needed_{what}", field.name, where)
        else:
            self.tell(_DOUBTS[what], field.name, where)

    # -- kinds of fields ----------------------------------------------------------------------------------------------
    def words(self, field: Field) -> pa.Array:
        texts = self.texts(field.name)
        return pc.if_else(pc.equal(texts, ""), None, texts)

    def choices(self, field: Field) -> pa.Array:
        known = meanings(field.words)
        said = pc.dictionary_encode(self.texts(field.name))
        spoken = said.dictionary.to_pylist()
        keys = [known.get(plain(word)) for word in spoken]
        strange = np.array([bool(word) and key is None for word, key in zip(spoken, keys, strict=True)], dtype=np.bool_)
        at = said.indices.to_numpy(zero_copy_only=False)
        self.doubt("word", field, strange[at] if len(at) else np.zeros(0, np.bool_))
        return pa.array(keys, type=pa.string()).take(said.indices)

    def numbers(self, field: Field) -> pa.Array:
        told, _, wrong = self.figures(field.name)
        wrong |= (told < 0) | (told > field.most)
        if field.kind is Kind.COUNT:
            wrong |= ~np.isnan(told) & (told != np.floor(told))
        self.doubt("figure", field, wrong)
        missing = wrong | np.isnan(told)
        kind = pa.int32() if field.kind is Kind.COUNT else pa.float64()
        return pa.array(np.where(missing, 0, told), mask=missing).cast(kind)

    def _instants(self, field: Field) -> tuple[pa.Array, Bools]:
        column = self.column(field.name)
        if column is None:
            count = len(self.frame.rows)
            return pa.nulls(count, pa.timestamp("us", "UTC")), np.zeros(count, np.bool_)
        read = instants.read(column, self.reading.zone)
        missing = np.asarray(read.us == NEVER_US, dtype=np.bool_)
        self.doubt("time", field, missing & ~read.is_blank)
        us = pa.array(np.where(missing, 0, read.us), mask=missing)
        return us.cast(pa.timestamp("us", "UTC")), missing

    def moments(self, field: Field) -> pa.Array:
        return self._instants(field)[0]

    def days(self, field: Field) -> pa.Array:
        """Days in the city's time zone."""
        told, _ = self._instants(field)
        return pc.cast(
            pc.local_timestamp(pc.cast(told, pa.timestamp("us", self.reading.zone))), pa.date32(), safe=False
        )

    def flags(self, field: Field) -> pa.Array:
        said = pc.utf8_lower(self.texts(field.name))
        yes, no = (bools(pc.is_in(said, pa.array(words))) for words in (_YES, _NO))
        self.doubt("word", field, ~yes & ~no & ~bools(pc.equal(said, "")))
        return pa.array(yes, mask=~yes & ~no)

    # -- where rows lie -----------------------------------------------------------------------------------------------
    def spots(self) -> Floats:
        """Positions (n, 2) in degrees; NaN for none."""
        if self.entity.lies is not Lies.SPOT:
            return np.empty((0, 2))
        raw, datum = self._raw(), self.reading.datum
        lonlat = np.full(raw.shape, np.nan)
        finite = np.isfinite(raw).all(axis=1)
        if datum is None or not finite.any():
            return lonlat
        off = finite & (~on_earth(raw) if datum.epsg is None else np.zeros(len(raw), np.bool_))
        good = finite & ~off
        lonlat[good] = snap(to_wgs84(raw[good], datum))
        off |= good & ~on_earth(lonlat)
        self.places = lonlat
        said = pa.array([f"{x:.9g} {y:.9g}" for x, y in raw.tolist()])
        self._tell_swapped(lonlat, said)
        self.tell("out_of_range", "lon", off, said)
        self.good &= ~off
        return lonlat

    def _raw(self) -> Floats:
        if "lon" in self.columns and "lat" in self.columns:
            (x, _, bad_x), (y, _, bad_y) = self.figures("lon"), self.figures("lat")
            self.tell("unreadable_position", "lon", bad_x)
            self.tell("unreadable_position", "lat", bad_y & ~bad_x)
            return np.column_stack([x, y])
        if self.reading.geometry is None:
            return np.full((len(self.frame.rows), 2), np.nan)
        return np.array(positions(self.frame.table.column(self.reading.geometry)))

    def _tell_swapped(self, lonlat: Floats, said: pa.Array) -> None:
        west, south, east, north = self.reading.bounds
        x, y = lonlat.T
        there = (x >= west) & (x <= east) & (y >= south) & (y <= north)
        swapped = (y >= west) & (y <= east) & (x >= south) & (x <= north)
        self.tell("latitude_first", "lon", np.asarray(swapped & ~there, dtype=np.bool_), said)

    def ground(self) -> Shapes:
        """Polygons (n,) in degrees."""
        if self.entity.lies is not Lies.GROUND:
            return np.empty(0, dtype=object)
        assert self.reading.geometry is not None
        assert self.reading.datum is not None
        ground = Ground(self.reading.geometry, self.reading.datum, self.reading.bounds, _WIDEST)
        shapes = Polygons(self, ground).read()
        shapes[np.flatnonzero(~self.good)] = None
        return _many(shapes)


def _many(shapes: Shapes) -> Shapes:
    there = np.flatnonzero([shape is not None for shape in shapes.tolist()])
    made = np.full(len(shapes), None, dtype=object)
    made[there] = many(shapes[there])
    return made
