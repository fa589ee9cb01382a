"""Files of points of any length, assigned by chunks: every row comes out, in its order, with its codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from numpy.typing import NDArray

from geo import areas, instants
from geo.areas import Edition
from geo.arrays import Codes, Floats, Ints, Positions
from geo.assignments import Assignment, Ground, Rule, assign, in_force, microseconds, open_index
from geo.columns import chosen, known
from geo.crs import snap
from geo.errors import Refused
from geo.files import renamed
from geo.frames import CSV, PARQUET, XLSX, Frame, Sheet, form_of, opened
from geo.frames.points import positions, wkb_of
from geo.layers import Layer
from geo.pipes import ahead
from geo.positions import Bounds, Points, Reading, refuse_twice
from geo.settings import settings
from geo.writing import Rows, suffix_of, write

Progress = Callable[[int, int | None], None]
Columns = dict[str, pa.Array]
T = TypeVar("T")


@dataclass
class Assigned:
    """What became of a file's rows.

    ``forecast`` counts those of a time to come, ``rules`` each rule by its key; ``recognised`` as in ``geo.frames``.
    ``amiss`` says what is the matter with rows, by :data:`geo.positions.AMISS`: how many, and the first of them.
    """

    rows: int = 0
    unplaced: int = 0
    doubtful: int = 0
    untimed: int = 0
    naive: int = 0
    before_first: int = 0
    forecast: int = 0
    rules: dict[str, int] = field(default_factory=dict)
    recognised: str | None = None
    amiss: dict[str, tuple[int, str]] = field(default_factory=dict)

    def note(self, key: str, number: int, first: str) -> None:
        """Something is the matter with rows; of what was noted before the first row stays."""
        before, said = self.amiss.get(key, (0, first))
        self.amiss[key] = (before + number, said)


class Division(Protocol):
    """What a file is assigned on."""

    @property
    def bounds(self) -> Bounds:
        """West, south, east, north of its ground, degrees."""

    def added(self, *, is_timed: bool) -> dict[str, pa.DataType]:
        """Names and types of the columns it adds to rows, with times of their own or without."""

    def columns(self, lonlat: Floats, accuracy_m: Floats, times: pa.Array | None, told: Assigned) -> Columns:
        """Those columns for points (n, 2); ``told`` is brought up to date."""


class Leaves(Ground, Protocol):
    """The leaves of an edition with their codes."""

    @property
    def codes(self) -> Codes:
        """Of the leaves (n,), ascending."""

    @property
    def level_codes(self) -> list[Codes]:
        """For each level the code (n,) of the area over every leaf."""


@dataclass(frozen=True)
class Calendar:
    """What says which edition answers a row: its editions in any order, the current one, and the city's time zone.

    After ``now`` that is the current one with the forecast of a stage: ``hours`` are those at which scheduled plans
    come into force, ascending, and stage n is after the first n of them.
    """

    levels: tuple[str, ...]
    time_zone: str
    editions: tuple[Edition, ...]
    current: int
    now: datetime
    hours: tuple[datetime, ...] = ()

    @classmethod
    def of(cls, connection: sa.Connection, hours: Iterable[datetime] = ()) -> Calendar:
        """That of the city, as of now. Raises Unknown when nothing has been published."""
        city, current = areas.city(connection), areas.current(connection).number
        levels, editions = tuple(level.key for level in city.levels), tuple(areas.all_editions(connection))
        return cls(levels, city.time_zone, editions, current, datetime.now(UTC), tuple(hours))

    def stages(self, instants_us: NDArray[np.int64]) -> Positions:
        """The stage (n,) that answers each instant, microseconds since 1970 UTC; -1 for what is not to come."""
        hours = np.array([microseconds(hour) for hour in self.hours], dtype=np.int64)
        passed = np.searchsorted(hours, instants_us, side="right")
        return np.where(instants_us > microseconds(self.now), passed, -1).astype(np.int32)


@dataclass(frozen=True, eq=False)
class OfCity:
    """The city's own division: codes of every level, by the edition in force or by the one of each row's time.

    ``opened`` gives the leaves of an edition by its number, ``foretold`` those of a stage of the forecast from 1.
    """

    calendar: Calendar
    opened: Callable[[int], Leaves]
    foretold: Callable[[int], Leaves]

    @classmethod
    def now(
        cls, connection: sa.Connection, hours: Sequence[datetime] = (), foretold: Callable[[int], Leaves] | None = None
    ) -> OfCity:
        """As the database has it; asked as editions and stages are met, of which there are as many as ``hours``."""

        def opened(number: int) -> Leaves:
            return open_index(connection, areas.numbered(connection, number))

        return cls(Calendar.of(connection, hours), opened, foretold or opened)

    @property
    def bounds(self) -> Bounds:
        """Of the edition in force."""
        return self.opened(self.calendar.current).index.bounds

    def added(self, *, is_timed: bool) -> dict[str, pa.DataType]:
        """Levels of the city, edition, whether it is a forecast of rows with times, and what every division adds."""
        said = {"forecast": pa.bool_()} if is_timed else {}
        return {**dict.fromkeys(self.calendar.levels, pa.string()), "edition": pa.int32(), **said, **_TOLD}

    def columns(self, lonlat: Floats, accuracy_m: Floats, times: pa.Array | None, told: Assigned) -> Columns:
        """Codes, edition, distance, candidates and rule; a row without readable time is answered by today's edition."""
        numbers, stages = self._answering(len(lonlat), times, told)
        types = self.added(is_timed=times is not None)
        names = list(types)
        parts: list[Columns] = []
        order: list[Ints] = []
        for number, stage in np.unique(np.column_stack([numbers, stages]), axis=0).tolist():
            rows = np.flatnonzero((numbers == number) & (stages == stage))
            city = self.foretold(stage) if stage > 0 else self.opened(number)
            made, found = _assigned(city, city.codes, lonlat[rows], accuracy_m[rows], told)
            codes = [chosen(level, found.position) for level in _codes(city, city.level_codes)]
            levels = dict(zip(names, codes, strict=False))
            said = {} if times is None else {"forecast": pa.array(stages[rows] >= 0)}
            parts.append({**levels, "edition": pa.array(numbers[rows], type=pa.int32()), **said, **made})
            order.append(rows)
        if len(parts) == 1:
            return parts[0]
        back = pa.array(np.argsort(np.concatenate(order))) if order else pa.array([], type=pa.int64())
        return {n: pa.concat_arrays([pa.array([], types[n]), *(part[n] for part in parts)]).take(back) for n in names}

    def _answering(self, rows: int, times: pa.Array | None, told: Assigned) -> tuple[Positions, Positions]:
        """Number (n,) of the edition that answers each row, and the stage of its forecast, -1 for none."""
        current = self.calendar.current
        if times is None:
            return np.full(rows, current, dtype=np.int32), np.full(rows, -1, dtype=np.int32)
        read = instants.read(times, self.calendar.time_zone)
        timed = read.us != instants.NEVER_US
        numbers, before = in_force(self.calendar.editions, read.us)
        told.untimed += int((~timed).sum())
        told.naive += int(read.is_naive.sum())
        told.before_first += int((before & timed).sum())
        stages = np.where(timed, self.calendar.stages(read.us), -1).astype(np.int32)
        told.forecast += int((stages >= 0).sum())
        return np.where(timed & (stages < 0), numbers, current).astype(np.int32), stages


