"""Rows of an edition: codes registered once, areas and grids closed and opened as ground and names change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy.dialects import postgresql as pg

from geo.arrays import Bools, Codes, Shapes
from geo.crs import area_m2
from geo.errors import Refused
from geo.space.division import Division
from geo.tables import codes, in_edition

_AREA_ROW = "COPY areas (id, first_edition, level, name, parent_id, geom, area_m2, label) FROM STDIN"
_GRID_ROW = "COPY grids (id, first_edition, name, kind, parent_id, geom, area_m2, label) FROM STDIN"


@dataclass(frozen=True)
class Register:
    """Stable ids of codes."""

    ids: dict[str, int]

    def of(self, named: Iterable[str]) -> list[int | None]:
        """Ids of codes in the order given; None for the blank code, which is above the city."""
        return [self.ids[code] if code else None for code in named]

    def joined(self, other: Register) -> Register:
        """The codes of both."""
        return Register(self.ids | other.ids)


def one_of(column: sa.ColumnElement[Any], values: Sequence[object]) -> sa.ColumnElement[bool]:
    """Condition: ``column`` is one of ``values``, sent as one array however many there are."""
    return column == sa.any_(sa.cast(list(values), pg.ARRAY(column.type)))


def these_codes(named: Sequence[str]) -> sa.Select[tuple[int, str, int, bool]]:
    """Rows of ``codes`` whose code is among some.

    Asked for by ``BETWEEN``, which the trigrams of the search by name cannot answer: looking a code up by them costs a
    thousand times as much, and seems cheaper to the planner.
    """
    wanted = (
        sa.func.unnest(sa.cast(list(named), pg.ARRAY(sa.Text))).table_valued("code", name="wanted").render_derived()
    )
    columns = (codes.c.id, codes.c.code, codes.c.level, codes.c.is_fallback)
    return sa.select(*columns).join_from(wanted, codes, codes.c.code.between(wanted.c.code, wanted.c.code))


def register(connection: sa.Connection, division: Division) -> Register:
    """Ids of every code of ``division``; codes never seen before are entered.

    Raises
    ------
    Refused
        When a code was given to another level before, or a named grid takes a code reserved for fallback ground.
    """
    grid_level = division.levels - 1
    wanted = {
        str(code): (int(level), False) for code, level in zip(division.area_codes, division.area_levels, strict=True)
    }
    for code, kind in zip(division.leaf_codes, division.leaf_kinds, strict=True):
        if str(code) in wanted:
            raise Refused(f"code {code!r} names both an area and a grid; each needs a code of its own")
        wanted[str(code)] = (grid_level, str(kind) == "fallback")
    known = {row.code: row for row in connection.execute(these_codes(list(wanted)))}
    for code, row in known.items():
        if (row.level, row.is_fallback) != wanted[code]:
            was = "fallback ground" if row.is_fallback else f"level {row.level}"
            raise Refused(f"code {code!r} was given to {was} before and stays its own; choose a code never used")
    new = [
        {"code": code, "level": level, "is_fallback": fallback}
        for code, (level, fallback) in wanted.items()
        if code not in known
    ]
    ids = {code: row.id for code, row in known.items()}
    if new:
        entered = connection.execute(sa.insert(codes).returning(codes.c.code, codes.c.id), new)
        ids.update({row.code: row.id for row in entered})
    return Register(ids)


def close(connection: sa.Connection, table: sa.Table, ids: Sequence[int], number: int) -> None:
    """End the rows of ``ids`` in ``areas`` or ``grids`` with the edition before ``number``."""
    if ids:
        ends = sa.update(table).where(one_of(table.c.id, ids), in_edition(table, number))
        connection.execute(ends.values(last_edition=number))


def open_areas(connection: sa.Connection, division: Division, chosen: Bools, given: Register, number: int) -> None:
    """Store the ``chosen`` areas of ``division`` as rows that begin with edition ``number``."""
    shapes = division.area_shapes[chosen]
    _copy(
        connection,
        _AREA_ROW,
        zip(
            given.of(division.area_codes[chosen]),
            [number] * len(shapes),
            division.area_levels[chosen].tolist(),
            division.area_names[chosen].tolist(),
            given.of(division.area_parents[chosen]),
            *_ground(shapes),
            strict=True,
        ),
    )


def open_grids(connection: sa.Connection, division: Division, chosen: Bools, given: Register, number: int) -> None:
    """Store the ``chosen`` leaves of ``division`` as rows that begin with edition ``number``."""
    shapes = division.leaf_shapes[chosen]
    _copy(
        connection,
        _GRID_ROW,
        zip(
            given.of(division.leaf_codes[chosen]),
            [number] * len(shapes),
            division.leaf_names[chosen].tolist(),
            division.leaf_kinds[chosen].tolist(),
            given.of(division.leaf_parents[chosen]),
            *_ground(shapes),
            strict=True,
        ),
    )


def _ground(shapes: Shapes) -> tuple[list[str], list[float], list[str]]:
    """Geometry, area in m² and label point as COPY takes them."""
    return _hex(multi(shapes)), area_m2(shapes).tolist(), _hex(label_points(shapes))


def _hex(shapes: Shapes) -> list[str]:
    return [str(one) for one in shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True)]


def multi(shapes: Shapes) -> Shapes:
    """Each shape as a multipolygon, its coordinates untouched."""
    return np.array(
        [one if one.geom_type == "MultiPolygon" else MultiPolygon([one]) for one in shapes], dtype=np.object_
    )


def label_points(shapes: Shapes) -> Shapes:
    """A point well inside the largest part of each shape, where its label reads best."""
    return np.array([_label_point(shape) for shape in shapes], dtype=np.object_)


def _label_point(shape: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(shape)
    largest = parts[int(np.argmax(shapely.area(parts)))]
    circle = shapely.maximum_inscribed_circle(largest, tolerance=float(np.sqrt(shapely.area(largest))) / 25)
    centre: BaseGeometry = shapely.get_point(circle, 0)
    return centre


def _copy(connection: sa.Connection, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def ids_of(given: Register, named: Codes) -> list[int]:
    """Ids of codes that are all known."""
    return [given.ids[str(code)] for code in named]
