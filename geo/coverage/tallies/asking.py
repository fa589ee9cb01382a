"""What every tally is asked with, and where rows lie on the ground of the edition that is asked about."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from numpy.typing import NDArray

from geo import areas
from geo.areas import City, Edition
from geo.arrays import Bools, Floats, Ints
from geo.assignments import assign, open_index
from geo.coverage.foretelling import Hour
from geo.coverage.rollups import Tree
from geo.entities import Entity
from geo.entities.spots import inherited, spots
from geo.fetching import Column, fetch, figure, whole
from geo.forecasts import Followed

_KEPT = 3
_LATER = 2**31 - 1  # than any edition
_divided: OrderedDict[tuple[object, ...], Division] = OrderedDict()
_reading = Lock()

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Division:
    """An edition as every tally needs it: an edition never changes, so a process reads it once.

    Attributes
    ----------
    leaves
        Ids (n,) of the leaves.
    tree
        Every place.
    kept
        What was worked out from the edition alone and is asked for again.
    """

    leaves: Ints
    tree: Tree
    kept: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Asked:
    """Who asks: ``now`` is the moment at which things are overdue; ``hour`` that moment where it is to come."""

    connection: sa.Connection
    edition: Edition
    now: datetime
    hour: Hour | None = None

    @cached_property
    def city(self) -> City:
        """The city."""
        return areas.city(self.connection)

    @cached_property
    def is_current(self) -> bool:
        """Whether the edition is the one in force, to which rows in the store are placed."""
        return areas.current(self.connection) == self.edition

    @property
    def followed(self) -> Followed | None:
        """What will have become of the registers; None where they are asked about as they are."""
        return self.hour.followed if self.hour else None

    @cached_property
    def division(self) -> Division:
        """The edition that is asked about, as it was read once."""
        return _division(self.connection, self.edition)

    @property
    def leaves(self) -> Ints:
        """Ids (n,) of the leaves of the edition."""
        return self.division.leaves

    @property
    def tree(self) -> Tree:
        """Every place of the edition."""
        return self.division.tree

    def located(self, grid: Ints, lonlat: Floats) -> Ints:
        """The leaf (n,) of the edition each row lies in; 0 for none. ``grid`` is that of the edition in force."""
        if self.is_current:
            return grid
        placed = np.asarray(np.isfinite(lonlat).all(axis=1), dtype=np.bool_)
        if forecast := self.edition.forecast:
            ends = np.isin(grid, [0, *forecast.grids.gone])
            return np.where(ends, self._located(lonlat, placed & ends), grid)
        return self._located(lonlat, placed)

    def _located(self, lonlat: Floats, placed: Bools) -> Ints:
        """The leaf (n,) that holds each of the points that are ``placed`` (n,); 0 for the others, and for none."""
        index = open_index(self.connection, self.edition)
        found = np.zeros(len(lonlat), dtype=np.int64)
        found[placed] = index.ids(assign(index, lonlat[placed]).position)
        return found

    def rows(
        self,
        entity: Entity,
        columns: Mapping[str, Column],
        *where: sa.ColumnElement[bool],
        newest: tuple[str, ...] = (),
    ) -> Columns:
        """Columns (n,) of an entity's rows in ascending order of id, and ``node``: the leaf or area each lies in.

        Parameters
        ----------
        newest
            Of the rows that agree in these columns only the newest ``as_of`` counts; all of them, where none is told.
        """
        on = self.hour.edition if self.hour else areas.current(self.connection)
        drawn = spots(self.connection, entity, on, self.followed)
        table = entity.table
        point = gis.ST_PointOnSurface(drawn.geom)
        asked = {
            "place": whole(drawn.place_id),
            "grid": whole(drawn.grid_id),
            "x": figure(gis.ST_X(point)),
            "y": figure(gis.ST_Y(point)),
        }
        query = sa.select(table).select_from(drawn.source).where(*where).order_by(table.c.id)
        if newest:
            query = query.where(table.c.id.in_(_newest(table, newest, self.followed)))
        told = fetch(self.connection, {**asked, **columns}, query)
        lonlat = np.column_stack([told.pop("x"), told.pop("y")])
        place, grid = told.pop("place"), told.pop("grid")
        leaf = grid if self.hour else np.where(grid > 0, self.located(grid, lonlat), 0)
        told["node"] = np.where(leaf > 0, leaf, place)
        return told


def _division(connection: sa.Connection, edition: Edition) -> Division:
    key = (connection.engine.url, edition.number, edition.published_at, edition.forecast)
    with _reading:
        if key not in _divided:
            ids, lineage = areas.lineage(connection, edition)
            _divided[key] = Division(ids.astype(np.int64), Tree.of(lineage.astype(np.int64)))
        _divided.move_to_end(key)
        while len(_divided) > _KEPT:
            _divided.popitem(last=False)
        return _divided[key]


def _newest(table: sa.Table, keys: tuple[str, ...], followed: Followed | None) -> sa.Select[tuple[int]]:
    """Ids of the newest row of each group: the latest day, then the latest edition, then the last one stored.

    What a place inherits is written with the edition that retires the other one.
    """
    heirs = followed.heirs if followed else {}
    edition: sa.ColumnElement[Any] = table.c.edition
    if "place_id" in keys and heirs:
        edition = sa.case((table.c.place_id.in_(heirs), _LATER), else_=edition)
    rank = sa.func.row_number().over(
        partition_by=[inherited(table.c[name], heirs) if name == "place_id" else table.c[name] for name in keys],
        order_by=(table.c.as_of.desc().nulls_last(), edition.desc(), table.c.id.desc()),
    )
    ranked = sa.select(table.c.id, rank.label("rank")).subquery()
    return sa.select(ranked.c.id).where(ranked.c.rank == 1)


def days_of(days: NDArray[np.datetime64]) -> tuple[str, str]:
    """First and last day as ISO dates; blank where none is known."""
    known = days[~np.isnat(days)]
    return (str(known.min()), str(known.max())) if len(known) else ("", "")


def stored(connection: sa.Connection, entity: Entity) -> tuple[str, tuple[str, ...]]:
    """The day rows of an entity last came in, blank before the first, and their sources."""
    table = entity.table
    last = connection.scalar(sa.select(sa.func.max(table.c.stored_at)))
    sources = connection.scalars(sa.select(table.c.source).distinct().order_by(table.c.source))
    return last.date().isoformat() if last else "", tuple(sources)
