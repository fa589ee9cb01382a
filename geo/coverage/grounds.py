"""Grids and their people, and buildings that straddle grids, read from the store as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from geo import parameters
from geo.areas import Edition
from geo.arrays import Bools, Floats, Ints
from geo.coverage.reading import ALL, ORGANISATIONS, Asked
from geo.entities import ENTITIES
from geo.fetching import Made, fetch, fetch_known, figure, flag, whole
from geo.forecasts import Crossing, Followed, Led, rows_of
from geo.tables import buildings, grids, in_edition

SLOTS = ENTITIES["staff_slots"].table


@dataclass(frozen=True, eq=False)
class Grids:
    """Leaves (n,) in ascending order of id.

    Attributes
    ----------
    is_fallback
        Ground that no named grid covers.
    branches
        Grid branches that answer for it; NaN where neither a branch nor a post of it is recorded.
    filled
        Full-time posts that are filled; NaN where no post of it is recorded.
    """

    id: Ints
    is_fallback: Bools
    area_m2: Floats
    branches: Floats
    filled: Floats


@dataclass(frozen=True, eq=False)
class Straddling:
    """Buildings (n,) without a grid that has enough of them, and not pinned; ``share`` is that of the largest part."""

    id: Ints
    grid: Ints
    share: Floats


def leaves(connection: sa.Connection, edition: Edition, asked: Asked = ALL) -> Grids:
    """Every leaf of ``edition``, or those asked for, with the branches and posts told of it newest."""
    given = {"edition": edition.number, **asked.given}
    told = fetch_known(connection, asked.name("leaves"), lambda: _leaves(asked), given)
    told["branches"] = _known_branches(told["branches"], told["filled"])
    return Grids(**told)


def leaves_to_come(connection: sa.Connection, edition: Edition, followed: Followed) -> Grids:
    """Every leaf of an edition with its forecast, with the people who will be told of it."""
    there = rows_of(grids, edition.number, edition.forecast).c
    columns = {
        "id": whole(there.id),
        "is_fallback": flag(there.kind == "fallback", missing=False),
        "area_m2": figure(there.area_m2),
    }
    told = fetch(connection, columns, sa.select(there.id.table).order_by(there.id))
    branches, filled = people(connection, told["id"], followed.heirs)
    return Grids(**told, branches=branches, filled=filled)


def people(connection: sa.Connection, ids: Ints, heirs: Mapping[int, int]) -> tuple[Floats, Floats]:
    """``branches`` and ``filled`` of :class:`Grids` for leaves (n,) by ascending ids, which none in force need have.

    ``heirs`` are the ids of leaves to whom those of others go; these others are none of ``ids``.
    """
    asked = Asked(np.union1d(ids, np.array([*heirs], dtype=np.int64)))
    given = asked.given | {"heirs_of": parameters.ids(heirs.keys()), "heirs": parameters.ids(heirs.values())}
    told = fetch_known(connection, "people of leaves", lambda: _people(asked), given)
    wanted = np.isin(told["id"], ids)
    branches, filled = (told[name][wanted] for name in ("branches", "filled"))
    return _known_branches(branches, filled), filled


def _known_branches(branches: Floats, filled: Floats) -> Floats:
    """Who wrote down the posts of a grid would have written down its branch: none is 0 then."""
    return np.where(np.isnan(filled), branches, np.nan_to_num(branches))


def _leaves(asked: Asked) -> Made:
    leaf = grids.c
    branches, posts = _branches(asked).subquery(), _newest_posts(asked).subquery()
    columns = {
        "id": whole(leaf.id),
        "is_fallback": flag(leaf.kind == "fallback", missing=False),
        "area_m2": figure(leaf.area_m2),
        "branches": figure(branches.c.number),
        "filled": figure(posts.c.filled),
    }
    joined = grids.outerjoin(branches, branches.c.place_id == leaf.id).outerjoin(posts, posts.c.place_id == leaf.id)
    edition = sa.bindparam("edition", type_=sa.Integer)
    query = sa.select(grids).select_from(joined).where(in_edition(grids, edition), *asked.named(leaf.id))
    return columns, query.order_by(leaf.id)


def _people(asked: Asked) -> Made:
    pairs = sa.func.unnest(parameters.listed("heirs_of"), parameters.listed("heirs"))
    heirs = pairs.table_valued("old", "new", name="heirs").render_derived()
    branches, posts = _branches(asked, heirs).subquery(), _newest_posts(asked, heirs).subquery()
    leaf = sa.func.unnest(parameters.listed("asked_ids")).table_valued("id", name="leaf").render_derived()
    columns = {"id": whole(leaf.c.id), "branches": figure(branches.c.number), "filled": figure(posts.c.filled)}
    joined = leaf.outerjoin(branches, branches.c.place_id == leaf.c.id)
    joined = joined.outerjoin(posts, posts.c.place_id == leaf.c.id)
    return columns, sa.select(leaf).select_from(joined).order_by(leaf.c.id)


def _place(column: sa.Column[int], heirs: sa.FromClause | None) -> sa.ColumnElement[int]:
    """The place whose row it is: the heir of the one it names, where that has any."""
    if heirs is None:
        return column
    heir = sa.select(heirs.c.new).where(heirs.c.old == column).scalar_subquery()
    return sa.func.coalesce(heir, column)


def _branches(asked: Asked, heirs: sa.FromClause | None = None) -> sa.Select[tuple[int, int]]:
    """Places and their grid branches."""
    organisation = ORGANISATIONS.c
    each = sa.select(_place(organisation.place_id, heirs).label("place_id"))
    each = each.where(organisation.kind == "grid_branch", organisation.place_id.is_not(None))
    of = each.where(*asked.named(organisation.place_id)).subquery()
    return sa.select(of.c.place_id, sa.func.count().label("number")).group_by(of.c.place_id)


def _newest_posts(asked: Asked, heirs: sa.FromClause | None = None) -> sa.Select[tuple[int, int]]:
    """Places and their filled full-time posts, 0 where only others are told of; the newest row a line and time."""
    slot = SLOTS.c
    place = _place(slot.place_id, heirs)
    ranked = sa.func.row_number().over(
        partition_by=(place, slot.line, slot.time), order_by=(slot.as_of.desc().nulls_last(), slot.id.desc())
    )
    each = sa.select(place.label("place_id"), slot.time, slot.filled, ranked.label("rank"))
    newest = each.where(slot.place_id.is_not(None), *asked.named(slot.place_id)).subquery()
    filled = sa.func.sum(sa.case((newest.c.time == "full", newest.c.filled), else_=0))
    return sa.select(newest.c.place_id, filled.label("filled")).where(newest.c.rank == 1).group_by(newest.c.place_id)


def straddling(connection: sa.Connection, asked: Asked = ALL) -> Straddling:
    """Buildings that straddle grids in ascending order of id, all or those asked for."""
    return Straddling(**fetch_known(connection, asked.name("straddling"), lambda: _straddling(asked), asked.given))


def crossing(told: Straddling, anew: Crossing, led: Led) -> Straddling:
    """Buildings that will straddle grids, of those that do, those placed anew and the leaves these are led to."""
    kept = ~np.isin(told.id, anew.ids)
    ids = np.concatenate([told.id[kept], anew.ids[anew.straddles]])
    grid = np.concatenate([told.grid[kept], led.over(anew.ids, anew.ids)[anew.straddles]])
    share = np.concatenate([told.share[kept], anew.share[anew.straddles]])
    order = np.argsort(ids)
    return Straddling(ids[order], grid[order], share[order])


def _straddling(asked: Asked) -> Made:
    building = buildings.c
    columns = {"id": whole(building.id), "grid": whole(building.grid_id), "share": figure(building.share)}
    query = sa.select(buildings).where(building.straddles, building.pinned_id.is_(None), *asked.named(building.id))
    return columns, query.order_by(building.id)


def grid_of(connection: sa.Connection, asked: Asked) -> tuple[Ints, Ints]:
    """Ids of the buildings asked for that there are, ascending, and the leaf each belongs to; 0 outside the city."""
    told = fetch_known(connection, asked.name("buildings"), lambda: _grid_of(asked), asked.given)
    return told["id"], told["grid"]


def _grid_of(asked: Asked) -> Made:
    columns = {"id": whole(buildings.c.id), "grid": whole(buildings.c.grid_id)}
    return columns, sa.select(buildings).where(*asked.named(buildings.c.id)).order_by(buildings.c.id)


def moved(connection: sa.Connection) -> Ints:
    """Buildings told of by the last run whose leaf is another now, or that straddle now and did not."""
    rows = connection.scalars(
        sa.text(
            "SELECT b.id FROM buildings AS b "
            "LEFT JOIN building_states AS s ON s.building_id = b.id AND s.last_run IS NULL "
            "WHERE CASE WHEN s.building_id IS NULL THEN b.straddles ELSE s.grid_id IS DISTINCT FROM b.grid_id "
            "OR s.straddles <> (b.straddles AND b.pinned_id IS NULL) OR s.straddles END"
        )
    )
    return np.array(list(rows), dtype=np.int64)
