"""How many incidents each grid had: on the borders of any edition, or as it was when they happened."""

from __future__ import annotations

from typing import Literal

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from sqlalchemy.dialects import postgresql as pg

from geo import areas
from geo.areas import Edition
from geo.arrays import Ints
from geo.assignments import assign, open_index
from geo.incidents.searching import Filters, asked_for
from geo.tables import grids

UNASSIGNED = 0
Borders = Literal["today", "then"]
Counts = tuple[Ints, Ints]


def counts(
    connection: sa.Connection, edition: Edition, filters: Filters | None = None, *, borders: Borders = "today"
) -> Counts:
    """Ids of grids, ascending, and how many incidents each has; id 0 stands first and counts the unassigned.

    Parameters
    ----------
    edition
        On whose borders incidents are counted.
    filters
        Which ones.
    borders
        ``today``: every incident on the borders of ``edition``. ``then``: in the grid in force when it happened,
        whatever ``edition`` is; its id may be retired.

    Notes
    -----
    Both sum to the same total, the unassigned included. Grids without incidents are left out.

    Raises
    ------
    Refused, Unknown
        As ``search`` does.
    """
    current = areas.current(connection)
    those, asked = asked_for(connection, filters or Filters(), current)
    if borders == "then":
        return _grouped(connection, those.c.grid_then, asked)
    if edition == current:
        return _grouped(connection, those.c.grid_now, asked)
    return _recounted(connection, those, asked, (edition, current))


def _grouped(
    connection: sa.Connection, grid: sa.ColumnElement[int | None], asked: list[sa.ColumnElement[bool]]
) -> Counts:
    key = sa.func.coalesce(grid, UNASSIGNED).label("id")
    rows = connection.execute(sa.select(key, sa.func.count()).where(*asked).group_by(key)).all()
    return _summed(np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 2))


def _summed(pairs: Ints) -> Counts:
    """Sum of the counts of each id; the unassigned are told even when there are none."""
    ids, place = np.unique(np.append(pairs[:, 0], UNASSIGNED), return_inverse=True)
    total = np.zeros(len(ids), dtype=np.int64)
    np.add.at(total, place[:-1], pairs[:, 1])
    return ids, total


def _recounted(
    connection: sa.Connection,
    those: sa.FromClause,
    asked: list[sa.ColumnElement[bool]],
    both: tuple[Edition, Edition],
) -> Counts:
    """Counts on the borders of another edition: by today's grid where its ground is the same, the rest located.

    ``both`` are the edition that is asked about and the one in force.
    """
    edition, current = both
    first, last = sorted((edition.number, current.number))
    spanning = sa.select(grids.c.id).where(
        grids.c.first_edition <= first, sa.or_(grids.c.last_edition.is_(None), grids.c.last_edition > last)
    )
    if edition.forecast:
        spanning = spanning.where(grids.c.id != sa.all_(sa.cast(edition.forecast.grids.gone, pg.ARRAY(sa.Integer))))
    same = those.c.grid_now.in_(spanning)
    ids, total = _grouped(connection, those.c.grid_now, [*asked, same])
    # null is neither in nor not in: an unassigned incident may lie in a grid of the other edition
    rest = sa.or_(those.c.grid_now.is_(None), sa.not_(same))
    rows = connection.execute(sa.select(gis.ST_X(those.c.geom), gis.ST_Y(those.c.geom)).where(*asked, rest)).all()
    lonlat = np.array([tuple(row) for row in rows], dtype=np.float64).reshape(-1, 2)
    index = open_index(connection, edition)
    located = index.ids(assign(index, lonlat).position).astype(np.int64)
    pairs = np.vstack([np.column_stack([ids, total]), np.column_stack([located, np.ones_like(located)])])
    return _summed(pairs)