@dataclass(frozen=True, eq=False)
class OfLayer:
    """Any flat partition: the code of its field."""

    layer: Layer

    @property
    def bounds(self) -> Bounds:
        """Of the layer."""
        return self.layer.index.bounds

    def added(self, *, is_timed: bool) -> dict[str, pa.DataType]:
        """The layer's code and what every division adds."""
        return {self.layer.field: pa.string(), **_TOLD}

    def columns(self, lonlat: Floats, accuracy_m: Floats, times: pa.Array | None, told: Assigned) -> Columns:
        """Code, distance, candidates and rule."""
        made, found = _assigned(self.layer, self.layer.codes, lonlat, accuracy_m, told)
        return {self.layer.field: chosen(_codes(self.layer, [self.layer.codes])[0], found.position), **made}


_KEYS = pa.array([rule.key for rule in Rule])
_TOLD = {"border_m": pa.float64(), "candidates": pa.string(), "rule": pa.string()}


def assign_file(
    source: Path, target: Path, points: Points, division: Division, progress: Progress | None = None
) -> Assigned:
    """What became of the rows of ``source``, all of which are in ``target``, in their order, with columns added.

    ``target`` appears under its name when it is whole; an older one stays until then.

    Raises
    ------
    Refused
        When the source cannot be read, a column is missing or would be added twice, or the datum is not declared.
    """
    suffix_of(target)  # refuses a name that says no format
    with opened(source, encoding=points.encoding, layer=points.layer) as sheet, renamed(target) as unfinished:
        return assign_sheet(sheet, unfinished, points, division, progress)


