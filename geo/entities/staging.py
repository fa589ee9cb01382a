"""An entity's rows on their way in: staged by binary COPY, placed, compared with what is stored, stored at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
import sqlalchemy as sa

from geo import copying
from geo.areas import Edition
from geo.arrays import Bools, Floats, Ints, Shapes
from geo.assignments import CityIndex
from geo.buildings.placing import place
from geo.copying import Column
from geo.crs import area_m2
from geo.entities.entity import Entity, Lies
from geo.entities.fields import Kind
from geo.locking import lock_current
from geo.ragged import Ragged

_EPOCH_DAYS = 10_957  # PostgreSQL counts days from 2000-01-01
_STAGE = "staged_rows"
_POINTS = {
    "building": ("building_id", "buildings", "ST_PointOnSurface(other.geom)"),
    "unit": ("unit_id", "units", "other.geom"),
    "estate": ("estate_id", "estates", "ST_PointOnSurface(other.geom)"),
}
"""What has a point that a row without one takes: reference → its column, the table, the point; the first wins."""


class Stage:
    """The stage of one transaction for rows of ``entity``."""

    def __init__(self, connection: sa.Connection, entity: Entity) -> None:
        self.connection, self.entity = connection, entity
        self.own = tuple(one for one in entity.of_kind(Kind.REFERENCE) if one.to == entity.key)
        self.columns = [one.column for one in entity.fields]
        said = "".join(f", {one.name}_said text" for one in self.own)
        self._run(f"DROP TABLE IF EXISTS {_STAGE}")
        self._run(f"CREATE TEMP TABLE {_STAGE} (LIKE {entity.key} INCLUDING DEFAULTS) ON COMMIT DROP")
        for name in ("id", "edition", "digest", "stored_at"):
            self._run(f"ALTER TABLE {_STAGE} DROP COLUMN {name}")
        self._run(f"ALTER TABLE {_STAGE} ADD row_number bigint, ADD digest bytea{said.replace(', ', ', ADD ')}")

    def _run(self, sql: str, **given: Any) -> sa.CursorResult[Any]:
        return self.connection.execute(sa.text(sql), given)

    # -- onto the stage -----------------------------------------------------------------------------------------------
    def put(self, table: pa.Table, lonlat: Floats, shapes: Shapes) -> None:
        """Stage rows whose references and places are ids already; those to the entity itself are texts."""
        columns = {"row_number": copying.numbers(table.column("row").to_numpy(), "i8")}
        columns |= {name: copying.texts(table.column(name).combine_chunks()) for name in ("source", "reference")}
        for field in self.entity.fields:
            name = f"{field.name}_said" if field in self.own else field.column
            columns[name] = cells(table.column(field.name).combine_chunks())
        if self.entity.lies is Lies.SPOT:
            columns["geom"] = copying.points(lonlat)
        if self.entity.lies is Lies.GROUND:
            columns |= {"geom": copying.grounds(Ragged.of(shapes)), "area_m2": copying.figures(area_m2(shapes))}
        copying.copy(self.connection, _STAGE, columns)

    # -- where rows lie -----------------------------------------------------------------------------------------------
    def place(self, index: CityIndex) -> None:
        """Find points of rows without one, the building a point lies in, and the grid of each row."""
        if self.entity.lies is Lies.SPOT:
            self._find_buildings()
            self._take_points()
            self._place_points(index)
        if self.entity.lies is Lies.GROUND:
            self._place_ground(index.edition)

    def _find_buildings(self) -> None:
        if self.entity.has("building"):
            self._run(
                f"""UPDATE {_STAGE} AS one SET building_id = (
                        SELECT id FROM buildings WHERE ST_Covers(buildings.geom, one.geom) ORDER BY id LIMIT 1)
                     WHERE building_id IS NULL AND geom IS NOT NULL"""
            )

    def _take_points(self) -> None:
        for name, (column, table, point) in _POINTS.items():
            if self.entity.has(name):
                self._run(
                    f"UPDATE {_STAGE} AS one SET geom = {point} FROM {table} AS other "
                    f"WHERE one.geom IS NULL AND other.id = one.{column}"
                )
        if self.entity.has("place"):
            for table in ("grids", "areas"):
                self._run(
                    f"UPDATE {_STAGE} AS one SET geom = other.label FROM {table} AS other "
                    "WHERE one.geom IS NULL AND other.id = one.place_id AND other.last_edition IS NULL"
                )

    def _place_points(self, index: CityIndex) -> None:
        """The grid of each point; what stands in a building belongs to the grid of the building."""
        found = self._run(f"SELECT row_number, ST_X(geom), ST_Y(geom) FROM {_STAGE} WHERE geom IS NOT NULL").all()
        table = np.array([tuple(row) for row in found], dtype=np.float64).reshape(-1, 3)
        position = index.index.locate(table[:, 1:])
        self._write_places(table[:, 0].astype(np.int64), index.ids(position), index.lowest_areas(position))
        if self.entity.has("building"):
            self._run(
                f"UPDATE {_STAGE} AS one SET grid_id = other.grid_id, community_id = other.community_id "
                "FROM buildings AS other WHERE other.id = one.building_id"
            )

    def _place_ground(self, edition: Edition) -> None:
        found = self._run(f"SELECT row_number, ST_AsBinary(geom) AS shape FROM {_STAGE} ORDER BY row_number").all()
        wkb = np.array([bytes(row.shape) for row in found], dtype=object)
        shapes: Shapes = np.asarray(shapely.from_wkb(wkb), dtype=object)
        places = place(self.connection, edition, shapes)
        self._write_places(np.array([row.row_number for row in found], dtype=np.int64), places.grid, places.community)

    def _write_places(self, rows: Ints, grid: Any, community: Any) -> None:
        self._run(
            "CREATE TEMP TABLE IF NOT EXISTS staged_row_places (row_number bigint, grid_id int, community_id int) "
            "ON COMMIT DROP"
        )
        self._run("TRUNCATE staged_row_places")
        columns = {
            "row_number": copying.numbers(rows, "i8"),
            "grid_id": copying.ids(grid),
            "community_id": copying.ids(community),
        }
        copying.copy(self.connection, "staged_row_places", columns)
        self._run(
            f"UPDATE {_STAGE} AS one SET grid_id = found.grid_id, community_id = found.community_id "
            "FROM staged_row_places AS found WHERE found.row_number = one.row_number"
        )

    def unplaced(self) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
        """Rows (number, reference) without position, and those whose position is outside the city."""
        if self.entity.lies not in (Lies.SPOT, Lies.GROUND):
            return [], []
        rows = self._run(
            f"SELECT row_number, reference, geom IS NULL AS nowhere FROM {_STAGE} "
            "WHERE grid_id IS NULL ORDER BY row_number"
        ).all()
        told = [(row.row_number, row.reference, row.nowhere) for row in rows]
        return [one[:2] for one in told if one[2]], [one[:2] for one in told if not one[2]]

    # -- against the store --------------------------------------------------------------------------------------------
    def compare(self) -> tuple[int, list[tuple[int, str]]]:
        """Number of rows stored already as they are; and rows (number, reference) that change a stored one."""
        told = ", ".join([*self._digested(), *(["geom::text"] if "geom" in self._stored() else [])])
        self._run(f"UPDATE {_STAGE} SET digest = sha256(convert_to(ROW({told})::text, 'UTF8'))")
        rows = self._run(
            f"SELECT row_number, reference, one.digest = stored.digest AS same FROM {_STAGE} AS one "
            f"JOIN {self.entity.key} AS stored USING (source, reference) ORDER BY row_number"
        ).all()
        return sum(row.same for row in rows), [(row.row_number, row.reference) for row in rows if not row.same]

    def _digested(self) -> list[str]:
        told = []
        for field in self.entity.fields:
            if field in self.own:
                told.append(f"{field.name}_said")
            elif field.kind is Kind.MOMENT:
                told.append(f'extract(epoch FROM "{field.column}")')
            else:
                told.append(f'"{field.column}"')
        return told

    def _stored(self) -> list[str]:
        extra = {Lies.SPOT: ["geom", "grid_id", "community_id"]}
        extra[Lies.GROUND] = [*extra[Lies.SPOT], "area_m2"]
        own = [one.column for one in self.own]
        return [name for name in self.columns if name not in own] + extra.get(self.entity.lies, [])

    def store(self) -> None:
        """Store what is new, bring up to date what changed, and tie references to the entity itself."""
        edition = lock_current(self.connection)
        columns = ", ".join(f'"{name}"' for name in ("source", "reference", *self._stored(), "digest"))
        updates = ", ".join(f'"{name}" = excluded."{name}"' for name in (*self._stored(), "digest", "edition"))
        self._run(
            f"INSERT INTO {self.entity.key} AS stored ({columns}, edition) "
            f"SELECT {columns}, :edition FROM {_STAGE} ORDER BY row_number "
            f"ON CONFLICT (source, reference) DO UPDATE SET {updates}, stored_at = clock_timestamp() "
            "WHERE stored.digest <> excluded.digest",
            edition=edition.number,
        )
        for field in self.own:
            self._tie(field.name, field.column)

    def _tie(self, name: str, column: str) -> None:
        """References to rows of the entity itself: of the same source, else the only one that is called so."""
        self._run(
            f"""WITH meant AS (
                    SELECT one.source, one.reference, (
                        SELECT CASE WHEN bool_or(o.source = one.source)
                                    THEN min(o.id) FILTER (WHERE o.source = one.source)
                                    WHEN count(*) = 1 THEN min(o.id) END
                          FROM {self.entity.key} AS o
                         WHERE o.reference = one.{name}_said OR o.source || ':' || o.reference = one.{name}_said) AS id
                      FROM {_STAGE} AS one)
                UPDATE {self.entity.key} AS stored SET {column} = meant.id FROM meant
                 WHERE stored.source = meant.source AND stored.reference = meant.reference
                   AND stored.{column} IS DISTINCT FROM meant.id"""
        )

    def gone(self) -> list[tuple[int, str]]:
        """Ids and references of stored rows of the staged sources that are not on the stage."""
        rows = self._run(
            f"""SELECT stored.id, stored.reference FROM {self.entity.key} AS stored
                 WHERE stored.source IN (SELECT DISTINCT source FROM {_STAGE})
                   AND NOT EXISTS (SELECT 1 FROM {_STAGE} AS one WHERE one.source = stored.source
                                                                   AND one.reference = stored.reference)
                 ORDER BY stored.id"""
        ).all()
        return [(row.id, row.reference) for row in rows]


def cells(column: pa.Array) -> Column:
    """A column of texts, figures, days, instants or truth values as COPY takes it."""
    kind = column.type
    if pa.types.is_string(kind):
        return copying.texts(column)
    missing: Bools = np.asarray(column.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_)
    if pa.types.is_boolean(kind):
        return copying.numbers(_filled(column, False).astype(np.uint8), "u1", missing)
    if pa.types.is_date32(kind):
        return copying.numbers(_filled(column.cast(pa.int32()), 0).astype(np.int64) - _EPOCH_DAYS, "i4", missing)
    if pa.types.is_timestamp(kind):
        return copying.times(_filled(column.cast(pa.int64()), 0).astype(np.int64), missing)
    width = {pa.int32(): "i4", pa.int64(): "i8", pa.float64(): "f8"}[kind]
    return copying.numbers(_filled(column, 0), width, missing)


def _filled(column: pa.Array, blank: object) -> np.ndarray[Any, Any]:
    return np.asarray(pc.fill_null(column, blank).to_numpy(zero_copy_only=False))
