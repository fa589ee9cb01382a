"""The city as it stands: editions in force, areas and grids, and who lies in whom.

Every question takes the edition it asks about, so an answer never mixes two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.arrays import Codes, Shapes
from geo.errors import Unknown, no_such_code
from geo.forecasts import Forecast, rows_of
from geo.tables import areas, cities, codes, editions, grids

Ids = NDArray[np.int32]


@dataclass(frozen=True)
class Level:
    """One level of the division, by the words people use for it."""

    key: str
    zh: str
    en: str


@dataclass(frozen=True)
class City:
    """The one city of a database; ``levels`` from the top to the grid, no ``code_lengths`` when codes do not nest."""

    code: str
    name: str
    name_en: str
    levels: tuple[Level, ...]
    code_lengths: tuple[int, ...]
    time_zone: str
    metric_epsg: int

    @property
    def grid_level(self) -> int:
        """Number of the grid level: the last one."""
        return len(self.levels) - 1

    def level(self, key: str) -> int:
        """Number of the level with this key, 0 for the city. Raises Unknown for any other key."""
        for number, level in enumerate(self.levels):
            if level.key == key:
                return number
        raise Unknown(f"no level {key!r}; this city has {', '.join(level.key for level in self.levels)}")


@dataclass(frozen=True)
class Edition:
    """One complete partition of the city, in force from ``effective_at`` until the next.

    With a ``forecast`` it answers as scheduled plans will have changed it.
    """

    number: int
    effective_at: datetime
    published_at: datetime
    published_by: str
    summary: str
    leaves: int
    changed: int
    noded: int
    forecast: Forecast | None = None


@dataclass(frozen=True)
class Place:
    """An area or a grid as one edition has it; ``label`` and ``bounds`` in lon/lat degrees, ``kind`` only of grids."""

    id: int
    code: str
    name: str
    level: int
    kind: str | None
    parent_id: int | None
    area_m2: float
    label: tuple[float, float]
    bounds: tuple[float, float, float, float]
    first_edition: int | None
    last_edition: int | None


@dataclass(frozen=True)
class LeafRows:
    """Every leaf of an edition in ascending order of code: the lowest position is the lowest code."""

    ids: Ids
    codes: Codes
    names: Codes
    kinds: Codes
    parent_ids: Ids


@dataclass(frozen=True)
class Leaves(LeafRows):
    """The leaves of an edition and their ground."""

    shapes: Shapes


@dataclass(frozen=True)
class AreaRows:
    """Every area above the grids of an edition, in order of level, then code; ``parent_ids`` 0 for the city."""

    ids: Ids
    codes: Codes
    names: Codes
    levels: Ids
    parent_ids: Ids


@dataclass(frozen=True)
class Areas(AreaRows):
    """The areas of an edition and their ground."""

    shapes: Shapes


def city(connection: sa.Connection) -> City:
    """The city of this database. Raises Unknown when none has been published yet."""
    row = connection.execute(sa.select(cities)).one_or_none()
    if row is None:
        raise Unknown("no city has been published yet; bring one in: gridatlas import boundaries SOURCES.toml --commit")
    return City(
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        levels=tuple(Level(**level) for level in row.levels),
        code_lengths=tuple(row.code_lengths),
        time_zone=row.time_zone,
        metric_epsg=row.metric_epsg,
    )


# -- editions --------------------------------------------------------------------------------------------------------
def _edition_columns() -> list[sa.Column[object]]:
    return [editions.c[name] for name in Edition.__dataclass_fields__ if name != "forecast"]


def all_editions(connection: sa.Connection, since: datetime | None = None) -> list[Edition]:
    """Every edition, or that in force at ``since`` and all later ones; newest first, empty before the first publish."""
    query = sa.select(*_edition_columns()).order_by(editions.c.number.desc())
    if since is not None:
        first = in_force().with_only_columns(editions.c.number).scalar_subquery()
        query = query.where(editions.c.number >= first).params(instant=since)
    return [Edition(**row) for row in connection.execute(query).mappings()]


def newest_number(connection: sa.Connection) -> int:
    """Number of the newest edition; 0 when nothing has been published."""
    return int(connection.scalar(sa.select(sa.func.max(editions.c.number))) or 0)


def numbered(connection: sa.Connection, number: int) -> Edition:
    """Edition ``number``. Raises Unknown, naming those there are."""
    row = connection.execute(sa.select(*_edition_columns()).where(editions.c.number == number)).mappings().one_or_none()
    if row is None:
        most = newest_number(connection)
        there = f"there are 1 to {most}" if most else "none has been published yet"
        raise Unknown(
            f"no edition {number}; {there}", zh=f"没有第 {number} 版；" + (f"有 1 到 {most}" if most else "都未发布")
        )
    return Edition(**row)


@cache
def newest() -> sa.Select[*tuple[Any, ...]]:
    """Statement: the edition in force now. None lies ahead, so it is the newest, whatever the clock of a host says."""
    return sa.select(*_edition_columns()).order_by(editions.c.number.desc()).limit(1)


@cache
def in_force() -> sa.Select[*tuple[Any, ...]]:
    """Statement: the edition in force at the parameter ``instant``; made once, since every question asks."""
    begun = editions.c.effective_at <= sa.bindparam("instant", type_=editions.c.effective_at.type)
    newest = sa.case((begun, -editions.c.number), else_=editions.c.number)
    return sa.select(*_edition_columns()).order_by(begun.desc(), newest).limit(1)


def at(connection: sa.Connection, instant: datetime | None) -> Edition:
    """The edition in force at ``instant`` (aware; None = now); the first one for anything earlier.

    Raises Unknown when nothing has been published.
    """
    asked = connection.execute(in_force(), {"instant": instant}) if instant else connection.execute(newest())
    row = asked.mappings().one_or_none()
    if row is None:
        raise Unknown("no edition has been published yet; bring one in: gridatlas import boundaries … --commit")
    return Edition(**row)


def current(connection: sa.Connection) -> Edition:
    """The edition in force now. Raises Unknown when nothing has been published."""
    return at(connection, None)


# -- places ----------------------------------------------------------------------------------------------------------
_AS_STORED = ("id", "code", "name", "level", "kind", "parent_id", "area_m2", "first_edition", "last_edition")


@lru_cache(maxsize=16)
def _rows(table: sa.Table, edition: Edition) -> sa.Subquery:
    return rows_of(table, edition.number, edition.forecast)


@lru_cache(maxsize=8)
def _places(edition: Edition) -> sa.Subquery:
    """Areas and grids of an edition with their codes, label and bounds, as one relation."""

    def of(table: sa.Table) -> sa.Select[Any]:
        row = _rows(table, edition).c
        bounds = [getattr(gis, f"ST_{side}")(row.geom) for side in ("XMin", "YMin", "XMax", "YMax")]
        return sa.select(
            *(row[name] for name in _AS_STORED),
            gis.ST_X(row.label).label("x"),
            gis.ST_Y(row.label).label("y"),
            *(bound.label(name) for bound, name in zip(bounds, ("west", "south", "east", "north"), strict=True)),
        )

    return sa.union_all(of(areas), of(grids)).subquery("places")


def _fetch(connection: sa.Connection, query: sa.Select[Any]) -> list[Place]:
    return [
        Place(
            **{name: getattr(row, name) for name in _AS_STORED},
            label=(row.x, row.y),
            bounds=(row.west, row.south, row.east, row.north),
        )
        for row in connection.execute(query)
    ]


def place(connection: sa.Connection, code: str, edition: Edition) -> Place:
    """The area or grid with ``code`` in ``edition``.

    Raises
    ------
    Unknown
        When the code is not of that edition; the message tells a retired code from one never given.
    """
    there = _places(edition)
    if found := _fetch(connection, sa.select(there).where(there.c.code == code)):
        return found[0]
    given = connection.scalar(sa.select(sa.func.count()).select_from(codes).where(codes.c.code == code))
    raise no_such_code(code, edition.number, is_given=bool(given))


def places(connection: sa.Connection, ids: Iterable[int], edition: Edition) -> dict[int, Place]:
    """Areas and grids by id; ids that are not of ``edition`` are left out."""
    there = _places(edition)
    wanted = sa.select(there).where(there.c.id.in_([int(number) for number in ids]))
    return {found.id: found for found in _fetch(connection, wanted)}


def children(connection: sa.Connection, code: str, edition: Edition) -> list[Place]:
    """Areas or grids directly in ``code``, in ascending order of code. Raises Unknown for an unknown code."""
    parent = place(connection, code, edition)
    there = _places(edition)
    return _fetch(
        connection, sa.select(there).where(there.c.parent_id == parent.id).order_by(there.c.code.collate("C"))
    )


def on_level(connection: sa.Connection, level: int, edition: Edition) -> list[Place]:
    """Every area or grid of one level, in ascending order of code."""
    there = _places(edition)
    return _fetch(connection, sa.select(there).where(there.c.level == level).order_by(there.c.code.collate("C")))


def chain(connection: sa.Connection, code: str, edition: Edition) -> list[Place]:
    """From the city down to ``code`` itself. Raises Unknown for an unknown code."""
    lowest = place(connection, code, edition)
    row = _rows(areas, edition).c
    up = sa.select(row.id, row.parent_id)
    above = up.where(row.id == lowest.parent_id).cte("above", recursive=True)
    above = above.union_all(up.join(above, row.id == above.c.parent_id))
    upper = places(connection, connection.scalars(sa.select(above.c.id)), edition).values()
    return [*sorted(upper, key=lambda found: found.level), lowest]


def search(connection: sa.Connection, text: str, edition: Edition, limit: int = 20) -> list[Place]:
    """Places whose code starts with ``text`` or whose name contains it: exact first, then upper levels, then code."""
    text = text.strip()
    if not text:
        return []
    there = _places(edition)
    matches = sa.or_(there.c.code.startswith(text, autoescape=True), there.c.name.icontains(text, autoescape=True))
    exact = sa.or_(there.c.code == text, there.c.name == text)
    order = (
        exact.desc(),
        there.c.name.istartswith(text, autoescape=True).desc(),
        there.c.level,
        there.c.code.collate("C"),
    )
    return _fetch(connection, sa.select(there).where(matches).order_by(*order).limit(limit))


def geometry(connection: sa.Connection, code: str, edition: Edition) -> BaseGeometry:
    """The ground of an area or grid, lon/lat degrees. Raises Unknown for an unknown code."""
    found = place(connection, code, edition)
    row = _rows(areas if found.kind is None else grids, edition).c
    ground = sa.select(gis.ST_AsBinary(row.geom)).where(row.id == found.id)
    return shapely.from_wkb(bytes(connection.execute(ground).scalar_one()))


# -- whole editions ---------------------------------------------------------------------------------------------------
def _columns(rows: Iterable[Iterable[Any]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def shapes_of(wkb: Iterable[bytes]) -> Shapes:
    """Ground as it was published: the store keeps multipolygons only, one part is a polygon again."""
    shapes = np.array([shapely.from_wkb(bytes(one)) for one in wkb], dtype=np.object_)
    return np.where(shapely.get_num_geometries(shapes) == 1, shapely.get_geometry(shapes, 0), shapes)


def _each(table: sa.Table, edition: Edition, *names: str) -> sa.Select[Any]:
    """Of each leaf or area of an edition, in the order of code, of areas by level first; ground as WKB."""
    row = _rows(table, edition).c
    told = [gis.ST_AsBinary(row.geom) if name == "geom" else row[name] for name in names]
    return sa.select(*told).order_by(*([row.level] if table is areas else []), row.code.collate("C"))


def leaf_rows(connection: sa.Connection, edition: Edition) -> LeafRows:
    """Every leaf of ``edition``, fallback ones included, in ascending order of code, without ground."""
    query = _each(grids, edition, "id", "code", "name", "kind", "parent_id")
    ids, names_of, names, kinds, parents = _columns(connection.execute(query), 5)
    return LeafRows(
        ids=np.array(ids, dtype=np.int32),
        codes=np.array(names_of, dtype=np.str_),
        names=np.array(names, dtype=np.str_),
        kinds=np.array(kinds, dtype=np.str_),
        parent_ids=np.array(parents, dtype=np.int32),
    )


def leaf_shapes(connection: sa.Connection, edition: Edition) -> Shapes:
    """Ground (n,) of every leaf, in the order of :func:`leaf_rows`."""
    return shapes_of(connection.scalars(_each(grids, edition, "geom")))


def leaves(connection: sa.Connection, edition: Edition) -> Leaves:
    """As :func:`leaf_rows`, with their ground."""
    return Leaves(**vars(leaf_rows(connection, edition)), shapes=leaf_shapes(connection, edition))


def area_rows(connection: sa.Connection, edition: Edition) -> AreaRows:
    """Every area above the grids of ``edition``, the city first, without ground."""
    query = _each(areas, edition, "id", "code", "name", "level", "parent_id")
    ids, names_of, names, levels, parents = _columns(connection.execute(query), 5)
    return AreaRows(
        ids=np.array(ids, dtype=np.int32),
        codes=np.array(names_of, dtype=np.str_),
        names=np.array(names, dtype=np.str_),
        levels=np.array(levels, dtype=np.int32),
        parent_ids=np.array([id or 0 for id in parents], dtype=np.int32),
    )


def upper(connection: sa.Connection, edition: Edition) -> Areas:
    """As :func:`area_rows`, with their ground."""
    shapes = shapes_of(connection.scalars(_each(areas, edition, "geom")))
    return Areas(**vars(area_rows(connection, edition)), shapes=shapes)


def lineage(connection: sa.Connection, edition: Edition) -> tuple[Ids, Ids]:
    """For every leaf, in the order of :func:`leaves`: its id (n,), and the id of its area on each level (n, levels).

    The last column is the leaf itself; 0 where a level has no area above the leaf (ground without community).
    """
    depth = len(city(connection).levels)
    above = connection.execute(_each(areas, edition, "id", "level", "parent_id"))
    known = {row.id: (row.level, row.parent_id) for row in above}
    rows = connection.execute(_each(grids, edition, "id", "parent_id")).all()
    ids = np.array([row.id for row in rows], dtype=np.int32)
    table = np.zeros((len(rows), depth), dtype=np.int32)
    table[:, -1] = ids
    for line, row in zip(table, rows, strict=True):
        step = row.parent_id
        while step is not None:
            level, parent = known[step]
            line[level] = step
            step = parent
    return ids, table