def assign_sheet(
    sheet: Sheet, target: Path, points: Points, division: Division, progress: Progress | None = None
) -> Assigned:
    """As :func:`assign_file`, of a file that is open, written to ``target`` at once.

    Rows are read, assigned and written at the same time: each step has a thread and is a chunk ahead of the next.
    Workbooks are read and CSV is written by Python, which does one thing at a time: with them all is done in turn.
    A Parquet says in its metadata, under ``gridatlas``, what became of its rows.
    """
    told = Assigned(recognised=sheet.recognised)
    reading = Reading(sheet, points)
    added = {points.prefix + name: kind for name, kind in division.added(is_timed=reading.is_timed).items()}
    refuse_twice(sheet, added, is_caseless=suffix_of(target) == ".gpkg")
    schema = sheet.schema
    for name, kind in added.items():
        schema = schema.append(pa.field(name, kind))

    def tables() -> Generator[pa.Table, None, None]:
        for frame in frames:
            _refuse_ragged(sheet.path, frame)
            read, untimed = reading.read(frame.table), told.untimed
            made = division.columns(read.lonlat, read.accuracy_m, read.times, told)
            for noted in reading.amiss(frame, read, division.bounds, is_untimed=told.untimed > untimed):
                told.note(*noted)
            told.rows += frame.table.num_rows
            if progress:
                progress(told.rows, sheet.total)
            yield pa.table([*frame.table.columns, *made.values()], schema=schema)

    ahead_of = _in_turn if sheet.form == XLSX or form_of(target) == CSV else ahead
    with closing(ahead_of(frame for frame in sheet.frames)) as frames, closing(ahead_of(tables())) as assigned:
        _write(target, schema, assigned, sheet, told)
    return told


def _in_turn(items: Generator[T, None, None]) -> Generator[T, None, None]:
    return items


def _assigned(
    ground: Ground, codes: Any, lonlat: Floats, accuracy_m: Floats, told: Assigned
) -> tuple[Columns, Assignment]:
    found = assign(ground, lonlat, accuracy_m=accuracy_m)
    told.unplaced += int((found.position < 0).sum())
    told.doubtful += int(found.is_doubtful.sum())
    for rule, number in zip(*np.unique(found.rule, return_counts=True), strict=True):
        key = Rule(int(rule)).key
        told.rules[key] = told.rules.get(key, 0) + int(number)
    return {
        "border_m": pa.array(np.round(found.border_m, 3), from_pandas=True),
        "candidates": _candidates(ground, codes, lonlat, accuracy_m, found),
        "rule": _KEYS.take(pa.array(found.rule)),
    }, found


def _candidates(ground: Ground, codes: Any, lonlat: Floats, accuracy_m: Floats, found: Assignment) -> pa.Array:
    """Leaves within the accuracy, or within the border tolerance when that is wider: ``code share`` joined by ``;``."""
    radius = np.fmax(accuracy_m, settings().border_tolerance_m)
    likely = np.full(len(lonlat), None, dtype=object)
    near = np.flatnonzero(found.border_m <= radius)
    for row, shares in zip(near.tolist(), ground.index.candidates(snap(lonlat[near]), radius[near]), strict=True):
        likely[row] = ";".join(f"{codes[at]} {share:.3f}" for at, share in shares) or None
    return pa.array(likely, type=pa.string())


_known: WeakKeyDictionary[Ground, list[pa.Array]] = WeakKeyDictionary()


def _codes(ground: Ground, levels: list[Codes]) -> list[pa.Array]:
    """Codes of the levels over every leaf, null where there is none; made once for all chunks."""
    found = _known.get(ground)
    if found is None:
        found = _known[ground] = [known(codes) for codes in levels]
    return found


def _refuse_ragged(source: Path, frame: Frame) -> None:
    if frame.cells:
        row, cells = next(iter(frame.cells.items()))
        wide = frame.table.num_columns
        raise Refused(f"{source.name}, row {row}: {cells} cells where the header has {wide}; quote texts with commas")


# -- writing ---------------------------------------------------------------------------------------------------------
def _write(path: Path, schema: pa.Schema, tables: Iterator[pa.Table], sheet: Sheet, told: Assigned) -> None:
    """The file's own rows as they came: a CSV leaves the geometry out, Parquet keeps what its file said of it."""
    geometry = sheet.geometry or sheet.points
    if geometry and suffix_of(path) in _WITHOUT_GEOMETRY:
        schema = schema.remove(schema.get_field_index(geometry))
        tables = (table.drop_columns([geometry]) for table in tables)
    elif geometry and _is_layer(path) and sheet.points:
        schema, tables = _as_wkb(schema, tables, geometry)
    is_said = suffix_of(path) in _WITHOUT_GEOMETRY or (not _is_layer(path) and sheet.form == PARQUET)
    said = Rows("assigned", schema, tables, None if is_said else geometry, "Unknown", sheet.crs)
    write(path, replace(said, closing=lambda: {"gridatlas": json.dumps(asdict(told))}))


def _is_layer(path: Path) -> bool:
    return suffix_of(path) not in (*_WITHOUT_GEOMETRY, *_PARQUET)


def _as_wkb(schema: pa.Schema, tables: Iterator[pa.Table], column: str) -> tuple[pa.Schema, Iterator[pa.Table]]:
    """Points whose coordinates lie in the file themselves, as layers have them."""
    at = schema.get_field_index(column)
    schema = schema.set(at, pa.field(column, pa.binary()))
    return schema, (table.set_column(at, schema.field(at), wkb_of(positions(table.column(at)))) for table in tables)


_WITHOUT_GEOMETRY = (".csv", ".csv.gz")
_PARQUET = (".parquet", ".geoparquet", ".pq")
