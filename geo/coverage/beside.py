"""Who stands beside units that changed, as the last run left them, and whose joint group may have come or gone by it.

A change makes a joint group only where one of those that changed is in it, and then all of it is near that one. So a
unit beside has the groups it had where those known to be near still make them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo.arrays import Ints
from geo.coverage import nearness, reading
from geo.coverage.nearness import Pool
from geo.coverage.reading import Asked
from geo.coverage.rulebooks import RuleBook
from geo.coverage.states import BITS, JOINING, joint_bits
from geo.coverage.tables import unit_states
from geo.fetching import Made, fetch_known, figure, flag, whole

_WAYS = ("joint_in_building", "joint_in_park", "joint_within_reach")


@dataclass(frozen=True, eq=False)
class Beside:
    """Units (p,) that may join a group, in ascending order of id.

    Attributes
    ----------
    joint
        Bits of :data:`~geo.coverage.states.BITS`: the ways in which a joint group was found for each.
    """

    id: Ints
    pool: Pool
    joint: Ints


def read(connection: sa.Connection, metric_epsg: int, ids: Ints, book: RuleBook) -> Beside:
    """Those of ``ids`` that could join when they were last looked at."""
    asked = Asked(ids)
    given = asked.given | {"most": book.thresholds.must_form_members - 1}
    told = fetch_known(connection, "units beside", lambda: _beside(asked), given)
    xy_m = reading.metres(np.column_stack([told["x"], told["y"]]), metric_epsg)
    joint = np.bitwise_or.reduce([told[way] * BITS[way] for way in _WAYS])
    return Beside(told["id"], Pool(told["members"], told["building"], told["park"], xy_m), joint)


def _beside(asked: Asked) -> Made:
    span = unit_states.c
    columns = {
        "id": whole(span.unit_id),
        "members": figure(span.members),
        "building": whole(span.building_id),
        "park": whole(span.district_ids[1]),
        "x": figure(gis.ST_X(span.geom)),
        "y": figure(gis.ST_Y(span.geom)),
        **{way: flag(span.reason["keys"].has_key(way), missing=False) for way in _WAYS},
    }
    few = span.members.between(1, sa.bindparam("most", type_=sa.Integer))
    could = sa.and_(span.last_run.is_(None), span.code.in_(JOINING), few)
    return columns, sa.select(unit_states).where(could, *asked.named(span.unit_id)).order_by(span.unit_id)


def doubtful(beside: Beside, changed: Pool, book: RuleBook) -> Ints:
    """Ids of those beside for whom other joint groups may exist than did, ascending.

    Parameters
    ----------
    beside
        All near those that changed, as they are and as they were.
    changed
        Those of them that may join a group now.
    """
    at = np.arange(len(beside.id))
    found = joint_bits(nearness.ways(beside.pool.joined(changed), at, book.thresholds))
    ids: Ints = beside.id[found != beside.joint]
    return ids
