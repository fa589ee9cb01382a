"""Positions, accuracies and times out of the rows of a file, and what is amiss with them: told, never guessed at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from geo import instants
from geo.arrays import Bools, Floats, Ints
from geo.assignments import on_earth
from geo.columns import figures, texts
from geo.crs import datum_in
from geo.errors import Refused, shown
from geo.frames import Frame, Sheet
from geo.frames.points import is_native, positions
from geo.incidents.reports import converted
from geo.judging import BLANK

Bounds = tuple[float, float, float, float]
AMISS = {
    "latitude_first": (
        "经纬度颠倒",
        "latitude stands where longitude belongs: swapped it lies in the ground",
    ),
    "unreadable_position": ("坐标不是有限数", "not a finite number, as 117.021"),
    "no_point": ("图形不是点", "a position is a point; other shapes have none"),
    "out_of_range": ("坐标超出范围", "not on Earth under the declared datum; is it the right one?"),
    "unreadable_time": ("时间无法识别", f"not a time, so today's edition answers; {instants.RIGHT}"),
}
"""What may be the matter with a row that is kept all the same, in Chinese and in English."""
_POINT = 0


@dataclass(frozen=True)
class Points:
    """Where the positions, times and accuracies of a file stand.

    Parameters
    ----------
    lon, lat
        Columns; None = by their usual names, else the file's geometry.
    datum
        Of the positions; None only for a geometry whose file says its CRS.
    at
        Column of the time whose edition answers; None = the edition in force.
    when
        The time of every row in place of a column, RFC 3339 with its offset.
    accuracy_m
        Column of the accuracy in metres.
    encoding
        Of CSV; None = recognised.
    layer
        Layer or worksheet of the file; None = the only one.
    prefix
        Put before the name of every column that is added.
    """

    lon: str | None = None
    lat: str | None = None
    datum: str | None = None
    at: str | None = None
    when: str | None = None
    accuracy_m: str | None = None
    encoding: str | None = None
    layer: str | None = None
    prefix: str = ""


@dataclass(frozen=True, eq=False)
class Read:
    """What n rows say.

    Attributes
    ----------
    raw
        (n, 2) in the datum of the file, NaN where no figure was read.
    lonlat
        (n, 2) degrees WGS 84, snapped; NaN where ``raw`` is no position on Earth.
    accuracy_m
        (n,) metres; NaN where not known.
    times
        (n,) as they stand in the file; None where rows have none.
    """

    raw: Floats
    lonlat: Floats
    accuracy_m: Floats
    times: pa.Array | None


class Reading:
    """How positions, accuracies and times are read out of the tables of one file.

    Raises
    ------
    Refused
        When a column is missing or the datum is not declared.
    """

    def __init__(self, sheet: Sheet, points: Points) -> None:
        self.file, self.geometry = sheet.path.name, sheet.geometry or sheet.points
        names = sheet.schema.names
        self.lon = points.lon or _usual(names, ("lon", "lng", "longitude", "经度"))
        self.lat = points.lat or _usual(names, ("lat", "latitude", "纬度"))
        if self.geometry and not (points.lon or points.lat):
            self.lon = self.lat = None
        elif not (self.lon and self.lat):
            raise Refused(
                f"{sheet.path.name}: no position is known; say --lon and --lat; there are: {', '.join(names)}"
            )
        for name in (self.lon, self.lat, points.at, points.accuracy_m):
            if name is not None and name not in names:
                raise Refused(f"{sheet.path.name} has no column {name!r}; there are: {', '.join(names)}")
        datum = points.datum or (sheet.crs if self.lon is None else None)
        if datum is None:
            raise Refused(f"{sheet.path.name}: declare the datum of its positions: --datum wgs84, cgcs2000, gcj02 …")
        self.datum, self.at, self.accuracy_m = datum_in(self.file, datum).name, points.at, points.accuracy_m
        self.when, self.is_timed = points.when, bool(points.at or points.when)

    def read(self, table: pa.Table) -> Read:
        """What the rows of a table say. Raises Refused for a column that holds no figures."""
        if self.lon is not None and self.lat is not None:
            raw = np.column_stack([_figures(self.file, table, name) for name in (self.lon, self.lat)])
        else:
            raw = positions(table.column(self.geometry))
        accuracy_m = _figures(self.file, table, self.accuracy_m) if self.accuracy_m else np.full(len(raw), np.nan)
        times = table.column(self.at).combine_chunks() if self.at else None
        if self.when:
            times = pa.repeat(self.when, len(raw))
        return Read(raw, converted(raw, self.datum), accuracy_m, times)

    def amiss(self, frame: Frame, read: Read, bounds: Bounds, *, is_untimed: bool) -> Iterator[tuple[str, int, str]]:
        """For each of :data:`AMISS` that rows have: the key, how many, and the first by file, row and value.

        Parameters
        ----------
        bounds
            West, south, east, north of the ground that is asked for, degrees.
        is_untimed
            Whether the times of some rows could not be read, or stand nowhere.
        """
        away = np.flatnonzero(~_within(read.lonlat, bounds))
        if len(away):
            yield from self._misplaced(frame, read, bounds, away)
        if is_untimed and self.at and read.times is not None:
            told = instants.read(read.times, "UTC")
            strange = np.flatnonzero((told.us == instants.NEVER_US) & ~told.is_blank)
            said = _word(frame.table.column(self.at), int(strange[0])) if len(strange) else ""
            yield from self._told("unreadable_time", frame, strange, said)

    def _misplaced(self, frame: Frame, read: Read, bounds: Bounds, away: Ints) -> Iterator[tuple[str, int, str]]:
        def pair(rows: Ints) -> str:
            return "" if not len(rows) else f"{read.raw[rows[0], 0]:.9g} {read.raw[rows[0], 1]:.9g}"

        is_figure = np.isfinite(read.raw[away]).all(axis=1)
        there, none = away[is_figure], away[~is_figure]
        is_swapped = _within(converted(read.raw[there, ::-1].copy(), self.datum), bounds)
        swapped, off = there[is_swapped], there[~is_swapped & ~on_earth(read.lonlat[there])]
        yield from self._told("latitude_first", frame, swapped, pair(swapped))
        yield from self._told("out_of_range", frame, off, pair(off))
        if len(none) and self.lon is not None and self.lat is not None:
            yield from self._unreadable(frame, read, (self.lon, self.lat), none)
        elif len(none):
            yield from self._no_points(frame, none)

    def _unreadable(
        self, frame: Frame, read: Read, names: tuple[str, str], rows: Ints
    ) -> Iterator[tuple[str, int, str]]:
        """Texts that stand where a figure belongs."""
        for axis, name in enumerate(names):
            column = frame.table.column(name)
            words = pc.utf8_lower(pc.fill_null(texts(column.take(pa.array(rows))), ""))
            is_told = ~_truths(pc.is_in(words, pa.array(BLANK)))
            wrong = rows[is_told & ~np.isfinite(read.raw[rows, axis])]
            told = f"{name}: {_word(column, int(wrong[0]))}" if len(wrong) else ""
            yield from self._told("unreadable_position", frame, wrong, told)

    def _no_points(self, frame: Frame, rows: Ints) -> Iterator[tuple[str, int, str]]:
        cells = frame.table.column(self.geometry).combine_chunks()
        if is_native(cells.type):
            return
        cells = cells.storage if isinstance(cells, pa.ExtensionArray) else cells
        rows = rows[_truths(cells.is_valid())[rows]]
        wkb = cells.take(pa.array(rows)).to_numpy(zero_copy_only=False)
        with np.errstate(invalid="ignore"):
            shapes = shapely.from_wkb(wkb, on_invalid="ignore")
        wrong = np.flatnonzero(shapely.get_type_id(shapes) != _POINT)
        first = shapes[wrong[0]] if len(wrong) else None
        yield from self._told("no_point", frame, rows[wrong], first.geom_type if first else "not readable")

    def _told(self, key: str, frame: Frame, rows: Ints, value: str) -> Iterator[tuple[str, int, str]]:
        if len(rows):
            yield key, len(rows), f"{self.file}, row {frame.rows[rows[0]]}: {value}"


def refuse_twice(sheet: Sheet, added: Iterable[str], *, is_caseless: bool) -> None:
    """Nothing, when the file has no column of these names; a GeoPackage does not tell capital letters from small ones.

    Raises
    ------
    Refused
        When it has.
    """
    there = {(name.lower() if is_caseless else name): name for name in sheet.schema.names}
    if twice := [there[name] for name in (one.lower() if is_caseless else one for one in added) if name in there]:
        raise Refused(
            f"{sheet.path.name} has columns of its own named {', '.join(twice)}; add --prefix, as --prefix at_"
        )


def _usual(names: list[str], usual: tuple[str, ...]) -> str | None:
    plain = {name.lower(): name for name in names}
    return next((plain[name] for name in usual if name in plain), None)


def _figures(file: str, table: pa.Table, name: str) -> Floats:
    return figures(table.column(name), f"{file}: the column {name!r}")


def _within(lonlat: Floats, bounds: Bounds) -> Bools:
    west, south, east, north = bounds
    x, y = lonlat.T
    return np.asarray((x >= west) & (x <= east) & (y >= south) & (y <= north), dtype=np.bool_)


def _truths(column: pa.Array) -> Bools:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _word(column: pa.ChunkedArray, at: int) -> str:
    return shown(texts(column.slice(at, 1))[0].as_py())
