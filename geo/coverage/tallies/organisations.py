"""Party organisations that stand alone: no parent, and no alliance near."""

from __future__ import annotations

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo.arrays import Bools, Floats, Ints
from geo.coverage import rulebooks
from geo.coverage.reading import DISTRICTS
from geo.coverage.rollups import Tally
from geo.coverage.tallies.asking import Asked, Columns, stored
from geo.crs import to_metres
from geo.entities import ENTITIES
from geo.entities.lists import lists
from geo.fetching import figure, whole, word

_ORGANISATIONS = ENTITIES["party_organisations"]
_ALLIANCES = ENTITIES["alliances"].table.c
_MEMBERS = ENTITIES["alliance_members"].table.c
BRANCHES = ("general_branch", "branch", "joint_branch", "grid_branch")
"""Kinds that answer to another; committees are what others answer to."""


def organisations(asked: Asked) -> Tally:
    """Branches and general branches; isolated ones, and those of which it cannot be told.

    Isolated is who has no parent, is in no alliance and in no business district of one, and has no member of an
    alliance within the reach of the rule book. Without a place of its own nobody can tell what is near.
    """
    told = _told(asked)
    columns = {name: np.asarray(told[name], dtype=np.float64) for name in ("branches", "isolated", "unjudged")}
    columns["judged"] = columns["branches"] - columns["unjudged"]
    until, sources = stored(asked.connection, _ORGANISATIONS)
    return Tally(told["node"], columns, "", until, sources)


def isolated_ids(asked: Asked) -> Ints:
    """Ids of the isolated organisations, ascending."""
    told = _told(asked)
    return np.asarray(told["id"][told["isolated"]])


def _told(asked: Asked) -> Columns:
    table = _ORGANISATIONS.table.c
    columns = {
        "id": whole(table.id),
        "kind": word(table.kind, list(lists()["organisation_kinds"])),
        "parent": whole(table.parent_id),
        "unit": whole(table.unit_id),
        "lon": figure(gis.ST_X(table.geom)),
        "lat": figure(gis.ST_Y(table.geom)),
    }
    told = asked.rows(_ORGANISATIONS, columns)
    lonlat = np.column_stack([told["lon"], told["lat"]])
    placed = np.isfinite(lonlat).all(axis=1)
    allied = _allied(asked, told) | _in_district(asked, lonlat, placed)
    told["branches"] = np.isin(told["kind"], BRANCHES)
    alone = told["branches"] & (told["parent"] == 0) & ~allied
    told["isolated"] = alone & placed & ~_near(asked, lonlat, placed, allied)
    told["unjudged"] = alone & ~placed
    return told


def _allied(asked: Asked, told: Columns) -> Bools:
    """Who leads an alliance, or belongs to one today, itself or through the unit it is of."""
    today = asked.now.date()
    since, until = _MEMBERS.since, _MEMBERS.until
    in_force = sa.and_(sa.or_(since.is_(None), since <= today), sa.or_(until.is_(None), until > today))
    leaders = asked.connection.scalars(sa.select(_ALLIANCES.leader_id).where(_ALLIANCES.leader_id.is_not(None)))
    members = asked.connection.execute(sa.select(_MEMBERS.organisation_id, _MEMBERS.unit_id).where(in_force)).all()
    ids = [*leaders, *(row.organisation_id for row in members if row.organisation_id)]
    units = [row.unit_id for row in members if row.unit_id]
    return np.asarray(np.isin(told["id"], ids) | (np.isin(told["unit"], units) & (told["unit"] > 0)))


def _in_district(asked: Asked, lonlat: Floats, placed: Bools) -> Bools:
    """Who lies in a business district that has an alliance."""
    theirs = sa.select(_ALLIANCES.business_district_id)
    query = sa.select(gis.ST_AsBinary(DISTRICTS.c.geom)).where(DISTRICTS.c.id.in_(theirs)).order_by(DISTRICTS.c.id)
    shapes = shapely.from_wkb([bytes(one) for one in asked.connection.scalars(query)])
    inside = np.zeros(len(lonlat), dtype=np.bool_)
    points = shapely.points(lonlat[placed])
    for shape in shapes:
        shapely.prepare(shape)
        inside[placed] |= shapely.intersects(shape, points)
    return inside


def _near(asked: Asked, lonlat: Floats, placed: Bools, allied: Bools) -> Bools:
    """Who has one that is allied within reach; an organisation without a place is near none."""
    from scipy.spatial import cKDTree

    near = np.zeros(len(lonlat), dtype=np.bool_)
    if not (allied & placed).any():
        return near
    metric = asked.city.metric_epsg
    tree = cKDTree(to_metres(lonlat[allied & placed], metric))
    distance, _ = tree.query(to_metres(lonlat[placed], metric))
    near[placed] = distance <= rulebooks.current().thresholds.reach_m
    return near
