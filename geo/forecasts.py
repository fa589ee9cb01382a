"""A time to come: which rows of the edition in force scheduled plans will have ended, and which they will have begun.

Only what is in force, or was, has a number. A forecast has that of the edition it starts from, and never changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import functions as gis
from numpy.typing import NDArray
from sqlalchemy.dialects import postgresql as pg

from geo.arrays import Bools, Codes, Floats, Ints, Shapes
from geo.space.division import Division
from geo.tables import codes, grids, in_edition

_PLAIN = ("name", "parent_id", "area_m2", "first_edition", "last_edition")


@dataclass(frozen=True, eq=False)
class Expected:
    """A scheduled plan that will have come into force.

    ``codes`` are of the leaves it changes, makes or retires; ``was`` and ``now`` are the part of the city it concerns,
    as the edition in force has it and as the plan makes it.
    """

    plan: int
    name: str
    effective_at: datetime
    codes: frozenset[str]
    was: Division
    now: Division


@dataclass(frozen=True)
class Omitted:
    """A scheduled plan that could not come into force as things stand, and why."""

    plan: int
    name: str
    effective_at: datetime
    why: str


@dataclass(frozen=True, eq=False)
class Rows:
    """What ends and what begins in ``areas`` or ``grids``.

    Attributes
    ----------
    gone
        Ids of rows of the edition that end.
    ids, codes, names, levels, kinds, parent_ids, shapes, area_m2, labels
        Of the rows that begin (n,), as a publish stores them; ``parent_ids`` 0 for none, ``kinds`` blank of areas.
    """

    gone: list[int]
    ids: NDArray[np.int64]
    codes: Codes
    names: Codes
    levels: NDArray[np.int64]
    kinds: Codes
    parent_ids: NDArray[np.int64]
    shapes: Shapes
    area_m2: Floats
    labels: Shapes

    def plain(self) -> list[object]:
        """All that decides what is answered, as plain values: the same for the same rows."""
        told = (self.ids, self.codes, self.names, self.levels, self.kinds, self.parent_ids)
        return [self.gone, *(column.tolist() for column in told), _wkb(self.shapes)]


@dataclass(frozen=True, eq=False)
class Forecast:
    """What becomes of an edition until some time.

    Attributes
    ----------
    key
        Short text of all it says and of its edition: another forecast has another, the same one always the same.
    plans, omitted
        What it rests on, and what it leaves out, each in the order of their hours.
    grids, areas
        Rows that end and begin.
    was, now
        The part of the city that all of them concern, as the edition in force has it and as they make it together.
    fresh_from
        Ids from here on stand for codes that nothing has been published under yet; they are nobody's to keep.
    """

    key: str
    plans: tuple[Expected, ...]
    omitted: tuple[Omitted, ...]
    grids: Rows
    areas: Rows
    was: Division
    now: Division
    fresh_from: int

    def id_of(self, id: int) -> int | None:
        """A stable id; None for a code that has none yet."""
        return None if id >= self.fresh_from else id

    @cached_property
    def codes(self) -> dict[int, str]:
        """Codes of the rows that begin, by id: of some of them nothing is registered yet."""
        pairs = (zip(rows.ids.tolist(), rows.codes.tolist(), strict=True) for rows in (self.areas, self.grids))
        return {id: code for each in pairs for id, code in each}

    def is_kept(self, ids: NDArray[Any]) -> Bools:
        """Which ids (n,) of leaves have the row that the edition has."""
        return np.asarray(~np.isin(ids, [*self.grids.gone, *self.grids.ids.tolist()]), dtype=np.bool_)


# -- registers ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Led:
    """Rows (n,) of a register that follow the ground: their ids, ascending, and the id of the leaf each comes to.

    Leaves are 0 where a row will be in none.
    """

    ids: Ints
    grids: Ints

    def over(self, ids: Ints, grids: Ints) -> Ints:
        """The leaf (k,) of each of some rows, ``grids`` for those that stay where they are."""
        at = np.minimum(np.searchsorted(self.ids, ids), max(len(self.ids) - 1, 0))
        if not len(self.ids):
            return grids
        return np.where(self.ids[at] == ids, self.grids[at], grids)


NOT_LED = Led(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
"""No row follows."""


@dataclass(frozen=True, eq=False)
class Crossing:
    """Buildings (n,) placed anew, by ascending id: which lie across grids and are not pinned, and the largest share."""

    ids: Ints
    straddles: Bools
    share: Floats


@dataclass(frozen=True, eq=False)
class Followed:
    """What publishes until a time to come will have done to the registers as they are today.

    Attributes
    ----------
    rows
        Name of a table → rows of it that follow the ground.
    crossing
        Buildings placed anew.
    heirs
        Id of a grid that is retired → id of the one to which its posts, organisations and records go.
    figures
        Id of a leaf → the day and numbers of its figures, where they are divided anew.
    """

    rows: Mapping[str, Led] = field(default_factory=dict)
    crossing: Crossing = field(
        default_factory=lambda: Crossing(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_), np.empty(0))
    )
    heirs: Mapping[int, int] = field(default_factory=dict)
    figures: Mapping[int, tuple[date, Mapping[str, int | None]]] = field(default_factory=dict)

    def led(self, table: str) -> Led:
        """The rows of a table that follow."""
        return self.rows.get(table, NOT_LED)


AS_IS = Followed()
"""Nothing becomes of the registers."""


# -- the division ------------------------------------------------------------------------------------------------------
def rows_of(table: sa.Table, number: int, forecast: Forecast | None) -> sa.Subquery:
    """Areas, or grids, of an edition with their codes, as one relation; with a forecast as they will be.

    Columns are ``id``, ``code``, ``level``, ``kind`` (null of areas), ``geom``, ``label`` and those of the table; the
    editions of a row that is to come are null.
    """
    kind = table.c.kind if table is grids else sa.cast(sa.null(), sa.Text)
    stored = (
        sa.select(
            codes.c.id,
            codes.c.code,
            codes.c.level,
            kind.label("kind"),
            table.c.geom,
            table.c.label,
            *(table.c[name] for name in _PLAIN),
        )
        .join(codes, codes.c.id == table.c.id)
        .where(in_edition(table, number))
    )
    if forecast is None:
        return stored.subquery()
    rows = forecast.grids if table is grids else forecast.areas
    kept = stored.where(table.c.id != sa.all_(sa.cast(rows.gone, pg.ARRAY(sa.Integer))))
    return sa.union_all(kept, _to_come(rows, is_grids=table is grids)).subquery()


def _to_come(rows: Rows, *, is_grids: bool) -> sa.Select[Any]:
    sent: dict[str, sa.ColumnElement[Any]] = {
        "id": _array(rows.ids.tolist(), sa.Integer),
        "code": _array(rows.codes.tolist(), sa.Text),
        "level": _array(rows.levels.tolist(), sa.SmallInteger),
        "kind": _array(rows.kinds.tolist() if is_grids else [None] * len(rows.ids), sa.Text),
        "geom": _array(_wkb(rows.shapes), sa.LargeBinary),
        "label": _array(_wkb(rows.labels), sa.LargeBinary),
        "name": _array(rows.names.tolist(), sa.Text),
        "parent_id": _array([id or None for id in rows.parent_ids.tolist()], sa.Integer),
        "area_m2": _array(rows.area_m2.tolist(), sa.Double),
    }
    told = sa.func.unnest(*sent.values()).table_valued(*sent, name="to_come").render_derived()
    shape, label = (gis.ST_GeomFromWKB(told.c[name], 4326) for name in ("geom", "label"))
    never = sa.cast(sa.null(), sa.Integer)
    return sa.select(
        *(told.c[name] for name in ("id", "code", "level", "kind")),
        shape.label("geom"),
        label.label("label"),
        *(told.c[name] for name in ("name", "parent_id", "area_m2")),
        never.label("first_edition"),
        never.label("last_edition"),
    )


def _array(values: list[Any], kind: type[sa.types.TypeEngine[Any]]) -> sa.ColumnElement[Any]:
    return sa.cast(values, pg.ARRAY(kind))


def _wkb(shapes: Shapes) -> list[bytes]:
    return [shape.wkb for shape in shapes.tolist()]
